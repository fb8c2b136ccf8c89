//! Text to the token ids of an encoder.

use std::path::Path;

use tokenizers::{Encoding, Tokenizer, TruncationDirection, TruncationParams};

use super::counting::Counting;
use super::model::Tokens;
use crate::InferenceError;
use crate::error::Source;

/// The tokenizer of an embedding model. Special tokens written out in a text are plain text.
pub(crate) struct TextEncoder {
    /// Neither cuts nor adds anything.
    whole: Tokenizer,
    /// Counts by parts, where the tokenizer goes by parts.
    counting: Option<Counting>,
    /// Cuts at the model's limit and adds its special tokens.
    encoding: Tokenizer,
}

impl TextEncoder {
    /// Reads the `tokenizer.json` of `path` for inputs of at most `max_tokens`.
    pub(crate) fn open(json: &[u8], path: &Path, max_tokens: usize) -> Result<Self, InferenceError> {
        let whole = plain(json, path)?;
        let mut encoding = whole.clone();
        encoding
            .with_truncation(Some(TruncationParams { max_length: max_tokens, ..TruncationParams::default() }))
            .map_err(|source| unreadable(path, source))?;
        let encoder = Self { counting: Counting::of(&whole), whole, encoding };
        if encoder.encode("", "")?.ids.is_empty() {
            return Err(InferenceError::Tokenizer {
                reason: "it adds no special tokens, so an empty text would have no vector".into(),
                source: None,
            });
        }
        Ok(encoder)
    }

    /// Tokens of `text` alone.
    pub(crate) fn count(&self, text: &str) -> Result<usize, InferenceError> {
        let encode = |text: &str| Ok(self.whole.encode_fast(text, false).map_err(refused)?.len());
        match &self.counting {
            Some(counting) => counting.count(text, &encode),
            None => encode(text),
        }
    }

    /// Ids of `prefix` and `text` with the special tokens, at most as many as the model takes.
    pub(crate) fn encode(&self, prefix: &str, text: &str) -> Result<Tokens, InferenceError> {
        let encoding = if prefix.is_empty() {
            self.encoding.encode_fast(text, true)
        } else {
            self.encoding.encode_fast(format!("{prefix}{text}"), true)
        };
        Ok(tokens(&encoding.map_err(refused)?))
    }
}

/// The tokenizer of a cross-encoder: a query and a passage make one input, as the tokenizer's own
/// template for pairs says.
pub(crate) struct PairEncoder {
    tokenizer: Tokenizer,
    /// Tokens of a query and a passage together.
    room: usize,
}

/// A query, cut and counted once for all passages.
pub(crate) struct Query(Encoding);

impl PairEncoder {
    /// Reads the `tokenizer.json` of `path` for inputs of at most `max_tokens`.
    pub(crate) fn open(json: &[u8], path: &Path, max_tokens: usize) -> Result<Self, InferenceError> {
        let tokenizer = plain(json, path)?;
        let special = tokenizer.get_post_processor().map_or(0, |template| {
            use tokenizers::PostProcessor;
            template.added_tokens(true)
        });
        if special == 0 {
            return Err(InferenceError::Tokenizer {
                reason: "it has no template for pairs of texts".into(),
                source: None,
            });
        }
        if max_tokens < special + 8 {
            return Err(InferenceError::Tokenizer {
                reason: format!("{max_tokens} tokens leave no room for a question and a passage"),
                source: None,
            });
        }
        Ok(Self { tokenizer, room: max_tokens - special })
    }

    /// The tokens of a query. It is cut only if it leaves a passage less than a quarter of the
    /// room: scores that see next to nothing of the passages would not tell them apart.
    pub(crate) fn query(&self, text: &str) -> Result<Query, InferenceError> {
        let mut encoding = self.tokenizer.encode_fast(text, false).map_err(refused)?;
        encoding.truncate(self.room - self.room / 4, 0, TruncationDirection::Right);
        Ok(Query(encoding))
    }

    /// The pair's input; the passage is cut where the room ends.
    pub(crate) fn encode(&self, query: &Query, passage: &str) -> Result<Tokens, InferenceError> {
        let mut passage = self.tokenizer.encode_fast(passage, false).map_err(refused)?;
        passage.truncate(self.room - query.0.len(), 0, TruncationDirection::Right);
        let pair = self.tokenizer.post_process(query.0.clone(), Some(passage), true).map_err(refused)?;
        Ok(tokens(&pair))
    }
}

/// The tokenizer of a `tokenizer.json`. Cutting and padding that it asks for are dropped: they are
/// those of somebody's last training run (128 for all-MiniLM-L6-v2), the limit is the catalogue's.
fn plain(json: &[u8], path: &Path) -> Result<Tokenizer, InferenceError> {
    let mut tokenizer = Tokenizer::from_bytes(json).map_err(|source| unreadable(path, source))?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|source| unreadable(path, source))?;
    tokenizer.set_encode_special_tokens(true);
    Ok(tokenizer)
}

fn tokens(encoding: &Encoding) -> Tokens {
    Tokens { ids: encoding.get_ids().to_vec(), types: encoding.get_type_ids().to_vec() }
}

fn unreadable(path: &Path, source: Source) -> InferenceError {
    InferenceError::Tokenizer { reason: format!("{} cannot be read", path.display()), source: Some(source) }
}

fn refused(source: Source) -> InferenceError {
    InferenceError::Tokenizer { reason: "a text could not be encoded".into(), source: Some(source) }
}
