//! Marks that notes have beyond CommonMark, as Obsidian writes them: `%%comments%%`,
//! `==highlights==`, block identifiers (`^abc`) and the heads of callouts (`> [!note] Title`).

use crate::script::{floor_char, is_cjk};
use std::ops::Range;

/// How far the end of a highlight is looked for, in bytes.
const HIGHLIGHT_BYTES: usize = 4096;

/// Which marks are open while the text is read from its beginning to its end.
#[derive(Debug)]
pub(super) struct Marks {
    comment: bool,
    highlight: bool,
    /// Where the last `%%` of the source stands: a comment that never ends is none.
    last_comment_mark: usize,
    /// Text before this place of the source is not shown.
    hidden_before: usize,
}

impl Marks {
    pub(super) fn new(source: &str) -> Self {
        let last_comment_mark = source.rfind("%%").unwrap_or(0);
        Self { comment: false, highlight: false, last_comment_mark, hidden_before: 0 }
    }

    /// Whether a comment is open.
    pub(super) fn in_comment(&self) -> bool {
        self.comment
    }

    /// A new block begins: highlights end with their block.
    pub(super) fn begin_block(&mut self) {
        self.highlight = false;
    }

    /// Leaves out what stands before `end`.
    pub(super) fn hide_before(&mut self, end: usize) {
        self.hidden_before = self.hidden_before.max(end);
    }

    /// Whether the source at `at` is left out.
    pub(super) fn hides(&self, at: usize) -> bool {
        self.comment || at < self.hidden_before
    }

    /// The parts of a piece of running text that a reader sees.
    pub(super) fn visible(&mut self, source: &str, piece: Range<usize>) -> Vec<Range<usize>> {
        let mut kept = Vec::new();
        let (mut from, end) = (piece.start.max(self.hidden_before), piece.end);
        let mut at = from;
        while at < end {
            if self.comment {
                let Some(close) = source[at..end].find("%%") else { break };
                self.comment = false;
                at += close + 2;
                from = at;
                continue;
            }
            let Some(mark) = next_mark(&source[at..end]).map(|found| at + found) else { break };
            if source[mark..].starts_with("%%") && self.opens_comment(source, mark) {
                kept.push(from..mark);
                self.comment = true;
                at = mark + 2;
            } else if source[mark..].starts_with("==") && self.toggles_highlight(source, mark) {
                kept.push(from..mark);
                at = mark + 2;
                from = at;
            } else {
                let mark_byte = source.as_bytes()[mark];
                at = mark + source[mark..end].bytes().take_while(|byte| *byte == mark_byte).count();
            }
        }
        if !self.comment && from < end {
            kept.push(from..end - block_id_length(source, from..end));
        }
        kept.retain(|range| range.start < range.end);
        kept
    }

    /// A per cent sign that is escaped by doubling follows a number or a word; a comment does not.
    fn opens_comment(&self, source: &str, mark: usize) -> bool {
        mark + 1 < self.last_comment_mark
            && !source[..mark].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '%')
    }

    fn toggles_highlight(&mut self, source: &str, mark: usize) -> bool {
        let (before, after) = (&source[..mark], &source[mark + 2..]);
        let toggles =
            if self.highlight { closes_highlight(before, after) } else { opens_highlight(before, after) };
        self.highlight ^= toggles;
        toggles
    }
}

fn next_mark(text: &str) -> Option<usize> {
    text.as_bytes().windows(2).position(|pair| pair == b"%%" || pair == b"==")
}

/// Letters that a mark does not touch; a mark may stand between characters of a script without spaces.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !is_cjk(c)
}

/// `a == b` is a comparison, `a==b` too.
fn opens_highlight(before: &str, after: &str) -> bool {
    if before.ends_with(|c| c == '=' || is_letter(c))
        || after.starts_with(|c: char| c == '=' || c.is_whitespace())
    {
        return false;
    }
    let ahead = &after[..floor_char(after, HIGHLIGHT_BYTES)];
    let block = ahead.find("\n\n").map_or(ahead, |end| &ahead[..end]);
    block.match_indices("==").any(|(at, _)| closes_highlight(&block[..at], &block[at + 2..]))
}

fn closes_highlight(before: &str, after: &str) -> bool {
    !before.is_empty()
        && !before.ends_with(|c: char| c == '=' || c.is_whitespace())
        && !after.starts_with(|c| c == '=' || is_letter(c))
}

/// How many bytes at the end of the text at `piece` are the identifier of its block.
fn block_id_length(source: &str, piece: Range<usize>) -> usize {
    let text = &source[piece.clone()];
    let Some(caret) = text.rfind('^') else { return 0 };
    let name = &text[caret + 1..];
    let named = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let apart = source[..piece.start + caret].chars().next_back().is_none_or(char::is_whitespace);
    if named && apart && ends_block(&source[piece.end..]) { text.len() - caret } else { 0 }
}

/// Whether a block ends before `rest`: at an empty line, or where another item or quotation begins.
fn ends_block(rest: &str) -> bool {
    let Some(next) = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')) else {
        return rest.is_empty();
    };
    let line = next.lines().next().unwrap_or_default().trim_start();
    line.is_empty()
        || line.starts_with(['-', '*', '+', '>', '#'])
        || line.starts_with(|c: char| c.is_ascii_digit())
}

/// How long the head of a callout is (`[!note]- ` before its title), when `text` begins with one.
pub(super) fn callout_head(text: &str) -> Option<usize> {
    let line = text.lines().next()?;
    let inner = line.strip_prefix("[!")?;
    let close = inner.find(']')?;
    let kind = &inner[..close];
    let named =
        !kind.is_empty() && kind.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ' | '|'));
    let after = &inner[close + 1..];
    let title = after.strip_prefix(['+', '-']).unwrap_or(after).trim_start();
    named.then(|| line.len() - title.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(source: &str) -> String {
        let mut marks = Marks::new(source);
        marks.visible(source, 0..source.len()).into_iter().map(|range| &source[range]).collect()
    }

    #[test]
    fn comments_are_left_out_and_per_cent_signs_stay() {
        assert_eq!(shown("a %%not shown%% b"), "a  b");
        assert_eq!(shown("中文%%批注%%。"), "中文。");
        assert_eq!(shown("100%% sure and 50%% more"), "100%% sure and 50%% more");
        assert_eq!(shown("open %% for ever"), "open %% for ever");
    }

    #[test]
    fn highlights_lose_their_marks_and_comparisons_do_not() {
        assert_eq!(shown("a ==bright== word"), "a bright word");
        assert_eq!(shown("这是==重点==内容"), "这是重点内容");
        for plain in ["a == b == c", "x==y and y==z", "==== rule ====", "==never closed", "a ===b==="] {
            assert_eq!(shown(plain), plain);
        }
    }

    #[test]
    fn block_identifiers_end_their_block_only() {
        assert_eq!(shown("text ^abc-1"), "text ");
        assert_eq!(shown("^alone"), "");
        assert_eq!(shown("2^10"), "2^10");
        assert_eq!(shown("a ^b c"), "a ^b c");
    }

    #[test]
    fn heads_of_callouts() {
        assert_eq!(callout_head("[!note] Title"), Some(8));
        assert_eq!(callout_head("[!faq|left]- 标题\nbody"), Some(13));
        assert_eq!(callout_head("[!tip]"), Some(6));
        assert_eq!(callout_head("[!](x)"), None);
    }

    proptest! {
        #[test]
        fn what_is_shown_is_cut_on_borders_and_in_order(source in "[a中 %=^\n-]{0,40}") {
            let mut marks = Marks::new(&source);
            let mut after = 0;
            for range in marks.visible(&source, 0..source.len()) {
                prop_assert!(range.start >= after && source.get(range.clone()).is_some());
                after = range.end;
            }
        }
    }
}
