//! Jupyter notebooks (nbformat 4): the cells in order, texts with their headings, code, and what it
//! printed. Pictures are left out.

use super::outline::push_value;
use super::tape::{Kind, Tape};
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::read::lines::LineIndex;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place, Run, Span};

/// Most output kept of one cell, in bytes: training logs have no end.
const OUTPUT_BYTES: usize = 16 << 10;

/// The cells of a notebook, by index; `None` if the value is no notebook.
pub(super) fn cells(text: &str, tape: &Tape) -> Option<Vec<usize>> {
    tape.member(0, text, "nbformat")?;
    let cells = tape.member(0, text, "cells")?;
    (tape.get(cells)?.kind == Kind::Array).then(|| tape.parts(cells).collect())
}

/// Writes the cells of a notebook.
pub(super) fn read(
    source: &Decoded,
    lines: &LineIndex,
    tape: &Tape,
    cells: &[usize],
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let mut notebook = Notebook { source, lines, tape, writer, language: None };
    notebook.language = notebook.language();
    cells.iter().try_for_each(|cell| notebook.cell(*cell))
}

struct Notebook<'d, 'w, 's> {
    source: &'d Decoded,
    lines: &'w LineIndex,
    tape: &'w Tape,
    writer: &'w mut BlockWriter<'s>,
    language: Option<String>,
}

/// Text put together from the lines of a cell.
struct Gathered {
    text: String,
    runs: Vec<Run>,
    first: u32,
    last: u32,
}

impl Notebook<'_, '_, '_> {
    fn language(&self) -> Option<String> {
        let metadata = self.member(0, "metadata")?;
        let named = |of: &str, name: &str| self.text_of(self.member(self.member(metadata, of)?, name)?);
        named("language_info", "name").or_else(|| named("kernelspec", "language"))
    }

    fn member(&self, of: usize, name: &str) -> Option<usize> {
        self.tape.member(of, &self.source.text, name)
    }

    fn text_of(&self, value: usize) -> Option<String> {
        self.source.text.get(self.tape.get(value)?.range()).map(str::to_owned)
    }

    fn cell(&mut self, cell: usize) -> Result<(), Stop> {
        let kind = self.member(cell, "cell_type").and_then(|kind| self.text_of(kind)).unwrap_or_default();
        if let Some(text) = self.member(cell, "source").and_then(|lines| self.gather(lines)) {
            match kind.as_str() {
                "code" => {
                    let language = self.language.clone();
                    self.push(BlockKind::Code { language }, &text, 0..text.text.len())?;
                }
                "markdown" | "heading" => self.markdown(&text)?,
                _ => self.push(BlockKind::Paragraph, &text, 0..text.text.len())?,
            }
        }
        let Some(outputs) = self.member(cell, "outputs") else { return Ok(()) };
        let outputs: Vec<usize> = self.tape.parts(outputs).collect();
        outputs.into_iter().try_for_each(|output| self.output(output))
    }

    /// What a cell printed: streams, plain texts of results, the message of an error.
    fn output(&mut self, output: usize) -> Result<(), Stop> {
        let data = self.member(output, "data").and_then(|data| self.member(data, "text/plain"));
        let value = self.member(output, "text").or(data).or_else(|| self.member(output, "evalue"));
        let Some(gathered) = value.and_then(|value| self.gather(value)) else { return Ok(()) };
        let end = gathered.text.floor_char_boundary(OUTPUT_BYTES);
        self.push(BlockKind::Code { language: None }, &gathered, 0..end)
    }

    /// A text, or the lines of an array of texts, with their places.
    fn gather(&self, value: usize) -> Option<Gathered> {
        let found = self.tape.get(value)?;
        let mut block = BlockText::new(self.source);
        match found.kind {
            Kind::Array => {
                for part in self.tape.parts(value) {
                    push_value(&mut block, &self.source.text, self.tape.get(part)?);
                }
            }
            Kind::String => push_value(&mut block, &self.source.text, found),
            _ => return None,
        }
        let range = found.range();
        let (text, runs) = block.finish();
        let (first, last) =
            (self.lines.number(range.start), self.lines.number(range.end.saturating_sub(1).max(range.start)));
        (!text.is_empty()).then_some(Gathered { text, runs, first, last })
    }

    /// Headings and paragraphs of a cell of Markdown.
    fn markdown(&mut self, cell: &Gathered) -> Result<(), Stop> {
        let mut paragraph: Option<std::ops::Range<usize>> = None;
        let mut start = 0;
        for line in cell.text.split_inclusive('\n') {
            let range = start..start + line.trim_end().len();
            start += line.len();
            let level = line.bytes().take_while(|byte| *byte == b'#').count();
            let heading = (1..=6).contains(&level) && line[level..].starts_with(' ');
            if (heading || range.is_empty())
                && let Some(done) = paragraph.take()
            {
                self.push(BlockKind::Paragraph, cell, done)?;
            }
            if heading {
                let text = line[level..].trim_start();
                let from = range.end.min(range.start + line.len() - text.len());
                let level = u8::try_from(level).unwrap_or(6);
                self.push(BlockKind::Heading { level }, cell, from..range.end)?;
            } else if !range.is_empty() {
                paragraph = Some(paragraph.map_or(range.start, |open| open.start)..range.end);
            }
        }
        match paragraph {
            Some(done) => self.push(BlockKind::Paragraph, cell, done),
            None => Ok(()),
        }
    }

    /// Writes a part of a cell with the runs that lie in it.
    fn push(&mut self, kind: BlockKind, cell: &Gathered, part: std::ops::Range<usize>) -> Result<(), Stop> {
        let Some(text) = cell.text.get(part.clone()) else { return Ok(()) };
        let inside = |run: &&Run| run.span.start >= part.start && run.span.end <= part.end;
        let moved = |run: &Run| Run {
            span: Span::new(run.span.start - part.start, run.span.end - part.start),
            ..*run
        };
        let runs: Vec<Run> = cell.runs.iter().filter(inside).map(moved).collect();
        let place = Place::Lines { first: cell.first, last: cell.last, runs };
        self.writer.push(kind, text, place)
    }
}
