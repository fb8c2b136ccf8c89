//! A reranker that counts shared words.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use docent_corpus::Cancel;

use super::pieces;
use crate::{InferenceError, Priority, Reranker, RerankerInfo};

/// The score of a passage is the logit of the share of the query's distinct terms (lower case)
/// that it has, counted with half a term more on both sides.
#[derive(Debug)]
pub struct FakeReranker {
    info: RerankerInfo,
    scored: AtomicUsize,
}

impl Default for FakeReranker {
    fn default() -> Self {
        Self::new(512)
    }
}

impl FakeReranker {
    /// A reranker that reads at most `max_tokens` of query and passage together.
    pub fn new(max_tokens: usize) -> Self {
        let info = RerankerInfo {
            name: "fake-reranker".into(),
            weights_sha256: "0".repeat(64),
            max_tokens: max_tokens.max(1),
            precision: "f32".into(),
        };
        Self { info, scored: AtomicUsize::new(0) }
    }

    /// How many passages have been scored so far.
    pub fn scored(&self) -> usize {
        self.scored.load(Ordering::Acquire)
    }
}

#[async_trait]
impl Reranker for FakeReranker {
    fn model(&self) -> &RerankerInfo {
        &self.info
    }

    async fn score(
        &self,
        query: String,
        passages: Vec<String>,
        _priority: Priority,
        cancel: Cancel,
    ) -> Result<Vec<f32>, InferenceError> {
        let room = self.info.max_tokens;
        let query: Vec<&str> = pieces(&query).take(room - room / 4).collect();
        let room = room - query.len();
        let wanted = terms(query.into_iter());
        let mut scores = Vec::with_capacity(passages.len());
        for passage in &passages {
            cancel.check()?;
            let found = terms(pieces(passage).take(room));
            let shared = wanted.intersection(&found).count() as f32;
            let missing = wanted.len() as f32 - shared;
            scores.push(((shared + 0.5) / (missing + 0.5)).ln());
            tokio::task::yield_now().await;
        }
        self.scored.fetch_add(passages.len(), Ordering::AcqRel);
        Ok(scores)
    }
}

/// The distinct words among the pieces.
fn terms<'a>(pieces: impl Iterator<Item = &'a str>) -> HashSet<String> {
    pieces.filter(|piece| piece.chars().any(char::is_alphanumeric)).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn score(reranker: &FakeReranker, query: &str, passages: &[&str]) -> Vec<f32> {
        let passages = passages.iter().map(|&text| text.to_owned()).collect();
        reranker.score(query.into(), passages, Priority::Bulk, Cancel::new()).await.unwrap()
    }

    #[tokio::test]
    async fn passages_with_more_of_the_query_score_higher() {
        let fake = FakeReranker::default();
        let passages = ["Tax law.", "Boil the EGG for five minutes.", "An egg.", ""];
        let scores = score(&fake, "how to boil an egg", &passages).await;
        assert!(scores[1] > scores[0] && scores[2] > scores[0] && scores[0] == scores[3]);
        assert_eq!(scores, score(&fake, "how to boil an egg", &passages).await);
        assert_eq!(fake.scored(), 8);
        assert!(score(&fake, "", &passages).await.iter().all(|score| score.is_finite()));
    }

    #[tokio::test]
    async fn the_end_of_a_long_passage_is_not_read_and_cancel_stops() {
        let fake = FakeReranker::new(4);
        let scores = score(&fake, "boil egg", &["an old egg", "an egg, old", "egg"]).await;
        assert!(scores[0] < scores[1] && scores[1] == scores[2]);
        let cancel = Cancel::new();
        cancel.cancel();
        let result = fake.score("q".into(), vec!["p".into()], Priority::Bulk, cancel).await;
        assert!(matches!(result, Err(InferenceError::Cancelled)));
        assert_eq!(fake.scored(), 3);
    }
}
