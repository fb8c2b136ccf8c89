//! What must hold of everything that a reader tells: a worker has touched a stranger's file.

use crate::message::{Drawing, PageText};
use docent_corpus::{Block, BlockKind, Place, Rect, Run, Span, TextBox};

/// Longest anchor or path of an element that is accepted, in bytes.
pub(crate) const ELEMENT_BYTES: usize = 64 << 10;
/// Largest page side that is accepted, in points (a PDF page may have 14,400).
const MAX_PAGE_POINTS: f32 = 1e6;
/// Most ruled lines of a page that are accepted.
const MAX_RULES: usize = 10_000;
/// Deepest nesting of files in files that is accepted.
pub(crate) const MAX_NESTING: usize = 8;

/// What a reader told does not hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Untrue(pub(crate) String);

/// Holds, or says what does not.
pub(crate) fn ensure(holds: bool, what: &str) -> Result<(), Untrue> {
    if holds { Ok(()) } else { Err(Untrue(what.to_owned())) }
}

/// Whether a block can be, that follows one which ends at `after`.
pub(super) fn check_block(block: &Block, text: &str, after: usize) -> Result<(), Untrue> {
    ensure(block.span.start >= after && !block.span.is_empty(), "order of blocks")?;
    ensure(block.span.of(text).is_some(), "span of a block")?;
    if let BlockKind::Heading { level } = block.kind {
        ensure((1..=6).contains(&level), "heading level")?;
    }
    check_place(&block.place, block, text, 0)
}

fn check_place(place: &Place, block: &Block, text: &str, nesting: usize) -> Result<(), Untrue> {
    let named = |name: &str| ensure(name.len() <= ELEMENT_BYTES, "length of a name");
    match place {
        Place::Lines { first, last, runs } => {
            ensure(1 <= *first && first <= last, "lines of a block")?;
            check_runs(runs, block.span, text)
        }
        Place::Element { anchor, path } => {
            named(anchor.as_deref().unwrap_or_default())?;
            named(path)
        }
        Place::Chapter { chapter, title, anchor, path } => {
            ensure(*chapter >= 1, "chapter")?;
            [title.as_deref(), anchor.as_deref(), Some(path)].into_iter().flatten().try_for_each(named)
        }
        Place::Paragraph { number, page } => ensure(*number >= 1 && *page != Some(0), "paragraph"),
        Place::Slide { slide, shape, .. } => ensure(*slide >= 1 && *shape != Some(0), "slide"),
        Place::Mail { message, part, line } => {
            ensure(*message >= 1 && *line >= 1, "part of a message")?;
            named(part)
        }
        Place::Cells { sheet, range, rows } => {
            named(sheet)?;
            let ordered = range.first_row <= range.last_row && range.first_column <= range.last_column;
            let inside = rows.iter().all(|row| (range.first_row..=range.last_row).contains(row));
            ensure(ordered && inside && rows.is_sorted(), "cells of a block")
        }
        Place::Member { path, place } => {
            ensure(nesting < MAX_NESTING, "files in files")?;
            named(path)?;
            check_place(place, block, text, nesting + 1)
        }
        // Pages of a document of its own come as lines, and are made into blocks here; a picture, or
        // a file within the file, brings them ready.
        Place::Page { width, height, boxes, .. } => {
            check_size(*width, *height)?;
            check_boxes(boxes, *width, *height, block.span, text)
        }
        _ => Err(Untrue("place of a block".to_owned())),
    }
}

fn check_size(width: f32, height: f32) -> Result<(), Untrue> {
    let side = |length: f32| length > 0.0 && length <= MAX_PAGE_POINTS;
    ensure(side(width) && side(height), "page size")
}

fn check_boxes(boxes: &[TextBox], width: f32, height: f32, block: Span, text: &str) -> Result<(), Untrue> {
    let mut after = block.start;
    for TextBox { span, rect } in boxes {
        ensure(span.start >= after && block.contains(*span), "order of boxes")?;
        ensure(span.of(text).is_some_and(|piece| !piece.is_empty()), "span of a box")?;
        let Rect { x0, y0, x1, y1 } = *rect;
        ensure(
            0.0 <= x0 && x0 <= x1 && x1 <= width && 0.0 <= y0 && y0 <= y1 && y1 <= height,
            "box of a word",
        )?;
        after = span.end;
    }
    Ok(())
}

fn check_runs(runs: &[Run], block: Span, text: &str) -> Result<(), Untrue> {
    let (mut after, mut file) = (block.start, 0);
    for run in runs {
        ensure(run.span.start >= after && block.contains(run.span), "order of runs")?;
        ensure(run.span.of(text).is_some_and(|piece| !piece.is_empty()), "span of a run")?;
        ensure(run.file_start >= file && run.file_start <= run.file_end, "bytes of a run")?;
        (after, file) = (run.span.end, run.file_end);
    }
    Ok(())
}

/// Whether pixels and page of a drawing can be.
pub(crate) fn check_drawing(drawing: &Drawing) -> Result<(), Untrue> {
    let Drawing { width, height, page: [across, down], .. } = *drawing;
    check_size(across, down)?;
    let pixels = u64::from(width) * u64::from(height);
    ensure(pixels > 0 && pixels == drawing.pixels.len() as u64, "pixels of a drawing")
}

/// Whether a page can be.
pub(super) fn check_page(page: &PageText) -> Result<(), Untrue> {
    check_size(page.width, page.height)?;
    ensure(page.rules.len() <= MAX_RULES, "number of ruled lines")?;
    ensure(page.rules.iter().all(|rule| is_on(*rule, page)), "a ruled line")?;
    for line in &page.lines {
        ensure(line.size.is_finite() && line.size >= 0.0, "font size")?;
        let mut after = 0;
        for word in &line.words {
            let (start, end) = (word.start as usize, word.end as usize);
            ensure(start >= after && start < end && line.text.get(start..end).is_some(), "span of a word")?;
            ensure(is_on(word.rect, page), "box of a word")?;
            after = end;
        }
    }
    Ok(())
}

fn is_on([x0, y0, x1, y1]: [f32; 4], page: &PageText) -> bool {
    0.0 <= x0 && x0 <= x1 && x1 <= page.width && 0.0 <= y0 && y0 <= y1 && y1 <= page.height
}
