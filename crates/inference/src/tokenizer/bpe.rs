//! Byte-level byte-pair encoding, `gpt2` in a GGUF file.

use std::borrow::Cow;
use std::collections::HashMap;

use tokenizers::Tokenizer;
use tokenizers::models::bpe::{BPE, Merges, Vocab};

use super::failed;
use super::pretokenizer::PreTokenizer;
use super::vocabulary::{Kind, Vocabulary};
use crate::InferenceError;
use crate::gguf::Gguf;

/// Stands for a character that the vocabulary has no bytes for.
const REPLACEMENT: char = '\u{FFFD}';

pub(super) struct Bpe {
    /// Without any added token: it knows bytes and merges only.
    merging: Tokenizer,
    /// Bytes that no token stands for.
    missing: [bool; 256],
    /// Whether models with this tokenizer begin prompts with a token when the file does not say.
    pub(super) begins_prompts: bool,
}

impl Bpe {
    pub(super) fn read(file: &Gguf, vocabulary: &Vocabulary<'_>) -> Result<Self, InferenceError> {
        let name = file.text("tokenizer.ggml.pre").unwrap_or("default");
        let pre = PreTokenizer::named(name)
            .ok_or_else(|| failed(format!("the pre-tokenizer \"{name}\" is not known")))?;
        let mut missing = [true; 256];
        let decode = byte_of_char();
        for (_, kind, text) in vocabulary.ids() {
            let mut chars = text.chars();
            if let (Kind::Text, Some(c), None) = (kind, chars.next(), chars.next())
                && let Some(&byte) = decode.get(&c)
            {
                missing[usize::from(byte)] = false;
            }
        }
        let merging = merging(file, vocabulary, &pre)?;
        Ok(Self { merging, missing, begins_prompts: pre.begins_prompts })
    }

    /// Ids of `text`. Characters that the vocabulary cannot spell become U+FFFD.
    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), InferenceError> {
        let spelled = self.spellable(text);
        let encoding = self.merging.encode_fast(spelled.as_ref(), false).map_err(not_encoded)?;
        ids.extend(encoding.get_ids());
        Ok(())
    }

    fn spellable<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let missing = |c: char| {
            let mut buffer = [0; 4];
            let bytes = c.encode_utf8(&mut buffer).bytes();
            bytes.into_iter().any(|b| self.missing[usize::from(b)])
        };
        if !text.bytes().any(|b| self.missing[usize::from(b)]) {
            return text.into();
        }
        text.chars().map(|c| if missing(c) { REPLACEMENT } else { c }).collect::<String>().into()
    }
}

/// BPE over the plain tokens only: no text can be merged into a control token.
fn merging(
    file: &Gguf,
    vocabulary: &Vocabulary<'_>,
    pre: &PreTokenizer,
) -> Result<Tokenizer, InferenceError> {
    let plain = vocabulary.ids().filter(|(_, kind, _)| *kind == Kind::Text);
    let tokens: Vocab = plain.map(|(id, _, text)| (text.to_owned(), id)).collect();
    let bpe = BPE::builder()
        .vocab_and_merges(tokens, merges(file)?)
        .ignore_merges(pre.ignore_merges)
        .build()
        .map_err(unfit)?;
    let mut tokenizer = Tokenizer::new(bpe);
    tokenizer
        .with_normalizer(pre.normalizer())
        .map_err(unfit)?
        .with_pre_tokenizer(Some(pre.build().map_err(unfit)?));
    Ok(tokenizer)
}

/// The pairs that may be merged, the first first.
pub(super) fn merges(file: &Gguf) -> Result<Merges, InferenceError> {
    let merges = file.texts("tokenizer.ggml.merges").ok_or_else(|| failed("the file has no merges"))?;
    let pair = |merge: &String| {
        let pair = merge.split_once(' ').map(|(left, right)| (left.to_owned(), right.to_owned()));
        pair.ok_or_else(|| failed(format!("the merge \"{merge}\" is not a pair")))
    };
    merges.iter().map(pair).collect()
}

/// The library does not take the vocabulary with its merges.
pub(super) fn unfit(source: tokenizers::Error) -> InferenceError {
    let reason = "the vocabulary and its merges do not fit".into();
    InferenceError::Tokenizer { reason, source: Some(source) }
}

/// The library does not take a text.
pub(super) fn not_encoded(source: tokenizers::Error) -> InferenceError {
    InferenceError::Tokenizer { reason: "a text could not be encoded".into(), source: Some(source) }
}

/// The bytes of each id.
pub(super) fn bytes(vocabulary: &Vocabulary<'_>) -> Vec<Box<[u8]>> {
    let decode = byte_of_char();
    vocabulary
        .ids()
        .map(|(_, kind, text)| match kind {
            Kind::Text => spell(text, &decode),
            Kind::UserDefined => text.as_bytes().into(),
            Kind::Byte | Kind::Control | Kind::Unused => Box::default(),
        })
        .collect()
}

/// The characters GPT-2's vocabulary writes bytes with, as in OpenAI's `encoder.py`: printable
/// Latin-1 stands for itself, the other bytes for U+0100 onwards in order.
fn byte_of_char() -> HashMap<char, u8> {
    let printable = |byte: u8| matches!(byte, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut shifted = 0x100..;
    (0..=u8::MAX)
        .map(|byte| {
            let code = if printable(byte) { u32::from(byte) } else { shifted.next().unwrap_or_default() };
            (char::from_u32(code).unwrap_or_default(), byte)
        })
        .collect()
}

/// The bytes of a token; characters outside the byte alphabet stand for themselves.
fn spell(token: &str, decode: &HashMap<char, u8>) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(token.len());
    for c in token.chars() {
        match decode.get(&c) {
            Some(&byte) => bytes.push(byte),
            None => bytes.extend(c.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    bytes.into()
}
