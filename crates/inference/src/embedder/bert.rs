//! The BERT encoder with pooling, in 32-bit floats, by candle-transformers.

use std::path::Path;

use candle_core::{DType, Device, Result as Computed, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config};
use docent_corpus::Pooling;
use serde_json::Value;

use crate::{InferenceError, processor};

/// Room asked for beside the weights before loading.
const WORKING_MEMORY: u64 = 64 << 20;

/// Added to a vector's length before dividing by it, as sentence-transformers does.
const LEAST_LENGTH: f32 = 1e-12;

/// What a model's `config.json` says.
#[derive(Clone, Debug)]
pub(super) struct Settings(Config);

impl Settings {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// [`InferenceError::UnsupportedArchitecture`] for anything but BERT,
    /// [`InferenceError::ModelFile`] if it is not what it should be.
    pub(super) fn parse(json: &[u8], path: &Path) -> Result<Self, InferenceError> {
        let invalid = |error: serde_json::Error| InferenceError::ModelFile {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let config: Value = serde_json::from_slice(json).map_err(invalid)?;
        match config.get("model_type").and_then(Value::as_str) {
            Some("bert") => {}
            other => {
                return Err(InferenceError::UnsupportedArchitecture {
                    name: other.unwrap_or("unnamed").to_owned(),
                });
            }
        }
        serde_json::from_value(config).map(Self).map_err(invalid)
    }

    /// Length of a vector.
    pub(super) fn width(&self) -> usize {
        self.0.hidden_size
    }

    /// Longest sequence.
    pub(super) fn positions(&self) -> usize {
        self.0.max_position_embeddings
    }
}

/// The loaded model.
pub(super) struct Bert {
    model: BertModel,
    pooling: Pooling,
    normalise: bool,
}

impl Bert {
    pub(super) fn load(
        weights: &Path,
        settings: &Settings,
        pooling: Pooling,
        normalise: bool,
    ) -> Result<Self, InferenceError> {
        let content = read_if_it_fits(weights)?;
        let load = || {
            let weights = VarBuilder::from_buffered_safetensors(content, DType::F32, &Device::Cpu)?;
            BertModel::load(weights, &settings.0)
        };
        let model = load().map_err(|error| InferenceError::ModelFile {
            path: weights.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Self { model, pooling, normalise })
    }

    /// One vector per sequence of token ids, none of which is empty.
    pub(super) fn embed(&self, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, InferenceError> {
        let vectors = self.forward(sequences).map_err(|source| InferenceError::Compute {
            step: "embedding".into(),
            source: Some(Box::new(source)),
        })?;
        if vectors.iter().flatten().any(|value| !value.is_finite()) {
            return Err(InferenceError::Compute {
                step: "the embedding is not made of numbers".into(),
                source: None,
            });
        }
        Ok(vectors)
    }

    fn forward(&self, sequences: &[Vec<u32>]) -> Computed<Vec<Vec<f32>>> {
        let count = sequences.len();
        let longest = sequences.iter().map(Vec::len).max().unwrap_or(0);
        let mut ids = Vec::with_capacity(count * longest);
        let mut mask = Vec::with_capacity(count * longest);
        for sequence in sequences {
            let padding = longest - sequence.len();
            ids.extend_from_slice(sequence);
            ids.extend(std::iter::repeat_n(0u32, padding));
            mask.extend(std::iter::repeat_n(1f32, sequence.len()));
            mask.extend(std::iter::repeat_n(0f32, padding));
        }
        let dims = (count, longest);
        let ids = Tensor::from_vec(ids, dims, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, dims, &Device::Cpu)?;
        let hidden = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let pooled = self.pool(&hidden, &mask)?;
        let pooled = if self.normalise { normalised(&pooled)? } else { pooled };
        pooled.to_vec2()
    }

    /// `[texts, tokens, width]` to `[texts, width]`; padding does not count.
    fn pool(&self, hidden: &Tensor, mask: &Tensor) -> Computed<Tensor> {
        match self.pooling {
            Pooling::Cls => hidden.narrow(1, 0, 1)?.squeeze(1)?.contiguous(),
            Pooling::Mean => {
                let sum = mask.unsqueeze(1)?.matmul(hidden)?.squeeze(1)?;
                sum.broadcast_div(&mask.sum_keepdim(1)?)
            }
        }
    }
}

fn normalised(vectors: &Tensor) -> Computed<Tensor> {
    let length = vectors.sqr()?.sum_keepdim(1)?.sqrt()?;
    vectors.broadcast_div(&length.maximum(LEAST_LENGTH)?)
}

/// The content of a file that is held twice while it is loaded.
fn read_if_it_fits(path: &Path) -> Result<Vec<u8>, InferenceError> {
    let unreadable = |source| InferenceError::Read { path: path.to_owned(), source };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    let need = 2 * length + WORKING_MEMORY;
    if let Some(available) = processor::available_memory().filter(|&free| free < need) {
        return Err(InferenceError::NotEnoughMemory { need, available });
    }
    std::fs::read(path).map_err(unreadable)
}
