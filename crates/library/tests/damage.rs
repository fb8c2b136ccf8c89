//! Databases that cannot be trusted: said clearly, and never written to.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod common;

use common::{CrashAfter, World};
use docent_library::{Library, LibraryError};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A library with some documents whose last session ended as given.
fn library(clean: bool) -> (TempDir, PathBuf) {
    let mut world = World::new();
    for n in 0..40 {
        let text: Vec<String> = (0..40).map(|line| format!("{n} {line} some words that take room")).collect();
        world.files.insert(format!("{n}.txt"), (text.join("\n"), 1));
    }
    world.scan();
    world.ingest(100, CrashAfter::Never);
    world.library().close().unwrap();
    if !clean {
        world.library().set_setting("k", &1).unwrap();
    }
    let path = world.folder.path().join("app.db");
    world.library = None;
    (world.folder, path)
}

fn refused(folder: &TempDir, database: &Path) -> LibraryError {
    let before = fs::read(database).unwrap();
    let failure = Library::open(folder.path()).map(|_| ()).unwrap_err();
    assert!(fs::read(database).unwrap() == before, "the file was changed");
    failure
}

#[test]
fn a_file_that_is_no_database_is_damaged() {
    let (folder, database) = library(true);
    fs::write(&database, "this is a text and not a database. ".repeat(200)).unwrap();
    assert_eq!(refused(&folder, &database).code(), "damaged");
}

#[test]
fn overwritten_pages_are_found_after_an_unclean_end() {
    let (folder, database) = library(false);
    let mut bytes = fs::read(&database).unwrap();
    let pages = bytes.len() / 4096;
    for page in pages / 4..pages / 2 {
        bytes[page * 4096..(page + 1) * 4096].fill(0xa5);
    }
    fs::write(&database, bytes).unwrap();
    let failure = refused(&folder, &database);
    assert_eq!(failure.code(), "damaged", "{failure}");
}

#[test]
fn a_file_cut_short_is_damaged() {
    let (folder, database) = library(false);
    let bytes = fs::read(&database).unwrap();
    fs::write(&database, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(refused(&folder, &database).code(), "damaged");
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("app.db");
    let other = rusqlite::Connection::open(&database).unwrap();
    other.execute_batch("CREATE TABLE precious (x); INSERT INTO precious VALUES (1)").unwrap();
    drop(other);
    let failure = refused(&folder, &database);
    assert_eq!(failure.code(), "damaged");
    assert!(failure.to_string().contains("another program"), "{failure}");
}

#[test]
fn damage_met_while_reading_is_said_as_such() {
    let (folder, database) = library(true);
    let mut bytes = fs::read(&database).unwrap();
    // The first page stays, so that it opens; a clean end means that it is not checked.
    for page in bytes.chunks_mut(4096).skip(40) {
        page.fill(0xa5);
    }
    fs::write(&database, bytes).unwrap();
    match Library::open(folder.path()) {
        Ok((library, _)) => {
            assert_eq!(library.search_like("words", 10_000).unwrap_err().code(), "damaged");
            assert_eq!(library.check().unwrap_err().code(), "damaged");
        }
        Err(failure) => assert_eq!(failure.code(), "damaged"),
    }
}

#[test]
fn an_empty_file_is_a_new_library() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("app.db"), "").unwrap();
    assert!(Library::open(folder.path()).unwrap().1.created);
}

#[test]
fn a_data_folder_with_any_name_works() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["with space", "资料库 数据", "100% #1 ?x=y", "file:app.db?mode=memory", "a'b\"c"] {
        let data = folder.path().join(name);
        let (library, opened) = Library::open(&data).unwrap();
        assert!(opened.created, "{name}");
        assert_eq!(library.data_folder(), data);
        library.set_setting("name", name).unwrap();
        drop(library);
        assert!(data.join("app.db").exists(), "{name}");
        let (library, _) = Library::open(&data).unwrap();
        assert_eq!(library.get_setting::<String>("name").unwrap().as_deref(), Some(name));
    }
}
