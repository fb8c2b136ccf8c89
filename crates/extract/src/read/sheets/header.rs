//! Which rows at the top of a table name its columns.
//!
//! A header row has a short text of its own in (nearly) every column that the rows below it use, and
//! either some column below it holds numbers or dates, or none of its names comes again below it.
//! Years count as names. Up to three lines of a single cell above it are the table's title and belong
//! to its head.

use super::grid::Kind;
use std::collections::HashSet;

/// Longest name of a column, in characters.
const NAME_CHARS: usize = 100;
/// Most lines of a title above the header.
const TITLE_ROWS: usize = 3;

/// A cell of the rows at the top of a table.
#[derive(Clone, Copy, Debug)]
pub(in crate::read) struct HeadCell<'c> {
    pub(in crate::read) column: u32,
    pub(in crate::read) kind: Kind,
    pub(in crate::read) text: &'c str,
}

/// How many of `rows`, the first of a table, are its head; 0 if it has none.
pub(in crate::read) fn header_rows(rows: &[Vec<HeadCell<'_>>]) -> u32 {
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let single = |row: &Vec<HeadCell<'_>>| row.len() == 1;
    let titles =
        if widest > 1 { rows.iter().take(TITLE_ROWS).take_while(|row| single(row)).count() } else { 0 };
    let Some((names, body)) = rows.get(titles..).and_then(<[_]>::split_first) else { return 0 };
    if is_header(names, body) { u32::try_from(titles + 1).unwrap_or(0) } else { 0 }
}

fn is_header(names: &[HeadCell<'_>], body: &[Vec<HeadCell<'_>>]) -> bool {
    if names.is_empty() || body.is_empty() || !names.iter().all(is_name) {
        return false;
    }
    let distinct: HashSet<&str> = names.iter().map(|cell| cell.text).collect();
    if distinct.len() < names.len() {
        return false;
    }
    let named: HashSet<u32> = names.iter().map(|cell| cell.column).collect();
    let used: HashSet<u32> = body.iter().flatten().map(|cell| cell.column).collect();
    let nameless = used.difference(&named).count();
    if nameless > (used.len() / 4).max(usize::from(used.len() > 1)) {
        return false;
    }
    let below = |column: u32| body.iter().flatten().filter(move |cell| cell.column == column);
    let typed = names.iter().any(|name| {
        let (data, text) = below(name.column).fold((0, 0), |(data, text), cell| match cell.kind {
            Kind::Number | Kind::Date => (data + 1, text),
            Kind::Text => (data, text + 1),
            Kind::Other => (data, text),
        });
        name.kind == Kind::Text && data > text
    });
    typed
        || (names.len() > 1
            && nameless == 0
            && names.iter().all(|name| below(name.column).all(|cell| cell.text != name.text)))
}

/// A short text, or a year.
fn is_name(cell: &HeadCell<'_>) -> bool {
    match cell.kind {
        Kind::Text => cell.text.chars().nth(NAME_CHARS).is_none(),
        Kind::Number => cell.text.parse::<u16>().is_ok_and(|year| (1800..=2200).contains(&year)),
        Kind::Date => true,
        Kind::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rows: &[&[&str]]) -> u32 {
        let kind = |text: &str| match text {
            _ if text.parse::<f64>().is_ok() => Kind::Number,
            _ if text.len() == 10 && text.as_bytes()[4] == b'-' => Kind::Date,
            _ => Kind::Text,
        };
        let rows: Vec<Vec<HeadCell<'_>>> = rows
            .iter()
            .map(|row| {
                let cells = row.iter().enumerate().filter(|(_, text)| !text.is_empty());
                cells
                    .map(|(column, text)| HeadCell { column: column as u32, kind: kind(text), text })
                    .collect()
            })
            .collect();
        header_rows(&rows)
    }

    #[test]
    fn names_above_numbers_or_dates_are_a_header() {
        assert_eq!(found(&[&["产品", "价格"], &["茶", "12.5"], &["咖啡", "30"]]), 1);
        assert_eq!(found(&[&["Region", "2024", "2025"], &["North", "1", "2"]]), 1);
        assert_eq!(found(&[&["", "Open", "Closed"], &["Mon", "1", "2"], &["Tue", "3", "4"]]), 1);
        assert_eq!(found(&[&["Day", "Event"], &["2026-01-02", "Start"]]), 1);
    }

    #[test]
    fn a_title_above_the_names_belongs_to_the_head() {
        assert_eq!(found(&[&["Sales of the year"], &["Region", "Sum"], &["North", "7"]]), 2);
    }

    #[test]
    fn data_is_no_header() {
        assert_eq!(found(&[&["1", "2"], &["3", "4"]]), 0);
        assert_eq!(found(&[&["North", "1"], &["South", "2"]]), 0);
        assert_eq!(found(&[&["yes", "yes"], &["no", "1"]]), 0);
        assert_eq!(found(&[&["only one row", "here"]]), 0);
        assert_eq!(found(&[&["a"], &["b"], &["c"]]), 0);
        assert_eq!(found(&[]), 0);
    }

    #[test]
    fn a_table_of_words_has_a_header_when_no_name_comes_again() {
        assert_eq!(found(&[&["Name", "City"], &["Ann", "Oslo"], &["Bo", "Rome"]]), 1);
        assert_eq!(found(&[&["red", "blue"], &["red", "green"]]), 0);
    }
}
