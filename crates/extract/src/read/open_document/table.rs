//! Tables: one line of text per row. Tables that only arrange a page are told apart, because their
//! cells are ordinary blocks.

use super::inline::{Behind, Gather, Inline};
use crate::read::office::running::one_line;
use crate::read::office::xml::Element;
use crate::read::rows::{Arrangement, TableRows};

/// A table as text.
#[derive(Default)]
pub(super) struct TableText<'t> {
    rows: TableRows,
    pub(super) page: Option<u32>,
    pub(super) behind: Vec<Behind<'t>>,
}

impl<'t> TableText<'t> {
    /// Gathers the rows of a table.
    pub(super) fn gather(table: &Element<'t>, gather: &mut Gather<'_>) -> Self {
        let mut text = Self::default();
        for (row, in_head) in rows(table) {
            text.row(&row, in_head, gather);
        }
        text
    }

    pub(super) fn text(&self) -> String {
        self.rows.text()
    }

    pub(super) fn header_rows(&self) -> u32 {
        self.rows.header_rows()
    }

    fn row(&mut self, row: &Element<'t>, is_header: bool, gather: &mut Gather<'_>) {
        let mut texts = Vec::new();
        for cell in cells(row) {
            let mut inline = Inline::default();
            if cell.name() == "table-cell" {
                gather.inline(&cell, &mut inline);
            }
            self.page = self.page.or(inline.page);
            self.behind.append(&mut inline.behind);
            texts.push(one_line(&inline.raw));
        }
        self.rows.push(texts, is_header);
    }
}

/// Whether the table only arranges what is in its cells.
pub(super) fn arranges_blocks(table: &Element<'_>) -> bool {
    let mut arrangement = Arrangement::default();
    for (row, _) in rows(table) {
        let cells: Vec<Element<'_>> = cells(&row).collect();
        arrangement.row(cells.iter().map(|cell| (cell.text().len(), cell.find("table").is_some())));
    }
    arrangement.is_layout()
}

/// The rows of a table, each with whether it is a header.
pub(super) fn rows<'t>(table: &Element<'t>) -> Vec<(Element<'t>, bool)> {
    let mut rows = Vec::new();
    collect(table, false, &mut rows);
    rows
}

fn collect<'t>(part: &Element<'t>, in_head: bool, rows: &mut Vec<(Element<'t>, bool)>) {
    for child in part.children() {
        match child.name() {
            "table-row" => rows.push((child, in_head)),
            "table-header-rows" => collect(&child, true, rows),
            "table-rows" | "table-row-group" => collect(&child, in_head, rows),
            _ => {}
        }
    }
}

/// The cells of a row, covered ones too.
pub(super) fn cells<'t>(row: &Element<'t>) -> impl Iterator<Item = Element<'t>> + use<'t> {
    row.children().filter(|cell| matches!(cell.name(), "table-cell" | "covered-table-cell"))
}
