//! The small models, as they are and changed.

use std::path::{Path, PathBuf};

use docent_corpus::Pooling;
use docent_inference::{EmbedderFiles, EngineConfig, Precision, RerankerFiles};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ALL: [&str; 5] = ["bert", "xlm-roberta", "modernbert", "modernbert-biases", "nomic"];

/// Those with a classifier.
pub(crate) const CLASSIFIERS: [&str; 4] = ["bert", "xlm-roberta", "modernbert", "modernbert-biases"];

#[derive(Deserialize)]
pub(crate) struct Cases {
    pub(crate) max_tokens: usize,
    pub(crate) texts: Vec<Text>,
    pub(crate) pairs: Vec<Pair>,
}

#[derive(Deserialize)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) ids: Vec<u32>,
    /// Of the last layer's rows, not scaled.
    pub(crate) mean: Vec<f32>,
    /// The first of them.
    pub(crate) cls: Vec<f32>,
}

#[derive(Deserialize)]
pub(crate) struct Pair {
    pub(crate) query: String,
    pub(crate) passage: String,
    pub(crate) ids: Vec<u32>,
    pub(crate) logit: f32,
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/encoders").join(name)
}

pub(crate) fn cases(name: &str) -> Cases {
    serde_json::from_slice(&std::fs::read(folder(name).join("cases.json")).unwrap()).unwrap()
}

pub(crate) fn engine(precision: Precision) -> EngineConfig {
    EngineConfig { precision, ..EngineConfig::default() }
}

/// Vectors as they are, by mean.
pub(crate) fn embedder(name: &str) -> EmbedderFiles {
    let folder = folder(name);
    EmbedderFiles {
        name: name.into(),
        weights: folder.join("model.safetensors"),
        tokenizer: folder.join("tokenizer.json"),
        config: folder.join("config.json"),
        weights_sha256: "12ab".into(),
        pooling: Pooling::Mean,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        normalise: false,
        max_tokens: cases(name).max_tokens,
    }
}

pub(crate) fn reranker(name: &str) -> RerankerFiles {
    let EmbedderFiles { name, weights, tokenizer, config, weights_sha256, max_tokens, .. } = embedder(name);
    RerankerFiles { name, weights, tokenizer, config, weights_sha256, max_tokens }
}

/// A copy of a model that can be changed.
pub(crate) struct Changed {
    folder: TempDir,
    name: &'static str,
}

impl Changed {
    pub(crate) fn of(name: &'static str) -> Self {
        let copy = tempfile::tempdir().unwrap();
        for file in ["config.json", "model.safetensors", "tokenizer.json"] {
            std::fs::copy(folder(name).join(file), copy.path().join(file)).unwrap();
        }
        Self { folder: copy, name }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Sets fields of `config.json`; null takes one away.
    pub(crate) fn config(self, fields: &[(&str, Value)]) -> Self {
        let path = self.path("config.json");
        let mut config: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let object = config.as_object_mut().unwrap();
        for (name, value) in fields {
            object.remove(*name);
            if !value.is_null() {
                object.insert((*name).into(), value.clone());
            }
        }
        std::fs::write(path, config.to_string()).unwrap();
        self
    }

    /// Changes the bytes of the weights.
    pub(crate) fn weights(self, change: impl FnOnce(&mut Vec<u8>)) -> Self {
        let path = self.path("model.safetensors");
        let mut bytes = std::fs::read(&path).unwrap();
        change(&mut bytes);
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// Gives a tensor another name, of the same length.
    pub(crate) fn renamed(self, from: &str, to: &str) -> Self {
        assert_eq!(from.len(), to.len());
        self.weights(|bytes| {
            let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        })
    }

    /// Overwrites the first value, 16 bits long, of a tensor.
    pub(crate) fn with_value(self, tensor: &str, bits: u16) -> Self {
        self.weights(|bytes| {
            let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
            let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
            let at = 8 + length + header[tensor]["data_offsets"][0].as_u64().unwrap() as usize;
            bytes[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        })
    }

    pub(crate) fn embedder(&self) -> EmbedderFiles {
        EmbedderFiles {
            weights: self.path("model.safetensors"),
            tokenizer: self.path("tokenizer.json"),
            config: self.path("config.json"),
            ..embedder(self.name)
        }
    }

    pub(crate) fn reranker(&self) -> RerankerFiles {
        let EmbedderFiles { name, weights, tokenizer, config, weights_sha256, max_tokens, .. } =
            self.embedder();
        RerankerFiles { name, weights, tokenizer, config, weights_sha256, max_tokens }
    }
}

pub(crate) fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
