//! Passages that stand in prompt after prompt, each read once by itself and put in wherever it comes
//! up again.
//!
//! Not exact: a passage that was read by itself does not know what stands before it. Its first tokens
//! are read in their place (EPIC, Hu et al. 2024), which mends the most of it. Off unless a request
//! names its passages.

use std::collections::HashMap;
use std::ops::Range;

use crate::decoder::Segment;

/// Tokens at the ends of a passage that its surroundings may change.
const EDGE: usize = 2;

/// Shorter passages are read as everything else.
const LEAST: usize = 64;

/// Tokens of a passage that are read in their place.
pub(super) const RECOMPUTED: usize = 16;

/// Where the inside of a passage, whose tokens alone are `passage`, stands in `prompt`, if it does
/// and something follows it.
pub(super) fn find(prompt: &[u32], passage: &[u32]) -> Option<Range<usize>> {
    let inside = passage.get(EDGE..passage.len().checked_sub(EDGE)?)?;
    if inside.len() < LEAST {
        return None;
    }
    let start = prompt.windows(inside.len()).position(|window| window == inside)?;
    Some(start..start + inside.len()).filter(|range| range.end < prompt.len())
}

/// Keys before they are turned, and values, of passages by their tokens and the adapter.
pub(super) struct PassageCache {
    kept: HashMap<(String, Vec<u32>), (Segment, u64)>,
    budget: usize,
    clock: u64,
}

impl PassageCache {
    /// Keeps at most `budget` bytes.
    pub(super) fn new(budget: usize) -> Self {
        Self { kept: HashMap::new(), budget, clock: 0 }
    }

    pub(super) fn get(&mut self, adapter: &str, tokens: &[u32]) -> Option<&Segment> {
        self.clock += 1;
        let (segment, used) = self.kept.get_mut(&(adapter.to_owned(), tokens.to_vec()))?;
        *used = self.clock;
        Some(segment)
    }

    /// Keeps a passage; those that were not used for longest go for it.
    pub(super) fn insert(&mut self, adapter: &str, tokens: &[u32], segment: Segment) {
        self.clock += 1;
        self.kept.insert((adapter.to_owned(), tokens.to_vec()), (segment, self.clock));
        while self.kept.values().map(|(segment, _)| segment.bytes()).sum::<usize>() > self.budget {
            let oldest = self.kept.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else {
                return;
            };
            self.kept.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inside_of_a_passage_is_found_whatever_its_ends_became() {
        let passage: Vec<u32> = (100..200).collect();
        let mut prompt: Vec<u32> = vec![1, 2, 3, 999];
        prompt.extend(101..199);
        prompt.extend([998, 4, 5]);
        assert_eq!(find(&prompt, &passage), Some(5..101));
        assert_eq!(prompt[5..101], passage[2..98]);
        // Nothing follows it; it is short; it is not there.
        assert_eq!(find(&prompt[..101], &passage), None);
        assert_eq!(find(&prompt, &passage[..60]), None);
        assert_eq!(find(&prompt[..50], &passage), None);
        assert_eq!(find(&prompt, &[]), None);
    }

    #[test]
    fn the_budget_is_kept() {
        let segment = || Segment::from_layers(2, vec![vec![0; 20]; 2]).unwrap();
        let mut cache = PassageCache::new(80);
        cache.insert("", &[1], segment());
        cache.insert("", &[2], segment());
        assert!(cache.get("", &[1]).is_some() && cache.get("a", &[1]).is_none());
        cache.insert("", &[3], segment());
        assert!(cache.get("", &[2]).is_none());
        assert!(cache.get("", &[1]).is_some() && cache.get("", &[3]).is_some());
    }
}
