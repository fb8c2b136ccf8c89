//! Source code: a block per item of the outermost level, found by indentation, blank lines and the
//! words that begin definitions. No grammar of any language is known, so that every language is read
//! and no broken file is refused.

mod items;
mod leading;
mod syntax;

use super::lines::{TextLine, lines};
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place};
use items::{CodeLine, items};
use std::ops::Range;
use syntax::Syntax;

/// A longer line is cut: only generated files have such lines.
const LINE_BYTES: usize = 8 << 10;

/// Reads source code.
pub(super) fn read(source: &Decoded, language: Option<&str>, writer: &mut BlockWriter) -> Result<(), Stop> {
    let syntax = Syntax::of(language);
    let lines: Vec<CodeLine> = numbered(&source.text, &syntax);
    let mut reading = Reading { source, language, writer };
    let body = match leading::comment(&source.text, &lines, &syntax) {
        Some(comment) => {
            reading.comment(&lines, &comment)?;
            comment.end
        }
        None => 0,
    };
    items(&lines[body..]).into_iter().try_for_each(|item| reading.code(&lines[body..][item]))
}

/// The lines of a text, long ones in parts.
fn numbered(text: &str, syntax: &Syntax) -> Vec<CodeLine> {
    let mut found = Vec::new();
    for (index, line) in lines(text).enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let mut start = line.start;
        while line.end - start > LINE_BYTES {
            let end = text.floor_char_boundary(start + LINE_BYTES);
            let part = TextLine { start, end, next: end };
            found.push(CodeLine::new(text, number, part, syntax));
            start = end;
        }
        found.push(CodeLine::new(text, number, TextLine { start, ..line }, syntax));
    }
    found
}

struct Reading<'d, 'w, 's> {
    source: &'d Decoded,
    language: Option<&'d str>,
    writer: &'w mut BlockWriter<'s>,
}

impl Reading<'_, '_, '_> {
    /// Writes lines as they are.
    fn code(&mut self, lines: &[CodeLine]) -> Result<(), Stop> {
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else { return Ok(()) };
        let mut block = BlockText::new(self.source);
        for (index, line) in lines.iter().enumerate() {
            block.push_source(line.range.start..line.range.end);
            if index + 1 < lines.len() {
                self.push_break(&mut block, line);
            }
        }
        let (text, runs) = block.finish();
        let place = Place::Lines { first: first.number, last: last.number, runs };
        let language = self.language.map(str::to_owned);
        self.writer.push(BlockKind::Code { language }, &text, place)
    }

    /// Adds the end of a line; the parts of a long line have none.
    fn push_break(&self, block: &mut BlockText<'_>, line: &CodeLine) {
        let range = line.range.end..line.range.next;
        match self.source.text.get(range.clone()) {
            Some("\r") => block.push_made("\n"),
            Some(_) => block.push_source(range),
            None => {}
        }
    }

    /// Writes the comment at the head of a file as running text.
    fn comment(&mut self, lines: &[CodeLine], comment: &leading::Comment) -> Result<(), Stop> {
        for paragraph in &comment.paragraphs {
            let (Some(first), Some(last)) = (paragraph.first(), paragraph.last()) else { continue };
            let mut block = BlockText::new(self.source);
            for (index, (_, range)) in paragraph.iter().enumerate() {
                if index > 0 {
                    block.push_made("\n");
                }
                block.push_source(range.clone());
            }
            let (text, runs) = block.finish();
            let number = |line: &(usize, Range<usize>)| lines.get(line.0).map_or(1, |line| line.number);
            let place = Place::Lines { first: number(first), last: number(last), runs };
            self.writer.push(BlockKind::Paragraph, &text, place)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
