//! Texts that nobody wrote: words as frequent as in a language, the same in every run.

use super::words::{Random, word};
use anyhow::{Context, Result};
use std::path::Path;

/// Different words.
const VOCABULARY: f64 = 20_000.0;

/// Words of a text: one passage of docent's.
const WORDS: usize = 110;

/// Files of a folder.
const FOLDER: usize = 1000;

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
        let word = word(random.rank(VOCABULARY));
        match place % 11 {
            0 => text.push_str(&format!(" The {word}")),
            10 => text.push_str(&format!(" {word}.")),
            _ => text.push_str(&format!(" {word}")),
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn texts_are_their_own_and_stay_the_same() {
        assert_eq!(text(5), text(5));
        assert_ne!(text(5), text(6));
        assert_eq!(text(5).matches('.').count(), 11);
    }
}
