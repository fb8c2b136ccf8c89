//! Where a member of a backup goes when it is unpacked: below the folder it is unpacked to, whatever it is
//! called and whatever stands there, and under a name that this system can hold.

use super::{INDEX, NOTES};
use crate::KeepingError;
use crate::portable::{is_name_on_windows, numbered, portable};
use docent_library::DATABASE;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

/// Most names that are tried for one part of a path.
const TRIES: usize = 100_000;

/// A member's name that leads out of the folder it is unpacked to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LeadsOut;

/// The parts of a member's name if it is a file of the library; `None` for what is passed over. Names are
/// read as docent writes them: `/` divides, and everything else belongs to a part.
pub(super) fn own_parts(name: &str) -> Result<Option<Vec<&str>>, LeadsOut> {
    let (path, is_folder) = name.strip_suffix('/').map_or((name, false), |path| (path, true));
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "" | "." | "..") || part.contains('\0')) {
        return Err(LeadsOut);
    }
    let is_own = match parts[..] {
        [only] => only == DATABASE,
        [INDEX, ..] => {
            // What docent writes there is held by every system.
            if parts.iter().any(|part| !is_held(part, cfg!(windows))) {
                return Err(LeadsOut);
            }
            true
        }
        [first, ..] => first == NOTES,
        [] => false,
    };
    Ok((is_own && !is_folder).then_some(parts))
}

/// Makes the file of a member below `target`. A note whose name this system cannot hold, or has already
/// as on a disk that does not tell `A.md` from `a.md`, gets another one. No link is followed.
pub(super) fn create(target: &Path, parts: &[&str]) -> Result<(File, PathBuf), KeepingError> {
    let Some((last, folders)) = parts.split_last() else {
        return Err(KeepingError::bad_path(target, "it is a folder"));
    };
    let is_note = parts.first() == Some(&NOTES);
    let mut folder = target.to_owned();
    for (depth, part) in folders.iter().enumerate() {
        folder = placed("making", &folder, part, is_note && depth > 0, make_folder)?.0;
    }
    let (path, file) = placed("writing", &folder, last, is_note, |path| {
        File::options().write(true).create_new(true).open(path)
    })?;
    let below = path.strip_prefix(target).unwrap_or(&path);
    if !below.iter().eq(parts.iter().map(|part| OsStr::new(*part))) {
        tracing::warn!(note = %parts.join("/"), file = %below.display(), "a restored note gets another name");
    }
    Ok((file, path))
}

/// Makes a folder unless it is there. A link to one is none.
fn make_folder(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let is_folder = path.symlink_metadata().is_ok_and(|found| found.is_dir());
            if is_folder { Ok(()) } else { Err(error) }
        }
        made => made,
    }
}

/// Makes something in `folder` that is called `part`, or, if `may_differ`, otherwise where it must.
fn placed<T>(
    step: &'static str,
    folder: &Path,
    part: &str,
    may_differ: bool,
    make: impl Fn(&Path) -> io::Result<T>,
) -> Result<(PathBuf, T), KeepingError> {
    for name in names(part, may_differ, cfg!(windows)) {
        let path = folder.join(&name);
        match make(&path) {
            Ok(made) => return Ok((path, made)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            // The disk may hold less than its system.
            Err(error) if may_differ && name == part && is_refused_name(&error) => {}
            Err(source) => return Err(KeepingError::file(step, &path, source)),
        }
    }
    Err(KeepingError::Taken { path: folder.join(portable(part)) })
}

/// Whether a system says so of a name that is too long or holds what it does not allow.
fn is_refused_name(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidFilename | io::ErrorKind::InvalidInput)
}

/// The names to be tried for a part of a path, its own first if this system can hold it.
fn names(part: &str, may_differ: bool, windows: bool) -> impl Iterator<Item = String> {
    let other = portable(part);
    let own = is_held(part, windows).then(|| part.to_owned());
    let changed = (may_differ && other != part).then(|| other.clone());
    let last = if may_differ { TRIES } else { 0 };
    own.into_iter().chain(changed).chain((2..=last).map(move |number| numbered(&other, number)))
}

/// Whether a system takes `part` for the name of one thing in the folder it is joined to.
fn is_held(part: &str, windows: bool) -> bool {
    let mut found = Path::new(part).components();
    let is_one =
        matches!((found.next(), found.next()), (Some(Component::Normal(only)), None) if only == part);
    is_one && (!windows || is_name_on_windows(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_name_is_divided_where_docent_divides_it_and_nowhere_else() {
        assert_eq!(own_parts("app.db"), Ok(Some(vec!["app.db"])));
        assert_eq!(own_parts("lance/t.lance/rows"), Ok(Some(vec!["lance", "t.lance", "rows"])));
        for name in [
            "notes/Q: what.md",
            "notes/AC\\DC.md",
            "notes/a\\",
            "notes/b/A:B.md",
            "notes/c:/x",
            "notes/con.md",
        ] {
            let parts: Vec<&str> = name.split('/').collect();
            assert_eq!(own_parts(name), Ok(Some(parts)), "{name}");
        }
        for name in
            ["docent-backup.json", "notes", "notes/", "notes/a/", "lance", "app.db/x", "other/a.md", "c:\\x"]
        {
            assert_eq!(own_parts(name), Ok(None), "{name}");
        }
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        for name in [
            "",
            "/",
            "/etc/passwd",
            "/notes/a.md",
            "../a.md",
            "notes/../../a.md",
            "notes/..",
            "notes/../",
            "notes//a.md",
            "notes/./a.md",
            "notes/a\0.md",
            "other/../../x",
        ] {
            assert_eq!(own_parts(name), Err(LeadsOut), "{name}");
        }
    }

    #[test]
    fn no_name_that_is_tried_on_windows_is_a_drive_a_stream_a_device_or_a_folder_above() {
        for part in
            ["c:", "c:x", "C:\\Windows\\x", "\\\\server\\x", "..\\..\\x", ".. ", "x.md:stream", "nul", "a?"]
        {
            let tried: Vec<String> = names(part, true, true).take(3).collect();
            assert_eq!(tried.len(), 3);
            for name in tried {
                assert!(is_name_on_windows(&name) && !name.contains(['\\', ':', '/']), "{part}: {name}");
            }
            assert_eq!(names(part, false, true).count(), 0, "{part}");
        }
        assert_eq!(names("计划.md", true, true).take(2).collect::<Vec<_>>(), ["计划.md", "计划 2.md"]);
        // 255 of its units, which it holds.
        let long = "字".repeat(255);
        assert_eq!(names(&long, true, true).next(), Some(long.clone()));
    }

    /// Writes a member below `target` and gives where it stands.
    fn put(target: &Path, name: &str, text: &str) -> Result<PathBuf, KeepingError> {
        let parts: Vec<&str> = name.split('/').collect();
        let (mut file, path) = create(target, &parts)?;
        file.write_all(text.as_bytes()).unwrap();
        Ok(path.strip_prefix(target).unwrap().to_owned())
    }

    #[test]
    fn what_stands_there_already_is_not_written_over() {
        let at = tempfile::tempdir().unwrap();
        for (name, expected) in [
            ("notes/a.md", "notes/a.md"),
            ("notes/a.md", "notes/a 2.md"),
            ("notes/a.md/b.md", "notes/a 3.md/b.md"),
            ("notes/a.md/c.md", "notes/a 3.md/c.md"),
            ("notes/w/x", "notes/w/x"),
            ("notes/w", "notes/w 2"),
            ("lance/rows", "lance/rows"),
        ] {
            assert_eq!(put(at.path(), name, name).unwrap(), Path::new(expected));
            assert_eq!(fs::read_to_string(at.path().join(expected)).unwrap(), name);
        }
        // A part of the library has no other name.
        assert_eq!(put(at.path(), "lance/rows", "x").unwrap_err().code(), "taken");
        assert_eq!(fs::read_to_string(at.path().join("lance/rows")).unwrap(), "lance/rows");
    }

    #[test]
    fn a_name_that_is_too_long_for_this_system_is_cut() {
        let at = tempfile::tempdir().unwrap();
        // A hundred characters are allowed where a name has 255 of them, and not where it has 255 bytes.
        let long = "字".repeat(300);
        let path = put(at.path(), &format!("notes/{long}/{long}.md"), "x").unwrap();
        let names: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let cut = "字".repeat(78);
        assert_eq!(names, ["notes".to_owned(), format!("{}_", "字".repeat(79)), format!("{cut}_.md")]);
        assert_eq!(fs::read_to_string(at.path().join(path)).unwrap(), "x");
    }

    #[cfg(unix)]
    #[test]
    fn no_link_in_the_folder_is_written_through() {
        use std::os::unix::fs::symlink;
        let at = tempfile::tempdir().unwrap();
        let (target, outside) = (at.path().join("target"), at.path().join("outside"));
        fs::create_dir_all(target.join("notes")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("theirs.md"), "theirs").unwrap();
        symlink(&outside, target.join("lance")).unwrap();
        symlink(&outside, target.join("notes/folder")).unwrap();
        symlink(outside.join("theirs.md"), target.join("notes/a.md")).unwrap();
        symlink(outside.join("new.md"), target.join("notes/b.md")).unwrap();
        assert_eq!(put(&target, "lance/rows", "x").unwrap_err().code(), "taken");
        for (name, expected) in [
            ("notes/folder/theirs.md", "notes/folder 2/theirs.md"),
            ("notes/a.md", "notes/a 2.md"),
            ("notes/b.md", "notes/b 2.md"),
        ] {
            assert_eq!(put(&target, name, "x").unwrap(), Path::new(expected));
        }
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(outside.join("theirs.md")).unwrap(), "theirs");
    }
}
