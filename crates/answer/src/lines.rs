//! Sentences of documents made ready for comparing, with their vectors.

use std::collections::HashSet;

use docent_corpus::{Cancel, Passage};
use docent_inference::{EmbedKind, Embedder, InferenceError, Priority};
use docent_text::anchors;

use crate::idf::term_set;
use crate::polarity::{Clause, clauses};
use crate::sentence::{Sentence, of_passage};

/// A sentence of a document.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The passage it belongs to or extends, as an index into the passages of the search.
    pub(crate) passage: usize,
    pub(crate) sentence: Sentence,
    pub(crate) terms: HashSet<String>,
    /// Its numbers, dates and names.
    pub(crate) anchors: HashSet<String>,
    pub(crate) clauses: Vec<Clause>,
    /// Its embedding, once it has been asked for.
    pub(crate) vector: Option<Vec<f32>>,
}

impl Line {
    pub(crate) fn new(passage: usize, sentence: Sentence) -> Self {
        Self {
            passage,
            terms: term_set(&sentence.text),
            anchors: anchors(&sentence.text).into_iter().collect(),
            clauses: clauses(&sentence.text),
            vector: None,
            sentence,
        }
    }
}

/// The sentences of the first `count` passages, in order.
pub(crate) fn of_passages(passages: &[Passage], count: usize) -> Vec<Line> {
    let numbered = passages.iter().take(count).enumerate();
    numbered
        .flat_map(|(index, passage)| of_passage(passage).into_iter().map(move |s| Line::new(index, s)))
        .collect()
}

/// Gives vectors to those of `lines` named by `which` that have none.
///
/// # Errors
/// Whatever embedding met.
pub(crate) async fn embed(
    lines: &mut [Line],
    which: &[usize],
    embedder: &dyn Embedder,
    cancel: &Cancel,
) -> Result<(), InferenceError> {
    let wanting: Vec<usize> = which.iter().copied().filter(|index| lines[*index].vector.is_none()).collect();
    if wanting.is_empty() {
        return Ok(());
    }
    let texts = wanting.iter().map(|index| lines[*index].sentence.text.clone()).collect();
    let vectors = embedder.embed(texts, EmbedKind::Passage, Priority::Interactive, cancel.clone()).await?;
    for (index, vector) in wanting.into_iter().zip(vectors) {
        lines[index].vector = Some(vector);
    }
    Ok(())
}
