//! Writing files so that a power cut leaves the old state or the new one.

use crate::KeepingError;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the names of unfinished files end.
pub(crate) const PART_ENDING: &str = ".docent-part";

/// Writes `bytes` to `path` in one step: whoever looks sees the old file or the whole new one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), KeepingError> {
    // Two writers of one file must not share what they write to.
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let part = beside(path, &format!(".{}-{number}{PART_ENDING}", std::process::id()));
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    if let Err(source) = written {
        // What is left of it is of no use; that it stays is no reason to hide the first error.
        let _ = fs::remove_file(&part);
        return Err(KeepingError::file("writing", path, source));
    }
    put_in_place(&part, path).inspect_err(|_| drop(fs::remove_file(&part)))
}

/// Gives a finished file its final name and makes the name last.
pub(crate) fn put_in_place(part: &Path, path: &Path) -> Result<(), KeepingError> {
    fs::rename(part, path).map_err(|source| KeepingError::file("naming", path, source))?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Makes names created, renamed or removed in `folder` survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), KeepingError> {
    // Windows has no way to flush a folder.
    if cfg!(unix) {
        let done = File::open(folder).and_then(|folder| folder.sync_all());
        done.map_err(|source| KeepingError::file("flushing", folder, source))?;
    }
    Ok(())
}

/// A path beside another one, hidden, with this ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(ending);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("笔记.md");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let failure = write_whole(&folder.path().join("no/such.md"), b"x").unwrap_err();
        assert_eq!(failure.code(), "not_found");
    }
}
