//! The folder on disk: writes that have reached it when they return, the address of a folder, and
//! what its file system can do.

use super::files::DurableFiles;
use crate::StoreError;
use lance_io::object_store::{ObjectStore, ObjectStoreParams, ObjectStoreProvider, ObjectStoreRegistry};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use url::Url;

/// The scheme whose files go through [`Durable`]. Under `file` the engine writes data files past any
/// wrapper, and never syncs them: after a power cut the newest version may be named but empty
/// (tenequm/pond#110). This scheme keeps the commit by hard link, which is safe between writers.
const SCHEME: &str = "file-object-store";

/// How much is read at least, in bytes; that of local files.
const BLOCK_BYTES: usize = 4_096;
/// Reads and writes under way at once.
const PARALLEL: usize = 8;
/// How often a read is tried again.
const RETRIES: usize = 3;

/// Local files that are synced, with their folder, before a write returns.
#[derive(Debug)]
struct Durable;

#[async_trait::async_trait]
impl ObjectStoreProvider for Durable {
    async fn new_store(&self, base: Url, _params: &ObjectStoreParams) -> lance::Result<ObjectStore> {
        Ok(ObjectStore::new(
            Arc::new(DurableFiles::new()),
            base,
            Some(BLOCK_BYTES),
            None,
            false,
            false,
            PARALLEL,
            RETRIES,
            None,
        ))
    }
    // `extract_path` stays the trait's own, which undoes the percent-encoding of `address`. With
    // `Path::from_absolute_path` a folder with a space would get a second, encoded one beside it.
}

/// Object stores by scheme, with durable local files.
pub(super) fn registry() -> Arc<ObjectStoreRegistry> {
    let registry = ObjectStoreRegistry::default();
    registry.insert(SCHEME, Arc::new(Durable));
    Arc::new(registry)
}

/// Makes the folder if need be, checks that it can hold tables and returns its full path.
pub(super) fn prepare(folder: &Path) -> Result<PathBuf, StoreError> {
    let failed = |source| StoreError::Folder { path: folder.to_owned(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    let full = full_path(folder)?;
    probe_hard_links(&full)?;
    Ok(full)
}

/// The full path of a folder that is there.
pub(super) fn full_path(folder: &Path) -> Result<PathBuf, StoreError> {
    // `..` and links are resolved; Windows' canonical form (`\\?\`) has no address.
    let full = if cfg!(windows) { std::path::absolute(folder) } else { fs::canonicalize(folder) };
    full.map_err(|source| StoreError::Folder { path: folder.to_owned(), source })
}

/// A commit puts the description of a version in place by a hard link, so that of two writers one
/// fails. Without hard links (exFAT, some network drives) no commit succeeds.
fn probe_hard_links(folder: &Path) -> Result<(), StoreError> {
    let first = folder.join(format!(".probe-{}-a", std::process::id()));
    let second = folder.join(format!(".probe-{}-b", std::process::id()));
    let sweep = || {
        // Absent is the usual case.
        let _ = fs::remove_file(&first);
        let _ = fs::remove_file(&second);
    };
    sweep();
    fs::write(&first, b"probe").map_err(|source| StoreError::Folder { path: first.clone(), source })?;
    let linked = fs::hard_link(&first, &second);
    sweep();
    linked.map_err(|source| StoreError::NoHardLinks { folder: folder.to_owned(), source })
}

/// The folder as the engine's address, percent-encoded.
pub(super) fn address(folder: &Path) -> Result<String, StoreError> {
    let invalid = || StoreError::Folder {
        path: folder.to_owned(),
        source: std::io::Error::new(
            std::io::ErrorKind::InvalidInput,
            "the path cannot be written as an address",
        ),
    };
    // The engine decodes addresses as UTF-8.
    folder.to_str().ok_or_else(invalid)?;
    let url = Url::from_file_path(folder).map_err(|()| invalid())?;
    // `Url::set_scheme` refuses to leave `file`.
    let rest = url.as_str().strip_prefix("file").ok_or_else(invalid)?;
    Ok(format!("{SCHEME}{rest}"))
}

/// Deletes the tables of a folder whose names `unused` says yes to, also those that were set aside, and
/// gives how many went. They must not be open anywhere. What cannot be deleted stays, for the next time.
pub fn remove_tables(folder: &Path, unused: impl Fn(&str) -> bool) -> usize {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let tables =
        entries.flatten().filter(|entry| entry.file_name().to_str().and_then(table_of).is_some_and(&unused));
    tables.filter(|entry| fs::remove_dir_all(entry.path()).is_ok()).count()
}

/// Which table a folder of this name is, or was before it was set aside.
fn table_of(name: &str) -> Option<&str> {
    match name.rsplit_once(".lance.bad-") {
        Some((table, number)) => number.bytes().all(|digit| digit.is_ascii_digit()).then_some(table),
        None => name.strip_suffix(".lance"),
    }
}

/// Renames a folder to the first free `<name>.bad-<n>` and returns the new path.
pub(super) fn set_aside(folder: &Path) -> Result<PathBuf, StoreError> {
    let failed = |source| StoreError::Folder { path: folder.to_owned(), source };
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut n = 1u32;
    loop {
        let aside = folder.with_file_name(format!("{name}.bad-{n}"));
        if !aside.try_exists().map_err(failed)? {
            fs::rename(folder, &aside).map_err(failed)?;
            return Ok(aside);
        }
        n += 1;
    }
}

/// Deletes what [`set_aside`] has made of this folder: it could not be used, and the rows were written again.
pub(super) fn remove_set_aside(folder: &Path) -> std::io::Result<()> {
    let (Some(parent), Some(name)) = (folder.parent(), folder.file_name()) else { return Ok(()) };
    let start = format!("{}.bad-", name.to_string_lossy());
    for entry in fs::read_dir(parent)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(&start) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Bytes of all files below a folder. What cannot be looked at counts nothing.
pub(super) fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Bytes that may still be written to the disk of this folder, if the system tells.
#[cfg(unix)]
pub(super) fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// Not asked for on this system.
#[cfg(not(unix))]
pub(super) fn free_bytes(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_any_name() {
        for name in ["plain", "with space", "知识库", "a#b?c%20[d]", "é ñ"] {
            let folder = tempfile::tempdir().unwrap();
            let folder = fs::canonicalize(folder.path()).unwrap().join(name);
            let address = address(&folder).unwrap();
            let url = Url::parse(&address).unwrap();
            assert_eq!(url.scheme(), SCHEME);
            let path = Durable.extract_path(&url).unwrap();
            assert_eq!(format!("/{path}"), folder.to_str().unwrap(), "{address}");
        }
    }

    #[test]
    fn setting_aside_takes_the_next_free_name() {
        let base = tempfile::tempdir().unwrap();
        let table = base.path().join("t.lance");
        for n in 1..=3 {
            fs::create_dir(&table).unwrap();
            fs::write(table.join("file"), [0u8; 10]).unwrap();
            assert_eq!(set_aside(&table).unwrap(), base.path().join(format!("t.lance.bad-{n}")));
        }
        assert_eq!(bytes_below(base.path()), 30);
    }

    #[test]
    fn unused_tables_go_with_what_was_set_aside_of_them() {
        let base = tempfile::tempdir().unwrap();
        for name in
            ["a.lance", "a.lance.bad-1", "a.lance.bad-12", "b.lance", "b.lance.bad-1", "a", "a.lance.x"]
        {
            fs::create_dir(base.path().join(name)).unwrap();
        }
        assert_eq!(remove_tables(base.path(), |table| table == "a"), 3);
        let mut left: Vec<_> = fs::read_dir(base.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["a", "a.lance.x", "b.lance", "b.lance.bad-1"]);
    }

    #[test]
    fn the_probe_leaves_nothing_behind() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("new").join("folder");
        let full = prepare(&folder).unwrap();
        assert_eq!(fs::read_dir(&full).unwrap().count(), 0);
        assert!(free_bytes(&full).is_none_or(|bytes| bytes > 0));
        fs::write(base.path().join("file"), b"").unwrap();
        assert_eq!(prepare(&base.path().join("file")).unwrap_err().code(), "store_folder");
    }
}
