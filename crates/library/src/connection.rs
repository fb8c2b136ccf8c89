//! The open library: its lock, its one writing connection, a few reading ones.

use crate::error::{LibraryError, Step};
use crate::forgotten;
use crate::lock::{self, FolderLock};
use crate::migrate::{self, MIGRATIONS};
use crate::sealed::Seal;
use crate::unindexed;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many idle reading connections are kept.
const READERS: usize = 4;

/// An open library. Share it behind an `Arc`; all methods take `&self` and block.
///
/// Writers wait for each other; readers see the last committed state and wait for nobody. Dropping it
/// without [`Library::close`] loses nothing, but the next start takes it for a crash.
#[derive(Debug)]
pub struct Library {
    data: PathBuf,
    database: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    closed: AtomicBool,
    forgotten: forgotten::Known,
    /// How it is opened where nothing can be written.
    seal: Option<Seal>,
    /// Absent only where nothing can be written, by anybody.
    _lock: Option<FolderLock>,
}

/// How a library was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Whether the last user called [`Library::close`]. True for a new library.
    pub clean_shutdown: bool,
    /// Whether there was no library before.
    pub created: bool,
}

impl Library {
    /// Opens the library in the folder `data`, creating both if need be.
    ///
    /// Takes the folder's lock, so a second docent (or a second call) gets [`LibraryError::InUse`].
    /// After a shutdown that was not clean the database is checked first. A damaged, foreign or newer
    /// database is an error and is left untouched.
    pub fn open(data: &Path) -> Result<(Self, Opened), LibraryError> {
        Self::open_with(data, MIGRATIONS)
    }

    pub(crate) fn open_with(data: &Path, migrations: &[&str]) -> Result<(Self, Opened), LibraryError> {
        let lock = lock::take(data)?;
        let database = data.join("app.db");
        lock::private_file(&database, false)?;
        lock::sync_folder(data)?;
        let connection = connect(&database)?;
        let found = migrate::version(&connection, migrations)?;
        let created = found == 0;
        if created {
            // Only possible before the first table: lets freed pages be given back later.
            connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL").step("setting up")?;
        }
        prepare_writer(&connection)?;
        let clean_shutdown = created || was_clean(&connection)?;
        if !clean_shutdown {
            check(&connection)?;
        }
        let mut connection = migrate::migrate(connection, &database, found, migrations)?;
        begin_session(&mut connection)?;
        let library = Self::assemble(data, database, connection, Some(lock), None);
        Ok((library, Opened { clean_shutdown, created }))
    }

    pub(crate) fn assemble(
        data: &Path,
        database: PathBuf,
        connection: Connection,
        lock: Option<FolderLock>,
        seal: Option<Seal>,
    ) -> Self {
        Self {
            data: data.to_owned(),
            database,
            writer: Mutex::new(connection),
            readers: Mutex::default(),
            closed: AtomicBool::new(false),
            forgotten: forgotten::Known::default(),
            seal,
            _lock: lock,
        }
    }

    /// Records that this shutdown is clean and folds the write-ahead log into the database. The
    /// library stays usable; a later write makes the session unclean again.
    pub fn close(&self) -> Result<(), LibraryError> {
        if self.seal.is_some() {
            return Ok(());
        }
        self.write("closing", |tx| set_clean(tx, true))?;
        self.closed.store(true, Ordering::Release);
        lock_of(&self.readers).clear();
        let writer = lock_of(&self.writer);
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).step("folding the log")
    }

    /// Looks at every page of the database, which takes about as long as reading its file.
    ///
    /// # Errors
    /// [`LibraryError::Damaged`] with the first finding.
    pub fn check(&self) -> Result<(), LibraryError> {
        self.read("checking the database", check)
    }

    /// The folder that was given to [`Library::open`].
    pub fn data_folder(&self) -> &Path {
        &self.data
    }

    pub(crate) fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    pub(crate) fn forgotten(&self) -> &forgotten::Known {
        &self.forgotten
    }

    /// Runs `read` on one consistent state of the database.
    pub(crate) fn read<T>(
        &self,
        step: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, LibraryError>,
    ) -> Result<T, LibraryError> {
        let idle = lock_of(&self.readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => self.new_reader()?,
        };
        let value = {
            let tx = reader.transaction().step(step)?;
            read(&tx)?
        };
        let mut idle = lock_of(&self.readers);
        if idle.len() < READERS {
            idle.push(reader);
        }
        Ok(value)
    }

    /// Runs `write` as one transaction that is on disk when this returns.
    pub(crate) fn write<T>(
        &self,
        step: &'static str,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, LibraryError>,
    ) -> Result<T, LibraryError> {
        self.write_with("PRAGMA synchronous = FULL", step, write)
    }

    /// As [`Library::write`], but a power cut may undo it. For what a rescan finds out again. It can
    /// not undo this and keep a later [`Library::write`]: the log is written in order.
    pub(crate) fn write_relaxed<T>(
        &self,
        step: &'static str,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, LibraryError>,
    ) -> Result<T, LibraryError> {
        self.write_with("PRAGMA synchronous = NORMAL", step, write)
    }

    /// Runs `work` on the writing connection outside a transaction.
    pub(crate) fn with_writer<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        work(&lock_of(&self.writer))
    }

    fn write_with<T>(
        &self,
        durability: &str,
        step: &'static str,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, LibraryError>,
    ) -> Result<T, LibraryError> {
        if let Some(seal) = &self.seal {
            return Err(seal.refusal());
        }
        let mut writer = lock_of(&self.writer);
        writer.execute_batch(durability).step(step)?;
        let tx = writer.transaction_with_behavior(TransactionBehavior::Immediate).step(step)?;
        if self.closed.load(Ordering::Acquire) {
            set_clean(&tx, false)?;
        }
        let value = write(&tx)?;
        tx.commit().step(step)?;
        self.closed.store(false, Ordering::Release);
        Ok(value)
    }

    /// A connection of its own, which may write where anything can be written.
    pub(crate) fn new_connection(&self) -> Result<Connection, LibraryError> {
        match &self.seal {
            Some(seal) => seal.connect(),
            None => connect(&self.database),
        }
    }

    pub(crate) fn new_reader(&self) -> Result<Connection, LibraryError> {
        let reader = self.new_connection()?;
        reader.execute_batch("PRAGMA query_only = ON; PRAGMA cache_size = -8192").step("opening a reader")?;
        Ok(reader)
    }
}

/// A panic inside a transaction rolls it back, so what a poisoned lock guards is still sound.
fn lock_of<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn connect(database: &Path) -> Result<Connection, LibraryError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags).step("opening the database")?;
    connection.busy_timeout(Duration::from_secs(10)).step("opening the database")?;
    // Sorting must not leave text in a shared temporary folder.
    connection
        .execute_batch("PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF")
        .step("opening the database")?;
    Ok(connection)
}

fn prepare_writer(connection: &Connection) -> Result<(), LibraryError> {
    let mode: String =
        connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).step("setting up")?;
    if mode != "wal" {
        tracing::warn!(mode, "no write-ahead log on this file system: readers will wait for writers");
    }
    connection
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384;
             PRAGMA secure_delete = ON",
        )
        .step("setting up")
}

pub(crate) fn was_clean(connection: &Connection) -> Result<bool, LibraryError> {
    connection
        .query_row("SELECT clean_shutdown FROM library", [], |row| row.get(0))
        .step("reading the last shutdown")
}

fn set_clean(connection: &Connection, clean: bool) -> Result<(), LibraryError> {
    connection.execute("UPDATE library SET clean_shutdown = ?1", [clean]).step("recording the shutdown")?;
    Ok(())
}

pub(crate) fn check(connection: &Connection) -> Result<(), LibraryError> {
    let finding: String =
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).step("checking the database")?;
    if finding == "ok" { Ok(()) } else { Err(LibraryError::damaged(finding)) }
}

/// Marks the session as running, and queues again what was being read when the last one ended.
/// Documents of an open batch stay: the batch is finished or given up by whoever indexes.
fn begin_session(connection: &mut Connection) -> Result<(), LibraryError> {
    let step = "beginning a session";
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate).step(step)?;
    set_clean(&tx, false)?;
    unindexed::requeue_stranded(&tx)?;
    tx.commit().step(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fixture, library};
    use std::sync::Arc;

    #[test]
    fn the_library_is_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Library>();
    }

    #[test]
    fn settings_of_the_database_are_as_meant() {
        let (_folder, library) = library();
        library.set_setting("k", &1).unwrap();
        let pragma = |name: &str| -> String {
            let sql = format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}");
            library.with_writer(|db| db.query_row(&sql, [], |row| row.get(0))).unwrap()
        };
        assert_eq!(pragma("journal_mode"), "wal");
        assert_eq!(pragma("synchronous"), "2", "FULL");
        assert_eq!(pragma("foreign_keys"), "1");
        assert_eq!(pragma("auto_vacuum"), "2", "INCREMENTAL");
        assert_eq!(pragma("application_id"), "1685021556");
        assert_eq!(pragma("user_version"), MIGRATIONS.len().to_string());
    }

    #[test]
    fn closing_makes_the_next_start_clean_and_a_later_write_undoes_that() {
        let (folder, library) = library();
        library.close().unwrap();
        drop(library);
        let (library, opened) = Library::open(folder.path()).unwrap();
        assert_eq!(opened, Opened { clean_shutdown: true, created: false });
        drop(library);
        let (library, opened) = Library::open(folder.path()).unwrap();
        assert!(!opened.clean_shutdown, "dropped without closing");
        library.close().unwrap();
        library.close().unwrap();
        library.set_setting("k", &1).unwrap();
        drop(library);
        assert!(!Library::open(folder.path()).unwrap().1.clean_shutdown, "written to after closing");
    }

    #[test]
    fn closing_folds_the_log() {
        let world = fixture();
        world.index("a.md", "text");
        world.library.close().unwrap();
        let log = world.folder.path().join("app.db-wal");
        assert_eq!(std::fs::metadata(log).map_or(0, |log| log.len()), 0);
        assert_eq!(world.live_texts(), ["text"], "and it still answers");
    }

    #[cfg(unix)]
    #[test]
    fn files_are_closed_to_others() {
        use std::os::unix::fs::PermissionsExt;
        let world = fixture();
        world.index("a.md", "text");
        for name in ["LOCK", "app.db", "app.db-wal", "app.db-shm"] {
            let mode = std::fs::metadata(world.folder.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
        }
    }

    #[test]
    fn a_panic_while_writing_changes_nothing_and_blocks_nobody() {
        let world = fixture();
        let library = Arc::new(world.library);
        let other = library.clone();
        let thread = std::thread::spawn(move || {
            other.write("panicking", |tx| {
                tx.execute("INSERT INTO setting VALUES ('k', '1')", []).step("panicking")?;
                panic!("on purpose");
                #[allow(unreachable_code)]
                Ok(())
            })
        });
        assert!(thread.join().is_err());
        assert_eq!(library.get_setting::<u32>("k").unwrap(), None);
        library.set_setting("k", &2).unwrap();
        assert_eq!(library.get_setting::<u32>("k").unwrap(), Some(2));
    }

    #[test]
    fn readers_see_whole_states_while_a_writer_works() {
        let world = fixture();
        let library = Arc::new(world.library);
        let writer = library.clone();
        let thread = std::thread::spawn(move || {
            for round in 0..200_u32 {
                let both = |tx: &Transaction<'_>| {
                    for key in ["a", "b"] {
                        let sql = "INSERT OR REPLACE INTO setting VALUES (?1, ?2)";
                        tx.execute(sql, [key, &round.to_string()]).step("writing")?;
                    }
                    Ok(())
                };
                writer.write_relaxed("writing", both).unwrap();
            }
        });
        let sql = "SELECT count(DISTINCT value) FROM setting WHERE key IN ('a', 'b')";
        while !thread.is_finished() {
            let values: i64 = library
                .read("reading", |db| db.query_row(sql, [], |row| row.get(0)).step("reading"))
                .unwrap();
            assert!(values <= 1, "half a transaction was seen");
        }
        thread.join().unwrap();
    }

    #[test]
    fn a_full_database_says_so_and_stays_usable() {
        let world = fixture();
        world.index("a.md", "kept text");
        let id = world.see("b.md", 1).document();
        // SQLite answers this limit as it answers a full disk.
        let limit = |pages: i64| format!("PRAGMA max_page_count = {pages}");
        let pages: i64 =
            world.library.with_writer(|db| db.query_row("PRAGMA page_count", [], |row| row.get(0))).unwrap();
        let set = |sql: &str| world.library.with_writer(|db| db.query_row(sql, [], |_| Ok(()))).unwrap();
        set(&limit(pages + 2));
        let (text, chunks) = crate::testing::read(&"much text ".repeat(20_000));
        let revision = crate::NewRevision {
            change: None,
            document: id,
            content_hash: "h",
            extractor: "x",
            chunker: "c",
            text: &text,
            chunks: &chunks,
        };
        let refused = world.library.open_batch(world.profile, &[revision], 1).unwrap_err();
        assert_eq!(refused.code(), "full");
        assert_eq!(world.live_texts(), ["kept text"]);
        set(&limit(1_000_000));
        world.library.open_batch(world.profile, &[revision], 1).unwrap();
    }
}
