//! Moves that succeed, fail and are interrupted.

use super::*;
use docent_library::Library;

fn library(data: &Path) {
    let (library, _) = Library::open(data).unwrap();
    library.set_setting("who", &"me").unwrap();
    library.close().unwrap();
    fs::create_dir_all(data.join("lance/表.lance")).unwrap();
    fs::write(data.join("lance/表.lance/1"), "rows").unwrap();
}

fn who(data: &Path) -> Option<String> {
    Library::open(data).unwrap().0.get_setting("who").unwrap()
}

#[test]
fn a_library_moves_at_the_next_start_and_the_old_folder_stays() {
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk/书库"));
    library(&usual);
    assert_eq!(current(&usual).unwrap(), usual);
    let kept = request(&usual, &target, 7).unwrap();
    assert_eq!(current(&usual).unwrap(), usual, "not before the next start");
    // The next start is some time later; the name that was told stays.
    assert_eq!(finish_pending(&usual, 99).unwrap(), target);
    assert_eq!(current(&usual).unwrap(), target);
    assert_eq!(who(&target).as_deref(), Some("me"));
    assert_eq!(fs::read_to_string(target.join("lance/表.lance/1")).unwrap(), "rows");
    assert_eq!(who(&kept).as_deref(), Some("me"));
    assert_eq!(left_behind(&usual), [kept]);
    assert!(left_behind(&target).is_empty());
    // And back.
    request(&usual, &usual, 8).unwrap();
    assert_eq!(finish_pending(&usual, 8).unwrap(), usual);
    assert_eq!((current(&usual).unwrap(), who(&usual).as_deref()), (usual.clone(), Some("me")));
    assert_eq!(finish_pending(&usual, 9).unwrap(), usual, "nothing left to be done");
}

#[test]
fn every_copy_that_moves_have_left_is_named_as_long_as_it_is_there() {
    let home = tempfile::tempdir().unwrap();
    let usual = home.path().join("docent/library");
    library(&usual);
    let mut kept = Vec::new();
    let mut now = 0;
    let mut move_to = |folder: &Path| {
        now += 1;
        let kept = request(&usual, folder, now).unwrap();
        assert_eq!(finish_pending(&usual, now).unwrap(), folder);
        kept
    };
    for name in ["first/library", "second/library", "third/library"] {
        kept.push(move_to(&home.path().join(name)));
    }
    kept.sort();
    assert_eq!(left_copies(&usual), kept);
    // A move that fails forgets none, and neither does the way back.
    let full = home.path().join("full");
    request(&usual, &full, 8).unwrap();
    fs::write(full.join("theirs"), "x").unwrap();
    assert_eq!(finish_pending(&usual, 8).unwrap(), home.path().join("third/library"));
    assert_eq!(left_copies(&usual), kept);
    kept.push(move_to(&usual));
    kept.sort();
    assert_eq!(left_copies(&usual), kept, "the one in use is no copy");
    fs::remove_dir_all(kept.remove(0)).unwrap();
    assert_eq!(left_copies(&usual), kept);
}

#[test]
fn a_copy_that_keeps_its_name_is_named_too() {
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk"));
    library(&usual);
    let kept = request(&usual, &target, 7).unwrap();
    // Something else has the name that it was to get.
    fs::create_dir(&kept).unwrap();
    fs::write(kept.join("theirs"), "x").unwrap();
    assert_eq!(finish_pending(&usual, 7).unwrap(), target);
    assert_eq!(left_copies(&usual), std::slice::from_ref(&usual));
}

#[test]
fn folders_that_cannot_hold_it_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let usual = home.path().join("docent/library");
    library(&usual);
    let full = home.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("x"), "").unwrap();
    for (folder, code) in [
        (full.clone(), "folder_not_empty"),
        (usual.join("inside"), "folder_unsuitable"),
        (home.path().join("docent"), "folder_unsuitable"),
        (PathBuf::from("relative"), "bad_path"),
        (full.join("x"), "folder_unsuitable"),
    ] {
        let failure = request(&usual, &folder, 1).unwrap_err();
        assert_eq!(failure.code(), code, "{}: {failure}", folder.display());
    }
    assert_eq!(finish_pending(&usual, 1).unwrap(), usual);
}

#[test]
fn a_move_waits_until_nobody_uses_the_library() {
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk"));
    library(&usual);
    request(&usual, &target, 7).unwrap();
    let (open, _) = Library::open(&usual).unwrap();
    assert_eq!(finish_pending(&usual, 7).unwrap_err().code(), "in_use");
    drop(open);
    assert!(is_waiting(&usual), "the wish is kept");
    assert_eq!(finish_pending(&usual, 8).unwrap(), target);
    assert_eq!(who(&target).as_deref(), Some("me"));
}

#[test]
fn a_move_that_fails_leaves_everything_as_it_was_and_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk"));
    library(&usual);
    request(&usual, &target, 7).unwrap();
    // A folder that was filled meanwhile, and one that is gone.
    fs::write(target.join("theirs"), "x").unwrap();
    assert_eq!(finish_pending(&usual, 8).unwrap(), usual);
    let failed = failed_move(&usual).unwrap().unwrap();
    assert!(failed.folder == target && failed.reason.contains("not empty"), "{failed:?}");
    assert_eq!(fs::read_dir(&target).unwrap().count(), 1);
    fs::remove_file(target.join("theirs")).unwrap();
    request(&usual, &target, 9).unwrap();
    assert_eq!(failed_move(&usual).unwrap(), None, "asked for again");
    fs::remove_dir(&target).unwrap();
    assert_eq!(finish_pending(&usual, 10).unwrap(), usual);
    assert!(!target.exists() && failed_move(&usual).unwrap().is_some());
    assert_eq!(who(&usual).as_deref(), Some("me"));
}

#[cfg(unix)]
#[test]
fn what_was_copied_before_a_failure_is_removed_again() {
    use std::os::unix::ffi::OsStrExt;
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk"));
    library(&usual);
    request(&usual, &target, 7).unwrap();
    // No copy can be made of a name that is not Unicode.
    let name = std::ffi::OsStr::from_bytes(b"zz-caf\xe9");
    fs::write(usual.join(name), "x").unwrap();
    assert_eq!(finish_pending(&usual, 8).unwrap(), usual);
    assert!(failed_move(&usual).unwrap().is_some());
    assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    fs::remove_file(usual.join(name)).unwrap();
    request(&usual, &target, 9).unwrap();
    assert_eq!(finish_pending(&usual, 9).unwrap(), target);
}

#[test]
fn only_what_was_copied_is_taken_back() {
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk"));
    library(&usual);
    fs::create_dir(&target).unwrap();
    fs::create_dir(usual.join("lost+found")).unwrap();
    copy_library(&usual, &target).unwrap();
    assert!(target.join("lance/表.lance/1").exists());
    fs::write(target.join("theirs"), "x").unwrap();
    remove_copied(&usual, &target).unwrap();
    let left: Vec<_> = fs::read_dir(&target).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["theirs"]);
}

#[test]
fn a_copy_that_was_interrupted_is_begun_anew() {
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk"));
    library(&usual);
    request(&usual, &target, 7).unwrap();
    fs::create_dir_all(target.join("lance/old.lance")).unwrap();
    for name in [COPYING, "app.db", "app.db-wal", "lance/old.lance/1"] {
        fs::write(target.join(name), "of an earlier day").unwrap();
    }
    assert_eq!(finish_pending(&usual, 8).unwrap(), target);
    assert!(!target.join("lance/old.lance").exists() && !target.join(COPYING).exists());
    assert_eq!(who(&target).as_deref(), Some("me"));
}

#[test]
fn a_drive_that_is_absent_gives_no_empty_library() {
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk/library"));
    library(&usual);
    request(&usual, &target, 7).unwrap();
    finish_pending(&usual, 7).unwrap();
    let away = home.path().join("away");
    fs::rename(home.path().join("disk"), &away).unwrap();
    for mounted in [false, true] {
        if mounted {
            fs::create_dir_all(&target).unwrap();
        }
        assert_eq!(finish_pending(&usual, 8).unwrap_err().code(), "away");
        assert_eq!(target.exists(), mounted, "nothing is made");
    }
    // A wish does not change that, and waits.
    let mut pointer = Pointer::read(&usual).unwrap();
    pointer.wanted = Some(usual.clone());
    pointer.write(&usual).unwrap();
    assert_eq!(finish_pending(&usual, 8).unwrap_err().code(), "away");
    fs::remove_dir_all(home.path().join("disk")).unwrap();
    fs::rename(&away, home.path().join("disk")).unwrap();
    fs::create_dir_all(&usual).unwrap();
    assert_eq!(finish_pending(&usual, 9).unwrap(), usual);
    assert_eq!(who(&usual).as_deref(), Some("me"));
}

#[test]
fn a_pointer_that_cannot_be_read_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let usual = home.path().join("docent/library");
    library(&usual);
    let path = home.path().join("docent/library-folder.json");
    fs::write(&path, "{").unwrap();
    assert!(current(&usual).is_err() && finish_pending(&usual, 1).is_err());
    assert!(request(&usual, &home.path().join("disk"), 1).is_err());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(current(&usual).is_err() && finish_pending(&usual, 1).is_err());
    fs::remove_dir(&path).unwrap();
    assert_eq!(finish_pending(&usual, 1).unwrap(), usual);
}

#[test]
fn without_a_library_only_the_place_changes_and_only_if_it_is_there() {
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk"));
    request(&usual, &target, 7).unwrap();
    fs::remove_dir(&target).unwrap();
    assert_eq!(finish_pending(&usual, 7).unwrap(), usual);
    assert!(!target.exists() && failed_move(&usual).unwrap().is_some());
    request(&usual, &target, 8).unwrap();
    assert_eq!(finish_pending(&usual, 8).unwrap(), target);
}

#[test]
fn another_library_that_stands_where_one_was_to_go_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let (usual, target) = (home.path().join("docent/library"), home.path().join("disk"));
    library(&usual);
    request(&usual, &target, 7).unwrap();
    // Another drive by now, with a library of its own.
    let (other, _) = Library::open(&target).unwrap();
    other.set_setting("who", &"another").unwrap();
    other.close().unwrap();
    drop(other);
    assert_eq!(finish_pending(&usual, 8).unwrap(), usual);
    assert!(failed_move(&usual).unwrap().is_some());
    assert_eq!(who(&target).as_deref(), Some("another"));
    assert_eq!(who(&usual).as_deref(), Some("me"));
}
