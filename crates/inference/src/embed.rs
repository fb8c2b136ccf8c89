//! The interface of an embedding model.

use std::path::PathBuf;

use async_trait::async_trait;
use docent_corpus::{Cancel, Pooling, Profile};

use crate::{InferenceError, Priority};

/// Which prefix of the [`Profile`] is put before a text: many models are trained with a different
/// one on either side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmbedKind {
    /// What a person asks.
    Query,
    /// What is searched.
    Passage,
}

/// Turns texts into vectors of [`Profile::dimension`] values.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Everything that determines the vectors.
    fn profile(&self) -> &Profile;

    /// Tokens of `text` by the model's own tokenizer, without prefix and special tokens, not cut
    /// at any limit. Does not load the weights.
    ///
    /// # Errors
    /// [`InferenceError::Tokenizer`] if the tokenizer refuses the text.
    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError>;

    /// Reads the weights, so that the next [`Embedder::embed`] need not wait for it. Models without
    /// weights of their own have nothing to do.
    ///
    /// # Errors
    /// Whatever reading the model met; `embed` will tell the same.
    async fn prepare(&self) -> Result<(), InferenceError> {
        Ok(())
    }

    /// One vector per text, in the order of `texts`; scaled to length 1 if the profile says so.
    /// Texts longer than [`Profile::max_tokens`] are cut there. An empty text has a vector too.
    ///
    /// # Errors
    /// [`InferenceError::Cancelled`] once `cancel` is tripped, else whatever reading the model or
    /// computing met. All or nothing.
    async fn embed(
        &self,
        texts: Vec<String>,
        kind: EmbedKind,
        priority: Priority,
        cancel: Cancel,
    ) -> Result<Vec<Vec<f32>>, InferenceError>;
}

/// The files of an embedding model and the settings its catalogue entry states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbedderFiles {
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
    /// How token vectors become one.
    pub pooling: Pooling,
    /// Text put before a question.
    pub query_prefix: String,
    /// Text put before a passage.
    pub passage_prefix: String,
    /// Whether vectors are scaled to length 1.
    pub normalise: bool,
    /// Longest input in tokens, special tokens included.
    pub max_tokens: usize,
}
