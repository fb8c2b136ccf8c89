//! Vectors.

use docent_corpus::{Cancel, Pooling};
use docent_inference::{EmbedKind, EmbedderFiles, Precision, Priority, open_embedder};
use serde_json::{Value, json};

use crate::fixture::{ALL, Changed, Text, cases, embedder, engine, largest_difference};

/// Of 32-bit floats; values are of the order of one, and the largest difference was 5e-6.
const TOLERANCE: f32 = 2e-5;

async fn embed(files: EmbedderFiles, precision: Precision, texts: &[&str]) -> Vec<Vec<f32>> {
    let embedder = open_embedder(files, &engine(precision)).unwrap();
    let texts = texts.iter().map(|&text| text.to_owned()).collect();
    embedder.embed(texts, EmbedKind::Passage, Priority::Interactive, Cancel::new()).await.unwrap()
}

async fn embed_cases(files: EmbedderFiles, precision: Precision, texts: &[Text]) -> Vec<Vec<f32>> {
    let texts: Vec<&str> = texts.iter().map(|case| case.text.as_str()).collect();
    embed(files, precision, &texts).await
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[tokio::test]
async fn vectors_are_those_of_the_reference() {
    for name in ALL {
        let texts = cases(name).texts;
        assert!(texts.iter().any(|case| case.ids.len() == cases(name).max_tokens));
        for pooling in [Pooling::Mean, Pooling::Cls] {
            let ours = embed_cases(EmbedderFiles { pooling, ..embedder(name) }, Precision::F32, &texts).await;
            let expected =
                |case: &Text| if pooling == Pooling::Mean { case.mean.clone() } else { case.cls.clone() };
            let differences =
                ours.iter().zip(&texts).map(|(ours, case)| largest_difference(ours, &expected(case)));
            let most = differences.fold(0.0, f32::max);
            assert!(most <= TOLERANCE, "{name}, {pooling:?}: {most}");
        }
    }
}

/// Several batches, and texts of several lengths in each.
#[tokio::test]
async fn a_text_has_the_same_vector_in_any_company() {
    for name in ALL {
        let texts = cases(name).texts;
        let texts: Vec<&str> = texts.iter().map(|case| case.text.as_str()).collect();
        let many: Vec<&str> = texts.iter().copied().cycle().take(5 * texts.len()).collect();
        let together = embed(embedder(name), Precision::Int8, &many).await;
        for (at, text) in texts.iter().enumerate() {
            let alone = embed(embedder(name), Precision::Int8, &[text]).await;
            for vector in together.iter().skip(at).step_by(texts.len()) {
                assert_eq!(vector, &alone[0], "{name}: {text}");
            }
        }
    }
}

/// Weights of noise are harder on 8 bits than those of a trained model, for which the bound is 0.999
/// (`tests/embedder.rs`): the least was 0.9971, of ModernBERT.
#[tokio::test]
async fn eight_bits_are_near_thirty_two() {
    for name in ALL {
        let texts = cases(name).texts;
        let ours = embed_cases(embedder(name), Precision::Int8, &texts).await;
        let least = ours.iter().zip(&texts).map(|(ours, case)| cosine(ours, &case.mean)).fold(1.0, f32::min);
        assert!(least >= 0.995, "{name}: {least}");
        assert!(ours.iter().zip(&texts).any(|(ours, case)| largest_difference(ours, &case.mean) > 1e-4));
    }
}

/// The reference tells right from nearly right: each of these settings moves some vector by fifty
/// times the tolerance.
#[tokio::test]
async fn every_setting_of_config_counts() {
    let changes: [(&str, &str, Value); 14] = [
        ("bert", "hidden_act", json!("silu")),
        ("bert", "layer_norm_eps", json!(1e-2)),
        ("xlm-roberta", "pad_token_id", json!(0)),
        ("modernbert", "hidden_activation", json!("gelu")),
        ("modernbert", "local_attention", json!(14)),
        ("modernbert", "global_attn_every_n_layers", json!(3)),
        ("modernbert", "global_rope_theta", json!(10000.0)),
        ("modernbert", "local_rope_theta", json!(160000.0)),
        ("modernbert-biases", "hidden_activation", json!("silu")),
        ("modernbert-biases", "attention_bias", json!(false)),
        ("modernbert-biases", "mlp_bias", json!(false)),
        ("modernbert-biases", "norm_bias", json!(false)),
        ("nomic", "rotary_emb_base", json!(10000)),
        ("nomic", "activation_function", json!("geglu")),
    ];
    for (name, field, value) in changes {
        let texts = cases(name).texts;
        let changed = Changed::of(name).config(&[(field, value.clone())]);
        let mut files = changed.embedder();
        files.max_tokens = cases(name).max_tokens;
        let ours = embed_cases(files, Precision::F32, &texts).await;
        let differences = ours.iter().zip(&texts).map(|(ours, case)| largest_difference(ours, &case.mean));
        let most = differences.fold(0.0, f32::max);
        assert!(most > 50.0 * TOLERANCE, "{name} with {field} = {value}: {most}");
    }
    // GELU by the hyperbolic tangent is that near the one by the error function.
    let texts = cases("bert").texts;
    let changed = Changed::of("bert").config(&[("hidden_act", json!("gelu_new"))]);
    let ours = embed_cases(changed.embedder(), Precision::F32, &texts).await;
    let differences = ours.iter().zip(&texts).map(|(ours, case)| largest_difference(ours, &case.mean));
    assert!(differences.fold(0.0, f32::max) > 10.0 * TOLERANCE);
}

/// Version 5 of transformers writes the same model with other fields.
#[tokio::test]
async fn both_forms_of_modernbert_settings_are_read() {
    let full = json!({"rope_type": "default", "rope_theta": 160000.0});
    let sliding = json!({"rope_type": "default", "rope_theta": 100.0});
    let changed = Changed::of("modernbert").config(&[
        ("global_attn_every_n_layers", Value::Null),
        ("global_rope_theta", Value::Null),
        ("local_rope_theta", Value::Null),
        ("layer_types", json!(["full_attention", "sliding_attention", "full_attention"])),
        ("rope_parameters", json!({"full_attention": full, "sliding_attention": sliding})),
    ]);
    let texts = cases("modernbert").texts;
    let ours = embed_cases(changed.embedder(), Precision::F32, &texts).await;
    assert_eq!(ours, embed_cases(embedder("modernbert"), Precision::F32, &texts).await);
}

/// A prefix is part of the input: it takes its place in the limit, and the end of the text goes.
#[tokio::test]
async fn prefixes_are_counted_in_the_limit() {
    for name in ["bert", "xlm-roberta"] {
        let mut files = embedder(name);
        files.max_tokens = 9;
        files.query_prefix = "query: ".into();
        files.passage_prefix = "passage: ".into();
        let prefixed = open_embedder(files.clone(), &engine(Precision::F32)).unwrap();
        // Two tokens with a text behind them. Alone, the space at their end may be a third: whoever
        // counts prefix and text apart counts too many rather than too few.
        assert_eq!(prefixed.count_tokens("query: cat").unwrap(), 3);
        assert!(prefixed.count_tokens("query: ").unwrap() >= 2);
        files.query_prefix.clear();
        files.passage_prefix.clear();
        let words = "cat sat on mat harbour office keeps";
        assert_eq!(prefixed.count_tokens(words).unwrap(), 7);
        let kept: Vec<&str> = words.split(' ').take(5).collect();
        for (kind, prefix) in [(EmbedKind::Query, "query: "), (EmbedKind::Passage, "passage: ")] {
            let texts = vec![words.to_owned()];
            let ours = prefixed.embed(texts, kind, Priority::Interactive, Cancel::new()).await.unwrap();
            let spelled_out = format!("{prefix}{}", kept.join(" "));
            let shorter = format!("{prefix}{}", kept[..kept.len() - 1].join(" "));
            let plain = embed(files.clone(), Precision::F32, &[&spelled_out, &shorter]).await;
            assert_eq!(ours[0], plain[0], "{name} {kind:?}");
            assert_ne!(ours[0], plain[1], "{name} {kind:?}");
        }
    }
}

/// The prefixes that the catalogue states reach the model as they stand there, to the last space.
#[tokio::test]
async fn the_prefixes_of_the_catalogue_are_applied() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/embedders.toml");
    let catalogue: Value = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut applied = 0;
    for entry in catalogue["model"].as_array().unwrap() {
        let stated = |key: &str| entry["embedder"].get(key).map_or("", |prefix| prefix.as_str().unwrap());
        let mut files = embedder("bert");
        files.query_prefix = stated("query_prefix").into();
        files.passage_prefix = stated("passage_prefix").into();
        let prefixed = open_embedder(files, &engine(Precision::F32)).unwrap();
        let text = "where is the harbour";
        for (kind, prefix) in
            [(EmbedKind::Query, stated("query_prefix")), (EmbedKind::Passage, stated("passage_prefix"))]
        {
            let texts = vec![text.to_owned()];
            let ours = prefixed.embed(texts, kind, Priority::Interactive, Cancel::new()).await.unwrap();
            let plain = embed(embedder("bert"), Precision::F32, &[&format!("{prefix}{text}"), text]).await;
            assert_eq!(ours[0], plain[0], "{}", entry["name"]);
            assert_eq!(ours[0] == plain[1], prefix.is_empty(), "{}", entry["name"]);
            applied += usize::from(!prefix.is_empty());
        }
    }
    assert!(applied >= 4, "{applied}");
}
