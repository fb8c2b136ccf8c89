//! SentencePiece's byte-pair encoding (Kudo and Richardson 2018), `llama` in a GGUF file: Llama 2,
//! Mistral, Gemma, Phi 3.
//!
//! There is no list of merges: two neighbours may become one when the vocabulary has a token of
//! their joint text, and of all such pairs the one with the highest score goes first, the leftmost
//! if several have it. A space is written as U+2581, and a character without a token of its own as
//! tokens for its bytes.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::failed;
use super::vocabulary::{Kind, Vocabulary, is_space};
use crate::InferenceError;
use crate::gguf::Gguf;

/// How a space is written in tokens.
pub(super) const SPACE: &str = "\u{2581}";

pub(super) struct Spm {
    /// Tokens that texts are made of, with their scores. No control token is among them, so no text
    /// can be merged into one.
    tokens: HashMap<Box<str>, (u32, f32)>,
    /// The token of each byte.
    bytes: Vec<u32>,
}

impl Spm {
    pub(super) fn read(file: &Gguf, vocabulary: &Vocabulary<'_>) -> Result<Self, InferenceError> {
        let scores = file
            .floats("tokenizer.ggml.scores")
            .ok_or_else(|| failed("the file has no scores for its vocabulary"))?;
        if scores.len() != vocabulary.len() {
            return Err(failed("the vocabulary and its scores differ in length"));
        }
        if scores.iter().any(|score| score.is_nan()) {
            return Err(failed("a token's score is not a number"));
        }
        let mut tokens = HashMap::with_capacity(vocabulary.len());
        let mut bytes = vec![None; 256];
        for ((id, kind, text), &score) in vocabulary.ids().zip(scores) {
            match kind {
                Kind::Byte => {
                    let byte = byte(text).ok_or_else(|| failed(format!("\"{text}\" is not a byte")))?;
                    bytes[usize::from(byte)] = Some(id);
                }
                Kind::Text | Kind::UserDefined if kind == Kind::Text || is_space(kind, text) => {
                    if tokens.insert(text.into(), (id, score)).is_some() {
                        return Err(failed(format!("the vocabulary has \"{text}\" twice")));
                    }
                }
                Kind::Text | Kind::UserDefined | Kind::Control | Kind::Unused => {}
            }
        }
        let bytes = bytes.into_iter().collect::<Option<_>>();
        Ok(Self { tokens, bytes: bytes.ok_or_else(|| failed("the vocabulary has no token for some byte"))? })
    }

    /// Ids of `text`.
    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) {
        let text = text.replace(' ', SPACE);
        for piece in Merge::run(self, &text) {
            match self.tokens.get(piece) {
                Some((id, _)) => ids.push(*id),
                None => ids.extend(piece.bytes().map(|byte| self.bytes[usize::from(byte)])),
            }
        }
    }
}

/// The bytes of each id.
pub(super) fn bytes(vocabulary: &Vocabulary<'_>) -> Vec<Box<[u8]>> {
    vocabulary
        .ids()
        .map(|(_, kind, text)| match kind {
            Kind::Text => text.replace(SPACE, " ").into_bytes().into(),
            Kind::Byte => byte(text).into_iter().collect(),
            Kind::UserDefined if is_space(kind, text) => text.replace(SPACE, " ").into_bytes().into(),
            Kind::UserDefined => text.as_bytes().into(),
            Kind::Control | Kind::Unused => Box::default(),
        })
        .collect()
}

/// The byte that a token such as `<0x0A>` stands for.
pub(super) fn byte(token: &str) -> Option<u8> {
    let digits = token.strip_prefix("<0x")?.strip_suffix('>')?;
    let written = |digit: u8| matches!(digit, b'0'..=b'9' | b'A'..=b'F');
    let known = digits.len() == 2 && digits.bytes().all(written);
    known.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// Whether a token stands for a byte.
pub(crate) fn is_byte(token: &str) -> bool {
    byte(token).is_some()
}

/// A text being merged: its pieces are a list in which every one knows its neighbours.
struct Merge<'t> {
    spm: &'t Spm,
    text: &'t str,
    pieces: Vec<Piece>,
    pairs: BinaryHeap<Pair>,
}

struct Piece {
    start: usize,
    /// Zero once it has become part of its left neighbour.
    len: usize,
    left: Option<usize>,
    right: Option<usize>,
}

/// Two neighbours that make a token.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    /// Of both, to see that neither has changed since.
    len: usize,
}

impl<'t> Merge<'t> {
    /// Merges until no pair is left, and gives the pieces.
    fn run(spm: &'t Spm, text: &'t str) -> impl Iterator<Item = &'t str> {
        let count = text.chars().count();
        let pieces = text.char_indices().enumerate().map(|(index, (start, c))| Piece {
            start,
            len: c.len_utf8(),
            left: index.checked_sub(1),
            right: Some(index + 1).filter(|&next| next < count),
        });
        let mut merge = Self { spm, text, pieces: pieces.collect(), pairs: BinaryHeap::new() };
        for right in 1..count {
            merge.consider(right - 1, right);
        }
        while let Some(pair) = merge.pairs.pop() {
            merge.join(&pair);
        }
        let pieces = merge.pieces.into_iter().filter(|piece| piece.len > 0);
        pieces.map(|piece| &text[piece.start..piece.start + piece.len])
    }

    /// Notes the pair if it makes a token.
    fn consider(&mut self, left: usize, right: usize) {
        let len = self.pieces[left].len + self.pieces[right].len;
        let start = self.pieces[left].start;
        if let Some(&(_, score)) = self.spm.tokens.get(&self.text[start..start + len]) {
            self.pairs.push(Pair { score, left, right, len });
        }
    }

    fn join(&mut self, pair: &Pair) {
        let Pair { left, right, len, .. } = *pair;
        let (a, b) = (self.pieces[left].len, self.pieces[right].len);
        if a == 0 || b == 0 || a + b != len {
            return;
        }
        self.pieces[left].len = len;
        self.pieces[right].len = 0;
        let next = self.pieces[right].right;
        self.pieces[left].right = next;
        if let Some(before) = self.pieces[left].left {
            self.consider(before, left);
        }
        if let Some(next) = next {
            self.pieces[next].left = Some(left);
            self.consider(left, next);
        }
    }
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}
