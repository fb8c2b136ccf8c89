//! An embedder whose vectors are near when texts share words.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use docent_corpus::{Cancel, Pooling, Profile};

use super::pieces;
use crate::{EmbedKind, Embedder, InferenceError, Priority};

/// Adds up one pseudo-random direction per distinct term (lower case) and scales to length 1:
/// the cosine of two texts grows with the terms they share.
#[derive(Debug)]
pub struct FakeEmbedder {
    profile: Profile,
    embedded: AtomicUsize,
}

impl FakeEmbedder {
    /// An embedder with vectors of `dimension` values, at least 1.
    pub fn new(dimension: usize) -> Self {
        Self::with_profile(Profile {
            model: "fake-embedder".into(),
            weights_sha256: "0".repeat(64),
            dimension: dimension.max(1),
            pooling: Pooling::Mean,
            normalised: true,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            max_tokens: 256,
            precision: "f32".into(),
        })
    }

    /// An embedder that claims `profile` and keeps to its dimension, limit and prefixes.
    pub fn with_profile(profile: Profile) -> Self {
        Self { profile, embedded: AtomicUsize::new(0) }
    }

    /// How many texts have been embedded so far.
    pub fn embedded(&self) -> usize {
        self.embedded.load(Ordering::Acquire)
    }

    fn vector(&self, text: &str) -> Vec<f32> {
        let mut terms: Vec<String> = pieces(text)
            .take(self.profile.max_tokens)
            .filter(|piece| piece.chars().any(char::is_alphanumeric))
            .map(str::to_lowercase)
            .collect();
        terms.sort_unstable();
        terms.dedup();
        let mut sum = vec![0f32; self.profile.dimension];
        for term in &terms {
            add_direction(&mut sum, hash(term));
        }
        let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
        if length == 0.0 {
            sum[0] = 1.0;
        } else if self.profile.normalised {
            sum.iter_mut().for_each(|x| *x /= length);
        }
        sum
    }
}

#[async_trait]
impl Embedder for FakeEmbedder {
    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError> {
        Ok(pieces(text).count())
    }

    async fn embed(
        &self,
        texts: Vec<String>,
        kind: EmbedKind,
        _priority: Priority,
        cancel: Cancel,
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        let prefix = match kind {
            EmbedKind::Query => &self.profile.query_prefix,
            EmbedKind::Passage => &self.profile.passage_prefix,
        };
        let mut vectors = Vec::with_capacity(texts.len());
        for text in &texts {
            cancel.check()?;
            vectors.push(self.vector(&format!("{prefix}{text}")));
            tokio::task::yield_now().await;
        }
        self.embedded.fetch_add(texts.len(), Ordering::AcqRel);
        Ok(vectors)
    }
}

/// FNV-1a, 64 bit: stable over runs and platforms.
fn hash(term: &str) -> u64 {
    term.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Adds +1 or -1 to every value, as the bits of a SplitMix64 sequence started at `seed` say.
fn add_direction(sum: &mut [f32], mut seed: u64) {
    for block in sum.chunks_mut(64) {
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = seed;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        for value in block {
            *value += if bits & 1 == 1 { 1.0 } else { -1.0 };
            bits >>= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn embed(texts: &[&str]) -> Vec<Vec<f32>> {
        let texts = texts.iter().map(|&text| text.to_owned()).collect();
        FakeEmbedder::new(128).embed(texts, EmbedKind::Query, Priority::Bulk, Cancel::new()).await.unwrap()
    }

    fn cosine(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[tokio::test]
    async fn texts_sharing_words_are_near() {
        let vectors = embed(&[
            "how to boil an egg",
            "boil the egg for five minutes",
            "tax law of 1998",
            "北京的天气",
            "天气怎么样",
            "",
        ])
        .await;
        for vector in &vectors {
            assert!((cosine(vector, vector) - 1.0).abs() < 1e-5);
        }
        assert!(cosine(&vectors[0], &vectors[1]) > cosine(&vectors[0], &vectors[2]) + 0.1);
        assert!(cosine(&vectors[3], &vectors[4]) > cosine(&vectors[3], &vectors[2]) + 0.1);
    }

    #[tokio::test]
    async fn vectors_repeat_and_cancel_stops() {
        assert_eq!(embed(&["same words"]).await, embed(&["Same   WORDS"]).await);
        let cancel = Cancel::new();
        cancel.cancel();
        let embedder = FakeEmbedder::new(8);
        let result = embedder.embed(vec!["x".into()], EmbedKind::Passage, Priority::Bulk, cancel).await;
        assert!(matches!(result, Err(InferenceError::Cancelled)));
        assert_eq!(embedder.embedded(), 0);
    }
}
