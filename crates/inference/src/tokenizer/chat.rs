//! The tokenizer of a chat model, from the metadata of its GGUF file.
//!
//! Text from people and documents must never act as a control token:
//! [`ChatTokenizer::encode_plain`] cannot yield a control id whatever the text says, and
//! [`ChatTokenizer::encode_segments`] recognises control tokens only in what a template wrote.

use super::bpe::{self, Bpe};
use super::failed;
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

/// How characters become tokens.
enum Merging {
    Bpe(Box<Bpe>),
    Spm(Spm),
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
    /// Whether a space is put before text at the beginning and after every whole token.
    space_first: bool,
    /// Whether a marker takes the white space after it along.
    takes_space: Vec<bool>,
}

impl ChatTokenizer {
    /// Reads the tokenizer of `file`.
    ///
    /// # Errors
    /// [`InferenceError::Tokenizer`] if it is of a kind, or cuts text in a way, that is not known.
    pub(crate) fn open(file: &Gguf) -> Result<Self, InferenceError> {
        let model = file.text("tokenizer.ggml.model").unwrap_or("none");
        if !matches!(model, "gpt2" | "llama") {
            return Err(failed(format!("tokenizers of the kind \"{model}\" are not supported")));
        }
        let vocabulary = Vocabulary::read(file)?;
        let (merging, bytes, begins_prompts, space_first) = match model {
            "llama" => {
                let space_first = file.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true);
                let spm = Spm::read(file, &vocabulary)?;
                (Merging::Spm(spm), spm::bytes(&vocabulary), true, space_first)
            }
            _ => {
                let bpe = Bpe::read(file, &vocabulary)?;
                let begins = bpe.begins_prompts;
                (Merging::Bpe(Box::new(bpe)), bpe::bytes(&vocabulary), begins, false)
            }
        };
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
            kinds: vocabulary.kinds,
            merging,
            bytes,
            begin,
            begins_prompts,
            space_first,
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
            text = text.trim_start_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
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
        match &self.merging {
            Merging::Bpe(bpe) => bpe.encode(text, ids)?,
            Merging::Spm(spm) if self.space_first => spm.encode(&format!(" {text}"), ids),
            Merging::Spm(spm) => spm.encode(text, ids),
        }
        Ok(())
    }

    /// The bytes `id` adds to a text; not always whole characters, none for a control token.
    pub(crate) fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], |bytes| bytes)
    }

    /// The bytes `id` adds to an answer. If texts begin with a space that nobody wrote, its first
    /// token gives none.
    pub(crate) fn answer_bytes(&self, id: u32, first: bool) -> &[u8] {
        match self.bytes(id) {
            [b' ', rest @ ..] if first && self.space_first => rest,
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

/// The markers of Phi 3 take the white space after them along, but for three. Nothing in the file
/// says so; llama.cpp knows it from the model's name, the published tokenizer from its settings.
fn takes_space(file: &Gguf, vocabulary: &Vocabulary<'_>) -> Vec<bool> {
    let phi3 = file.text("general.architecture") == Some("phi3")
        && file.text("tokenizer.ggml.model") == Some("llama");
    let takes = |(_, kind, text)| {
        let marker = matches!(kind, Kind::Control | Kind::UserDefined);
        phi3 && marker && !["<unk>", "<s>", "<|endoftext|>"].contains(&text)
    };
    vocabulary.ids().map(takes).collect()
}
