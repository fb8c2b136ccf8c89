//! The number formats of an XLS file, which calamine uses to find dates and then forgets: a percentage
//! is to be read as one. Records are those of MS-XLS 2.4.

use super::biff::{record, records, sheet_positions};
use super::format_code::FormatCode;
use std::collections::HashMap;

/// Most cells whose formats are kept.
const MAX_CELLS: usize = 2_000_000;
/// The version of the file format that BOF tells for Excel 97 and later.
const BIFF8: u16 = 0x0600;
/// Formats that every file has without saying so, as far as they add to the number (ECMA-376 part 1,
/// 18.8.30).
const BUILT_IN: [(u16, &str); 2] = [(9, "0%"), (10, "0.00%")];

/// The formats of all cells that have one which adds to the number.
#[derive(Debug, Default)]
pub(super) struct Formats {
    codes: Vec<FormatCode>,
    /// By sheet, row and column: the position of the code.
    cells: Vec<HashMap<(u32, u32), usize>>,
}

impl Formats {
    /// Reads the formats out of the stream of a workbook. What is broken has none.
    pub(super) fn read(stream: &[u8]) -> Self {
        let (codes, kept) = styles(stream);
        let mut formats = Self { codes, cells: Vec::new() };
        let mut left = MAX_CELLS;
        for position in sheet_positions(stream) {
            let sheet = stream.get(position..).unwrap_or_default();
            formats.cells.push(if formats.codes.is_empty() {
                HashMap::new()
            } else {
                cells(sheet, &kept, &mut left)
            });
        }
        formats
    }

    /// The format of a cell, by the number of its sheet in the workbook.
    pub(super) fn of(&self, sheet: usize, at: (u32, u32)) -> Option<&FormatCode> {
        self.codes.get(*self.cells.get(sheet)?.get(&at)?)
    }
}

/// The formats that add something, and for every style of cells (XF) the position of its format, `None`
/// for styles whose format adds nothing.
fn styles(stream: &[u8]) -> (Vec<FormatCode>, Vec<Option<usize>>) {
    let (mut codes, mut styles, mut is_biff8) = (HashMap::new(), Vec::new(), true);
    for (number, code) in BUILT_IN {
        codes.insert(number, code.to_owned());
    }
    for (kind, data) in records(stream) {
        match kind {
            record::BOF => is_biff8 = word(data, 0) == Some(BIFF8),
            record::FORMAT => {
                if let Some((number, code)) =
                    word(data, 0).zip(text(data.get(2..).unwrap_or_default(), is_biff8))
                {
                    codes.insert(number, code);
                }
            }
            record::XF => styles.push(word(data, 2)),
            record::EOF => break,
            _ => {}
        }
    }
    // A format is read once however many styles have it: a file can name a long one in each of a million.
    let (mut kept, mut places) = (Vec::new(), HashMap::new());
    let mut place = |number: u16| {
        *places.entry(number).or_insert_with(|| {
            let code = codes.get(&number).map(|code| FormatCode::parse(code))?;
            code.adds_something().then(|| {
                kept.push(code);
                kept.len() - 1
            })
        })
    };
    let styles = styles.into_iter().map(|number| number.and_then(&mut place)).collect();
    (kept, styles)
}

/// The cells of the sheet that begins here whose style has a format.
fn cells(sheet: &[u8], kept: &[Option<usize>], left: &mut usize) -> HashMap<(u32, u32), usize> {
    let mut found = HashMap::new();
    let mut depth = 0_usize;
    for (kind, data) in records(sheet) {
        match kind {
            record::BOF => depth += 1,
            record::EOF if depth <= 1 => break,
            record::EOF => depth -= 1,
            // Charts within the sheet have cells of their own.
            _ if depth > 1 => {}
            record::NUMBER | record::RK | record::FORMULA => {
                let (row, column, style) = (word(data, 0), word(data, 2), word(data, 4));
                put(&mut found, (row, column), style, kept, left);
            }
            record::MUL_RK => {
                let (row, first) = (word(data, 0), word(data, 2));
                let inner = data.get(4..data.len().saturating_sub(2)).unwrap_or_default();
                for (column, value) in (first.unwrap_or(0)..=u16::MAX).zip(inner.chunks_exact(6)) {
                    put(&mut found, (row, Some(column)), word(value, 0), kept, left);
                }
            }
            _ => {}
        }
    }
    found
}

fn put(
    found: &mut HashMap<(u32, u32), usize>,
    at: (Option<u16>, Option<u16>),
    style: Option<u16>,
    kept: &[Option<usize>],
    left: &mut usize,
) {
    let code = style.and_then(|style| *kept.get(usize::from(style))?);
    let (Some(row), Some(column), Some(code)) = (at.0, at.1, code) else { return };
    if *left > 0 {
        *left -= 1;
        found.insert((u32::from(row), u32::from(column)), code);
    }
}

/// A text with its length in front: from Excel 97 on in UTF-16 or the lower half of it, before that in
/// bytes, of which only ASCII is certain.
fn text(data: &[u8], is_biff8: bool) -> Option<String> {
    if !is_biff8 {
        let length = usize::from(*data.first()?);
        return Some(data.get(1..1 + length)?.iter().map(|byte| char::from(*byte)).collect());
    }
    let length = usize::from(word(data, 0)?);
    let (flags, chars) = (*data.get(2)?, data.get(3..)?);
    if flags & 1 == 0 {
        return Some(chars.get(..length)?.iter().map(|byte| char::from(*byte)).collect());
    }
    let units: Vec<u16> = chars.get(..length * 2)?.chunks_exact(2).filter_map(|pair| word(pair, 0)).collect();
    Some(String::from_utf16_lossy(&units))
}

fn word(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..at + 2).map(|word| u16::from_le_bytes([word[0], word[1]]))
}

#[cfg(test)]
mod tests {
    use super::super::biff::testing::stream;
    use super::*;

    /// A workbook with one sheet of these records.
    fn book(formats: &[(u16, &[u8])], sheet: &[(u16, &[u8])]) -> Vec<u8> {
        let globals = |at: u32| {
            let at = at.to_le_bytes();
            let mut all: Vec<(u16, &[u8])> = vec![(record::BOF, &[0, 6, 5, 0])];
            all.extend(formats);
            all.extend([(record::BOUND_SHEET, &at[..]), (record::EOF, &[][..])]);
            stream(&all)
        };
        let mut bytes = globals(globals(0).len() as u32);
        bytes.extend(stream(&[(record::BOF, &[0, 6, 16, 0])]));
        bytes.extend(stream(sheet));
        bytes.extend(stream(&[(record::EOF, &[])]));
        bytes
    }

    #[test]
    fn cells_have_the_formats_of_their_styles() {
        let euro: Vec<u8> =
            [164, 0, 6, 0, 1].into_iter().chain("0.00 €".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let bytes = book(
            &[
                (record::FORMAT, &euro),
                (record::XF, &[0, 0, 0, 0]),
                (record::XF, &[0, 0, 9, 0]),
                (record::XF, &[0, 0, 164, 0]),
            ],
            &[
                (record::NUMBER, &[0, 0, 0, 0, 1, 0, 0, 0]),
                (record::RK, &[1, 0, 2, 0, 2, 0, 0, 0, 0, 0]),
                (record::FORMULA, &[1, 0, 3, 0, 0, 0, 0, 0, 0, 0]),
                (record::MUL_RK, &[4, 0, 5, 0, 0, 0, 1, 1, 1, 1, 1, 0, 2, 2, 2, 2, 6, 0]),
                // A chart within the sheet.
                (record::BOF, &[0, 6, 32, 0]),
                (record::NUMBER, &[9, 0, 9, 0, 1, 0, 0, 0]),
                (record::EOF, &[]),
            ],
        );
        let formats = Formats::read(&bytes);
        let shown = |at| formats.of(0, at).map(|code| code.apply(0.5));
        assert_eq!(shown((0, 0)).as_deref(), Some("50%"));
        assert_eq!(shown((1, 2)).as_deref(), Some("0.5 €"));
        assert_eq!((shown((1, 3)), shown((4, 5))), (None, None));
        assert_eq!(shown((4, 6)).as_deref(), Some("50%"));
        assert_eq!((shown((9, 9)), formats.of(1, (0, 0)).is_none()), (None, true));
    }

    #[test]
    fn a_format_is_kept_once_however_many_styles_have_it() {
        let percent: &[u8] = &[164, 0, 2, 0, 0, b'0', b'%'];
        let style: &[u8] = &[0, 0, 164, 0];
        let mut records = vec![(record::FORMAT, percent)];
        records.extend(std::iter::repeat_n((record::XF, style), 1000));
        let (codes, kept) = styles(&stream(&records));
        assert_eq!((codes.len(), kept.len()), (1, 1000));
        assert!(kept.iter().all(|place| *place == Some(0)));
    }

    #[test]
    fn old_files_have_texts_of_bytes_and_broken_records_no_format() {
        assert_eq!(text(&[4, b'0', b'.', b'0', b'%'], false).as_deref(), Some("0.0%"));
        assert_eq!(text(&[9, b'0'], false), None);
        assert_eq!(text(&[9, 0, 1, 0], true), None);
        let broken = book(&[(record::FORMAT, &[1]), (record::XF, &[0])], &[(record::RK, &[0, 0])]);
        assert!(Formats::read(&broken).of(0, (0, 0)).is_none());
        assert!(Formats::read(b"\x85\x00\xff").cells.is_empty());
    }
}
