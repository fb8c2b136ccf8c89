//! Backups written, looked into, restored and interrupted.

use super::*;
use crate::KeepingError;
use docent_corpus::{Cancel, Pooling, Profile, SourceId};
use docent_library::{DATABASE, Library, SourceKind};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The mark that a backup is wanted: part of the form on disk.
const READY: &str = "restore.ready";

struct World {
    home: tempfile::TempDir,
    library: Library,
    notes: PathBuf,
    source: SourceId,
    /// Where the index has its rows, below a data folder.
    rows: String,
}

/// A library with a setting, an index file and a note.
fn world() -> World {
    let home = tempfile::tempdir().unwrap();
    let (library, _) = Library::open(&home.path().join("data")).unwrap();
    let notes = home.path().join("笔记");
    fs::create_dir(&notes).unwrap();
    fs::write(notes.join("计划.md"), "# Plan").unwrap();
    let source = library.add_source(&notes, SourceKind::Folder, 1).unwrap();
    library.set_setting("who", &"first").unwrap();
    let profile = profile("active");
    let (id, table) = library.ensure_profile(&profile).unwrap();
    library.set_active_profile(id).unwrap();
    let rows = format!("lance/{table}.lance/rows");
    let file = home.path().join("data").join(&rows);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, vec![7; 3_000_000]).unwrap();
    World { home, library, notes, source, rows }
}

fn profile(model: &str) -> Profile {
    Profile {
        model: model.into(),
        weights_sha256: "00".repeat(32),
        dimension: 4,
        pooling: Pooling::Mean,
        normalised: true,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        max_tokens: 256,
        precision: "f32".into(),
    }
}

impl World {
    fn back_up(&self, vectors: bool) -> (PathBuf, Manifest) {
        let path = self.home.path().join("backup.zip");
        let contents = Contents {
            library: &self.library,
            vectors,
            notes: Some((self.source, &self.notes)),
            docent: "1.2.3",
            now_ms: 5,
        };
        let mut told = Vec::new();
        let manifest =
            write(&contents, &path, &Cancel::new(), &mut |done, of| told.push((done, of))).unwrap();
        assert!(told.iter().all(|(done, of)| done <= of) && told.last().is_some_and(|(done, of)| done == of));
        (path, manifest)
    }
}

/// Names in a backup that begin so.
fn members_below(path: &Path, folder: &str) -> Vec<String> {
    let archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let names = archive.file_names().map(|name| name.unwrap().into_owned());
    names.filter(|name| name.starts_with(folder)).collect()
}

/// Applies with a folder for notes that cannot be made.
fn applied(data: &Path) -> Result<Option<Pending>, KeepingError> {
    apply_pending(data, Path::new("/dev/null/notes"))
}

fn setting(data: &Path) -> Option<String> {
    let (library, _) = Library::open(data).unwrap();
    library.get_setting("who").unwrap()
}

#[test]
fn a_backup_says_what_is_in_it_and_comes_back_elsewhere() {
    let world = world();
    let (path, manifest) = world.back_up(true);
    assert_eq!((manifest.notes, manifest.vectors, manifest.docent.as_str()), (1, true, "1.2.3"));
    assert_eq!(inspect(&path).unwrap(), manifest);
    assert_eq!(fs::read_dir(world.home.path()).unwrap().count(), 3, "nothing is left beside it");
    // Another machine: another folder, no notes there.
    fs::remove_dir_all(&world.notes).unwrap();
    let other = tempfile::tempdir().unwrap();
    let data = other.path().join("library");
    fs::create_dir(&data).unwrap();
    prepare(&path, &data, 9, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(applied(&data).unwrap().is_some());
    assert!(applied(&data).unwrap().is_none(), "once");
    assert_eq!(setting(&data).as_deref(), Some("first"));
    assert_eq!(fs::read(data.join(&world.rows)).unwrap().len(), 3_000_000);
    assert_eq!(
        fs::read_to_string(world.notes.join("计划.md")).unwrap(),
        "# Plan",
        "the folder could be made"
    );
}

#[test]
fn without_vectors_the_index_stays_away_and_foreign_notes_do_not_mix() {
    let world = world();
    let (path, manifest) = world.back_up(false);
    assert!(!manifest.vectors);
    fs::write(world.notes.join("newer.md"), "later").unwrap();
    let other = tempfile::tempdir().unwrap();
    let data = other.path().join("library");
    fs::create_dir(&data).unwrap();
    prepare(&path, &data, 9, &Cancel::new(), &mut |_| {}).unwrap();
    let pending = applied(&data).unwrap().unwrap();
    assert!(!data.join("lance").exists());
    assert_eq!(fs::read_dir(&world.notes).unwrap().count(), 2, "nothing was added");
    let beside = world.home.path().join("笔记 (restored 1970-01-01)");
    assert_eq!(pending.notes.as_deref(), Some(beside.as_path()));
    assert_eq!(root(&data, world.source), beside.canonicalize().unwrap());
    assert_eq!(fs::read_to_string(beside.join("计划.md")).unwrap(), "# Plan");
    assert!(!data.join("notes").exists() && !data.join(UNPACKED).exists());
}

/// The root of a source.
fn root(data: &Path, source: SourceId) -> PathBuf {
    Library::open(data).unwrap().0.source(source).unwrap().root
}

#[test]
fn notes_of_another_machine_go_to_the_folder_that_is_proposed_here() {
    let mut world = world();
    // On the first machine they lay in a folder that has no parent here.
    let first = world.notes.clone();
    world.notes = world.home.path().join("alice/笔记");
    fs::create_dir(world.home.path().join("alice")).unwrap();
    fs::rename(first, &world.notes).unwrap();
    let (path, _) = world.back_up(false);
    fs::remove_dir_all(world.home.path().join("alice")).unwrap();
    let other = tempfile::tempdir().unwrap();
    let (data, proposed) = (other.path().join("data"), other.path().join("Documents/docent"));
    for (now, name) in [(9, "docent"), (10, "docent (restored 1970-01-01)")] {
        fs::create_dir_all(&data).unwrap();
        prepare(&path, &data, now, &Cancel::new(), &mut |_| {}).unwrap();
        let notes = apply_pending(&data, &proposed).unwrap().unwrap().notes.unwrap();
        assert_eq!(notes, other.path().join("Documents").join(name));
        assert_eq!(root(&data, world.source), notes.canonicalize().unwrap());
    }
    // Nothing usable is proposed either, or only docent's own folder.
    prepare(&path, &data, 11, &Cancel::new(), &mut |_| {}).unwrap();
    let notes = apply_pending(&data, &data.join("notes")).unwrap().unwrap().notes.unwrap();
    assert_eq!(notes, other.path().join("notes (restored 1970-01-01)"));
}

#[test]
fn restored_notes_do_not_go_into_another_source() {
    let world = world();
    let other = tempfile::tempdir().unwrap();
    let (data, proposed) = (other.path().join("data"), other.path().join("papers"));
    fs::create_dir(&proposed).unwrap();
    world.library.add_source(&proposed.canonicalize().unwrap(), SourceKind::Folder, 1).unwrap();
    let (path, _) = world.back_up(false);
    fs::create_dir(&data).unwrap();
    prepare(&path, &data, 9, &Cancel::new(), &mut |_| {}).unwrap();
    // Their home has no parent here.
    drop(world);
    let notes = apply_pending(&data, &proposed).unwrap().unwrap().notes.unwrap();
    assert_eq!(notes, other.path().join("papers (restored 1970-01-01)"));
    assert_eq!(fs::read_dir(&proposed).unwrap().count(), 0);
    assert_eq!(fs::read_to_string(notes.join("计划.md")).unwrap(), "# Plan");
}

#[cfg(target_os = "linux")]
#[test]
fn folders_in_which_no_note_can_be_written_are_not_left_behind() {
    let world = world();
    let (path, _) = world.back_up(false);
    let other = tempfile::tempdir().unwrap();
    let data = other.path().join("data");
    fs::create_dir(&data).unwrap();
    prepare(&path, &data, 9, &Cancel::new(), &mut |_| {}).unwrap();
    // What was unpacked is damaged now: no folder takes it.
    let unpacked = data.join(UNPACKED).join("notes/计划.md");
    fs::remove_file(&unpacked).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", &unpacked).unwrap();
    for _ in 0..2 {
        assert!(applied(&data).is_err());
        let left = |at: &Path| fs::read_dir(at).unwrap().count();
        assert_eq!((left(world.home.path()), left(other.path())), (3, 1));
    }
    fs::remove_file(&unpacked).unwrap();
    fs::write(&unpacked, "# Plan").unwrap();
    assert!(applied(&data).unwrap().unwrap().notes.is_some(), "the next start goes on");
}

#[test]
fn notes_that_were_half_copied_are_copied_to_the_same_folder_again() {
    let world = world();
    fs::write(world.notes.join("b.md"), "two").unwrap();
    let (path, _) = world.back_up(false);
    let other = tempfile::tempdir().unwrap();
    prepare(&path, other.path(), 9, &Cancel::new(), &mut |_| {}).unwrap();
    // The start before got as far as this: the folder is chosen and holds one of two notes.
    fs::remove_file(world.notes.join("b.md")).unwrap();
    let mut mark = mark::Mark::read(other.path()).unwrap().unwrap();
    mark.notes = Some(world.notes.clone());
    mark.write(other.path()).unwrap();
    assert_eq!(applied(other.path()).unwrap().unwrap().notes.as_ref(), Some(&world.notes));
    assert_eq!(fs::read_to_string(world.notes.join("b.md")).unwrap(), "two");
}

#[test]
fn the_library_that_was_there_is_kept() {
    let world = world();
    let (path, _) = world.back_up(true);
    let other = tempfile::tempdir().unwrap();
    {
        let (library, _) = Library::open(other.path()).unwrap();
        library.set_setting("who", &"second").unwrap();
        let failure = prepare(&path, other.path(), 9, &Cancel::new(), &mut |_| {});
        assert!(failure.is_ok(), "unpacking does not touch what is open");
        assert_eq!(applied(other.path()).unwrap_err().code(), "in_use");
    }
    let pending = applied(other.path()).unwrap().unwrap();
    assert_eq!(setting(other.path()).as_deref(), Some("first"));
    assert_eq!(setting(&pending.kept).as_deref(), Some("second"));
}

#[test]
fn an_exchange_that_was_interrupted_anywhere_is_finished() {
    let world = world();
    let (path, _) = world.back_up(true);
    for done in 0..5 {
        let other = tempfile::tempdir().unwrap();
        let data = other.path();
        {
            let (library, _) = Library::open(data).unwrap();
            library.set_setting("who", &"second").unwrap();
            library.close().unwrap();
        }
        fs::create_dir_all(data.join("lance/old.lance")).unwrap();
        let pending = prepare(&path, data, 9, &Cancel::new(), &mut |_| {}).unwrap();
        // The steps in their order, and a power cut behind the first `done` of them.
        let steps: [&dyn Fn(); 4] = [
            &|| fs::create_dir_all(&pending.kept).unwrap(),
            &|| fs::rename(data.join(DATABASE), pending.kept.join(DATABASE)).unwrap(),
            &|| fs::rename(data.join("lance"), pending.kept.join("lance")).unwrap(),
            &|| fs::rename(data.join(UNPACKED).join("lance"), data.join("lance")).unwrap(),
        ];
        steps.iter().take(done).for_each(|step| step());
        if done == 4 {
            // The index stands already: moving the old one away must not take the new one.
            assert!(data.join(&world.rows).exists());
        }
        applied(data).unwrap();
        assert_eq!(setting(data).as_deref(), Some("first"), "after {done} steps");
        assert!(data.join(&world.rows).exists(), "after {done} steps");
        assert_eq!(setting(&pending.kept).as_deref(), Some("second"), "after {done} steps");
    }
}

#[test]
fn damaged_and_foreign_files_are_refused_and_nothing_is_touched() {
    let world = world();
    let (path, _) = world.back_up(true);
    let whole = fs::read(&path).unwrap();
    let other = tempfile::tempdir().unwrap();
    let data = other.path().join("data");
    {
        let (library, _) = Library::open(&data).unwrap();
        library.set_setting("who", &"second").unwrap();
    }
    let bad = other.path().join("bad.zip");
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 0x55;
    for bytes in [&whole[..middle], &flipped[..], b"no archive", b""] {
        fs::write(&bad, bytes).unwrap();
        let failure = prepare(&bad, &data, 9, &Cancel::new(), &mut |_| {}).unwrap_err();
        assert_eq!(failure.code(), "bad_backup", "{failure}");
        assert!(applied(&data).unwrap().is_none());
        assert_eq!(setting(&data).as_deref(), Some("second"));
        assert!(!data.join(UNPACKED).exists());
    }
    let cancelled = Cancel::new();
    cancelled.cancel();
    assert_eq!(prepare(&path, &data, 9, &cancelled, &mut |_| {}).unwrap_err().code(), "cancelled");
}

#[test]
fn unpacking_tells_how_far_it_is_and_stops_in_the_middle_of_a_file() {
    let world = world();
    let (path, _) = world.back_up(true);
    let other = tempfile::tempdir().unwrap();
    let data = other.path().join("data");
    fs::create_dir(&data).unwrap();
    let mut told = Vec::new();
    prepare(&path, &data, 9, &Cancel::new(), &mut |step| told.push(step)).unwrap();
    assert_eq!(told.pop(), Some(Preparing::Checking), "the last step");
    let bytes = told.iter().map(|step| match step {
        Preparing::Unpacking { done, total } => (*done, *total),
        Preparing::Checking => panic!("checked before everything is unpacked"),
    });
    let (done, totals): (Vec<u64>, Vec<u64>) = bytes.unzip();
    assert!(done.is_sorted() && done.len() > 3, "the index alone has three megabytes: {done:?}");
    assert!(totals.iter().all(|total| Some(total) == done.last()), "{totals:?} {done:?}");
    // Whoever stops it at its first piece gets none of it.
    let cancel = Cancel::new();
    let failure = prepare(&path, &data, 10, &cancel, &mut |_| cancel.cancel()).unwrap_err();
    assert_eq!(failure.code(), "cancelled");
    assert!(!data.join(UNPACKED).exists());
    assert!(applied(&data).unwrap().is_none(), "the wish before it is withdrawn");
}

#[test]
fn libraries_that_were_put_aside_are_named() {
    let world = world();
    let (path, _) = world.back_up(false);
    let other = tempfile::tempdir().unwrap();
    let data = other.path().join("data");
    drop(Library::open(&data).unwrap());
    assert!(put_aside(&data).is_empty());
    let mut expected = Vec::new();
    for now in [9, 10] {
        expected.push(prepare(&path, &data, now, &Cancel::new(), &mut |_| {}).unwrap().kept);
        assert!(!put_aside(&data).contains(&expected[expected.len() - 1]), "not before the exchange");
        applied(&data).unwrap().unwrap();
    }
    // What merely has such a name is no library.
    fs::create_dir(data.join("before-restore-x")).unwrap();
    expected.sort();
    assert_eq!(put_aside(&data), expected);
    assert!(put_aside(&data.join("none")).is_empty());
}

#[test]
fn a_backup_that_cannot_be_written_leaves_the_old_one() {
    let world = world();
    let (path, _) = world.back_up(true);
    let before = fs::read(&path).unwrap();
    let cancelled = Cancel::new();
    cancelled.cancel();
    let contents =
        Contents { library: &world.library, vectors: true, notes: None, docent: "1.2.3", now_ms: 6 };
    assert_eq!(write(&contents, &path, &cancelled, &mut |_, _| {}).unwrap_err().code(), "cancelled");
    assert!(fs::read(&path).unwrap() == before);
    assert_eq!(fs::read_dir(world.home.path()).unwrap().count(), 3);
    let folder = write(&contents, world.home.path(), &Cancel::new(), &mut |_, _| {}).unwrap_err();
    assert_eq!(folder.code(), "bad_path");
}

#[test]
fn a_backup_replaces_nothing_but_a_backup() {
    let world = world();
    let contents =
        Contents { library: &world.library, vectors: false, notes: None, docent: "1.2.3", now_ms: 6 };
    let written = |path: &Path| write(&contents, path, &Cancel::new(), &mut |_, _| {});
    let (letter, database) = (world.home.path().join("letter.odt"), world.home.path().join("data/app.db"));
    fs::write(&letter, "mine").unwrap();
    for path in [&letter, &database] {
        let before = fs::read(path).unwrap();
        assert_eq!(written(path).unwrap_err().code(), "taken");
        assert!(fs::read(path).unwrap() == before);
    }
    let (backup, _) = world.back_up(false);
    assert_eq!(written(&backup).unwrap().created_ms, 6);
    let nowhere = written(&world.home.path().join("no/such/backup.zip")).unwrap_err();
    assert_eq!(nowhere.code(), "not_found");
    assert_eq!(left_beside(&world), 0);
}

/// Unfinished files that were left where a backup goes.
fn left_beside(world: &World) -> usize {
    let names = fs::read_dir(world.home.path()).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().contains(".docent-")).count()
}

#[test]
fn a_second_restore_works_where_the_notes_have_no_way_home() {
    let world = world();
    let (path, _) = world.back_up(false);
    let other = tempfile::tempdir().unwrap();
    for now in [9, 10] {
        prepare(&path, other.path(), now, &Cancel::new(), &mut |_| {}).unwrap();
        applied(other.path()).unwrap().unwrap();
        assert_eq!(setting(other.path()).as_deref(), Some("first"));
    }
}

#[test]
fn a_restore_is_finished_in_the_folder_to_which_the_library_moved() {
    let world = world();
    let (path, _) = world.back_up(false);
    let other = tempfile::tempdir().unwrap();
    let (old, new) = (other.path().join("old"), other.path().join("new"));
    Library::open(&old).unwrap().0.set_setting("who", &"second").unwrap();
    let told = prepare(&path, &old, 9, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(told.kept.starts_with(&old));
    fs::rename(&old, &new).unwrap();
    let pending = applied(&new).unwrap().unwrap();
    assert_eq!(pending.kept, new.join("before-restore-9"));
    assert_eq!(setting(&pending.kept).as_deref(), Some("second"));
    assert!(!old.exists());
}

/// A ZIP file with docent's list in which the database is `database`.
fn forged(path: &Path, manifest: &Manifest, database: &[u8]) {
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for (name, bytes) in [(DATABASE, database), (MANIFEST, &serde_json::to_vec(manifest).unwrap())] {
        archive.start_file(name, options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn a_database_that_cannot_be_opened_is_refused_before_anything_is_exchanged() {
    let world = world();
    let (_, manifest) = world.back_up(false);
    let other = tempfile::tempdir().unwrap();
    let (bad, data) = (other.path().join("bad.zip"), other.path().join("data"));
    Library::open(&data).unwrap().0.set_setting("who", &"second").unwrap();
    for database in [&b"not SQLite, but long enough to look like something at all"[..], b""] {
        forged(&bad, &manifest, database);
        let failure = prepare(&bad, &data, 9, &Cancel::new(), &mut |_| {}).unwrap_err();
        assert_eq!(failure.code(), "bad_backup", "{failure}");
        assert!(!data.join(UNPACKED).exists() && !data.join(READY).exists());
    }
    assert!(applied(&data).unwrap().is_none());
    assert_eq!(setting(&data).as_deref(), Some("second"));
}

#[test]
fn what_was_unpacked_is_as_it_was_but_for_its_check() {
    let world = world();
    let (path, _) = world.back_up(true);
    let other = tempfile::tempdir().unwrap();
    prepare(&path, other.path(), 9, &Cancel::new(), &mut |_| {}).unwrap();
    let mut names: Vec<String> = fs::read_dir(other.path().join(UNPACKED))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["app.db", "lance", "notes"]);
}

#[test]
fn a_mark_that_cannot_be_read_is_not_taken_for_none() {
    let data = tempfile::tempdir().unwrap();
    fs::create_dir(data.path().join(READY)).unwrap();
    assert!(applied(data.path()).is_err(), "the system could not read it");
    fs::remove_dir(data.path().join(READY)).unwrap();
    fs::write(data.path().join(READY), "{").unwrap();
    assert!(applied(data.path()).is_err(), "the library may have been moved away already");
    Library::open(data.path()).unwrap();
    assert!(applied(data.path()).unwrap().is_none(), "there is a library, which is not lost");
}

#[test]
fn what_is_kept_already_is_not_overwritten() {
    let world = world();
    let (path, _) = world.back_up(false);
    let other = tempfile::tempdir().unwrap();
    let data = other.path();
    Library::open(data).unwrap().0.set_setting("who", &"second").unwrap();
    let told = prepare(&path, data, 9, &Cancel::new(), &mut |_| {}).unwrap();
    fs::create_dir(&told.kept).unwrap();
    Library::open(&told.kept).unwrap().0.set_setting("who", &"zeroth").unwrap();
    let pending = applied(data).unwrap().unwrap();
    assert_eq!(setting(&told.kept).as_deref(), Some("zeroth"));
    assert_eq!(setting(&pending.kept).as_deref(), Some("second"));
    assert_eq!(setting(data).as_deref(), Some("first"));
}

#[test]
fn no_backup_is_made_while_the_notes_are_away() {
    let world = world();
    fs::remove_dir_all(&world.notes).unwrap();
    let path = world.home.path().join("backup.zip");
    let contents = Contents {
        library: &world.library,
        vectors: false,
        notes: Some((world.source, &world.notes)),
        docent: "1.2.3",
        now_ms: 5,
    };
    assert_eq!(write(&contents, &path, &Cancel::new(), &mut |_, _| {}).unwrap_err().code(), "away");
    assert!(!path.exists() && !world.notes.exists());
}

#[test]
fn only_the_table_that_questions_are_asked_of_goes_along() {
    let world = world();
    let data = world.home.path().join("data");
    let (_, building) = world.library.ensure_profile(&profile("building")).unwrap();
    for name in [format!("{building}.lance"), "chunks_p9_g1_0.lance.bad-1".to_owned()] {
        fs::create_dir_all(data.join("lance").join(&name)).unwrap();
        fs::write(data.join("lance").join(&name).join("half"), "x").unwrap();
    }
    let (path, manifest) = world.back_up(true);
    assert!(manifest.vectors);
    let index = members_below(&path, "lance/");
    assert_eq!(index, [world.rows.clone()]);
    fs::remove_dir_all(data.join("lance")).unwrap();
    assert!(!world.back_up(true).1.vectors, "there are none");
}

#[test]
fn notes_that_go_away_or_are_unfinished_do_not_stop_a_backup() {
    let world = world();
    fs::write(world.notes.join(".b.md.1-1.docent-part"), "half").unwrap();
    fs::write(world.notes.join("gone.md"), "gone").unwrap();
    // The backup lies among the notes.
    let path = world.notes.join("backup.zip");
    fs::copy(world.back_up(false).0, &path).unwrap();
    let contents = Contents {
        library: &world.library,
        vectors: true,
        notes: Some((world.source, &world.notes)),
        docent: "1.2.3",
        now_ms: 5,
    };
    let mut told = Vec::new();
    let manifest = write(&contents, &path, &Cancel::new(), &mut |done, of| {
        let _ = fs::remove_file(world.notes.join("gone.md"));
        told.push((done, of));
    })
    .unwrap();
    assert_eq!((manifest.notes, manifest.left_out.len()), (1, 0));
    assert!(told.last().is_some_and(|(done, of)| done == of));
    let notes = members_below(&path, "notes/");
    assert_eq!(notes, ["notes/计划.md"]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_go_along_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let world = world();
    fs::write(world.notes.join(std::ffi::OsStr::from_bytes(b"caf\xe9.md")), "x").unwrap();
    std::os::unix::fs::symlink("/etc", world.notes.join("out")).unwrap();
    let (path, manifest) = world.back_up(false);
    assert_eq!(manifest.left_out, ["caf\u{FFFD}.md", "out"]);
    assert_eq!(inspect(&path).unwrap(), manifest);
    // One of before this was written down.
    let mut json: serde_json::Value = serde_json::to_value(&manifest).unwrap();
    json.as_object_mut().unwrap().remove("left_out");
    assert!(serde_json::from_value::<Manifest>(json).unwrap().left_out.is_empty());
}
