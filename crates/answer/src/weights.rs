//! The weights of the evidence, and where they come from.

use docent_text::Language;

/// How many features there are.
pub(crate) const COUNT: usize = 7;

/// A logistic regression and its two thresholds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    /// Constant term.
    pub(crate) bias: f32,
    /// In the order: meaning, coverage, joint, sentence, anchors, bm25, overlap.
    pub(crate) factors: [f32; COUNT],
    /// From this probability on: found.
    pub(crate) found: f32,
    /// From this probability on: weak; below: not in the documents.
    pub(crate) weak: f32,
}

/// With an embedder that reads the question.
const MEANING: Weights =
    Weights { bias: -7.4, factors: [2.5, 3.0, 1.8, 1.7, 0.6, 1.4, -0.5], found: 0.25, weak: 0.12 };

/// By words alone, in languages that are written with spaces.
const WORDS: Weights =
    Weights { bias: -6.0, factors: [0.0, 3.9, 0.4, 1.9, 1.2, 2.4, 0.0], found: 0.39, weak: 0.09 };

/// By words alone, where they are pairs of characters.
const PAIRS: Weights =
    Weights { bias: -6.8, factors: [0.0, 3.7, 2.6, 1.9, 1.5, 1.6, 0.0], found: 0.31, weak: 0.13 };

/// The weights for a question.
pub(crate) fn for_question(meaning: bool, language: Language) -> &'static Weights {
    match (meaning, language) {
        (true, _) => &MEANING,
        (false, Language::Chinese) => &PAIRS,
        (false, Language::English) => &WORDS,
    }
}
