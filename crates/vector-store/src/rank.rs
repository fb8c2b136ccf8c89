//! The order of hits: the same in every store.

use docent_corpus::Hit;
use std::collections::HashSet;

/// Best first, equal scores by chunk, each chunk once (its best score), at most `limit`.
pub(crate) fn rank(mut hits: Vec<Hit>, limit: usize) -> Vec<Hit> {
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
    let mut seen = HashSet::with_capacity(limit.min(hits.len()));
    hits.retain(|hit| seen.len() < limit && seen.insert(hit.chunk));
    hits
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_corpus::{ChunkId, DocumentId};

    fn hit(chunk: i64, score: f32) -> Hit {
        Hit { chunk: ChunkId(chunk), document: DocumentId(1), score }
    }

    #[test]
    fn ties_go_to_the_smaller_chunk_and_doubles_collapse() {
        let ranked = rank(vec![hit(5, 0.5), hit(2, 0.5), hit(9, 0.9), hit(2, 0.4), hit(7, 0.1)], 3);
        let chunks: Vec<i64> = ranked.iter().map(|hit| hit.chunk.0).collect();
        assert_eq!(chunks, [9, 2, 5]);
        assert_eq!(ranked[1].score, 0.5);
        assert!(rank(vec![hit(1, 1.0)], 0).is_empty());
    }
}
