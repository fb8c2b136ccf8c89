//! Tables in PDF pages: at least three lines that have gaps at the same places. PDFium knows no
//! tables; a cell is told from the next by a gap that no space of running text reaches.

use super::furniture::Furniture;
use super::shape::{bounds, middle};
use crate::message::Line;
use std::ops::Range;

/// A gap of this many font sizes divides cells.
const CELL_GAP: f32 = 1.2;
/// How far starts of cells of one column may differ, in font sizes.
const ALIGNED: f32 = 0.6;
/// How far rows may stand apart, in font sizes.
const ROW_GAP: f32 = 4.0;
/// How many rows of two or more cells make a table.
const MIN_ROWS: usize = 3;

/// Words of one line that stand in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) line: usize,
    pub(super) words: Range<usize>,
}

/// A table: rows of cells, each made of pieces of lines.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    pub(super) lines: Range<usize>,
    pub(super) rows: Vec<Vec<Vec<Piece>>>,
    pub(super) header_rows: u32,
}

/// The tables of a page, in order.
pub(super) fn find(page: usize, lines: &[Line], furniture: &Furniture) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let table = Building::from(page, lines, furniture, at).and_then(Building::finish);
        match table {
            Some(table) => {
                at = table.lines.end;
                tables.push(table);
            }
            None => at += 1,
        }
    }
    tables
}

/// A table that is being followed down the page.
struct Building<'l> {
    lines: &'l [Line],
    range: Range<usize>,
    /// Left edges of the columns.
    columns: Vec<f32>,
    /// For each row its cells, each with its column.
    rows: Vec<Vec<(usize, Vec<Piece>)>>,
    /// Rows of two or more cells.
    full: usize,
}

impl<'l> Building<'l> {
    fn from(page: usize, lines: &'l [Line], furniture: &Furniture, start: usize) -> Option<Self> {
        if furniture.contains(page, start) || cells(&lines[start]).len() < 2 {
            return None;
        }
        let mut building =
            Self { lines, range: start..start, columns: Vec::new(), rows: Vec::new(), full: 0 };
        while building.range.end < lines.len()
            && !furniture.contains(page, building.range.end)
            && building.take(building.range.end)
        {}
        Some(building)
    }

    /// Takes the line at `at` if it belongs to the table.
    fn take(&mut self, at: usize) -> bool {
        let line = &self.lines[at];
        let size = line.size.max(1.0);
        if at > self.range.start {
            let before = &self.lines[at - 1];
            let drop = middle(line) - middle(before);
            let ratio = line.size / before.size.max(0.1);
            if !(0.3 * size..ROW_GAP * size).contains(&drop) || !(0.9..=1.1).contains(&ratio) {
                return false;
            }
        }
        let cells = cells(line);
        let lefts: Vec<f32> = cells.iter().map(|cell| line.words[cell.start].rect[0]).collect();
        let known: Vec<Option<usize>> = lefts.iter().map(|left| self.column(*left, size)).collect();
        if cells.len() == 1 {
            // The rest of a cell that takes several lines, in any column but the first.
            let (Some(Some(column)), Some(row)) = (known.first(), self.rows.last_mut()) else { return false };
            let Some((_, pieces)) = row.iter_mut().find(|(known, _)| known == column && *known > 0) else {
                return false;
            };
            pieces.push(Piece { line: at, words: cells[0].clone() });
            self.range.end = at + 1;
            return true;
        }
        // The first row founds the columns; later rows share at least two of them.
        if !self.rows.is_empty() && known.iter().flatten().count() < 2 {
            return false;
        }
        let mut row = Vec::new();
        for (cell, (left, known)) in cells.into_iter().zip(lefts.into_iter().zip(known)) {
            let column = known.unwrap_or_else(|| self.found_column(left));
            row.push((column, vec![Piece { line: at, words: cell }]));
        }
        self.rows.push(row);
        self.full += 1;
        self.range.end = at + 1;
        true
    }

    fn column(&self, left: f32, size: f32) -> Option<usize> {
        self.columns.iter().position(|column| (column - left).abs() < ALIGNED * size)
    }

    /// Adds a column and moves the columns behind it.
    fn found_column(&mut self, left: f32) -> usize {
        let at = self.columns.iter().position(|column| *column > left).unwrap_or(self.columns.len());
        self.columns.insert(at, left);
        for (column, _) in self.rows.iter_mut().flatten() {
            if *column >= at {
                *column += 1;
            }
        }
        at
    }

    fn finish(self) -> Option<Table> {
        if self.full < MIN_ROWS {
            return None;
        }
        let bold = |row: &[(usize, Vec<Piece>)]| {
            row.iter().flat_map(|(_, pieces)| pieces).all(|piece| self.lines[piece.line].bold)
        };
        let header =
            self.rows.first().is_some_and(|row| bold(row)) && !self.rows.iter().skip(1).all(|row| bold(row));
        let rows = self.rows.into_iter().map(|row| row.into_iter().map(|(_, cell)| cell).collect()).collect();
        Some(Table { lines: self.range, rows, header_rows: u32::from(header) })
    }
}

/// The cells of a line, as ranges of its words.
fn cells(line: &Line) -> Vec<Range<usize>> {
    // A line of contents has gaps too, filled with dots.
    if line.mono || super::group::has_leader(&line.text) || super::group::is_item(&line.text) {
        return std::iter::once(0..line.words.len()).collect();
    }
    let gap = CELL_GAP * line.size.max(1.0);
    let (mut cells, mut start) = (Vec::new(), 0);
    for at in 1..line.words.len() {
        if line.words[at].rect[0] - line.words[at - 1].rect[2] > gap {
            cells.push(start..at);
            start = at;
        }
    }
    cells.push(start..line.words.len());
    // Text that runs upwards or backwards has no cells.
    let [left, _, right, _] = bounds(line);
    if right - left < gap { std::iter::once(0..line.words.len()).collect() } else { cells }
}
