//! The two ways of finding, run side by side.

use std::time::{Duration, Instant};

use docent_corpus::{Cancel, Hit, Leg};
use docent_vector_store::{Filter, StoreError, TextQuery, VectorStore};

use crate::cancel::until_cancelled;
use crate::followup::Plan;
use crate::number;
use crate::query::Query;
use crate::rank::Ranking;
use crate::{AnswerError, Warning};

/// A phrase in quotation marks counts this many times a list of words: who types them wants
/// exactly that.
const PHRASE_WEIGHT: f32 = 2.0;

/// Weight of the lesser of the two queries of a question that leans on an earlier one.
const LESSER_WEIGHT: f32 = 0.5;

/// The vectors of a plan's queries and how much their lists count.
#[derive(Clone, Debug)]
pub(crate) struct Vectors {
    pub(crate) asked: Vec<f32>,
    pub(crate) resolved: Option<Vec<f32>>,
    /// Weight of a list by vectors; a list by words weighs 1.
    pub(crate) weight: f32,
}

/// What both legs brought.
#[derive(Debug, Default)]
pub(crate) struct Legs {
    pub(crate) vectors: Vec<Ranking>,
    pub(crate) words: Vec<Ranking>,
    pub(crate) phrases: Vec<Ranking>,
    /// Whether the query is nothing but phrases.
    pub(crate) only_phrases: bool,
    /// Whether no list was as long as it was allowed to be: asking for more brings no more.
    pub(crate) exhausted: bool,
    /// Whether the store answered neither leg.
    pub(crate) unavailable: bool,
    /// Whether the store did not answer the leg by words.
    pub(crate) without_words: bool,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) vector_time: Duration,
    pub(crate) text_time: Duration,
}

impl Legs {
    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.rankings().iter().all(|ranking| ranking.hits.is_empty())
    }

    pub(crate) fn rankings(&self) -> Vec<Ranking> {
        [&self.vectors, &self.words, &self.phrases].into_iter().flatten().cloned().collect()
    }
}

/// Runs both legs, `limit` hits per list. A leg that fails leaves a warning and the other one.
///
/// # Errors
/// [`AnswerError::Cancelled`].
pub(crate) async fn run(
    store: &dyn VectorStore,
    filter: &Filter,
    plan: &Plan,
    vectors: Option<&Vectors>,
    limit: usize,
    cancel: &Cancel,
) -> Result<Legs, AnswerError> {
    let by_vector = timed(vector_leg(store, filter, plan, vectors, limit));
    let by_text = timed(text_leg(store, filter, plan, limit));
    let joined = async { tokio::join!(by_vector, by_text) };
    let ((by_vector, vector_time), (by_text, text_time)) = until_cancelled(cancel, joined).await?;
    let only_phrases = plan.asked.only_phrases;
    let mut legs = Legs { only_phrases, vector_time, text_time, ..Legs::default() };
    legs.without_words = by_text.is_err();
    legs.unavailable = legs.without_words && (vectors.is_none() || by_vector.is_err());
    match by_vector {
        Ok(rankings) => legs.vectors = rankings,
        Err(error) => legs.warnings.push(Warning::VectorsUnavailable { code: error.code() }),
    }
    match by_text {
        Ok((words, phrases)) => (legs.words, legs.phrases) = (words, phrases),
        Err(error) => legs.warnings.push(Warning::TextUnavailable { code: error.code() }),
    }
    legs.exhausted = legs.rankings().iter().all(|ranking| ranking.hits.len() < limit);
    Ok(legs)
}

async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let started = Instant::now();
    let result = work.await;
    (result, started.elapsed())
}

/// The weights of the question as asked and of the resolved one.
pub(crate) fn weights(plan: &Plan) -> (f32, f32) {
    if plan.points_back { (LESSER_WEIGHT, 1.0) } else { (1.0, LESSER_WEIGHT) }
}

async fn vector_leg(
    store: &dyn VectorStore,
    filter: &Filter,
    plan: &Plan,
    vectors: Option<&Vectors>,
    limit: usize,
) -> Result<Vec<Ranking>, StoreError> {
    let Some(vectors) = vectors else { return Ok(Vec::new()) };
    let (asked, resolved) = weights(plan);
    let mut lists = vec![(&vectors.asked, asked)];
    lists.extend(vectors.resolved.as_ref().map(|vector| (vector, resolved)));
    let mut rankings = Vec::new();
    for (vector, weight) in lists {
        let hits = store.search_vector(vector, filter, limit).await?;
        rankings.push(Ranking { leg: Leg::Vector, weight: weight * vectors.weight, hits });
    }
    Ok(rankings)
}

async fn text_leg(
    store: &dyn VectorStore,
    filter: &Filter,
    plan: &Plan,
    limit: usize,
) -> Result<(Vec<Ranking>, Vec<Ranking>), StoreError> {
    let (asked, resolved) = weights(plan);
    let mut lists: Vec<(&Query, f32)> = vec![(&plan.asked, asked)];
    lists.extend(plan.resolved.as_ref().map(|query| (query, resolved)));
    let mut words = Vec::new();
    for (query, weight) in lists {
        let text = TextQuery::Words(number::both_numbers(&query.words));
        words.push(Ranking { leg: Leg::Text, weight, hits: store.search_text(&text, filter, limit).await? });
    }
    let mut phrases = Vec::new();
    for phrase in &plan.asked.phrases {
        let hits = store.search_text(&TextQuery::Phrase(phrase.clone()), filter, limit).await?;
        phrases.push(Ranking { leg: Leg::Text, weight: PHRASE_WEIGHT, hits });
    }
    Ok((words, phrases))
}

/// The chunks that a query made of nothing but phrases is restricted to: those with all of the
/// phrases, or if there are none those with any; `None` if no phrase was found anywhere.
pub(crate) fn phrase_hits(phrases: &[Ranking]) -> Option<std::collections::HashSet<docent_corpus::ChunkId>> {
    let ids = |hits: &[Hit]| hits.iter().map(|hit| hit.chunk).collect::<std::collections::HashSet<_>>();
    let sets: Vec<_> = phrases.iter().map(|ranking| ids(&ranking.hits)).collect();
    let all = sets.iter().skip(1).fold(sets.first()?.clone(), |all, set| &all & set);
    let chosen = if all.is_empty() { sets.into_iter().flatten().collect() } else { all };
    (!chosen.is_empty()).then_some(chosen)
}
