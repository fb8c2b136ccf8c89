//! JSON as text for reading: `key: value` lines in the order of the file, headings for its larger
//! parts, a block per record. Braces and quotation marks are left out; every value that stands in
//! the file as it is read is a run.
//!
//! Notebooks (`.ipynb`) are read as what they are: text, code and what the code printed.

mod notebook;
mod outline;
mod scan;
mod tape;
mod title;

use super::plain;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::read::lines::{LineIndex, lines};
use crate::writer::BlockWriter;
use docent_corpus::{Format, SourceWarning};
use outline::Outline;
use tape::{Tape, VALUES};

/// Reads JSON. What is no JSON is read as the plain text that it is.
pub(super) fn read(source: &Decoded, format: Format, writer: &mut BlockWriter) -> Result<(), Stop> {
    if format == Format::JsonLines {
        return read_records(source, writer);
    }
    match Tape::read(&source.text, 0..source.text.len(), VALUES) {
        Ok(tape) => {
            let lines = LineIndex::new(&source.text);
            match notebook::cells(&source.text, &tape) {
                Some(cells) => notebook::read(source, &lines, &tape, &cells, writer)?,
                None => {
                    writer.metadata.title = title::title(&source.text, &tape);
                    writer.headings_name_parts();
                    Outline { source, lines: &lines, tape: &tape, writer }.read()?;
                }
            }
            truncated(tape.full, writer)
        }
        // Several values one after the other, one to a line.
        Err(_) if is_records(&source.text) => read_records(source, writer),
        Err(_) => plain::read(source, writer),
    }
}

/// Whether the first two lines with text are whole values.
fn is_records(text: &str) -> bool {
    let mut filled = lines(text).filter(|line| !text[line.start..line.end].trim().is_empty()).take(2);
    let whole = |line: super::lines::TextLine| {
        text[line.start..line.end].trim_start().starts_with('{')
            && Tape::read(text, line.start..line.end, VALUES).is_ok()
    };
    filled.next().is_some_and(whole) && filled.next().is_some_and(whole)
}

/// Reads one value per line, a block for each; a line that is none stays as it is.
fn read_records(source: &Decoded, writer: &mut BlockWriter) -> Result<(), Stop> {
    writer.headings_name_parts();
    let index = LineIndex::new(&source.text);
    let mut left = VALUES;
    for line in lines(&source.text) {
        if source.text[line.start..line.end].trim().is_empty() {
            continue;
        }
        match Tape::read(&source.text, line.start..line.end, left) {
            Ok(tape) => {
                left = left.saturating_sub(tape.len());
                Outline { source, lines: &index, tape: &tape, writer }.record()?;
                if tape.full || left == 0 {
                    return truncated(true, writer);
                }
            }
            Err(_) => outline::verbatim(source, &index, line.start..line.end, writer)?,
        }
    }
    Ok(())
}

fn truncated(full: bool, writer: &mut BlockWriter) -> Result<(), Stop> {
    if full {
        writer
            .warn(SourceWarning::Truncated { reason: format!("only the first {VALUES} values were read") })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
