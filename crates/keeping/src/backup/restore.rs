//! Looking into a backup, and unpacking it for the next start.
//!
//! A library is not exchanged while it is open. [`prepare`] unpacks and checks everything beside it and
//! leaves a mark; at the next start [`super::apply_pending`] exchanges the two.

use super::aside::ASIDE;
use super::mark::Mark;
use super::member_file::{LeadsOut, create, own_parts};
use super::{FORMAT, INDEX, MANIFEST, Manifest, Pending, UNPACKED};
use crate::KeepingError;
use crate::tree::{remove_if_there, remove_tree, sync_tree};
use docent_corpus::Cancel;
use docent_library::{DATABASE, Library, LibraryError};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use zip::ZipArchive;

/// Largest manifest that is read.
const MANIFEST_BYTES: u64 = 16 << 20;
/// The lock that opening a library leaves behind.
const LOCK: &str = "LOCK";
/// Bytes unpacked between two looks at the cancel signal.
const PIECE: usize = 1 << 20;

/// How far unpacking a backup is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preparing {
    /// Bytes are unpacked and compared with the checksums of the file.
    Unpacking {
        /// Bytes so far.
        done: u64,
        /// Of how many, as the file says.
        total: u64,
    },
    /// Everything is unpacked; the library is opened once and all of it brought to the disk.
    Checking,
}

/// What is in a backup.
///
/// # Errors
/// [`KeepingError::BadBackup`] for anything else, also for one that was cut short.
pub fn inspect(path: &Path) -> Result<Manifest, KeepingError> {
    manifest_of(&mut open(path)?, path)
}

/// Unpacks a backup into the data folder and has the next start use it. Every byte is compared with
/// the file's checksums first, and the library in it is opened once. `tell` hears how far it is.
///
/// # Errors
/// When the backup is not whole or the disk is full. The present library is not touched in any case.
pub fn prepare(
    path: &Path,
    data: &Path,
    now_ms: i64,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Preparing),
) -> Result<Pending, KeepingError> {
    let mut archive = open(path)?;
    let manifest = manifest_of(&mut archive, path)?;
    let target = data.join(UNPACKED);
    // An earlier wish is withdrawn first.
    Mark::remove(data)?;
    remove_tree(&target)?;
    if let Err(error) = unpack_all(&mut archive, &target, path, cancel, tell) {
        // Nothing of it is of use; the first error is the one to be told.
        let _ = remove_tree(&target);
        return Err(error);
    }
    let index = target.join(INDEX).is_dir();
    let mark = Mark { kept: format!("{ASIDE}{now_ms}"), asked_ms: now_ms, index, notes: None, manifest };
    mark.write(data)?;
    Ok(Pending { kept: data.join(&mark.kept), notes: None, manifest: mark.manifest })
}

fn unpack_all<R: Read + io::Seek>(
    archive: &mut ZipArchive<R>,
    target: &Path,
    path: &Path,
    cancel: &Cancel,
    tell: &mut dyn FnMut(Preparing),
) -> Result<(), KeepingError> {
    fs::create_dir_all(target).map_err(|source| KeepingError::file("making", target, source))?;
    let total = unpacked_bytes(archive, path)?;
    let mut done = 0;
    for index in 0..archive.len() {
        cancel.check()?;
        unpack(archive, index, target, path, &mut |bytes| {
            cancel.check()?;
            done += bytes;
            tell(Preparing::Unpacking { done, total });
            Ok(())
        })?;
    }
    tell(Preparing::Checking);
    check_library(target, path)?;
    cancel.check()?;
    sync_tree(target)?;
    // Whoever stopped it by now must not find it done at the next start.
    cancel.check()?;
    Ok(())
}

/// How many bytes [`unpack_all`] writes, by what the archive says of its members.
fn unpacked_bytes<R: Read + io::Seek>(archive: &mut ZipArchive<R>, path: &Path) -> Result<u64, KeepingError> {
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let member = archive.by_index_raw(index).map_err(|_| bad(path, "it is damaged"))?;
        let name = member.name().map_err(|_| bad(path, "it is damaged"))?;
        if parts_of(&name, path)?.is_some() {
            total = total.saturating_add(member.size());
        }
    }
    Ok(total)
}

/// The parts of a member's name, if it is to be unpacked.
fn parts_of<'n>(name: &'n str, path: &Path) -> Result<Option<Vec<&'n str>>, KeepingError> {
    own_parts(name).map_err(|LeadsOut| bad(path, "it names a file outside"))
}

/// Opens the unpacked library, which checks its database and brings it to the present form: what
/// cannot be opened must be known before the present library is given up for it.
fn check_library(target: &Path, path: &Path) -> Result<(), KeepingError> {
    if !target.join(DATABASE).is_file() {
        return Err(bad(path, "it holds no library"));
    }
    match Library::open(target).and_then(|(library, opened)| library.close().map(|()| opened)) {
        Ok(opened) if opened.created => return Err(bad(path, "the library in it is empty")),
        Ok(_) => {}
        // Not the backup's fault.
        Err(error @ (LibraryError::Full | LibraryError::ReadOnly)) => return Err(error.into()),
        Err(error) => return Err(bad(path, &error.to_string())),
    }
    remove_if_there(&target.join(LOCK))
}

fn open(path: &Path) -> Result<ZipArchive<BufReader<File>>, KeepingError> {
    let file = File::open(path).map_err(|source| KeepingError::file("opening", path, source))?;
    ZipArchive::new(BufReader::new(file)).map_err(|_| bad(path, "it is no ZIP file, or it was cut short"))
}

fn manifest_of<R: Read + io::Seek>(
    archive: &mut ZipArchive<R>,
    path: &Path,
) -> Result<Manifest, KeepingError> {
    let mut json = Vec::new();
    archive
        .by_name(MANIFEST)
        .map_err(|_| bad(path, "docent did not write it"))?
        .take(MANIFEST_BYTES)
        .read_to_end(&mut json)
        .map_err(|_| bad(path, "it is damaged"))?;
    let manifest: Manifest = serde_json::from_slice(&json).map_err(|_| bad(path, "its list is damaged"))?;
    if manifest.format > FORMAT {
        return Err(bad(path, "a newer docent wrote it"));
    }
    Ok(manifest)
}

/// Unpacks one member below `target`, if it belongs to the library. `wrote` hears of each piece, in bytes,
/// and may end the work.
fn unpack<R: Read + io::Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    target: &Path,
    path: &Path,
    wrote: &mut dyn FnMut(u64) -> Result<(), KeepingError>,
) -> Result<(), KeepingError> {
    let mut member = archive.by_index(index).map_err(|_| bad(path, "it is damaged"))?;
    let name = member.name().map_err(|_| bad(path, "it is damaged"))?.into_owned();
    let Some(parts) = parts_of(&name, path)? else { return Ok(()) };
    let (mut file, to) = create(target, &parts)?;
    let mut piece = vec![0; PIECE];
    loop {
        let length = match member.read(&mut piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // A stick that was pulled out says nothing about the file on it.
            Err(source) if source.raw_os_error().is_some() => {
                return Err(KeepingError::file("reading", path, source));
            }
            read => read.map_err(|_| bad(path, "it is damaged: a checksum is wrong"))?,
        };
        if length == 0 {
            break;
        }
        file.write_all(&piece[..length]).map_err(|source| KeepingError::file("writing", &to, source))?;
        wrote(length as u64)?;
    }
    file.sync_all().map_err(|source| KeepingError::file("flushing", &to, source))
}

fn bad(path: &Path, reason: &str) -> KeepingError {
    KeepingError::BadBackup { path: path.to_owned(), reason: reason.to_owned() }
}
