//! What docent is for: finding, answering, citing, refusing.
//!
//! [`Retrieval`] finds passages: search by meaning and by words side by side, fused by rank, only
//! what the library says is live, with a [`Verdict`] on whether they hold an answer. It needs no
//! chat model, and without an embedder or an index it goes on with what there is.
//!
//! [`Answerer`] answers from them. Every step that a person has to rely on is the program's, none
//! is the chat model's:
//!
//! - **Whether to search**: always, and before any model speaks.
//! - **Whether to answer**: the verdict. Without evidence nothing is generated; the fixed refusal
//!   and the nearest passages are shown.
//! - **What the answer rests on**: the sentences that answer the question best are picked first
//!   and quoted ([`Answer::extract`]), before the model has said a word.
//! - **What counts as sourced**: citations are computed after generation, sentence against
//!   sentence, and checked against the stored text. A number, date or name that does not stand in
//!   the cited sentences, or a "not" too many, and the sentence is unsupported.
//!
//! What becomes of the model's text depends on its size. It is streamed as a draft in any case. Up
//! to 0.6 billion parameters it stays a draft and the quotation is the answer. A larger model
//! answers; its unsupported sentences are marked as such.
//!
//! Not here: reading files, computing with models, storing conversations, merging tokens for
//! display.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod answer;
mod answerer;
mod budget;
mod cancel;
mod cite;
mod common;
mod context;
mod error;
pub mod eval;
mod evidence;
mod extract;
mod followup;
mod generation;
mod highlight;
mod idf;
mod legs;
mod lines;
mod markers;
mod number;
mod passage;
mod polarity;
mod prompt;
mod query;
mod rank;
mod reading;
mod retrieval;
mod scale;
mod sentence;
mod stem;
mod support;
mod unindexed;
mod weights;
mod wording;

pub use answer::{Answer, AnswerEvent, AnswerSentence, Origin, Question};
pub use answerer::{AnswerParts, Answerer};
pub use error::AnswerError;
pub use evidence::{Evidence, Features, Verdict};
pub use followup::Turn;
pub use highlight::highlights;
pub use prompt::refusal;
pub use retrieval::{Found, Retrieval, Scope, Timings, Warning};
