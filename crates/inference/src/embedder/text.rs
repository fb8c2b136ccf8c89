//! Text to the token ids of an embedding model.

use tokenizers::{Tokenizer, TruncationParams};

use crate::error::Source;
use crate::{EmbedderFiles, InferenceError};

/// The tokenizer of one embedding model. Special tokens written out in a text are plain text.
pub(super) struct TextEncoder {
    /// Neither cuts nor adds anything.
    counting: Tokenizer,
    /// Cuts at the model's limit and adds its special tokens.
    encoding: Tokenizer,
}

impl TextEncoder {
    /// Reads a `tokenizer.json`. Cutting and padding that it asks for are dropped: they are those
    /// of somebody's last training run (128 for all-MiniLM-L6-v2), the limit is the profile's.
    pub(super) fn open(json: &[u8], files: &EmbedderFiles) -> Result<Self, InferenceError> {
        let unreadable = |source: Source| InferenceError::Tokenizer {
            reason: format!("{} cannot be read", files.tokenizer.display()),
            source: Some(source),
        };
        let mut counting = Tokenizer::from_bytes(json).map_err(unreadable)?;
        counting.with_padding(None);
        counting.with_truncation(None).map_err(unreadable)?;
        counting.set_encode_special_tokens(true);
        let mut encoding = counting.clone();
        encoding
            .with_truncation(Some(TruncationParams {
                max_length: files.max_tokens,
                ..TruncationParams::default()
            }))
            .map_err(unreadable)?;
        let encoder = Self { counting, encoding };
        if encoder.encode("", "")?.is_empty() {
            return Err(InferenceError::Tokenizer {
                reason: "it adds no special tokens, so an empty text would have no vector".into(),
                source: None,
            });
        }
        Ok(encoder)
    }

    /// Tokens of `text` alone.
    pub(super) fn count(&self, text: &str) -> Result<usize, InferenceError> {
        let encoding = self.counting.encode_fast(text, false).map_err(refused)?;
        Ok(encoding.len())
    }

    /// Ids of `prefix` and `text` with the special tokens, at most as many as the model takes.
    pub(super) fn encode(&self, prefix: &str, text: &str) -> Result<Vec<u32>, InferenceError> {
        let encoding = if prefix.is_empty() {
            self.encoding.encode_fast(text, true)
        } else {
            self.encoding.encode_fast(format!("{prefix}{text}"), true)
        };
        Ok(encoding.map_err(refused)?.get_ids().to_vec())
    }
}

fn refused(source: Source) -> InferenceError {
    InferenceError::Tokenizer { reason: "a text could not be encoded".into(), source: Some(source) }
}
