//! Questions, answers, and what happens in between.

use std::time::Duration;

use docent_corpus::{ChunkId, Citation, Passage, Span};
use docent_inference::{GenerateStats, Sampling};
use docent_text::Language;
use serde::{Deserialize, Serialize};

use crate::evidence::{Evidence, Verdict};
use crate::followup::Turn;
use crate::retrieval::{Scope, Timings, Warning};

/// A question to the documents.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// The turns before it, oldest first.
    pub history: Vec<Turn>,
    /// Where to look.
    pub scope: Scope,
    /// The language to answer in; by default that of the question.
    pub language_hint: Option<Language>,
    /// How the chat model chooses its words; by default always the likeliest.
    pub sampling: Option<Sampling>,
    /// Answer by quotation only, without the chat model even if there is one.
    pub extract_only: bool,
}

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Sentences of the documents, word for word.
    Extract,
    /// Phrased by the chat model.
    Model,
    /// The fixed sentence that says the documents hold no answer.
    Refusal,
}

/// A sentence of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerSentence {
    /// Where it stands in the answer's text, in bytes.
    pub at: Span,
    /// Numbers of its citations; empty means that nothing supports it.
    pub citations: Vec<u32>,
    /// Whether it states anything. An unsupported sentence that does must be marked where it is
    /// shown.
    pub needs_support: bool,
}

/// A finished answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The text. It replaces what was streamed.
    pub text: String,
    /// How it came about.
    pub origin: Origin,
    /// The language it was meant to be in.
    pub language: Language,
    /// What the evidence allows to say, after the answer was checked.
    pub verdict: Verdict,
    /// What was known before the answer.
    pub evidence: Evidence,
    /// What was found, best first; number `n` of a citation is the `n`-th of these, from 1.
    pub passages: Vec<Passage>,
    /// The chunks that the model was given, in the order of the prompt.
    pub used: Vec<ChunkId>,
    /// The best supporting sentences, word for word, whatever the model made of them. Their
    /// `answer` span is empty unless the text consists of them.
    pub extract: Vec<Citation>,
    /// The sentences of the text.
    pub sentences: Vec<AnswerSentence>,
    /// The citations of the text, in its order. Each one's quote stands at its span in a stored
    /// revision; this was checked.
    pub citations: Vec<Citation>,
    /// What the model said, where that was not good enough to be the text.
    pub draft: Option<String>,
    /// Whether it was stopped on request before its end.
    pub stopped: bool,
    /// What was not available.
    pub warnings: Vec<Warning>,
    /// How long the search took.
    pub timings: Timings,
    /// From the question to the first word of the model, if there was one.
    pub first_word: Option<Duration>,
    /// Figures of the model, if it came to its end.
    pub stats: Option<GenerateStats>,
}

/// What happens while an answer comes about, in this order. All but the last may be missing.
#[derive(Clone, Debug)]
pub enum AnswerEvent {
    /// What was found, best first, and the verdict on it.
    Passages(Vec<Passage>, Verdict),
    /// The best supporting sentences, before any model has spoken.
    Extract(Vec<Citation>),
    /// The model reads its prompt.
    Prefill {
        /// Tokens read.
        done: usize,
        /// Tokens to read.
        total: usize,
    },
    /// More of the model's text, as a draft that has not been checked.
    Text(String),
    /// The citations of the final text.
    Citations(Vec<Citation>),
    /// The answer.
    Done(Box<Answer>),
}
