//! Where things lie, how they get there whole, and how much room is left.
//!
//! ```text
//! <models>/<model>/<file>             a verified file
//! <models>/<model>/installed.json     the record of its verified files
//! <models>/.partial/<model>/          work in progress: lock, parts, packages
//! ```

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::HubError;
use crate::record::RECORD;

/// Folder names under the folder of all models.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) models: PathBuf,
}

impl Layout {
    /// Where the files of a model are.
    pub(crate) fn folder(&self, model: &str) -> PathBuf {
        self.models.join(model)
    }

    /// The record of a model's verified files.
    pub(crate) fn record(&self, model: &str) -> PathBuf {
        self.folder(model).join(RECORD)
    }

    /// Work in progress on a model.
    pub(crate) fn work(&self, model: &str) -> PathBuf {
        self.models.join(".partial").join(model)
    }
}

/// Name of the lock file in a work folder.
const LOCK: &str = "lock";

/// Only one run works on a model while this lives. The system lets go of it when a process dies.
#[derive(Debug)]
pub(crate) struct ModelLock {
    _file: File,
}

impl ModelLock {
    /// Takes the lock of the model whose work folder is given, or `None` if another has it.
    pub(crate) fn try_take(work: &Path) -> Result<Option<Self>, HubError> {
        make_folder(work)?;
        let path = work.join(LOCK);
        let failed = |source| HubError::Io { step: "lock", path: path.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

/// Makes a folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<(), HubError> {
    std::fs::create_dir_all(path).map_err(|error| write_error("make the folder", path, error, 0))
}

/// Removes a file; that it is not there is fine.
pub(crate) fn remove_file(path: &Path) -> Result<(), HubError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(HubError::Io { step: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Removes a folder with all in it; that it is not there is fine.
pub(crate) fn remove_folder(path: &Path) -> Result<(), HubError> {
    match std::fs::remove_dir_all(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(HubError::Io { step: "remove the folder", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Removes all that is left of work on a model. The lock file stays: whoever waits for it has it open.
pub(crate) fn clear_work(work: &Path) -> Result<(), HubError> {
    for entry in std::fs::read_dir(work).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_file() && entry.file_name() != LOCK {
            remove_file(&path)?;
        }
    }
    Ok(())
}

/// Size of a file, 0 if it is not there.
pub(crate) fn size_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Writes a small file whole or not at all.
pub(crate) fn write_whole(path: &Path, content: &[u8]) -> Result<(), HubError> {
    let draft = path.with_extension("draft");
    let failed = |error| write_error("write", &draft, error, content.len() as u64);
    let mut file = File::create(&draft).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    drop(file);
    put_in_place(&draft, path)
}

/// Moves a finished file to its place, on disk before it gets its name, so that no power cut leaves
/// a half file under a good name.
pub(crate) fn put_in_place(from: &Path, to: &Path) -> Result<(), HubError> {
    let failed = |error| write_error("write", from, error, 0);
    File::options().write(true).open(from).map_err(failed)?.sync_all().map_err(failed)?;
    std::fs::rename(from, to).map_err(|error| write_error("put in place", to, error, 0))?;
    sync_folder(to);
    Ok(())
}

/// Makes a rename last. Not every file system can, and the rename stands without it.
fn sync_folder(file: &Path) {
    #[cfg(unix)]
    if let Some(Ok(folder)) = file.parent().map(File::open) {
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = file;
}

/// The error for a failed write: a full disk is told apart, with what is still `needed`.
pub(crate) fn write_error(step: &'static str, path: &Path, source: std::io::Error, needed: u64) -> HubError {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            HubError::DiskFull { needed, free: free_disk(path).unwrap_or(0) }
        }
        _ => HubError::Io { step, path: path.to_owned(), source },
    }
}

/// Refuses to start what cannot end: `needed` bytes must be free at `path`.
pub(crate) fn require_free(path: &Path, needed: u64) -> Result<(), HubError> {
    match free_disk(path) {
        Some(free) if free < needed => Err(HubError::DiskFull { needed, free }),
        _ => Ok(()),
    }
}

/// Bytes an ordinary user can still write on the file system of `path`, which need not exist yet.
/// `None` where the system does not say; a full disk is then met by the write.
#[cfg(unix)]
pub fn free_disk(path: &Path) -> Option<u64> {
    use std::os::unix::ffi::OsStrExt;

    let existing = path.ancestors().find(|path| path.exists())?;
    let name = std::ffi::CString::new(existing.as_os_str().as_bytes()).ok()?;
    let mut answer = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // The standard library has no call for free space. The name ends in NUL and lives through the
    // call; the answer is read only after the system said that it wrote it.
    #[allow(unsafe_code)]
    let answer = unsafe {
        if libc::statvfs(name.as_ptr(), answer.as_mut_ptr()) != 0 {
            return None;
        }
        answer.assume_init()
    };
    #[allow(clippy::unnecessary_cast, reason = "the fields are narrower on some systems")]
    let free = (answer.f_bavail as u64).saturating_mul(answer.f_frsize as u64);
    Some(free)
}

#[cfg(not(unix))]
pub fn free_disk(_path: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_what_df_says() {
        let folder = tempfile::tempdir().unwrap();
        let ours = free_disk(&folder.path().join("not/there/yet")).unwrap();
        let df = std::process::Command::new("df")
            .args(["--output=avail", "-B1"])
            .arg(folder.path())
            .output()
            .unwrap();
        let text = String::from_utf8(df.stdout).unwrap();
        let theirs: u64 = text.lines().last().unwrap().trim().parse().unwrap();
        // Others write to the same disk meanwhile.
        assert!(ours.abs_diff(theirs) < 1 << 31, "{ours} {theirs}");
        assert!(require_free(folder.path(), 1).is_ok());
        assert_eq!(require_free(folder.path(), u64::MAX).unwrap_err().code(), "disk_full");
    }

    #[test]
    fn a_lock_is_held_by_one_and_freed_by_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        let lock = ModelLock::try_take(&work).unwrap().unwrap();
        assert!(ModelLock::try_take(&work).unwrap().is_none());
        drop(lock);
        assert!(ModelLock::try_take(&work).unwrap().is_some());
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
