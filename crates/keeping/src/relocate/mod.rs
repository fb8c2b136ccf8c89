//! Moving the library to another folder.
//!
//! The folder of the library is the usual one, unless a small file beside it (the pointer) names
//! another. As with a restore, nothing is moved while it is open: [`request`] writes down the wish,
//! [`finish_pending`] fulfils it at the next start: it copies, compares, points to the copy, and gives
//! the old folder a name that says what it is. The old folder is never deleted.
//!
//! A folder that is not there, as on a drive that is not connected, is an error and never replaced by
//! an empty library.

mod copy;
mod pointer;

use crate::KeepingError;
use crate::tree::remove_if_there;
use copy::{COPYING, copy_library, probe, remove_copied};
use docent_library::{DATABASE, FolderLock};
use pointer::Pointer;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use pointer::FailedMove;

/// Between the name of a folder that the library has left and the time of the move.
const MOVED: &str = ".moved-";

/// The folder of the library whose usual one is `usual`.
///
/// # Errors
/// When the pointer is there but cannot be read: where the library lies is unknown then.
pub fn current(usual: &Path) -> Result<PathBuf, KeepingError> {
    Ok(Pointer::read(usual)?.folder_or(usual))
}

/// Whether the next start will move the library.
pub fn is_waiting(usual: &Path) -> bool {
    Pointer::read(usual).is_ok_and(|pointer| pointer.wanted.is_some())
}

/// The last move, if it failed and none was asked for since.
///
/// # Errors
/// When the pointer cannot be read.
pub fn failed_move(usual: &Path) -> Result<Option<FailedMove>, KeepingError> {
    Ok(Pointer::read(usual)?.failed)
}

/// Has the next start move the library to `folder`, which must be empty or not exist. Gives the name
/// under which the old folder will be kept.
///
/// # Errors
/// When the folder cannot be used: not empty, not writable, inside the library, without enough space
/// names that the system refuses.
pub fn request(usual: &Path, folder: &Path, now_ms: i64) -> Result<PathBuf, KeepingError> {
    let mut pointer = Pointer::read(usual)?;
    let from = pointer.folder_or(usual);
    if !folder.is_absolute() {
        return Err(KeepingError::bad_path(folder, "it is not an absolute path"));
    }
    if folder.starts_with(&from) || from.starts_with(folder) {
        return Err(KeepingError::unsuitable(folder, "it lies within the present folder, or holds it"));
    }
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => return Err(KeepingError::FolderNotEmpty { path: folder.to_path_buf() }),
        Ok(false) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(|source| KeepingError::file("making", folder, source))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(KeepingError::unsuitable(folder, "it is not a folder"));
        }
        Err(source) => return Err(KeepingError::file("listing", folder, source)),
    }
    probe(folder)?;
    let kept = kept_name(&from, now_ms);
    pointer.wanted = Some(folder.to_path_buf());
    pointer.kept = Some(kept.clone());
    pointer.failed = None;
    pointer.write(usual)?;
    Ok(kept)
}

/// Fulfils a wish of [`request`]. To be called before the library is opened. Gives the folder to be
/// used from now on. A move that fails leaves the library where it is and is told by [`failed_move`].
///
/// # Errors
/// When the library must not be opened: its folder is not there ([`KeepingError::Away`]), where it is
/// cannot be read, another docent uses it. The wish is kept.
pub fn finish_pending(usual: &Path, now_ms: i64) -> Result<PathBuf, KeepingError> {
    let mut pointer = Pointer::read(usual)?;
    let from = pointer.folder_or(usual);
    if pointer.folder.is_some() && !holds_library(&from) {
        return Err(KeepingError::away("the library", from));
    }
    let Some(to) = pointer.wanted.clone() else { return Ok(from) };
    // A wish of an older docent names none.
    let kept = pointer.kept.clone().unwrap_or_else(|| kept_name(&from, now_ms));
    // Without a folder of its own and without the usual one nothing was ever stored.
    let lock = if from.is_dir() { Some(FolderLock::take(&from)?) } else { None };
    if let Err(error) = move_library(&from, &to) {
        tracing::error!(%error, "the library was not moved");
        // The library stays where it is, told or not.
        if let Err(error) = pointer.give_up(usual, &to, &error) {
            tracing::warn!(%error, "that the library was not moved could not be written down");
        }
        return Ok(from);
    }
    // Under both names: that the folder gets the new one is not certain.
    pointer.arrive(usual, &to, [from.clone(), kept.clone()])?;
    if let Err(error) = remove_if_there(&to.join(COPYING)) {
        tracing::warn!(%error, "the mark of a move stays");
    }
    drop(lock);
    // From here on the new folder counts; that the old one keeps its name would be no harm.
    if from.is_dir()
        && let Err(error) = fs::rename(&from, kept)
    {
        tracing::warn!(%error, "the old folder of the library keeps its name");
    }
    Ok(to)
}

/// Every folder in which a move has left the library whose usual folder is `usual`: a whole copy of how it
/// stood then, wherever it was at the time. What cannot be found, as on a drive that is not connected, is
/// left out.
pub fn left_copies(usual: &Path) -> Vec<PathBuf> {
    // Whoever opens the library says that the pointer cannot be read; what is beside it is seen all the same.
    let pointer = Pointer::read(usual).unwrap_or_default();
    let in_use = pointer.folder_or(usual);
    // An older docent wrote down none.
    let mut folders = left_behind(usual);
    folders.extend(left_behind(&in_use));
    folders.extend(pointer.left);
    folders.retain(|folder| *folder != in_use && folder.join(DATABASE).is_file());
    folders.sort();
    folders.dedup();
    folders
}

/// Folders beside `folder` in which a move has left the library that was at `folder`: a whole copy of
/// how it stood then. What cannot be listed is none.
pub fn left_behind(folder: &Path) -> Vec<PathBuf> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name().and_then(OsStr::to_str)) else {
        return Vec::new();
    };
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let beginning = format!("{name}{MOVED}");
    let named = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.starts_with(&beginning))
    });
    let mut folders: Vec<PathBuf> =
        named.map(|entry| entry.path()).filter(|folder| folder.join(DATABASE).is_file()).collect();
    folders.sort();
    folders
}

/// Whether a folder holds a library, or one that is being exchanged for a restored one.
fn holds_library(folder: &Path) -> bool {
    folder.join(DATABASE).is_file() || crate::backup::restore_waits(folder)
}

/// Copies everything. What was copied of it is removed if that fails, so that the same folder can be
/// chosen again.
fn move_library(from: &Path, to: &Path) -> Result<(), KeepingError> {
    if !to.is_dir() {
        return Err(KeepingError::away("the place for the library", to));
    }
    if !from.is_dir() {
        return Ok(());
    }
    if to.join(COPYING).is_file() {
        // An attempt was interrupted. An old log beside a new database would damage it.
        remove_copied(from, to)?;
    }
    let is_empty = fs::read_dir(to).map(|mut entries| entries.next().is_none());
    if !is_empty.map_err(|source| KeepingError::file("listing", to, source))? {
        return Err(KeepingError::FolderNotEmpty { path: to.to_path_buf() });
    }
    copy_library(from, to).inspect_err(|_| {
        if let Err(error) = remove_copied(from, to) {
            tracing::warn!(%error, "what was copied of the library stays");
        }
    })
}

fn kept_name(from: &Path, now_ms: i64) -> PathBuf {
    let mut name = from.file_name().unwrap_or_default().to_owned();
    name.push(format!("{MOVED}{now_ms}"));
    from.with_file_name(name)
}

#[cfg(test)]
mod tests;
