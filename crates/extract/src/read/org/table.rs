//! Tables of Org mode: rows between bars, rules of hyphens.

use super::super::flow::{Flow, Piece};
use super::inline;
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use std::ops::Range;

/// Reads the lines of a table; returns its text and how many rows are headers.
pub(super) fn read<'d>(
    source: &'d Decoded,
    lines: &[Range<usize>],
    links: &mut Vec<String>,
) -> (BlockText<'d>, u32) {
    let mut block = BlockText::new(source);
    let (mut rows, mut header_rows) = (0u32, None);
    for (index, line) in lines.iter().enumerate() {
        let text = source.text[line.clone()].trim();
        if text.starts_with("|-") {
            // A rule below the first rows makes them headers, if anything follows.
            let follows =
                lines[index + 1..].iter().any(|line| !source.text[line.clone()].trim().starts_with("|-"));
            if header_rows.is_none() && rows > 0 && follows {
                header_rows = Some(rows);
            }
            continue;
        }
        let cells = cells(&source.text, line.clone());
        if cells.iter().all(|cell| is_alignment(&source.text[cell.clone()])) {
            continue;
        }
        if rows > 0 {
            block.push_made("\n");
        }
        rows += 1;
        for (column, cell) in cells.iter().enumerate() {
            if column > 0 {
                block.push_made(" | ");
            }
            let flow = Flow::new(&source.text, [cell.clone()]);
            let pieces: Vec<Piece> = inline::pieces(&flow.text, links);
            flow.write(&pieces, &mut block);
        }
    }
    (block, header_rows.unwrap_or(0))
}

/// The cells of a row without the white space around them.
fn cells(source: &str, line: Range<usize>) -> Vec<Range<usize>> {
    let text = source[line.clone()].trim_end();
    let bar = text.find('|').map_or(0, |at| at + 1);
    let inner = text[bar..].strip_suffix('|').unwrap_or(&text[bar..]);
    let mut cells = Vec::new();
    let mut at = line.start + bar;
    for cell in inner.split('|') {
        let start = at + cell.len() - cell.trim_start().len();
        cells.push(start..start + cell.trim().len());
        at += cell.len() + 1;
    }
    cells
}

/// `<l>`, `<10>` or `<r5>`, which say how a column is laid out, or an empty cell.
fn is_alignment(cell: &str) -> bool {
    if cell.is_empty() {
        return true;
    }
    let inner = cell.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    inner.is_some_and(|inner| {
        let digits = inner.strip_prefix(['l', 'c', 'r']).unwrap_or(inner);
        !inner.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}
