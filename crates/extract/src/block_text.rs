//! The text of one block while it is put together from pieces of a file.

use crate::encoding::Decoded;
use crate::script::is_dropped;
use docent_corpus::{Run, Span};
use std::ops::Range;

/// A stretch of the block that stands verbatim in the decoded source.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    start: usize,
    end: usize,
    /// Where `start` stands in the decoded source.
    source: usize,
}

/// Collects a block's text and remembers which parts of it stand verbatim in the source.
#[derive(Debug)]
pub(crate) struct BlockText<'d> {
    source: &'d Decoded,
    text: String,
    stretches: Vec<Stretch>,
}

/// Longest sequence that steers a terminal, in bytes.
const TERMINAL_BYTES: usize = 64;

/// The length of the sequence at the beginning of a text that sets colours of a terminal or moves its
/// cursor, as logs have them.
fn terminal_sequence(text: &str) -> Option<usize> {
    let body = text.strip_prefix("\u{1b}[")?;
    let end = body.bytes().take(TERMINAL_BYTES).position(|byte| !matches!(byte, b' '..=b'?'))?;
    let is_whole = matches!(body.as_bytes().get(end), Some(b'@'..=b'~'));
    is_whole.then_some(2 + end + 1)
}

impl<'d> BlockText<'d> {
    pub(crate) fn new(source: &'d Decoded) -> Self {
        Self { source, text: String::new(), stretches: Vec::new() }
    }

    /// Appends the source at `range`, without the characters that never belong into clean text.
    pub(crate) fn push_source(&mut self, range: Range<usize>) {
        let Some(piece) = self.source.text.get(range.clone()) else { return };
        let mut kept = 0;
        for (at, c) in piece.char_indices() {
            if at < kept {
                continue; // within what steers a terminal
            }
            if let Some(length) = terminal_sequence(&piece[at..]) {
                self.push_stretch(range.start + kept, &piece[kept..at]);
                kept = at + length;
            } else if is_dropped(c) || c == char::REPLACEMENT_CHARACTER {
                self.push_stretch(range.start + kept, &piece[kept..at]);
                kept = at + c.len_utf8();
                if c == '\0' && !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
                    self.text.push(' ');
                }
                if c == char::REPLACEMENT_CHARACTER {
                    self.text.push(c); // shown, but its bytes in the file are not this character
                }
            }
        }
        self.push_stretch(range.start + kept, &piece[kept..]);
    }

    /// Appends text that does not stand in the source like this.
    pub(crate) fn push_made(&mut self, text: &str) {
        self.text.extend(text.chars().filter(|c| !is_dropped(*c)));
    }

    fn push_stretch(&mut self, source: usize, piece: &str) {
        if piece.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.push_str(piece);
        let end = self.text.len();
        match self.stretches.last_mut() {
            Some(last) if last.end == start && last.source + (start - last.start) == source => {
                last.end = end;
            }
            // Runs are in the order of the file; a cell of a drawn table may stand before the last.
            Some(last) if source < last.source + (last.end - last.start) => {}
            _ => self.stretches.push(Stretch { start, end, source }),
        }
    }

    /// The text so far.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Removes white space at both ends and hands out the text with its runs, which count from the
    /// block's first byte.
    pub(crate) fn finish(self) -> (String, Vec<Run>) {
        let trimmed = self.text.trim();
        let from = trimmed.as_ptr() as usize - self.text.as_ptr() as usize;
        let to = from + trimmed.len();
        let runs = self
            .stretches
            .iter()
            .filter_map(|stretch| {
                let (start, end) = (stretch.start.max(from), stretch.end.min(to));
                if start >= end {
                    return None;
                }
                let source = stretch.source + (start - stretch.start);
                let file = self.source.file_range(source..source + (end - start))?;
                Some(Run {
                    span: Span::new(start - from, end - from),
                    file_start: file.start,
                    file_end: file.end,
                })
            })
            .collect();
        (trimmed.to_owned(), runs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adjacent_pieces_make_one_run_and_gaps_make_two() {
        let source = Decoded::of_str("> one\n> two\0three ");
        let mut block = BlockText::new(&source);
        block.push_source(2..5);
        block.push_source(5..6);
        block.push_source(8..18);
        let (text, runs) = block.finish();
        assert_eq!(text, "one\ntwo three");
        let at: Vec<_> = runs.iter().map(|r| (r.span.start, r.span.end, r.file_start, r.file_end)).collect();
        assert_eq!(at, [(0, 4, 2, 6), (4, 7, 8, 11), (8, 13, 12, 17)]);
    }

    #[test]
    fn colours_of_a_terminal_are_no_text() {
        let source = Decoded::of_str("\u{1b}[1;31mERROR\u{1b}[0m in \u{1b}[x");
        let mut block = BlockText::new(&source);
        block.push_source(0..source.text.len());
        let (text, runs) = block.finish();
        assert_eq!(text, "ERROR in");
        assert_eq!((runs[0].file_start, runs[1].file_end), (7, 19));
        assert_eq!(terminal_sequence("\u{1b}[31"), None);
        assert_eq!(terminal_sequence("\u{1b}[中"), None);
    }

    #[test]
    fn made_text_is_in_no_run() {
        let source = Decoded::of_str("a&amp;b");
        let mut block = BlockText::new(&source);
        block.push_source(0..1);
        block.push_made("&");
        block.push_source(6..7);
        let (text, runs) = block.finish();
        assert_eq!(text, "a&b");
        assert_eq!(runs.len(), 2);
    }
}
