//! Words that nobody wrote, as frequent as in a language, the same in every run. The example `index_scale`
//! of the crate `tests` fills larger libraries with the same ones.

const SYLLABLES: &[&str] = &[
    "ba", "ke", "lo", "mi", "nu", "ra", "se", "to", "vi", "zu", "dar", "fen", "gol", "hin", "jus", "pal",
    "ter", "wim", "lon", "sur",
];

/// The word of a rank: its digits in syllables, two at least.
pub(crate) fn word(rank: usize) -> String {
    let count = SYLLABLES.len();
    let mut rest = rank + count;
    let mut word = String::new();
    while rest > 0 {
        word.push_str(SYLLABLES.get(rest % count).copied().unwrap_or_default());
        rest /= count;
    }
    word
}

/// `SplitMix64`.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    pub(crate) fn even(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The rank of a word among `vocabulary` different ones. Its logarithm is evenly spread: every rank is
    /// met about as often as its inverse (Zipf).
    pub(crate) fn rank(&mut self, vocabulary: f64) -> usize {
        vocabulary.powf(self.even()) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, word};
    use std::collections::HashSet;

    #[test]
    fn words_differ_by_rank() {
        let words: HashSet<String> = (0..20_000).map(word).collect();
        assert!(words.len() > 19_000, "{} words", words.len());
    }

    #[test]
    fn few_words_are_frequent() {
        let mut random = Random(1);
        let low = (0..10_000).filter(|_| random.rank(20_000.0) < 100).count();
        assert!((3500..6000).contains(&low), "{low} of 10000 ranks are below 100");
    }
}
