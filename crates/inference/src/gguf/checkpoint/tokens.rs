//! `tokenizer.json` and what stands beside it as the metadata of a GGUF file.

use std::fs;

use serde_json::Value as Json;

use super::{Checkpoint, Value, json, optional};
use crate::InferenceError;
use crate::tokenizer::pre_tokenizer_name;

/// Token types of `tokenizer.ggml.token_type`.
const NORMAL: i64 = 1;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;
const UNUSED: i64 = 5;

impl Checkpoint<'_> {
    pub(super) fn tokenizer(&mut self) -> Result<(), InferenceError> {
        let tokenizer = json(&self.folder.join("tokenizer.json"))?;
        let settings = optional(&self.folder.join("tokenizer_config.json"))?.unwrap_or_default();
        if tokenizer["model"]["type"].as_str() != Some("BPE") || tokenizer["model"]["byte_fallback"] == true {
            let reason = "its tokenizer.json is not byte-level BPE, the only kind read from a checkpoint; a \
                          GGUF file of the model can be used";
            return Err(tokenizer_error(reason));
        }
        let pre = pre_tokenizer_name(&tokenizer["pre_tokenizer"])
            .ok_or_else(|| tokenizer_error("its tokenizer.json cuts text in a way that is not known"))?;
        self.set("tokenizer.ggml.model", Value::Text("gpt2".into()));
        self.set("tokenizer.ggml.pre", Value::Text(pre.into()));
        let tokens = self.vocabulary(&tokenizer)?;
        let merges =
            tokenizer["model"]["merges"].as_array().map(|all| all.iter().filter_map(merge).collect());
        self.set("tokenizer.ggml.merges", Value::Texts(merges.unwrap_or_default()));
        let id = |text: &str| tokens.iter().position(|token| token == text).map(|id| Value::Int(id as i64));
        let named = |key: &str| settings[key].as_str().or(settings[key]["content"].as_str());
        let begin = named("bos_token").and_then(id);
        let begins = settings["add_bos_token"].as_bool().unwrap_or_else(|| {
            let processor = tokenizer["post_processor"].to_string();
            named("bos_token").is_some_and(|begin| processor.contains(&format!("\"{begin}\"")))
        });
        self.set("tokenizer.ggml.add_bos_token", Value::Bool(begins && begin.is_some()));
        if let Some(begin) = begin {
            self.set("tokenizer.ggml.bos_token_id", begin);
        }
        let end = named("eos_token").and_then(id);
        self.ends(end)?;
        self.template(&settings)
    }

    /// Sets tokens and their types, and gives the tokens.
    fn vocabulary(&mut self, tokenizer: &Json) -> Result<Vec<String>, InferenceError> {
        let plain = tokenizer["model"]["vocab"].as_object();
        let plain = plain.ok_or_else(|| tokenizer_error("its tokenizer.json has no vocabulary"))?;
        let mut known: Vec<(i64, &str, i64)> = Vec::new();
        for (text, id) in plain {
            known.push((id.as_i64().unwrap_or(-1), text, NORMAL));
        }
        for token in tokenizer["added_tokens"].as_array().into_iter().flatten() {
            let kind = if token["special"] == true { CONTROL } else { USER_DEFINED };
            known.push((
                token["id"].as_i64().unwrap_or(-1),
                token["content"].as_str().unwrap_or_default(),
                kind,
            ));
        }
        let most = 4 * known.len() as i64;
        if known.iter().any(|&(id, _, _)| id < 0 || id > most) {
            return Err(tokenizer_error("its tokenizer.json has impossible ids"));
        }
        let count = known.iter().map(|&(id, _, _)| id as usize + 1).max().unwrap_or(0);
        let mut tokens = vec![String::new(); count];
        let mut types = vec![UNUSED; count];
        for (id, text, kind) in known {
            tokens[id as usize] = text.to_owned();
            types[id as usize] = kind;
        }
        self.set("tokenizer.ggml.tokens", Value::Texts(tokens.clone()));
        self.set("tokenizer.ggml.token_type", Value::Ints(types));
        Ok(tokens)
    }

    /// Sets what ends a turn: the named token, and those that the settings of generation add.
    fn ends(&mut self, named: Option<Value>) -> Result<(), InferenceError> {
        let generation = optional(&self.folder.join("generation_config.json"))?.unwrap_or_default();
        let mut ids: Vec<Value> = named.into_iter().collect();
        for source in [&generation["eos_token_id"], &self.config["eos_token_id"]] {
            let listed = source.as_array().into_iter().flatten().chain(source.is_i64().then_some(source));
            ids.extend(listed.filter_map(Json::as_i64).map(Value::Int));
        }
        ids.dedup();
        // As many as GGUF has names for.
        for (key, id) in ["eos_token_id", "eot_token_id", "eom_token_id"].into_iter().zip(ids) {
            self.set(&format!("tokenizer.ggml.{key}"), id);
        }
        Ok(())
    }

    fn template(&mut self, settings: &Json) -> Result<(), InferenceError> {
        let path = self.folder.join("chat_template.jinja");
        let template = if path.is_file() {
            Some(fs::read_to_string(&path).map_err(|source| InferenceError::Read { path, source })?)
        } else {
            let listed = settings["chat_template"].as_array().into_iter().flatten();
            let mut named =
                listed.filter(|one| one["name"] == "default").filter_map(|one| one["template"].as_str());
            settings["chat_template"].as_str().or_else(|| named.next()).map(str::to_owned)
        };
        if let Some(template) = template {
            self.set("tokenizer.chat_template", Value::Text(template));
        }
        Ok(())
    }
}

/// "left right", or the pair.
fn merge(merge: &Json) -> Option<String> {
    match merge {
        Json::String(text) => Some(text.clone()),
        Json::Array(pair) => Some(format!("{} {}", pair.first()?.as_str()?, pair.get(1)?.as_str()?)),
        _ => None,
    }
}

fn tokenizer_error(reason: &str) -> InferenceError {
    InferenceError::Tokenizer { reason: reason.to_owned(), source: None }
}
