use super::*;

fn folder() -> (tempfile::TempDir, NotesFolder) {
    let at = tempfile::tempdir().unwrap();
    let notes = NotesFolder::create(&at.path().join("笔记")).unwrap();
    (at, notes)
}

/// Keeps no version.
fn nothing(_: &str, _: &str) -> Result<(), KeepingError> {
    Ok(())
}

#[test]
fn a_new_note_is_named_and_saved_again_under_its_name() {
    let (_at, notes) = folder();
    let made = notes.save(None, "# Plan\n\none", None, &mut nothing).unwrap();
    assert_eq!((made.note.path.as_str(), made.conflict), ("Plan.md", false));
    let again = notes.save(None, "# Plan\n\ntwo", None, &mut nothing).unwrap();
    assert_eq!(again.note.path, "Plan 2.md");
    let saved =
        notes.save(Some("Plan.md"), "# Plan\n\nmore", Some(&made.note.version), &mut nothing).unwrap();
    assert!(!saved.conflict);
    assert_eq!(notes.read("Plan.md").unwrap().text, "# Plan\n\nmore");
    let names: Vec<String> = notes.list().unwrap().into_iter().map(|note| note.path).collect();
    assert_eq!(names.len(), 2);
}

#[test]
fn a_list_tells_which_files_were_changed_since_the_one_before() {
    let (_at, notes) = folder();
    let kept = notes.save(None, "kept", None, &mut nothing).unwrap().note.path;
    let other = notes.save(None, "other", None, &mut nothing).unwrap().note.path;
    let stamp_of = |path: &str| notes.list().unwrap().iter().find(|note| note.path == path).unwrap().stamp;
    let before = (stamp_of(&kept), stamp_of(&other));
    std::fs::write(notes.root().join(&other), "other, and longer").unwrap();
    assert_eq!(stamp_of(&kept), before.0);
    assert_ne!(stamp_of(&other), before.1);
    // Of the same length, at another time.
    let longer = stamp_of(&other);
    let file = std::fs::File::options().write(true).open(notes.root().join(&other)).unwrap();
    file.set_modified(UNIX_EPOCH).unwrap();
    assert_ne!(stamp_of(&other), longer);
}

#[test]
fn what_another_program_wrote_is_not_overwritten() {
    let (_at, notes) = folder();
    let made = notes.save(None, "mine", None, &mut nothing).unwrap().note;
    std::fs::write(notes.root().join(&made.path), "theirs").unwrap();
    let saved = notes.save(Some(&made.path), "mine, later", Some(&made.version), &mut nothing).unwrap();
    assert!(saved.conflict);
    assert_eq!(saved.note.path, "mine (edited here).md");
    assert_eq!(notes.read(&made.path).unwrap().text, "theirs");
    assert_eq!(notes.read(&saved.note.path).unwrap().text, "mine, later");
    // Saving what is there already is no conflict, whatever version was known.
    assert!(!notes.save(Some(&made.path), "theirs", Some("other"), &mut nothing).unwrap().conflict);
}

#[test]
fn a_note_deleted_elsewhere_is_written_again() {
    let (_at, notes) = folder();
    let made = notes.save(None, "text", None, &mut nothing).unwrap().note;
    std::fs::remove_file(notes.root().join(&made.path)).unwrap();
    let saved = notes.save(Some(&made.path), "text, more", Some(&made.version), &mut nothing).unwrap();
    assert_eq!((saved.note.path.as_str(), saved.conflict), ("text.md", false));
}

#[test]
fn a_note_gets_another_name_and_folder_but_takes_no_others() {
    let (_at, notes) = folder();
    notes.save(None, "one", None, &mut nothing).unwrap();
    notes.save(None, "two", None, &mut nothing).unwrap();
    assert_eq!(notes.rename("one.md", "work/第一").unwrap(), "work/第一.md");
    assert_eq!(notes.rename("two.md", "work/第一.md").unwrap_err().code(), "taken");
    assert_eq!(notes.rename("gone.md", "x").unwrap_err().code(), "no_such_note");
    assert_eq!(notes.rename("two.md", "../out").unwrap_err().code(), "bad_path");
    notes.delete("two.md").unwrap();
    assert_eq!(notes.read("two.md").unwrap_err().code(), "no_such_note");
    let all: Vec<String> = notes.list().unwrap().into_iter().map(|note| note.path).collect();
    assert_eq!(notes.target("第一", &all), Some(&all[0]));
    assert_eq!(notes.target("WORK/第一", &all), Some(&all[0]));
    assert_eq!(notes.target("二", &all), None);
}

#[test]
fn a_note_of_the_longest_name_is_saved_and_gets_other_names() {
    let (_at, notes) = folder();
    // The file system holds no more than 255 bytes.
    let path = format!("{}.md", "字".repeat(79));
    let made = notes.save(Some(&path), "one", None, &mut nothing).unwrap().note;
    assert_eq!(made.path, path);
    fs::write(notes.root().join(&path), "theirs").unwrap();
    for number in ["", " 2"] {
        let saved = notes.save(Some(&path), &format!("mine{number}"), None, &mut nothing).unwrap();
        assert!(saved.conflict && saved.note.path.ends_with(&format!("字 (edited here){number}.md")));
        assert_eq!(notes.read(&saved.note.path).unwrap().text, format!("mine{number}"));
    }
    assert_eq!(notes.read(&path).unwrap().text, "theirs");
    assert_eq!(fs::read_dir(notes.root()).unwrap().count(), 3, "nothing unfinished is left");
}

#[test]
fn files_that_are_no_text_are_left_alone() {
    let (_at, notes) = folder();
    std::fs::write(notes.root().join("old.md"), [0xC4, 0xE3, 0xFF]).unwrap();
    assert_eq!(notes.read("old.md").unwrap_err().code(), "note_encoding");
    let saved = notes.save(Some("old.md"), "text", None, &mut nothing).unwrap();
    assert!(saved.conflict, "its bytes are not ours to lose");
    assert_eq!(std::fs::read(notes.root().join("old.md")).unwrap(), [0xC4, 0xE3, 0xFF]);
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_is_not_followed() {
    let (at, notes) = folder();
    std::fs::create_dir(at.path().join("outside")).unwrap();
    std::os::unix::fs::symlink(at.path().join("outside"), notes.root().join("in")).unwrap();
    assert_eq!(notes.save(Some("in/a.md"), "x", None, &mut nothing).unwrap_err().code(), "bad_path");
    assert!(!at.path().join("outside/a.md").exists());
}

#[cfg(unix)]
#[test]
fn no_folder_is_made_behind_a_link_that_leads_out_or_nowhere() {
    let (at, notes) = folder();
    std::fs::create_dir(at.path().join("outside")).unwrap();
    std::os::unix::fs::symlink(at.path().join("outside"), notes.root().join("out")).unwrap();
    std::os::unix::fs::symlink(at.path().join("later"), notes.root().join("nowhere")).unwrap();
    notes.save(Some("a.md"), "x", None, &mut nothing).unwrap();
    for path in ["out/new/a.md", "out/new/newer/a.md", "nowhere/a.md", "nowhere/new/a.md"] {
        assert_eq!(notes.save(Some(path), "x", None, &mut nothing).unwrap_err().code(), "bad_path");
        assert_eq!(notes.rename("a.md", path).unwrap_err().code(), "bad_path");
    }
    assert_eq!(fs::read_dir(at.path().join("outside")).unwrap().count(), 0);
    assert!(!at.path().join("later").exists());
    // A link that stays inside is followed.
    std::fs::create_dir(notes.root().join("work")).unwrap();
    std::os::unix::fs::symlink("work", notes.root().join("link")).unwrap();
    assert_eq!(notes.rename("a.md", "link/new/a.md").unwrap(), "link/new/a.md");
    assert!(notes.root().join("work/new/a.md").is_file());
}

#[test]
fn what_a_note_held_is_kept_before_it_is_replaced() {
    let (_at, notes) = folder();
    let made = notes.save(None, "one", None, &mut nothing).unwrap().note;
    let (known, mut kept) = (Some(made.version.as_str()), Vec::new());
    let failure = notes.save(Some("one.md"), "two", known, &mut |_, _| Err(KeepingError::Cancelled));
    assert_eq!(failure.unwrap_err().code(), "cancelled");
    assert_eq!(notes.read("one.md").unwrap().text, "one", "no version, no change");
    let mut keep = |path: &str, before: &str| {
        kept.push((path.to_owned(), before.to_owned(), notes.read(path)?.text));
        Ok(())
    };
    notes.save(Some("one.md"), "two", known, &mut keep).unwrap();
    assert_eq!(kept, [("one.md".to_owned(), "one".to_owned(), "one".to_owned())]);
}

#[test]
fn a_note_takes_no_others_name_by_its_case() {
    let (_at, notes) = folder();
    notes.save(None, "Plan", None, &mut nothing).unwrap();
    let lower = notes.root().join("plan.md");
    if lower.exists() {
        assert_eq!(notes.rename("Plan.md", "plan.md").unwrap(), "plan.md", "one file on this system");
        return;
    }
    fs::write(&lower, "another").unwrap();
    assert_eq!(notes.rename("Plan.md", "plan.md").unwrap_err().code(), "taken");
    assert_eq!(fs::read_to_string(&lower).unwrap(), "another");
    fs::remove_file(&lower).unwrap();
    assert_eq!(notes.rename("Plan.md", "plan.md").unwrap(), "plan.md");
}

#[test]
fn of_two_saves_at_once_none_is_lost() {
    let (_at, notes) = folder();
    let made = notes.save(None, "one", None, &mut nothing).unwrap().note;
    let texts: Vec<String> = (0..8).map(|number| format!("{number}").repeat(200_000)).collect();
    let save =
        &|text: &str| notes.save(Some(&made.path), text, Some(&made.version), &mut nothing).unwrap().conflict;
    let conflicts: usize = std::thread::scope(|scope| {
        let running: Vec<_> = texts.iter().map(|text| scope.spawn(move || save(text))).collect();
        running.into_iter().map(|run| usize::from(run.join().unwrap())).sum()
    });
    assert_eq!(conflicts, 7);
    let mut found: Vec<String> =
        notes.list().unwrap().iter().map(|note| notes.read(&note.path).unwrap().text).collect();
    found.sort();
    assert!(found == texts);
}

#[test]
fn a_note_that_was_written_counts_as_saved_even_if_it_is_too_large_to_be_opened() {
    let (_at, notes) = folder();
    let text = "x".repeat(usize::try_from(MAX_BYTES).unwrap() + 1);
    let made = notes.save(None, &text, None, &mut nothing).unwrap().note;
    assert_eq!(fs::metadata(notes.root().join(&made.path)).unwrap().len(), MAX_BYTES + 1);
    assert_eq!(notes.read(&made.path).unwrap_err().code(), "too_large");
}

#[test]
fn what_is_wrong_with_the_encoding_of_a_note_is_told() {
    let (_at, notes) = folder();
    let refused = |bytes: &[u8]| {
        std::fs::write(notes.root().join("old.md"), bytes).unwrap();
        let failure = notes.read("old.md").unwrap_err();
        assert_eq!(failure.code(), "note_encoding");
        failure.to_string()
    };
    // A line in ASCII, then two characters in GBK.
    let gbk = refused(b"# title\n\xC4\xE3\xBA\xC3\n");
    assert!(gbk.contains("line 2") && gbk.contains("GBK"), "{gbk}");
    let utf16 = refused(b"\xFF\xFEa\0b\0");
    assert!(utf16.contains("UTF-16") && utf16.contains("stays as it is"), "{utf16}");
}

#[cfg(unix)]
#[test]
fn a_note_that_may_not_be_written_is_told_as_such_and_stays() {
    use std::os::unix::fs::PermissionsExt;
    let (_at, notes) = folder();
    notes.save(Some("a.md"), "before", None, &mut nothing).unwrap();
    let version = notes.read("a.md").unwrap().version;
    let may = |mode| fs::set_permissions(notes.root(), fs::Permissions::from_mode(mode)).unwrap();
    may(0o555);
    let is_bound = fs::write(notes.root().join("probe"), "").is_err();
    let failure = notes.save(Some("a.md"), "after", Some(&version), &mut nothing);
    may(0o755);
    // Whoever is allowed everything is refused nothing.
    if is_bound {
        assert_eq!(failure.unwrap_err().code(), "not_writable");
        assert_eq!(notes.read("a.md").unwrap().text, "before");
    }
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let at = tempfile::tempdir().unwrap();
    let notes = NotesFolder::at(&at.path().join("drive/notes"));
    assert_eq!(notes.list().unwrap_err().code(), "away");
    assert_eq!(notes.read("a.md").unwrap_err().code(), "away");
    assert_eq!(notes.save(None, "text", None, &mut nothing).unwrap_err().code(), "away");
    assert_eq!(notes.save(Some("b/a.md"), "text", None, &mut nothing).unwrap_err().code(), "away");
    assert_eq!(fs::read_dir(at.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_note_stays_one_and_a_link_to_a_file_outside_is_left_alone() {
    use std::os::unix::fs::symlink;
    let (at, notes) = folder();
    let made = notes.save(None, "one", None, &mut nothing).unwrap().note;
    symlink("one.md", notes.root().join("link.md")).unwrap();
    fs::write(at.path().join("theirs.md"), "theirs").unwrap();
    symlink(at.path().join("theirs.md"), notes.root().join("out.md")).unwrap();
    notes.save(Some("link.md"), "two", Some(&made.version), &mut nothing).unwrap();
    assert_eq!(notes.read("one.md").unwrap().text, "two");
    assert_eq!(notes.list().unwrap().len(), 2);
    assert_eq!(notes.read("out.md").unwrap_err().code(), "bad_path");
    assert_eq!(notes.save(Some("out.md"), "mine", None, &mut nothing).unwrap_err().code(), "bad_path");
    assert_eq!(fs::read_to_string(at.path().join("theirs.md")).unwrap(), "theirs");
}
