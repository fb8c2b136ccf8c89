//! Lines of a source, seen from within the element that holds them.

use std::ops::Range;

/// A line without the indent of the element around it and without white space at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) start: usize,
    pub(super) end: usize,
    /// White space at its beginning, in bytes.
    pub(super) indent: usize,
    /// Number in the file, counted from 1.
    pub(super) number: u32,
}

impl Row {
    /// The line at `range`, which is the `index`th of the file, counted from 0.
    pub(super) fn new(source: &str, range: Range<usize>, index: usize) -> Self {
        let text = source.get(range.clone()).unwrap_or_default();
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let end = range.start + text.trim_end().len();
        let indent = text.trim_end().len() - text.trim().len();
        Self { start: range.start, end, indent, number }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.start >= self.end
    }

    pub(super) fn is_indented(&self) -> bool {
        !self.is_blank() && self.indent > 0
    }

    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.end.max(self.start)
    }

    /// The same row without its first `bytes` bytes, or as much of them as is white space.
    pub(super) fn outdented(&self, bytes: usize) -> Self {
        let cut = bytes.min(self.indent);
        Self { start: self.start + cut, indent: self.indent - cut, ..*self }
    }

    /// The rest of the row from byte `at` on, which lies on a character border.
    pub(super) fn from(&self, source: &str, at: usize) -> Self {
        let start = (self.start + at).min(self.end);
        let text = source.get(start..self.end).unwrap_or_default();
        let skipped = text.len() - text.trim_start().len();
        Self { start: start + skipped, indent: 0, ..*self }
    }
}

/// How many of the first rows are blank or indented by at least `indent` bytes.
pub(super) fn indented_count(rows: &[Row], indent: usize) -> usize {
    rows.iter().take_while(|row| row.is_blank() || row.indent >= indent).count()
}

/// The rows without the indent that they have in common.
pub(super) fn without_indent(rows: &[Row]) -> Vec<Row> {
    let shared = rows.iter().filter(|row| !row.is_blank()).map(|row| row.indent).min().unwrap_or(0);
    rows.iter().map(|row| row.outdented(shared)).collect()
}

/// The rows without blank ones before the first and behind the last that is not.
pub(super) fn without_blank_ends(rows: &[Row]) -> &[Row] {
    let first = rows.iter().position(|row| !row.is_blank()).unwrap_or(rows.len());
    let last = rows.iter().rposition(|row| !row.is_blank()).map_or(first, |last| last + 1);
    &rows[first..last]
}
