//! Which texts are computed together.

use super::model::Tokens;

/// Most tokens of a batch: about a tenth of a second of work on two cores, so that an interactive
/// request does not wait long behind it, and enough for all threads to have their share.
const BATCH_TOKENS: usize = 1024;

/// Token ids of texts of about the same length, and where their results go.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// Position of each text in the request.
    pub(super) places: Vec<usize>,
    /// Token ids of each text.
    pub(super) sequences: Vec<Tokens>,
}

impl Batch {
    fn tokens(&self) -> usize {
        self.sequences.iter().map(|tokens| tokens.ids.len()).sum()
    }
}

/// Sorts by length, so that the threads have equal shares, and cuts into batches. The longest come
/// last, and batches are taken from the end: memory is at its highest at once and not after an
/// hour.
pub(super) fn pack(encoded: Vec<Tokens>) -> Vec<Batch> {
    let mut sorted: Vec<(usize, Tokens)> = encoded.into_iter().enumerate().collect();
    sorted.sort_by_key(|(_, tokens)| tokens.ids.len());
    let mut batches: Vec<Batch> = Vec::new();
    for (place, tokens) in sorted {
        match batches.last_mut() {
            Some(batch) if batch.tokens() + tokens.ids.len() <= BATCH_TOKENS => {
                batch.places.push(place);
                batch.sequences.push(tokens);
            }
            _ => batches.push(Batch { places: vec![place], sequences: vec![tokens] }),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BATCH_TOKENS, Tokens, pack};

    proptest! {
        #[test]
        fn every_text_is_in_one_batch_within_the_limit(
            lengths in proptest::collection::vec(1usize..600, 0..60),
        ) {
            let text = |&n: &usize| Tokens { ids: vec![n as u32; n], types: Vec::new() };
            let encoded: Vec<Tokens> = lengths.iter().map(text).collect();
            let batches = pack(encoded);
            let mut places: Vec<usize> = Vec::new();
            for batch in &batches {
                prop_assert!(batch.places.len() == 1 || batch.tokens() <= BATCH_TOKENS);
                for (&place, tokens) in batch.places.iter().zip(&batch.sequences) {
                    prop_assert_eq!(tokens.ids.len(), lengths[place]);
                }
                places.extend(&batch.places);
            }
            places.sort_unstable();
            prop_assert_eq!(places, (0..lengths.len()).collect::<Vec<_>>());
        }
    }
}
