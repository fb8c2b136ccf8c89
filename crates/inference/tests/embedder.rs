//! all-MiniLM-L6-v2 against vectors computed by another program
//! (`tests/reference/make_embeddings.py`), and what an embedder promises.
#![cfg(feature = "candle")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../src/testing/models.rs"]
#[allow(dead_code)]
mod models;

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use docent_corpus::{Cancel, Pooling};
use docent_inference::{
    EmbedKind, Embedder, EmbedderFiles, EngineConfig, InferenceError, Precision, Priority, open_embedder,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Reference {
    max_tokens: usize,
    cases: Vec<Case>,
}

#[derive(Clone, Deserialize)]
struct Case {
    text: String,
    tokens: usize,
    mean: Vec<f32>,
    cls: Vec<f32>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("reference/embeddings.json")).unwrap()
}

fn files() -> EmbedderFiles {
    let [weights, tokenizer, config] = models::minilm();
    EmbedderFiles {
        name: "all-MiniLM-L6-v2".into(),
        weights,
        tokenizer,
        config,
        weights_sha256: "53aa5117".into(),
        pooling: Pooling::Mean,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        normalise: true,
        max_tokens: 256,
    }
}

fn open(change: impl FnOnce(&mut EmbedderFiles)) -> Result<Arc<dyn Embedder>, InferenceError> {
    let mut files = files();
    change(&mut files);
    open_embedder(files, &EngineConfig::default())
}

static MINILM: LazyLock<Arc<dyn Embedder>> = LazyLock::new(|| open(|_| {}).unwrap());

async fn embed(embedder: &dyn Embedder, texts: &[&str], kind: EmbedKind) -> Vec<Vec<f32>> {
    let texts = texts.iter().map(|&text| text.to_owned()).collect();
    let cancel = Cancel::new();
    embedder.embed(texts, kind, Priority::Interactive, cancel).await.unwrap()
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

async fn compare(embedder: &dyn Embedder, expected: impl Fn(&Case) -> &[f32]) {
    let cases = reference().cases;
    assert!(cases.len() >= 15);
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    // All at once, so that texts of different lengths share batches; and each alone.
    let together = embed(embedder, &texts, EmbedKind::Passage).await;
    for (case, vector) in cases.iter().zip(&together) {
        let alone = embed(embedder, &[&case.text], EmbedKind::Passage).await;
        for vector in [vector, &alone[0]] {
            let length = dot(vector, vector).sqrt();
            assert!((length - 1.0).abs() < 1e-5, "{length}");
            let cosine = dot(vector, expected(case));
            assert!(cosine >= 0.9999, "{:?}: {cosine}", case.text);
        }
    }
}

fn exact() -> EngineConfig {
    EngineConfig { precision: Precision::F32, ..EngineConfig::default() }
}

#[tokio::test]
async fn mean_vectors_are_those_of_the_reference() {
    let embedder = open_embedder(files(), &exact()).unwrap();
    compare(embedder.as_ref(), |case| &case.mean).await;
}

#[tokio::test]
async fn cls_vectors_are_those_of_the_reference() {
    let files = EmbedderFiles { pooling: Pooling::Cls, ..files() };
    let embedder = open_embedder(files, &exact()).unwrap();
    compare(embedder.as_ref(), |case| &case.cls).await;
}

#[tokio::test]
async fn tokens_are_counted_in_full() {
    let reference = reference();
    assert_eq!(reference.max_tokens, MINILM.profile().max_tokens);
    assert!(reference.cases.iter().any(|case| case.tokens > reference.max_tokens));
    for case in reference.cases {
        assert_eq!(MINILM.count_tokens(&case.text).unwrap(), case.tokens, "{:?}", case.text);
    }
}

#[tokio::test]
async fn the_profile_says_what_made_the_vectors() {
    let profile = MINILM.profile();
    assert_eq!((profile.dimension, profile.precision.as_str()), (384, "int8"));
    assert_eq!(profile.weights_sha256, "53aa5117");
}

#[tokio::test]
async fn prefixes_are_put_before_questions_and_passages() {
    let prefixed = open(|files| {
        files.query_prefix = "query: ".into();
        files.passage_prefix = "passage: ".into();
    })
    .unwrap();
    for (kind, text) in [(EmbedKind::Query, "query: cats"), (EmbedKind::Passage, "passage: cats")] {
        let with = embed(prefixed.as_ref(), &["cats"], kind).await;
        let spelled_out = embed(MINILM.as_ref(), &[text], EmbedKind::Query).await;
        assert!(dot(&with[0], &spelled_out[0]) > 0.99999);
    }
    assert_eq!(prefixed.count_tokens("cats").unwrap(), 1);
}

#[tokio::test]
async fn what_is_beyond_the_limit_does_not_count() {
    let short = open(|files| files.max_tokens = 16).unwrap();
    let words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
    let longer = format!("{words} fifteen sixteen seventeen");
    let cut = embed(short.as_ref(), &[words, &longer], EmbedKind::Query).await;
    assert!(dot(&cut[0], &cut[1]) > 0.99999);
    let whole = embed(MINILM.as_ref(), &[words, &longer], EmbedKind::Query).await;
    assert!(dot(&whole[0], &whole[1]) < 0.9999);
}

#[tokio::test]
async fn vectors_that_are_not_normalised_keep_their_length() {
    let raw = open(|files| files.normalise = false).unwrap();
    let raw = embed(raw.as_ref(), &["cats"], EmbedKind::Query).await;
    let unit = embed(MINILM.as_ref(), &["cats"], EmbedKind::Query).await;
    let length = dot(&raw[0], &raw[0]).sqrt();
    assert!((length - 1.0).abs() > 0.01);
    assert!((dot(&raw[0], &unit[0]) / length) > 0.99999);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interactive_question_does_not_wait_for_a_bulk_job() {
    let embedder = open(|_| {}).unwrap();
    let cancel = Cancel::new();
    // A thousand batches, minutes of work.
    let passages = vec!["a long passage about nothing at all ".repeat(40); 2000];
    let bulk = {
        let (embedder, cancel) = (Arc::clone(&embedder), cancel.clone());
        tokio::spawn(
            async move { embedder.embed(passages, EmbedKind::Passage, Priority::Bulk, cancel).await },
        )
    };
    tokio::time::sleep(Duration::from_millis(300)).await; // The job is loading or in its first batches.
    embed(embedder.as_ref(), &["where is it?"], EmbedKind::Query).await;
    assert!(!bulk.is_finished());
    cancel.cancel();
    assert!(matches!(bulk.await.unwrap(), Err(InferenceError::Cancelled)));
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_a_job_between_batches() {
    let cancel = Cancel::new();
    let job = {
        let cancel = cancel.clone();
        let texts = vec!["a long passage about nothing at all ".repeat(40); 400];
        tokio::spawn(async move { MINILM.embed(texts, EmbedKind::Passage, Priority::Bulk, cancel).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    cancel.cancel();
    assert!(matches!(job.await.unwrap(), Err(InferenceError::Cancelled)));
}

#[tokio::test]
async fn nothing_asked_is_nothing_answered() {
    assert!(embed(MINILM.as_ref(), &[], EmbedKind::Query).await.is_empty());
}

#[test]
fn bad_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let code = |change: &dyn Fn(&mut EmbedderFiles)| open(change).err().map(|error| error.code());
    let missing = folder.path().join("none");
    assert_eq!(code(&|f| f.weights = missing.clone()), Some("model_file_unreadable"));
    assert_eq!(code(&|f| f.config = missing.clone()), Some("model_file_unreadable"));
    let whole = std::fs::read(files().weights).unwrap();
    let cut = write("cut", &whole[..whole.len() - 1]);
    assert_eq!(code(&|f| f.weights = cut.clone()), Some("model_file_truncated"));
    let html = write("html", b"<html>Sign in</html>");
    assert_eq!(code(&|f| f.weights = html.clone()), Some("model_file_invalid"));
    assert_eq!(code(&|f| f.tokenizer = html.clone()), Some("tokenizer_failed"));
    assert_eq!(code(&|f| f.config = html.clone()), Some("model_file_invalid"));
    let other = write("other", br#"{"model_type":"electra"}"#);
    assert_eq!(code(&|f| f.config = other.clone()), Some("model_architecture_unsupported"));
    assert_eq!(code(&|f| f.max_tokens = 513), Some("model_file_invalid"));
}

/// Passages of the sample library and of this repository's own pages, in both languages.
fn passages() -> Vec<String> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut passages = Vec::new();
    for file in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "assets/sample/欢迎使用.md"] {
        let Ok(text) = std::fs::read_to_string(root.join(file)) else { continue };
        passages.extend(text.split("\n\n").filter(|part| part.chars().count() > 20).map(str::to_owned));
    }
    passages
}

#[tokio::test]
async fn eight_bits_give_the_vectors_of_thirty_two() {
    let exact = open_embedder(files(), &exact()).unwrap();
    assert_eq!(exact.profile().precision, "f32");
    let mut passages = passages();
    let cases = reference().cases.into_iter().map(|case| case.text);
    passages.extend(cases.filter(|text| text.chars().count() > 20));
    assert!(passages.len() > 40, "{}", passages.len());
    let texts: Vec<&str> = passages.iter().map(String::as_str).collect();
    let ours = embed(MINILM.as_ref(), &texts, EmbedKind::Passage).await;
    let exact = embed(exact.as_ref(), &texts, EmbedKind::Passage).await;
    for ((ours, exact), text) in ours.iter().zip(&exact).zip(&texts) {
        let cosine = dot(ours, exact);
        assert!(cosine >= 0.999, "{cosine}: {text}");
    }
}
