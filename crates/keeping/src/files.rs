//! Writing files so that a power cut leaves the old state or the new one.

use crate::KeepingError;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How the names of unfinished files end.
pub(crate) const PART_ENDING: &str = ".docent-part";
/// Longest name that stands whole in the name of an unfinished file, in bytes.
const WHOLE_BYTES: usize = 100;

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

/// A path beside another one, hidden, with this ending. A long name stands there as its hash: with the
/// ending it would be longer than file systems allow.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let own = path.file_name().unwrap_or_default();
    let mut name = std::ffi::OsString::from(".");
    if own.len() <= WHOLE_BYTES {
        name.push(own);
    } else {
        name.push(blake3::hash(own.as_encoded_bytes()).to_hex().as_str());
    }
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

    #[test]
    fn a_file_of_the_longest_name_is_written_too() {
        let folder = tempfile::tempdir().unwrap();
        // 255 bytes: what common file systems hold.
        let (one, other) = (format!("{}1", "x".repeat(254)), format!("{}2", "x".repeat(254)));
        for name in [&one, &other] {
            write_whole(&folder.path().join(name), name.as_bytes()).unwrap();
            assert_eq!(fs::read(folder.path().join(name)).unwrap(), name.as_bytes());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        let part = |name: &str| beside(&folder.path().join(name), PART_ENDING);
        assert_ne!(part(&one), part(&other), "unfinished, they are two as well");
        assert_eq!(part("a.md").file_name().unwrap(), ".a.md.docent-part");
    }
}
