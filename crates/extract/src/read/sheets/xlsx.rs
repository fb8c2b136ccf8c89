//! XLSX through calamine's reader of single cells; its table of a whole sheet would take memory for
//! every empty cell.

use super::format_code::FormatCode;
use super::grid::Grid;
use super::notes::Notes;
use super::{Sheet, Telling, container, value};
use crate::content::{Content, ReadSeek};
use crate::message::{Failure, Stop};
use calamine::{Dimensions, Reader, SheetType, Style, Xlsx, XlsxError};
use std::collections::BTreeMap;

/// A sheet with more broken cells than this is not read further.
const BROKEN_CELLS: usize = 10_000;

type Book<'c> = Xlsx<Box<dyn ReadSeek + 'c>>;

/// Reads every sheet of the workbook, hidden ones too.
pub(super) fn read(content: &Content<'_>, telling: &mut Telling<'_, '_>) -> Result<(), Stop> {
    container::refuse_promises(content)?;
    let file = content.open().map_err(Failure::from)?;
    let mut book: Book<'_> = Xlsx::new(file).map_err(refusal)?;
    telling.describe(book.workbook_properties().unwrap_or_default());
    let mut damage = None;
    let mut codes = None;
    let mut notes = Notes::open(content);
    for sheet in book.sheets_metadata().to_vec() {
        if !matches!(sheet.typ, SheetType::WorkSheet | SheetType::MacroSheet) {
            continue;
        }
        let merged = book.merge_cells_by_sheet_name(&sheet.name).unwrap_or_default();
        let mut read = read_sheet(&mut book, sheet.name, telling, &mut codes);
        hide_covered(&mut read.grid, merged);
        if let Some(notes) = &mut notes {
            read.notes = notes.of(&read.name, &mut telling.budget);
        }
        damage = damage.or_else(|| read.damage.clone());
        telling.sheet(read)?;
    }
    match damage {
        Some(reason) if telling.writer.is_empty() => Err(Failure::Damaged(reason).into()),
        _ => Ok(()),
    }
}

fn refusal(error: XlsxError) -> Stop {
    match error {
        XlsxError::Password => Failure::Encrypted.into(),
        error => Failure::Damaged(error.to_string()).into(),
    }
}

fn read_sheet(
    book: &mut Book<'_>,
    name: String,
    telling: &mut Telling<'_, '_>,
    codes: &mut Option<Vec<FormatCode>>,
) -> Sheet {
    let mut grid = Grid::default();
    let damage = match book.worksheet_cells_reader(&name) {
        Ok(mut cells) => {
            let codes = codes.get_or_insert_with(|| cells.styles().iter().map(format_code).collect());
            let mut broken = 0;
            loop {
                match cells.next_cell_with_style_id() {
                    Ok(Some((cell, style))) => {
                        let Some((kind, text)) = value::of_ref(cell.get_value(), codes.get(style)) else {
                            continue;
                        };
                        if !grid.put(cell.get_position(), kind, &text, &mut telling.budget) {
                            break None;
                        }
                    }
                    Ok(None) => break None,
                    // The stream of elements itself is broken.
                    Err(
                        error @ (XlsxError::Xml(_)
                        | XlsxError::XmlEof(_)
                        | XlsxError::Io(_)
                        | XlsxError::Zip(_)),
                    ) => {
                        break Some(error.to_string());
                    }
                    // A single cell is; the reader goes on behind it.
                    Err(error) => {
                        broken += 1;
                        if broken > BROKEN_CELLS {
                            break Some(error.to_string());
                        }
                    }
                }
            }
        }
        Err(XlsxError::NotAWorksheet(_)) => None,
        Err(error) => Some(error.to_string()),
    };
    Sheet { name, grid, notes: Vec::new(), damage }
}

fn format_code(style: &Style) -> FormatCode {
    style.number_format.as_ref().map(|format| FormatCode::parse(&format.format_code)).unwrap_or_default()
}

/// Leaves out the cells that lie under a merged cell: a person sees only its first one.
pub(super) fn hide_covered(grid: &mut Grid, mut merged: Vec<Dimensions>) {
    merged.sort_by_key(|area| area.start);
    grid.sort();
    let mut next = 0;
    // The merged cells above which the reading has come, by their first column.
    let mut open: BTreeMap<u32, Dimensions> = BTreeMap::new();
    grid.retain(|row, column| {
        while let Some(area) = merged.get(next).filter(|area| area.start.0 <= row) {
            open.insert(area.start.1, *area);
            next += 1;
        }
        let area = open.range(..=column).next_back().map(|(_, area)| *area);
        area.is_none_or(|area| area.start == (row, column) || row > area.end.0 || column > area.end.1)
    });
}
