//! Backups in which files have names that this system, or another one, cannot hold, or that lead out.

use super::*;
use docent_library::DATABASE;
use std::io::{Read, Write};

/// Names of notes that are allowed on some system and make trouble on another.
const ODD: &[&str] = &[
    "Q: what.md",
    "A:B.md",
    "c:",
    "C:\\x.md",
    "AC\\DC.md",
    "AC/DC.md",
    "a\\",
    "con.md",
    "dots...",
    "a <b> \"c\"|d*?.md",
    "work: old/x.md",
    "work_ old/x.md",
    "Plan.md",
    "plan.md",
    "PLAN/x.md",
];

/// Packs the library of a backup with a note under each of `names`, whose text is its name.
fn pack(backup: &Path, to: &Path, names: &[&str]) {
    let mut source = zip::ZipArchive::new(fs::File::open(backup).unwrap()).unwrap();
    let mut archive = zip::ZipWriter::new(fs::File::create(to).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for name in [DATABASE, MANIFEST] {
        let mut bytes = Vec::new();
        source.by_name(name).unwrap().read_to_end(&mut bytes).unwrap();
        archive.start_file(name, options).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    for name in names {
        archive.start_file(*name, options).unwrap();
        archive.write_all(name.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
}

/// The texts of all files below a folder.
fn texts(folder: &Path) -> Vec<String> {
    let found = crate::listing::files_below(folder).unwrap().whole(&[]).unwrap();
    let mut texts: Vec<String> = found.iter().map(|(_, path)| fs::read_to_string(path).unwrap()).collect();
    texts.sort();
    texts
}

#[cfg(target_os = "linux")]
#[test]
fn notes_of_any_name_come_back_as_they_were() {
    let world = world();
    let mut expected = vec!["计划.md".to_owned()];
    for name in ODD {
        let path = world.notes.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, name).unwrap();
        expected.push((*name).to_owned());
    }
    expected.sort();
    let (path, _) = world.back_up(false);
    fs::remove_dir_all(&world.notes).unwrap();
    let other = tempfile::tempdir().unwrap();
    prepare(&path, other.path(), 9, &Cancel::new(), &mut |_| {}).unwrap();
    assert_eq!(applied(other.path()).unwrap().unwrap().notes.as_ref(), Some(&world.notes));
    let found = crate::listing::files_below(&world.notes).unwrap().whole(&[]).unwrap();
    let names: Vec<String> = found.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, expected);
    for name in ODD {
        assert_eq!(fs::read_to_string(world.notes.join(name)).unwrap(), *name);
    }
}

#[test]
fn no_note_is_lost_whatever_names_this_system_can_hold() {
    let world = world();
    let (path, _) = world.back_up(false);
    let other = tempfile::tempdir().unwrap();
    let (packed, data) = (other.path().join("packed.zip"), other.path().join("data"));
    fs::create_dir(&data).unwrap();
    let long = format!("{}.md", "字".repeat(100));
    let mut names: Vec<String> = ODD.iter().map(|name| format!("notes/{name}")).collect();
    names.push(format!("notes/{long}"));
    names.sort();
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    pack(&path, &packed, &borrowed);
    prepare(&packed, &data, 9, &Cancel::new(), &mut |_| {}).unwrap();
    let notes = applied(&data).unwrap().unwrap().notes.unwrap();
    assert_eq!(texts(&notes), names);
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 2, "and nothing is written elsewhere");
}

#[test]
fn a_backup_that_names_a_file_outside_is_refused() {
    let world = world();
    let (path, _) = world.back_up(false);
    let other = tempfile::tempdir().unwrap();
    let (packed, data) = (other.path().join("packed.zip"), other.path().join("one/two/data"));
    fs::create_dir_all(&data).unwrap();
    for name in ["../x.md", "notes/../../../x.md", "/x.md", "notes//x.md", "notes/./x.md", "lance/../x"] {
        pack(&path, &packed, &["notes/a.md", name]);
        let failure = prepare(&packed, &data, 9, &Cancel::new(), &mut |_| {}).unwrap_err();
        assert_eq!(failure.code(), "bad_backup", "{name}: {failure}");
        assert!(applied(&data).unwrap().is_none());
    }
    fs::remove_file(&packed).unwrap();
    assert!(crate::listing::files_below(other.path()).unwrap().files.is_empty());
}

#[cfg(unix)]
#[test]
fn a_link_where_a_backup_is_unpacked_is_not_followed() {
    let world = world();
    let (path, _) = world.back_up(true);
    let other = tempfile::tempdir().unwrap();
    let (data, outside) = (other.path().join("data"), other.path().join("outside"));
    fs::create_dir(&data).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("theirs"), "theirs").unwrap();
    std::os::unix::fs::symlink(&outside, data.join(UNPACKED)).unwrap();
    prepare(&path, &data, 9, &Cancel::new(), &mut |_| {}).unwrap();
    assert!(applied(&data).unwrap().is_some());
    assert_eq!(texts(&outside), ["theirs"]);
    assert_eq!(setting(&data).as_deref(), Some("first"));
}
