//! Packing pieces into chunks.

use super::head::Head;
use super::piece::{Piece, middle, trimmed};
use super::section::Group;
use super::{ChunkSize, Count, Room, embedded_text, place};
use docent_corpus::{DocumentText, Span};
use docent_library::NewChunk;
use std::ops::Range;

/// Packs the pieces of a group into chunks and adds them to `chunks`.
pub(super) fn pack<E>(
    text: &DocumentText,
    group: &Group,
    size: &ChunkSize,
    count: Count<'_, E>,
    chunks: &mut Vec<NewChunk>,
) -> Result<(), E> {
    let room = size.room(group.header.tokens);
    let mut writer = Writer { text, group, size, count, chunks };
    for range in ranges(&group.pieces, room) {
        writer.write(&group.pieces[range])?;
    }
    Ok(())
}

/// Which pieces go together, greedily and in order.
fn ranges(pieces: &[Piece], room: Room) -> Vec<Range<usize>> {
    let mut found: Vec<(Range<usize>, usize)> = Vec::new();
    let mut start = 0;
    let mut sum = 0;
    for (index, piece) in pieces.iter().enumerate() {
        if index == start {
            sum = head_tokens(piece) + piece.tokens;
            continue;
        }
        let grown = sum + piece.tokens;
        if grown <= room.target || (sum < room.min && grown <= room.max) {
            sum = grown;
            continue;
        }
        found.push((start..index, sum));
        start = index;
        sum = head_tokens(piece) + piece.tokens;
    }
    if start < pieces.len() {
        match found.last_mut() {
            // A short rest goes to the chunk before it where there is room.
            Some((last, before)) if sum < room.min && *before + sum <= room.max => last.end = pieces.len(),
            _ => found.push((start..pieces.len(), sum)),
        }
    }
    found.into_iter().map(|(range, _)| range).collect()
}

/// Tokens that the header grows by when a chunk begins with this piece.
fn head_tokens(piece: &Piece) -> usize {
    piece.head.as_ref().map_or(0, |head| head.tokens)
}

struct Writer<'w, E> {
    text: &'w DocumentText,
    group: &'w Group,
    size: &'w ChunkSize,
    count: Count<'w, E>,
    chunks: &'w mut Vec<NewChunk>,
}

impl<E> Writer<'_, E> {
    /// Writes pieces as one chunk. Tokens of parts do not add up exactly with every tokenizer, so
    /// the whole is counted; in the rare case that it is too large it is divided.
    fn write(&mut self, pieces: &[Piece]) -> Result<(), E> {
        let Some(first) = pieces.first() else { return Ok(()) };
        let chunk = self.build(pieces, first.head.as_deref(), first.block)?;
        if chunk.tokens as usize <= self.size.max {
            self.chunks.push(chunk);
            return Ok(());
        }
        if pieces.len() > 1 {
            let (left, right) = pieces.split_at(pieces.len() / 2);
            self.write(left)?;
            return self.write(right);
        }
        match self.halves(first) {
            Some(halves) => halves.iter().try_for_each(|half| self.write(std::slice::from_ref(half))),
            // One character that alone exceeds the limit.
            None => {
                self.chunks.push(chunk);
                Ok(())
            }
        }
    }

    fn halves(&self, piece: &Piece) -> Option<[Piece; 2]> {
        let text = &self.text.text;
        let content = piece.span.of(text)?;
        let cut = piece.span.start + middle(content)?;
        let part = |span: Span| -> Option<Piece> {
            let span = trimmed(text, span)?;
            let inside = |sentence: &Span| {
                let cut = Span::new(sentence.start.max(span.start), sentence.end.min(span.end));
                trimmed(text, cut)
            };
            let sentences = piece.sentences.iter().filter_map(inside).collect();
            Some(Piece { span, sentences, tokens: piece.tokens / 2, ..piece.clone() })
        };
        Some([part(Span::new(piece.span.start, cut))?, part(Span::new(cut, piece.span.end))?])
    }

    fn build(&self, pieces: &[Piece], head: Option<&Head>, block: usize) -> Result<NewChunk, E> {
        let text = &self.text.text;
        let spans = joined(text, pieces);
        let sentences = pieces.iter().flat_map(|piece| piece.sentences.iter().copied()).collect();
        let body = spans.iter().filter_map(|span| span.of(text)).collect::<Vec<_>>().join("\n");
        let mut header = self.group.header.text.clone();
        if let Some(head) = head {
            if !header.is_empty() {
                header.push('\n');
            }
            header.push_str(&head.text);
        }
        let tokens = (self.count)(&embedded_text(&header, &body))? + self.size.overhead;
        let first = spans.first().copied().unwrap_or(Span::new(0, 0));
        let start = place::start(text, &self.text.blocks[block], first);
        Ok(NewChunk {
            spans,
            headings: self.group.path.clone(),
            sentences,
            page: start.page,
            page_label: start.page_label,
            line: start.line,
            spot: start.spot,
            member: start.member,
            tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
            text: body,
            header,
        })
    }
}

/// One span per block: pieces of the same block with only white space between them become one.
fn joined(text: &str, pieces: &[Piece]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut block = None;
    for piece in pieces {
        match spans.last_mut() {
            Some(last) if block == Some(piece.block) && is_blank(text, last.end, piece.span.start) => {
                last.end = piece.span.end;
            }
            _ => spans.push(piece.span),
        }
        block = Some(piece.block);
    }
    spans
}

fn is_blank(text: &str, start: usize, end: usize) -> bool {
    text.get(start..end).is_some_and(|between| between.trim().is_empty())
}
