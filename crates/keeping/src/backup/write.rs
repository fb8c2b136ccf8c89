//! Writing a backup while docent runs.

use super::{FORMAT, INDEX, MANIFEST, Manifest, NOTES, NotesSource};
use crate::KeepingError;
use crate::files::{PART_ENDING, beside, files_below, put_in_place};
use docent_corpus::{Cancel, SourceId};
use docent_library::{DATABASE, Library};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Bytes copied between two looks at the cancel signal.
const PIECE: usize = 1 << 20;

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

/// Writes a backup to `path`. An existing file is replaced when the new one is whole and on disk.
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
    if path.is_dir() {
        return Err(KeepingError::bad_path(path, "it is a folder"));
    }
    let part = beside(path, PART_ENDING);
    // Beside the target, so that a full disk is noticed there and not where the library lies.
    let snapshot = beside(path, ".docent-snapshot");
    let _clean = Remove(vec![part.clone(), snapshot.clone()]);
    remove(&snapshot)?;
    contents.library.snapshot(&snapshot)?;
    let manifest = fill(contents, &part, &snapshot, cancel, tell)?;
    put_in_place(&part, path)?;
    Ok(manifest)
}

fn fill(
    contents: &Contents<'_>,
    part: &Path,
    snapshot: &Path,
    cancel: &Cancel,
    tell: &mut dyn FnMut(u64, u64),
) -> Result<Manifest, KeepingError> {
    let mut members = vec![(DATABASE.to_owned(), snapshot.to_path_buf())];
    let index = contents.library.data_folder().join(INDEX);
    if contents.vectors && index.is_dir() {
        members.extend(named(INDEX, files_below(&index)?));
    }
    let mut notes = 0;
    if let Some((_, folder)) = contents.notes {
        if !folder.is_dir() {
            // A backup without the notes would be taken for one of everything.
            return Err(KeepingError::away("the notes' folder", folder));
        }
        let found = files_below(folder)?;
        notes = found.iter().filter(|(name, _)| name.to_lowercase().ends_with(".md")).count();
        members.extend(named(NOTES, found));
    }
    let total =
        members.iter().filter_map(|(_, path)| fs::metadata(path).ok()).map(|metadata| metadata.len()).sum();
    let failed = |source| KeepingError::file("writing", part, source);
    let file = File::create(part).map_err(failed)?;
    let mut archive = ZipWriter::new(BufWriter::new(file));
    let mut done = 0;
    for (name, path) in &members {
        // Rows of an index are noise to a packer; text is not.
        let packed = !name.starts_with(INDEX);
        done = add(&mut archive, name, path, packed, cancel, &mut |bytes| tell(done + bytes, total))
            .map_err(|failure| failure.of(part, path))?
            + done;
    }
    let counts = contents.library.document_counts()?;
    let manifest = Manifest {
        format: FORMAT,
        docent: contents.docent.to_owned(),
        created_ms: contents.now_ms,
        documents: small(counts.indexed + counts.stale),
        notes: small(notes),
        conversations: small(contents.library.conversations()?.len()),
        vectors: contents.vectors && index.is_dir(),
        notes_source: contents.notes.map(|(source, folder)| NotesSource {
            source: source.0,
            folder: folder.to_string_lossy().into_owned(),
        }),
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

fn named(folder: &str, files: Vec<(String, PathBuf)>) -> impl Iterator<Item = (String, PathBuf)> {
    let folder = folder.to_owned();
    files.into_iter().map(move |(name, path)| (format!("{folder}/{name}"), path))
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
    Reading(io::Error),
    Writing(io::Error),
    Cancelled,
}

impl Failure {
    fn of(self, archive: &Path, member: &Path) -> KeepingError {
        match self {
            Self::Reading(source) => KeepingError::file("reading", member, source),
            Self::Writing(source) => KeepingError::file("writing", archive, source),
            Self::Cancelled => KeepingError::Cancelled,
        }
    }
}

/// Adds one file and gives its length.
fn add(
    archive: &mut ZipWriter<BufWriter<File>>,
    name: &str,
    path: &Path,
    packed: bool,
    cancel: &Cancel,
    tell: &mut dyn FnMut(u64),
) -> Result<u64, Failure> {
    let mut file = File::open(path).map_err(Failure::Reading)?;
    archive.start_file(name, options(packed)).map_err(|error| Failure::Writing(error.into()))?;
    let mut piece = vec![0; PIECE];
    let mut done = 0;
    loop {
        cancel.check().map_err(|_| Failure::Cancelled)?;
        let length = file.read(&mut piece).map_err(Failure::Reading)?;
        if length == 0 {
            return Ok(done);
        }
        archive.write_all(&piece[..length]).map_err(Failure::Writing)?;
        done += length as u64;
        tell(done);
    }
}

fn remove(path: &Path) -> Result<(), KeepingError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(KeepingError::file("removing", path, source))
        }
        _ => Ok(()),
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
