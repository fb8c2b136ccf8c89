//! HTML of a mail: its blocks, and the line of the decoded part on which each begins.

use super::super::html;
use super::super::lines::LineIndex;
use docent_corpus::BlockKind;

/// One block: what it is, its text, its first line counted from 1.
pub(super) type Block = (BlockKind, String, u32);

/// The blocks of an HTML part.
pub(super) fn blocks(source: &str, depth: usize) -> Vec<Block> {
    let shown = without_tags(source);
    let lines = LineIndex::new(source);
    let mut at = 0;
    let found = html::fragment(source, depth).into_iter().map(|(kind, text)| {
        let begins = first_word(&text);
        if let Some(found) = shown[at..].find(begins) {
            at += found;
            let line = lines.number(at);
            at += begins.len();
            return (kind, text, line);
        }
        (kind, text, lines.number(at)) // written with character references
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

/// The source with blanks instead of tags and of what is never shown, every other byte in its place.
fn without_tags(source: &str) -> String {
    let mut shown = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(open) = rest.find('<') {
        shown.push_str(&rest[..open]);
        rest = &rest[open..];
        let length = hidden_length(rest);
        shown.extend(std::iter::repeat_n(' ', length));
        rest = &rest[length..];
    }
    shown.push_str(rest);
    shown
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
}
