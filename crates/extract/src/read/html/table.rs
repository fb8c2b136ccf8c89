//! Tables: one line of text per row. Tables that only arrange a page are told apart, because their
//! cells are ordinary blocks.

use super::inline::InlineText;
use super::visible::is_left_out;
use dom_query::{NodeData, NodeRef};

/// A cell with more characters than this is a piece of layout.
const CELL_CHARS: usize = 2000;

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
    let (mut text, mut header_rows, mut in_header) = (String::new(), 0u32, true);
    let mut rows = Vec::new();
    collect_rows(table, false, &mut rows);
    for (row, in_head) in &rows {
        let cells: Vec<NodeRef<'_>> =
            row.children_it(false).filter(|cell| cell.has_name("td") || cell.has_name("th")).collect();
        let texts: Vec<String> = cells.iter().map(cell_text).collect();
        if texts.iter().all(String::is_empty) {
            continue;
        }
        if texts.iter().any(|cell| cell.chars().nth(CELL_CHARS).is_some()) {
            return None;
        }
        in_header = in_header && (*in_head || cells.iter().all(|cell| cell.has_name("th")));
        header_rows += u32::from(in_header);
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&texts.join(" | "));
    }
    Some(TableText { text, header_rows })
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
