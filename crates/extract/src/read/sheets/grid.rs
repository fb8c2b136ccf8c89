//! The cells of one sheet that have a value.

use super::union;
use crate::script::is_dropped;
use docent_corpus::CellRange;

/// Most cells read of a file.
pub(in crate::read) const CELLS: usize = 2_000_000;
/// Most text of cells read of a file, in bytes.
pub(in crate::read) const TEXT_BYTES: usize = 50 << 20;

/// What a value is, for telling headers from data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::read) enum Kind {
    Text,
    Number,
    Date,
    /// True or false, or an error.
    Other,
}

/// How much may still be read of a file.
#[derive(Debug)]
pub(in crate::read) struct Budget {
    cells: usize,
    bytes: usize,
    exceeded: Option<String>,
}

impl Budget {
    pub(in crate::read) fn new() -> Self {
        Self { cells: CELLS, bytes: TEXT_BYTES, exceeded: None }
    }

    /// Takes a cell with `bytes` of text; `false` when it does not fit any more.
    pub(in crate::read) fn take(&mut self, bytes: usize) -> bool {
        if self.exceeded.is_some() {
            return false;
        }
        if self.cells == 0 {
            self.exceeded = Some(format!("only the first {CELLS} cells were read"));
        } else if self.bytes < bytes {
            self.exceeded = Some(format!("only the first {} MB of cells were read", TEXT_BYTES >> 20));
        } else {
            self.cells -= 1;
            self.bytes -= bytes;
        }
        self.exceeded.is_none()
    }

    /// The limit that was reached, in words.
    pub(in crate::read) fn exceeded(&self) -> Option<String> {
        self.exceeded.clone()
    }
}

/// A cell with a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub(super) row: u32,
    pub(super) column: u32,
    start: u32,
    end: u32,
    pub(super) kind: Kind,
}

/// The cells of a sheet, in any order while it is filled.
#[derive(Debug, Default)]
pub(super) struct Grid {
    text: String,
    cells: Vec<Cell>,
    range: Option<CellRange>,
}

impl Grid {
    /// Adds a cell; one without visible text is left out, but what it took to find that out counts:
    /// a small file can name one long empty text a hundred thousand times. Returns `false` when the
    /// budget is spent.
    pub(super) fn put(&mut self, at: (u32, u32), kind: Kind, text: &str, budget: &mut Budget) -> bool {
        if !budget.take(text.len()) {
            return false;
        }
        let text = clean(text);
        if text.is_empty() {
            return true;
        }
        let (row, column) = at;
        let own = CellRange { first_row: row, first_column: column, last_row: row, last_column: column };
        self.range = Some(self.range.map_or(own, |range| union(range, own)));
        // The budget keeps all text of a file far below 4 GB.
        let start = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.text.push_str(&text);
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.cells.push(Cell { row, column, start, end, kind });
        true
    }

    /// The rectangle that holds all cells.
    pub(super) fn range(&self) -> Option<CellRange> {
        self.range
    }

    /// Keeps the cells, by row and column, that `keep` wants.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(u32, u32) -> bool) {
        self.cells.retain(|cell| keep(cell.row, cell.column));
    }

    /// Puts the cells into the order of reading; of several values of one cell the last counts.
    pub(super) fn sort(&mut self) {
        let place = |cell: &Cell| (cell.row, cell.column);
        if !self.cells.is_sorted_by_key(place) {
            self.cells.sort_by_key(place);
        }
        self.cells.dedup_by(|later, earlier| {
            let same = place(later) == place(earlier);
            if same {
                *earlier = *later;
            }
            same
        });
    }

    /// The cells of each row that has any, from left to right; sorted before.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[Cell]> {
        self.cells.chunk_by(|a, b| a.row == b.row)
    }

    /// The text of a cell.
    pub(super) fn text(&self, cell: &Cell) -> &str {
        self.text.get(cell.start as usize..cell.end as usize).unwrap_or_default()
    }
}

/// The text of a cell in one line: white space of any length and line breaks become one space, and a
/// lone bar in it loses its spaces, so that it does not look like the border of a cell.
pub(in crate::read) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c == '\u{85}') {
        let start = cleaned.len();
        let apart = !cleaned.is_empty();
        if apart {
            cleaned.push(' ');
        }
        cleaned.extend(word.chars().filter(|c| !is_dropped(*c)));
        if cleaned.len() == start + usize::from(apart) {
            cleaned.truncate(start);
        }
    }
    if cleaned.contains(" | ") { cleaned.replace(" | ", "|") } else { cleaned }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_line_without_borders() {
        assert_eq!(clean("  two\r\n lines\t and\u{A0}more \0\u{200B} "), "two lines and more");
        assert_eq!(clean("a | b"), "a|b");
        assert_eq!(clean("中文\n文字 | 🙂"), "中文 文字|🙂");
        assert_eq!(clean(" \n\u{AD}"), "");
    }

    #[test]
    fn the_last_value_of_a_cell_counts_and_order_does_not() {
        let (mut grid, mut budget) = (Grid::default(), Budget::new());
        for (at, text) in [((1, 1), "old"), ((1, 0), "a"), ((0, 5), "b"), ((1, 1), "new")] {
            assert!(grid.put(at, Kind::Text, text, &mut budget));
        }
        grid.sort();
        let rows: Vec<Vec<&str>> =
            grid.rows().map(|row| row.iter().map(|cell| grid.text(cell)).collect()).collect();
        assert_eq!(rows, [vec!["b"], vec!["a", "new"]]);
        assert_eq!(grid.range().unwrap().to_string(), "A1:F2");
    }

    #[test]
    fn the_budget_ends_with_a_reason() {
        let mut budget = Budget::new();
        assert!(budget.take(TEXT_BYTES) && budget.exceeded().is_none());
        assert!(!budget.take(1) && !budget.take(0));
        assert_eq!(budget.exceeded().as_deref(), Some("only the first 50 MB of cells were read"));
        let mut budget = Budget::new();
        assert!((0..CELLS).all(|_| budget.take(1)) && !budget.take(1));
        assert!(budget.exceeded().unwrap().contains("2000000 cells"));
    }
}
