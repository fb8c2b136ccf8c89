//! Backups looked into, restored, refused and interrupted.

use super::*;
use docent_library::DATABASE;
use std::io::Write;

/// The mark that a backup is wanted: part of the form on disk.
const READY: &str = "restore.ready";

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
    let other = tempfile::tempdir().unwrap();
    half_done(&world, other.path());
    // The start before got as far as this: the folder is chosen and holds one of two notes.
    fs::remove_file(world.notes.join("b.md")).unwrap();
    assert_eq!(applied(other.path()).unwrap().unwrap().notes.as_ref(), Some(&world.notes));
    assert_eq!(fs::read_to_string(world.notes.join("b.md")).unwrap(), "two");
}

/// A restore to `data` of which the start before has copied notes to their folder, but not finished.
fn half_done(world: &World, data: &Path) {
    let (path, _) = world.back_up(false);
    prepare(&path, data, 9, &Cancel::new(), &mut |_| {}).unwrap();
    let mut mark = mark::Mark::read(data).unwrap().unwrap();
    mark.notes = Some(world.notes.clone());
    mark.write(data).unwrap();
}

#[test]
fn notes_that_were_edited_before_a_restore_was_finished_are_left_as_they_are() {
    let world = world();
    fs::write(world.notes.join("b.md"), "two").unwrap();
    let other = tempfile::tempdir().unwrap();
    half_done(&world, other.path());
    fs::write(world.notes.join("计划.md"), "# Plan, edited").unwrap();
    fs::remove_file(world.notes.join("b.md")).unwrap();
    assert_eq!(applied(other.path()).unwrap().unwrap().notes.as_ref(), Some(&world.notes));
    assert_eq!(fs::read_to_string(world.notes.join("计划.md")).unwrap(), "# Plan, edited");
    assert_eq!(fs::read_to_string(world.notes.join("b.md")).unwrap(), "two");
    assert_eq!(fs::read_dir(&world.notes).unwrap().count(), 2);
}

#[test]
fn copying_that_fails_takes_back_no_more_than_it_copied() {
    let world = world();
    for name in ["a.md", "b.md", "c/d.md"] {
        fs::create_dir_all(world.notes.join("c")).unwrap();
        fs::write(world.notes.join(name), name).unwrap();
    }
    let other = tempfile::tempdir().unwrap();
    half_done(&world, other.path());
    fs::write(world.notes.join("a.md"), "edited").unwrap();
    fs::remove_file(world.notes.join("b.md")).unwrap();
    // Where a folder of notes was there is a file now.
    fs::remove_dir_all(world.notes.join("c")).unwrap();
    fs::write(world.notes.join("c"), "theirs").unwrap();
    let notes = applied(other.path()).unwrap().unwrap().notes.unwrap();
    assert_eq!(fs::read_to_string(world.notes.join("a.md")).unwrap(), "edited");
    assert_eq!(fs::read_to_string(world.notes.join("c")).unwrap(), "theirs");
    assert_eq!(fs::read_to_string(world.notes.join("计划.md")).unwrap(), "# Plan");
    assert!(!world.notes.join("b.md").exists(), "it was copied by this attempt");
    // All of them went to a folder of their own.
    assert_ne!(notes, world.notes);
    for name in ["a.md", "b.md", "c/d.md"] {
        assert_eq!(fs::read_to_string(notes.join(name)).unwrap(), name);
    }
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
    // Neither does whoever stops it at its last step.
    let cancel = Cancel::new();
    let stop = &mut |step: Preparing| {
        if step == Preparing::Checking {
            cancel.cancel();
        }
    };
    assert_eq!(prepare(&path, &data, 11, &cancel, stop).unwrap_err().code(), "cancelled");
    assert!(!data.join(UNPACKED).exists());
    assert!(applied(&data).unwrap().is_none(), "there is nothing for the next start");
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
fn what_an_interrupted_restore_unpacked_goes_at_the_next_start_and_not_under_a_running_one() {
    let other = tempfile::tempdir().unwrap();
    let data = other.path().join("data");
    let (library, _) = Library::open(&data).unwrap();
    let left = data.join(UNPACKED);
    fs::create_dir_all(left.join("lance")).unwrap();
    fs::write(left.join("lance/rows"), "half").unwrap();
    assert!(applied(&data).unwrap().is_none());
    assert!(left.is_dir(), "whoever has the library open may be unpacking");
    library.close().unwrap();
    drop(library);
    fs::write(data.join(READY), "damaged").unwrap();
    assert!(applied(&data).unwrap().is_none());
    assert!(left.is_dir(), "what a damaged mark stands for is kept");
    fs::remove_file(data.join(READY)).unwrap();
    assert!(applied(&data).unwrap().is_none());
    assert!(!left.exists());
}
