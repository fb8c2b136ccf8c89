//! Writes groups of lines as blocks of the canonical text, each word with its box.

use super::group::{Group, GroupKind, marker};
use super::headings::Levels;
use super::shape::{bounds, middle};
use super::table::{Piece, Table};
use crate::message::{Line, PageText, Word};
use crate::script::joins_without_space;
use docent_corpus::{Block, BlockKind, Place, Rect, Span, TextBox};

/// A word of dots alone, next to others, leads to a page number and says nothing.
const LEADER_DOTS: usize = 3;

/// The canonical text and its blocks.
pub(super) fn write(pages: &[PageText], groups: &[Group], levels: &Levels) -> (String, Vec<Block>) {
    let mut text = String::new();
    let mut blocks: Vec<Block> = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let Some(page) = pages.get(group.page) else { continue };
        let kind = kind_of(group, levels.of_group(index));
        let (body, boxes) = match &group.table {
            Some(table) => table_of(page, table),
            None => body_of(page, group, &kind),
        };
        if body.is_empty() {
            continue;
        }
        match (blocks.last().map(|last| &last.kind), &kind) {
            (None, _) => {}
            (Some(BlockKind::ListItem { .. }), BlockKind::ListItem { .. }) => text.push('\n'),
            _ => text.push_str("\n\n"),
        }
        let start = text.len();
        text.push_str(&body);
        let boxes = boxes
            .into_iter()
            .map(|(span, [x0, y0, x1, y1])| TextBox {
                span: Span::new(span.start + start, span.end + start),
                rect: Rect { x0, y0, x1, y1 },
            })
            .collect();
        let place = Place::Page {
            page: page.index,
            label: page.label.clone(),
            width: page.width,
            height: page.height,
            boxes,
        };
        blocks.push(Block { kind, span: Span::new(start, text.len()), place });
    }
    (text, blocks)
}

fn kind_of(group: &Group, level: Option<u8>) -> BlockKind {
    match (group.kind, level) {
        (GroupKind::Furniture, _) => BlockKind::Furniture,
        (_, Some(level)) => BlockKind::Heading { level },
        (GroupKind::Item(depth), None) => BlockKind::ListItem { depth },
        (GroupKind::Table, None) => {
            BlockKind::Table { header_rows: group.table.as_ref().map_or(0, |table| table.header_rows) }
        }
        (GroupKind::Code, None) => BlockKind::Code { language: None },
        (GroupKind::Text, None) => BlockKind::Paragraph,
    }
}

type Boxes = Vec<(Span, [f32; 4])>;

fn body_of(page: &PageText, group: &Group, kind: &BlockKind) -> (String, Boxes) {
    let (mut text, mut boxes): (String, Boxes) = (String::new(), Vec::new());
    let lines: Vec<&Line> = group.lines.iter().filter_map(|at| page.lines.get(*at)).collect();
    let left = lines.iter().map(|line| bounds(line)[0]).fold(f32::INFINITY, f32::min);
    let mut before: Option<&Line> = None;
    for line in &lines {
        if let Some(before) = before {
            text.push_str(&between(before, line, &text, kind, left));
        }
        let skip = match kind {
            BlockKind::ListItem { .. } if before.is_none() => marker(&line.text).unwrap_or(0),
            _ => 0,
        };
        push_line(line, skip, &mut text, &mut boxes);
        before = Some(line);
    }
    if lines.last().is_some_and(|line| line.hyphen) && !text.is_empty() {
        text.push('-'); // the other half of the word is not here
    }
    let trimmed = text.trim_end().len();
    text.truncate(trimmed);
    boxes.retain(|(span, _)| span.end <= trimmed);
    (text, boxes)
}

/// One line of text per row, cells divided by ` | `.
fn table_of(page: &PageText, table: &Table) -> (String, Boxes) {
    let (mut text, mut boxes): (String, Boxes) = (String::new(), Vec::new());
    for row in &table.rows {
        if !text.is_empty() {
            text.push('\n');
        }
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                text.push_str(" | ");
            }
            push_cell(page, cell, &mut text, &mut boxes);
        }
    }
    (text, boxes)
}

fn push_cell(page: &PageText, cell: &[Piece], text: &mut String, boxes: &mut Boxes) {
    let mut hyphen = None; // nothing stands before the first piece
    for piece in cell {
        let Some(line) = page.lines.get(piece.line) else { continue };
        let Some(words) = line.words.get(piece.words.clone()) else { continue };
        let begins = words.first().and_then(|word| line.text.get(word.start as usize..)).unwrap_or_default();
        match hyphen {
            Some(true) => text.push_str(hyphen_between(text, begins)),
            Some(false) if !joins_without_space(text, begins) => text.push(' '),
            _ => {}
        }
        push_words(line, words, 0, text, boxes);
        hyphen = Some(line.hyphen && piece.words.end == line.words.len());
    }
}

/// What stands between two lines of a block.
fn between(before: &Line, line: &Line, text: &str, kind: &BlockKind, left: f32) -> String {
    let row = (middle(line) - middle(before)).abs() < before.size.max(1.0) * 0.5;
    if text.is_empty() {
        return String::new();
    }
    if before.hyphen {
        return hyphen_between(text, &line.text).to_owned();
    }
    if matches!(kind, BlockKind::Code { .. }) && !row {
        return format!("\n{}", " ".repeat(indent(line, left)));
    }
    // A hyphen that PDFium did not recognise, at a break inside a word.
    if text.ends_with('\u{2010}') && line.text.starts_with(char::is_lowercase) {
        return String::new();
    }
    if joins_without_space(text, &line.text) { String::new() } else { " ".to_owned() }
}

/// What stands between the two halves of a word that is broken at a hyphen: a hyphen if it is one of its
/// own, as before a name or a number.
fn hyphen_between(before: &str, after: &str) -> &'static str {
    let is_small = before.chars().next_back().is_some_and(|c| c.is_lowercase() || c.is_numeric());
    let is_own = after.chars().next().is_some_and(|c| c.is_uppercase() || c.is_numeric());
    if is_small && is_own { "-" } else { "" }
}

/// How many characters a line of code stands in from the left edge.
fn indent(line: &Line, left: f32) -> usize {
    let [x0, _, x1, _] = bounds(line);
    let chars = line.text.chars().count().max(1) as f32;
    let width = (x1 - x0) / chars;
    if width > 0.5 { (((x0 - left) / width).round().max(0.0) as usize).min(80) } else { 0 }
}

fn push_line(line: &Line, skip: usize, text: &mut String, boxes: &mut Boxes) {
    push_words(line, &line.words, skip, text, boxes);
}

/// Appends words of a line, from the byte `skip` on.
fn push_words(line: &Line, words: &[Word], skip: usize, text: &mut String, boxes: &mut Boxes) {
    let mut end_before = None;
    for word in words {
        // The mark of an item may be written without a space before the first word.
        let (from, to) = ((word.start as usize).max(skip), word.end as usize);
        let Some(piece) = line.text.get(from..to).filter(|piece| !piece.is_empty()) else { continue };
        if is_leader(line, piece) {
            continue;
        }
        // White space of the line between two words; dots left out leave one space.
        if let Some(end) = end_before
            && from > end
            && !text.ends_with(' ')
        {
            text.push(' ');
        }
        let start = text.len();
        text.push_str(piece);
        boxes.push((Span::new(start, text.len()), word.rect));
        end_before = Some(to);
    }
}

/// Dots that lead to a page number, in a line that has many.
fn is_leader(line: &Line, word: &str) -> bool {
    let dots = word.chars().all(|c| c == '.' || c == '…' || c == '·');
    dots && (word.chars().count() > LEADER_DOTS || super::group::has_leader(&line.text))
}
