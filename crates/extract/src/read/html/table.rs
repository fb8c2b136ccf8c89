//! Tables: one line of text per row. Tables that only arrange a page are told apart, because their
//! cells are ordinary blocks.

use super::inline::InlineText;
use super::visible::is_left_out;
use crate::read::rows::TableRows;
use dom_query::{NodeData, NodeRef};

/// A cell with more characters than this is a piece of layout.
const CELL_CHARS: usize = 2000;
/// Most columns over which a cell is spread.
const MAX_COLUMNS: usize = 50;
/// The same for rows.
const MAX_ROWS: usize = 10_000;

/// The text of a table.
pub(super) struct TableText {
    pub(super) text: String,
    pub(super) header_rows: u32,
}

/// The rows of a table of data, or `None` when the table only arranges other blocks.
pub(super) fn table_text(table: &NodeRef<'_>) -> Option<TableText> {
    if matches!(table.attr("role").as_deref(), Some("presentation" | "none")) || arranges_blocks(table) {
        return None;
    }
    let mut gathered = TableRows::default();
    let mut reaching = Vec::new();
    let mut rows = Vec::new();
    collect_rows(table, false, &mut rows);
    for (row, in_head) in &rows {
        let cells: Vec<NodeRef<'_>> =
            row.children_it(false).filter(|cell| cell.has_name("td") || cell.has_name("th")).collect();
        let texts = in_columns(&cells, &mut reaching);
        if texts.iter().any(|cell| cell.chars().nth(CELL_CHARS).is_some()) {
            return None;
        }
        gathered.push(texts, *in_head || cells.iter().all(|cell| cell.has_name("th")));
    }
    Some(TableText { text: gathered.text(), header_rows: gathered.header_rows() })
}

/// The texts of a row, each in the column where it is shown: cells over several columns, and cells of
/// earlier rows that reach into this one, leave empty places. `reaching` says for each column how many
/// more rows are taken.
fn in_columns(cells: &[NodeRef<'_>], reaching: &mut Vec<usize>) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let covered = std::mem::take(reaching);
    reaching.extend(covered.iter().map(|rows| rows.saturating_sub(1)));
    let mut column = 0;
    for cell in cells {
        while covered.get(column).is_some_and(|rows| *rows > 0) {
            column += 1;
        }
        texts.resize(column, String::new());
        texts.push(cell_text(cell));
        let (across, down) = (span(cell, "colspan", MAX_COLUMNS), span(cell, "rowspan", MAX_ROWS));
        if down > 1 {
            reaching.resize(reaching.len().max(column + across), 0);
            reaching[column..column + across].fill(down - 1);
        }
        column += across;
    }
    texts
}

/// Over how many columns or rows a cell is spread; a number beyond all use counts for nothing.
fn span(cell: &NodeRef<'_>, name: &str, most: usize) -> usize {
    let said = cell.attr(name).and_then(|value| value.trim().parse::<usize>().ok());
    said.filter(|span| (1..=most).contains(span)).unwrap_or(1)
}

fn collect_rows<'a>(node: &NodeRef<'a>, in_head: bool, rows: &mut Vec<(NodeRef<'a>, bool)>) {
    for child in node.children_it(false) {
        if is_left_out(&child) {
            continue;
        }
        if child.has_name("tr") {
            rows.push((child, in_head));
        } else if child.has_name("thead") {
            collect_rows(&child, true, rows);
        } else if child.has_name("tbody") || child.has_name("tfoot") {
            collect_rows(&child, false, rows);
        }
    }
}

/// Whether the table holds headings, other tables or preformatted text.
fn arranges_blocks(table: &NodeRef<'_>) -> bool {
    let mut waiting: Vec<NodeRef<'_>> = table.children_it(false).collect();
    while let Some(node) = waiting.pop() {
        let blocks = node.element_ref().is_some_and(|element| {
            matches!(
                element.name.local.as_ref(),
                "table" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "pre" | "blockquote"
            )
        });
        if blocks {
            return true;
        }
        waiting.extend(node.children_it(false));
    }
    false
}

/// The text of a cell in one line; blocks and line breaks in it become spaces.
fn cell_text(cell: &NodeRef<'_>) -> String {
    let mut inline = InlineText::default();
    gather(cell, &mut inline);
    inline.take()
}

fn gather(node: &NodeRef<'_>, inline: &mut InlineText) {
    for child in node.children_it(false) {
        let is_text = child.query_or(false, |tree_node| match &tree_node.data {
            NodeData::Text { contents } => {
                inline.push(contents);
                true
            }
            _ => false,
        });
        if is_text || is_left_out(&child) {
            continue;
        }
        let apart = child.element_ref().is_some_and(|element| {
            matches!(
                element.name.local.as_ref(),
                "br" | "p" | "div" | "li" | "dt" | "dd" | "ul" | "ol" | "hr"
            )
        });
        if apart {
            inline.gap();
        }
        gather(&child, inline);
        if apart {
            inline.gap();
        }
    }
}
