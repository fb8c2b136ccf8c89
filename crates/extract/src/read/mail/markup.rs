//! HTML of a mail: its blocks, and the line of the decoded part on which each begins.

use super::super::html;
use super::super::lines::LineIndex;
use crate::script::floor_char;
use docent_corpus::BlockKind;

/// One block: what it is, its text, its first line counted from 1.
pub(super) type Block = (BlockKind, String, u32);

/// How far ahead a block is looked for, in bytes of shown text: one that cannot be found must not
/// cost a look at all the rest, nor move the following ones there.
const WINDOW: usize = 16 << 10;

/// The blocks of an HTML part.
pub(super) fn blocks(source: &str, depth: usize) -> Vec<Block> {
    let shown = Shown::of(source);
    let lines = LineIndex::new(source);
    let mut at = 0;
    let found = html::fragment(source, depth).into_iter().map(|(kind, text)| {
        let begins = first_word(&text);
        let rest = &shown.text[at..floor_char(&shown.text, at + WINDOW)];
        if let Some(found) = rest.find(begins) {
            at += found;
            let line = lines.number(shown.in_source(at));
            at += begins.len();
            return (kind, text, line);
        }
        (kind, text, lines.number(shown.in_source(at))) // written with character references
    });
    found.collect()
}

/// The letters at the beginning of a block that stand like this in its source.
fn first_word(text: &str) -> &str {
    let text = text.trim_start_matches(|c: char| !c.is_alphanumeric());
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    let end = text.char_indices().nth(24).map_or(end, |(limit, _)| end.min(limit));
    &text[..end]
}

/// The source without its tags and what is never shown.
struct Shown {
    text: String,
    /// Where stretches of the text begin, and where they stand in the source.
    stretches: Vec<(usize, usize)>,
}

impl Shown {
    fn of(source: &str) -> Self {
        let mut shown = Self { text: String::with_capacity(source.len()), stretches: vec![(0, 0)] };
        let mut at = 0;
        while let Some(open) = source[at..].find('<') {
            shown.text.push_str(&source[at..at + open]);
            shown.text.push(' ');
            at += open;
            at += hidden_length(&source[at..]);
            shown.stretches.push((shown.text.len(), at));
        }
        shown.text.push_str(&source[at..]);
        shown
    }

    /// Where a byte of the text stands in the source.
    fn in_source(&self, at: usize) -> usize {
        let next = self.stretches.partition_point(|(begin, _)| *begin <= at);
        let (begin, source) = self.stretches.get(next.saturating_sub(1)).copied().unwrap_or_default();
        source + (at - begin)
    }
}

/// How many bytes the tag, comment, script or style takes that `text` begins with.
fn hidden_length(text: &str) -> usize {
    let until = |mark: &str| text.find(mark).map_or(text.len(), |at| at + mark.len());
    if text.starts_with("<!--") {
        return until("-->");
    }
    let name: String = text[1..].chars().take(6).map(|c| c.to_ascii_lowercase()).collect();
    if name.starts_with("style") {
        return until("</style").min(until("</STYLE"));
    }
    if name.starts_with("script") {
        return until("</script").min(until("</SCRIPT"));
    }
    until(">")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_knows_its_line() {
        let source = "<html><style>p {Hello}</style>\n<body title='Hello'><p>Hello\n there</p>\n\n<p>第二段</p>\n<blockquote>Hello &amp; bye</blockquote>\n&#20013; x";
        let found: Vec<_> = blocks(source, 512).into_iter().map(|(_, text, line)| (text, line)).collect();
        let expected = [("Hello there", 2), ("第二段", 5), ("Hello & bye", 6), ("中 x", 6)];
        assert_eq!(found, expected.map(|(text, line)| (text.to_owned(), line)));
    }

    #[test]
    fn a_block_that_stands_nowhere_moves_no_other_and_large_tags_are_no_distance() {
        // Its word is written with a reference here, and plainly far below.
        let far = "<p>filler words</p>\n".repeat(2000);
        let picture = format!("<img src='data:{}'>", "A".repeat(100_000));
        let source = format!("<p>&#71;amma one</p>\n{picture}\n<p>Beta two</p>\n{far}<p>Gamma end</p>");
        let found: Vec<_> = blocks(&source, 512).into_iter().map(|(_, text, line)| (text, line)).collect();
        assert_eq!(found[0], ("Gamma one".to_owned(), 1));
        assert_eq!(found[1], ("Beta two".to_owned(), 3));
        assert_eq!(found.last(), Some(&("Gamma end".to_owned(), 2004)));
    }
}
