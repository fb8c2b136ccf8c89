//! Writing a backup while docent runs.

use super::members::{Member, members};
use super::restore::inspect;
use super::{FORMAT, MANIFEST, Manifest, NotesSource};
use crate::KeepingError;
use crate::files::{PART_ENDING, beside, put_in_place};
use crate::tree::remove_if_there;
use docent_corpus::{Cancel, SourceId};
use docent_library::{Library, LibraryError};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Bytes copied between two looks at the cancel signal.
const PIECE: usize = 1 << 20;
/// Most names that the manifest lists of what was left out.
const LEFT_OUT: usize = 1_000;

/// What goes into a backup.
#[derive(Clone, Debug)]
pub struct Contents<'c> {
    /// The library; it may be in use.
    pub library: &'c Library,
    /// Whether the index goes along. Nobody may write to it meanwhile: the caller holds the lock.
    pub vectors: bool,
    /// The source of the notes, and their folder.
    pub notes: Option<(SourceId, &'c Path)>,
    /// Version of docent.
    pub docent: &'c str,
    /// Milliseconds since 1970.
    pub now_ms: i64,
}

/// Writes a backup to `path`. An existing backup is replaced when the new one is whole and on disk;
/// any other file is left alone.
/// `tell` hears how many bytes were read, and of how many.
///
/// # Errors
/// When something cannot be read or written; then nothing stands at `path` that was not there before.
pub fn write(
    contents: &Contents<'_>,
    path: &Path,
    cancel: &Cancel,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Manifest, KeepingError> {
    check_place(path)?;
    let part = beside(path, PART_ENDING);
    // Beside the target, so that a full disk is noticed there and not where the library lies.
    let snapshot = beside(path, ".docent-snapshot");
    let _clean = Remove(vec![part.clone(), snapshot.clone()]);
    // What an interrupted attempt left; a link of such a name must not be written through.
    remove_if_there(&part)?;
    remove_if_there(&snapshot)?;
    contents.library.snapshot(&snapshot).map_err(|error| at_target(error, path))?;
    let (members, left_out) = members(contents, &snapshot, path)?;
    let manifest = fill(contents, &part, &members, left_out, cancel, tell)?;
    put_in_place(&part, path)?;
    Ok(manifest)
}

/// A backup takes the place of another one or of nothing, in a folder that is there.
fn check_place(path: &Path) -> Result<(), KeepingError> {
    if path.is_dir() {
        return Err(KeepingError::bad_path(path, "it is a folder"));
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    fs::metadata(folder).map_err(|source| KeepingError::file("writing into", folder, source))?;
    let is_free = match path.symlink_metadata() {
        Err(_) => true,
        // Only a file is looked into: what is read from a pipe may never come.
        Ok(_) => path.is_file() && inspect(path).is_ok(),
    };
    if is_free { Ok(()) } else { Err(KeepingError::Taken { path: path.to_owned() }) }
}

/// A failure of the library's copy as one of the place where the backup goes: its disk may be another
/// one than the library's.
fn at_target(error: LibraryError, path: &Path) -> KeepingError {
    let source = match error {
        LibraryError::Full => io::Error::from(io::ErrorKind::StorageFull),
        LibraryError::ReadOnly => io::Error::from(io::ErrorKind::PermissionDenied),
        LibraryError::Io { source, .. } => source,
        other => return other.into(),
    };
    KeepingError::file("writing", path, source)
}

fn fill(
    contents: &Contents<'_>,
    part: &Path,
    members: &[Member],
    left_out: Vec<String>,
    cancel: &Cancel,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Manifest, KeepingError> {
    let failed = |source| KeepingError::file("writing", part, source);
    let file = File::create(part).map_err(failed)?;
    let mut archive = ZipWriter::new(BufWriter::new(file));
    let taken = add_all(&mut archive, part, members, cancel, tell)?;
    let counts = contents.library.document_counts()?;
    let manifest = Manifest {
        format: FORMAT,
        docent: contents.docent.to_owned(),
        created_ms: contents.now_ms,
        documents: small(counts.indexed + counts.stale),
        notes: small(taken.notes),
        conversations: small(contents.library.conversations()?.len()),
        vectors: members.iter().any(Member::is_index),
        notes_source: contents.notes.map(|(source, folder)| NotesSource {
            source: source.0,
            folder: folder.to_string_lossy().into_owned(),
        }),
        left_out: shortened(left_out.into_iter().chain(taken.left_out).collect()),
    };
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| failed(io::Error::other(error)))?;
    archive
        .start_file(MANIFEST, options(true))
        .map_err(|error| failed(error.into()))
        .and_then(|()| archive.write_all(&json).map_err(failed))?;
    let file = archive.finish().map_err(|error| failed(error.into()))?;
    let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
    file.sync_all().map_err(failed)?;
    Ok(manifest)
}

/// What was taken of the members.
#[derive(Default)]
struct Taken {
    notes: usize,
    left_out: Vec<String>,
}

fn add_all(
    archive: &mut ZipWriter<BufWriter<File>>,
    part: &Path,
    members: &[Member],
    cancel: &Cancel,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Taken, KeepingError> {
    let total = members.iter().map(|member| member.bytes).sum();
    let (mut done, mut taken) = (0, Taken::default());
    for member in members {
        let added = add(archive, member, cancel, &mut |bytes| tell(done + bytes.min(member.bytes), total));
        match (added, member.below_notes()) {
            (Ok(()), _) => taken.notes += usize::from(member.is_note()),
            // Deleted or renamed since it was listed: then it is none.
            (Err(Failure::Opening(error)), Some(_)) if error.kind() == io::ErrorKind::NotFound => {}
            (Err(Failure::Opening(_)), Some(name)) => taken.left_out.push(name.to_owned()),
            (Err(failure), _) => return Err(failure.of(part, &member.path)),
        }
        done += member.bytes;
        tell(done, total);
    }
    Ok(taken)
}

/// A list that fits into the manifest.
fn shortened(mut names: Vec<String>) -> Vec<String> {
    let more = names.len().saturating_sub(LEFT_OUT);
    if more > 0 {
        names.truncate(LEFT_OUT);
        names.push(format!("… and {more} more"));
    }
    names
}

fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn options(packed: bool) -> SimpleFileOptions {
    let method = if packed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
    // Members of more than 4 GB need it, and what a member's size will be is known only at its end.
    SimpleFileOptions::default().compression_method(method).large_file(true).unix_permissions(0o600)
}

/// Why a member could not be added.
enum Failure {
    Opening(io::Error),
    Reading(io::Error),
    Writing(io::Error),
    Cancelled,
}

impl Failure {
    fn of(self, archive: &Path, member: &Path) -> KeepingError {
        match self {
            Self::Opening(source) | Self::Reading(source) => KeepingError::file("reading", member, source),
            Self::Writing(source) => KeepingError::file("writing", archive, source),
            Self::Cancelled => KeepingError::Cancelled,
        }
    }
}

/// Adds one file.
fn add(
    archive: &mut ZipWriter<BufWriter<File>>,
    member: &Member,
    cancel: &Cancel,
    tell: &mut dyn FnMut(u64),
) -> Result<(), Failure> {
    let mut file = File::open(&member.path).map_err(Failure::Opening)?;
    let options = options(member.is_packed());
    archive.start_file(&member.name, options).map_err(|error| Failure::Writing(error.into()))?;
    let mut piece = vec![0; PIECE];
    let mut done = 0;
    loop {
        cancel.check().map_err(|_| Failure::Cancelled)?;
        let length = file.read(&mut piece).map_err(Failure::Reading)?;
        if length == 0 {
            return Ok(());
        }
        archive.write_all(&piece[..length]).map_err(Failure::Writing)?;
        done += length as u64;
        tell(done);
    }
}

/// Removes what is left of unfinished work, however it ended.
struct Remove(Vec<PathBuf>);

impl Drop for Remove {
    fn drop(&mut self) {
        for path in &self.0 {
            // Most often it is gone already.
            let _ = fs::remove_file(path);
        }
    }
}
