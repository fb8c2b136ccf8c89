//! Spreadsheets: every cell that has a value, as a person reads it, in tables that know the row of
//! each line. Sheets are sparse on purpose: a single cell in the last corner costs one cell.

mod biff;
mod biff_formats;
mod binary;
mod container;
mod format_code;
mod grid;
mod header;
mod layout;
mod notes;
mod ods;
mod spreadsheet_ml;
#[cfg(test)]
mod tests;
mod value;
mod xlsx;

pub(super) use grid::{Budget, clean};
pub(crate) use header::likely_header_rows;

use super::Context;
use super::office::flat::archive;
use super::office::package::is_markup;
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::stack::catch;
use crate::writer::BlockWriter;
use calamine::WorkbookProperties;
use docent_corpus::{BlockKind, CellRange, Format, Metadata, Place, SourceWarning};
use grid::Grid;
use notes::Note;

/// Level of the headings that name sheets: the workbook is level 1.
const SHEET_LEVEL: u8 = 2;

/// One sheet as it was read.
struct Sheet {
    name: String,
    grid: Grid,
    notes: Vec<Note>,
    /// Why not all of it was read.
    damage: Option<String>,
}

/// Reads the document.
pub(super) fn read(
    content: &Content<'_>,
    format: Format,
    _context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    container::refuse_encrypted(content)?;
    let is_markup = is_markup(&content.head(4).map_err(Failure::from)?);
    let mut telling = Telling { writer, budget: Budget::new(), name: content.file_name().into_owned() };
    // A parser that panics leaves what was told before it.
    match catch(|| match format {
        Format::Xls if is_markup => spreadsheet_ml::read(content, &mut telling),
        Format::Xls => binary::xls(content, &mut telling),
        Format::Xlsb => binary::xlsb(content, &mut telling),
        Format::Ods if is_markup => ods::read_flat(content, &mut telling),
        Format::Ods => ods::read(content, &mut telling),
        Format::Xlsx if is_markup => {
            let archive = archive(content)?;
            xlsx::read(&Content::Member { name: &telling.name.clone(), bytes: &archive }, &mut telling)
        }
        _ => xlsx::read(content, &mut telling),
    }) {
        Ok(result) => result?,
        Err(panic) if telling.writer.is_empty() => return Err(Failure::Damaged(panic).into()),
        Err(panic) => telling.damage(telling.name.clone(), panic)?,
    }
    telling.finish()
}

/// Passes sheets on as blocks.
struct Telling<'w, 's> {
    writer: &'w mut BlockWriter<'s>,
    budget: Budget,
    /// The file's own name.
    name: String,
}

impl Telling<'_, '_> {
    /// Writes a sheet: its name, then its tables.
    fn sheet(&mut self, sheet: Sheet) -> Result<(), Stop> {
        let Sheet { name, mut grid, notes, damage } = sheet;
        let ranges = grid.range().into_iter().chain(notes.iter().map(|note| cell(note.at)));
        if let Some(range) = ranges.reduce(union) {
            let heading = clean(&name);
            let place = Place::Cells { sheet: name.clone(), range, rows: Vec::new() };
            self.writer.push(BlockKind::Heading { level: SHEET_LEVEL }, &heading, place)?;
        }
        for table in layout::tables(&mut grid) {
            let place = Place::Cells { sheet: name.clone(), range: table.range, rows: table.rows };
            self.writer.push(BlockKind::Table { header_rows: table.header_rows }, &table.text, place)?;
        }
        for note in notes {
            let place = Place::Cells { sheet: name.clone(), range: cell(note.at), rows: Vec::new() };
            self.writer.push(BlockKind::Paragraph, &note.text, place)?;
        }
        match damage {
            Some(reason) => self.damage(name, reason),
            None => Ok(()),
        }
    }

    /// Tells that a sheet could not be read, or not to its end.
    fn damage(&mut self, path: String, reason: String) -> Result<(), Stop> {
        self.writer.warn(SourceWarning::MemberFailed { path, reason })
    }

    /// What the workbook says of itself. Without a title it is named after its file, because its
    /// first heading is only the name of a sheet.
    fn describe(&mut self, properties: WorkbookProperties) {
        let tags = properties.keywords.as_deref().unwrap_or_default();
        self.writer.metadata = Metadata {
            title: given(properties.title).or_else(|| Some(stem(&self.name).to_owned())),
            author: given(properties.creator).or_else(|| given(properties.last_modified_by)),
            date: given(properties.created),
            modified: given(properties.modified),
            tags: tags
                .split([',', ';'])
                .map(str::trim)
                .filter(|tag| !tag.is_empty())
                .map(str::to_owned)
                .collect(),
            ..Metadata::default()
        };
    }

    fn finish(self) -> Result<(), Stop> {
        match self.budget.exceeded() {
            Some(reason) => self.writer.warn(SourceWarning::Truncated { reason }),
            None => Ok(()),
        }
    }
}

fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}

/// A file name without its ending.
fn stem(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    }
}

/// The range of one cell.
fn cell((row, column): (u32, u32)) -> CellRange {
    CellRange { first_row: row, first_column: column, last_row: row, last_column: column }
}

/// The smallest rectangle that holds both.
fn union(a: CellRange, b: CellRange) -> CellRange {
    CellRange {
        first_row: a.first_row.min(b.first_row),
        first_column: a.first_column.min(b.first_column),
        last_row: a.last_row.max(b.last_row),
        last_column: a.last_column.max(b.last_column),
    }
}
