//! Tables: one line of text per row. Tables that only arrange a page are told apart, because their
//! cells are ordinary blocks.

use super::inline::{Behind, Gather, Inline};
use crate::read::office::running::one_line;
use crate::read::office::xml::Element;

/// A cell with more bytes of text than this is a piece of layout.
const CELL_BYTES: usize = 4000;

/// A table as text.
#[derive(Default)]
pub(super) struct TableText<'t> {
    lines: Vec<String>,
    pub(super) header_rows: u32,
    pub(super) page: Option<u32>,
    pub(super) behind: Vec<Behind<'t>>,
}

impl<'t> TableText<'t> {
    /// Gathers the rows of a table.
    pub(super) fn gather(table: &Element<'t>, gather: &mut Gather<'_>) -> Self {
        let mut text = Self::default();
        let mut header = true;
        for (row, in_head) in rows(table) {
            header &= in_head;
            text.row(&row, header, gather);
        }
        text
    }

    pub(super) fn text(&self) -> String {
        self.lines.join("\n")
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
        if texts.iter().any(|text| !text.is_empty()) {
            self.header_rows += u32::from(is_header);
            self.lines.push(texts.join(" | "));
        }
    }
}

/// Whether the table holds other tables or long texts, or has a single column.
pub(super) fn arranges_blocks(table: &Element<'_>) -> bool {
    let mut single_column = true;
    for (row, _) in rows(table) {
        let cells: Vec<Element<'_>> = cells(&row).collect();
        single_column &= cells.len() <= 1;
        if cells.iter().any(|cell| cell.find("table").is_some() || cell.text().len() > CELL_BYTES) {
            return true;
        }
    }
    single_column
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
