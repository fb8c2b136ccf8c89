//! Byte-level BPE from the metadata of a GGUF file.
//!
//! Text from people and documents must never act as a control token:
//! [`BpeTokenizer::encode_plain`] cannot yield a control id whatever the text says, and
//! [`BpeTokenizer::encode_segments`] recognises control tokens only in what a template wrote.

use std::collections::HashMap;

use tokenizers::Tokenizer;
use tokenizers::models::bpe::{BPE, Vocab};

use super::pretokenizer::PreTokenizer;
use crate::InferenceError;
use crate::gguf::Gguf;

/// Token types of `tokenizer.ggml.token_type`, as in llama.cpp's `llama.h`.
const NORMAL: i64 = 1;
const CONTROL: i64 = 3;
const USER_DEFINED: i64 = 4;

/// Control tokens that end a turn in the templates of known models.
const END_OF_TURN: [&str; 9] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<end_of_turn>",
    "<|eot|>",
    "</s>",
];

/// Stands for a character that the vocabulary has no bytes for.
const REPLACEMENT: char = '\u{FFFD}';

/// What an id stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Made by merging; its bytes are part of a text.
    Text,
    /// Matched as a whole in markup; its bytes are part of a text, such as `<think>`.
    UserDefined,
    /// Matched as a whole in markup; has no text.
    Control,
    /// Not used by the model.
    Unused,
}

/// A piece of a rendered prompt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// Written by the template: control tokens count.
    Markup(&'a str),
    /// Said by somebody: characters only.
    Data(&'a str),
}

/// The tokenizer of one chat model.
pub(crate) struct BpeTokenizer {
    /// Without any added token: it knows bytes and merges only.
    merging: Tokenizer,
    /// Tokens matched as a whole in markup, longest first.
    markers: Vec<(String, u32)>,
    /// The bytes of each id; none for control tokens.
    bytes: Vec<Box<[u8]>>,
    kinds: Vec<Kind>,
    /// Bytes that no token stands for.
    missing: [bool; 256],
    begin: Option<u32>,
    end: Option<u32>,
    begins_prompts: bool,
    stops: Vec<u32>,
}

impl BpeTokenizer {
    /// Reads the tokenizer of `file`.
    ///
    /// # Errors
    /// [`InferenceError::Tokenizer`] if it is of a kind, or cuts text in a way, that is not known.
    pub(crate) fn open(file: &Gguf) -> Result<Self, InferenceError> {
        let model = file.text("tokenizer.ggml.model").unwrap_or("none");
        if model != "gpt2" {
            return Err(failed(format!("tokenizers of the kind \"{model}\" are not supported")));
        }
        let name = file.text("tokenizer.ggml.pre").unwrap_or("default");
        let pre = PreTokenizer::named(name)
            .ok_or_else(|| failed(format!("the pre-tokenizer \"{name}\" is not known")))?;
        let vocabulary = Vocabulary::read(file)?;
        let merging = vocabulary.merging(file, &pre)?;
        let special = |key| vocabulary.special(file, key);
        let begin = special("tokenizer.ggml.bos_token_id")?;
        let end = special("tokenizer.ggml.eos_token_id")?;
        let mut stops: Vec<u32> = end.into_iter().collect();
        stops.extend(special("tokenizer.ggml.eot_token_id")?);
        stops.extend(special("tokenizer.ggml.eom_token_id")?);
        stops.extend(vocabulary.named_controls(&END_OF_TURN));
        stops.sort_unstable();
        stops.dedup();
        if stops.is_empty() {
            return Err(failed("the file names no token that ends an answer"));
        }
        let bytes = vocabulary.bytes();
        let mut missing = [true; 256];
        for token in bytes.iter().filter(|token| token.len() == 1) {
            missing[usize::from(token[0])] = false;
        }
        Ok(Self {
            merging,
            markers: vocabulary.markers(),
            bytes,
            kinds: vocabulary.kinds,
            missing,
            begin,
            end,
            begins_prompts: file.flag("tokenizer.ggml.add_bos_token").unwrap_or(false),
            stops,
        })
    }

    /// Ids of `text` as data: no control or user-defined token, whatever it says. Characters that
    /// the vocabulary cannot spell become U+FFFD.
    pub(crate) fn encode_plain(&self, text: &str) -> Result<Vec<u32>, InferenceError> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let spelled = self.spellable(text);
        let encoding = self.merging.encode_fast(spelled.as_ref(), false).map_err(|source| {
            InferenceError::Tokenizer { reason: "a text could not be encoded".into(), source: Some(source) }
        })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Ids of `text` as markup: control and user-defined tokens are recognised.
    #[cfg(test)]
    pub(crate) fn encode_markup(&self, text: &str) -> Result<Vec<u32>, InferenceError> {
        self.encode_segments(&[Segment::Markup(text)])
    }

    /// Ids of a prompt. Control and user-defined tokens are recognised in its markup only; the text
    /// between two of them is encoded in one piece, as if it had been written by one hand.
    pub(crate) fn encode_segments(&self, segments: &[Segment<'_>]) -> Result<Vec<u32>, InferenceError> {
        let mut ids = Vec::new();
        let mut plain = String::new();
        for segment in segments {
            let mut rest = match segment {
                Segment::Markup(text) => *text,
                Segment::Data(text) => {
                    plain.push_str(text);
                    continue;
                }
            };
            while let Some(first) = rest.chars().next() {
                if let Some((text, id)) = self.markers.iter().find(|(text, _)| rest.starts_with(text)) {
                    ids.extend(self.encode_plain(&plain)?);
                    plain.clear();
                    ids.push(*id);
                    rest = &rest[text.len()..];
                } else {
                    plain.push(first);
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        ids.extend(self.encode_plain(&plain)?);
        Ok(ids)
    }

    /// The bytes `id` adds to a text; not always whole characters, none for a control token.
    pub(crate) fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], |bytes| bytes)
    }

    /// Whether `id` must not appear inside an answer: control tokens and unused ones.
    pub(crate) fn is_hidden(&self, id: u32) -> bool {
        !matches!(self.kinds.get(id as usize), Some(Kind::Text | Kind::UserDefined))
    }

    /// Ids after which the model has ended its turn; never empty.
    pub(crate) fn stops(&self) -> &[u32] {
        &self.stops
    }

    /// The id that every prompt begins with, if the model wants one.
    pub(crate) fn prompt_begin(&self) -> Option<u32> {
        self.begin.filter(|_| self.begins_prompts)
    }

    /// Text of the token that begins a text, for templates that write it.
    pub(crate) fn begin_text(&self) -> &str {
        self.marker_text(self.begin)
    }

    /// Text of the token that ends a text, for templates that write it.
    pub(crate) fn end_text(&self) -> &str {
        self.marker_text(self.end)
    }

    /// Number of ids.
    pub(crate) fn vocabulary_len(&self) -> usize {
        self.bytes.len()
    }

    fn marker_text(&self, id: Option<u32>) -> &str {
        let found = self.markers.iter().find(|(_, marker)| Some(*marker) == id);
        found.map_or("", |(text, _)| text)
    }

    fn spellable<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
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

/// The tokens of a file, before a tokenizer is made of them.
struct Vocabulary<'f> {
    tokens: &'f [String],
    kinds: Vec<Kind>,
}

impl<'f> Vocabulary<'f> {
    fn read(file: &'f Gguf) -> Result<Self, InferenceError> {
        let tokens =
            file.texts("tokenizer.ggml.tokens").ok_or_else(|| failed("the file has no vocabulary"))?;
        let types = file.ints("tokenizer.ggml.token_type").unwrap_or(&[]);
        if !types.is_empty() && types.len() != tokens.len() {
            return Err(failed("the vocabulary and its token types differ in length"));
        }
        let kind = |id| match types.get(id).copied().unwrap_or(NORMAL) {
            NORMAL => Kind::Text,
            CONTROL => Kind::Control,
            USER_DEFINED => Kind::UserDefined,
            _ => Kind::Unused,
        };
        Ok(Self { tokens, kinds: (0..tokens.len()).map(kind).collect() })
    }

    /// BPE over the plain tokens only: no text can be merged into a control token.
    fn merging(&self, file: &Gguf, pre: &PreTokenizer) -> Result<Tokenizer, InferenceError> {
        let merges = file.texts("tokenizer.ggml.merges").ok_or_else(|| failed("the file has no merges"))?;
        let merges = merges
            .iter()
            .map(|merge| {
                merge
                    .split_once(' ')
                    .map(|(left, right)| (left.to_owned(), right.to_owned()))
                    .ok_or_else(|| failed(format!("the merge \"{merge}\" is not a pair")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let plain = self.ids().filter(|(_, kind, _)| *kind == Kind::Text);
        let vocabulary: Vocab = plain.map(|(id, _, text)| (text.to_owned(), id)).collect();
        let library = |source| InferenceError::Tokenizer {
            reason: "the vocabulary and its merges do not fit".into(),
            source: Some(source),
        };
        let bpe = BPE::builder()
            .vocab_and_merges(vocabulary, merges)
            .ignore_merges(pre.ignore_merges)
            .build()
            .map_err(library)?;
        let mut tokenizer = Tokenizer::new(bpe);
        tokenizer
            .with_normalizer(pre.normalizer())
            .map_err(library)?
            .with_pre_tokenizer(Some(pre.build().map_err(library)?));
        Ok(tokenizer)
    }

    fn ids(&self) -> impl Iterator<Item = (u32, Kind, &'f str)> {
        let both = self.tokens.iter().zip(&self.kinds);
        both.enumerate().map(|(id, (text, &kind))| (id as u32, kind, text.as_str()))
    }

    fn markers(&self) -> Vec<(String, u32)> {
        let whole = |kind| matches!(kind, Kind::Control | Kind::UserDefined);
        let mut markers: Vec<_> = self
            .ids()
            .filter(|(_, kind, text)| whole(*kind) && !text.is_empty())
            .map(|(id, _, text)| (text.to_owned(), id))
            .collect();
        markers.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        markers
    }

    fn bytes(&self) -> Vec<Box<[u8]>> {
        let decode = byte_of_char();
        self.ids()
            .map(|(_, kind, text)| match kind {
                Kind::Text => spell(text, &decode),
                Kind::UserDefined => text.as_bytes().into(),
                Kind::Control | Kind::Unused => Box::default(),
            })
            .collect()
    }

    fn named_controls(&self, names: &[&str]) -> impl Iterator<Item = u32> {
        self.ids()
            .filter(|(_, kind, text)| *kind == Kind::Control && names.contains(text))
            .map(|(id, _, _)| id)
    }

    fn special(&self, file: &Gguf, key: &str) -> Result<Option<u32>, InferenceError> {
        match file.int(key) {
            None => Ok(None),
            Some(id) => u32::try_from(id)
                .ok()
                .filter(|&id| (id as usize) < self.tokens.len())
                .map(Some)
                .ok_or_else(|| failed(format!("{key} is outside the vocabulary"))),
        }
    }
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

fn failed(reason: impl Into<String>) -> InferenceError {
    InferenceError::Tokenizer { reason: reason.into(), source: None }
}
