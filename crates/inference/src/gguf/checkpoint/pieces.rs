//! A `tokenizer.json` that was made from a SentencePiece vocabulary: Llama 2, Mistral, Gemma, Phi 3.
//!
//! Its merges are followed as they stand. Whatever else it describes must be one of the few forms that
//! are known to give the same ids here; anything else is refused by name.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::added::{self, Added};
use super::tokens::{BYTE, Token, UNKNOWN, tokenizer_error};
use super::{Checkpoint, Value};
use crate::InferenceError;
use crate::tokenizer::{BY_MERGES, SPACE_BEFORE, STRIPS_SPACE, SpaceBefore, TAKES_SPACE, is_byte};

/// How a space is written in tokens.
const SPACE: &str = "\u{2581}";

impl Checkpoint<'_> {
    /// Sets what is particular to such a tokenizer, and gives its tokens with their types.
    pub(super) fn pieces(
        &mut self,
        tokenizer: &Json,
        settings: &Json,
        plain: Vec<Token>,
        added: &[Added],
    ) -> Result<Vec<Token>, InferenceError> {
        check_model(&tokenizer["model"])?;
        let space_before = space_before(tokenizer)?;
        self.set_spaces(settings, space_before, strips_space(&tokenizer["decoder"])?, added)?;
        added::check(added, !tokenizer["normalizer"].is_null())?;
        check_ids(&plain, added)?;
        self.set("tokenizer.ggml.model", Value::Text(BY_MERGES.into()));
        let unknown = tokenizer["model"]["unk_token"].as_str();
        let typed = plain.into_iter().map(|token| match token.text.as_str() {
            text if Some(text) == unknown => Token { kind: UNKNOWN, ..token },
            text if is_byte(text) => Token { kind: BYTE, ..token },
            _ => token,
        });
        Ok(typed.collect())
    }

    /// Sets where spaces come and go that nobody wrote.
    pub(super) fn set_spaces(
        &mut self,
        settings: &Json,
        before: SpaceBefore,
        strips: bool,
        added: &[Added],
    ) -> Result<(), InferenceError> {
        let asked = settings["add_prefix_space"].as_bool();
        if asked.is_some_and(|asked| asked != (before != SpaceBefore::Never)) {
            let reason = "its tokenizer_config.json asks for another space before texts than its tokenizer";
            return Err(tokenizer_error(reason));
        }
        self.set(SPACE_BEFORE, Value::Int(before as i64));
        self.set(STRIPS_SPACE, Value::Bool(strips));
        let taking = added.iter().filter(|added| added.takes_space).map(|added| added.id).collect();
        self.set(TAKES_SPACE, Value::Ints(taking));
        Ok(())
    }
}

/// An id that a token has twice must be the same.
fn check_ids(plain: &[Token], added: &[Added]) -> Result<(), InferenceError> {
    let ids: HashMap<&str, i64> = plain.iter().map(|token| (token.text.as_str(), token.id)).collect();
    match added.iter().find(|added| ids.get(added.text.as_str()).is_some_and(|&id| id != added.id)) {
        Some(added) => Err(tokenizer_error(format!("its token \"{}\" has two ids", added.text))),
        None => Ok(()),
    }
}

/// Refuses what would merge in another way.
fn check_model(model: &Json) -> Result<(), InferenceError> {
    let without = |key: &str| model[key].is_null() || model[key] == "" || model[key] == 0.0;
    for key in ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] {
        if !without(key) {
            return Err(unknown(key, &model[key]));
        }
    }
    if model["ignore_merges"] == true {
        return Err(unknown("ignore_merges", &model["ignore_merges"]));
    }
    Ok(())
}

/// Before which texts a space is put.
fn space_before(tokenizer: &Json) -> Result<SpaceBefore, InferenceError> {
    let prepend = json!({ "type": "Prepend", "prepend": SPACE });
    let replace = json!({ "type": "Replace", "pattern": { "String": " " }, "content": SPACE });
    // Finds nothing, since all spaces have been replaced; Gemma's has it.
    let idle = json!({
        "type": "Split", "pattern": { "String": " " }, "behavior": "MergedWithPrevious", "invert": false,
    });
    let normalizer = steps(&tokenizer["normalizer"], "normalizers");
    let pre_tokenizer = steps(&tokenizer["pre_tokenizer"], "pretokenizers");
    let cuts = !pre_tokenizer.is_empty() && *pre_tokenizer != [idle];
    match normalizer {
        [first, second] if !cuts && *first == prepend && *second == replace => Ok(SpaceBefore::All),
        [only] if !cuts && *only == replace => Ok(SpaceBefore::Never),
        [] => match pre_tokenizer {
            [meta] if meta["type"] == "Metaspace" => metaspace(meta),
            _ => Err(unknown("pre_tokenizer", &tokenizer["pre_tokenizer"])),
        },
        _ if cuts => Err(unknown("pre_tokenizer", &tokenizer["pre_tokenizer"])),
        _ => Err(unknown("normalizer", &tokenizer["normalizer"])),
    }
}

fn metaspace(meta: &Json) -> Result<SpaceBefore, InferenceError> {
    if meta["replacement"] != SPACE || meta["split"] != false {
        return Err(unknown("pre_tokenizer", meta));
    }
    match (meta["prepend_scheme"].as_str(), meta["add_prefix_space"].as_bool()) {
        (Some("never"), _) => Ok(SpaceBefore::Never),
        (Some("always") | None, None | Some(true)) => Ok(SpaceBefore::AllWithout),
        (Some("first"), None | Some(true)) => Ok(SpaceBefore::FirstWithout),
        _ => Err(unknown("pre_tokenizer", meta)),
    }
}

/// Whether the first space of an answer is dropped.
fn strips_space(decoder: &Json) -> Result<bool, InferenceError> {
    let common = [
        json!({ "type": "Replace", "pattern": { "String": SPACE }, "content": " " }),
        json!({ "type": "ByteFallback" }),
        json!({ "type": "Fuse" }),
    ];
    let strip = json!({ "type": "Strip", "content": " ", "start": 1, "stop": 0 });
    match steps(decoder, "decoders") {
        [first @ .., last] if first == common && *last == strip => Ok(true),
        all if all == common => Ok(false),
        _ => Err(unknown("decoder", decoder)),
    }
}

/// The steps of a sequence, or the only one.
fn steps<'d>(described: &'d Json, key: &str) -> &'d [Json] {
    match described {
        Json::Null => &[],
        sequence if sequence["type"] == "Sequence" => sequence[key].as_array().map_or(&[], Vec::as_slice),
        one => std::slice::from_ref(one),
    }
}

fn unknown(part: &str, value: &Json) -> InferenceError {
    tokenizer_error(format!("its tokenizer.json has {value} as {part}, which is not known here"))
}
