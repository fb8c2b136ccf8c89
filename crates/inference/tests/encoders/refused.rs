//! What is no usable model is refused by name, and never computed with.

use docent_corpus::Cancel;
use docent_inference::{EmbedKind, InferenceError, Precision, Priority, open_embedder, open_reranker};
use serde_json::{Value, json};

use crate::fixture::{ALL, CLASSIFIERS, Changed, engine, reranker};

/// What using an embedder with this model says, in either precision.
async fn embedding(changed: &Changed) -> InferenceError {
    let mut last = None;
    for precision in [Precision::F32, Precision::Int8] {
        let embedder = match open_embedder(changed.embedder(), &engine(precision)) {
            Ok(embedder) => embedder,
            Err(error) => return error,
        };
        let texts = vec!["the cat".into()];
        let result = embedder.embed(texts, EmbedKind::Query, Priority::Interactive, Cancel::new()).await;
        last = Some(result.unwrap_err());
    }
    last.unwrap()
}

/// What using a reranker with this model says.
async fn reranking(changed: &Changed) -> InferenceError {
    let reranker = match open_reranker(changed.reranker(), &engine(Precision::Int8)) {
        Ok(reranker) => reranker,
        Err(error) => return error,
    };
    let passages = vec!["the cat".into()];
    reranker.score("cat".into(), passages, Priority::Interactive, Cancel::new()).await.unwrap_err()
}

fn assert_says(error: &InferenceError, code: &str, words: &str) {
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(words), "{error}");
}

#[tokio::test]
async fn settings_that_are_not_computed_are_named() {
    let cases: &[(&str, &str, Value, &str)] = &[
        ("bert", "model_type", json!("electra"), "electra"),
        ("bert", "model_type", Value::Null, "unnamed"),
        ("bert", "hidden_act", json!("relu"), "bert with the activation relu"),
        ("bert", "position_embedding_type", json!("relative_key"), "bert with relative_key positions"),
        ("bert", "intermediate_size", json!(100), "bert of width 100"),
        ("xlm-roberta", "hidden_act", json!("quick_gelu"), "xlm-roberta with the activation quick_gelu"),
        ("modernbert", "hidden_activation", json!("relu"), "modernbert with the activation relu"),
        ("modernbert", "classifier_activation", json!("tanh"), "modernbert with the activation tanh"),
        ("modernbert", "classifier_pooling", json!("max"), "modernbert with max pooling"),
        ("modernbert", "layer_types", json!(["linear", "linear", "linear"]), "layers of linear"),
        ("nomic", "activation_function", json!("gelu"), "nomic_bert with the activation gelu"),
        ("nomic", "rotary_emb_fraction", json!(0.0), "nomic_bert with 0 of 32 values turned"),
        ("nomic", "rotary_emb_scale_base", json!(512), "nomic_bert with rotary_emb_scale_base"),
        ("nomic", "prenorm", json!(true), "nomic_bert with prenorm"),
        ("nomic", "use_rms_norm", json!(true), "nomic_bert with use_rms_norm"),
        ("nomic", "moe_every_n_layers", json!(2), "nomic_bert with moe_every_n_layers"),
    ];
    for (name, field, value, words) in cases {
        let changed = Changed::of(name).config(&[(field, value.clone())]);
        assert_says(&embedding(&changed).await, "model_architecture_unsupported", words);
    }
    let yarn = json!({"rope_type": "yarn", "rope_theta": 1e4});
    let rope = json!({"full_attention": yarn, "sliding_attention": yarn});
    let changed = Changed::of("modernbert").config(&[("rope_parameters", rope)]);
    let words = "modernbert with yarn rotary positions";
    assert_says(&embedding(&changed).await, "model_architecture_unsupported", words);
}

#[tokio::test]
async fn settings_that_contradict_themselves_are_named() {
    let cases: &[(&str, &str, Value, &str)] = &[
        ("bert", "num_attention_heads", json!(3), "its width of 64 cannot be divided among 3 heads"),
        ("bert", "num_attention_heads", json!(0), "cannot be divided among 0 heads"),
        ("modernbert", "num_attention_heads", json!(7), "cannot be divided among 7 heads"),
        ("nomic", "n_head", json!(5), "cannot be divided among 5 heads"),
        ("bert", "max_position_embeddings", json!(64), "64 positions, fewer than the 120 tokens"),
        ("xlm-roberta", "max_position_embeddings", json!(121), "119 positions, fewer than the 120 tokens"),
        ("nomic", "n_positions", json!(256), "256 positions, fewer than the 320 tokens"),
        ("nomic", "rotary_scaling_factor", json!(2.0), ""),
        ("modernbert", "norm_bias", Value::Null, "missing field `norm_bias`"),
        ("modernbert", "global_rope_theta", Value::Null, "the base of its rotary positions"),
        ("modernbert", "global_attn_every_n_layers", json!(0), "which layers see all"),
        ("modernbert", "layer_types", json!(["full_attention"]), "not as many as its layers"),
        ("bert", "hidden_size", json!("wide"), "expected usize"),
    ];
    for (name, field, value, words) in cases {
        let mut changed = Changed::of(name).config(&[(field, value.clone())]);
        if *field == "rotary_scaling_factor" {
            // Beyond what it was trained on its positions would be scaled.
            changed = changed.config(&[("max_trained_positions", json!(256))]);
        }
        assert_says(&embedding(&changed).await, "model_file_invalid", words);
    }
}

#[tokio::test]
async fn broken_weights_are_named() {
    for name in ALL {
        let cut = Changed::of(name).weights(|bytes| bytes.truncate(bytes.len() - 100));
        assert_says(&embedding(&cut).await, "model_file_truncated", "is incomplete");
        let cut = Changed::of(name).weights(|bytes| bytes.truncate(100));
        assert_says(&embedding(&cut).await, "model_file_truncated", "is incomplete");
    }
    let tensors = [
        ("bert", "bert.encoder.layer.1.output.dense.bias"),
        ("xlm-roberta", "roberta.embeddings.position_embeddings.weight"),
        ("modernbert", "model.layers.1.attn_norm.weight"),
        ("modernbert-biases", "model.final_norm.bias"),
        ("nomic", "encoder.layers.0.mlp.fc12.weight"),
    ];
    for (name, tensor) in tensors {
        let other = tensor.replace("er", "re").replace("fc12", "fc99").replace("al_norm", "al_morn");
        assert_ne!(tensor, other);
        let missing = Changed::of(name).renamed(tensor, &other);
        let words = format!("the tensor {tensor} is missing");
        assert_says(&embedding(&missing).await, "model_file_invalid", &words);
        // Half-precision NaN and infinity; as bfloat16 the one is a number, so it has its own.
        let specials = if name == "modernbert-biases" { [0x7fc0, 0xff80] } else { [0x7e00, 0xfc00] };
        for bits in specials {
            let broken = Changed::of(name).with_value(tensor, bits);
            let words = format!("the tensor {tensor} has values that are no numbers");
            assert_says(&embedding(&broken).await, "model_file_invalid", &words);
        }
    }
    let wide = Changed::of("bert").config(&[("vocab_size", json!(81))]);
    assert_says(&embedding(&wide).await, "model_file_invalid", "has the shape [80, 64] instead of [81, 64]");
    let none = Changed::of("nomic").config(&[("model_type", json!("modernbert"))]);
    assert_says(&embedding(&none).await, "model_file_invalid", "missing field");
}

#[tokio::test]
async fn an_encoder_without_a_classifier_is_no_reranker() {
    let tensors = [
        ("bert", "classifier.weight"),
        ("bert", "bert.pooler.dense.weight"),
        ("xlm-roberta", "classifier.out_proj.weight"),
        ("xlm-roberta", "classifier.dense.bias"),
        ("modernbert", "head.norm.weight"),
        ("modernbert-biases", "head.dense.bias"),
    ];
    for (name, tensor) in tensors {
        assert!(CLASSIFIERS.contains(&name));
        let missing = Changed::of(name).renamed(&format!("\"{tensor}\""), &format!("\"{}x\"", &tensor[1..]));
        let words = format!("the tensor {tensor} is missing");
        assert_says(&reranking(&missing).await, "model_file_invalid", &words);
    }
    let three = Changed::of("bert").config(&[("id2label", json!({"0": "no", "1": "perhaps", "2": "yes"}))]);
    assert_says(&reranking(&three).await, "model_architecture_unsupported", "3 labels instead of one");
    assert_says(&reranking(&Changed::of("nomic")).await, "model_architecture_unsupported", "classifier");
    let silent = Changed::of("modernbert").config(&[("classifier_pooling", Value::Null)]);
    let words = "without classifier_pooling";
    assert_says(&reranking(&silent).await, "model_architecture_unsupported", words);
}

#[test]
fn a_limit_without_room_for_a_passage_is_refused() {
    let mut files = reranker("bert");
    files.max_tokens = 8;
    let error = open_reranker(files, &engine(Precision::F32)).err().unwrap();
    assert_says(&error, "tokenizer_failed", "8 tokens leave no room");
}
