//! Binary files of Word and PowerPoint 97 to 2003, through `office_oxide`.

mod slides;
mod word;

pub(super) use slides::read as read_powerpoint;
pub(super) use word::read as read_word;

use crate::content::{Content, ReadSeek};
use crate::message::Failure;
use crate::stack::catch;
use docent_corpus::Metadata;
use office_oxide::limits;
use std::sync::Once;

/// Largest binary file that is read, in bytes: its reader holds all of it, and more, in memory.
const FILE_BYTES: u64 = 256 << 20;

/// Whether an OLE file is a document behind a password (MS-OFFCRYPTO 2.3.4.4).
pub(super) fn is_encrypted_package(content: &Content<'_>) -> Result<bool, Failure> {
    let file = content.open()?;
    let found = catch(|| cfb::CompoundFile::open(file).is_ok_and(|file| file.exists("/EncryptedPackage")));
    Ok(found.unwrap_or(false)) // so broken that looking into it panics: the reader says why
}

/// Opens a binary file for a reader that wants to own what it reads from.
fn open(content: &Content<'_>) -> Result<Box<dyn ReadSeek>, Failure> {
    bound_once();
    if content.len()? > FILE_BYTES {
        return Err(Failure::TooLarge(format!("{} MB for a file of this kind", FILE_BYTES >> 20)));
    }
    Ok(content.open_owned()?)
}

/// Sets the limits of the library, which hold for the whole process.
fn bound_once() {
    static BOUND: Once = Once::new();
    BOUND.call_once(|| {
        limits::set_max_part_bytes(100 << 20);
        limits::set_max_package_bytes(500 << 20);
        limits::set_max_inflate_ratio(200);
        limits::set_max_memory_bytes(512 << 20);
        limits::set_max_text_chars(128 << 20);
        limits::set_max_embedded_depth(0);
        limits::set_max_embedded_packages(0);
    });
}

/// What the property set of an OLE file says.
fn metadata(summary: Option<&office_oxide::cfb::SummaryProperties>) -> Metadata {
    let Some(summary) = summary else { return Metadata::default() };
    let filled = |value: &Option<String>| value.clone().filter(|value| !value.trim().is_empty());
    Metadata {
        title: filled(&summary.title),
        author: filled(&summary.author),
        date: filled(&summary.created),
        modified: filled(&summary.modified),
        tags: super::properties::keywords(summary.keywords.as_deref().unwrap_or_default()),
        ..Metadata::default()
    }
}
