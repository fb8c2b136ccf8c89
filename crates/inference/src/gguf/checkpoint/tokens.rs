//! `tokenizer.json` or `tokenizer.model`, and what stands beside it, as the metadata of a GGUF file.

use std::fs;

use serde_json::Value as Json;

use super::added::Added;
use super::{Checkpoint, Value, json, optional};
use crate::tokenizer::pre_tokenizer_name;
use crate::{InferenceError, mapped};

/// Token types of `tokenizer.ggml.token_type`.
pub(super) const NORMAL: i64 = 1;
pub(super) const UNKNOWN: i64 = 2;
pub(super) const CONTROL: i64 = 3;
pub(super) const USER_DEFINED: i64 = 4;
pub(super) const UNUSED: i64 = 5;
pub(super) const BYTE: i64 = 6;

/// One token of a vocabulary.
pub(super) struct Token {
    pub(super) id: i64,
    pub(super) text: String,
    pub(super) kind: i64,
}

impl Checkpoint<'_> {
    pub(super) fn tokenizer(&mut self) -> Result<(), InferenceError> {
        let settings = optional(&self.folder.join("tokenizer_config.json"))?.unwrap_or_default();
        let (described, model) = (self.folder.join("tokenizer.json"), self.folder.join("tokenizer.model"));
        if described.is_file() || !model.is_file() {
            self.described(&json(&described)?, &settings)?;
        } else {
            self.sentence_piece(&mapped::read(&model)?, &settings)?;
        }
        self.template(&settings)
    }

    /// Sets what a `tokenizer.json` says.
    fn described(&mut self, tokenizer: &Json, settings: &Json) -> Result<(), InferenceError> {
        let kind = tokenizer["model"]["type"].as_str().unwrap_or("of no kind");
        if kind != "BPE" {
            let kind = if kind == "Unigram" { "a Unigram model" } else { kind };
            let reason = format!(
                "its tokenizer.json is {kind}, and chat models are read with byte-pair encoding only; a GGUF \
                 file of the model may be read"
            );
            return Err(tokenizer_error(reason));
        }
        let merges = tokenizer["model"]["merges"].as_array().map_or([].as_slice(), Vec::as_slice);
        let merges = merges.iter().map(|one| merge(one).ok_or_else(|| not_a_pair(one)));
        let merges = merges.collect::<Result<_, _>>()?;
        self.set("tokenizer.ggml.merges", Value::Texts(merges));
        let added = Added::described(tokenizer);
        let plain = plain(tokenizer)?;
        let tokens = if tokenizer["model"]["byte_fallback"] == true {
            let plain = self.pieces(tokenizer, settings, plain, &added)?;
            self.vocabulary(plain, &added)?
        } else {
            let pre = pre_tokenizer_name(&tokenizer["pre_tokenizer"])
                .ok_or_else(|| tokenizer_error("its tokenizer.json cuts text in a way that is not known"))?;
            self.set("tokenizer.ggml.model", Value::Text("gpt2".into()));
            self.set("tokenizer.ggml.pre", Value::Text(pre.into()));
            self.vocabulary(plain, &added)?
        };
        let processor = tokenizer["post_processor"].to_string();
        let begins = |begin: &str| processor.contains(&format!("\"{begin}\""));
        self.begin(settings, &tokens, named(settings, "bos_token").is_some_and(begins));
        self.ends(named(settings, "eos_token").and_then(|end| position(&tokens, end)))
    }

    /// Sets tokens and their types, and gives the tokens by their ids.
    pub(super) fn vocabulary(
        &mut self,
        mut known: Vec<Token>,
        added: &[Added],
    ) -> Result<Vec<String>, InferenceError> {
        known.extend(added.iter().map(|added| Token {
            id: added.id,
            text: added.text.clone(),
            kind: added.kind(),
        }));
        let most = 4 * known.len() as i64;
        if known.iter().any(|token| token.id < 0 || token.id > most) {
            return Err(tokenizer_error("its vocabulary has impossible ids"));
        }
        let count = known.iter().map(|token| token.id as usize + 1).max().unwrap_or(0);
        let mut tokens = vec![String::new(); count];
        let mut types = vec![UNUSED; count];
        for Token { id, text, kind } in known {
            let (token, known_kind) = (&mut tokens[id as usize], &mut types[id as usize]);
            if *known_kind != UNUSED && *token != text {
                return Err(tokenizer_error(format!("its vocabulary has the id {id} for two tokens")));
            }
            *token = text;
            // What is no text stays that, whatever it is said to be besides.
            if !matches!(*known_kind, UNKNOWN | CONTROL) {
                *known_kind = kind;
            }
        }
        self.set("tokenizer.ggml.tokens", Value::Texts(tokens.clone()));
        self.set("tokenizer.ggml.token_type", Value::Ints(types));
        Ok(tokens)
    }

    /// Sets the token that begins a text, and whether prompts begin with it where the settings do not
    /// say.
    pub(super) fn begin(&mut self, settings: &Json, tokens: &[String], begins: bool) {
        let begin = named(settings, "bos_token").and_then(|begin| position(tokens, begin));
        let begins = settings["add_bos_token"].as_bool().unwrap_or(begins);
        self.set("tokenizer.ggml.add_bos_token", Value::Bool(begins && begin.is_some()));
        if let Some(begin) = begin {
            self.set("tokenizer.ggml.bos_token_id", Value::Int(begin));
        }
    }

    /// Sets what ends a turn: the named token, and those that the settings of generation add.
    pub(super) fn ends(&mut self, named: Option<i64>) -> Result<(), InferenceError> {
        let generation = optional(&self.folder.join("generation_config.json"))?.unwrap_or_default();
        let mut ids: Vec<i64> = named.into_iter().collect();
        for source in [&generation["eos_token_id"], &self.config["eos_token_id"]] {
            let listed = source.as_array().into_iter().flatten().chain(source.is_i64().then_some(source));
            for id in listed.filter_map(Json::as_i64) {
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        // As many as GGUF has names for.
        for (key, id) in ["eos_token_id", "eot_token_id", "eom_token_id"].into_iter().zip(ids) {
            self.set(&format!("tokenizer.ggml.{key}"), Value::Int(id));
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

/// The tokens of a `tokenizer.json` without the added ones.
fn plain(tokenizer: &Json) -> Result<Vec<Token>, InferenceError> {
    let plain = tokenizer["model"]["vocab"].as_object();
    let plain = plain.ok_or_else(|| tokenizer_error("its tokenizer.json has no vocabulary"))?;
    let token = |(text, id): (&String, &Json)| {
        let id = id.as_i64().unwrap_or(-1);
        Token { id, text: text.clone(), kind: NORMAL }
    };
    Ok(plain.iter().map(token).collect())
}

/// The text of a token that the settings name for a purpose.
pub(super) fn named<'s>(settings: &'s Json, key: &str) -> Option<&'s str> {
    settings[key].as_str().or(settings[key]["content"].as_str())
}

pub(super) fn position(tokens: &[String], text: &str) -> Option<i64> {
    tokens.iter().position(|token| token == text).map(|id| id as i64)
}

/// "left right", or the pair.
fn merge(merge: &Json) -> Option<String> {
    match merge {
        Json::String(text) => (text.split(' ').count() == 2).then(|| text.clone()),
        Json::Array(pair) => {
            let [left, right] = pair.as_slice() else { return None };
            let (left, right) = (left.as_str()?, right.as_str()?);
            (!left.contains(' ') && !right.contains(' ')).then(|| format!("{left} {right}"))
        }
        _ => None,
    }
}

fn not_a_pair(merge: &Json) -> InferenceError {
    tokenizer_error(format!("the merge {merge} of its tokenizer.json is not a pair"))
}

pub(super) fn tokenizer_error(reason: impl Into<String>) -> InferenceError {
    InferenceError::Tokenizer { reason: reason.into(), source: None }
}
