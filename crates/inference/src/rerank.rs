//! The interface of a reranker.

use std::path::PathBuf;

use async_trait::async_trait;
use docent_corpus::Cancel;
use serde::{Deserialize, Serialize};

use crate::{InferenceError, Priority};

/// Scores passages against a query by reading both together.
#[async_trait]
pub trait Reranker: Send + Sync {
    /// What the model is.
    fn model(&self) -> &RerankerInfo;

    /// One score per passage, in the order of `passages`: the model's raw logit, the higher the
    /// more relevant, without bounds. Scores of different models cannot be compared.
    ///
    /// A pair longer than [`RerankerInfo::max_tokens`] loses the end of its passage. The query
    /// loses its end only if it would leave a passage less than a quarter of that.
    ///
    /// # Errors
    /// [`InferenceError::Cancelled`] once `cancel` is tripped, else whatever reading the model or
    /// computing met. All or nothing.
    async fn score(
        &self,
        query: String,
        passages: Vec<String>,
        priority: Priority,
        cancel: Cancel,
    ) -> Result<Vec<f32>, InferenceError>;
}

/// What is known about a reranker: all that determines its scores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RerankerInfo {
    /// The model's name in the catalogue.
    pub name: String,
    /// sha256 of the weights, in hex, as verified at installation.
    pub weights_sha256: String,
    /// Longest query and passage together, in tokens, special tokens included.
    pub max_tokens: usize,
    /// How the weights are computed with, such as `f32`.
    pub precision: String,
}

/// The files of a reranker and the settings its catalogue entry states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RerankerFiles {
    /// The model's name in the catalogue.
    pub name: String,
    /// Weights, safetensors.
    pub weights: PathBuf,
    /// Hugging Face `tokenizer.json`.
    pub tokenizer: PathBuf,
    /// Hugging Face `config.json`.
    pub config: PathBuf,
    /// sha256 of the weights, in hex, as verified at installation.
    pub weights_sha256: String,
    /// Longest query and passage together, in tokens, special tokens included.
    pub max_tokens: usize,
}
