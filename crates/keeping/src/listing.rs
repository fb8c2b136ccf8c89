//! What lies below a folder of somebody's, in which anything may lie.

use crate::KeepingError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What lies below a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Every file by its path relative to the folder, with `/` between parts, in order.
    pub(crate) files: Vec<(String, PathBuf)>,
    /// What is there but cannot be had.
    pub(crate) problems: Vec<Problem>,
}

/// Something that could not be listed. It keeps nobody from the rest.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Its path relative to the folder, as far as it can be written.
    pub(crate) name: String,
    /// What is wrong.
    pub(crate) error: KeepingError,
}

impl Found {
    /// The files, for those who need all of them.
    ///
    /// # Errors
    /// The first problem, but for what lies in one of the folders `except`.
    pub(crate) fn whole(self, except: &[&str]) -> Result<Vec<(String, PathBuf)>, KeepingError> {
        let excepted = |name: &str| except.contains(&name.split('/').next().unwrap_or_default());
        match self.problems.into_iter().find(|problem| !excepted(&problem.name)) {
            Some(problem) => Err(problem.error),
            None => Ok(self.files.into_iter().filter(|(name, _)| !excepted(name)).collect()),
        }
    }
}

/// Every file below `folder`. A link to a file counts as one if it stays inside; a link to a folder
/// inside adds nothing, for what is in it is found anyway; one that leads nowhere is nothing.
///
/// # Errors
/// When the folder itself cannot be listed.
pub(crate) fn files_below(folder: &Path) -> Result<Found, KeepingError> {
    let failed = |source| KeepingError::file("listing", folder, source);
    let root = folder.canonicalize().map_err(failed)?;
    let mut listing = Listing { folder, root: &root, found: Found::default(), waiting: Vec::new() };
    listing.list(folder).map_err(failed)?;
    while let Some(at) = listing.waiting.pop() {
        if let Err(source) = listing.list(&at) {
            listing.problem(&at, KeepingError::file("listing", &at, source));
        }
    }
    let mut found = listing.found;
    found.files.sort();
    found.problems.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

struct Listing<'l> {
    folder: &'l Path,
    /// The folder without links.
    root: &'l Path,
    found: Found,
    waiting: Vec<PathBuf>,
}

impl Listing<'_> {
    fn list(&mut self, at: &Path) -> io::Result<()> {
        for entry in fs::read_dir(at)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type());
            match kind {
                Ok(kind) if kind.is_dir() => self.waiting.push(path),
                Ok(kind) if kind.is_file() => self.file(path),
                Ok(kind) if kind.is_symlink() => self.link(path),
                // Sockets and the like hold nothing.
                Ok(_) => {}
                Err(source) => self.problem(&path, KeepingError::file("listing", &path, source)),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf) {
        let below = path.strip_prefix(self.folder).unwrap_or(&path);
        let parts: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
        match parts {
            Some(parts) => self.found.files.push((parts.join("/"), path)),
            None => self.problem(&path, KeepingError::bad_path(&path, "its name is not Unicode")),
        }
    }

    fn link(&mut self, path: PathBuf) {
        match path.canonicalize() {
            Ok(target) if !target.starts_with(self.root) => {
                self.problem(
                    &path,
                    KeepingError::bad_path(&path, "it is a link that leads out of the folder"),
                );
            }
            Ok(target) if target.is_file() => self.file(path),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => self.problem(&path, KeepingError::file("following", &path, source)),
        }
    }

    fn problem(&mut self, path: &Path, error: KeepingError) {
        let below = path.strip_prefix(self.folder).unwrap_or(path);
        let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        self.found.problems.push(Problem { name: parts.join("/"), error });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: &Found) -> (Vec<&str>, Vec<&str>) {
        (
            found.files.iter().map(|(name, _)| name.as_str()).collect(),
            found.problems.iter().map(|problem| problem.name.as_str()).collect(),
        )
    }

    #[test]
    fn files_are_listed_with_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        for name in ["a/b/2.txt", "1.txt", "a/3.txt"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(names(&files_below(folder.path()).unwrap()).0, ["1.txt", "a/3.txt", "a/b/2.txt"]);
        assert_eq!(files_below(&folder.path().join("none")).unwrap_err().code(), "not_found");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_to_files_that_stay_inside() {
        use std::os::unix::fs::symlink;
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = folder.path();
        fs::create_dir(at.join("a")).unwrap();
        fs::write(at.join("a/1.md"), "x").unwrap();
        symlink("a/1.md", at.join("link.md")).unwrap();
        symlink("a", at.join("again")).unwrap();
        symlink(".", at.join("a/round")).unwrap();
        symlink("nothing", at.join("broken")).unwrap();
        symlink(outside.path(), at.join("out")).unwrap();
        let found = files_below(at).unwrap();
        assert_eq!(names(&found), (vec!["a/1.md", "link.md"], vec!["out"]));
        assert_eq!(found.whole(&[]).unwrap_err().code(), "bad_path");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_had_does_not_hide_the_rest() {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::write(at.join("1.md"), "x").unwrap();
        fs::write(at.join(std::ffi::OsStr::from_bytes(b"caf\xe9.md")), "x").unwrap();
        let closed = at.join("lost+found");
        fs::create_dir(&closed).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
        // The superuser may read everything.
        let is_closed = fs::read_dir(&closed).is_err();
        let found = files_below(at).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let mut problems = vec!["caf\u{FFFD}.md"];
        problems.extend(is_closed.then_some("lost+found"));
        assert_eq!(names(&found), (vec!["1.md"], problems));
    }
}
