//! What a model's `config.json` says.

use std::path::Path;

use docent_kernels::Activation;
use serde::Deserialize;

use crate::InferenceError;

/// The dimensions of a BERT-like encoder.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) vocabulary: usize,
    pub(super) width: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    /// Inner length of the feed-forward part.
    pub(super) inner: usize,
    /// Rows of the table of positions.
    pub(super) position_rows: usize,
    /// The row of the first position: RoBERTa leaves those up to the padding's free.
    pub(super) first_position: usize,
    pub(super) types: usize,
    pub(super) epsilon: f32,
    pub(super) activation: Activation,
}

/// The file, as Hugging Face writes it.
#[derive(Deserialize)]
struct Config {
    model_type: Option<String>,
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "one")]
    type_vocab_size: usize,
    #[serde(default = "default_epsilon")]
    layer_norm_eps: f64,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default)]
    pad_token_id: Option<usize>,
    #[serde(default)]
    position_embedding_type: Option<String>,
}

fn one() -> usize {
    1
}

/// That of the first BERT.
fn default_epsilon() -> f64 {
    1e-12
}

fn gelu() -> String {
    "gelu".into()
}

/// What is asked only for the name of the architecture.
#[derive(Deserialize)]
struct Named {
    model_type: Option<String>,
}

impl Settings {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// [`InferenceError::UnsupportedArchitecture`] for anything but BERT and RoBERTa,
    /// [`InferenceError::ModelFile`] if it is not what it should be.
    pub(super) fn parse(json: &[u8], path: &Path) -> Result<Self, InferenceError> {
        let invalid = |reason: String| InferenceError::ModelFile { path: path.to_owned(), reason };
        let named: Named = serde_json::from_slice(json).map_err(|error| invalid(error.to_string()))?;
        let unsupported = |what: String| InferenceError::UnsupportedArchitecture { name: what };
        let is_roberta = match named.model_type.as_deref() {
            Some("bert") => false,
            Some("roberta" | "xlm-roberta") => true,
            other => return Err(unsupported(other.unwrap_or("unnamed").to_owned())),
        };
        let config: Config = serde_json::from_slice(json).map_err(|error| invalid(error.to_string()))?;
        let kind = config.model_type.unwrap_or_default();
        if let Some(other) = config.position_embedding_type.filter(|kind| kind != "absolute") {
            return Err(unsupported(format!("{kind} with {other} positions")));
        }
        let activation = match config.hidden_act.as_str() {
            "gelu" => Activation::GeluErf,
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Activation::GeluTanh,
            "silu" | "swish" => Activation::Silu,
            other => return Err(unsupported(format!("{kind} with the activation {other}"))),
        };
        if config.num_attention_heads == 0 || !config.hidden_size.is_multiple_of(config.num_attention_heads) {
            return Err(invalid("its width cannot be divided among its heads".into()));
        }
        for width in [config.hidden_size, config.intermediate_size] {
            if width == 0 || !width.is_multiple_of(32) {
                return Err(unsupported(format!("{kind} of width {width}")));
            }
        }
        let first_position = if is_roberta { config.pad_token_id.unwrap_or(1) + 1 } else { 0 };
        Ok(Self {
            vocabulary: config.vocab_size,
            width: config.hidden_size,
            layers: config.num_hidden_layers,
            heads: config.num_attention_heads,
            inner: config.intermediate_size,
            position_rows: config.max_position_embeddings,
            first_position,
            types: config.type_vocab_size,
            epsilon: config.layer_norm_eps as f32,
            activation,
        })
    }

    /// Longest sequence.
    pub(super) fn positions(&self) -> usize {
        self.position_rows.saturating_sub(self.first_position)
    }
}
