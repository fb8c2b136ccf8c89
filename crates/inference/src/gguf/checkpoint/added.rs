//! Tokens that are matched as a whole, as `tokenizer.json` and `tokenizer_config.json` list them.

use serde_json::Value as Json;

use super::tokens::{CONTROL, USER_DEFINED, tokenizer_error};
use crate::InferenceError;

/// One such token.
pub(super) struct Added {
    pub(super) id: i64,
    pub(super) text: String,
    special: bool,
    /// Whether the white space after it belongs to it.
    pub(super) takes_space: bool,
    /// Whether the white space before it does, or only whole words count: neither is done here.
    is_choosy: bool,
    /// Whether it is looked for in the normalised text.
    is_normalized: bool,
}

impl Added {
    fn read(token: &Json, id: i64) -> Self {
        Self {
            id,
            text: token["content"].as_str().unwrap_or_default().to_owned(),
            special: token["special"] == true,
            takes_space: token["rstrip"] == true,
            is_choosy: token["lstrip"] == true || token["single_word"] == true,
            is_normalized: token["normalized"] == true,
        }
    }

    /// Those of a `tokenizer.json`.
    pub(super) fn described(tokenizer: &Json) -> Vec<Self> {
        let listed = tokenizer["added_tokens"].as_array().into_iter().flatten();
        listed.map(|token| Self::read(token, token["id"].as_i64().unwrap_or(-1))).collect()
    }

    /// Those of a `tokenizer_config.json`, by id. Beside a vocabulary of SentencePiece no text is
    /// normalised before they are looked for, and white space is written as it is.
    pub(super) fn configured(settings: &Json) -> Result<Vec<Self>, InferenceError> {
        let mut all = Vec::new();
        for (id, token) in settings["added_tokens_decoder"].as_object().into_iter().flatten() {
            let id = id.parse().map_err(|_| tokenizer_error(format!("the added token {id} has no id")))?;
            let mut added = Self { is_normalized: false, ..Self::read(token, id) };
            if added.is_space() {
                added.text = added.text.replace('\u{2581}', " ");
            }
            all.push(added);
        }
        all.sort_by_key(|added| added.id);
        Ok(all)
    }

    /// A token that nothing more is known of.
    pub(super) fn user_defined(id: i64, text: &str) -> Self {
        let text = text.to_owned();
        Self { id, text, special: false, takes_space: false, is_choosy: false, is_normalized: false }
    }

    /// Its type in `tokenizer.ggml.token_type`.
    pub(super) fn kind(&self) -> i64 {
        if self.special { CONTROL } else { USER_DEFINED }
    }

    /// Whether it is white space, however that is written.
    fn is_space(&self) -> bool {
        !self.special && self.text.chars().all(|c| c.is_whitespace() || c == '\u{2581}')
    }
}

/// Refuses tokens that are looked for in another way than here. `normalizes` tells whether texts are
/// changed before those that ask for it are looked for.
pub(super) fn check(added: &[Added], normalizes: bool) -> Result<(), InferenceError> {
    let refuse = |what: &Added, how: &str| {
        Err(tokenizer_error(format!(
            "its token \"{}\" is looked for {how}, which is not done here",
            what.text
        )))
    };
    if let Some(choosy) = added.iter().find(|added| added.is_choosy) {
        return refuse(choosy, "with the white space before it or as a whole word");
    }
    if let Some(normalized) = added.iter().find(|added| added.is_normalized)
        && (normalizes || !added.iter().all(|added| added.is_normalized))
    {
        return refuse(normalized, "in the normalised text");
    }
    if let (Some(taking), true) =
        (added.iter().find(|added| added.takes_space), added.iter().any(Added::is_space))
    {
        return refuse(taking, "with white space after it that has tokens of its own");
    }
    Ok(())
}
