//! XLSB through calamine's reader of single cells, and XLS, which calamine only reads as a whole.

use super::biff_formats::Formats;
use super::format_code::FormatCode;
use super::grid::Grid;
use super::xlsx::hide_covered;
use super::{Sheet, Telling, biff, value};
use crate::content::{Content, ReadSeek};
use crate::message::{Failure, Stop};
use crate::stack::catch;
use calamine::{Data, Range, Reader, SheetType, Xls, XlsError, Xlsb, XlsbError};

/// A sheet with more broken cells than this is not read further.
const BROKEN_CELLS: usize = 10_000;

type Input<'c> = Box<dyn ReadSeek + 'c>;

/// Reads an XLSB file.
pub(super) fn xlsb(content: &Content<'_>, telling: &mut Telling<'_, '_>) -> Result<(), Stop> {
    let file = content.open().map_err(Failure::from)?;
    let mut book: Xlsb<Input<'_>> = Xlsb::new(file).map_err(|error| match error {
        XlsbError::Password => Stop::from(Failure::Encrypted),
        error => Failure::Damaged(error.to_string()).into(),
    })?;
    telling.describe(book.workbook_properties().unwrap_or_default());
    let mut damage = None;
    for sheet in book.sheets_metadata().to_vec() {
        if sheet.typ != SheetType::WorkSheet {
            continue;
        }
        let read = xlsb_sheet(&mut book, sheet.name, telling);
        damage = damage.or_else(|| read.damage.clone());
        telling.sheet(read)?;
    }
    match damage {
        Some(reason) if telling.writer.is_empty() => Err(Failure::Damaged(reason).into()),
        _ => Ok(()),
    }
}

fn xlsb_sheet(book: &mut Xlsb<Input<'_>>, name: String, telling: &mut Telling<'_, '_>) -> Sheet {
    let mut grid = Grid::default();
    let damage = match catch(|| book.worksheet_cells_reader(&name)) {
        Ok(Ok(mut cells)) => {
            let mut broken = 0;
            loop {
                // A record that is too short, or names a string that is not there, panics; the next
                // one can be read all the same.
                match catch(|| cells.next_cell()) {
                    Ok(Ok(Some(cell))) => {
                        let Some((kind, text)) = value::of_ref(cell.get_value(), None) else { continue };
                        if !grid.put(cell.get_position(), kind, &text, &mut telling.budget) {
                            break None;
                        }
                    }
                    Ok(Ok(None)) => break None,
                    Ok(Err(error)) => break Some(error.to_string()),
                    Err(panic) => {
                        broken += 1;
                        if broken > BROKEN_CELLS {
                            break Some(panic);
                        }
                    }
                }
            }
        }
        Ok(Err(error)) => Some(error.to_string()),
        Err(panic) => Some(panic),
    };
    Sheet { name, grid, notes: Vec::new(), damage }
}

/// Reads an XLS file.
pub(super) fn xls(content: &Content<'_>, telling: &mut Telling<'_, '_>) -> Result<(), Stop> {
    let formats = Formats::read(&biff::checked_stream(content)?);
    let file = content.open().map_err(Failure::from)?;
    let mut book: Xls<Input<'_>> = Xls::new(file).map_err(|error| match error {
        XlsError::Password => Stop::from(Failure::Encrypted),
        error => Failure::Damaged(error.to_string()).into(),
    })?;
    // Properties are parsed by other code, whose panic is to cost no cells.
    telling.describe(catch(|| book.workbook_properties()).ok().and_then(Result::ok).unwrap_or_default());
    for (number, sheet) in book.sheets_metadata().to_vec().into_iter().enumerate() {
        if !matches!(sheet.typ, SheetType::WorkSheet | SheetType::MacroSheet) {
            continue;
        }
        let code = |at| formats.of(number, at);
        let (mut grid, damage) = match book.worksheet_range(&sheet.name) {
            Ok(range) => (filled(&range, code, telling), None),
            Err(error) => (Grid::default(), Some(error.to_string())),
        };
        hide_covered(&mut grid, book.merge_cells_by_sheet_name(&sheet.name).unwrap_or_default());
        telling.sheet(Sheet { name: sheet.name, grid, notes: Vec::new(), damage })?;
    }
    Ok(())
}

/// The cells of a range; `code` gives the number format of a place.
fn filled<'f>(
    range: &Range<Data>,
    code: impl Fn((u32, u32)) -> Option<&'f FormatCode>,
    telling: &mut Telling<'_, '_>,
) -> Grid {
    let mut grid = Grid::default();
    let (first_row, first_column) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let offset = |first: u32, by: usize| first.saturating_add(u32::try_from(by).unwrap_or(u32::MAX));
        let at = (offset(first_row, row), offset(first_column, column));
        let Some((kind, text)) = value::of_data(value, code(at)) else { continue };
        if !grid.put(at, kind, &text, &mut telling.budget) {
            break;
        }
    }
    grid
}
