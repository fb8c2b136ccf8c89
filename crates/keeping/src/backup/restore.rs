//! Looking into a backup, and taking it for the library.
//!
//! A library is not exchanged while it is open. [`prepare`] unpacks and checks everything beside it and
//! leaves a mark; at the next start, before the library is opened, [`apply_pending`] moves the old one
//! aside and the new one into its place. Each step is a rename, and the mark goes last, so that an
//! interruption anywhere is finished by the start after it.

use super::{FORMAT, INDEX, MANIFEST, Manifest, NOTES};
use crate::KeepingError;
use crate::files::{sync_folder, write_whole};
use docent_corpus::{Cancel, SourceId};
use docent_library::{DATABASE, FolderLock, Library};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use zip::ZipArchive;

/// Where a backup is unpacked, in the data folder.
const UNPACKED: &str = "restore.new";
/// Says that what is unpacked is whole and wanted.
const READY: &str = "restore.ready";
/// Notes whose folder cannot be used on this machine come here, in the data folder.
const NOTES_HERE: &str = "notes";
/// What of the data folder belongs to a library; everything else stays where it is.
const LIBRARY: &[&str] = &[DATABASE, "app.db-wal", "app.db-shm", INDEX, "prompt-states"];
/// Largest manifest that is read.
const MANIFEST_BYTES: u64 = 1 << 20;

/// What the next start will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Where the present library will be kept.
    pub kept: PathBuf,
    /// What is restored.
    pub manifest: Manifest,
}

/// What is in a backup.
///
/// # Errors
/// [`KeepingError::BadBackup`] for anything else, also for one that was cut short.
pub fn inspect(path: &Path) -> Result<Manifest, KeepingError> {
    manifest_of(&mut open(path)?, path)
}

/// Unpacks a backup into the data folder and has the next start use it. Every byte is compared with
/// the file's checksums first.
///
/// # Errors
/// When the backup is not whole or the disk is full. The present library is not touched in any case.
pub fn prepare(path: &Path, data: &Path, now_ms: i64, cancel: &Cancel) -> Result<Pending, KeepingError> {
    let mut archive = open(path)?;
    let manifest = manifest_of(&mut archive, path)?;
    let target = data.join(UNPACKED);
    let ready = data.join(READY);
    // An earlier wish is withdrawn first.
    remove_if_there(&ready)?;
    remove_tree(&target)?;
    fs::create_dir_all(&target).map_err(|source| KeepingError::file("making", &target, source))?;
    for index in 0..archive.len() {
        cancel.check()?;
        if let Err(error) = unpack(&mut archive, index, &target, path) {
            // Nothing of it is of use; the first error is the one to be told.
            let _ = remove_tree(&target);
            return Err(error);
        }
    }
    if !target.join(DATABASE).is_file() {
        let _ = remove_tree(&target);
        return Err(bad(path, "it holds no library"));
    }
    sync_tree(&target)?;
    let pending = Pending { kept: data.join(format!("before-restore-{now_ms}")), manifest };
    let json = serde_json::to_vec_pretty(&pending)
        .map_err(|error| KeepingError::file("writing", &ready, io::Error::other(error)))?;
    write_whole(&ready, &json)?;
    Ok(pending)
}

/// Does what [`prepare`] left to be done, if anything. To be called before the library is opened.
///
/// # Errors
/// When another docent has the folder, or a rename fails; the next start goes on.
pub fn apply_pending(data: &Path) -> Result<Option<Pending>, KeepingError> {
    let ready = data.join(READY);
    let Ok(mark) = fs::read(&ready) else { return Ok(None) };
    let Ok(pending) = serde_json::from_slice::<Pending>(&mark) else {
        tracing::warn!("the mark of a restore cannot be read; it is left alone");
        return Ok(None);
    };
    let lock = FolderLock::take(data)?;
    let unpacked = data.join(UNPACKED);
    // What is unpacked loses its database last: as long as it is there, the exchange is not done.
    if unpacked.join(DATABASE).is_file() {
        let kept = &pending.kept;
        fs::create_dir_all(kept).map_err(|source| KeepingError::file("making", kept, source))?;
        for name in LIBRARY.iter().filter(|name| **name != INDEX) {
            move_over(&data.join(name), &kept.join(name))?;
        }
        // An index that an earlier attempt has put in place must not be taken for the old one.
        let index_is_new = pending.manifest.vectors && !unpacked.join(INDEX).exists();
        if !index_is_new {
            move_over(&data.join(INDEX), &kept.join(INDEX))?;
        }
        sync_folder(kept)?;
        for name in [INDEX, NOTES] {
            let to = if name == NOTES { data.join(NOTES_HERE) } else { data.join(name) };
            move_over(&unpacked.join(name), &to)?;
        }
        move_over(&unpacked.join(DATABASE), &data.join(DATABASE))?;
        sync_folder(data)?;
    }
    drop(lock);
    adopt_notes(data, &pending.manifest)?;
    remove_tree(&unpacked)?;
    remove_if_there(&ready)?;
    sync_folder(data)?;
    Ok(Some(pending))
}

/// The notes come back to their folder if that is empty or not there; else they stay in the data
/// folder, and the library follows them there.
fn adopt_notes(data: &Path, manifest: &Manifest) -> Result<(), KeepingError> {
    let (Some(notes), here) = (&manifest.notes_source, data.join(NOTES_HERE)) else { return Ok(()) };
    let home = PathBuf::from(&notes.folder);
    if !here.is_dir() || home == here {
        return Ok(());
    }
    let is_empty = fs::read_dir(&home).map(|mut entries| entries.next().is_none());
    let usable = match is_empty {
        Ok(empty) => empty,
        Err(_) => home.parent().is_some_and(Path::is_dir) && fs::create_dir(&home).is_ok(),
    };
    if usable && copy_tree(&here, &home).is_ok() {
        return remove_tree(&here);
    }
    let (library, _) = Library::open(data)?;
    library.set_source_root(SourceId(notes.source), &here)?;
    library.close()?;
    Ok(())
}

fn copy_tree(from: &Path, to: &Path) -> Result<(), KeepingError> {
    for (name, path) in crate::files::files_below(from)? {
        let target = to.join(name);
        let parent = target.parent().unwrap_or(to);
        fs::create_dir_all(parent).map_err(|source| KeepingError::file("making", parent, source))?;
        let bytes = fs::read(&path).map_err(|source| KeepingError::file("reading", &path, source))?;
        write_whole(&target, &bytes)?;
    }
    Ok(())
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

/// Unpacks one member below `target`. Only names that docent writes are taken.
fn unpack<R: Read + io::Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    target: &Path,
    path: &Path,
) -> Result<(), KeepingError> {
    let mut member = archive.by_index(index).map_err(|_| bad(path, "it is damaged"))?;
    let name = member.enclosed_name().ok_or_else(|| bad(path, "it names a file outside"))?;
    let first = name.components().next().and_then(|part| part.as_os_str().to_str()).unwrap_or_default();
    if member.is_dir() || !(first == DATABASE || first == INDEX || first == NOTES) {
        return Ok(());
    }
    let to = target.join(&name);
    let parent = to.parent().unwrap_or(target);
    fs::create_dir_all(parent).map_err(|source| KeepingError::file("making", parent, source))?;
    let mut file = File::create(&to).map_err(|source| KeepingError::file("writing", &to, source))?;
    let mut piece = vec![0; 1 << 20];
    loop {
        let length = member.read(&mut piece).map_err(|_| bad(path, "it is damaged: a checksum is wrong"))?;
        if length == 0 {
            break;
        }
        file.write_all(&piece[..length]).map_err(|source| KeepingError::file("writing", &to, source))?;
    }
    file.sync_all().map_err(|source| KeepingError::file("flushing", &to, source))
}

fn sync_tree(folder: &Path) -> Result<(), KeepingError> {
    let failed = |source| KeepingError::file("listing", folder, source);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Renames what is there; what is not there was moved by an earlier attempt.
fn move_over(from: &Path, to: &Path) -> Result<(), KeepingError> {
    match fs::rename(from, to) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(KeepingError::file("moving", from, source))
        }
        _ => Ok(()),
    }
}

fn remove_tree(folder: &Path) -> Result<(), KeepingError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(KeepingError::file("removing", folder, source))
        }
        _ => Ok(()),
    }
}

fn remove_if_there(path: &Path) -> Result<(), KeepingError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(KeepingError::file("removing", path, source))
        }
        _ => Ok(()),
    }
}

fn bad(path: &Path, reason: &str) -> KeepingError {
    KeepingError::BadBackup { path: path.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
