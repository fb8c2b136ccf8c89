//! Scores.

use std::sync::Arc;
use std::time::Duration;

use docent_corpus::Cancel;
use docent_inference::{EngineConfig, InferenceError, Precision, Priority, Reranker, open_reranker};
use serde_json::json;

use crate::fixture::{CLASSIFIERS, Changed, cases, engine, reranker};

async fn score(reranker: &dyn Reranker, query: &str, passages: &[&str]) -> Vec<f32> {
    let passages = passages.iter().map(|&text| text.to_owned()).collect();
    reranker.score(query.into(), passages, Priority::Interactive, Cancel::new()).await.unwrap()
}

/// The largest difference from the reference; pairs of one query are scored together.
async fn most_off(name: &str, precision: Precision) -> f32 {
    let reranker = open_reranker(reranker(name), &engine(precision)).unwrap();
    let pairs = cases(name).pairs;
    assert!(pairs.iter().any(|pair| pair.ids.len() == cases(name).max_tokens));
    let mut most = 0f32;
    for query in pairs.iter().map(|pair| &pair.query) {
        let own: Vec<_> = pairs.iter().filter(|pair| pair.query == *query).collect();
        let passages: Vec<&str> = own.iter().map(|pair| pair.passage.as_str()).collect();
        let scores = score(reranker.as_ref(), query, &passages).await;
        for (score, pair) in scores.iter().zip(own) {
            most = most.max((score - pair.logit).abs());
        }
    }
    most
}

#[tokio::test]
async fn scores_are_the_logits_of_the_reference() {
    for name in CLASSIFIERS {
        let most = most_off(name, Precision::F32).await;
        assert!(most <= 2e-5, "{name}: {most}");
    }
}

/// The logits of the reference lie between -3 and 3; the largest difference was 0.083.
#[tokio::test]
async fn eight_bits_are_near_thirty_two() {
    for name in CLASSIFIERS {
        let most = most_off(name, Precision::Int8).await;
        assert!(most <= 0.2, "{name}: {most}");
    }
}

#[tokio::test]
async fn every_setting_of_the_classifier_counts() {
    let changes = [
        ("modernbert", "classifier_pooling", json!("cls")),
        ("modernbert", "classifier_activation", json!("silu")),
        ("modernbert-biases", "classifier_pooling", json!("mean")),
        ("modernbert-biases", "classifier_bias", json!(false)),
    ];
    for (name, field, value) in changes {
        let changed = Changed::of(name).config(&[(field, value.clone())]);
        let changed = open_reranker(changed.reranker(), &engine(Precision::F32)).unwrap();
        let pair = &cases(name).pairs[1];
        let ours = score(changed.as_ref(), &pair.query, &[&pair.passage]).await;
        assert!((ours[0] - pair.logit).abs() > 1e-3, "{name} with {field} = {value}");
    }
}

#[tokio::test]
async fn the_model_says_what_it_is_and_nothing_asked_is_nothing_answered() {
    let reranker = open_reranker(reranker("bert"), &EngineConfig::default()).unwrap();
    let model = reranker.model();
    assert_eq!((model.name.as_str(), model.precision.as_str(), model.max_tokens), ("bert", "int8", 120));
    assert_eq!(model.weights_sha256, "12ab");
    assert!(score(reranker.as_ref(), "cat", &[]).await.is_empty());
}

/// Scores come in the order of the passages, whatever batches they were in.
#[tokio::test]
async fn many_passages_keep_their_order() {
    let reranker = open_reranker(reranker("xlm-roberta"), &EngineConfig::default()).unwrap();
    let words = ["cat", "harbour", "boats", "winter", "password"];
    let passages: Vec<String> = (0..200).map(|i| [words[i % 5]].repeat(1 + i % 70).join(" ")).collect();
    let texts: Vec<&str> = passages.iter().map(String::as_str).collect();
    let together = score(reranker.as_ref(), "old boats", &texts).await;
    for at in [0, 1, 69, 70, 123, 199] {
        assert_eq!(score(reranker.as_ref(), "old boats", &[texts[at]]).await, [together[at]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_a_request() {
    let reranker = open_reranker(reranker("modernbert"), &EngineConfig::default()).unwrap();
    let cancel = Cancel::new();
    let job = {
        let (reranker, cancel) = (Arc::clone(&reranker), cancel.clone());
        let passages = vec!["the harbour office keeps a register ".repeat(40); 3000];
        tokio::spawn(async move { reranker.score("cat".into(), passages, Priority::Bulk, cancel).await })
    };
    tokio::time::sleep(Duration::from_millis(50)).await;
    cancel.cancel();
    assert!(matches!(job.await.unwrap(), Err(InferenceError::Cancelled)));
    assert_eq!(score(reranker.as_ref(), "cat", &["cat"]).await.len(), 1);
}
