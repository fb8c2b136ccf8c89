//! Pieces: whole blocks where they fit into a chunk, parts of blocks where they do not.

use super::head::{Head, HeadRows, code_head, continues, table_head};
use super::section::Section;
use super::{COUNTED_AT_ONCE, Count};
use docent_corpus::{Block, BlockKind, DocumentText, Span};
use std::ops::Range;
use std::sync::Arc;

/// Parts of a sentence that is too long are about this many bytes before they are counted.
const PART_BYTES: usize = 1_000;
/// No word is longer than this, in bytes.
const SOLID_BYTES: usize = 200;

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
    /// The head of the table or the code that it goes on with.
    pub(super) head: Option<Arc<Head>>,
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
        Cutting { text, whole: max, count }.block(*index, None, &mut found)?;
    }
    // A heading is not to stand alone because the block after it only fits without it.
    let headings: usize = found.iter().map(|piece| piece.tokens).sum();
    let mut first = max.saturating_sub(headings).max(max / 2);
    let mut before: Option<(usize, Option<Arc<Head>>)> = None;
    for index in &section.body {
        // A long table comes in several blocks, of which only the first has the header rows.
        let carried =
            before.take().filter(|(last, _)| continues(text, *last, *index)).and_then(|(_, head)| head);
        let head = Cutting { text, whole: first, count }.block(*index, carried, &mut found)?;
        before = Some((*index, head));
        first = max;
    }
    Ok(found)
}

/// Cuts blocks that have more than `whole` tokens.
struct Cutting<'c, E> {
    text: &'c DocumentText,
    whole: usize,
    count: Count<'c, E>,
}

impl<E> Cutting<'_, E> {
    /// Adds the pieces of one block; `carried` is the head of the table that it goes on with. Returns
    /// the head that a block after it would go on with.
    fn block(
        &self,
        index: usize,
        carried: Option<Arc<Head>>,
        found: &mut Vec<Piece>,
    ) -> Result<Option<Arc<Head>>, E> {
        let block = &self.text.blocks[index];
        let Some(span) = trimmed(&self.text.text, block.span) else { return Ok(carried) };
        let content = &self.text.text[span.start..span.end];
        let own = match &block.kind {
            BlockKind::Table { header_rows } => {
                table_head(content, &lines(content), *header_rows as usize, self.whole, self.count)?
            }
            _ => None,
        };
        let later = own.as_ref().map(|own| Arc::clone(&own.head)).or_else(|| carried.clone());
        let repeated = carried.as_ref().map_or(0, |head| head.tokens);
        if content.len() <= COUNTED_AT_ONCE {
            let tokens = (self.count)(content)?;
            if tokens + repeated <= self.whole {
                let sentences = units(&self.text.text, block, span);
                found.push(Piece { span, block: index, tokens, sentences, head: carried });
                return Ok(later);
            }
        }
        let head = match (own, carried) {
            (Some(own), _) => Some(own),
            (None, Some(head)) => Some(HeadRows { head, rows: 0 }),
            (None, None) if matches!(block.kind, BlockKind::Code { .. }) => {
                code_head(content, &lines(content), self.whole, self.count)?
            }
            (None, None) => None,
        };
        self.parts(index, span, head, found)?;
        Ok(later)
    }

    /// Adds the parts of a block that is too large.
    fn parts(
        &self,
        index: usize,
        span: Span,
        head: Option<HeadRows>,
        found: &mut Vec<Piece>,
    ) -> Result<(), E> {
        let block = &self.text.blocks[index];
        let max =
            self.whole.saturating_sub(head.as_ref().map_or(0, |head| head.head.tokens)).max(self.whole / 2);
        // The head itself, and what stands before it, need no repetition.
        let repeated =
            |unit: usize| head.as_ref().filter(|head| unit >= head.rows).map(|head| Arc::clone(&head.head));
        let mut next = 0;
        for group in self.groups(block, span) {
            if let Some((whole, tokens)) = self.together(&group, max)? {
                let head = repeated(next);
                next += group.len();
                let mut sentences = group;
                if let Some(first) = sentences.first_mut() {
                    first.start = whole.start; // a piece begins with what is seen
                }
                found.push(Piece { span: whole, block: index, tokens, sentences, head });
                continue;
            }
            for unit in group {
                let head = repeated(next);
                next += 1;
                for (span, tokens) in self.unit(&block.kind, unit, max)? {
                    let head = head.clone();
                    found.push(Piece { span, block: index, tokens, sentences: vec![span], head });
                }
            }
        }
        Ok(())
    }

    /// Where several units stand, and their tokens, if they fit into one piece.
    fn together(&self, group: &[Span], max: usize) -> Result<Option<(Span, usize)>, E> {
        let [first, .., last] = group else { return Ok(None) };
        let text = &self.text.text;
        let Some(whole) = trimmed(text, Span::new(first.start, last.end)) else { return Ok(None) };
        if whole.len() > COUNTED_AT_ONCE {
            return Ok(None);
        }
        let tokens = (self.count)(&text[whole.start..whole.end])?;
        Ok((tokens <= max).then_some((whole, tokens)))
    }

    /// Units that are to stay together where they fit: lines of code without an empty one between
    /// them.
    fn groups(&self, block: &Block, span: Span) -> Vec<Vec<Span>> {
        let text = &self.text.text;
        let together = matches!(block.kind, BlockKind::Code { .. });
        let mut groups: Vec<Vec<Span>> = Vec::new();
        for unit in units(text, block, span) {
            match groups.last_mut() {
                Some(group)
                    if together
                        && group.last().is_some_and(|last| breaks(text, last.end, unit.start) < 2) =>
                {
                    group.push(unit);
                }
                _ => groups.push(vec![unit]),
            }
        }
        groups
    }

    /// A unit in parts of at most `max` tokens. A row of a table that is too long is cut at sentences,
    /// everything else at words.
    fn unit(&self, kind: &BlockKind, unit: Span, max: usize) -> Result<Vec<(Span, usize)>, E> {
        let text = &self.text.text;
        let parts = fitting(text, unit, max, self.count)?;
        if parts.len() < 2 || !matches!(kind, BlockKind::Table { .. }) {
            return Ok(parts);
        }
        let mut found = Vec::new();
        for sentence in docent_text::sentences(&text[unit.start..unit.end]) {
            let sentence = Span::new(unit.start + sentence.start, unit.start + sentence.end);
            found.extend(fitting(text, sentence, max, self.count)?);
        }
        Ok(found)
    }
}

/// How many lines end between two places.
fn breaks(text: &str, start: usize, end: usize) -> usize {
    text.get(start..end).map_or(0, |between| between.matches('\n').count())
}

/// What a block is cut into first, and what is cited: sentences, rows of a table, lines of code. A
/// heading is one.
fn units(text: &str, block: &Block, span: Span) -> Vec<Span> {
    let content = &text[span.start..span.end];
    let ranges: Vec<Range<usize>> = match block.kind {
        BlockKind::Heading { .. } => std::iter::once(0..content.len()).collect(),
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

/// Where words begin. A long run without any sign that parts words is not looked at word by word: it is
/// a packed file, a key or a sequence, and there may be megabytes of it.
fn word_borders(content: &str) -> Vec<usize> {
    let solid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-');
    if content.len() > SOLID_BYTES && content.bytes().all(solid) {
        return Vec::new();
    }
    docent_text::words(content).into_iter().map(|word| word.start).filter(|start| *start > 0).collect()
}

/// `span` without outer white space; `None` if nothing is left or it is no span of `text`.
pub(super) fn trimmed(text: &str, span: Span) -> Option<Span> {
    let content = span.of(text)?;
    let start = span.start + (content.len() - content.trim_start().len());
    let kept = content.trim();
    (!kept.is_empty()).then(|| Span::new(start, start + kept.len()))
}
