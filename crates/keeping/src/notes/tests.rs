use super::*;

fn folder() -> (tempfile::TempDir, NotesFolder) {
    let at = tempfile::tempdir().unwrap();
    let notes = NotesFolder::open(&at.path().join("笔记")).unwrap();
    (at, notes)
}

#[test]
fn a_new_note_is_named_and_saved_again_under_its_name() {
    let (_at, notes) = folder();
    let made = notes.save(None, "# Plan\n\none", None).unwrap();
    assert_eq!((made.note.path.as_str(), made.conflict, made.before), ("Plan.md", false, None));
    let again = notes.save(None, "# Plan\n\ntwo", None).unwrap();
    assert_eq!(again.note.path, "Plan 2.md");
    let saved = notes.save(Some("Plan.md"), "# Plan\n\nmore", Some(&made.note.version)).unwrap();
    assert_eq!((saved.before.as_deref(), saved.conflict), (Some("# Plan\n\none"), false));
    assert_eq!(notes.read("Plan.md").unwrap().text, "# Plan\n\nmore");
    let names: Vec<String> = notes.list().unwrap().into_iter().map(|(path, _)| path).collect();
    assert_eq!(names.len(), 2);
}

#[test]
fn what_another_program_wrote_is_not_overwritten() {
    let (_at, notes) = folder();
    let made = notes.save(None, "mine", None).unwrap().note;
    std::fs::write(notes.root().join(&made.path), "theirs").unwrap();
    let saved = notes.save(Some(&made.path), "mine, later", Some(&made.version)).unwrap();
    assert!(saved.conflict);
    assert_eq!(saved.note.path, "mine (edited here).md");
    assert_eq!(notes.read(&made.path).unwrap().text, "theirs");
    assert_eq!(notes.read(&saved.note.path).unwrap().text, "mine, later");
    // Saving what is there already is no conflict, whatever version was known.
    assert!(!notes.save(Some(&made.path), "theirs", Some("other")).unwrap().conflict);
}

#[test]
fn a_note_deleted_elsewhere_is_written_again() {
    let (_at, notes) = folder();
    let made = notes.save(None, "text", None).unwrap().note;
    std::fs::remove_file(notes.root().join(&made.path)).unwrap();
    let saved = notes.save(Some(&made.path), "text, more", Some(&made.version)).unwrap();
    assert_eq!((saved.note.path.as_str(), saved.conflict), ("text.md", false));
}

#[test]
fn a_note_gets_another_name_and_folder_but_takes_no_others() {
    let (_at, notes) = folder();
    notes.save(None, "one", None).unwrap();
    notes.save(None, "two", None).unwrap();
    assert_eq!(notes.rename("one.md", "work/第一").unwrap(), "work/第一.md");
    assert_eq!(notes.rename("two.md", "work/第一.md").unwrap_err().code(), "taken");
    assert_eq!(notes.rename("gone.md", "x").unwrap_err().code(), "no_such_note");
    assert_eq!(notes.rename("two.md", "../out").unwrap_err().code(), "bad_path");
    notes.delete("two.md").unwrap();
    assert_eq!(notes.read("two.md").unwrap_err().code(), "no_such_note");
    let all: Vec<String> = notes.list().unwrap().into_iter().map(|(path, _)| path).collect();
    assert_eq!(notes.target("第一", &all), Some(&all[0]));
    assert_eq!(notes.target("WORK/第一", &all), Some(&all[0]));
    assert_eq!(notes.target("二", &all), None);
}

#[test]
fn files_that_are_no_text_are_left_alone() {
    let (_at, notes) = folder();
    std::fs::write(notes.root().join("old.md"), [0xC4, 0xE3, 0xFF]).unwrap();
    assert_eq!(notes.read("old.md").unwrap_err().code(), "bad_path");
    let saved = notes.save(Some("old.md"), "text", None).unwrap();
    assert!(saved.conflict, "its bytes are not ours to lose");
    assert_eq!(std::fs::read(notes.root().join("old.md")).unwrap(), [0xC4, 0xE3, 0xFF]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_not_followed() {
    let (at, notes) = folder();
    std::fs::create_dir(at.path().join("outside")).unwrap();
    std::os::unix::fs::symlink(at.path().join("outside"), notes.root().join("in")).unwrap();
    assert_eq!(notes.save(Some("in/a.md"), "x", None).unwrap_err().code(), "bad_path");
    assert!(!at.path().join("outside/a.md").exists());
}
