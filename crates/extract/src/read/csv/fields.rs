//! Records and fields with the bytes they stand in.

use super::delimiter::Dialect;
use std::borrow::Cow;
use std::ops::Range;

/// A field of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field<'t> {
    /// Without quotation marks.
    pub(super) text: Cow<'t, str>,
    /// Where it stands, if it stands there just like this.
    pub(super) range: Option<Range<usize>>,
}

/// A record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'t> {
    pub(super) fields: Vec<Field<'t>>,
    /// From its first byte to the end of its last field.
    pub(super) range: Range<usize>,
}

/// The records of `text`, in order. Empty lines are none.
pub(super) fn records(text: &str, dialect: Dialect) -> impl Iterator<Item = Record<'_>> {
    let body = text.get(dialect.start..).unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(dialect.delimiter)
        .quoting(dialect.quoted)
        .from_reader(body.as_bytes());
    let mut record = csv::StringRecord::new();
    std::iter::from_fn(move || {
        // Bytes in memory that are valid text cannot fail to be read.
        if !reader.read_record(&mut record).unwrap_or(false) {
            return None;
        }
        let start = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
        Some(located(text, dialect, dialect.start + start, &record))
    })
}

/// Finds the fields of a record that begins at `start` or behind the line ends there.
fn located<'t>(text: &'t str, dialect: Dialect, start: usize, record: &csv::StringRecord) -> Record<'t> {
    let bytes = text.as_bytes();
    let is_break = |at: usize| matches!(bytes.get(at), Some(b'\n' | b'\r'));
    let mut at = start;
    while is_break(at) {
        at += 1;
    }
    let first = at;
    let mut fields = Vec::with_capacity(record.len());
    for (index, field) in record.iter().enumerate() {
        if index > 0 {
            at += 1; // the delimiter
        }
        let (range, end) = field_range(bytes, dialect, at);
        let verbatim = text.get(range.clone()).filter(|text| *text == field);
        fields.push(match verbatim {
            Some(text) => Field { text: Cow::Borrowed(text), range: Some(range) },
            None => Field { text: Cow::Owned(field.to_owned()), range: None },
        });
        at = end;
    }
    Record { fields, range: first..at.max(first) }
}

/// The content of the field that begins at `at`, and where the field ends.
fn field_range(bytes: &[u8], dialect: Dialect, at: usize) -> (Range<usize>, usize) {
    let mut end = at;
    let mut content = None;
    if dialect.quoted && bytes.get(at) == Some(&b'"') {
        end = at + 1;
        loop {
            match (bytes.get(end), bytes.get(end + 1)) {
                (Some(b'"'), Some(b'"')) => end += 2,
                (Some(b'"'), _) => {
                    content = Some(at + 1..end);
                    end += 1;
                    break;
                }
                (Some(_), _) => end += 1,
                (None, _) => {
                    content = Some(at + 1..bytes.len());
                    break;
                }
            }
        }
    }
    while bytes.get(end).is_some_and(|byte| *byte != dialect.delimiter && !matches!(byte, b'\n' | b'\r')) {
        end += 1;
    }
    let end = end.min(bytes.len());
    (content.unwrap_or(at..end), end)
}
