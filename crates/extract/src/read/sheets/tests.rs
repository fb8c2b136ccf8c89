//! What the layout of sheets promises, for any sheet.

use super::grid::{Budget, Grid, Kind};
use super::layout::{Table, tables};
use proptest::prelude::*;
use std::collections::BTreeMap;

fn grid(cells: &BTreeMap<(u32, u32), String>) -> Grid {
    let (mut grid, mut budget) = (Grid::default(), Budget::new());
    for (at, text) in cells.iter().rev() {
        assert!(grid.put(*at, Kind::Text, text, &mut budget));
    }
    grid
}

/// Every cell that the lines of a table name, by its place.
fn named(table: &Table) -> Vec<((u32, u32), String)> {
    let mut found = Vec::new();
    for (index, line) in table.text.split('\n').enumerate() {
        let row = table.rows.get(index).copied().unwrap_or(table.range.first_row + index as u32);
        for (column, text) in line.split(" | ").enumerate() {
            if !text.is_empty() {
                found.push(((row, table.range.first_column + column as u32), text.to_owned()));
            }
        }
    }
    found
}

fn sparse() -> impl Strategy<Value = BTreeMap<(u32, u32), String>> {
    let row = prop_oneof![8 => 0u32..12, 3 => 12u32..900, 1 => 1_048_570u32..1_048_576];
    let column = prop_oneof![8 => 0u32..6, 2 => 6u32..60, 1 => 16_380u32..16_384];
    let text = prop_oneof!["[a-z]{1,6}", "[0-9]{1,4}", "[中文字]{1,3}"];
    prop::collection::btree_map((row, column), text, 0..80)
}

proptest! {
    #[test]
    fn every_cell_stands_once_at_its_row_and_column(cells in sparse()) {
        let found = tables(&mut grid(&cells));
        let mut all = BTreeMap::new();
        for table in &found {
            let lines = table.text.split('\n').count();
            prop_assert!(table.rows.is_empty() || table.rows.len() == lines);
            if table.rows.is_empty() {
                prop_assert_eq!(lines as u32, table.range.last_row - table.range.first_row + 1);
            } else {
                prop_assert_eq!(table.rows.first(), Some(&table.range.first_row));
                prop_assert_eq!(table.rows.last(), Some(&table.range.last_row));
                prop_assert!(table.rows.windows(2).all(|pair| pair[0] < pair[1]));
            }
            for (at, text) in named(table) {
                prop_assert!((table.range.first_column..=table.range.last_column).contains(&at.1));
                prop_assert!(all.insert(at, text).is_none());
            }
        }
        prop_assert_eq!(all, cells);
    }

    #[test]
    fn a_sheet_costs_no_more_than_its_cells(cells in sparse()) {
        let found = tables(&mut grid(&cells));
        let text: usize = found.iter().map(|table| table.text.len()).sum();
        // A separator for each of at most 16 empty columns beside a cell, in each row of its table.
        let most: usize = found.iter().map(|table| {
            let rows = table.text.split('\n').count();
            let columns = (table.range.last_column - table.range.first_column) as usize;
            rows * (columns * 3 + 1)
        }).sum();
        prop_assert!(text <= most + cells.values().map(String::len).sum::<usize>());
        prop_assert!(text < 200_000);
    }
}

fn of(rows: &[(u32, u32, &str)]) -> Vec<Table> {
    tables(&mut grid(&rows.iter().map(|(row, column, text)| ((*row, *column), (*text).to_owned())).collect()))
}

#[test]
fn two_empty_rows_or_many_empty_columns_part_tables() {
    let found = of(&[(0, 0, "a"), (2, 0, "b"), (5, 0, "c"), (5, 17, "d"), (6, 1, "e")]);
    let texts: Vec<_> = found.iter().map(|table| (table.text.as_str(), table.range.to_string())).collect();
    assert_eq!(
        texts,
        [
            ("a\nb", "A1:A3".into()),
            ("c |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  |  | d\n | e", "A6:R7".into())
        ]
    );
    assert_eq!(found[0].rows, [0, 2]);
    let far = of(&[(0, 0, "a"), (0, 16_383, "b"), (1_048_575, 16_383, "end")]);
    let texts: Vec<_> = far.iter().map(|table| (table.text.as_str(), table.range.to_string())).collect();
    assert_eq!(texts, [("a", "A1".into()), ("b", "XFD1".into()), ("end", "XFD1048576".into())]);
}

#[test]
fn a_long_table_is_cut_into_blocks_and_only_the_first_has_the_header() {
    let mut cells = BTreeMap::from([((0, 0), "Name".to_owned()), ((0, 1), "City".to_owned())]);
    for row in 1..=600 {
        cells.insert((row, 0), format!("n{row}"));
        cells.insert((row, 1), format!("c{row}"));
    }
    let found = tables(&mut grid(&cells));
    let heads: Vec<_> = found.iter().map(|table| (table.range.first_row, table.header_rows)).collect();
    assert_eq!(heads, [(0, 1), (256, 0), (512, 0)]);
}
