//! Walking a source: which files are there, and which places could not be looked at.

mod ignored;
mod mounts;
mod rules;

use crate::file::FileState;
use docent_corpus::Cancel;
use docent_library::{SourceKind, SourceRules};
use ignore::{DirEntry, WalkBuilder};
use ignored::{IGNORE_FILE, is_made_by_programs, is_temporary_file};
use mounts::{IS_VIRTUAL, Mounts};
use rules::Chosen;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use mounts::mount_points;
pub use rules::check_pattern;
pub(crate) use rules::lies_at_or_below;

/// Git's own data, which nobody reads even where hidden files are read.
const GIT_FOLDER: &str = ".git";

/// What is walked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ground<'g> {
    /// The source's root.
    pub(crate) root: &'g Path,
    pub(crate) kind: SourceKind,
    pub(crate) rules: &'g SourceRules,
    /// docent's data, which is never walked.
    pub(crate) own: &'g Path,
    /// Paths below the root to which the walk is narrowed; `None` means everything.
    pub(crate) within: Option<&'g [String]>,
}

/// A file of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Path below the root with `/` between parts; the file's name if the source is one file.
    pub(crate) rel_path: String,
    pub(crate) state: FileState,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub(crate) files: Vec<Found>,
    /// Places that could not be looked at, relative to the root (`.` for the root itself), with the
    /// reason.
    pub(crate) unreadable: Vec<(String, String)>,
    /// Places that are never looked at although the rules do not leave them out, with the reason.
    pub(crate) passed_over: Vec<(String, String)>,
    /// Folders below the root on which other drives are mounted.
    pub(crate) mounted: BTreeSet<String>,
    /// Whether the root could be read.
    pub(crate) reachable: bool,
    /// Whether everything below the root was looked at, apart from `unreadable` places.
    pub(crate) complete: bool,
}

/// Walks a source. What its rules leave out (by default hidden files and what `.gitignore` names),
/// what `.docentignore` names, temporary files, folders made by programs and docent's own data are
/// passed over. Links to files count as files; links to folders are not followed, so there are no
/// loops and nothing outside the source is indexed by accident.
pub(crate) fn walk(ground: &Ground<'_>, cancel: &Cancel) -> Walked {
    let mut walked = Walked::default();
    if lies_within(ground.root, ground.own) {
        walked.reachable = true;
        walked.unreadable.push((".".to_owned(), "docent's own data is not indexed".to_owned()));
        return walked;
    }
    match ground.kind {
        SourceKind::File => single_file(ground.root, &mut walked),
        SourceKind::Folder => folder(ground, cancel, &mut walked),
    }
    walked
}

fn lies_within(root: &Path, own: &Path) -> bool {
    match (root.canonicalize(), own.canonicalize()) {
        (Ok(root), Ok(own)) => root.starts_with(own),
        _ => false,
    }
}

fn single_file(root: &Path, walked: &mut Walked) {
    let name = root.file_name().and_then(|name| name.to_str());
    match (std::fs::metadata(root), name) {
        (Ok(metadata), Some(name)) if metadata.is_file() => {
            walked.files.push(Found { rel_path: name.to_owned(), state: FileState::of(&metadata) });
            (walked.reachable, walked.complete) = (true, true);
        }
        (Ok(_), _) => {
            walked.unreadable.push((".".to_owned(), "this is not a file with a readable name".to_owned()))
        }
        (Err(error), _) => walked.unreadable.push((".".to_owned(), reason(&error))),
    }
}

fn folder(ground: &Ground<'_>, cancel: &Cancel, walked: &mut Walked) {
    let root = ground.root;
    // Asked before walking: the walk itself does not tell a missing root from an empty one.
    if let Err(error) = std::fs::read_dir(root) {
        walked.unreadable.push((".".to_owned(), reason(&error)));
        return;
    }
    walked.reachable = true;
    let mounts = Arc::new(Mounts::below(root));
    if mounts.is_root_virtual() {
        walked.unreadable.push((".".to_owned(), IS_VIRTUAL.to_owned()));
        return;
    }
    walked.complete = true;
    for entry in walker(ground, Arc::clone(&mounts)) {
        if cancel.is_cancelled() {
            walked.complete = false;
            break;
        }
        match entry {
            Ok(entry) => visit(root, &entry, walked),
            Err(error) => note_error(root, &error, walked),
        }
    }
    let met = mounts.met();
    walked.mounted = met.mounted;
    walked.passed_over.extend(met.virtual_ones.into_iter().map(|place| (place, IS_VIRTUAL.to_owned())));
}

fn walker(ground: &Ground<'_>, mounts: Arc<Mounts>) -> ignore::Walk {
    let own: Option<PathBuf> = ground.own.canonicalize().ok();
    let chosen = Chosen::new(ground.root, ground.rules, ground.within);
    let root = ground.root.to_path_buf();
    let mut builder = WalkBuilder::new(ground.root);
    builder
        .hidden(!ground.rules.hidden)
        .git_ignore(ground.rules.gitignore)
        .git_exclude(ground.rules.gitignore)
        .require_git(false)
        // What a person's other folders say must not hide what they gave us.
        .parents(false)
        .git_global(false)
        .ignore(false)
        .follow_links(false)
        .add_custom_ignore_filename(IGNORE_FILE)
        .sort_by_file_name(|a, b| a.cmp(b))
        .filter_entry(move |entry| {
            entry.depth() == 0
                || is_wanted(&root, entry, own.as_deref(), &chosen) && may_enter(&root, entry, &mounts)
        });
    builder.build()
}

fn is_wanted(root: &Path, entry: &DirEntry, own: Option<&Path>, chosen: &Chosen) -> bool {
    // A name that is not Unicode is reported by the visit, whatever the rules.
    let rel_path = relative(root, entry.path());
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return !is_temporary_file(entry.file_name())
            && rel_path.is_none_or(|rel_path| chosen.takes(entry.path(), &rel_path));
    }
    if entry.file_name() == GIT_FOLDER
        || rel_path.is_some_and(|rel_path| !chosen.enters(entry.path(), &rel_path))
    {
        return false;
    }
    let is_own = || {
        own.is_some_and(|own| {
            own.file_name() == Some(entry.file_name())
                && entry.path().canonicalize().is_ok_and(|path| path == own)
        })
    };
    !is_made_by_programs(entry.path()) && !is_own()
}

/// Whether a folder is one of a real drive; asked last, because it asks the system.
fn may_enter(root: &Path, entry: &DirEntry, mounts: &Mounts) -> bool {
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return true;
    }
    relative(root, entry.path()).is_none_or(|rel_path| mounts.enters(entry.path(), &rel_path))
}

fn visit(root: &Path, entry: &DirEntry, walked: &mut Walked) {
    let Some(kind) = entry.file_type().filter(|kind| kind.is_file() || kind.is_symlink()) else {
        return;
    };
    if entry.depth() == 0 {
        return;
    }
    let rel_path = relative(root, entry.path());
    // A link is asked what it leads to.
    let metadata =
        if kind.is_symlink() { std::fs::metadata(entry.path()) } else { entry.path().symlink_metadata() };
    match (metadata, rel_path) {
        (Ok(metadata), Some(rel_path)) if metadata.is_file() => {
            walked.files.push(Found { rel_path, state: FileState::of(&metadata) });
        }
        (Ok(metadata), None) if metadata.is_file() => {
            walked.unreadable.push((shown(root, entry.path()), "its name is not valid Unicode".to_owned()));
        }
        (Ok(metadata), rel_path) if metadata.is_dir() => {
            let shown = rel_path.unwrap_or_else(|| shown(root, entry.path()));
            walked
                .passed_over
                .push((shown, "a link to a folder; links to folders are not followed".to_owned()));
        }
        (Ok(_), _) => {}
        // Removed since the folder was listed.
        (Err(error), _) if error.kind() == io::ErrorKind::NotFound && !kind.is_symlink() => {}
        (Err(error), Some(rel_path)) if kind.is_symlink() && error.kind() == io::ErrorKind::NotFound => {
            walked.unreadable.push((rel_path, "a link that leads nowhere".to_owned()));
        }
        (Err(error), rel_path) => {
            let shown = rel_path.unwrap_or_else(|| shown(root, entry.path()));
            walked.unreadable.push((shown, reason(&error)));
        }
    }
}

/// A path below the root in a form that can be printed, even if it is not Unicode.
fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// A place that the walk could not enter. Without knowing which, nothing may count as gone.
fn note_error(root: &Path, error: &ignore::Error, walked: &mut Walked) {
    match path_of(error).map(|path| relative(root, path)) {
        // Removed while walking: its files are gone indeed.
        Some(Some(_)) if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) => {}
        Some(Some(rel_path)) => {
            let why = error.io_error().map_or_else(|| error.to_string(), reason);
            walked.unreadable.push((rel_path, why));
        }
        _ => {
            walked.complete = false;
            walked.unreadable.push((".".to_owned(), error.to_string()));
        }
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Partial(errors) => errors.iter().find_map(path_of),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

/// `path` below `root` with `/` between parts; `None` if it is not Unicode or not below.
fn relative(root: &Path, path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> =
        path.strip_prefix(root).ok()?.components().map(|part| part.as_os_str().to_str()).collect();
    let joined = parts?.join("/");
    Some(if joined.is_empty() { ".".to_owned() } else { joined })
}

/// A system's error in words that do not depend on the system's language.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission".to_owned(),
        io::ErrorKind::NotADirectory => "it is not a folder".to_owned(),
        io::ErrorKind::InvalidFilename => "its path is too long".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn lay(root: &Path, files: &[&str]) {
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
    }

    fn names(walked: &Walked) -> Vec<&str> {
        let mut names: Vec<&str> = walked.files.iter().map(|found| found.rel_path.as_str()).collect();
        names.sort_unstable();
        names
    }

    fn look(root: &Path) -> Walked {
        look_by(root, &SourceRules::default(), None)
    }

    fn look_by(root: &Path, rules: &SourceRules, within: Option<&[String]>) -> Walked {
        let own = Path::new("/nonexistent");
        walk(&Ground { root, kind: SourceKind::Folder, rules, own, within }, &Cancel::new())
    }

    fn look_at(root: &Path, kind: SourceKind, own: &Path) -> Walked {
        walk(&Ground { root, kind, rules: &SourceRules::default(), own, within: None }, &Cancel::new())
    }

    #[test]
    fn rules_decide_what_is_seen() {
        let root = tempfile::tempdir().unwrap();
        lay(root.path(), &["a.txt", ".hidden.txt", "logs/x.log", "build/out.txt", ".git/config", "子/b.md"]);
        fs::write(root.path().join(".gitignore"), "build/\n").unwrap();
        let rules = SourceRules {
            hidden: true,
            gitignore: false,
            ignore: vec!["*.log".into()],
            ..Default::default()
        };
        let walked = look_by(root.path(), &rules, None);
        assert_eq!(names(&walked), [".gitignore", ".hidden.txt", "a.txt", "build/out.txt", "子/b.md"]);
        let within = ["子".to_owned(), "gone.txt".to_owned()];
        assert_eq!(names(&look_by(root.path(), &SourceRules::default(), Some(&within))), ["子/b.md"]);
    }

    #[test]
    fn what_nobody_reads_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        lay(
            root.path(),
            &[
                "a.txt",
                "子 目录/说明 书.md",
                ".hidden",
                ".git/config",
                "node_modules/x/readme.md",
                "b.tmp",
                "~$c.docx",
                "secret/plan.txt",
                "build/out.txt",
                "deep/er/file.txt",
            ],
        );
        fs::write(root.path().join(".gitignore"), "build/\n").unwrap();
        fs::write(root.path().join(".docentignore"), "secret\n").unwrap();
        let walked = look(root.path());
        assert_eq!(names(&walked), ["a.txt", "deep/er/file.txt", "子 目录/说明 书.md"]);
        assert!(walked.reachable && walked.complete && walked.unreadable.is_empty());
    }

    #[test]
    fn ignore_files_above_the_source_do_not_count() {
        let outer = tempfile::tempdir().unwrap();
        lay(outer.path(), &["given/a.txt"]);
        fs::create_dir(outer.path().join(".git")).unwrap();
        fs::write(outer.path().join(".gitignore"), "*\n").unwrap();
        assert_eq!(names(&look(&outer.path().join("given"))), ["a.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_safe() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        lay(root.path(), &["real/a.txt"]);
        symlink(root.path(), root.path().join("real/up")).unwrap();
        symlink(root.path().join("real/a.txt"), root.path().join("link.txt")).unwrap();
        symlink("nowhere.txt", root.path().join("dangling.txt")).unwrap();
        symlink("loop2", root.path().join("loop1")).unwrap();
        symlink("loop1", root.path().join("loop2")).unwrap();
        let walked = look(root.path());
        assert_eq!(names(&walked), ["link.txt", "real/a.txt"]);
        let unreadable: Vec<&str> = walked.unreadable.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(unreadable, ["dangling.txt", "loop1", "loop2"]);
        assert!(walked.passed_over.len() == 1 && walked.passed_over[0].0 == "real/up");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_unicode_is_reported() {
        use std::os::unix::ffi::OsStrExt;
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt")), "x").unwrap();
        let walked = look(root.path());
        assert!(walked.files.is_empty());
        assert_eq!(walked.unreadable.len(), 1);
    }

    #[test]
    fn docents_own_folder_is_never_walked() {
        let root = tempfile::tempdir().unwrap();
        lay(root.path(), &["a.txt", "data/app.db", "data/lance/x.txt", "other/data/b.txt"]);
        let own = root.path().join("data");
        let walked = look_at(root.path(), SourceKind::Folder, &own);
        assert_eq!(names(&walked), ["a.txt", "other/data/b.txt"]);
        for (inside, kind) in
            [(own.join("lance"), SourceKind::Folder), (own.join("app.db"), SourceKind::File)]
        {
            let walked = look_at(&inside, kind, &own);
            assert!(walked.files.is_empty() && !walked.complete && walked.unreadable.len() == 1);
        }
    }

    #[test]
    fn a_missing_root_is_not_an_empty_one() {
        let root = tempfile::tempdir().unwrap();
        let empty = look(root.path());
        assert!(empty.reachable && empty.files.is_empty());
        let missing = look(&root.path().join("none"));
        assert!(!missing.reachable && missing.unreadable.len() == 1);
        let file = root.path().join("one.txt");
        fs::write(&file, "x").unwrap();
        assert!(!look(&file).reachable);
        let single = look_at(&file, SourceKind::File, Path::new("/nonexistent"));
        assert_eq!(names(&single), ["one.txt"]);
        let gone = look_at(&root.path().join("two.txt"), SourceKind::File, Path::new("/nonexistent"));
        assert!(!gone.reachable && gone.files.is_empty());
    }

    #[test]
    fn a_folder_that_cannot_be_entered_is_reported_and_one_that_vanished_is_not() {
        let root = Path::new("/root of it");
        let error = |path: &str, kind: io::ErrorKind| ignore::Error::WithDepth {
            depth: 1,
            err: Box::new(ignore::Error::WithPath {
                path: root.join(path),
                err: Box::new(ignore::Error::Io(kind.into())),
            }),
        };
        let mut walked = Walked { complete: true, ..Walked::default() };
        note_error(root, &error("closed/子", io::ErrorKind::PermissionDenied), &mut walked);
        note_error(root, &error("gone", io::ErrorKind::NotFound), &mut walked);
        assert!(walked.complete);
        assert_eq!(walked.unreadable, [("closed/子".to_owned(), "no permission".to_owned())]);
        note_error(root, &ignore::Error::Io(io::ErrorKind::Other.into()), &mut walked);
        assert!(!walked.complete);
    }
}
