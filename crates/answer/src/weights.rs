//! The weights of the evidence, and where they come from.

use docent_text::Language;

/// How many features there are.
pub(crate) const COUNT: usize = 8;

/// A logistic regression and its two thresholds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights {
    /// Constant term.
    pub(crate) bias: f32,
    /// In the order: meaning, coverage, joint, sentence, anchors, missing, bm25, overlap.
    pub(crate) factors: [f32; COUNT],
    /// From this probability on: found.
    pub(crate) found: f32,
    /// From this probability on: weak; below: not in the documents.
    pub(crate) weak: f32,
}

/// With an embedder that reads the question.
const MEANING: Weights =
    Weights { bias: -6.0, factors: [4.0, 3.0, 1.0, 2.0, 1.0, -1.0, 0.5, 0.5], found: 0.6, weak: 0.3 };

/// By words alone, in languages that are written with spaces.
const WORDS: Weights =
    Weights { bias: -4.0, factors: [0.0, 4.0, 1.0, 2.0, 1.0, -1.0, 0.5, 0.0], found: 0.6, weak: 0.3 };

/// By words alone, where they are pairs of characters.
const PAIRS: Weights =
    Weights { bias: -3.0, factors: [0.0, 4.0, 1.0, 2.0, 0.5, -1.0, 0.5, 0.0], found: 0.6, weak: 0.3 };

/// The weights for a question.
pub(crate) fn for_question(meaning: bool, language: Language) -> &'static Weights {
    match (meaning, language) {
        (true, _) => &MEANING,
        (false, Language::Chinese) => &PAIRS,
        (false, Language::English) => &WORDS,
    }
}
