//! Plain text: paragraphs between blank lines, headings that are underlined. Lines stay as they are,
//! because in a text file they may be verse, code or a table.

use super::lines::{TextLine, lines};
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place};

/// A paragraph is ended at the next line end once it is this long: logs have no blank lines.
const PARAGRAPH_BYTES: usize = 32 << 10;
/// A longer line is no heading.
const HEADING_CHARS: usize = 120;

/// Reads plain text.
pub(super) fn read(source: &Decoded, writer: &mut BlockWriter) -> Result<(), Stop> {
    let mut reading = Reading { source, writer, styles: Vec::new(), paragraph: Vec::new() };
    for (index, line) in lines(&source.text).enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let content = &source.text[line.start..line.end];
        if content.trim().is_empty() {
            reading.flush()?;
            continue;
        }
        if content.starts_with('\u{0c}') {
            reading.flush()?; // a new page of a printed text
        }
        reading.paragraph.push((number, line));
        if line.next - reading.paragraph[0].1.start >= PARAGRAPH_BYTES {
            reading.flush()?;
        }
    }
    reading.flush()
}

struct Reading<'d, 'w, 's> {
    source: &'d Decoded,
    writer: &'w mut BlockWriter<'s>,
    /// Underlines seen so far, in order of appearance: the first one marks level 1.
    styles: Vec<(char, bool)>,
    paragraph: Vec<(u32, TextLine)>,
}

impl Reading<'_, '_, '_> {
    fn flush(&mut self) -> Result<(), Stop> {
        let paragraph = std::mem::take(&mut self.paragraph);
        let mut rest = paragraph.as_slice();
        while let Some((heading, style, used)) = self.heading(rest) {
            let level = self.level(style);
            self.push(BlockKind::Heading { level }, &rest[heading..=heading])?;
            rest = &rest[used..];
        }
        if rest.is_empty() { Ok(()) } else { self.push(BlockKind::Paragraph, rest) }
    }

    /// A heading at the beginning of `lines`: which line it is, its style, how many lines it takes.
    fn heading(&self, lines: &[(u32, TextLine)]) -> Option<(usize, (char, bool), usize)> {
        let text = |index: usize| {
            let (_, line) = lines.get(index)?;
            Some(self.source.text[line.start..line.end].trim())
        };
        let (first, second) = (text(0)?, text(1)?);
        if let (Some(over), Some(third)) = (underline(first), text(2))
            && underline(third) == Some(over)
            && underline(second).is_none()
            && fits(second, first)
        {
            return Some((1, (over, true), 3));
        }
        let under = underline(second)?;
        (underline(first).is_none() && fits(first, second)).then_some((0, (under, false), 2))
    }

    fn level(&mut self, style: (char, bool)) -> u8 {
        let index = self.styles.iter().position(|seen| *seen == style).unwrap_or_else(|| {
            self.styles.push(style);
            self.styles.len() - 1
        });
        u8::try_from(index + 1).unwrap_or(6).min(6)
    }

    fn push(&mut self, kind: BlockKind, lines: &[(u32, TextLine)]) -> Result<(), Stop> {
        let (Some((first, _)), Some((last, _))) = (lines.first(), lines.last()) else { return Ok(()) };
        let mut block = BlockText::new(self.source);
        for (index, (_, line)) in lines.iter().enumerate() {
            block.push_source(line.start..line.end);
            if index + 1 < lines.len() {
                match &self.source.text[line.end..line.next] {
                    "\r" => block.push_made("\n"),
                    _ => block.push_source(line.end..line.next),
                }
            }
        }
        let (text, runs) = block.finish();
        self.writer.push(kind, &text, Place::Lines { first: *first, last: *last, runs })
    }
}

/// The character of an underline, when the whole line is one.
fn underline(line: &str) -> Option<char> {
    let first = line.chars().next().filter(|c| "=-~*^#+\"'`_".contains(*c))?;
    (line.len() >= 3 && line.chars().all(|c| c == first)).then_some(first)
}

/// Whether an underline is about as long as the heading above it; a wide character counts one or two.
fn fits(heading: &str, line: &str) -> bool {
    let chars = heading.chars().count();
    let length = line.chars().count();
    chars <= HEADING_CHARS && length * 10 >= chars * 6 && length <= chars * 2 + chars / 2 + 4
}

#[cfg(test)]
mod tests {
    use super::super::testing::{read_plain, texts};
    use docent_corpus::{BlockKind, Place};

    #[test]
    fn blank_lines_end_paragraphs_and_underlines_make_headings() {
        let document = read_plain("Title\n=====\n\nFirst line\nsecond line.\n\n  \n小节\n----\n正文。\n");
        assert_eq!(texts(&document), ["Title", "First line\nsecond line.", "小节", "正文。"]);
        assert_eq!(document.blocks[0].kind, BlockKind::Heading { level: 1 });
        assert_eq!(document.blocks[2].kind, BlockKind::Heading { level: 2 });
        assert_eq!(document.metadata.title.as_deref(), Some("Title"));
        let Place::Lines { first, last, .. } = document.blocks[1].place else { panic!() };
        assert_eq!((first, last), (4, 5));
    }

    #[test]
    fn a_rule_between_paragraphs_is_no_heading() {
        let document = read_plain("one two three four five six seven eight nine\n---\nend\n");
        assert_eq!(document.blocks.len(), 1);
        assert_eq!(document.blocks[0].kind, BlockKind::Paragraph);
    }

    #[test]
    fn windows_and_old_mac_lines_read_alike() {
        let expected = ["a\nb", "c"];
        for text in ["a\nb\n\nc", "a\r\nb\r\n\r\nc", "a\rb\r\rc"] {
            assert_eq!(texts(&read_plain(text)), expected, "{text:?}");
        }
    }

    #[test]
    fn a_log_without_blank_lines_becomes_blocks_of_bounded_size() {
        let log = "2026-11-21 line of a log without any blank line\n".repeat(5000);
        let document = read_plain(&log);
        assert!(document.blocks.len() > 5);
        assert!(document.blocks.iter().all(|block| block.span.len() < 40_000));
    }
}
