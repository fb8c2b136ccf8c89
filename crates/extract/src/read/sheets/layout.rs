//! From cells to tables. A table is a stretch of rows that follow each other; two empty rows end it.
//! Columns far apart from each other make tables of their own, so that a remote cell does not drag
//! thousands of empty ones behind it.

use super::grid::{Cell, Grid};
use super::header::{HeadCell, header_rows};
use docent_corpus::CellRange;
use std::collections::BTreeSet;

/// A table ends where so many rows on end are empty.
const EMPTY_ROWS: u32 = 2;
/// Tables side by side have more empty columns than this between them.
const EMPTY_COLUMNS: u32 = 16;
/// Most rows of a block.
const BLOCK_ROWS: usize = 256;
/// A block is ended at the next row once it is this long.
const BLOCK_BYTES: usize = 64 << 10;
/// How many rows are looked at for the header.
const HEAD_ROWS: usize = 16;

/// A block of a sheet.
#[derive(Debug)]
pub(super) struct Table {
    /// One line per row, cells joined by ` | `; a cell's place in the line is its column.
    pub(super) text: String,
    pub(super) range: CellRange,
    /// The row of each line, if some row was left out; else empty.
    pub(super) rows: Vec<u32>,
    /// Only the first block of a table has header rows; those that go on with it have none.
    pub(super) header_rows: u32,
}

/// The tables of a sheet, from top to bottom and from left to right.
pub(super) fn tables(grid: &mut Grid) -> Vec<Table> {
    grid.sort();
    let grid = &*grid;
    let mut found = Vec::new();
    let mut region: Vec<&[Cell]> = Vec::new();
    for row in grid.rows() {
        let apart = region.last().is_some_and(|last| row[0].row - last[0].row > EMPTY_ROWS);
        if apart {
            region_tables(grid, &region, &mut found);
            region.clear();
        }
        region.push(row);
    }
    region_tables(grid, &region, &mut found);
    found
}

/// The tables of rows that follow each other.
fn region_tables(grid: &Grid, rows: &[&[Cell]], found: &mut Vec<Table>) {
    for (first, last) in bands(rows) {
        let cut: Vec<&[Cell]> = rows
            .iter()
            .map(|row| {
                let from = row.partition_point(|cell| cell.column < first);
                let to = row.partition_point(|cell| cell.column <= last);
                &row[from..to]
            })
            .filter(|row| !row.is_empty())
            .collect();
        band_tables(grid, &cut, (first, last), found);
    }
}

/// First and last column of each group of columns that stand close together.
fn bands(rows: &[&[Cell]]) -> Vec<(u32, u32)> {
    let columns: BTreeSet<u32> = rows.iter().flat_map(|row| row.iter().map(|cell| cell.column)).collect();
    let mut bands: Vec<(u32, u32)> = Vec::new();
    for column in columns {
        match bands.last_mut() {
            Some((_, last)) if column - *last <= EMPTY_COLUMNS => *last = column,
            _ => bands.push((column, column)),
        }
    }
    bands
}

fn band_tables(grid: &Grid, rows: &[&[Cell]], columns: (u32, u32), found: &mut Vec<Table>) {
    let mut header = header_rows(&head(grid, rows));
    let mut block = OpenBlock::default();
    for row in rows {
        block.push(grid, row, columns.0);
        if block.rows.len() >= BLOCK_ROWS || block.text.len() >= BLOCK_BYTES {
            found.extend(std::mem::take(&mut block).close(columns, std::mem::take(&mut header)));
        }
    }
    found.extend(block.close(columns, header));
}

fn head<'g>(grid: &'g Grid, rows: &[&[Cell]]) -> Vec<Vec<HeadCell<'g>>> {
    let head_cell = |cell: &Cell| HeadCell { column: cell.column, kind: cell.kind, text: grid.text(cell) };
    rows.iter().take(HEAD_ROWS).map(|row| row.iter().map(head_cell).collect()).collect()
}

#[derive(Default)]
struct OpenBlock {
    text: String,
    rows: Vec<u32>,
}

impl OpenBlock {
    fn push(&mut self, grid: &Grid, cells: &[Cell], first_column: u32) {
        let Some(first) = cells.first() else { return };
        if !self.rows.is_empty() {
            self.text.push('\n');
        }
        self.rows.push(first.row);
        let mut column = first_column;
        for cell in cells {
            while column < cell.column {
                self.text.push_str(" | ");
                column += 1;
            }
            self.text.push_str(grid.text(cell));
        }
    }

    fn close(self, columns: (u32, u32), header: u32) -> Option<Table> {
        let (first_row, last_row) = (*self.rows.first()?, *self.rows.last()?);
        let range = CellRange { first_row, first_column: columns.0, last_row, last_column: columns.1 };
        let whole = (last_row - first_row) as usize + 1 == self.rows.len();
        let header_rows = header.min(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
        Some(Table { text: self.text, range, rows: if whole { Vec::new() } else { self.rows }, header_rows })
    }
}
