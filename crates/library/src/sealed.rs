//! A library that can be read and not written: its disk is full, or its folder may not be changed. What it
//! holds can be found all the same.
//!
//! Reading a database with a write-ahead log makes files beside it as well, which is not possible here.
//! A log that is empty is left out: without it the database is whole, and nobody else writes it, because
//! the folder's lock is held. A log that a crash left is read as it is, its index in memory.

use crate::DATABASE;
use crate::Library;
use crate::connection::{check, was_clean};
use crate::error::{LibraryError, Step};
use crate::lock;
use crate::migrate::{self, MIGRATIONS};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// Why nothing can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// The disk is full.
    Full,
    /// The folder may not be changed.
    ReadOnly,
}

impl Sealed {
    fn of(refused: &LibraryError) -> Option<Self> {
        match refused {
            LibraryError::Full => Some(Self::Full),
            LibraryError::ReadOnly => Some(Self::ReadOnly),
            _ => None,
        }
    }

    fn refusal(self) -> LibraryError {
        match self {
            Self::Full => LibraryError::Full,
            Self::ReadOnly => LibraryError::ReadOnly,
        }
    }
}

/// How a sealed library is opened.
#[derive(Clone, Debug)]
pub(crate) struct Seal {
    pub(crate) why: Sealed,
    address: String,
}

impl Seal {
    /// The database in a form in which SQLite makes no file beside it; an error if there is none.
    fn of(database: &Path, why: Sealed) -> Result<Self, LibraryError> {
        let length = |ending: &str| {
            let beside = database.with_extension(ending);
            std::fs::metadata(beside).map_or(0, |file| file.len())
        };
        // What a file system without a log leaves after a crash must be written back first.
        if !database.is_file() || length("db-journal") > 0 {
            return Err(why.refusal());
        }
        let path = database.to_str().filter(|path| path.starts_with('/')).ok_or_else(|| why.refusal())?;
        // As <https://www.sqlite.org/uri.html> wants it.
        let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
        let way = if length("db-wal") == 0 { "immutable=1" } else { "mode=ro&readonly_shm=1" };
        Ok(Self { why, address: format!("file:{path}?{way}") })
    }

    pub(crate) fn connect(&self) -> Result<Connection, LibraryError> {
        let step = "opening the database to read it";
        let flags =
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(&self.address, flags).step(step)?;
        connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF").step(step)?;
        Ok(connection)
    }

    /// What is answered to whoever wants to write.
    pub(crate) fn refusal(&self) -> LibraryError {
        self.why.refusal()
    }
}

impl Library {
    /// Opens the library for reading after [`Library::open`] was `refused` because the disk is full or
    /// the folder may not be changed: all that it holds can be read, every call that writes is refused
    /// in the same way. It stays so until it is opened again. Not done on Windows.
    ///
    /// # Errors
    /// `refused` itself if it says something else, if the library is of another version, and if it cannot
    /// be read without writing either; [`LibraryError::InUse`] and [`LibraryError::Damaged`].
    pub fn open_for_reading(data: &Path, refused: LibraryError) -> Result<Self, LibraryError> {
        let Some(why) = Sealed::of(&refused) else { return Err(refused) };
        match sealed(data, why) {
            Err(error @ (LibraryError::InUse | LibraryError::Damaged { .. })) => Err(error),
            Err(error) => {
                tracing::info!(%error, "the library cannot be opened for reading");
                Err(refused)
            }
            opened => opened,
        }
    }

    /// Why nothing can be written, if that is so.
    pub fn sealed(&self) -> Option<Sealed> {
        self.seal().map(|seal| seal.why)
    }

    /// For whoever works long before it writes.
    ///
    /// # Errors
    /// What every call that writes answers, if the library is sealed.
    pub fn ensure_writable(&self) -> Result<(), LibraryError> {
        self.sealed().map_or(Ok(()), |why| Err(why.refusal()))
    }
}

fn sealed(data: &Path, why: Sealed) -> Result<Library, LibraryError> {
    let lock = match lock::take_for_reading(data)? {
        Some(lock) => Some(lock),
        // Nobody else writes what cannot be written.
        None if why == Sealed::ReadOnly => None,
        None => return Err(why.refusal()),
    };
    let database = data.join(DATABASE);
    let seal = Seal::of(&database, why)?;
    let connection = seal.connect()?;
    if migrate::version(&connection, MIGRATIONS)? as usize != MIGRATIONS.len() {
        return Err(why.refusal());
    }
    if !was_clean(&connection)? {
        check(&connection)?;
    }
    Ok(Library::assemble(data, database, connection, lock, Some(seal)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;
    use std::path::PathBuf;

    fn for_reading(data: &Path) -> Result<Library, LibraryError> {
        Library::open_for_reading(data, LibraryError::ReadOnly)
    }

    #[cfg(unix)]
    #[test]
    fn what_was_kept_is_read_and_nothing_is_written() {
        let world = fixture();
        let id = world.index("a.md", "kept text");
        let folder: PathBuf = world.folder.path().join("100% of #1?");
        world.library.close().unwrap();
        drop(world.library);
        std::fs::create_dir(&folder).unwrap();
        std::fs::copy(world.folder.path().join(DATABASE), folder.join(DATABASE)).unwrap();
        let library = for_reading(&folder).unwrap();
        assert_eq!(library.sealed(), Some(Sealed::ReadOnly));
        assert_eq!(library.ensure_writable().unwrap_err().code(), LibraryError::ReadOnly.code());
        assert_eq!(library.search_like("kept", 9).unwrap().len(), 1);
        let refusals = [
            library.set_setting("k", &1).unwrap_err(),
            library.delete_document(id, 5).unwrap_err(),
            library.requeue_stranded().unwrap_err(),
        ];
        assert!(refusals.iter().all(|refusal| refusal.code() == "read_only"), "{refusals:?}");
        library.close().unwrap();
        drop(library);
        let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names, [DATABASE], "nothing is left beside it");
    }

    #[cfg(unix)]
    #[test]
    fn what_a_crash_left_in_the_log_is_read_too() {
        let world = fixture();
        world.index("a.md", "kept text");
        let copy = tempfile::tempdir().unwrap();
        for name in ["app.db", "app.db-wal", "app.db-shm"] {
            std::fs::copy(world.folder.path().join(name), copy.path().join(name)).unwrap();
        }
        let library = for_reading(copy.path()).unwrap();
        for _ in 0..3 {
            assert_eq!(library.search_like("kept", 9).unwrap().len(), 1);
        }
    }

    #[test]
    fn another_failure_and_a_missing_library_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(for_reading(folder.path()).unwrap_err().code(), "read_only");
        let other = Library::open_for_reading(folder.path(), LibraryError::InUse).unwrap_err();
        assert_eq!(other.code(), "in_use");
    }

    #[test]
    fn a_library_that_is_in_use_is_not_read_beside_its_user() {
        let world = fixture();
        assert_eq!(for_reading(world.folder.path()).unwrap_err().code(), "in_use");
    }
}
