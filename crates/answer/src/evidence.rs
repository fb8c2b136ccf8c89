//! Whether what was found holds an answer.
//!
//! Relevance is not sufficiency: the nearest passage to a question about something else is still
//! the nearest. Before anything is generated, a handful of features of the question and the best
//! passages is turned into a probability by a logistic regression, and that into a [`Verdict`] by
//! two thresholds. The weights are in [`crate::weights`]; the example `calibrate` computes them.

use std::collections::HashSet;

use docent_corpus::Passage;
use docent_text::{Language, anchors};
use serde::{Deserialize, Serialize};

use crate::idf::{Idf, term_set};
use crate::query::Query;
use crate::rank::Fused;
use crate::sentence::of_passage;
use crate::weights::{self, Weights};

/// Passages whose text is looked at.
const LOOKED_AT: usize = 3;

/// Ranks of either leg whose overlap is counted.
const OVERLAP: u32 = 5;

/// What the evidence allows to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The documents hold an answer.
    Found,
    /// They may hold one: the passages are shown, the answer is marked as weak.
    Weak,
    /// They hold none: nothing is generated, the nearest passages are shown.
    NotInDocuments,
}

impl Verdict {
    /// Stable name, as stored with a message.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Weak => "weak",
            Self::NotInDocuments => "not_in_documents",
        }
    }
}

/// What is known about a question and the best passages. Shares are 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Features {
    /// Best cosine of the best passages on the scale of `crate::scale`: about 0 for
    /// strangers, 1 for a question and its answer. `None` without an embedder that reads the
    /// question's language.
    pub meaning: Option<f32>,
    /// Largest share of the question's content terms, weighted by rarity, in one passage with its
    /// title and headings.
    pub coverage: f32,
    /// That share over the best passages together.
    pub joint: f32,
    /// Largest share in one sentence.
    pub sentence: f32,
    /// Share of the question's names and numbers in the passage that has most of them; 1 if it
    /// has none.
    pub anchors: f32,
    /// Best BM25 per content term of the question, over ln(1 + rows of the index), because a rare
    /// term scores that much more in a larger index; at most 1.5.
    pub bm25: f32,
    /// Share of the five best by meaning that are among the five best by words.
    pub overlap: f32,
}

/// The verdict and what it rests on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What the evidence allows to say.
    pub verdict: Verdict,
    /// Probability that the passages hold an answer, 0 to 1.
    pub probability: f32,
    /// What it was computed from.
    pub features: Features,
}

impl Evidence {
    /// Nothing was found at all.
    pub(crate) fn none() -> Self {
        Self { verdict: Verdict::NotInDocuments, probability: 0.0, features: Features::default() }
    }
}

/// A passage taken apart.
struct Reading {
    terms: HashSet<String>,
    sentences: Vec<HashSet<String>>,
    anchors: HashSet<String>,
}

impl Reading {
    fn of(passage: &Passage) -> Self {
        let head = format!("{} {}", passage.title, passage.headings.join(" "));
        let head_terms = term_set(&head.replace('_', " "));
        let mut terms = term_set(&passage.text);
        terms.extend(head_terms);
        Self {
            terms,
            sentences: of_passage(passage).iter().map(|sentence| term_set(&sentence.text)).collect(),
            anchors: anchors(&passage.text).into_iter().chain(anchors(&head)).collect(),
        }
    }
}

/// Measures the evidence for `query` in `passages`, best first. `scaled` is the best cosine on the
/// common scale, `rows` the size of the index.
pub(crate) fn features(
    query: &Query,
    passages: &[Passage],
    list: &[Fused],
    idf: &Idf,
    scaled: Option<f32>,
    rows: usize,
) -> Features {
    let readings: Vec<Reading> = passages.iter().take(LOOKED_AT).map(Reading::of).collect();
    let cover = |set: &HashSet<String>| idf.coverage(&query.terms, set);
    let best = |sets: &mut dyn Iterator<Item = f32>| sets.fold(0.0, f32::max);
    let together: HashSet<String> =
        readings.iter().flat_map(|reading| reading.terms.iter().cloned()).collect();
    let bm25 = list.iter().filter_map(|fused| fused.bm25).fold(0.0, f32::max);
    Features {
        meaning: scaled,
        coverage: best(&mut readings.iter().map(|reading| cover(&reading.terms))),
        joint: cover(&together),
        sentence: best(&mut readings.iter().flat_map(|r| r.sentences.iter().map(cover))),
        anchors: anchor_share(&query.text, &readings),
        bm25: (bm25 / (query.terms.len().max(1) as f32 * (2.0 + rows as f32).ln())).min(1.5),
        overlap: overlap(list),
    }
}

fn anchor_share(question: &str, readings: &[Reading]) -> f32 {
    let asked = anchors(question);
    if asked.is_empty() {
        return 1.0;
    }
    let has = |reading: &Reading, anchor: &String| {
        reading.anchors.contains(anchor) || {
            let terms = term_set(anchor);
            !terms.is_empty() && terms.is_subset(&reading.terms)
        }
    };
    let share = |reading: &Reading| {
        asked.iter().filter(|anchor| has(reading, anchor)).count() as f32 / asked.len() as f32
    };
    readings.iter().map(share).fold(0.0, f32::max)
}

fn overlap(list: &[Fused]) -> f32 {
    let within = |rank: Option<u32>| rank.is_some_and(|rank| rank <= OVERLAP);
    let by_vector = list.iter().filter(|fused| within(fused.vector_rank)).count();
    let both = list.iter().filter(|fused| within(fused.vector_rank) && within(fused.text_rank)).count();
    if by_vector > 0 { both as f32 / by_vector as f32 } else { 0.0 }
}

/// The verdict on `features`. A question about the documents as such ("summarise my notes") has no
/// subject whose absence could be told, so it is at worst weak.
pub(crate) fn judge(features: Features, language: Language, generic: bool) -> Evidence {
    let weights = weights::for_question(features.meaning.is_some(), language);
    let probability = probability(&features, weights);
    let verdict = if probability >= weights.found {
        Verdict::Found
    } else if probability >= weights.weak || generic {
        Verdict::Weak
    } else {
        Verdict::NotInDocuments
    };
    Evidence { verdict, probability, features }
}

fn probability(features: &Features, weights: &Weights) -> f32 {
    let sum: f32 =
        weights.bias + vector(features).iter().zip(weights.factors).map(|(x, w)| x * w).sum::<f32>();
    1.0 / (1.0 + (-sum).exp())
}

/// The features in the order of [`Weights::factors`].
pub(crate) fn vector(features: &Features) -> [f32; weights::COUNT] {
    [
        features.meaning.unwrap_or(0.0),
        features.coverage,
        features.joint,
        features.sentence,
        features.anchors,
        features.bm25,
        features.overlap,
    ]
}
