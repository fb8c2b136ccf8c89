//! What goes into a backup, and what a backup never does to what is there.

use super::*;

/// Names in a backup that begin so.
fn members_below(path: &Path, folder: &str) -> Vec<String> {
    let archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let names = archive.file_names().map(|name| name.unwrap().into_owned());
    names.filter(|name| name.starts_with(folder)).collect()
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
    assert_eq!(index, std::slice::from_ref(&world.rows));
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
