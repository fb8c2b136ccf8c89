//! Text to token ids and back, for chat models whose tokenizer lies in their GGUF file.
//!
//! Embedding models bring a `tokenizer.json`, which the `tokenizers` crate reads as it is; for
//! GGUF nothing does so correctly (candle's own builder adds a space before every segment of
//! SmolLM2 and does not split its digits), hence [`gguf`] and [`pretokenizer`].

pub(crate) mod gguf;
mod pretokenizer;

pub(crate) use gguf::{BpeTokenizer, Segment};

#[cfg(test)]
mod tests;
