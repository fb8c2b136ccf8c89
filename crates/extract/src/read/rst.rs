//! reStructuredText: sections by their adornment, paragraphs, lists, tables and directives, with the
//! markup taken out of the text. Comments, targets and substitution definitions are not read. The
//! syntax is that of docutils (docutils.sourceforge.io/docs/ref/rst/restructuredtext.html).

mod body;
mod directive;
mod explicit;
mod field;
mod inline;
mod marker;
mod row;
mod substitution;
mod table;
mod title;

use super::flow::Flow;
use super::lines::lines;
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place};
use row::Row;
use std::collections::HashMap;
use std::ops::Range;
use title::Titles;

/// Reads reStructuredText.
pub(super) fn read(source: &Decoded, writer: &mut BlockWriter) -> Result<(), Stop> {
    let rows: Vec<Row> = lines(&source.text)
        .enumerate()
        .map(|(index, line)| Row::new(&source.text, line.start..line.end, index))
        .collect();
    let substitutions = substitution::definitions(&source.text, &rows);
    let mut reading =
        Reading { source, writer, titles: Titles::default(), substitutions, may_have_info: true };
    reading.body(&rows, Within::default())
}

/// What the text being read stands in.
#[derive(Clone, Copy, Debug, Default)]
struct Within {
    /// How many lists are open.
    lists: u8,
    quote: bool,
    /// How many elements are open.
    depth: usize,
}

impl Within {
    fn list(self) -> Self {
        Self { lists: self.lists.saturating_add(1), quote: false, depth: self.depth + 1 }
    }

    fn quotation(self) -> Self {
        Self { quote: true, depth: self.depth + 1, ..self }
    }

    fn element(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    /// What running text is at this place.
    fn kind(self) -> BlockKind {
        match self.lists {
            _ if self.quote => BlockKind::Quote,
            0 => BlockKind::Paragraph,
            lists => BlockKind::ListItem { depth: lists - 1 },
        }
    }
}

struct Reading<'d, 'w, 's> {
    source: &'d Decoded,
    writer: &'w mut BlockWriter<'s>,
    titles: Titles,
    substitutions: HashMap<String, String>,
    /// Nothing but titles was read so far: a list of fields tells of the document.
    may_have_info: bool,
}

impl<'d> Reading<'d, '_, '_> {
    fn text(&self, row: &Row) -> &'d str {
        self.source.text.get(row.start..row.end).unwrap_or_default()
    }

    /// Pushes running text with its markup taken out, behind `before`.
    fn running(&mut self, kind: BlockKind, before: &str, rows: &[Row]) -> Result<(), Stop> {
        let mut block = BlockText::new(self.source);
        block.push_made(before);
        self.write_running(rows, &mut block);
        self.push(kind, block, rows)
    }

    fn write_running(&self, rows: &[Row], block: &mut BlockText<'d>) {
        let flow = Flow::new(&self.source.text, rows.iter().map(Row::range));
        flow.write(&inline::pieces(&flow.text, &self.substitutions), block);
    }

    /// Pushes rows as they stand.
    fn literal(&mut self, kind: BlockKind, rows: &[Row]) -> Result<(), Stop> {
        let rows = row::without_blank_ends(rows);
        let ranges: Vec<Range<usize>> = rows.iter().map(Row::range).collect();
        let block = super::flow::verbatim(self.source, &ranges);
        self.push(kind, block, rows)
    }

    fn push(&mut self, kind: BlockKind, block: BlockText<'d>, rows: &[Row]) -> Result<(), Stop> {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
        self.may_have_info &= matches!(kind, BlockKind::Heading { .. });
        let (text, runs) = block.finish();
        self.writer.push(kind, &text, Place::Lines { first: first.number, last: last.number, runs })
    }
}

#[cfg(test)]
mod tests;
