//! What differs from one architecture of encoders to the next.

use std::fmt::Debug;

use super::head::Head;
use super::layer::{Layer, LayerNorm, Turns};
use super::load::Loader;
use super::model::Embeddings;
use crate::InferenceError;

/// The parts of an encoder and the names of their tensors. The driver in `model.rs` puts them
/// together in the same way for all.
pub(crate) trait Architecture: Debug + Send + Sync {
    /// The table of words. What stands before it in a file stands before all names of the encoder.
    fn words(&self) -> &'static str;

    /// What tokens are looked up in.
    fn embeddings(&self, load: &Loader<'_>) -> Result<Embeddings, InferenceError>;

    /// Rotary positions; layers say which they use.
    fn turns(&self) -> Vec<Turns> {
        Vec::new()
    }

    /// The layer `index`.
    fn layer(&self, load: &Loader<'_>, index: usize) -> Result<Layer, InferenceError>;

    /// A norm after the last layer.
    fn last_norm(&self, _load: &Loader<'_>) -> Result<Option<LayerNorm>, InferenceError> {
        Ok(None)
    }

    /// The classifier that makes the encoder a cross-encoder.
    fn head(&self, load: &Loader<'_>) -> Result<Head, InferenceError>;
}
