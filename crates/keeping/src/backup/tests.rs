use super::*;
use crate::backup::{Contents, write};
use docent_library::SourceKind;

struct World {
    home: tempfile::TempDir,
    library: Library,
    notes: PathBuf,
    source: SourceId,
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
    fs::create_dir_all(home.path().join("data/lance/t.lance")).unwrap();
    fs::write(home.path().join("data/lance/t.lance/rows"), vec![7; 3_000_000]).unwrap();
    World { home, library, notes, source }
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
    prepare(&path, &data, 9, &Cancel::new()).unwrap();
    assert!(apply_pending(&data).unwrap().is_some());
    assert!(apply_pending(&data).unwrap().is_none(), "once");
    assert_eq!(setting(&data).as_deref(), Some("first"));
    assert_eq!(fs::read(data.join("lance/t.lance/rows")).unwrap().len(), 3_000_000);
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
    prepare(&path, other.path(), 9, &Cancel::new()).unwrap();
    apply_pending(other.path()).unwrap();
    assert!(!other.path().join("lance").exists());
    assert!(world.notes.join("newer.md").exists());
    let (library, _) = Library::open(other.path()).unwrap();
    let source = library.source(world.source).unwrap();
    assert_eq!(source.root, other.path().join("notes"));
    assert_eq!(fs::read_to_string(other.path().join("notes/计划.md")).unwrap(), "# Plan");
}

#[test]
fn the_library_that_was_there_is_kept() {
    let world = world();
    let (path, _) = world.back_up(true);
    let other = tempfile::tempdir().unwrap();
    {
        let (library, _) = Library::open(other.path()).unwrap();
        library.set_setting("who", &"second").unwrap();
        let failure = prepare(&path, other.path(), 9, &Cancel::new());
        assert!(failure.is_ok(), "unpacking does not touch what is open");
        assert_eq!(apply_pending(other.path()).unwrap_err().code(), "in_use");
    }
    let pending = apply_pending(other.path()).unwrap().unwrap();
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
        let pending = prepare(&path, data, 9, &Cancel::new()).unwrap();
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
            assert!(data.join("lance/t.lance/rows").exists());
        }
        apply_pending(data).unwrap();
        assert_eq!(setting(data).as_deref(), Some("first"), "after {done} steps");
        assert!(data.join("lance/t.lance/rows").exists(), "after {done} steps");
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
        let failure = prepare(&bad, &data, 9, &Cancel::new()).unwrap_err();
        assert_eq!(failure.code(), "bad_backup", "{failure}");
        assert!(apply_pending(&data).unwrap().is_none());
        assert_eq!(setting(&data).as_deref(), Some("second"));
        assert!(!data.join(UNPACKED).exists());
    }
    let cancelled = Cancel::new();
    cancelled.cancel();
    assert_eq!(prepare(&path, &data, 9, &cancelled).unwrap_err().code(), "cancelled");
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
