//! How the values of a file are separated.

use super::fields;

/// How much of a file is looked at, in bytes.
const SAMPLE_BYTES: usize = 64 << 10;
/// How many records are looked at.
const SAMPLE_RECORDS: usize = 200;
/// A record over more lines than this is no record: a quotation mark stands alone.
const RECORD_LINES: usize = 1000;
/// And one longer than this, in bytes.
const RECORD_BYTES: usize = 1 << 20;
/// What separates values. With decimal commas a file can be cut at either sign, so the comma is last.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// How to read a table of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Whether quotation marks enclose values.
    pub(super) quoted: bool,
    /// Where the first record begins.
    pub(super) start: usize,
}

/// Finds out how `text` is to be read.
pub(super) fn detect(text: &str) -> Dialect {
    let (declared, start) = declared(text);
    let rest = &text[start..];
    let sample = sample(rest);
    let dialect = |delimiter, quoted| Dialect { delimiter, quoted, start };
    let best = || {
        let scores = DELIMITERS.map(|delimiter| score(sample, dialect(delimiter, true)));
        // The first of the best ones.
        let best = scores.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1));
        best.filter(|(_, score)| **score > 0.0).map_or(b',', |(index, _)| DELIMITERS[index])
    };
    let delimiter = declared.unwrap_or_else(best);
    let quoted = dialect(delimiter, true);
    let runaway = fields::records(text, quoted).any(|record| {
        let raw = text.get(record.range).unwrap_or_default();
        raw.len() > RECORD_BYTES || raw.bytes().filter(|byte| *byte == b'\n').count() > RECORD_LINES
    });
    dialect(delimiter, !runaway)
}

/// The delimiter that a first line `sep=;` declares, as Excel writes it, and where the rest begins.
fn declared(text: &str) -> (Option<u8>, usize) {
    let line = text.lines().next().unwrap_or_default();
    match line.strip_prefix("sep=").unwrap_or_default().as_bytes() {
        [delimiter] if delimiter.is_ascii() => (Some(*delimiter), line.len()),
        _ => (None, 0),
    }
}

/// The beginning of `text`, up to the end of a line.
fn sample(text: &str) -> &str {
    if text.len() <= SAMPLE_BYTES {
        return text;
    }
    let cut = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
    cut.rfind(['\n', '\r']).map_or(cut, |end| &cut[..end])
}

/// How many records have the same number of fields, from 0 to 1; 0 if that is one field.
fn score(sample: &str, dialect: Dialect) -> f64 {
    let dialect = Dialect { start: 0, ..dialect };
    let counts: Vec<usize> =
        fields::records(sample, dialect).take(SAMPLE_RECORDS).map(|record| record.fields.len()).collect();
    let mut usual = (0, 0);
    for count in counts.iter().copied().filter(|count| *count > 1) {
        let same = counts.iter().filter(|other| **other == count).count();
        if same > usual.0 || (same == usual.0 && count > usual.1) {
            usual = (same, count);
        }
    }
    usual.0 as f64 / counts.len().max(1) as f64
}
