//! The tokenizer of a chat model, from the metadata of its GGUF file.
//!
//! Text from people and documents must never act as a control token:
//! [`ChatTokenizer::encode_plain`] cannot yield a control id whatever the text says, and
//! [`ChatTokenizer::encode_segments`] recognises control tokens only in what a template wrote.

use std::collections::HashSet;

use super::bpe::{self, Bpe};
use super::failed;
use super::fallback::{BY_MERGES, FallbackBpe};
use super::markers::Markers;
use super::spm::{self, Spm};
use super::vocabulary::{Kind, Vocabulary};
use crate::InferenceError;
use crate::gguf::Gguf;

/// A piece of a rendered prompt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Segment<'a> {
    /// Written by the template: control tokens count.
    Markup(&'a str),
    /// Said by somebody: characters only.
    Data(&'a str),
}

/// Set for models from a checkpoint to a number of [`SpaceBefore`], which GGUF has no word for.
pub(crate) const SPACE_BEFORE: &str = "docent.space_before";

/// Set for models from a checkpoint: whether an answer's first space is nobody's.
pub(crate) const STRIPS_SPACE: &str = "docent.strips_space";

/// Set for models from a checkpoint to the ids of the markers that take the white space after them
/// along.
pub(crate) const TAKES_SPACE: &str = "docent.takes_space";

/// Before which texts a space is put that nobody wrote. A text begins a prompt or follows a token
/// that is matched as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpaceBefore {
    /// None.
    Never,
    /// Every text.
    All,
    /// Every text that does not begin with one.
    AllWithout,
    /// The text that begins a prompt, if it does not begin with one.
    FirstWithout,
}

impl SpaceBefore {
    fn read(file: &Gguf) -> Result<Self, InferenceError> {
        let all = [Self::Never, Self::All, Self::AllWithout, Self::FirstWithout];
        match file.int(SPACE_BEFORE) {
            Some(number) => all
                .into_iter()
                .find(|&way| way as i64 == number)
                .ok_or_else(|| failed(format!("{SPACE_BEFORE} is not {number}"))),
            None if file.flag("tokenizer.ggml.add_space_prefix") == Some(false) => Ok(Self::Never),
            None => Ok(Self::All),
        }
    }

    /// Whether one is put before `text`, the first of its prompt or not.
    fn is_put(self, text: &str, first: bool) -> bool {
        let without = !text.starts_with([' ', '\u{2581}']);
        match self {
            Self::Never => false,
            Self::All => true,
            Self::AllWithout => without,
            Self::FirstWithout => first && without,
        }
    }
}

/// How characters become tokens.
enum Merging {
    Bpe(Box<Bpe>),
    Spm(Spm),
    Fallback(Box<FallbackBpe>),
}

/// The tokenizer of one chat model.
pub(crate) struct ChatTokenizer {
    merging: Merging,
    /// Tokens matched as a whole in markup.
    markers: Markers,
    /// Tokens matched as a whole in any text.
    spaces: Markers,
    /// The bytes of each id; none for control tokens.
    bytes: Vec<Box<[u8]>>,
    kinds: Vec<Kind>,
    begin: Option<u32>,
    begin_text: String,
    end_text: String,
    begins_prompts: bool,
    stops: Vec<u32>,
    space_before: SpaceBefore,
    /// Whether an answer's first space is nobody's.
    strips_space: bool,
    /// Whether a marker takes the white space after it along.
    takes_space: Vec<bool>,
    /// What counts as white space there.
    is_space: fn(char) -> bool,
}

impl ChatTokenizer {
    /// Reads the tokenizer of `file`.
    ///
    /// # Errors
    /// [`InferenceError::Tokenizer`] if it is of a kind, or cuts text in a way, that is not known.
    pub(crate) fn open(file: &Gguf) -> Result<Self, InferenceError> {
        let model = file.text("tokenizer.ggml.model").unwrap_or("none");
        if !matches!(model, "gpt2" | "llama" | BY_MERGES) {
            return Err(failed(format!("tokenizers of the kind \"{model}\" are not supported")));
        }
        let vocabulary = Vocabulary::read(file)?;
        let (merging, bytes, begins_prompts) = match model {
            "gpt2" => {
                let bpe = Bpe::read(file, &vocabulary)?;
                let begins = bpe.begins_prompts;
                (Merging::Bpe(Box::new(bpe)), bpe::bytes(&vocabulary), begins)
            }
            "llama" => (Merging::Spm(Spm::read(file, &vocabulary)?), spm::bytes(&vocabulary), true),
            _ => {
                let fallback = FallbackBpe::read(file, &vocabulary)?;
                (Merging::Fallback(Box::new(fallback)), spm::bytes(&vocabulary), true)
            }
        };
        let space_before = if model == "gpt2" { SpaceBefore::Never } else { SpaceBefore::read(file)? };
        let begin = vocabulary.special(file, "bos_token_id")?;
        let end = vocabulary.special(file, "eos_token_id")?;
        let begins_prompts = file.flag("tokenizer.ggml.add_bos_token").unwrap_or(begins_prompts);
        if begins_prompts && begin.is_none() {
            return Err(failed("prompts begin with a token that the file does not name"));
        }
        let text = |id| vocabulary.ids().find(|&(other, _, _)| Some(other) == id);
        let marker_text = |id| match text(id) {
            Some((_, Kind::Control | Kind::UserDefined, text)) => text.to_owned(),
            _ => String::new(),
        };
        Ok(Self {
            markers: vocabulary.markers(),
            spaces: vocabulary.spaces(),
            begin_text: marker_text(begin),
            end_text: marker_text(end),
            stops: vocabulary.stops(file)?,
            takes_space: takes_space(file, &vocabulary),
            is_space: if file.has(TAKES_SPACE) { char::is_whitespace } else { is_c_space },
            kinds: vocabulary.kinds,
            merging,
            bytes,
            begin,
            begins_prompts,
            space_before,
            strips_space: file.flag(STRIPS_SPACE).unwrap_or(space_before != SpaceBefore::Never),
        })
    }

    /// Ids of `text` as data: no control token, and no user-defined one but white space, whatever
    /// it says.
    pub(crate) fn encode_plain(&self, text: &str) -> Result<Vec<u32>, InferenceError> {
        self.encode_segments(&[Segment::Data(text)])
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
            match segment {
                Segment::Data(text) => plain.push_str(text),
                Segment::Markup(text) => {
                    let rest = self.markers.cut(text, |before, id| {
                        plain.push_str(before);
                        self.encode_text(&plain, &mut ids)?;
                        plain.clear();
                        ids.push(id);
                        Ok::<_, InferenceError>(())
                    })?;
                    plain.push_str(rest);
                }
            }
        }
        self.encode_text(&plain, &mut ids)?;
        Ok(ids)
    }

    /// Adds the ids of a text that begins a prompt or follows a marker.
    fn encode_text(&self, mut text: &str, ids: &mut Vec<u32>) -> Result<(), InferenceError> {
        if ids.last().is_some_and(|&id| self.takes_space[id as usize]) {
            text = text.trim_start_matches(self.is_space);
        }
        let rest = self.spaces.cut(text, |before, id| {
            self.merge(before, ids)?;
            ids.push(id);
            Ok::<_, InferenceError>(())
        })?;
        self.merge(rest, ids)
    }

    /// Adds the ids of a text without any token that is matched as a whole.
    fn merge(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), InferenceError> {
        if text.is_empty() {
            return Ok(());
        }
        let with_space;
        let text = if self.space_before.is_put(text, ids.is_empty()) {
            with_space = format!(" {text}");
            with_space.as_str()
        } else {
            text
        };
        match &self.merging {
            Merging::Bpe(bpe) => bpe.encode(text, ids),
            Merging::Fallback(fallback) => fallback.encode(text, ids),
            Merging::Spm(spm) => {
                spm.encode(text, ids);
                Ok(())
            }
        }
    }

    /// The bytes `id` adds to a text; not always whole characters, none for a control token.
    pub(crate) fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], |bytes| bytes)
    }

    /// The bytes `id` adds to an answer. If texts begin with a space that nobody wrote, its first
    /// token gives none.
    pub(crate) fn answer_bytes(&self, id: u32, first: bool) -> &[u8] {
        match self.bytes(id) {
            [b' ', rest @ ..] if first && self.strips_space => rest,
            bytes => bytes,
        }
    }

    /// Whether `id` must not appear inside an answer: control tokens and unused ones.
    pub(crate) fn is_hidden(&self, id: u32) -> bool {
        !matches!(self.kinds.get(id as usize), Some(Kind::Text | Kind::Byte | Kind::UserDefined))
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
        &self.begin_text
    }

    /// Text of the token that ends a text, for templates that write it.
    pub(crate) fn end_text(&self) -> &str {
        &self.end_text
    }

    /// Number of ids.
    pub(crate) fn vocabulary_len(&self) -> usize {
        self.bytes.len()
    }
}

/// White space in C, which is what llama.cpp goes by.
fn is_c_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r')
}

/// The markers of Phi 3 take the white space after them along, but for three. Nothing in a GGUF file
/// says so; llama.cpp knows it from the model's name, the published tokenizer from its settings.
fn takes_space(file: &Gguf, vocabulary: &Vocabulary<'_>) -> Vec<bool> {
    if let Some(listed) = file.ints(TAKES_SPACE) {
        let listed: HashSet<_> = listed.iter().collect();
        return vocabulary.ids().map(|(id, _, _)| listed.contains(&i64::from(id))).collect();
    }
    let phi3 = file.text("general.architecture") == Some("phi3")
        && file.text("tokenizer.ggml.model") == Some("llama");
    let takes = |(_, kind, text)| {
        let marker = matches!(kind, Kind::Control | Kind::UserDefined);
        phi3 && marker && !["<unk>", "<s>", "<|endoftext|>"].contains(&text)
    };
    vocabulary.ids().map(takes).collect()
}
