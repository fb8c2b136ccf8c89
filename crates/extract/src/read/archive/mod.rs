//! ZIP and TAR archives, and single files that are packed: every document in them is read, in the order of the archive and without ever
//! being written to disk. What an archive may cost is limited, because a few kilobytes can hold
//! petabytes.

mod names;
mod packed;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

use super::member::{self, Member};
use super::{Context, content_name};
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::sniff::{Sniffed, sniff_content};
use crate::writer::BlockWriter;
use docent_corpus::{Format, SourceWarning};
use std::fmt;
use std::io::{self, Read};

/// Most bytes of one member.
const MEMBER_BYTES: u64 = 100 << 20;
/// A member that unpacks to more than this many times its size is a bomb, not a document.
const MAX_RATIO: u64 = 200;
/// Up to this size no ratio is suspicious: a page of one repeated letter packs well.
const RATIO_FLOOR: u64 = 1 << 20;
/// How many bytes are looked at before a member is unpacked as a whole.
const HEAD_BYTES: u64 = (64 << 10) + 1;

/// Reads an archive.
pub(super) fn read(
    content: &Content<'_>,
    format: Format,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    writer.metadata.title = content_name(content);
    let mut reading = Reading { context, writer, files: 0, locked: 0, foreign: 0, left_out: 0 };
    match format {
        Format::Zip => zip::read(content, &mut reading)?,
        Format::Packed => packed::read(content, &mut reading)?,
        _ => tar::read(content, &mut reading)?,
    }
    reading.close()
}

/// An archive being read.
struct Reading<'r, 's> {
    context: &'r Context<'r>,
    writer: &'r mut BlockWriter<'s>,
    /// How many files of it are documents, as far as their names tell.
    files: u32,
    /// How many of them need a password.
    locked: u32,
    /// How many of them are packed by a method that is not read.
    foreign: u32,
    /// How many were left out when a limit was reached.
    left_out: u32,
}

/// One file as the archive lists it.
struct Listed<'l> {
    path: &'l str,
    /// Its size as the archive says, which need not be true.
    size: u64,
    /// How many bytes it takes in the archive, where each member is packed by itself.
    packed: Option<u64>,
}

impl Reading<'_, '_> {
    /// Whether a member of this name is one to read; tells when the name is not to be trusted.
    fn wants(&mut self, path: &str) -> Result<bool, Stop> {
        if names::leads_outside(path) {
            member::failed(path, "its name leads out of the archive", self.writer)?;
            return Ok(false);
        }
        Ok(!names::is_passed_over(path))
    }

    /// Tells that a member is encrypted.
    fn locked(&mut self, path: &str) -> Result<(), Stop> {
        self.files += 1;
        self.locked += 1;
        member::failed(path, "it is encrypted and needs a password", self.writer)
    }

    /// Tells that a member is packed by a method that is not read.
    fn foreign(&mut self, path: &str) -> Result<(), Stop> {
        self.foreign += 1;
        self.failed(path, "it is packed by a method that is not read")
    }

    /// Tells why a member was not read.
    fn failed(&mut self, path: &str, reason: impl Into<String>) -> Result<(), Stop> {
        self.files += 1;
        member::failed(path, reason, self.writer)
    }

    /// Tells that `what` is damaged, of which something was read before the damage showed. Where nothing
    /// was, the damage is all there is to tell.
    fn damaged(&mut self, what: &str, reason: impl fmt::Display) -> Result<(), Stop> {
        if self.writer.is_empty() && !self.writer.has_scans() {
            return Err(Failure::Damaged(reason.to_string()).into());
        }
        self.writer.warn(SourceWarning::Truncated { reason: format!("{what} is damaged: {reason}") })
    }

    /// Unpacks and reads one member.
    fn member(&mut self, listed: &Listed<'_>, packed: &mut dyn Read) -> Result<(), Stop> {
        self.writer.alive()?;
        if self.context.unpacked.bytes_left() == 0 || !self.context.unpacked.count_file() {
            self.left_out = self.left_out.saturating_add(1);
            return Ok(());
        }
        let bytes = match self.unpack(listed, packed) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.left_out = self.left_out.saturating_add(1);
                return Ok(());
            }
            Err(refusal) => return self.failed(listed.path, refusal.to_string()),
        };
        self.files += 1;
        let member = Member { path: listed.path, bytes: &bytes, format: None, level: 1 };
        member::read(&member, self.context, self.writer)
    }

    /// The bytes of a member, `None` when too much was unpacked already, or why they were not taken.
    fn unpack(&self, listed: &Listed<'_>, packed: &mut dyn Read) -> Result<Option<Vec<u8>>, Refusal> {
        let unpacked = self.context.unpacked;
        let mut bytes = Vec::new();
        let head = packed.take(HEAD_BYTES).read_to_end(&mut bytes);
        unpacked.count_bytes(bytes.len());
        if let Err(error) = head {
            return Err(Refusal::damaged(&error, bytes));
        }
        if (bytes.len() as u64) < HEAD_BYTES {
            return Ok(Some(bytes));
        }
        // A film is named as what it is, and not unpacked only to find that out.
        let head = Content::Member { name: listed.path, bytes: &bytes };
        if !is_container(&bytes)
            && let Ok(Sniffed::Unsupported(kind)) = sniff_content(&head)
        {
            return Err(Refusal::Type(kind));
        }
        let limit = listed
            .packed
            .map_or(MEMBER_BYTES, |packed| packed.saturating_mul(MAX_RATIO).clamp(RATIO_FLOOR, MEMBER_BYTES));
        if listed.size <= limit {
            let room = limit.min(HEAD_BYTES + unpacked.bytes_left());
            let rest = packed.take(room + 1 - HEAD_BYTES).read_to_end(&mut bytes);
            unpacked.count_bytes(bytes.len() - HEAD_BYTES as usize);
            if let Err(error) = rest {
                return Err(Refusal::damaged(&error, bytes));
            }
            if bytes.len() as u64 <= room {
                return Ok(Some(bytes));
            }
            if room < limit {
                return Ok(None);
            }
        }
        Err(if limit < MEMBER_BYTES { Refusal::Bomb } else { Refusal::Large })
    }

    /// Says what was left out, and why nothing could be read if that is so.
    fn close(self) -> Result<(), Stop> {
        if self.left_out > 0 {
            let reason = format!(
                "only the first {} files or {} MB of what archives hold are read; {} more files were left out",
                member::MAX_FILES,
                member::MAX_BYTES >> 20,
                self.left_out
            );
            self.writer.warn(SourceWarning::Truncated { reason })?;
        }
        match () {
            () if !self.writer.is_empty() => Ok(()),
            () if self.locked > 0 && self.locked == self.files => Err(Failure::Encrypted.into()),
            () if self.foreign > 0 && self.foreign == self.files => {
                Err(Failure::Unsupported("ZIP archive packed by another method than Deflate".to_owned())
                    .into())
            }
            () if self.files == 0 && self.left_out == 0 => Err(Failure::Empty.into()),
            () => Err(Failure::NoText.into()),
        }
    }
}

/// Why a member was not unpacked.
#[derive(Debug)]
enum Refusal {
    Damaged {
        reason: String,
        /// What was unpacked before the damage showed.
        before: Vec<u8>,
    },
    /// It is of this type, which is not read.
    Type(String),
    /// It unpacks to far more than it takes.
    Bomb,
    Large,
    /// It asks for more memory than unpacking may take.
    Memory,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { reason, .. } => write!(f, "it is damaged: {reason}"),
            Self::Type(kind) => write!(f, "files of this type are not read: {kind}"),
            Self::Bomb => write!(f, "it unpacks to more than {MAX_RATIO} times its size"),
            Self::Large => write!(f, "it is larger than {} MB", MEMBER_BYTES >> 20),
            Self::Memory => write!(f, "unpacking it takes too much memory"),
        }
    }
}

impl Refusal {
    fn damaged(error: &io::Error, before: Vec<u8>) -> Self {
        match error.kind() {
            io::ErrorKind::OutOfMemory => Self::Memory,
            _ => Self::Damaged { reason: error.to_string(), before },
        }
    }

    /// For a file that holds nothing else.
    fn into_failure(self) -> Failure {
        match self {
            Self::Damaged { reason, .. } => Failure::Damaged(reason),
            Self::Type(kind) => Failure::Unsupported(kind),
            Self::Bomb | Self::Large | Self::Memory => Failure::TooLarge(self.to_string()),
        }
    }
}

/// Whether bytes begin like a ZIP or OLE file, whose type only the whole of it tells.
fn is_container(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK") || bytes.starts_with(b"\xD0\xCF\x11\xE0")
}
