//! A JSON value as text: small parts as `key: value` lines of one paragraph, larger ones under a
//! heading that names their path.

use super::tape::{Kind, Tape, Value};
use crate::block_text::BlockText;
use crate::encoding::Decoded;
use crate::message::Stop;
use crate::read::lines::LineIndex;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Place};
use std::ops::Range;

/// A part whose source is at most this long is one paragraph.
const SMALL_BYTES: usize = 3 << 10;
/// A paragraph of single values is ended once it is this long.
const PARAGRAPH_BYTES: usize = 16 << 10;
/// Of an array of nothing but numbers only the first are kept: coordinates and vectors say nothing
/// in words.
const NUMBERS: usize = 16;
/// Deepest heading.
const DEEPEST: u8 = 6;
/// A name of a heading longer than this is cut, in characters.
const NAME_CHARS: usize = 100;

/// Writes the values of a tape.
pub(super) struct Outline<'d, 'w, 's> {
    pub(super) source: &'d Decoded,
    pub(super) lines: &'w LineIndex,
    pub(super) tape: &'w Tape,
    pub(super) writer: &'w mut BlockWriter<'s>,
}

/// A step of the walk over the larger parts.
struct Step {
    value: usize,
    path: String,
    level: u8,
}

/// The paragraph being put together.
struct Open<'d> {
    text: BlockText<'d>,
    range: Option<Range<usize>>,
}

impl<'d> Outline<'d, '_, '_> {
    /// Writes the whole value.
    pub(super) fn read(&mut self) -> Result<(), Stop> {
        let mut waiting = vec![Step { value: 0, path: String::new(), level: 0 }];
        while let Some(step) = waiting.pop() {
            self.step(step, &mut waiting)?;
        }
        Ok(())
    }

    /// Writes the whole value as one block, if it is not too long.
    pub(super) fn record(&mut self) -> Result<(), Stop> {
        let long = self.tape.get(0).is_some_and(|value| value.range().len() > PARAGRAPH_BYTES);
        if long { self.read() } else { self.paragraph(0, "") }
    }

    /// Writes one part: first what is its own, then, under headings, its larger parts. The other way
    /// round its own values would seem to stand under the heading of the part before them.
    fn step(&mut self, step: Step, waiting: &mut Vec<Step>) -> Result<(), Stop> {
        let Some(value) = self.tape.get(step.value) else { return Ok(()) };
        let container = value.is_container();
        if !container || (step.level > 0 && self.is_small(step.value)) {
            return self.paragraph(step.value, &step.path);
        }
        if step.level > 0 && value.key.is_some() {
            self.heading(value, &step)?;
        }
        let array = value.kind == Kind::Array;
        let mut open = self.opened();
        let mut larger = Vec::new();
        for (index, part) in self.tape.parts(step.value).enumerate() {
            let Some(child) = self.tape.get(part) else { break };
            let name = if array { format!("[{index}]") } else { name(child, &self.source.text) };
            if child.is_container() && (array || !self.is_small(part)) {
                // A paragraph has its lines close together.
                let done = std::mem::replace(&mut open, self.opened());
                self.close(done)?;
                let level = step.level.saturating_add(1);
                larger.push(Step { value: part, path: joined(&step.path, &name), level });
                continue;
            }
            self.value_lines(&mut open, part, &name);
            if open.text.as_str().len() > PARAGRAPH_BYTES {
                let done = std::mem::replace(&mut open, self.opened());
                self.close(done)?;
            }
        }
        self.close(open)?;
        waiting.extend(larger.into_iter().rev());
        Ok(())
    }

    fn is_small(&self, index: usize) -> bool {
        self.tape.get(index).is_some_and(|value| value.range().len() <= SMALL_BYTES) || self.is_numeric(index)
    }

    fn heading(&mut self, value: &Value, step: &Step) -> Result<(), Stop> {
        let Some(key) = value.key_range() else { return Ok(()) };
        let mut text = BlockText::new(self.source);
        let shown = name(value, &self.source.text);
        if self.source.text.get(key.clone()) == Some(shown.as_str()) {
            text.push_source(key.clone());
        } else {
            text.push_made(&shown);
        }
        let (text, runs) = text.finish();
        let line = self.lines.number(key.start);
        let place = Place::Lines { first: line, last: line, runs };
        self.writer.push(BlockKind::Heading { level: step.level.clamp(1, DEEPEST) }, &text, place)
    }

    fn paragraph(&mut self, index: usize, path: &str) -> Result<(), Stop> {
        let mut open = self.opened();
        // The index in an array says nothing; the name of a single value does.
        let name = match self.tape.get(index) {
            Some(value) if value.key.is_some() => name(value, &self.source.text),
            Some(value) if !value.is_container() => path.rsplit('.').next().unwrap_or_default().to_owned(),
            _ => String::new(),
        };
        self.value_lines(&mut open, index, if name.starts_with('[') { "" } else { &name });
        self.close(open)
    }

    fn opened(&self) -> Open<'d> {
        Open { text: BlockText::new(self.source), range: None }
    }

    fn close(&mut self, open: Open<'d>) -> Result<(), Stop> {
        let Some(range) = open.range else { return Ok(()) };
        let (text, runs) = open.text.finish();
        let place = Place::Lines {
            first: self.lines.number(range.start),
            last: self.lines.number(range.end.saturating_sub(1).max(range.start)),
            runs,
        };
        self.writer.push(BlockKind::Paragraph, &text, place)
    }

    /// Adds the lines of a value and all its parts: `path: value`.
    fn value_lines(&self, open: &mut Open<'d>, index: usize, path: &str) {
        let mut waiting = vec![(index, path.to_owned())];
        while let Some((index, path)) = waiting.pop() {
            let Some(value) = self.tape.get(index) else { continue };
            if !value.is_container() {
                self.line(open, &path, std::iter::once(index), false);
                continue;
            }
            if self.is_numeric(index) {
                let numbers = self.leaves(index);
                self.line(open, &path, numbers.take(NUMBERS), self.leaves(index).nth(NUMBERS).is_some());
            } else if value.kind == Kind::Array && self.is_flat(index) {
                self.line(open, &path, self.tape.parts(index), false);
            } else {
                let array = value.kind == Kind::Array;
                let parts: Vec<(usize, String)> = self
                    .tape
                    .parts(index)
                    .enumerate()
                    .filter_map(|(number, part)| {
                        let child = self.tape.get(part)?;
                        let name = if array { format!("[{number}]") } else { name(child, &self.source.text) };
                        Some((part, joined(&path, &name)))
                    })
                    .collect();
                waiting.extend(parts.into_iter().rev());
            }
        }
    }

    /// Adds one line with the single values `parts`.
    fn line(&self, open: &mut Open<'d>, path: &str, parts: impl Iterator<Item = usize>, more: bool) {
        let mut begun = false;
        for part in parts {
            let Some(value) = self.tape.get(part) else { continue };
            let range = value.range();
            if self.says_nothing(value) {
                continue;
            }
            let covered = open.range.get_or_insert_with(|| range.clone());
            covered.start = covered.start.min(value.key_range().map_or(range.start, |key| key.start));
            covered.end = covered.end.max(range.end);
            if begun {
                open.text.push_made(", ");
            } else {
                if !open.text.as_str().is_empty() {
                    open.text.push_made("\n");
                }
                if !path.is_empty() {
                    open.text.push_made(path);
                    open.text.push_made(": ");
                }
                begun = true;
            }
            push_value(&mut open.text, &self.source.text, value);
        }
        if begun && more {
            open.text.push_made(", …");
        }
    }

    /// Nothing, an empty text, or a file packed into a text.
    fn says_nothing(&self, value: &Value) -> bool {
        let text = self.source.text.get(value.range()).unwrap_or_default();
        match value.kind {
            Kind::Word => text == "null",
            _ => {
                text.trim().is_empty()
                    || (text.starts_with("data:")
                        && text.as_bytes()[..text.len().min(200)].windows(8).any(|part| part == b";base64,"))
            }
        }
    }

    /// Whether an array holds single values only.
    fn is_flat(&self, index: usize) -> bool {
        self.tape.parts(index).all(|part| self.tape.get(part).is_some_and(|value| !value.is_container()))
    }

    /// Whether an array holds nothing but many numbers, at any depth.
    fn is_numeric(&self, index: usize) -> bool {
        let Some(array) = self.tape.get(index).filter(|value| value.kind == Kind::Array) else {
            return false;
        };
        let mut numbers = 0;
        for at in index + 1..array.next as usize {
            match self.tape.get(at) {
                Some(value) if value.kind == Kind::Array => {}
                Some(value) if value.kind == Kind::Word && self.is_number(value) => numbers += 1,
                _ => return false,
            }
        }
        numbers > NUMBERS
    }

    fn is_number(&self, value: &Value) -> bool {
        self.source
            .text
            .as_bytes()
            .get(value.start as usize)
            .is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-')
    }

    fn leaves(&self, index: usize) -> impl Iterator<Item = usize> {
        let end = self.tape.get(index).map_or(index, |value| value.next as usize);
        (index + 1..end).filter(|at| self.tape.get(*at).is_some_and(|value| !value.is_container()))
    }
}

/// Adds a line of the file as it is.
pub(super) fn verbatim(
    source: &Decoded,
    lines: &LineIndex,
    range: Range<usize>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let line = lines.number(range.start);
    let mut text = BlockText::new(source);
    text.push_source(range);
    let (text, runs) = text.finish();
    writer.push(BlockKind::Paragraph, &text, Place::Lines { first: line, last: line, runs })
}

/// The name of a value, unescaped and in one line.
fn name(value: &Value, text: &str) -> String {
    let raw = value.key_text(text).unwrap_or_default();
    let plain = unescaped(raw);
    plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_CHARS).collect()
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() || name.starts_with('[') { format!("{path}{name}") } else { format!("{path}.{name}") }
}

/// Adds a single value: what stands verbatim in the file as runs, what is escaped as it is meant.
pub(super) fn push_value(block: &mut BlockText<'_>, text: &str, value: &Value) {
    let range = value.range();
    let Some(raw) = text.get(range.clone()).filter(|_| value.kind == Kind::String) else {
        block.push_source(range);
        return;
    };
    let mut kept = 0;
    let mut at = 0;
    while let Some(found) = raw[at..].find('\\') {
        let start = at + found;
        let end = escapes_end(raw, start);
        block.push_source(range.start + kept..range.start + start);
        block.push_made(&unescaped(&raw[start..end]));
        (kept, at) = (end, end);
    }
    block.push_source(range.start + kept..range.end);
}

/// Where the escapes that begin at `start` end: two halves of a character stay together.
fn escapes_end(raw: &str, start: usize) -> usize {
    let bytes = raw.as_bytes();
    let mut end = start;
    while bytes.get(end) == Some(&b'\\') {
        let length = if bytes.get(end + 1) == Some(&b'u') { 6 } else { 2 };
        end += length;
    }
    let mut end = end.min(raw.len());
    while !raw.is_char_boundary(end) {
        end += 1;
    }
    end
}

/// A text without escapes; one whose escapes are no JSON stays as it is.
pub(super) fn unescaped(raw: &str) -> String {
    if !raw.contains('\\') {
        return raw.to_owned();
    }
    // A line break within a text is no JSON, but people write it.
    let quoted = format!("\"{}\"", raw.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t"));
    serde_json::from_str(&quoted).unwrap_or_else(|_| raw.to_owned())
}
