//! `tokenizer.model`, the vocabulary as SentencePiece writes it: a message of Protocol Buffers, whose
//! fields are those of SentencePiece's `sentencepiece_model.proto`.
//!
//! It becomes what llama.cpp's converter makes of it, pieces with their scores and types; a model that
//! is not byte-pair encoding, or changes texts before it, is refused by name.

use serde_json::Value as Json;

use super::added::{self, Added};
use super::protobuf::{Field, Malformed, Message};
use super::tokens::{CONTROL, NORMAL, Token, UNUSED, USER_DEFINED, named, position, tokenizer_error};
use super::{Checkpoint, Value, optional};
use crate::InferenceError;
use crate::tokenizer::SpaceBefore;

/// Score of tokens that are not in the model itself; no text is merged to them.
const ADDED_SCORE: f32 = -1000.0;

/// The parts of a model that decide what becomes of a text.
struct Model {
    tokens: Vec<Token>,
    scores: Vec<f32>,
    /// 1 Unigram, 2 byte-pair encoding, 3 words, 4 characters.
    kind: u64,
    byte_fallback: bool,
    space_is_suffix: bool,
    /// Ids of the tokens that begin and end a text.
    begin: i64,
    end: i64,
    /// Whether characters are replaced first.
    replaces: bool,
    space_before: bool,
    removes_spaces: bool,
    escapes_spaces: bool,
}

impl Checkpoint<'_> {
    /// Sets what a `tokenizer.model` says, and what is added beside it.
    pub(super) fn sentence_piece(&mut self, bytes: &[u8], settings: &Json) -> Result<(), InferenceError> {
        let model = Model::read(bytes)
            .map_err(|Malformed| tokenizer_error("its tokenizer.model is not what SentencePiece writes"))?;
        model.check()?;
        let Model { tokens, mut scores, begin, end, .. } = model;
        let added = self.added(settings, &tokens)?;
        added::check(&added, false)?;
        let before = match (model.space_before, settings["legacy"].as_bool()) {
            (false, _) => SpaceBefore::Never,
            (true, Some(false)) => SpaceBefore::FirstWithout,
            (true, _) => SpaceBefore::All,
        };
        self.set_spaces(settings, before, model.space_before, &added)?;
        self.set("tokenizer.ggml.model", Value::Text("llama".into()));
        let tokens = self.vocabulary(tokens, &added)?;
        scores.resize(tokens.len(), ADDED_SCORE);
        self.set("tokenizer.ggml.scores", Value::Floats(scores));
        self.begin(settings, &tokens, true);
        if named(settings, "bos_token").is_none() && begin >= 0 {
            let begins = settings["add_bos_token"].as_bool().unwrap_or(true);
            self.set("tokenizer.ggml.add_bos_token", Value::Bool(begins));
            self.set("tokenizer.ggml.bos_token_id", Value::Int(begin));
        }
        let end = named(settings, "eos_token").map_or(Some(end), |end| position(&tokens, end));
        self.ends(end.filter(|&end| end >= 0))
    }

    /// The tokens that the settings add, with those of an `added_tokens.json`.
    fn added(&self, settings: &Json, tokens: &[Token]) -> Result<Vec<Added>, InferenceError> {
        let mut added = Added::configured(settings)?;
        // What the settings only repeat is no other token.
        added.retain(|one| {
            let known = usize::try_from(one.id).ok().and_then(|id| tokens.get(id));
            one.takes_space || known.is_none_or(|token| token.text != one.text)
        });
        let more = optional(&self.folder.join("added_tokens.json"))?.unwrap_or_default();
        for (text, id) in more.as_object().into_iter().flatten() {
            let id = id.as_i64().unwrap_or(-1);
            if added.iter().all(|added| added.id != id) {
                added.push(Added::user_defined(id, text));
            }
        }
        Ok(added)
    }
}

impl Model {
    fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        // What the fields are when they are not written.
        let mut model = Self {
            tokens: Vec::new(),
            scores: Vec::new(),
            kind: 1,
            byte_fallback: false,
            space_is_suffix: false,
            begin: 1,
            end: 2,
            replaces: false,
            space_before: true,
            removes_spaces: true,
            escapes_spaces: true,
        };
        for field in Message(bytes) {
            match field? {
                (1, Field::Bytes(piece)) => model.piece(Message(piece))?,
                (2, Field::Bytes(trainer)) => model.trainer(Message(trainer))?,
                (3, Field::Bytes(normalizer)) => model.normalizer(Message(normalizer))?,
                (1..=3, _) => return Err(Malformed),
                _ => {}
            }
        }
        Ok(model)
    }

    fn piece(&mut self, message: Message<'_>) -> Result<(), Malformed> {
        let (mut text, mut score, mut kind) = (String::new(), 0.0, NORMAL);
        for field in message {
            match field? {
                (1, Field::Bytes(bytes)) => {
                    text = String::from_utf8(bytes.to_vec()).map_err(|_| Malformed)?;
                }
                (2, Field::Four(bytes)) => score = f32::from_le_bytes(bytes),
                // The types have the numbers that GGUF gives them.
                (3, Field::Number(number)) => kind = i64::try_from(number).map_err(|_| Malformed)?,
                (1..=3, _) => return Err(Malformed),
                _ => {}
            }
        }
        if kind == USER_DEFINED {
            // They are looked for in the text as it was written.
            text = text.replace('\u{2581}', " ");
        }
        self.tokens.push(Token { id: self.tokens.len() as i64, text, kind });
        self.scores.push(score);
        Ok(())
    }

    fn trainer(&mut self, message: Message<'_>) -> Result<(), Malformed> {
        for field in message {
            match field? {
                (3, Field::Number(kind)) => self.kind = kind,
                (24, Field::Number(suffix)) => self.space_is_suffix = suffix != 0,
                (35, Field::Number(fallback)) => self.byte_fallback = fallback != 0,
                // Negative numbers take ten bytes: there is no such token.
                (41, Field::Number(begin)) => self.begin = begin as i64,
                (42, Field::Number(end)) => self.end = end as i64,
                _ => {}
            }
        }
        Ok(())
    }

    fn normalizer(&mut self, message: Message<'_>) -> Result<(), Malformed> {
        for field in message {
            match field? {
                (2 | 6, Field::Bytes(rules)) => self.replaces |= !rules.is_empty(),
                (3, Field::Number(before)) => self.space_before = before != 0,
                (4, Field::Number(removes)) => self.removes_spaces = removes != 0,
                (5, Field::Number(escapes)) => self.escapes_spaces = escapes != 0,
                _ => {}
            }
        }
        Ok(())
    }

    /// Refuses what would give other ids here.
    fn check(&self) -> Result<(), InferenceError> {
        let kind = match self.kind {
            2 => "",
            1 => "is a Unigram model",
            3 => "knows whole words only",
            4 => "knows characters only",
            _ => "is of an unknown kind",
        };
        let space = |token: &Token| token.kind == USER_DEFINED && token.text.chars().all(char::is_whitespace);
        let reasons = [
            (!kind.is_empty(), kind),
            (!self.byte_fallback, "has no bytes for characters without a token"),
            (self.space_is_suffix, "has spaces at the end of words"),
            (self.replaces, "replaces characters"),
            (self.removes_spaces, "drops spaces"),
            (!self.escapes_spaces, "leaves spaces as they are"),
            (self.tokens.iter().any(|token| token.kind == UNUSED), "has tokens that are taken apart again"),
            (
                self.space_before && self.tokens.iter().any(space),
                "puts a space before texts, but not after its tokens of white space",
            ),
        ];
        match reasons.into_iter().find(|(holds, _)| *holds) {
            Some((_, reason)) => Err(tokenizer_error(format!(
                "its tokenizer.model {reason}, which is not read; a tokenizer.json beside it or a GGUF file of \
                 the model may be"
            ))),
            None if self.tokens.iter().all(|token| token.kind != CONTROL) => {
                Err(tokenizer_error("its tokenizer.model has no control token"))
            }
            None => Ok(()),
        }
    }
}
