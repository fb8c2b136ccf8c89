//! The data folder and its lock: one docent per folder, readable by its owner only.

use crate::error::LibraryError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

/// The right to change a data folder. Held for as long as the library is open; the system frees it
/// when the process ends in any way.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

impl FolderLock {
    /// Takes the lock of a data folder without opening the library in it, for those who exchange the
    /// library as a whole. Creates the folder if need be.
    ///
    /// # Errors
    /// [`LibraryError::InUse`] while another docent has it.
    pub fn take(data: &Path) -> Result<Self, LibraryError> {
        take(data)
    }
}

/// Creates the data folder if need be, closed to other users, and takes its lock.
pub(crate) fn take(data: &Path) -> Result<FolderLock, LibraryError> {
    make_folder(data)?;
    let path = data.join("LOCK");
    held(private_file(&path, false)?, &path)
}

/// Takes the lock of a data folder in which nothing can be written; `None` if there is no file to lock.
pub(crate) fn take_for_reading(data: &Path) -> Result<Option<FolderLock>, LibraryError> {
    let path = data.join("LOCK");
    match File::open(&path) {
        Ok(file) => held(file, &path).map(Some),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(LibraryError::io("opening", path, source)),
    }
}

fn held(file: File, path: &Path) -> Result<FolderLock, LibraryError> {
    match file.try_lock() {
        Ok(()) => Ok(FolderLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(LibraryError::InUse),
        Err(TryLockError::Error(source)) => Err(LibraryError::io("locking", path, source)),
    }
}

/// Opens or creates a file that only its owner may read. `new` refuses one that exists.
pub(crate) fn private_file(path: &Path, new: bool) -> Result<File, LibraryError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).truncate(false);
    if new {
        options.create_new(true);
    } else {
        options.create(true);
    }
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|source| LibraryError::io("opening", path, source))?;
    restrict(path, 0o600)?;
    Ok(file)
}

/// Makes names created, renamed or removed in `folder` survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), LibraryError> {
    // Windows has no way to flush a folder.
    if cfg!(unix) {
        let done = File::open(folder).and_then(|folder| folder.sync_all());
        done.map_err(|source| LibraryError::io("flushing", folder, source))?;
    }
    Ok(())
}

fn make_folder(data: &Path) -> Result<(), LibraryError> {
    let failed = |source| LibraryError::io("creating", data, source);
    if !data.exists() {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        return builder.create(data).map_err(failed);
    }
    if is_docents(data).map_err(failed)? {
        restrict(data, 0o700)?;
    }
    Ok(())
}

/// What docent itself lays into its folder.
const OWN_NAMES: [&str; 7] = ["LOCK", "app.db", "lance", "models", "originals", "logs", "tmp"];

/// Whether an existing folder holds nothing but docent's own. A folder that holds something else is
/// not closed to others: it may be shared on purpose.
fn is_docents(data: &Path) -> std::io::Result<bool> {
    for entry in fs::read_dir(data)? {
        let name = entry?.file_name();
        let own = name.to_str().is_some_and(|name| OWN_NAMES.contains(&name) || name.starts_with("app.db"));
        if !own {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> Result<(), LibraryError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |source| LibraryError::io("restricting", path, source);
    let present = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
    if present & !mode != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(present & mode)).map_err(failed)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn restrict(_path: &Path, _mode: u32) -> Result<(), LibraryError> {
    // On Windows a profile folder is private by inheritance.
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_holder_is_refused_until_the_first_lets_go() {
        let folder = tempfile::tempdir().unwrap();
        let first = take(folder.path()).unwrap();
        assert!(matches!(take(folder.path()), Err(LibraryError::InUse)));
        drop(first);
        take(folder.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn folder_and_files_are_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let _lock = take(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o700);
        assert_eq!(mode(&folder.path().join("LOCK")), 0o600);
        let deep = folder.path().join("a").join("b");
        let _deep = take(&deep).unwrap();
        assert_eq!(mode(&deep), 0o700);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_shared_with_other_things_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("someone-else.txt"), "x").unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let _lock = take(folder.path()).unwrap();
        let mode = fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o755);
    }

    #[test]
    fn a_file_in_place_of_the_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data");
        fs::write(&path, "x").unwrap();
        assert_eq!(take(&path).unwrap_err().code(), "io");
    }
}
