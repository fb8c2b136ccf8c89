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
pub(super) struct HeadCell<'c> {
    pub(super) column: u32,
    pub(super) kind: Kind,
    pub(super) text: &'c str,
}

/// How many of `rows`, the first of a table, are its head; 0 if it has none.
pub(super) fn header_rows(rows: &[Vec<HeadCell<'_>>]) -> u32 {
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let single = |row: &Vec<HeadCell<'_>>| row.len() == 1;
    let titles =
        if widest > 1 { rows.iter().take(TITLE_ROWS).take_while(|row| single(row)).count() } else { 0 };
    let Some((names, body)) = rows.get(titles..).and_then(<[_]>::split_first) else { return 0 };
    if is_header(names, body) { u32::try_from(titles + 1).unwrap_or(0) } else { 0 }
}

/// How many of `rows` of cells, the first of a table, are its head, where nothing but their text is
/// known; 0 if it has none.
pub(crate) fn likely_header_rows<T: AsRef<str>>(rows: &[Vec<T>]) -> u32 {
    let rows: Vec<Vec<HeadCell<'_>>> = rows
        .iter()
        .map(|row| {
            let filled = row.iter().map(AsRef::as_ref).enumerate().filter(|(_, text)| !text.is_empty());
            let column = |index| u32::try_from(index).unwrap_or(u32::MAX);
            filled.map(|(index, text)| HeadCell { column: column(index), kind: kind(text), text }).collect()
        })
        .collect();
    header_rows(&rows)
}

/// What a text looks like: a number with separators, signs, a currency or a percent sign; a date.
fn kind(text: &str) -> Kind {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    if digits == 0 {
        return Kind::Text;
    }
    let joined = text.split(['-', '/', '.', ':', ' ', 'T', 'Z', '年', '月', '日']);
    let parts: Vec<&str> = joined.filter(|part| !part.is_empty()).collect();
    let numeric = |part: &&str| part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    if parts.len() >= 3 && parts.iter().all(numeric) {
        return Kind::Date;
    }
    if letters == 0 || text.parse::<f64>().is_ok() { Kind::Number } else { Kind::Text }
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
