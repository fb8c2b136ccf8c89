//! Cutting code into items: what stands at the outermost indentation, with the comments before it.
//! An item that is too long is cut in the same way one level deeper.

use super::super::lines::TextLine;
use super::syntax::{Syntax, defines, goes_on, holds};
use std::ops::Range;

/// An item that is longer is cut, in bytes.
const ITEM_BYTES: usize = 6 << 10;
/// The same for an item that holds others (a class), so that each of them begins a block.
const HOLDER_BYTES: usize = 1 << 10;
/// Items of a few lines that define nothing (imports, constants) share a block of up to this size.
const JOINED_BYTES: usize = 2 << 10;
/// How many lines those are at most.
const JOINED_LINES: usize = 3;
/// No block is larger.
const BLOCK_BYTES: usize = 16 << 10;
/// Width of a tab in an indentation.
const TAB: usize = 4;
/// Deepest level at which a long item is cut.
const LEVELS: usize = 12;

/// What is known of a line.
#[derive(Clone, Debug)]
pub(super) struct CodeLine {
    /// Counted from 1.
    pub(super) number: u32,
    pub(super) range: TextLine,
    /// Columns before its first sign; `None` for an empty line.
    indent: Option<usize>,
    /// A comment or an attribute.
    pub(super) introduces: bool,
    defines: bool,
    holds: bool,
    goes_on: bool,
}

impl CodeLine {
    pub(super) fn new(text: &str, number: u32, range: TextLine, syntax: &Syntax) -> Self {
        let line = text.get(range.start..range.end).unwrap_or_default();
        let content = line.trim();
        let blank = &line[..line.len() - line.trim_start().len()];
        let indent = blank.chars().map(|c| if c == '\t' { TAB } else { 1 }).sum();
        Self {
            number,
            range,
            indent: (!content.is_empty()).then_some(indent),
            introduces: syntax.introduces(content),
            defines: defines(content),
            holds: holds(content),
            goes_on: goes_on(content),
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.indent.is_none()
    }

    fn bytes(&self) -> usize {
        self.range.next - self.range.start
    }
}

/// The items of a piece of code, in order; together they have every line that is not empty.
pub(super) fn items(lines: &[CodeLine]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Pieces that are still to be cut, the next one last, and how often they were cut.
    let mut waiting = vec![(0..lines.len(), 0)];
    while let Some((piece, level)) = waiting.pop() {
        let piece = trimmed(lines, piece);
        if piece.is_empty() {
            continue;
        }
        let limit = if lines[begin(lines, &piece)].holds { HOLDER_BYTES } else { ITEM_BYTES };
        if level > 0 && size(&lines[piece.clone()]) <= limit {
            found.push(piece);
            continue;
        }
        let parts = if level < LEVELS { cut(lines, piece.clone(), level == 0) } else { vec![piece.clone()] };
        if parts.len() > 1 || level == 0 {
            waiting.extend(parts.into_iter().rev().map(|part| (part, level + 1)));
        } else {
            found.extend(by_size(lines, piece));
        }
    }
    joined(lines, found)
}

/// Where an item begins, behind the comments before it.
fn begin(lines: &[CodeLine], piece: &Range<usize>) -> usize {
    let found = piece.clone().find(|at| !lines[*at].is_blank() && !lines[*at].introduces);
    found.unwrap_or(piece.start)
}

fn size(lines: &[CodeLine]) -> usize {
    lines.iter().map(CodeLine::bytes).sum()
}

/// Without empty lines at both ends.
fn trimmed(lines: &[CodeLine], mut piece: Range<usize>) -> Range<usize> {
    while !piece.is_empty() && lines[piece.start].is_blank() {
        piece.start += 1;
    }
    while !piece.is_empty() && lines[piece.end - 1].is_blank() {
        piece.end -= 1;
    }
    piece
}

/// Cuts a piece before every item of its outermost level; inside an item that level is the one of its
/// body.
fn cut(lines: &[CodeLine], piece: Range<usize>, outermost: bool) -> Vec<Range<usize>> {
    let skipped = if outermost { 0 } else { begin(lines, &piece) - piece.start + 1 };
    let head = piece.start + skipped;
    let inner = lines[piece.clone()].iter().skip(skipped).filter(|line| !line.goes_on);
    let Some(level) = inner.filter_map(|line| line.indent).min() else { return vec![piece] };
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut start = piece.start;
    // Where the comments begin that stand right before the line.
    let mut introduction = None;
    let mut after_blank = false;
    for (at, line) in lines.iter().enumerate().take(piece.end).skip(head) {
        if line.is_blank() {
            introduction = None;
            after_blank = true;
            continue;
        }
        let begins = line.indent == Some(level) && !line.goes_on;
        if begins && line.introduces && introduction.is_none() {
            introduction = Some((at, after_blank));
        } else if begins && !line.introduces {
            let (from, apart) = introduction.take().unwrap_or((at, after_blank));
            if (apart || line.defines) && from > start {
                parts.push(start..from);
                start = from;
            }
        } else if !line.introduces {
            introduction = None;
        }
        after_blank = false;
    }
    parts.push(start..piece.end);
    if !outermost {
        join_head(lines, head, &mut parts);
    }
    parts
}

/// Puts the head of a class, which ends at `head`, with the first thing in it, if that is short.
fn join_head(lines: &[CodeLine], head: usize, parts: &mut Vec<Range<usize>>) {
    let [first, second, ..] = parts.as_slice() else { return };
    let (start, middle, end) = (first.start, first.end, second.end);
    let is_head = lines[head.min(middle)..middle].iter().all(CodeLine::is_blank);
    if is_head && size(&lines[start..end]) <= HOLDER_BYTES {
        parts.splice(..2, std::iter::once(start..end));
    }
}

/// Cuts by size alone, where possible at empty lines.
fn by_size(lines: &[CodeLine], piece: Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut start, mut bytes) = (piece.start, 0);
    for at in piece.clone() {
        let full = bytes + lines[at].bytes() > BLOCK_BYTES || (bytes >= ITEM_BYTES && lines[at].is_blank());
        if full && at > start {
            parts.push(start..at);
            (start, bytes) = (at, 0);
        }
        bytes += lines[at].bytes();
    }
    parts.push(start..piece.end);
    parts.into_iter().map(|part| trimmed(lines, part)).filter(|part| !part.is_empty()).collect()
}

/// Joins short neighbours that define nothing: imports, constants, settings.
fn joined(lines: &[CodeLine], items: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let short = |item: &Range<usize>| {
        let item = &lines[item.clone()];
        let few = item.iter().filter(|line| !line.is_blank()).count() <= JOINED_LINES;
        few && !item.iter().any(|line| line.defines)
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    for item in items {
        let joins = short(&item);
        match found.last_mut() {
            Some(last) if open && joins && size(&lines[last.start..item.end]) <= JOINED_BYTES => {
                last.end = item.end
            }
            _ => found.push(item),
        }
        open = joins;
    }
    found
}
