//! A copy of the whole database at one moment, made while others write.

use crate::Library;
use crate::error::{LibraryError, Step};
use crate::lock::{private_file, sync_folder};
use std::fs::File;
use std::path::Path;

/// Name of the database in the data folder and in a backup.
pub const DATABASE: &str = "app.db";

impl Library {
    /// Writes a complete copy of the database to `path`, which must not exist: what it holds is what
    /// was there at one moment. When it returns, the copy is on disk.
    pub fn snapshot(&self, path: &Path) -> Result<(), LibraryError> {
        let step = "copying the database";
        let name = path.to_str().ok_or_else(|| {
            LibraryError::conflict(format_args!("the path {} is not Unicode", path.display()))
        })?;
        private_file(path, true)?;
        // Not inside a transaction; the statement reads one state by itself. It counts as writing, so it
        // needs a connection that may.
        self.new_connection()?.execute("VACUUM INTO ?1", [name]).step(step)?;
        let flushed = File::options().write(true).open(path).and_then(|file| file.sync_all());
        flushed.map_err(|source| LibraryError::io("flushing", path, source))?;
        sync_folder(path.parent().unwrap_or(Path::new(".")))
    }
}

#[cfg(test)]
mod tests {
    use crate::Library;
    use crate::testing::fixture;

    #[test]
    fn a_snapshot_is_a_library_of_its_own() {
        let world = fixture();
        world.index("a.md", "kept here");
        let folder = tempfile::tempdir().unwrap();
        world.library.snapshot(&folder.path().join("app.db")).unwrap();
        world.index("b.md", "later here");
        let (copy, opened) = Library::open(folder.path()).unwrap();
        assert!(!opened.created);
        assert_eq!(copy.search_like("here", 9).unwrap().len(), 1);
        assert_eq!(world.library.search_like("here", 9).unwrap().len(), 2);
        assert!(world.library.snapshot(&folder.path().join("app.db")).is_err(), "nothing is overwritten");
    }
}
