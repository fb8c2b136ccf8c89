//! The identity of what made a vector.

use serde::{Deserialize, Serialize};

/// How the token vectors of an encoder become one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Mean over all tokens.
    Mean,
    /// The first token.
    Cls,
}

/// An embedding model with every setting that changes its vectors. Two vectors may be compared
/// only when their profiles are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Profile {
    /// The model's name in the catalogue.
    pub model: String,
    /// sha256 of the weights, in hex.
    pub weights_sha256: String,
    /// Length of a vector.
    pub dimension: usize,
    /// How token vectors are pooled.
    pub pooling: Pooling,
    /// Whether vectors are scaled to length 1.
    pub normalised: bool,
    /// Text put before a question.
    pub query_prefix: String,
    /// Text put before a passage.
    pub passage_prefix: String,
    /// Longest input in tokens, special tokens included; the rest is cut off.
    pub max_tokens: usize,
    /// How the weights are computed with, such as `f32`; part of the identity.
    pub precision: String,
}
