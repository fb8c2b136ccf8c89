//! Copying a library's folder, compared byte by byte, and taking a copy back.

use crate::KeepingError;
use crate::files::{sync_folder, write_whole};
use crate::listing::files_below;
use crate::tree::{remove_if_there, remove_tree};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Stands in a folder that was empty and is being copied to: what has a name of the library's in it is
/// a copy. It lies there and not in the pointer, for another drive may stand at the same path by now.
pub(super) const COPYING: &str = ".docent-moving";
/// What is not copied: it belongs to a running docent, can be made again, or is the file system's.
const NOT_COPIED: &[&str] = &["LOCK", "tmp", "app.db-shm", "lost+found", COPYING];
/// What a copy may hold that is not in the library any more: an interrupted attempt is some time ago.
const GONE_MEANWHILE: &[&str] =
    &["app.db", "app.db-wal", "lance", "prompt-states", "restore.new", "restore.ready"];

/// Copies everything that belongs to a library to an empty folder, and leaves [`COPYING`] in it.
pub(super) fn copy_library(from: &Path, to: &Path) -> Result<(), KeepingError> {
    write_whole(&to.join(COPYING), b"docent is moving its library to this folder\n")?;
    // All or nothing: a library that lacks a part is none.
    for (name, path) in files_below(from)?.whole(NOT_COPIED)? {
        copy(&path, &to.join(&name))?;
    }
    sync_folder(to)
}

/// Removes from `to` what [`copy_library`] put there, and nothing else.
pub(super) fn remove_copied(from: &Path, to: &Path) -> Result<(), KeepingError> {
    let failed = |source| KeepingError::file("listing", from, source);
    let mut names: Vec<OsString> = GONE_MEANWHILE.iter().map(OsString::from).collect();
    for entry in fs::read_dir(from).map_err(failed)? {
        names.push(entry.map_err(failed)?.file_name());
    }
    for path in names.iter().filter(|name| !is_left(name)).map(|name| to.join(name)) {
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => remove_tree(&path)?,
            _ => remove_if_there(&path)?,
        }
    }
    // Last: as long as anything is left, it says what that is.
    remove_if_there(&to.join(COPYING))
}

fn is_left(name: &OsString) -> bool {
    name == "lost+found" || name == COPYING
}

/// Copies a file, flushes it, and reads it again to compare.
fn copy(from: &Path, to: &Path) -> Result<(), KeepingError> {
    let parent = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|source| KeepingError::file("making", parent, source))?;
    fs::copy(from, to).map_err(|source| KeepingError::file("copying", from, source))?;
    let flushed = File::options().write(true).open(to).and_then(|file| file.sync_all());
    flushed.map_err(|source| KeepingError::file("flushing", to, source))?;
    let same = hash(from)? == hash(to)?;
    if !same {
        let error = io::Error::new(io::ErrorKind::InvalidData, "the copy differs");
        return Err(KeepingError::file("comparing", to, error));
    }
    sync_folder(parent)
}

fn hash(path: &Path) -> Result<blake3::Hash, KeepingError> {
    let failed = |source| KeepingError::file("reading", path, source);
    let mut hasher = blake3::Hasher::new();
    let mut file = File::open(path).map_err(failed)?;
    io::copy(&mut file, &mut hasher).map_err(failed)?;
    Ok(hasher.finalize())
}

/// Whether the folder can hold a library: files can be written, renamed over each other and linked
/// (the index makes its versions last by hard links).
pub(super) fn probe(folder: &Path) -> Result<(), KeepingError> {
    let (one, two) = (folder.join(".docent-probe-1"), folder.join(".docent-probe-2"));
    let written =
        fs::write(&one, b"probe").map_err(|source| KeepingError::file("writing into", folder, source));
    // A disk without links refuses them with the same error as one that may not be written.
    let tried = written.and_then(|()| {
        let linked = fs::hard_link(&one, &two).and_then(|()| fs::rename(&one, &two));
        linked.map_err(|source| {
            let reason =
                format!("its disk cannot hold one ({source}); choose a folder on a disk of this machine");
            KeepingError::unsuitable(folder, reason)
        })
    });
    for path in [&one, &two] {
        let _ = fs::remove_file(path);
    }
    tried
}
