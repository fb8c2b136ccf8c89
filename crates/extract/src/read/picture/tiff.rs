//! The pages of a TIFF file. The decoder in use reads a file's first page only; which page is the
//! first is told by four bytes of the header, so each page is read through a [`Rebased`] file in
//! which these bytes point to it (layout: TIFF 6.0, section 2).

use crate::content::{Content, ReadSeek};
use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom};

/// Most pages read of one file.
pub(super) const MAX_PAGES: usize = 2_000;
/// Where the header keeps the place of the first page.
const FIRST_PAGE_AT: u64 = 4;
/// Bytes of one entry of a page's directory.
const ENTRY_BYTES: u64 = 12;

/// Where the directories of the pages begin; empty when the file is no TIFF. A chain that leads
/// back or out of the file ends there.
pub(super) fn pages(content: &Content<'_>) -> io::Result<Vec<u32>> {
    let mut file = content.open()?;
    let mut mark = [0_u8; 4];
    if file.read_exact(&mut mark).is_err() {
        return Ok(Vec::new());
    }
    let big_endian = match &mark {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return Ok(Vec::new()),
    };
    let mut starts = Vec::new();
    let mut seen = HashSet::new();
    let mut next = number(&mut file, FIRST_PAGE_AT, big_endian);
    while let Some(start) = next.filter(|start| *start != 0) {
        let Some(entries) = entries(&mut file, start, big_endian) else { break };
        if !seen.insert(start) || starts.len() >= MAX_PAGES {
            break;
        }
        starts.push(start);
        next = number(&mut file, u64::from(start) + 2 + entries * ENTRY_BYTES, big_endian);
    }
    Ok(starts)
}

fn number(file: &mut impl ReadSeek, at: u64, big_endian: bool) -> Option<u32> {
    let mut bytes = [0_u8; 4];
    file.seek(SeekFrom::Start(at)).ok()?;
    file.read_exact(&mut bytes).ok()?;
    Some(if big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
}

/// How many entries the directory at `at` has.
fn entries(file: &mut impl ReadSeek, at: u32, big_endian: bool) -> Option<u64> {
    let mut bytes = [0_u8; 2];
    file.seek(SeekFrom::Start(u64::from(at))).ok()?;
    file.read_exact(&mut bytes).ok()?;
    let count = if big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) };
    (count > 0).then_some(u64::from(count))
}

/// A TIFF file whose first page is another one.
pub(super) struct Rebased<R> {
    file: R,
    position: u64,
    /// The bytes that the header has instead of its own.
    pointer: [u8; 4],
}

impl<R: Read + Seek> Rebased<R> {
    /// `file` with the page that begins at `start` as its first.
    pub(super) fn new(mut file: R, start: u32) -> io::Result<Self> {
        let mut mark = [0_u8; 1];
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut mark)?;
        file.seek(SeekFrom::Start(0))?;
        let pointer = if mark == *b"M" { start.to_be_bytes() } else { start.to_le_bytes() };
        Ok(Self { file, position: 0, pointer })
    }
}

impl<R: Read + Seek> Read for Rebased<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        for (byte, at) in buffer[..length].iter_mut().zip(self.position..FIRST_PAGE_AT + 4) {
            if at >= FIRST_PAGE_AT {
                *byte = self.pointer[(at - FIRST_PAGE_AT) as usize];
            }
        }
        self.position += length as u64;
        Ok(length)
    }
}

impl<R: Read + Seek> Seek for Rebased<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.file.seek(to)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// Two directories of one entry each, at 8 and at 26; the second one's successor is `last`.
    fn file(last: u32) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0".to_vec();
        for next in [26, last] {
            bytes.extend([1, 0]);
            bytes.extend([0; 12]);
            bytes.extend(u32::to_le_bytes(next));
        }
        bytes
    }

    fn starts(bytes: &[u8]) -> Vec<u32> {
        pages(&Content::Member { name: "a.tif", bytes }).unwrap()
    }

    #[test]
    fn pages_are_followed_and_circles_end() {
        assert_eq!(starts(&file(0)), [8, 26]);
        assert_eq!(starts(&file(8)), [8, 26]);
        assert_eq!(starts(&file(9_999_999)), [8, 26]);
        assert_eq!(starts(b"MM\0*\0\0\0\x08\0\x01"), [8]);
        assert!(starts(b"\x89PNG").is_empty() && starts(b"II").is_empty());
    }

    #[test]
    fn the_header_points_to_the_page_asked_for_however_it_is_read() {
        let bytes = file(0);
        let mut whole = Vec::new();
        Rebased::new(Cursor::new(&bytes), 26).unwrap().read_to_end(&mut whole).unwrap();
        assert_eq!((&whole[..4], &whole[4..8], &whole[8..]), (&bytes[..4], &[26, 0, 0, 0][..], &bytes[8..]));
        let mut piecemeal = Rebased::new(Cursor::new(&bytes), 0x0102_0304).unwrap();
        piecemeal.seek(SeekFrom::Start(5)).unwrap();
        let mut two = [0; 2];
        piecemeal.read_exact(&mut two).unwrap();
        assert_eq!(two, [3, 2]);
    }
}
