//! Tables drawn with characters: grids of `+---+`, and simple ones below lines of `=== ===`.

use super::super::flow::Flow;
use super::inline;
use super::row::Row;
use super::title::is_wide;
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use std::collections::HashMap;
use std::ops::Range;

/// Cells by rows; each cell is the ranges of its lines in the source.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) rows: Vec<Vec<Vec<Range<usize>>>>,
    pub(super) header_rows: u32,
}

/// A table at the beginning of `rows`, and how many of them it takes.
pub(super) fn at_start(source: &str, rows: &[Row]) -> Option<(Grid, usize)> {
    let line = source.get(rows.first()?.range())?;
    if is_grid_border(line) { Some(grid(source, rows)) } else { simple(source, rows) }
}

/// One line of text per row.
pub(super) fn text<'d>(
    source: &'d Decoded,
    grid: &Grid,
    substitutions: &HashMap<String, String>,
) -> BlockText<'d> {
    let mut block = BlockText::new(source);
    for (index, row) in grid.rows.iter().enumerate() {
        if index > 0 {
            block.push_made("\n");
        }
        for (column, cell) in row.iter().enumerate() {
            if column > 0 {
                block.push_made(" | ");
            }
            let flow = Flow::new(&source.text, cell.iter().cloned());
            flow.write(&inline::pieces(&flow.text, substitutions), &mut block);
        }
    }
    block
}

fn is_grid_border(line: &str) -> bool {
    line.len() >= 3
        && line.starts_with('+')
        && line.ends_with('+')
        && line.bytes().all(|byte| matches!(byte, b'+' | b'-' | b'='))
}

fn grid(source: &str, rows: &[Row]) -> (Grid, usize) {
    let text = |row: &Row| source.get(row.range()).unwrap_or_default();
    let count = rows.iter().take_while(|row| text(row).starts_with(['+', '|'])).count();
    let mut borders: Vec<usize> = Vec::new();
    for row in rows[..count].iter().filter(|row| is_grid_border(text(row))) {
        borders.extend(text(row).match_indices('+').map(|(at, _)| at));
    }
    borders.sort_unstable();
    borders.dedup();
    let mut table = Grid::default();
    let mut open: Vec<Vec<Range<usize>>> = Vec::new();
    for row in &rows[..count] {
        let line = text(row);
        if line.starts_with('+') || line.contains("+-") && line.contains("-+") {
            if open.iter().any(|cell| !cell.is_empty()) {
                table.rows.push(std::mem::take(&mut open));
            }
            open.clear();
            if line.contains('=') && is_grid_border(line) && table.header_rows == 0 {
                table.header_rows = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
            }
            continue;
        }
        for (column, cell) in grid_cells(line, &borders).into_iter().enumerate() {
            if open.len() <= column {
                open.push(Vec::new());
            }
            push_line(source, row.start + cell.start..row.start + cell.end, &mut open[column]);
        }
    }
    if open.iter().any(|cell| !cell.is_empty()) {
        table.rows.push(open);
    }
    (table, count.max(1))
}

/// The cells of a line of a grid: between all bars when there are as many as columns, else between
/// those bars that stand below a border's crossing.
fn grid_cells(line: &str, borders: &[usize]) -> Vec<Range<usize>> {
    let bars: Vec<usize> = line.match_indices('|').map(|(at, _)| at).collect();
    let bars = if bars.len() == borders.len() {
        bars
    } else {
        let offsets = column_offsets(line);
        let below = |at: &&usize| offsets.get(**at).is_some_and(|byte| line[*byte..].starts_with('|'));
        borders.iter().filter(below).map(|at| offsets[*at]).collect()
    };
    bars.windows(2).map(|pair| pair[0] + 1..pair[1]).collect()
}

/// The byte at which each column of the screen begins; wide characters take two.
fn column_offsets(line: &str) -> Vec<usize> {
    let mut offsets = Vec::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        offsets.push(at);
        if is_wide(c) {
            offsets.push(at);
        }
    }
    offsets
}

fn push_line(source: &str, range: Range<usize>, cell: &mut Vec<Range<usize>>) {
    let text = source.get(range.clone()).unwrap_or_default();
    let start = range.start + text.len() - text.trim_start().len();
    if !text.trim().is_empty() {
        cell.push(start..start + text.trim().len());
    }
}

fn is_simple_border(line: &str) -> bool {
    line.starts_with('=') && line.contains(" =") && line.bytes().all(|byte| matches!(byte, b'=' | b' '))
}

/// A simple table ends at the second border that an empty line follows, or at the third.
fn simple(source: &str, rows: &[Row]) -> Option<(Grid, usize)> {
    let text = |row: &Row| source.get(row.range()).unwrap_or_default();
    let top = text(rows.first()?);
    if !is_simple_border(top) || rows[0].indent > 0 {
        return None;
    }
    let borders: Vec<usize> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| is_simple_border(text(row)))
        .map(|(at, _)| at)
        .take(3)
        .collect();
    let ends = |at: usize| rows.get(at + 1).is_none_or(Row::is_blank);
    let (header, end) = match borders[..] {
        [_, second, ..] if ends(second) => (None, second),
        [_, second, third] => (Some(second), third),
        _ => return None,
    };
    let starts: Vec<usize> = (0..top.len())
        .filter(|at| top.as_bytes()[*at] == b'=' && (*at == 0 || top.as_bytes()[at - 1] == b' '))
        .collect();
    let mut table = Grid::default();
    for (at, row) in rows[1..end].iter().enumerate() {
        let line = text(row);
        if Some(at + 1) == header {
            table.header_rows = u32::try_from(table.rows.len()).unwrap_or(u32::MAX);
        }
        let is_span = line.bytes().all(|byte| matches!(byte, b'-' | b'=' | b' '));
        if line.is_empty() || is_span && (Some(at + 1) == header || line.contains("--")) {
            continue;
        }
        let offsets = column_offsets(line);
        let byte = |column: usize| offsets.get(column).copied().unwrap_or(line.len());
        let cells = starts.iter().enumerate().map(|(index, start)| {
            let end = starts.get(index + 1).map_or(line.len(), |next| byte(*next));
            byte(*start)..end
        });
        let cells: Vec<Range<usize>> = cells.collect();
        let goes_on = line.get(cells[0].clone()).is_some_and(|cell| cell.trim().is_empty());
        if !goes_on || table.rows.is_empty() {
            table.rows.push(vec![Vec::new(); starts.len()]);
        }
        let Some(open) = table.rows.last_mut() else { continue };
        for (cell, lines) in cells.into_iter().zip(open) {
            push_line(source, row.start + cell.start..row.start + cell.end, lines);
        }
    }
    Some((table, end + 1))
}
