//! Pieces: whole blocks where they fit into a chunk, parts of blocks where they do not.

use super::Count;
use super::section::Section;
use docent_corpus::{Block, BlockKind, DocumentText, Span};
use std::ops::Range;
use std::sync::Arc;

/// Longest text that is counted at once. Whatever is longer does not fit into a chunk anyway, and a
/// tokenizer needs a hundred times a text's size in memory.
const COUNTED_AT_ONCE: usize = 32 << 10;
/// Parts of a sentence that is too long are about this many bytes before they are counted.
const PART_BYTES: usize = 1_000;

/// A stretch of one block that is not divided further by packing.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Where it stands in the canonical text, without outer white space.
    pub(super) span: Span,
    /// Its block, by index.
    pub(super) block: usize,
    /// Its size.
    pub(super) tokens: usize,
    /// Its sentences (rows of a table, lines of code).
    pub(super) sentences: Vec<Span>,
    /// The header rows of the table that it goes on with.
    pub(super) table: Option<Arc<TableHead>>,
}

/// Header rows of a table, repeated in the header of the chunks that go on with the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TableHead {
    pub(super) text: String,
    pub(super) tokens: usize,
}

/// The pieces of a section, headings first, none larger than `max` tokens.
pub(super) fn pieces<E>(
    text: &DocumentText,
    section: &Section,
    max: usize,
    count: Count<'_, E>,
) -> Result<Vec<Piece>, E> {
    let mut found = Vec::new();
    for index in &section.headings {
        block_pieces(text, *index, max, count, &mut found)?;
    }
    // A heading is not to stand alone because the block after it only fits without it.
    let headings: usize = found.iter().map(|piece| piece.tokens).sum();
    let mut first = max.saturating_sub(headings).max(max / 2);
    for index in &section.body {
        block_pieces(text, *index, first, count, &mut found)?;
        first = max;
    }
    Ok(found)
}

/// Adds the pieces of one block. A block of at most `whole` tokens stays whole.
fn block_pieces<E>(
    text: &DocumentText,
    index: usize,
    whole: usize,
    count: Count<'_, E>,
    found: &mut Vec<Piece>,
) -> Result<(), E> {
    let block = &text.blocks[index];
    let Some(span) = trimmed(&text.text, block.span) else { return Ok(()) };
    let content = &text.text[span.start..span.end];
    let sentences = units(&text.text, block, span);
    if content.len() <= COUNTED_AT_ONCE {
        let tokens = count(content)?;
        if tokens <= whole {
            found.push(Piece { span, block: index, tokens, sentences, table: None });
            return Ok(());
        }
    }
    let head = table_head(content, &block.kind, whole, count)?;
    let mut lead = head.as_ref().map(|head| head.rows).unwrap_or_default();
    let max = whole.saturating_sub(head.as_ref().map_or(0, |head| head.head.tokens)).max(whole / 2);
    for unit in sentences {
        // The header rows themselves, and what shares their chunk, need no repetition.
        let table = if lead == 0 { head.as_ref().map(|head| Arc::clone(&head.head)) } else { None };
        lead = lead.saturating_sub(1);
        for part in fitting(&text.text, unit, max, count)? {
            let (span, tokens) = part;
            found.push(Piece { span, block: index, tokens, sentences: vec![span], table: table.clone() });
        }
    }
    Ok(())
}

/// What a block is cut into first, and what is cited: sentences, rows of a table, lines of code. A
/// heading is one.
fn units(text: &str, block: &Block, span: Span) -> Vec<Span> {
    let content = &text[span.start..span.end];
    let ranges: Vec<Range<usize>> = match block.kind {
        BlockKind::Heading { .. } => vec![0..content.len()],
        BlockKind::Table { .. } | BlockKind::Code { .. } => lines(content),
        _ => docent_text::sentences(content),
    };
    ranges.into_iter().map(|range| Span::new(span.start + range.start, span.start + range.end)).collect()
}

fn lines(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        // Indentation belongs to a line of code.
        let end = line.trim_end().len();
        if end > 0 {
            found.push(start..start + end);
        }
        start += line.len();
    }
    found
}

struct Head {
    head: Arc<TableHead>,
    rows: usize,
}

/// The header rows of a table, if they leave at least three quarters of a chunk to its rows.
fn table_head<E>(
    content: &str,
    kind: &BlockKind,
    max: usize,
    count: Count<'_, E>,
) -> Result<Option<Head>, E> {
    let BlockKind::Table { header_rows } = kind else { return Ok(None) };
    let rows = *header_rows as usize;
    let ranges = lines(content);
    if rows == 0 || rows >= ranges.len() {
        return Ok(None);
    }
    let text = content[..ranges[rows - 1].end].to_owned();
    if text.len() > COUNTED_AT_ONCE {
        return Ok(None);
    }
    let tokens = count(&text)?;
    Ok((tokens <= max / 4).then(|| Head { head: Arc::new(TableHead { text, tokens }), rows }))
}

/// Cuts `unit` into parts of at most `max` tokens, at words where possible.
fn fitting<E>(text: &str, unit: Span, max: usize, count: Count<'_, E>) -> Result<Vec<(Span, usize)>, E> {
    let mut found = Vec::new();
    if unit.len() <= PART_BYTES {
        halve(text, unit, max, count, &mut found)?;
        return Ok(found);
    }
    let content = &text[unit.start..unit.end];
    if content.len() <= COUNTED_AT_ONCE {
        let tokens = count(content)?;
        if tokens <= max {
            return Ok(vec![(unit, tokens)]);
        }
    }
    let borders = word_borders(content);
    let mut start = 0;
    while start < content.len() {
        let limit = start + PART_BYTES;
        let end = if limit >= content.len() {
            content.len()
        } else {
            let before = borders.partition_point(|border| *border <= limit);
            match before.checked_sub(1).map(|index| borders[index]) {
                Some(border) if border > start => border,
                _ => content.floor_char_boundary(limit),
            }
        };
        if let Some(part) = trimmed(text, Span::new(unit.start + start, unit.start + end)) {
            halve(text, part, max, count, &mut found)?;
        }
        start = end;
    }
    Ok(found)
}

/// Halves `span` at the word nearest to its middle until the parts fit. A single character is
/// accepted whatever its size.
fn halve<E>(
    text: &str,
    span: Span,
    max: usize,
    count: Count<'_, E>,
    found: &mut Vec<(Span, usize)>,
) -> Result<(), E> {
    let Some(span) = trimmed(text, span) else { return Ok(()) };
    let content = &text[span.start..span.end];
    let tokens = count(content)?;
    let Some(cut) = (if tokens <= max { None } else { middle(content) }) else {
        found.push((span, tokens));
        return Ok(());
    };
    halve(text, Span::new(span.start, span.start + cut), max, count, found)?;
    halve(text, Span::new(span.start + cut, span.end), max, count, found)
}

/// A place to cut `content` in two: the border of a word in its middle half, else of a character.
pub(super) fn middle(content: &str) -> Option<usize> {
    let half = content.len() / 2;
    let near = word_borders(content).into_iter().min_by_key(|border| border.abs_diff(half));
    if let Some(border) = near.filter(|border| (content.len() / 4..=content.len() * 3 / 4).contains(border)) {
        return (border > 0).then_some(border);
    }
    let before = content.floor_char_boundary(half);
    let cut = if before > 0 { before } else { content.ceil_char_boundary(half.max(1)) };
    (cut > 0 && cut < content.len()).then_some(cut)
}

/// Where words begin.
fn word_borders(content: &str) -> Vec<usize> {
    docent_text::words(content).into_iter().map(|word| word.start).filter(|start| *start > 0).collect()
}

/// `span` without outer white space; `None` if nothing is left or it is no span of `text`.
pub(super) fn trimmed(text: &str, span: Span) -> Option<Span> {
    let content = span.of(text)?;
    let start = span.start + (content.len() - content.trim_start().len());
    let kept = content.trim();
    (!kept.is_empty()).then(|| Span::new(start, start + kept.len()))
}
