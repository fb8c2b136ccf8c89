//! Bringing a database to the present format. Each migration is one transaction; before the first one
//! a copy of the database is laid beside it, and put back if any of them fails.

use crate::connection::connect;
use crate::error::{LibraryError, Step};
use crate::lock::sync_folder;
use rusqlite::Connection;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Migration n (counted from 1) makes format n out of format n - 1. Never edit one that was released.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001_library.sql"),
    include_str!("../migrations/0002_reading_and_keeping.sql"),
    include_str!("../migrations/0003_found_by_words.sql"),
];

/// `doct` in ASCII; in the file's header, so that a foreign database is known as such.
const APPLICATION_ID: i32 = 0x646f_6374;

/// The format of the database, 0 for an empty one.
pub(crate) fn version(connection: &Connection, migrations: &[&str]) -> Result<u32, LibraryError> {
    let step = "reading the format";
    let (application, version, tables): (i32, u32, i64) = connection
        .query_row(
            "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),
                    (SELECT COUNT(*) FROM sqlite_schema)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .step(step)?;
    if (application, version, tables) == (0, 0, 0) {
        return Ok(0);
    }
    if application != APPLICATION_ID || version == 0 {
        return Err(LibraryError::damaged("app.db is a database of another program"));
    }
    let known = migrations.len() as u32;
    if version > known {
        return Err(LibraryError::TooNew { found: version, known });
    }
    Ok(version)
}

/// Runs the migrations after `found`. Gives back the connection, opened again if need be.
pub(crate) fn migrate(
    mut connection: Connection,
    database: &Path,
    found: u32,
    migrations: &[&str],
) -> Result<Connection, LibraryError> {
    let known = migrations.len() as u32;
    if found == known {
        return Ok(connection);
    }
    let copy = if found > 0 { Some(snapshot(&connection, database, known)?) } else { None };
    for (index, sql) in migrations.iter().enumerate().skip(found as usize) {
        let version = index as u32 + 1;
        if let Err(failure) = apply(&mut connection, sql, version) {
            if let Some(copy) = &copy {
                restore(connection, database, copy)?;
            }
            return Err(explain(failure, version));
        }
    }
    if let Some(copy) = &copy {
        forget_older_snapshots(database, copy)?;
    }
    Ok(connection)
}

/// What a person can mend keeps its own variant.
fn explain(failure: LibraryError, version: u32) -> LibraryError {
    match failure {
        LibraryError::Full | LibraryError::ReadOnly | LibraryError::Damaged { .. } => failure,
        _ => LibraryError::Migration { version, source: Box::new(failure) },
    }
}

fn apply(connection: &mut Connection, sql: &str, version: u32) -> Result<(), LibraryError> {
    let step = "migrating";
    // Rebuilding a table needs this off, and it cannot be changed inside a transaction.
    connection.execute_batch("PRAGMA foreign_keys = OFF").step(step)?;
    let tx = connection.transaction().step(step)?;
    tx.execute_batch(sql).step(step)?;
    let broken: i64 =
        tx.query_row("SELECT COUNT(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).step(step)?;
    if broken > 0 {
        return Err(LibraryError::conflict(format_args!("{broken} rows would refer to nothing")));
    }
    tx.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}"))
        .step(step)?;
    tx.commit().step(step)?;
    connection.execute_batch("PRAGMA foreign_keys = ON").step(step)
}

/// A complete copy beside the database, on disk under its final name only when it is whole.
fn snapshot(connection: &Connection, database: &Path, target: u32) -> Result<PathBuf, LibraryError> {
    let copy = beside(database, &format!("before-{target}"));
    let part = beside(database, &format!("before-{target}.part"));
    remove(&part)?;
    crate::lock::private_file(&part, true)?;
    // An existing file is accepted while it is empty.
    connection
        .execute("VACUUM INTO ?1", [part.to_str().ok_or_else(|| not_unicode(&part))?])
        .step("copying the database")?;
    flush(&part)?;
    fs::rename(&part, &copy).map_err(|source| LibraryError::io("naming", &copy, source))?;
    sync_folder(database.parent().unwrap_or(Path::new(".")))?;
    Ok(copy)
}

fn restore(connection: Connection, database: &Path, copy: &Path) -> Result<(), LibraryError> {
    let step = "putting back";
    connection.close().map_err(|(_, source)| source).step("closing the database")?;
    let part = beside(database, "restoring");
    fs::copy(copy, &part).map_err(|source| LibraryError::io(step, &part, source))?;
    flush(&part)?;
    // A log that belongs to the other file must not be applied to this one.
    remove(&database.with_extension("db-wal"))?;
    remove(&database.with_extension("db-shm"))?;
    fs::rename(&part, database).map_err(|source| LibraryError::io(step, database, source))?;
    sync_folder(database.parent().unwrap_or(Path::new(".")))?;
    connect(database)?.query_row("PRAGMA quick_check(1)", [], |_| Ok(())).step(step)
}

fn forget_older_snapshots(database: &Path, newest: &Path) -> Result<(), LibraryError> {
    let folder = database.parent().unwrap_or(Path::new("."));
    let failed = |source| LibraryError::io("listing", folder, source);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_snapshot =
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("app.db.before-"));
        if is_snapshot && path != newest {
            remove(&path)?;
        }
    }
    Ok(())
}

fn beside(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn remove(path: &Path) -> Result<(), LibraryError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(LibraryError::io("removing", path, source))
        }
        _ => Ok(()),
    }
}

fn flush(path: &Path) -> Result<(), LibraryError> {
    let done = File::options().write(true).open(path).and_then(|file| file.sync_all());
    done.map_err(|source| LibraryError::io("flushing", path, source))
}

fn not_unicode(path: &Path) -> LibraryError {
    LibraryError::conflict(format_args!("the path {} is not Unicode", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Library;
    use crate::testing::fixture;

    const SECOND: &str = "ALTER TABLE document ADD COLUMN colour TEXT; UPDATE document SET colour = 'blue';";
    const BROKEN: &str = "CREATE TABLE half (x); INSERT INTO nowhere VALUES (1);";
    const DANGLING: &str =
        "INSERT INTO message (conversation_id, role, text, citations, passages, created_ms)
                            VALUES (99, 'user', 't', '[]', '[]', 1)";

    /// The released migrations and these after them.
    fn and<'s>(later: &[&'s str]) -> Vec<&'s str> {
        MIGRATIONS.iter().chain(later).copied().collect()
    }

    fn version(later: usize) -> String {
        (MIGRATIONS.len() + later).to_string()
    }

    fn copy_before(folder: &Path, later: usize) -> PathBuf {
        folder.join(format!("app.db.before-{}", version(later)))
    }

    /// A library of the released format with one document, closed, as this docent would leave it to a
    /// later one.
    fn old_library() -> tempfile::TempDir {
        let world = fixture();
        world.index("a.md", "kept text");
        world.library.close().unwrap();
        world.folder
    }

    fn value(path: &Path, sql: &str) -> String {
        Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn version_of(path: &Path) -> String {
        value(path, "SELECT CAST(user_version AS TEXT) FROM pragma_user_version")
    }

    #[test]
    fn the_released_migrations_make_the_known_format() {
        let folder = old_library();
        assert_eq!(version_of(&folder.path().join("app.db")), MIGRATIONS.len().to_string());
    }

    #[test]
    fn an_old_library_is_migrated_and_a_copy_is_kept() {
        let folder = old_library();
        let migrations = and(&[SECOND]);
        let (library, opened) = Library::open_with(folder.path(), &migrations).unwrap();
        assert!(opened.clean_shutdown && !opened.created);
        assert_eq!(library.search_like("kept", 9).unwrap().len(), 1);
        drop(library);
        let (database, copy) = (folder.path().join("app.db"), copy_before(folder.path(), 1));
        assert_eq!(value(&database, "SELECT colour FROM document"), "blue");
        assert_eq!((version_of(&database), version_of(&copy)), (version(1), version(0)));
        assert_eq!(value(&copy, "SELECT text FROM chunk"), "kept text");
        // Once more changes nothing, and a later migration replaces the copy.
        drop(Library::open_with(folder.path(), &migrations).unwrap());
        let third = "CREATE TABLE later (x)";
        drop(Library::open_with(folder.path(), &and(&[SECOND, third])).unwrap());
        assert!(!copy.exists());
        assert_eq!(version_of(&copy_before(folder.path(), 2)), version(1));
    }

    #[test]
    fn the_copy_can_be_used_by_the_older_docent() {
        let folder = old_library();
        drop(Library::open_with(folder.path(), &and(&[SECOND])).unwrap());
        fs::rename(copy_before(folder.path(), 1), folder.path().join("app.db")).unwrap();
        let (library, _) = Library::open(folder.path()).unwrap();
        assert_eq!(library.search_like("kept", 9).unwrap().len(), 1);
        let mode: String = library
            .with_writer(|db| db.query_row("PRAGMA auto_vacuum", [], |row| row.get::<_, i64>(0)))
            .unwrap()
            .to_string();
        assert_eq!(mode, "2", "the copy keeps the settings of the file");
    }

    #[test]
    fn a_failed_migration_leaves_everything_as_it_was() {
        for failing in [BROKEN, DANGLING] {
            let folder = old_library();
            let failure = Library::open_with(folder.path(), &and(&[SECOND, failing])).unwrap_err();
            let LibraryError::Migration { version: failed, .. } = failure else { panic!("{failure:?}") };
            assert_eq!(failed.to_string(), version(2));
            let database = folder.path().join("app.db");
            assert_eq!(version_of(&database), version(0), "also the migration before it is taken back");
            let (library, _) = Library::open(folder.path()).unwrap();
            assert_eq!(library.search_like("kept", 9).unwrap().len(), 1);
            let halves = "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'half'";
            let halves: i64 = library.with_writer(|db| db.query_row(halves, [], |row| row.get(0))).unwrap();
            assert_eq!(halves, 0);
        }
    }

    #[test]
    fn a_first_migration_that_fails_leaves_no_half_library() {
        let folder = tempfile::tempdir().unwrap();
        let failure = Library::open_with(folder.path(), &[BROKEN]).unwrap_err();
        assert_eq!(failure.code(), "migration");
        assert!(Library::open(folder.path()).unwrap().1.created);
    }

    #[test]
    fn a_newer_library_is_refused_and_untouched() {
        let folder = old_library();
        drop(Library::open_with(folder.path(), &and(&[SECOND])).unwrap());
        let before = fs::read(folder.path().join("app.db")).unwrap();
        let failure = Library::open(folder.path()).unwrap_err();
        let LibraryError::TooNew { found, known } = failure else { panic!("{failure:?}") };
        assert_eq!((found.to_string(), known.to_string()), (version(1), version(0)));
        assert!(fs::read(folder.path().join("app.db")).unwrap() == before);
    }

    #[test]
    fn a_copy_left_half_written_is_no_obstacle() {
        let folder = old_library();
        let copy = copy_before(folder.path(), 1);
        let part = folder.path().join(format!("app.db.before-{}.part", version(1)));
        fs::write(&part, "half").unwrap();
        fs::write(&copy, "an older attempt").unwrap();
        drop(Library::open_with(folder.path(), &and(&[SECOND])).unwrap());
        assert_eq!(version_of(&copy), version(0));
        assert!(!part.exists());
    }

    /// What a library of the first released format may hold.
    const FIRST: &str = "
        BEGIN;
        INSERT INTO collection (id, name) VALUES (7, 'Work');
        INSERT INTO source (id, root, kind, collection_id, added_ms, removed_ms)
            VALUES (3, '/notes', 'folder', 7, 1, NULL), (5, '/gone', 'folder', NULL, 1, 2);
        DELETE FROM source WHERE id = 5;
        INSERT INTO document (id, source_id, rel_path, size, mtime_ns, state, live_rev, n_chunks, updated_ms)
            VALUES (11, 3, 'a.md', 9, 9, 'indexed', 21, 1, 1);
        INSERT INTO revision VALUES (21, 11, 'live', 1, 'h', 'e', 'c', 'markdown', NULL, '{}', '[]', 1);
        INSERT INTO chunk (id, revision_id, ord, text, header, headings, spans, sentences, line, tokens)
            VALUES (31, 21, 0, 'kept text', '', '[]', x'', x'', 1, 2);
        COMMIT;";

    #[test]
    fn a_library_of_the_first_format_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        drop(Library::open_with(folder.path(), &MIGRATIONS[..1]).unwrap());
        Connection::open(folder.path().join("app.db")).unwrap().execute_batch(FIRST).unwrap();
        let (library, opened) = Library::open(folder.path()).unwrap();
        assert!(!opened.created);
        let sources = library.sources().unwrap();
        assert_eq!(sources.iter().map(|source| source.source.id.0).collect::<Vec<_>>(), [3]);
        assert_eq!(sources[0].source.root, Path::new("/notes"));
        assert!(library.document_by_path(sources[0].source.id, "a.md").unwrap().is_some());
        let database = folder.path().join("app.db");
        let both = "SELECT collection_id || ' ' || source_id FROM collection_source";
        assert_eq!(value(&database, both), "7 3");
        let later = library.add_source(Path::new("/later"), crate::SourceKind::Folder, 1).unwrap();
        assert_eq!(later.0, 6, "the id of a source that is gone is not used again");
        let references = "SELECT group_concat(DISTINCT \"table\") FROM pragma_foreign_key_list('document')";
        assert!(value(&database, references).split(',').any(|table| table == "source"));
    }
}
