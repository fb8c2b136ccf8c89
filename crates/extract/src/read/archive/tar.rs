//! TAR archives, packed by gzip or xz or not at all. They are read once from front to back.

use super::{Listed, Reading, names};
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::packing::{MARK_BYTES, Packing};
use ::tar::{Archive, Entries};
use docent_corpus::SourceWarning;
use std::cell::Cell;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};
use std::rc::Rc;

/// Most bytes of a packed archive that are unpacked, those of files that are passed over included.
const STREAM_BYTES: u64 = 4 << 30;
/// Longest description of one member that is read (long names, attributes), in bytes.
const HEADER_BYTES: u64 = 1 << 20;
/// Most bytes behind the end of an archive that are unpacked to reach the checksums of its stream, which
/// is a tape's last block of zeros with honest ones.
const TAIL_BYTES: u64 = 64 << 20;
/// After how many bytes passed over it is told that the work goes on.
const STEP_BYTES: u64 = 32 << 20;

/// Reads every document of a TAR archive.
pub(super) fn read(content: &Content<'_>, reading: &mut Reading<'_, '_>) -> Result<(), Stop> {
    let packing = Packing::of(&content.head(MARK_BYTES as u64).map_err(Failure::from)?);
    let file = content.open().map_err(Failure::from)?;
    let left = Rc::new(Cell::new(HEADER_BYTES));
    if let Some(packing) = packing {
        let inner = packing.unpack(BufReader::new(file)).take(STREAM_BYTES);
        let mut archive = Archive::new(Metered { inner, left: Rc::clone(&left) });
        match walk(archive.entries().map_err(Failure::from)?, true, &left, reading)? {
            End::Whole => verify(archive.into_inner().inner, reading),
            End::Broken => Ok(()),
        }
    } else {
        let mut archive = Archive::new(Metered { inner: file, left: Rc::clone(&left) });
        walk(archive.entries_with_seek().map_err(Failure::from)?, false, &left, reading).map(drop)
    }
}

/// How the reading of an archive ended.
enum End {
    Whole,
    /// It broke off, which has been told.
    Broken,
}

/// Reads what follows the archive in its stream: only where the stream ends stand the checksums that tell
/// whether it is the one that was packed.
fn verify(mut stream: Take<Box<dyn Read + '_>>, reading: &mut Reading<'_, '_>) -> Result<(), Stop> {
    if stream.limit() == 0 {
        let reason = format!("only the first {} MB were unpacked", STREAM_BYTES >> 20);
        return reading.writer.warn(SourceWarning::Truncated { reason });
    }
    stream.set_limit(stream.limit().min(TAIL_BYTES));
    match pass_over(&mut stream, reading)? {
        Err(error) => reading.damaged("the archive", error),
        Ok(()) => Ok(()),
    }
}

/// A stream that ends in an error when more is taken from it than allowed: what describes a member
/// is read into memory as a whole, and may claim any length.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| io::Error::other("the description of a file is too long"))?);
        Ok(read)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

fn walk<R: Read>(
    mut entries: Entries<'_, R>,
    packed: bool,
    left: &Cell<u64>,
    reading: &mut Reading<'_, '_>,
) -> Result<End, Stop> {
    let mut any = false;
    // Bytes of the last member that are still to be passed over.
    let mut rest: u64 = 0;
    loop {
        left.set(HEADER_BYTES.saturating_add(rest));
        let mut entry = match entries.next() {
            Some(Ok(entry)) => entry,
            Some(Err(error)) => return broken(&error, any, reading),
            None => return Ok(End::Whole),
        };
        left.set(u64::MAX);
        any = true;
        let kind = entry.header().entry_type();
        // Before folders had a kind of their own they were files whose name ends so.
        let is_folder = entry.path_bytes().ends_with(b"/");
        if (kind.is_file() || kind.is_contiguous() || kind.is_gnu_sparse()) && !is_folder {
            let path = names::Encoding::of_name(&entry.path_bytes());
            let listed = Listed { path: &path, size: entry.size(), packed: None };
            if reading.wants(&path)? {
                reading.member(&listed, &mut entry)?;
            }
        }
        rest = 0;
        if kind.is_gnu_sparse() {
            // Its holes are no part of the stream, and as long as it says: what is stored of it is passed
            // over on the way to the next.
            let stored = entry.header().entry_size().unwrap_or(0);
            rest = stored.saturating_sub(u64::MAX - left.get());
        } else if packed && let Err(error) = pass_over(&mut entry, reading)? {
            return broken(&error, any, reading);
        }
    }
}

/// Reads over the rest of a member in a stream that cannot be wound forward.
fn pass_over(rest: &mut dyn Read, reading: &mut Reading<'_, '_>) -> Result<io::Result<()>, Stop> {
    loop {
        reading.writer.alive()?;
        match io::copy(&mut rest.take(STEP_BYTES), &mut io::sink()) {
            Ok(0) => return Ok(Ok(())),
            Ok(_) => {}
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// An archive that breaks off keeps what was read of it.
fn broken(error: &io::Error, any: bool, reading: &mut Reading<'_, '_>) -> Result<End, Stop> {
    if !any {
        return Err(Failure::Damaged(error.to_string()).into());
    }
    reading.damaged("the rest of the archive", error)?;
    Ok(End::Broken)
}
