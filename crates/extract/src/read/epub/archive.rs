//! What a book may cost to unpack, and what is checked before its package is read.

use super::protection::{Encryption, encryption};
use crate::content::Content;
use crate::message::{Failure, Stop};
use std::error::Error;
use std::io::{self, Read, Write};
use zip::ZipArchive;

/// Most entries of the archive.
const MAX_ENTRIES: usize = 10_000;
/// Largest entry that is read, in bytes. (A tree of elements takes many times the size of its text.)
const MAX_ENTRY_BYTES: u64 = 64 << 20;
/// Most bytes that are unpacked of a whole book.
const MAX_TOTAL_BYTES: u64 = 500 << 20;
/// Most bytes that come out of one byte of an entry, looked at from [`RATIO_FROM_BYTES`] on.
const MAX_RATIO: u64 = 200;
/// Small entries may be as uniform as they like.
const RATIO_FROM_BYTES: u64 = 1 << 20;

/// Refuses archives that are too large, and books whose text is encrypted.
pub(super) fn check(content: &Content<'_>) -> Result<(), Stop> {
    let file = content.open().map_err(Failure::from)?;
    let mut archive = ZipArchive::new(file).map_err(|error| Failure::Damaged(reason(&error)))?;
    if archive.len() > MAX_ENTRIES {
        return Err(Failure::TooLarge(format!("more than {MAX_ENTRIES} entries")).into());
    }
    for index in 0..archive.len() {
        let Ok(entry) = archive.by_index_raw(index) else { continue };
        if entry.encrypted() {
            return Err(Failure::Encrypted.into());
        }
        let is_package = entry.name().is_ok_and(|name| is_package(&name));
        let (packed, size) = (entry.compressed_size(), entry.size());
        drop(entry);
        if is_package {
            measure(&mut archive, index, packed, size)?;
        }
    }
    let listed = archive.by_name("META-INF/encryption.xml").ok().map(|entry| {
        let mut xml = Vec::new();
        // What can be read of it decides.
        let _ = entry.take(1 << 20).read_to_end(&mut xml);
        xml
    });
    match listed.map(|xml| encryption(&xml)) {
        Some(Encryption::Text) => Err(Failure::Encrypted.into()),
        _ => Ok(()),
    }
}

/// The files that are parsed before any chapter is read.
fn is_package(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".opf", ".ncx", ".xml", "nav.xhtml", "toc.xhtml"].iter().any(|ending| name.ends_with(ending))
}

/// Refuses an entry that unpacks to more than it may. What it says of its size is not believed.
fn measure<R: Read + io::Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    packed: u64,
    size: u64,
) -> Result<(), Stop> {
    let limit = packed.saturating_mul(MAX_RATIO).clamp(RATIO_FROM_BYTES, MAX_ENTRY_BYTES);
    let unpacked = if size > limit {
        size
    } else {
        let Ok(entry) = archive.by_index(index) else { return Ok(()) };
        // A broken entry is reported by whoever needs it.
        io::copy(&mut entry.take(limit + 1), &mut io::sink()).unwrap_or(0)
    };
    if unpacked > limit {
        return Err(Failure::TooLarge("an entry that unpacks to too much".to_owned()).into());
    }
    Ok(())
}

/// Takes what is unpacked of an entry, up to the limits.
pub(super) struct Limited {
    pub(super) bytes: Vec<u8>,
    /// Why the rest was refused.
    pub(super) refused: Option<&'static str>,
    before: u64,
}

impl Limited {
    /// For an entry of a book of which `before` bytes were unpacked so far.
    pub(super) fn new(before: u64) -> Self {
        Self { bytes: Vec::new(), refused: None, before }
    }
}

impl Write for Limited {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let size = (self.bytes.len() + piece.len()) as u64;
        self.refused = match () {
            () if size > MAX_ENTRY_BYTES => Some("more than 64 MB"),
            () if self.before + size > MAX_TOTAL_BYTES => Some("the book unpacks to more than 500 MB"),
            () => None,
        };
        if self.refused.is_some() {
            return Err(io::Error::other("too large"));
        }
        self.bytes.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An error with its causes, in one line.
pub(super) fn reason(error: &dyn Error) -> String {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !reason.contains(&text) {
            reason.push_str(": ");
            reason.push_str(&text);
        }
        cause = inner.source();
    }
    reason
}
