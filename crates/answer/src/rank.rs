//! Fusing ranked lists into one.

use std::collections::HashMap;

use docent_corpus::{ChunkId, DocumentId, Hit, Leg};

/// The constant of reciprocal rank fusion. 60 is the value of its paper (Cormack, Clarke and
/// Büttcher, SIGIR 2009); the results hardly change between 20 and 100.
pub(crate) const RRF_K: f32 = 60.0;

/// One ranked list, best first.
#[derive(Clone, Debug)]
pub(crate) struct Ranking {
    /// What found it.
    pub(crate) leg: Leg,
    /// How much it counts; 1 is usual.
    pub(crate) weight: f32,
    /// What was found.
    pub(crate) hits: Vec<Hit>,
}

/// A chunk with its place in the fused list and in the lists that found it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Fused {
    pub(crate) chunk: ChunkId,
    pub(crate) document: DocumentId,
    /// Sum of weight / (k + rank) over the lists.
    pub(crate) score: f32,
    /// Best rank among the lists of vectors, from 1.
    pub(crate) vector_rank: Option<u32>,
    /// Best rank among the lists of words and phrases, from 1.
    pub(crate) text_rank: Option<u32>,
    /// Best cosine among the lists of vectors.
    pub(crate) cosine: Option<f32>,
    /// Best BM25 among the lists of words.
    pub(crate) bm25: Option<f32>,
}

/// Reciprocal rank fusion: each list gives a chunk weight / (60 + rank). Ranks, because cosine and
/// BM25 have no common scale. A chunk that a list names twice counts there once, at its best rank.
/// Ties go to the smaller chunk id, so that a result does not depend on the order of work.
pub(crate) fn fuse(rankings: &[Ranking]) -> Vec<Fused> {
    let mut fused: HashMap<ChunkId, Fused> = HashMap::new();
    for ranking in rankings {
        let mut seen = std::collections::HashSet::new();
        for (index, hit) in ranking.hits.iter().enumerate() {
            if !seen.insert(hit.chunk) {
                continue;
            }
            let rank = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let entry = fused.entry(hit.chunk).or_insert(Fused {
                chunk: hit.chunk,
                document: hit.document,
                score: 0.0,
                vector_rank: None,
                text_rank: None,
                cosine: None,
                bm25: None,
            });
            entry.score += ranking.weight / (RRF_K + rank as f32);
            let (best_rank, best_score) = match ranking.leg {
                Leg::Vector => (&mut entry.vector_rank, &mut entry.cosine),
                Leg::Text => (&mut entry.text_rank, &mut entry.bm25),
            };
            *best_rank = Some(best_rank.map_or(rank, |best| best.min(rank)));
            *best_score = Some(best_score.map_or(hit.score, |best| best.max(hit.score)));
        }
    }
    let mut list: Vec<Fused> = fused.into_values().collect();
    list.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    list
}

/// Keeps at most `limit` chunks of one document, the best ones, in their order. Without it a long
/// document can fill a whole result; with it the second best place of the right document may be
/// hidden, so it is off unless asked for.
pub(crate) fn cap_per_document(list: &mut Vec<Fused>, limit: usize) {
    let mut counts: HashMap<DocumentId, usize> = HashMap::new();
    list.retain(|fused| {
        let count = counts.entry(fused.document).or_default();
        *count += 1;
        *count <= limit
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hits(chunks: &[i64]) -> Vec<Hit> {
        let hit = |(index, &chunk): (usize, &i64)| Hit {
            chunk: ChunkId(chunk),
            document: DocumentId(chunk / 10),
            score: 1.0 - index as f32 / 10.0,
        };
        chunks.iter().enumerate().map(hit).collect()
    }

    fn ranking(leg: Leg, weight: f32, chunks: &[i64]) -> Ranking {
        Ranking { leg, weight, hits: hits(chunks) }
    }

    fn order(list: &[Fused]) -> Vec<i64> {
        list.iter().map(|fused| fused.chunk.0).collect()
    }

    #[test]
    fn agreement_beats_a_single_first_place() {
        let list = fuse(&[ranking(Leg::Vector, 1.0, &[1, 2, 3]), ranking(Leg::Text, 1.0, &[4, 2, 5])]);
        assert_eq!(list[0].chunk, ChunkId(2));
        assert!((list[0].score - 2.0 / 62.0).abs() < 1e-6);
        assert_eq!((list[0].vector_rank, list[0].text_rank), (Some(2), Some(2)));
        assert_eq!((list[0].cosine, list[0].bm25), (Some(0.9), Some(0.9)));
    }

    #[test]
    fn ties_go_to_the_smaller_id_and_weights_decide() {
        let equal = fuse(&[ranking(Leg::Vector, 1.0, &[9]), ranking(Leg::Text, 1.0, &[3])]);
        assert_eq!(order(&equal), [3, 9]);
        let heavy = fuse(&[ranking(Leg::Vector, 2.0, &[9]), ranking(Leg::Text, 1.0, &[3])]);
        assert_eq!(order(&heavy), [9, 3]);
    }

    #[test]
    fn a_chunk_counts_once_per_list() {
        let list = fuse(&[ranking(Leg::Text, 1.0, &[7, 7, 8])]);
        assert_eq!(order(&list), [7, 8]);
        assert!((list[0].score - 1.0 / 61.0).abs() < 1e-6);
    }

    #[test]
    fn the_cap_keeps_the_best_of_each_document() {
        let mut list = fuse(&[ranking(Leg::Text, 1.0, &[11, 12, 21, 13, 22])]);
        cap_per_document(&mut list, 1);
        assert_eq!(order(&list), [11, 21]);
    }

    proptest! {
        #[test]
        fn the_order_of_lists_does_not_matter(
            a in proptest::collection::vec(0i64..30, 0..20),
            b in proptest::collection::vec(0i64..30, 0..20),
        ) {
            let one = fuse(&[ranking(Leg::Vector, 1.0, &a), ranking(Leg::Text, 1.0, &b)]);
            let two = fuse(&[ranking(Leg::Text, 1.0, &b), ranking(Leg::Vector, 1.0, &a)]);
            prop_assert_eq!(order(&one), order(&two));
            prop_assert!(one.windows(2).all(|pair| pair[0].score >= pair[1].score));
        }
    }
}
