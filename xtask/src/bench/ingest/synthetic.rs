//! Texts that nobody wrote: words as frequent as in a language, the same in every run.

use anyhow::{Context, Result};
use std::path::Path;

/// Different words. The n-th is met about 1/n as often as the first (Zipf).
const VOCABULARY: f64 = 20_000.0;

/// Words of a text: one passage of docent's.
const WORDS: usize = 110;

/// Files of a folder.
const FOLDER: usize = 1000;

const SYLLABLES: &[&str] = &[
    "ba", "ke", "lo", "mi", "nu", "ra", "se", "to", "vi", "zu", "dar", "fen", "gol", "hin", "jus", "pal",
    "ter", "wim", "lon", "sur",
];

/// Writes `files` files with `contents` different texts.
pub(crate) fn write(folder: &Path, files: usize, contents: usize) -> Result<()> {
    for number in 0..files {
        let path = folder.join(name(number));
        if number % FOLDER == 0 {
            let parent = path.parent().context("a file without a folder")?;
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text(number % contents))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// Where the file of this number lies below the folder.
pub(crate) fn name(number: usize) -> String {
    format!("{:04}/{number:07}.txt", number / FOLDER)
}

/// A few words to search for, some frequent, some rare.
pub(crate) fn question() -> String {
    [3, 40, 700].map(word).join(" ")
}

fn text(number: usize) -> String {
    let mut random = Random(number as u64 + 1);
    let mut text = format!("Record {number}.");
    for place in 0..WORDS {
        let word = word(random.rank());
        match place % 11 {
            0 => text.push_str(&format!(" The {word}")),
            10 => text.push_str(&format!(" {word}.")),
            _ => text.push_str(&format!(" {word}")),
        }
    }
    text.push('\n');
    text
}

/// The word of a rank: its digits in syllables, two at least.
fn word(rank: usize) -> String {
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
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A rank whose logarithm is evenly spread: every rank about as often as its inverse.
    fn rank(&mut self) -> usize {
        let even = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        VOCABULARY.powf(even) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{Random, text, word};
    use std::collections::HashSet;

    #[test]
    fn texts_are_their_own_and_stay_the_same() {
        assert_eq!(text(5), text(5));
        assert_ne!(text(5), text(6));
        assert_eq!(text(5).matches('.').count(), 11);
    }

    #[test]
    fn words_differ_by_rank() {
        let words: HashSet<String> = (0..20_000).map(word).collect();
        assert!(words.len() > 19_000, "{} words", words.len());
    }

    #[test]
    fn few_words_are_frequent() {
        let mut random = Random(1);
        let low = (0..10_000).filter(|_| random.rank() < 100).count();
        assert!((3500..6000).contains(&low), "{low} of 10000 ranks are below 100");
    }
}
