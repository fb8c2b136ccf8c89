//! Moving the library to another folder.
//!
//! The folder of the library is the usual one, unless a small file beside it (the pointer) names
//! another. As with a restore, nothing is moved while it is open: [`request`] writes down the wish,
//! [`finish_pending`] fulfils it at the next start: it copies, compares, points to the copy, and gives
//! the old folder a name that says what it is. The old folder is never deleted.

use crate::KeepingError;
use crate::files::{files_below, sync_folder, write_whole};
use docent_library::FolderLock;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Name of the pointer, beside the usual folder.
const POINTER: &str = "library-folder.json";
/// What is not copied: it belongs to a running docent, or can be made again.
const NOT_COPIED: &[&str] = &["LOCK", "tmp", "app.db-shm"];

/// Where the library lies, and where it is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Pointer {
    /// The folder in use; absent means the usual one.
    folder: Option<PathBuf>,
    /// The folder that is wanted at the next start.
    wanted: Option<PathBuf>,
}

/// The folder of the library whose usual one is `usual`.
pub fn current(usual: &Path) -> PathBuf {
    read(usual).folder.unwrap_or_else(|| usual.to_path_buf())
}

/// Has the next start move the library to `folder`, which must be empty or not exist. Gives the name
/// under which the old folder will be kept.
///
/// # Errors
/// When the folder cannot be used: not empty, not writable, inside the library, without enough space
/// names that the system refuses.
pub fn request(usual: &Path, folder: &Path, now_ms: i64) -> Result<PathBuf, KeepingError> {
    let from = current(usual);
    if !folder.is_absolute() {
        return Err(KeepingError::bad_path(folder, "it is not an absolute path"));
    }
    if folder.starts_with(&from) || from.starts_with(folder) {
        return Err(KeepingError::bad_path(folder, "it lies within the present folder, or holds it"));
    }
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(true) => return Err(KeepingError::bad_path(folder, "it is not empty")),
        Ok(false) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder).map_err(|source| KeepingError::file("making", folder, source))?;
        }
        Err(source) => return Err(KeepingError::file("listing", folder, source)),
    }
    probe(folder)?;
    let mut pointer = read(usual);
    pointer.wanted = Some(folder.to_path_buf());
    write(usual, &pointer)?;
    Ok(kept_name(&from, now_ms))
}

/// Fulfils a wish of [`request`]. To be called before the library is opened. Gives the folder to be
/// used from now on.
///
/// # Errors
/// When copying fails; the old folder stays in use, and the wish is withdrawn.
pub fn finish_pending(usual: &Path, now_ms: i64) -> Result<PathBuf, KeepingError> {
    let mut pointer = read(usual);
    let from = pointer.folder.clone().unwrap_or_else(|| usual.to_path_buf());
    let Some(to) = pointer.wanted.take() else { return Ok(from) };
    let moved = move_library(&from, &to);
    if moved.is_ok() {
        pointer.folder = (to != usual).then(|| to.clone());
    }
    write(usual, &pointer)?;
    moved?;
    // From here on the new folder counts; that the old one keeps its name would be no harm.
    if let Err(error) = fs::rename(&from, kept_name(&from, now_ms)) {
        tracing::warn!(%error, "the old folder of the library keeps its name");
    }
    Ok(to)
}

fn move_library(from: &Path, to: &Path) -> Result<(), KeepingError> {
    if !from.is_dir() {
        return Ok(()); // nothing was ever stored
    }
    let _lock = FolderLock::take(from)?;
    for (name, path) in files_below(from)? {
        if NOT_COPIED.contains(&name.split('/').next().unwrap_or_default()) {
            continue;
        }
        copy(&path, &to.join(&name))?;
    }
    sync_folder(to)
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
fn probe(folder: &Path) -> Result<(), KeepingError> {
    let (one, two) = (folder.join(".docent-probe-1"), folder.join(".docent-probe-2"));
    let tried = fs::write(&one, b"probe")
        .and_then(|()| fs::hard_link(&one, &two))
        .and_then(|()| fs::rename(&one, &two));
    for path in [&one, &two] {
        let _ = fs::remove_file(path);
    }
    tried.map_err(|source| {
        KeepingError::bad_path(
            folder,
            format!("it cannot hold a library ({source}); choose a folder on a disk of this machine"),
        )
    })
}

fn kept_name(from: &Path, now_ms: i64) -> PathBuf {
    let mut name = from.file_name().unwrap_or_default().to_owned();
    name.push(format!(".moved-{now_ms}"));
    from.with_file_name(name)
}

fn pointer_path(usual: &Path) -> PathBuf {
    usual.with_file_name(POINTER)
}

fn read(usual: &Path) -> Pointer {
    let bytes = fs::read(pointer_path(usual)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

fn write(usual: &Path, pointer: &Pointer) -> Result<(), KeepingError> {
    let path = pointer_path(usual);
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|source| KeepingError::file("making", parent, source))?;
    let json = serde_json::to_vec_pretty(pointer)
        .map_err(|error| KeepingError::file("writing", &path, io::Error::other(error)))?;
    write_whole(&path, &json)
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_library::Library;

    fn library(data: &Path) {
        let (library, _) = Library::open(data).unwrap();
        library.set_setting("who", &"me").unwrap();
        library.close().unwrap();
        fs::create_dir_all(data.join("lance/表.lance")).unwrap();
        fs::write(data.join("lance/表.lance/1"), "rows").unwrap();
    }

    fn who(data: &Path) -> Option<String> {
        Library::open(data).unwrap().0.get_setting("who").unwrap()
    }

    #[test]
    fn a_library_moves_at_the_next_start_and_the_old_folder_stays() {
        let home = tempfile::tempdir().unwrap();
        let (usual, target) = (home.path().join("docent/library"), home.path().join("disk/书库"));
        library(&usual);
        assert_eq!(current(&usual), usual);
        let kept = request(&usual, &target, 7).unwrap();
        assert_eq!(current(&usual), usual, "not before the next start");
        assert_eq!(finish_pending(&usual, 7).unwrap(), target);
        assert_eq!(current(&usual), target);
        assert_eq!(who(&target).as_deref(), Some("me"));
        assert_eq!(fs::read_to_string(target.join("lance/表.lance/1")).unwrap(), "rows");
        assert_eq!(who(&kept).as_deref(), Some("me"));
        // And back.
        request(&usual, &usual, 8).unwrap();
        assert_eq!(finish_pending(&usual, 8).unwrap(), usual);
        assert_eq!((current(&usual), who(&usual).as_deref()), (usual.clone(), Some("me")));
        assert_eq!(finish_pending(&usual, 9).unwrap(), usual, "nothing left to be done");
    }

    #[test]
    fn folders_that_cannot_hold_it_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let usual = home.path().join("docent/library");
        library(&usual);
        let full = home.path().join("full");
        fs::create_dir(&full).unwrap();
        fs::write(full.join("x"), "").unwrap();
        for folder in [
            full.clone(),
            usual.join("inside"),
            home.path().join("docent"),
            PathBuf::from("relative"),
            full.join("x"),
        ] {
            let failure = request(&usual, &folder, 1).unwrap_err();
            assert!(matches!(failure.code(), "bad_path" | "file"), "{}: {failure}", folder.display());
        }
        assert_eq!(finish_pending(&usual, 1).unwrap(), usual);
    }

    #[test]
    fn a_move_that_fails_leaves_everything_as_it_was() {
        let home = tempfile::tempdir().unwrap();
        let (usual, target) = (home.path().join("docent/library"), home.path().join("disk"));
        library(&usual);
        request(&usual, &target, 7).unwrap();
        let (open, _) = Library::open(&usual).unwrap();
        assert_eq!(finish_pending(&usual, 7).unwrap_err().code(), "in_use");
        drop(open);
        assert_eq!(finish_pending(&usual, 8).unwrap(), usual, "the wish is withdrawn");
        assert_eq!(who(&usual).as_deref(), Some("me"));
    }
}
