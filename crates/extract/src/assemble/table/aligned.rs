//! Tables without ruled lines: rows that follow each other and leave the same places empty.

use super::{Cell, Piece, Table, length};
use crate::assemble::group::{has_leader, is_item};
use crate::assemble::shape::{bounds, middle};
use crate::message::Line;

/// The first row has a gap of this many font sizes: no space of running text is so wide.
const FIRST_GAP: f32 = 0.75;
/// What all rows leave empty between two columns is at least this wide, in font sizes.
const GUTTER: f32 = 0.55;
/// How far rows may stand apart, in font sizes.
const ROW_GAP: f32 = 4.0;
/// Lines whose middles differ less than this stand in one row, in font sizes.
const SAME_ROW: f32 = 0.4;
/// How many rows with two or more cells make a table.
const MIN_ROWS: usize = 3;
/// A line that stands closer to the one before than this share of the usual row distance continues
/// its cells.
const TIGHT: f32 = 0.8;
/// A row with a single cell behind the first column continues the row before when it stands this
/// close, in font sizes.
const NEXT_LINE: f32 = 1.6;
/// Two columns with cells of this many characters are columns of running text.
const PROSE_CHARS: usize = 30;

/// The aligned tables in lines that are `free`.
pub(super) fn find(lines: &[Line], free: &[bool]) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let building = Building::follow(lines, free, at);
        match building.and_then(|building| Some((building.end, building.finish()?))) {
            Some((end, table)) => {
                at = end;
                tables.push(table);
            }
            None => at += 1,
        }
    }
    tables
}

/// A stretch of lines side by side.
#[derive(Debug)]
struct Band {
    middle: f32,
    right: f32,
    lines: Vec<usize>,
}

/// Rows that are being followed down the page.
struct Building<'l> {
    lines: &'l [Line],
    bands: Vec<Band>,
    /// What no row covers, from left to right; the first and the last lie outside.
    empty: Vec<(f32, f32)>,
    /// One past the last line taken.
    end: usize,
    size: f32,
}

impl<'l> Building<'l> {
    fn follow(lines: &'l [Line], free: &[bool], start: usize) -> Option<Self> {
        let is_usable = |at: usize| free[at] && !lines[at].mono && !has_leader(&lines[at].text);
        let first = &lines[start];
        if !is_usable(start) {
            return None;
        }
        let size = first.size.max(1.0);
        let empty = narrowed(&[(f32::NEG_INFINITY, f32::INFINITY)], first, FIRST_GAP * size);
        if empty.len() < 3 {
            return None;
        }
        let band = Band { middle: middle(first), right: bounds(first)[2], lines: vec![start] };
        let mut building = Self { lines, bands: vec![band], empty, end: start + 1, size };
        while building.end < lines.len() && is_usable(building.end) && building.take(building.end) {}
        Some(building)
    }

    /// Takes the line at `at` if it leaves empty what the rows before did.
    fn take(&mut self, at: usize) -> bool {
        let line = &self.lines[at];
        if !(0.9..=1.1).contains(&(line.size.max(1.0) / self.size)) {
            return false;
        }
        let empty = narrowed(&self.empty, line, GUTTER * self.size);
        let (before, after) = (self.empty.len() - 2, empty.len().saturating_sub(2));
        // A cell that reaches over several columns costs some of them, running text costs all.
        if after == 0 || after < before - before / 3 || !self.place(at, line) {
            return false;
        }
        self.empty = empty;
        self.end = at + 1;
        true
    }

    /// Puts a line into the row it stands in: a new one, or an earlier one where cells of several
    /// lines are written one after the other.
    fn place(&mut self, at: usize, line: &Line) -> bool {
        let (mid, [left, _, right, _]) = (middle(line), bounds(line));
        let Some(last) = self.bands.last() else { return false };
        let drop = mid - last.middle;
        if drop >= SAME_ROW * self.size {
            if drop > ROW_GAP * self.size {
                return false;
            }
            self.bands.push(Band { middle: mid, right, lines: vec![at] });
            return true;
        }
        let near = SAME_ROW * self.size;
        let row = self.bands.iter_mut().rev().find(|band| (band.middle - mid).abs() < near);
        let Some(band) = row.filter(|band| band.right <= left) else { return false };
        band.lines.push(at);
        band.right = right;
        true
    }

    fn finish(mut self) -> Option<Table> {
        let mut rows: Vec<(f32, Vec<Cell>)> =
            self.bands.iter().map(|band| (band.middle, self.cells(band))).collect();
        // Text behind the table that happens to be short is not part of it.
        while rows.last().is_some_and(|(_, cells)| is_only_in_first(cells)) {
            let lines = self.bands.pop().map(|band| band.lines).unwrap_or_default();
            self.end = lines.into_iter().min().map_or(self.end, |first| self.end.min(first));
            rows.pop();
        }
        let rows = continued(rows, self.size);
        if is_prose(self.lines, &rows) || is_list(self.lines, &rows) {
            return None;
        }
        let table = Table::of(self.lines, rows);
        (table.full_rows() >= MIN_ROWS).then_some(table)
    }

    /// The cells of a row, one for each column.
    fn cells(&self, band: &Band) -> Vec<Cell> {
        let gutters = &self.empty[1..self.empty.len() - 1];
        let mut cells = vec![Vec::new(); gutters.len() + 1];
        for at in &band.lines {
            let mut before = None;
            for (word_at, word) in self.lines[*at].words.iter().enumerate() {
                let column = gutters.iter().take_while(|(_, end)| *end <= word.rect[0] + 0.01).count();
                let cell: &mut Cell = &mut cells[column];
                match cell.last_mut() {
                    Some(piece) if before == Some(column) => piece.words.end = word_at + 1,
                    _ => cell.push(Piece { line: *at, words: word_at..word_at + 1 }),
                }
                before = Some(column);
            }
        }
        cells
    }
}

/// What is left of `empty` when a line is drawn over it. Pieces narrower than `least` vanish; where
/// one is divided, so do those that spaces between words could leave.
fn narrowed(empty: &[(f32, f32)], line: &Line, least: f32) -> Vec<(f32, f32)> {
    let mut covered: Vec<(f32, f32)> = line.words.iter().map(|word| (word.rect[0], word.rect[2])).collect();
    // What divides the mark of an item from its text is no gap between columns.
    if is_item(&line.text)
        && let [first, second, ..] = covered[..]
    {
        covered[0] = (first.0, second.0.max(first.1));
    }
    let certain = least.max(FIRST_GAP * line.size.max(1.0));
    let mut left = Vec::new();
    for gap in empty {
        let mut pieces = uncovered(*gap, &covered);
        pieces.retain(|(start, end)| end - start >= least);
        if pieces.len() > 1 {
            pieces.retain(|(start, end)| end - start >= certain);
        }
        left.extend(pieces);
    }
    left
}

/// The parts of a gap that nothing covers.
fn uncovered(gap: (f32, f32), covered: &[(f32, f32)]) -> Vec<(f32, f32)> {
    let mut pieces = vec![gap];
    for (from, to) in covered.iter().filter(|(from, to)| *from < gap.1 && gap.0 < *to) {
        pieces = pieces
            .into_iter()
            .flat_map(|(start, end)| [(start, end.min(*from)), (start.max(*to), end)])
            .filter(|(start, end)| end > start)
            .collect();
    }
    pieces
}

/// Rows with the lines that continue their cells.
fn continued(rows: Vec<(f32, Vec<Cell>)>, size: f32) -> Vec<Vec<Cell>> {
    let begins: Vec<f32> = rows.iter().filter(|(_, row)| !row[0].is_empty()).map(|(at, _)| *at).collect();
    let mut pitches: Vec<f32> = begins.windows(2).map(|pair| pair[1] - pair[0]).collect();
    pitches.sort_by(f32::total_cmp);
    let usual = pitches.get(pitches.len() / 2).copied().unwrap_or(0.0);
    let mut whole: Vec<Vec<Cell>> = Vec::new();
    let mut before = f32::NEG_INFINITY;
    for (at, row) in rows {
        let filled = row.iter().filter(|cell| !cell.is_empty()).count();
        let close = if filled == 1 { NEXT_LINE * size } else { TIGHT * usual };
        let continues = row[0].is_empty() && at - before <= close;
        before = at;
        match whole.last_mut().filter(|_| continues) {
            Some(last) => last.iter_mut().zip(row).for_each(|(cell, more)| cell.extend(more)),
            None => whole.push(row),
        }
    }
    whole
}

fn is_only_in_first(cells: &[Cell]) -> bool {
    cells.iter().skip(1).all(Vec::is_empty)
}

/// Whether two columns or more hold running text.
fn is_prose(lines: &[Line], rows: &[Vec<Cell>]) -> bool {
    let columns = rows.first().map_or(0, Vec::len);
    let long = (0..columns).filter(|column| {
        let cells = rows.iter().filter_map(|row| row.get(*column));
        let mut lengths: Vec<usize> =
            cells.map(|cell| length(lines, cell)).filter(|chars| *chars > 0).collect();
        lengths.sort_unstable();
        lengths.get(lengths.len() / 2).is_some_and(|middle| *middle >= PROSE_CHARS)
    });
    long.count() >= 2
}

/// Whether the first of two columns holds only marks, such as those of references.
fn is_list(lines: &[Line], rows: &[Vec<Cell>]) -> bool {
    let is_mark = |cell: &Cell| {
        let [Piece { line, words }] = &cell[..] else { return cell.is_empty() };
        let word = lines[*line].words.get(words.clone()).filter(|words| words.len() == 1);
        let text =
            word.and_then(|words| lines[*line].text.get(words[0].start as usize..words[0].end as usize));
        text.is_some_and(|text| {
            let bracketed = text.starts_with(['[', '(']) && text.ends_with([']', ')']);
            bracketed || text.chars().all(|c| !c.is_alphanumeric()) || is_item(&format!("{text} x"))
        })
    };
    rows.iter().all(|row| row.len() == 2 && is_mark(&row[0]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Word;
    use proptest::prelude::*;

    /// A line of 10-point text: words at these places, six points a character.
    fn line(y: f32, pieces: &[(f32, &str)]) -> Line {
        let (mut text, mut words) = (String::new(), Vec::new());
        for (x, piece) in pieces {
            if !text.is_empty() {
                text.push(' ');
            }
            let start = text.len() as u32;
            text.push_str(piece);
            let right = x + 6.0 * piece.chars().count() as f32;
            words.push(Word { start, end: text.len() as u32, rect: [*x, y, right, y + 10.0] });
        }
        Line { text, words, size: 10.0, ..Line::default() }
    }

    fn rows(lines: &[Line]) -> Vec<Vec<String>> {
        let free = vec![true; lines.len()];
        let cell = |cell: &Cell| {
            let words = cell.iter().flat_map(|piece| &lines[piece.line].words[piece.words.clone()]);
            words
                .zip(cell.iter().flat_map(|piece| piece.words.clone().map(move |_| piece.line)))
                .map(|(word, at)| &lines[at].text[word.start as usize..word.end as usize])
                .collect::<Vec<_>>()
                .join(" ")
        };
        let tables = find(lines, &free);
        tables.iter().flat_map(|table| &table.rows).map(|row| row.iter().map(cell).collect()).collect()
    }

    #[test]
    fn numbers_at_the_right_edge_and_empty_cells_keep_their_columns() {
        let lines = [
            line(0.0, &[(0.0, "Item"), (80.0, "Q1"), (120.0, "Q2")]),
            line(14.0, &[(0.0, "Apples"), (74.0, "100")]),
            line(28.0, &[(0.0, "Pears"), (126.0, "7")]),
            line(42.0, &[(0.0, "Plums"), (86.0, "1"), (114.0, "222")]),
        ];
        let expected: [&[&str]; 4] =
            [&["Item", "Q1", "Q2"], &["Apples", "100"], &["Pears", "", "7"], &["Plums", "1", "222"]];
        assert_eq!(rows(&lines), expected);
    }

    #[test]
    fn cells_of_several_lines_that_are_written_one_after_the_other_are_put_together() {
        let lines = [
            line(0.0, &[(0.0, "Key"), (60.0, "Meaning"), (200.0, "Since")]),
            line(20.0, &[(0.0, "alpha"), (60.0, "the"), (84.0, "first")]),
            line(32.0, &[(60.0, "letter")]),
            line(20.0, &[(200.0, "1.0")]),
            line(52.0, &[(0.0, "beta"), (60.0, "second"), (200.0, "1.2")]),
        ];
        let expected: [&[&str]; 3] =
            [&["Key", "Meaning", "Since"], &["alpha", "the first letter", "1.0"], &["beta", "second", "1.2"]];
        assert_eq!(rows(&lines), expected);
    }

    #[test]
    fn lists_references_and_columns_of_text_are_no_tables() {
        let long = "running-text-that-fills-a-column";
        for pieces in
            [[(0.0, "[1]"), (30.0, "Author")], [(0.0, "2."), (30.0, "thing")], [(0.0, long), (250.0, long)]]
        {
            let lines: Vec<Line> = (0..6).map(|row| line(row as f32 * 12.0, &pieces)).collect();
            assert!(rows(&lines).is_empty(), "{pieces:?}");
        }
    }

    #[test]
    fn short_text_behind_a_table_stays_outside() {
        let mut lines: Vec<Line> =
            (0..4).map(|row| line(row as f32 * 14.0, &[(0.0, "key"), (60.0, "value")])).collect();
        lines.push(line(56.0, &[(0.0, "The"), (24.0, "end.")]));
        assert_eq!(rows(&lines).len(), 4);
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_none_comes_twice(
            grid in prop::collection::vec(prop::collection::vec(prop::option::of(1usize..9), 2..5), 3..8),
        ) {
            let lines: Vec<Line> = grid
                .iter()
                .enumerate()
                .filter_map(|(row, cells)| {
                    let words: Vec<(f32, String)> = cells
                        .iter()
                        .enumerate()
                        .filter_map(|(column, chars)| Some((column as f32 * 70.0, "x".repeat((*chars)?))))
                        .collect();
                    let pieces: Vec<(f32, &str)> = words.iter().map(|(x, word)| (*x, word.as_str())).collect();
                    (!pieces.is_empty()).then(|| line(row as f32 * 14.0, &pieces))
                })
                .collect();
            for table in find(&lines, &vec![true; lines.len()]) {
                let mut words: Vec<(usize, usize)> = table
                    .rows
                    .iter()
                    .flatten()
                    .flatten()
                    .flat_map(|piece| piece.words.clone().map(|word| (piece.line, word)))
                    .collect();
                words.sort_unstable();
                let all: Vec<(usize, usize)> = table
                    .lines
                    .iter()
                    .flat_map(|at| (0..lines[*at].words.len()).map(|word| (*at, word)))
                    .collect();
                prop_assert_eq!(words, all);
            }
        }
    }
}
