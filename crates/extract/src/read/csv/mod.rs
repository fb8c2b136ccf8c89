//! Tables of values separated by commas, semicolons, tabs or bars.
//!
//! The crate `csv` says what the fields are; here is found where they stand. A block never goes on
//! across a record of several lines or an empty line, so that each line of its text is one line of
//! the file and a citation can count them.

mod delimiter;
mod fields;

use super::lines::LineIndex;
use super::sheets::{Budget, clean, likely_header_rows};
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::script::is_dropped;
use crate::writer::BlockWriter;
use delimiter::Dialect;
use docent_corpus::{BlockKind, Place, SourceWarning};
use std::ops::Range;

/// Most records of a block.
const BLOCK_RECORDS: usize = 256;
/// A block is ended at the next record once it is this long.
const BLOCK_BYTES: usize = 64 << 10;
/// How many records are looked at for the header.
const HEAD_RECORDS: usize = 16;

/// Reads a table of values.
pub(super) fn read(source: &Decoded, writer: &mut BlockWriter) -> Result<(), Stop> {
    let dialect = delimiter::detect(&source.text);
    let mut reading = Reading {
        source,
        lines: LineIndex::new(&source.text),
        writer,
        budget: Budget::new(),
        header: header(&source.text, dialect),
        block: None,
    };
    for record in fields::records(&source.text, dialect) {
        if !reading.record(&record)? {
            break;
        }
    }
    reading.close()?;
    match reading.budget.exceeded() {
        Some(reason) => reading.writer.warn(SourceWarning::Truncated { reason }),
        None => Ok(()),
    }
}

/// How many of the first records are the table's head.
fn header(text: &str, dialect: Dialect) -> u32 {
    let head: Vec<Vec<String>> = fields::records(text, dialect)
        .take(HEAD_RECORDS)
        .map(|record| record.fields.iter().map(|field| clean(&field.text)).collect())
        .collect();
    likely_header_rows(&head)
}

/// The block being put together.
struct Open<'d> {
    text: BlockText<'d>,
    header_rows: u32,
    records: usize,
    /// First and last line, counted from 1.
    lines: (u32, u32),
    /// The next record begins a block of its own.
    closed: bool,
}

struct Reading<'d, 'w, 's> {
    source: &'d Decoded,
    lines: LineIndex,
    writer: &'w mut BlockWriter<'s>,
    budget: Budget,
    /// Records of the head that are still to come.
    header: u32,
    block: Option<Open<'d>>,
}

impl<'d> Reading<'d, '_, '_> {
    /// Adds a record; `false` when the budget is spent.
    fn record(&mut self, record: &fields::Record<'_>) -> Result<bool, Stop> {
        let filled =
            |field: &fields::Field<'_>| field.text.chars().any(|c| !c.is_whitespace() && !is_dropped(c));
        let Some(used) = record.fields.iter().rposition(filled) else { return Ok(true) };
        let first = self.lines.number(record.range.start);
        let last = self.lines.number(record.range.end.saturating_sub(1).max(record.range.start));
        let goes_on = self.block.as_ref().is_some_and(|open| {
            !open.closed
                && open.lines.1 + 1 == first
                && open.records < BLOCK_RECORDS
                && open.text.as_str().len() < BLOCK_BYTES
        });
        if !goes_on {
            self.close()?;
        }
        let source = self.source;
        let header = &mut self.header;
        let open = self.block.get_or_insert_with(|| Open {
            text: BlockText::new(source),
            header_rows: std::mem::take(header),
            records: 0,
            lines: (first, last),
            closed: false,
        });
        if open.records > 0 {
            open.text.push_made("\n");
        }
        for (index, field) in record.fields[..=used].iter().enumerate() {
            if !self.budget.take(field.text.len()) {
                return Ok(false);
            }
            if index > 0 {
                open.text.push_made(" | ");
            }
            push_field(&mut open.text, &self.source.text, field);
        }
        open.records += 1;
        open.lines.1 = last;
        open.closed = last > first;
        Ok(true)
    }

    fn close(&mut self) -> Result<(), Stop> {
        let Some(open) = self.block.take() else { return Ok(()) };
        let header_rows = open.header_rows.min(u32::try_from(open.records).unwrap_or(u32::MAX));
        // A head that does not fit into its block ends with it.
        let (text, runs) = open.text.finish();
        let place = Place::Lines { first: open.lines.0, last: open.lines.1, runs };
        self.writer.push(BlockKind::Table { header_rows }, &text, place)
    }
}

/// Adds a field in one line, in runs where it stands in the file as it is.
fn push_field(block: &mut BlockText<'_>, text: &str, field: &fields::Field<'_>) {
    let verbatim = field.range.clone().filter(|range| text.get(range.clone()) == Some(&*field.text));
    let Some(range) = verbatim else {
        block.push_made(&clean(&field.text));
        return;
    };
    let mut apart = false;
    for word in words(&field.text) {
        if apart {
            // A single space stands in the file like this; every other white space became one.
            let before = range.start + word.start;
            match text.as_bytes().get(before.wrapping_sub(1)) {
                Some(b' ') => block.push_source(before - 1..before),
                _ => block.push_made(" "),
            }
        }
        apart = true;
        block.push_source(range.start + word.start..range.start + word.end);
    }
}

/// The words between white space that have something to see.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let base = text.as_ptr() as usize;
    text.split(|c: char| c.is_whitespace() || c == '\u{85}')
        .filter(|word| word.chars().any(|c| !is_dropped(c)))
        .map(move |word| {
            let start = word.as_ptr() as usize - base;
            start..start + word.len()
        })
}

#[cfg(test)]
mod tests;
