//! What lies beneath the public interface: token ids of pairs, tables, and a second reference.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::nomic_bert;
use docent_corpus::Pooling;
use serde_json::Value;

use super::{Encoder, PairEncoder, Settings, TextEncoder, Tokens, load};
use crate::mapped::read;
use crate::{InferenceError, Precision};

const CLASSIFIERS: [&str; 4] = ["bert", "xlm-roberta", "modernbert", "modernbert-biases"];

fn file(name: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/encoders").join(name).join(file)
}

fn cases(name: &str) -> Value {
    serde_json::from_slice(&read(&file(name, "cases.json")).unwrap()).unwrap()
}

fn ids(case: &Value) -> Vec<u32> {
    serde_json::from_value(case["ids"].clone()).unwrap()
}

fn encoder(name: &str) -> Encoder {
    let path = file(name, "config.json");
    let settings = Settings::parse(&read(&path).unwrap(), &path).unwrap();
    load(&file(name, "model.safetensors"), &settings, Precision::F32, Encoder::load).unwrap()
}

fn tokens(ids: &[u32]) -> Tokens {
    Tokens { ids: ids.to_vec(), types: Vec::new() }
}

/// The reference cuts and joins ids by itself.
#[test]
fn token_ids_are_those_of_the_reference() {
    for name in CLASSIFIERS {
        let cases = cases(name);
        let limit = cases["max_tokens"].as_u64().unwrap() as usize;
        let path = file(name, "tokenizer.json");
        let json = read(&path).unwrap();
        let single = TextEncoder::open(&json, &path, limit).unwrap();
        for case in cases["texts"].as_array().unwrap() {
            assert_eq!(single.encode("", case["text"].as_str().unwrap()).unwrap().ids, ids(case));
        }
        let pairs = PairEncoder::open(&json, &path, limit).unwrap();
        for case in cases["pairs"].as_array().unwrap() {
            let query = pairs.query(case["query"].as_str().unwrap()).unwrap();
            let pair = pairs.encode(&query, case["passage"].as_str().unwrap()).unwrap();
            let types: Vec<u32> = serde_json::from_value(case["types"].clone()).unwrap();
            assert_eq!((pair.ids, pair.types), (ids(case), types), "{name}: {case}");
        }
    }
}

#[test]
fn tokens_outside_of_the_tables_are_an_error() {
    for (name, places) in [("bert", 128), ("xlm-roberta", 128), ("nomic", 512)] {
        let encoder = encoder(name);
        let pooled = |tokens: Tokens| encoder.pooled(&[tokens], Pooling::Mean);
        assert!(pooled(tokens(&vec![2; places])).is_ok(), "{name}");
        assert!(
            matches!(pooled(tokens(&vec![2; places + 1])), Err(InferenceError::Compute { .. })),
            "{name}"
        );
        let words = vocabulary(name);
        assert!(pooled(tokens(&[words - 1])).is_ok(), "{name}");
        assert!(matches!(pooled(tokens(&[words])), Err(InferenceError::Compute { .. })), "{name}");
        let third = pooled(Tokens { ids: vec![2, 2], types: vec![0, 2] });
        match name {
            // RoBERTa has no types, whatever its tokenizer says.
            "xlm-roberta" => assert_eq!(third.unwrap(), pooled(tokens(&[2, 2])).unwrap()),
            _ => assert!(matches!(third, Err(InferenceError::Compute { .. })), "{name}"),
        }
    }
}

fn vocabulary(name: &str) -> u32 {
    let config: Value = serde_json::from_slice(&read(&file(name, "config.json")).unwrap()).unwrap();
    config["vocab_size"].as_u64().unwrap() as u32
}

/// NomicBERT is not among the models of the library that made the other references, so two programs
/// say what it gives: the script, and candle-transformers.
#[test]
fn nomic_vectors_are_those_of_candle() {
    let path = file("nomic", "config.json");
    let config: nomic_bert::Config = serde_json::from_slice(&read(&path).unwrap()).unwrap();
    let tensors = candle_core::safetensors::load(file("nomic", "model.safetensors"), &Device::Cpu).unwrap();
    let weights = VarBuilder::from_tensors(tensors, DType::F32, &Device::Cpu);
    let model = nomic_bert::NomicBertModel::load(weights, &config).unwrap();
    let encoder = encoder("nomic");
    for case in cases("nomic")["texts"].as_array().unwrap() {
        let ids = ids(case);
        let input = Tensor::new(&ids[..], &Device::Cpu).unwrap().unsqueeze(0).unwrap();
        let hidden = model.forward(&input, None, None).unwrap();
        let mean: Vec<f32> = hidden.mean(1).unwrap().squeeze(0).unwrap().to_vec1().unwrap();
        let ours = encoder.pooled(&[tokens(&ids)], Pooling::Mean).unwrap();
        for (ours, theirs) in ours.iter().zip(mean) {
            assert!((ours - theirs).abs() < 1e-4, "{ours} {theirs}");
        }
    }
}
