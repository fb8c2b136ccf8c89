//! What every crate has to agree on about written text: where sentences and words are, when two
//! pieces of text are the same, which of their terms can be compared, and which facts (numbers,
//! dates, names) they state. Works for every script; Chinese and Japanese are not an afterthought.
//!
//! It is not a tokenizer of a model, not a search engine and not a translation: it knows no
//! grammar beyond what the Unicode rules and the short tables here say.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod anchors;
mod dates;
mod numerals;
mod runs;
mod script;
mod sentence;
mod sentence_joins;
mod terms;
mod words;

pub use anchors::anchors;
pub use script::{Language, fold, is_cjk, language};
pub use sentence::sentences;
pub use terms::{Stop, terms};
pub use words::words;
