//! Tables in pages: cells between ruled lines, or at least three rows with gaps at the same places.
//! A page says nothing of tables, so this is judged from where lines and words stand, and in doubt
//! text stays text: columns of running text are no table.

mod aligned;
mod grid;
mod head;

pub(super) use head::settle;

use super::furniture::Furniture;
use crate::message::{Inset, Line, PageText};
use std::ops::Range;

/// Words of one line that stand in a cell.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) line: usize,
    pub(super) words: Range<usize>,
}

/// A cell: pieces of lines, in the order of the page's content.
type Cell = Vec<Piece>;

/// A table of a page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    /// The lines it is made of, in order.
    pub(super) lines: Vec<usize>,
    /// Rows of cells; a cell may be empty, the last one of a row is not.
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) header_rows: u32,
}

impl Table {
    /// A table of these cells. Rows and columns without text vanish.
    fn of(lines: &[Line], mut rows: Vec<Vec<Cell>>) -> Self {
        rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        for column in (0..columns).rev() {
            if rows.iter().all(|row| row.get(column).is_none_or(Vec::is_empty)) {
                rows.iter_mut().filter(|row| column < row.len()).for_each(|row| drop(row.remove(column)));
            }
        }
        for row in &mut rows {
            let end = row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
            row.truncate(end);
        }
        let mut used: Vec<usize> = rows.iter().flatten().flatten().map(|piece| piece.line).collect();
        used.sort_unstable();
        used.dedup();
        let header_rows = head::header_rows(lines, &rows);
        Self { lines: used, rows, header_rows }
    }

    /// How many rows have text in two cells or more.
    fn full_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.iter().filter(|cell| !cell.is_empty()).count() >= 2).count()
    }
}

/// The tables of a page, in the order of their first lines; no line is part of two.
pub(super) fn find(page_at: usize, page: &PageText, furniture: &Furniture) -> Vec<Table> {
    // A note may lie over a table, but is no part of it.
    let is_note = |line: usize| matches!(page.lines[line].inset, Inset::Note(_));
    let mut free: Vec<bool> =
        (0..page.lines.len()).map(|line| !furniture.contains(page_at, line) && !is_note(line)).collect();
    let mut tables = Vec::new();
    for table in grid::find(page, &free) {
        if table.lines.iter().all(|line| free[*line]) {
            table.lines.iter().for_each(|line| free[*line] = false);
            tables.push(table);
        }
    }
    tables.extend(aligned::find(&page.lines, &free));
    tables.sort_by_key(|table| table.lines.first().copied());
    tables
}

/// The number of characters of a cell.
fn length(lines: &[Line], cell: &Cell) -> usize {
    cell.iter().filter_map(|piece| text(lines, piece)).map(|text| text.chars().count()).sum()
}

/// The text of a piece.
fn text<'l>(lines: &'l [Line], piece: &Piece) -> Option<&'l str> {
    let line = lines.get(piece.line)?;
    let words = line.words.get(piece.words.clone())?;
    line.text.get(words.first()?.start as usize..words.last()?.end as usize)
}
