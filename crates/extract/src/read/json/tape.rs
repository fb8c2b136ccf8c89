//! All values of a JSON text in a row, each with its place and with where its parts end. Built and
//! walked without recursion.

use super::scan::{Broken, Scanner, Token};
use std::ops::Range;

/// Most values read of a file.
pub(super) const VALUES: usize = 2_000_000;
/// Deepest nesting that is read.
const DEPTH: usize = 512;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    String,
    /// A number, `true`, `false` or `null`.
    Word,
}

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Value {
    pub(super) kind: Kind,
    /// Where its name stands, without quotation marks, if it is part of an object.
    pub(super) key: Option<(u32, u32)>,
    /// Where it stands: braces included, quotation marks not.
    pub(super) start: u32,
    pub(super) end: u32,
    /// Index of the value after it and all its parts.
    pub(super) next: u32,
}

/// The values of a text, in order; parts follow what they are part of.
#[derive(Debug, Default)]
pub(super) struct Tape {
    values: Vec<Value>,
    /// There were more values than are read.
    pub(super) full: bool,
}

impl Tape {
    /// Reads the one value at `range` of `text`, at most `limit` of its parts.
    pub(super) fn read(text: &str, range: Range<usize>, limit: usize) -> Result<Self, Broken> {
        if u32::try_from(text.len()).is_err() {
            return Err(Broken(0));
        }
        let mut reading = Reading { tape: Self::default(), open: Vec::new(), key: None };
        let mut scanner = Scanner::new(text, range);
        // Between two values of the same container stands a comma.
        let mut needs_comma = false;
        while let Some((start, token)) = scanner.next()? {
            if reading.open.is_empty() && !reading.tape.values.is_empty() {
                return Err(Broken(start));
            }
            let after_value = !matches!(token, Token::Colon | Token::Comma | Token::Open { .. });
            match token {
                Token::Comma if needs_comma => {}
                Token::Close { object } => reading.close(object, start)?,
                Token::Colon | Token::Comma => return Err(Broken(start)),
                _ if needs_comma => return Err(Broken(start)),
                Token::String(content) | Token::Word(content) if reading.wants_key() => {
                    match scanner.next()? {
                        Some((_, Token::Colon)) => reading.key = Some(narrow(content)),
                        _ => return Err(Broken(start)),
                    }
                    continue;
                }
                Token::Open { object } => reading.open(object, start)?,
                Token::String(content) => reading.put(Kind::String, content),
                Token::Word(content) => reading.put(Kind::Word, content),
            }
            needs_comma = after_value && !reading.open.is_empty();
            if reading.tape.values.len() >= limit {
                reading.tape.full = true;
                break;
            }
        }
        reading.finish(scanner.at())
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The value with this index.
    pub(super) fn get(&self, index: usize) -> Option<&Value> {
        self.values.get(index)
    }

    /// The direct parts of a value, by index.
    pub(super) fn parts(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.values.get(of).map_or(0, |value| value.next as usize);
        let mut at = of + 1;
        std::iter::from_fn(move || {
            let value = self.values.get(at).filter(|_| at < end)?;
            let found = at;
            at = value.next as usize;
            Some(found)
        })
    }

    /// The part of an object with this name.
    pub(super) fn member(&self, of: usize, text: &str, name: &str) -> Option<usize> {
        self.parts(of).find(|part| self.values[*part].key_text(text) == Some(name))
    }
}

impl Value {
    /// Where it stands.
    pub(super) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Where its name stands.
    pub(super) fn key_range(&self) -> Option<Range<usize>> {
        self.key.map(|(start, end)| start as usize..end as usize)
    }

    /// Its name as it stands in the text.
    pub(super) fn key_text<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.get(self.key_range()?)
    }

    pub(super) fn is_container(&self) -> bool {
        matches!(self.kind, Kind::Object | Kind::Array)
    }
}

/// Offsets fit because the text is shorter than 4 GB.
fn narrow(range: Range<usize>) -> (u32, u32) {
    let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
    (offset(range.start), offset(range.end))
}

struct Reading {
    tape: Tape,
    /// Containers that are not closed yet, by index.
    open: Vec<usize>,
    /// The name of the value that follows.
    key: Option<(u32, u32)>,
}

impl Reading {
    fn wants_key(&self) -> bool {
        let inner = self.open.last().map(|index| self.tape.values[*index].kind);
        inner == Some(Kind::Object) && self.key.is_none()
    }

    fn put(&mut self, kind: Kind, range: Range<usize>) {
        let (start, end) = narrow(range);
        let next = u32::try_from(self.tape.values.len() + 1).unwrap_or(u32::MAX);
        self.tape.values.push(Value { kind, key: self.key.take(), start, end, next });
    }

    fn open(&mut self, object: bool, start: usize) -> Result<(), Broken> {
        if self.open.len() >= DEPTH || self.wants_key() {
            return Err(Broken(start));
        }
        self.open.push(self.tape.values.len());
        self.put(if object { Kind::Object } else { Kind::Array }, start..start);
        Ok(())
    }

    fn close(&mut self, object: bool, at: usize) -> Result<(), Broken> {
        let index = self.open.pop().ok_or(Broken(at))?;
        let next = u32::try_from(self.tape.values.len()).unwrap_or(u32::MAX);
        let container = &mut self.tape.values[index];
        if (container.kind == Kind::Object) != object || self.key.is_some() {
            return Err(Broken(at));
        }
        container.next = next;
        container.end = narrow(at..at + 1).1;
        Ok(())
    }

    fn finish(mut self, end: usize) -> Result<Tape, Broken> {
        if self.tape.values.is_empty() || (!self.open.is_empty() && !self.tape.full) {
            return Err(Broken(end));
        }
        // A text that is too long ends here.
        let next = u32::try_from(self.tape.values.len()).unwrap_or(u32::MAX);
        for index in self.open.drain(..) {
            self.tape.values[index].next = next;
            self.tape.values[index].end = narrow(end..end).1;
        }
        Ok(self.tape)
    }
}
