//! Titles of sections: lines of punctuation below them, or above and below.

use super::row::Row;
use crate::script::is_cjk;

/// The styles of titles seen so far, in order of appearance: the first one marks level 1.
#[derive(Debug, Default)]
pub(super) struct Titles {
    styles: Vec<(char, bool)>,
}

impl Titles {
    /// The level of a title with this adornment, and whether it also stands above the title.
    pub(super) fn level(&mut self, style: (char, bool)) -> u8 {
        let index = self.styles.iter().position(|seen| *seen == style).unwrap_or_else(|| {
            self.styles.push(style);
            self.styles.len() - 1
        });
        u8::try_from(index + 1).unwrap_or(6).min(6)
    }
}

/// The character of a line that consists of nothing but one punctuation character.
pub(super) fn adornment(line: &str) -> Option<char> {
    let first = line.chars().next().filter(char::is_ascii_punctuation)?;
    line.chars().all(|c| c == first).then_some(first)
}

/// A title at the beginning of `rows`: which row it is, its style, and how many rows it takes.
pub(super) fn at_start(source: &str, rows: &[Row]) -> Option<(usize, (char, bool), usize)> {
    let text = |index: usize| rows.get(index).map(|row: &Row| source.get(row.range()).unwrap_or_default());
    let (first, second) = (text(0)?, text(1)?);
    if let (Some(over), Some(third)) = (adornment(first), text(2))
        && !second.is_empty()
        && adornment(second).is_none()
        && third == first
        && (first.len() >= 4 || first.len() >= columns(second.trim()))
    {
        return Some((1, (over, true), 3));
    }
    let under = adornment(second)?;
    let fits = second.len() >= 4 || second.len() >= columns(first);
    (!first.is_empty() && fits && rows[0].indent == 0 && adornment(first).is_none()).then_some((
        0,
        (under, false),
        2,
    ))
}

/// How many columns a text takes, wide characters two.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| 1 + usize::from(is_wide(c))).sum()
}

/// Whether a character takes two columns (East Asian Wide and Fullwidth, roughly).
pub(super) fn is_wide(c: char) -> bool {
    is_cjk(c) || matches!(c, '\u{1100}'..='\u{115F}' | '\u{AC00}'..='\u{D7A3}' | '\u{1F300}'..='\u{1FAFF}')
}
