//! Paragraphs of the text of a shape, and tables.

use super::super::drawing::fallback_or_choice;
use super::super::running::{one_line, push_text, running};
use super::super::xml::Element;
use super::bullets::{Bullets, LEVELS, Levels, Role, bullet, levels};
use crate::read::formula::omml;
use crate::read::rows::TableRows;
use docent_corpus::BlockKind;

/// A paragraph of a shape.
pub(super) struct Paragraph {
    pub(super) kind: BlockKind,
    pub(super) text: String,
}

/// The paragraphs of a text body. `role` and `bullets` say which are items of a list.
pub(super) fn paragraphs(body: &Element<'_>, role: Option<&Role>, bullets: &Bullets) -> Vec<Paragraph> {
    let own: Levels = body.child("lstStyle").map(|style| levels(&style)).unwrap_or_default();
    let all = body.children().filter(|child| child.name() == "p");
    all.map(|paragraph| {
        let properties = paragraph.child("pPr");
        let depth =
            properties.and_then(|properties| properties.number::<usize>("lvl")).unwrap_or(0).min(LEVELS - 1);
        let said = properties.and_then(|properties| bullet(&properties)).or(own[depth]);
        let listed = said.unwrap_or_else(|| bullets.inherited(role, depth));
        let kind = match u8::try_from(depth) {
            Ok(depth) if listed => BlockKind::ListItem { depth },
            _ => BlockKind::Paragraph,
        };
        Paragraph { kind, text: running(&raw_text(&paragraph)) }
    })
    .collect()
}

/// The text of a paragraph as it is written, with its line breaks.
pub(super) fn raw_text(paragraph: &Element<'_>) -> String {
    let mut raw = String::new();
    gather(paragraph, &mut raw);
    raw
}

fn gather(element: &Element<'_>, raw: &mut String) {
    for child in element.children() {
        match child.name() {
            "t" => push_text(raw, &child.text()),
            "oMath" => push_text(raw, &omml(&child)),
            "br" => raw.push('\n'),
            "tab" => raw.push('\t'),
            "AlternateContent" => {
                if let Some(branch) = fallback_or_choice(&child) {
                    gather(&branch, raw);
                }
            }
            "pPr" | "rPr" | "endParaRPr" => {}
            _ => gather(&child, raw),
        }
    }
}

/// A table: one line per row. How many of the first rows are headers comes with it.
pub(super) fn table(table: &Element<'_>) -> (u32, String) {
    let first = table.child("tblPr").and_then(|properties| properties.attribute("firstRow"));
    let has_header = matches!(first.as_deref(), Some("1" | "true"));
    let mut rows = TableRows::default();
    for row in table.children().filter(|child| child.name() == "tr") {
        let cells = row.children().filter(|child| child.name() == "tc").map(|cell| cell_text(&cell));
        let is_first = rows.is_empty();
        rows.push(cells.collect(), has_header && is_first);
    }
    let header_rows = if rows.is_single() { 0 } else { rows.header_rows() };
    (header_rows, rows.text())
}

/// The text of a cell in one line; a cell that belongs to one before it has none.
fn cell_text(cell: &Element<'_>) -> String {
    let goes_on = |name: &str| matches!(cell.attribute(name).as_deref(), Some("1" | "true"));
    if goes_on("hMerge") || goes_on("vMerge") {
        return String::new();
    }
    let Some(body) = cell.child("txBody") else { return String::new() };
    let paragraphs = body.children().filter(|child| child.name() == "p");
    let lines: Vec<String> = paragraphs.map(|paragraph| raw_text(&paragraph)).collect();
    one_line(&lines.join("\n"))
}
