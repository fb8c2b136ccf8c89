//! Text to token ids and back, for chat models whose tokenizer lies in their GGUF file.
//!
//! Embedding models bring a `tokenizer.json`, which the `tokenizers` crate reads as it is; for
//! GGUF nothing does so correctly (candle's own builder adds a space before every segment of
//! SmolLM2, does not split its digits and knows no SentencePiece), hence this module: [`chat`] is
//! what the rest of the crate sees, [`bpe`], [`spm`] and [`fallback`] are the ways of merging under it.

mod bpe;
mod chat;
mod fallback;
mod markers;
mod pretokenizer;
mod spm;
mod vocabulary;

pub(crate) use chat::{ChatTokenizer, SPACE_BEFORE, STRIPS_SPACE, Segment, SpaceBefore, TAKES_SPACE};
pub(crate) use fallback::BY_MERGES;
pub(crate) use pretokenizer::pre_tokenizer_name;
pub(crate) use spm::is_byte;

use crate::InferenceError;

fn failed(reason: impl Into<String>) -> InferenceError {
    InferenceError::Tokenizer { reason: reason.into(), source: None }
}

#[cfg(test)]
mod tests;
