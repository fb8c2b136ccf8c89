//! Running text that stands on several lines of a source, read as one: markup is recognised across
//! line breaks, and what is left goes into a block with the places it came from.

use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::script::joins_without_space;
use std::ops::Range;

/// Lines put together, with the way back to the source.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// The lines, with a line feed between each two.
    pub(super) text: String,
    /// Where each line begins, in `text` and in the source.
    starts: Vec<(usize, usize)>,
    end: usize,
}

/// A piece of running text with its markup understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// This range of the flow's text is shown as it stands.
    Shown(Range<usize>),
    /// This text is shown and stands nowhere like this.
    Made(String),
}

impl Flow {
    /// The lines at these ranges of the source.
    pub(super) fn new(source: &str, lines: impl IntoIterator<Item = Range<usize>>) -> Self {
        let mut flow = Self::default();
        for line in lines {
            let Some(content) = source.get(line.clone()) else { continue };
            if !flow.starts.is_empty() {
                flow.text.push('\n');
            }
            flow.starts.push((flow.text.len(), line.start));
            flow.text.push_str(content);
            flow.end = line.end;
        }
        flow
    }

    /// The range of the source that the lines cover.
    pub(super) fn source_range(&self) -> Range<usize> {
        let start = self.starts.first().map_or(self.end, |(_, start)| *start);
        start..self.end.max(start)
    }

    /// Puts pieces into a block. Line breaks become spaces, or nothing between characters of a script
    /// without spaces.
    pub(super) fn write(&self, pieces: &[Piece], block: &mut BlockText<'_>) {
        for piece in pieces {
            match piece {
                Piece::Made(text) => block.push_made(text),
                Piece::Shown(range) => self.show(range.clone(), block),
            }
        }
    }

    fn show(&self, range: Range<usize>, block: &mut BlockText<'_>) {
        let mut at = range.start;
        while at < range.end {
            let line = self.text[at..range.end].find('\n').map_or(range.end, |found| at + found);
            // White space at the ends of lines goes with the break.
            let (from, to) = self.trimmed(at..line, &range);
            if from < to {
                block.push_source(self.source_at(from)..self.source_at(to));
            }
            at = line;
            if line < range.end {
                at = line + 1;
                let after = self.text[at..].trim_start();
                if !joins_without_space(block.as_str().trim_end(), after) {
                    block.push_made(" ");
                }
            }
        }
    }

    fn trimmed(&self, line: Range<usize>, within: &Range<usize>) -> (usize, usize) {
        let text = &self.text[line.clone()];
        let from = if line.start > within.start { line.end - text.trim_start().len() } else { line.start };
        let to = if line.end < within.end { line.start + text.trim_end().len() } else { line.end };
        (from, to.max(from))
    }

    fn source_at(&self, at: usize) -> usize {
        let line = self.starts.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        self.starts.get(line).map_or(self.end, |(start, source)| source + (at - start))
    }
}

/// A block of plain running text: every line as it stands, with its line breaks.
pub(super) fn verbatim<'d>(source: &'d Decoded, lines: &[Range<usize>]) -> BlockText<'d> {
    let mut block = BlockText::new(source);
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            block.push_made("\n");
        }
        block.push_source(line.clone());
    }
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(source: &str, lines: &[Range<usize>]) -> (String, Vec<docent_corpus::Run>) {
        let decoded = Decoded::of_str(source);
        let flow = Flow::new(source, lines.iter().cloned());
        let mut block = BlockText::new(&decoded);
        flow.write(&[Piece::Shown(0..flow.text.len())], &mut block);
        block.finish()
    }

    #[test]
    fn lines_join_as_their_script_wants() {
        let (text, runs) = read("  one \n  two\n中文\n文字", &[2..6, 9..12, 13..19, 20..26]);
        assert_eq!(text, "one two 中文文字");
        assert_eq!(runs.len(), 4);
        assert_eq!((runs[1].file_start, runs[1].file_end), (9, 12));
    }

    proptest! {
        #[test]
        fn runs_are_the_source(source in "[a中 \n]{0,60}") {
            let mut lines = Vec::new();
            let mut at = 0;
            for line in source.split('\n') {
                lines.push(at..at + line.len());
                at += line.len() + 1;
            }
            let (text, runs) = read(&source, &lines);
            for run in runs {
                prop_assert_eq!(run.span.of(&text), source.get(run.file_start as usize..run.file_end as usize));
            }
            let words = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(words(&text), words(&source));
        }
    }
}
