//! The tokens of a GGUF file and what each is for.

use super::{failed, markers::Markers};
use crate::InferenceError;
use crate::gguf::Gguf;

/// Token types of `tokenizer.ggml.token_type`, as in llama.cpp's `llama.h`.
const NORMAL: i64 = 1;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const BYTE: i64 = 6;

/// Tokens that end a turn in the templates of known models. Some files give them a wrong type, so
/// they are control tokens by their name.
const END_OF_TURN: [&str; 8] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<end_of_turn>",
    "<|eot|>",
];

/// Ends a text if it is a control token; in some vocabularies it is a tag of HTML.
const END_OF_TEXT: &str = "</s>";

/// What an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Made by merging; its bytes are part of a text.
    Text,
    /// One byte of a character that has no token, in SentencePiece.
    Byte,
    /// Matched as a whole in markup; its bytes are part of a text, such as `<think>`.
    UserDefined,
    /// Matched as a whole in markup; has no text.
    Control,
    /// Not used by the model.
    Unused,
}

/// The tokens of a file, before a tokenizer is made of them.
pub(super) struct Vocabulary<'f> {
    tokens: &'f [String],
    pub(super) kinds: Vec<Kind>,
}

impl<'f> Vocabulary<'f> {
    pub(super) fn read(file: &'f Gguf) -> Result<Self, InferenceError> {
        let tokens =
            file.texts("tokenizer.ggml.tokens").ok_or_else(|| failed("the file has no vocabulary"))?;
        let types = file.ints("tokenizer.ggml.token_type").unwrap_or(&[]);
        if !types.is_empty() && types.len() != tokens.len() {
            return Err(failed("the vocabulary and its token types differ in length"));
        }
        let kind = |(id, text): (usize, &String)| match types.get(id).copied().unwrap_or(NORMAL) {
            _ if END_OF_TURN.contains(&text.as_str()) => Kind::Control,
            NORMAL => Kind::Text,
            CONTROL => Kind::Control,
            USER_DEFINED => Kind::UserDefined,
            BYTE => Kind::Byte,
            _ => Kind::Unused,
        };
        Ok(Self { tokens, kinds: tokens.iter().enumerate().map(kind).collect() })
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = (u32, Kind, &'f str)> {
        let both = self.tokens.iter().zip(&self.kinds);
        both.enumerate().map(|(id, (text, &kind))| (id as u32, kind, text.as_str()))
    }

    /// Tokens matched as a whole in markup.
    pub(super) fn markers(&self) -> Markers {
        let whole = |kind| matches!(kind, Kind::Control | Kind::UserDefined);
        Markers::new(self.ids().filter(|(_, kind, _)| whole(*kind)).map(|(id, _, text)| (text, id)))
    }

    /// Tokens matched as a whole in any text: user-defined white space, such as Gemma's token for
    /// two line breaks. It is how the model has seen such text, and it can pretend nothing.
    pub(super) fn spaces(&self) -> Markers {
        let ids = self.ids().filter(|&(_, kind, text)| is_space(kind, text));
        Markers::new(ids.map(|(id, _, text)| (text, id)))
    }

    /// The ids after which an answer is over.
    pub(super) fn stops(&self, file: &Gguf) -> Result<Vec<u32>, InferenceError> {
        let mut stops = Vec::new();
        for key in ["eos_token_id", "eot_token_id", "eom_token_id"] {
            stops.extend(self.special(file, key)?);
        }
        let ends = |text| END_OF_TURN.contains(&text) || text == END_OF_TEXT;
        let named = self.ids().filter(|&(_, kind, text)| kind == Kind::Control && ends(text));
        stops.extend(named.map(|(id, _, _)| id));
        stops.sort_unstable();
        stops.dedup();
        if stops.is_empty() {
            return Err(failed("the file names no token that ends an answer"));
        }
        Ok(stops)
    }

    /// The id that the file gives for a purpose, if it does.
    pub(super) fn special(&self, file: &Gguf, key: &str) -> Result<Option<u32>, InferenceError> {
        let key = format!("tokenizer.ggml.{key}");
        match file.int(&key) {
            None => Ok(None),
            Some(id) => u32::try_from(id)
                .ok()
                .filter(|&id| (id as usize) < self.tokens.len())
                .map(Some)
                .ok_or_else(|| failed(format!("{key} is outside the vocabulary"))),
        }
    }
}

/// Whether a token is user-defined white space, also where that is written as U+2581.
pub(super) fn is_space(kind: Kind, text: &str) -> bool {
    kind == Kind::UserDefined && text.chars().all(|c| c.is_whitespace() || c == '\u{2581}')
}
