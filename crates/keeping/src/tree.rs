//! Folders as wholes: flushed, moved, removed. What is not there needs nothing done to it, so that
//! work that was interrupted can be done again from its beginning.

use crate::KeepingError;
use crate::files::sync_folder;
use std::fs;
use std::io;
use std::path::Path;

/// Flushes a folder with every folder in it.
pub(crate) fn sync_tree(folder: &Path) -> Result<(), KeepingError> {
    let failed = |source| KeepingError::file("listing", folder, source);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_folder(folder)
}

/// Renames what is there; what is not there was moved by an earlier attempt. Nothing is overwritten.
pub(crate) fn move_over(from: &Path, to: &Path) -> Result<(), KeepingError> {
    if !is_there(from) {
        return Ok(());
    }
    if is_there(to) {
        return Err(KeepingError::Taken { path: to.to_owned() });
    }
    fs::rename(from, to).map_err(|source| KeepingError::file("moving", from, source))
}

/// Whether there is something of this name, also a link that leads nowhere.
pub(crate) fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Removes a folder with everything in it, if it is there.
pub(crate) fn remove_tree(folder: &Path) -> Result<(), KeepingError> {
    unless_gone(fs::remove_dir_all(folder), folder)
}

/// Removes a file, if it is there.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), KeepingError> {
    unless_gone(fs::remove_file(path), path)
}

fn unless_gone(removed: io::Result<()>, path: &Path) -> Result<(), KeepingError> {
    match removed {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(KeepingError::file("removing", path, source))
        }
        _ => Ok(()),
    }
}
