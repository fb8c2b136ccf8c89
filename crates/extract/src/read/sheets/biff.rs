//! A look at the records of an XLS file (MS-XLS 2.1.4) before calamine gets it: whether they are
//! encrypted, and how large the sheets are, because calamine takes memory for every cell between the
//! first and the last one.

use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::stack::catch;
use std::io::Read;

/// Most cells, empty ones included, that all sheets together may span: some 32 bytes each, and one
/// sheet stands twice in memory.
const SPANNED_CELLS: u64 = 20_000_000;
/// Longest stream of records that is read, in bytes.
const STREAM_BYTES: u64 = 512 << 20;
/// All records of all sheets are at most so many times the stream; only a hostile file has sheets
/// that overlap.
const OVERLAP: usize = 4;

pub(super) mod record {
    pub(in super::super) const EOF: u16 = 0x000A;
    pub(in super::super) const FORMULA: u16 = 0x0006;
    pub(in super::super) const FILE_PASS: u16 = 0x002F;
    pub(in super::super) const BOUND_SHEET: u16 = 0x0085;
    pub(in super::super) const MUL_RK: u16 = 0x00BD;
    pub(in super::super) const LABEL_SST: u16 = 0x00FD;
    pub(in super::super) const RICH_STRING: u16 = 0x00D6;
    pub(in super::super) const DIMENSIONS: u16 = 0x0200;
    pub(in super::super) const NUMBER: u16 = 0x0203;
    pub(in super::super) const LABEL: u16 = 0x0204;
    pub(in super::super) const BOOL_ERR: u16 = 0x0205;
    pub(in super::super) const RK: u16 = 0x027E;
    pub(in super::super) const XF: u16 = 0x00E0;
    pub(in super::super) const FORMAT: u16 = 0x041E;
    pub(in super::super) const BOF: u16 = 0x0809;
}

/// The stream of records of a workbook.
///
/// # Errors
/// When the file is encrypted, or its sheets would take too much memory.
pub(super) fn checked_stream(content: &Content<'_>) -> Result<Vec<u8>, Stop> {
    let stream = catch(|| workbook(content)).map_err(Failure::Damaged)??;
    check(&stream)?;
    Ok(stream)
}

fn workbook(content: &Content<'_>) -> Result<Vec<u8>, Failure> {
    let damaged = |error: std::io::Error| Failure::Damaged(error.to_string());
    let mut file = cfb::CompoundFile::open(content.open()?).map_err(damaged)?;
    let name = if file.exists("/Workbook") { "/Workbook" } else { "/Book" };
    let stream = file.open_stream(name).map_err(damaged)?;
    if stream.len() > STREAM_BYTES {
        return Err(Failure::TooLarge(format!("{} MB of cells", STREAM_BYTES >> 20)));
    }
    let mut bytes = Vec::new();
    // What a broken container still gives is judged by the parser.
    let _ = stream.take(STREAM_BYTES).read_to_end(&mut bytes);
    Ok(bytes)
}

fn check(stream: &[u8]) -> Result<(), Failure> {
    if globals(stream).any(|(kind, _)| kind == record::FILE_PASS) {
        return Err(Failure::Encrypted);
    }
    let (mut spanned, mut scanned) = (0_u64, 0_usize);
    for position in sheet_positions(stream) {
        let Some(sheet) = stream.get(position..) else {
            return Err(Failure::Damaged("a sheet lies outside the file".to_owned()));
        };
        let (cells, length) = span(sheet)?;
        spanned = spanned.saturating_add(cells);
        scanned = scanned.saturating_add(length);
        if spanned > SPANNED_CELLS {
            return Err(Failure::TooLarge(format!("sheets that span {SPANNED_CELLS} cells")));
        }
        if scanned > stream.len().saturating_mul(OVERLAP) {
            return Err(Failure::Damaged("sheets overlap each other".to_owned()));
        }
    }
    Ok(())
}

/// The records about the whole workbook, which come first.
fn globals(stream: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    records(stream).take_while(|(kind, _)| *kind != record::EOF)
}

/// Where the sheets begin in the stream, in the order of the workbook.
pub(super) fn sheet_positions(stream: &[u8]) -> impl Iterator<Item = usize> + '_ {
    globals(stream).filter(|(kind, _)| *kind == record::BOUND_SHEET).map(|(_, data)| {
        let position = data.get(..4).map(|at| u32::from_le_bytes([at[0], at[1], at[2], at[3]]));
        position.unwrap_or(u32::MAX) as usize
    })
}

/// How many cells lie between the first and the last one of the sheet that begins here, and how many
/// bytes its records take.
fn span(sheet: &[u8]) -> Result<(u64, usize), Failure> {
    let (mut area, mut length, mut depth) = (None::<[u64; 4]>, 0, 0_usize);
    for (kind, data) in records(sheet) {
        length += data.len() + 4;
        let word =
            |at: usize| data.get(at..at + 2).map(|word| u64::from(u16::from_le_bytes([word[0], word[1]])));
        match kind {
            record::BOF => depth += 1,
            record::EOF if depth <= 1 => break,
            record::EOF => depth -= 1,
            record::DIMENSIONS => check_dimensions(data)?,
            record::FORMULA
            | record::NUMBER
            | record::LABEL
            | record::BOOL_ERR
            | record::RK
            | record::LABEL_SST
            | record::RICH_STRING
            | record::MUL_RK => {
                let (Some(row), Some(column)) = (word(0), word(2)) else { continue };
                let last = if kind == record::MUL_RK { word(data.len().saturating_sub(2)) } else { None };
                let last = last.unwrap_or(column).max(column);
                area = Some(area.map_or([row, row, column, last], |[top, bottom, left, right]| {
                    [top.min(row), bottom.max(row), left.min(column), right.max(last)]
                }));
            }
            _ => {}
        }
    }
    let cells = area.map_or(0, |[top, bottom, left, right]| (bottom - top + 1) * (right - left + 1));
    Ok((cells, length))
}

/// A sheet has at most 65,536 rows and 256 columns (MS-XLS 2.2.6.2.1); the parser sets memory aside for
/// as many cells as this record says, in its short form of Excel 5 too.
fn check_dimensions(data: &[u8]) -> Result<(), Failure> {
    let word =
        |at: usize| data.get(at..at + 2).map_or(0, |word| u64::from(u16::from_le_bytes([word[0], word[1]])));
    let long = |at: usize| word(at) | word(at + 2) << 16;
    let (first, end, columns) = match data.len() {
        10 => (word(0), word(2), word(6)),
        // The parser refuses every other length.
        _ => (long(0), long(4), word(10)),
    };
    let cells = (end.saturating_sub(first) + 1) * (columns + 1);
    if end > 65_536 || first > end.max(1) || cells > SPANNED_CELLS {
        return Err(Failure::Damaged("the size of a sheet is impossible".to_owned()));
    }
    Ok(())
}

/// Kind and content of each record.
pub(super) fn records(mut stream: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let [k0, k1, l0, l1, rest @ ..] = stream else { return None };
        let length = usize::from(u16::from_le_bytes([*l0, *l1])).min(rest.len());
        let (data, next) = rest.split_at(length);
        stream = next;
        Some((u16::from_le_bytes([*k0, *k1]), data))
    })
}

#[cfg(test)]
pub(super) mod testing {
    /// Records as they stand in a file.
    pub(in super::super) fn stream(records: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (kind, data) in records {
            bytes.extend(kind.to_le_bytes());
            bytes.extend((data.len() as u16).to_le_bytes());
            bytes.extend(*data);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::testing::stream;
    use super::*;

    fn book(cells: &[(u16, u16)]) -> Vec<u8> {
        let globals = |at: u32| {
            let at = at.to_le_bytes();
            stream(&[(record::BOF, &[0; 4]), (record::BOUND_SHEET, &at), (record::EOF, &[])])
        };
        let mut bytes = globals(globals(0).len() as u32);
        bytes.extend(stream(&[(record::BOF, &[0; 4])]));
        for (row, column) in cells {
            let data = [row.to_le_bytes(), column.to_le_bytes()].concat();
            bytes.extend(stream(&[(record::NUMBER, &data)]));
        }
        bytes.extend(stream(&[(record::EOF, &[])]));
        bytes
    }

    #[test]
    fn encryption_and_sheets_that_span_too_much_are_refused() {
        assert_eq!(check(&book(&[(0, 0), (65_535, 200)])), Ok(()));
        assert!(matches!(check(&book(&[(0, 0), (65_535, 400)])), Err(Failure::TooLarge(_))));
        let locked = stream(&[(record::BOF, &[0; 4]), (record::FILE_PASS, &[0, 0])]);
        assert_eq!(check(&locked), Err(Failure::Encrypted));
        let far = stream(&[(record::BOUND_SHEET, &[255; 4]), (record::EOF, &[])]);
        assert!(matches!(check(&far), Err(Failure::Damaged(_))));
        for impossible in [
            &[0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 255, 0, 0, 0][..],
            // Fewer rows, and columns for all the memory there is.
            &[0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 255, 0, 0],
            &[0, 0, 255, 255, 0, 0, 255, 255, 0, 0],
            &[9, 0, 2, 0, 0, 0, 1, 0, 0, 0],
        ] {
            assert!(matches!(check_dimensions(impossible), Err(Failure::Damaged(_))), "{impossible:?}");
        }
        for possible in
            [&[0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0][..], &[0, 0, 9, 0, 0, 0, 4, 0, 0, 0], &[0; 14], &[]]
        {
            assert_eq!(check_dimensions(possible), Ok(()), "{possible:?}");
        }
    }

    #[test]
    fn sheets_that_overlap_end() {
        let mut bytes = stream(&[(record::BOUND_SHEET, &[0; 4][..]); 50]);
        bytes.extend(stream(&[(record::RK, &[0; 200][..]); 50]));
        assert!(matches!(check(&bytes), Err(Failure::Damaged(_))));
        assert_eq!(check(b"\x09\x08\xff"), Ok(()));
    }
}
