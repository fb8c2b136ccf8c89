//! Rows of a table, as lines of text with cells divided by ` | `, and how many of them are its head; and
//! which tables are none, because they only arrange other blocks.

use super::sheets::likely_header_rows;

/// How many rows at the top are looked at for a head that the format does not mark.
const HEAD_ROWS: usize = 16;

/// The rows of a table while they are gathered.
#[derive(Debug, Default)]
pub(super) struct TableRows {
    lines: Vec<String>,
    /// The cells of the first rows.
    first: Vec<Vec<String>>,
    /// How many rows at the top are marked as its head.
    marked: usize,
}

impl TableRows {
    /// Adds a row; one without text is left out.
    pub(super) fn push(&mut self, cells: Vec<String>, is_header: bool) {
        if cells.iter().all(String::is_empty) {
            return;
        }
        self.marked += usize::from(is_header && self.marked == self.lines.len());
        self.lines.push(cells.join(" | "));
        if self.first.len() < HEAD_ROWS {
            self.first.push(cells);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether there is only one row.
    pub(super) fn is_single(&self) -> bool {
        self.lines.len() == 1
    }

    /// How many rows are the head: those that are marked, or those that look like it.
    pub(super) fn header_rows(&self) -> u32 {
        if self.marked > 0 {
            return u32::try_from(self.marked).unwrap_or(u32::MAX);
        }
        likely_header_rows(&self.first)
    }

    pub(super) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// The rows alone.
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }
}

/// A cell with more bytes of text than this is a piece of layout.
pub(super) const CELL_BYTES: usize = 4000;

/// What tells a table of data from one that arranges other blocks: that one holds long texts, has a single
/// column, or half of its filled cells hold other tables.
#[derive(Debug, Default)]
pub(super) struct Arrangement {
    several_columns: bool,
    long_text: bool,
    filled: usize,
    nesting: usize,
}

impl Arrangement {
    /// Looks at a row: of each cell, how many bytes of text it has and whether it holds a table.
    pub(super) fn row(&mut self, cells: impl ExactSizeIterator<Item = (usize, bool)>) {
        self.several_columns |= cells.len() > 1;
        for (bytes, nests) in cells {
            self.long_text |= bytes > CELL_BYTES;
            self.filled += usize::from(nests || bytes > 0);
            self.nesting += usize::from(nests);
        }
    }

    /// Whether the table only arranges what is in it.
    pub(super) fn is_layout(&self) -> bool {
        self.long_text || !self.several_columns || self.nesting > 0 && self.nesting * 2 >= self.filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[(&[&str], bool)]) -> TableRows {
        let mut gathered = TableRows::default();
        for (cells, is_header) in rows {
            gathered.push(cells.iter().map(|cell| (*cell).to_owned()).collect(), *is_header);
        }
        gathered
    }

    #[test]
    fn a_head_is_what_is_marked_or_else_what_looks_like_it() {
        let body: [(&[&str], bool); 2] = [(&["Tea", "2"], false), (&["Coffee", "3"], true)];
        let unmarked = rows(&[(&["Item", "Price"], false), body[0], body[1]]);
        assert_eq!(
            (unmarked.header_rows(), unmarked.text().as_str()),
            (1, "Item | Price\nTea | 2\nCoffee | 3")
        );
        assert_eq!(
            rows(&[(&["", ""], false), (&["a", "a"], true), (&["1", "b"], true), body[0]]).header_rows(),
            2
        );
        assert_eq!(rows(&body).header_rows(), 0);
    }
}
