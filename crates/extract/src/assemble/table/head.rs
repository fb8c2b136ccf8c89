//! Which rows of a table of a page are its head: bold ones, or those that look like names of columns.

use super::Cell;
use crate::assemble::group::{Group, GroupKind};
use crate::message::{Line, PageText};
use crate::read::likely_header_rows;

/// How many rows at the top are looked at.
const HEAD_ROWS: usize = 16;

/// How many of the first rows are the head.
pub(super) fn header_rows(lines: &[Line], rows: &[Vec<Cell>]) -> u32 {
    let is_bold_row = |row: &Vec<Cell>| is_bold(lines, row);
    if rows.first().is_some_and(is_bold_row) && !rows.iter().skip(1).all(is_bold_row) {
        return 1;
    }
    let texts: Vec<Vec<String>> = rows.iter().take(HEAD_ROWS).map(|row| texts(lines, row)).collect();
    likely_header_rows(&texts)
}

/// Takes the head from tables that only go on from the page before, where nothing but their text
/// speaks for one.
pub(in crate::assemble) fn settle(pages: &[PageText], groups: &mut [Group]) {
    let mut before: Option<(usize, Vec<String>, usize)> = None;
    for group in groups.iter_mut().filter(|group| group.kind != GroupKind::Furniture) {
        let (Some(page), Some(table)) = (pages.get(group.page), group.table.as_mut()) else {
            before = None;
            continue;
        };
        let columns = table.rows.iter().map(Vec::len).max().unwrap_or(0);
        let first = table.rows.first().map(|row| texts(&page.lines, row)).unwrap_or_default();
        let goes_on = before.as_ref().is_some_and(|(page_before, first_before, columns_before)| {
            page_before + 1 == group.page && *columns_before == columns && *first_before != first
        });
        if goes_on && !table.rows.first().is_some_and(|row| is_bold(&page.lines, row)) {
            table.header_rows = 0;
        }
        let head = match before.take() {
            Some((_, head, _)) if goes_on => head,
            _ => first,
        };
        before = Some((group.page, head, columns));
    }
}

fn is_bold(lines: &[Line], row: &[Cell]) -> bool {
    let mut pieces = row.iter().flatten().peekable();
    pieces.peek().is_some() && pieces.all(|piece| lines.get(piece.line).is_some_and(|line| line.bold))
}

/// The texts of a row's cells.
fn texts(lines: &[Line], row: &[Cell]) -> Vec<String> {
    let text = |cell: &Cell| {
        let pieces = cell.iter().filter_map(|piece| super::text(lines, piece));
        pieces.collect::<Vec<_>>().join(" ")
    };
    row.iter().map(text).collect()
}
