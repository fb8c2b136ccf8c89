//! What was read and is not in the index yet: found by words, among what the index finds by words.

use std::sync::Arc;

use docent_corpus::{Hit, Leg};
use docent_library::{Library, UnindexedQuery};

use crate::AnswerError;
use crate::cancel::blocking;
use crate::followup::Plan;
use crate::legs::{Legs, weights};
use crate::number;
use crate::rank::Ranking;
use crate::retrieval::Scope;

/// Adds to the lists by words what the library finds beside the index. A chunk is in one of the two (but
/// for the moment in which it gets into the index), so the ranks of both are taken alike.
pub(crate) async fn add(
    library: &Arc<Library>,
    plan: &Plan,
    scope: &Scope,
    limit: usize,
    legs: &mut Legs,
) -> Result<(), AnswerError> {
    let texts = std::iter::once(&plan.asked).chain(&plan.resolved);
    let words: Vec<String> = texts.map(|query| number::both_numbers(&query.words)).collect();
    // Phrases narrow a search down; those of a part of the library must not narrow all of it.
    let phrases = if legs.without_words { Vec::new() } else { plan.asked.phrases.clone() };
    let (library, scope) = (Arc::clone(library), scope.clone());
    let (words, phrases) = blocking("searching what is not indexed yet", move || {
        let find = |text: &String, phrase: bool| {
            let (sources, documents) = (scope.sources.as_deref(), scope.documents.as_deref());
            library.search_unindexed(&UnindexedQuery { text, phrase, sources, documents }, limit)
        };
        let words = words.iter().map(|text| find(text, false)).collect::<Result<Vec<_>, _>>()?;
        let phrases = phrases.iter().map(|text| find(text, true)).collect::<Result<Vec<_>, _>>()?;
        Ok((words, phrases))
    })
    .await?;
    legs.exhausted &= words.iter().chain(&phrases).all(|hits| hits.len() < limit);
    let (asked, resolved) = weights(plan);
    merge(&mut legs.words, words, &[asked, resolved]);
    merge(&mut legs.phrases, phrases, &[]);
    Ok(())
}

/// Rank by rank into the list of the same query, or, where the index gave none, as a list of its own with
/// the query's weight.
fn merge(rankings: &mut Vec<Ranking>, more: Vec<Vec<Hit>>, weights: &[f32]) {
    for (index, hits) in more.into_iter().enumerate().filter(|(_, hits)| !hits.is_empty()) {
        match rankings.get_mut(index) {
            Some(ranking) => ranking.hits = by_turns(std::mem::take(&mut ranking.hits), hits),
            None => {
                let weight = weights.get(index).copied().unwrap_or(1.0);
                rankings.push(Ranking { leg: Leg::Text, weight, hits });
            }
        }
    }
}

fn by_turns(first: Vec<Hit>, second: Vec<Hit>) -> Vec<Hit> {
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut merged = Vec::with_capacity(first.len() + second.len());
    loop {
        match (first.next(), second.next()) {
            (None, None) => return merged,
            (one, other) => merged.extend(one.into_iter().chain(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_corpus::{ChunkId, DocumentId};

    fn hits(chunks: &[i64]) -> Vec<Hit> {
        let hit = |chunk: &i64| Hit { chunk: ChunkId(*chunk), document: DocumentId(1), score: 1.0 };
        chunks.iter().map(hit).collect()
    }

    #[test]
    fn ranks_of_both_are_taken_alike() {
        let mut rankings = vec![Ranking { leg: Leg::Text, weight: 2.0, hits: hits(&[1, 2, 3]) }];
        merge(&mut rankings, vec![hits(&[9, 8]), vec![], hits(&[7])], &[1.0, 1.0, 0.5]);
        let chunks = |at: usize| rankings[at].hits.iter().map(|hit| hit.chunk.0).collect::<Vec<_>>();
        assert_eq!(chunks(0), [1, 9, 2, 8, 3]);
        assert_eq!((chunks(1), rankings.len()), (vec![7], 2));
        assert_eq!((rankings[0].weight, rankings[1].weight), (2.0, 0.5));
    }
}
