//! Where restored notes go: back to their folder if that is empty or can be made, else to a new one.
//! Never into docent's own folder, in which nothing is indexed and which may be moved without them.

use super::date::date;
use super::mark::Mark;
use crate::KeepingError;
use crate::files::write_whole;
use crate::listing::files_below;
use crate::portable::numbered;
use crate::tree::{is_there, remove_if_there, remove_tree};
use docent_corpus::SourceId;
use docent_library::{Library, LibraryError};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Copies the notes in `from` to a folder of their own and has the library in `data` look for them
/// there. Gives that folder, if there were notes.
pub(super) fn bring_home(
    from: &Path,
    data: &Path,
    mark: &mut Mark,
    proposed: &Path,
) -> Result<Option<PathBuf>, KeepingError> {
    let Some(notes) = mark.manifest.notes_source.clone() else { return Ok(None) };
    if !from.is_dir() {
        return Ok(None);
    }
    let (library, _) = Library::open(data)?;
    let source = SourceId(notes.source);
    let taken: Vec<PathBuf> = library
        .sources()?
        .into_iter()
        .filter(|summary| summary.source.id != source)
        .map(|summary| summary.source.root)
        .collect();
    let home = PathBuf::from(&notes.folder);
    let place = Place { data, taken: &taken };
    let to = settle(from, &place, candidates(&home, proposed, data, mark.asked_ms), mark)?;
    if to != home {
        point(&library, source, &to)?;
    }
    library.close()?;
    Ok(Some(to))
}

fn point(library: &Library, source: SourceId, to: &Path) -> Result<(), KeepingError> {
    // Other roots are written in this form too.
    let root = to.canonicalize().unwrap_or_else(|_| to.to_owned());
    match library.set_source_root(source, &root) {
        Err(LibraryError::NotFound { .. }) => {
            tracing::warn!(folder = %root.display(), "restored notes belong to no source");
            Ok(())
        }
        other => Ok(other?),
    }
}

/// A folder that may be taken, and whether folders above it may be made too.
struct Candidate {
    folder: PathBuf,
    with_parents: bool,
}

/// In the order of liking.
fn candidates(home: &Path, proposed: &Path, data: &Path, asked_ms: i64) -> Vec<Candidate> {
    let ending = format!(" (restored {})", date(asked_ms));
    let own = data.with_file_name("notes");
    let candidate = |folder: PathBuf, with_parents| Candidate { folder, with_parents };
    vec![
        candidate(home.to_owned(), false),
        candidate(free_beside(home, &ending), false),
        // A home on another machine has no parent here.
        candidate(proposed.to_owned(), true),
        candidate(free_beside(proposed, &ending), false),
        candidate(free_beside(&own, &ending), false),
    ]
}

/// A name that is free: the folder's with an ending, and a number if need be.
fn free_beside(folder: &Path, ending: &str) -> PathBuf {
    let name = |number: usize| {
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        if number > 1 {
            name.push(format!(" {number}"));
        }
        folder.with_file_name(name)
    };
    let mut number = 1;
    while is_there(&name(number)) {
        number += 1;
    }
    name(number)
}

/// Where no notes may go.
struct Place<'p> {
    data: &'p Path,
    taken: &'p [PathBuf],
}

impl Place<'_> {
    /// Whether notes may go into a folder: it is empty, or was made just now.
    fn may_take(&self, candidate: &Candidate) -> bool {
        let folder = &candidate.folder;
        // The mark can name only what is Unicode.
        if !folder.is_absolute() || folder.to_str().is_none() || self.is_within_data(folder) {
            return false;
        }
        let full = folder.canonicalize().unwrap_or_else(|_| folder.clone());
        if self.taken.iter().any(|root| root == folder || *root == full) {
            return false;
        }
        match fs::read_dir(folder) {
            Ok(mut entries) => entries.next().is_none(),
            Err(_) if candidate.with_parents => fs::create_dir_all(folder).is_ok(),
            Err(_) => fs::create_dir(folder).is_ok(),
        }
    }

    fn is_within_data(&self, folder: &Path) -> bool {
        let data = self.data.canonicalize().unwrap_or_else(|_| self.data.to_owned());
        // What does not exist yet is where the nearest folder above it is.
        folder.ancestors().find_map(|above| above.canonicalize().ok()).is_some_and(|at| at.starts_with(data))
    }
}

/// Copies the notes into the first folder that takes them.
fn settle(
    from: &Path,
    place: &Place<'_>,
    candidates: Vec<Candidate>,
    mark: &mut Mark,
) -> Result<PathBuf, KeepingError> {
    let decided = mark.notes.clone().filter(|folder| folder.is_dir());
    let mut failure = None;
    if let Some(folder) = decided {
        match copy_tree(from, &folder) {
            Ok(()) => return Ok(folder),
            Err(error) => failure = Some(error),
        }
    }
    for candidate in candidates {
        let was_there = is_there(&candidate.folder);
        if !place.may_take(&candidate) {
            continue;
        }
        mark.notes = Some(candidate.folder.clone());
        mark.write(place.data)?;
        match copy_tree(from, &candidate.folder) {
            Ok(()) => return Ok(candidate.folder),
            Err(error) => failure = Some(error),
        }
        if !was_there {
            // Each start that fails would leave another one.
            let _ = remove_tree(&candidate.folder);
        }
    }
    Err(failure.unwrap_or_else(|| KeepingError::bad_path(from, "there is no folder for the restored notes")))
}

/// Copies every file that is not there. One that is was copied by an earlier attempt, and may have been
/// edited since. If one cannot be copied, those that were copied now are removed again.
fn copy_tree(from: &Path, to: &Path) -> Result<(), KeepingError> {
    let files = files_below(from)?.whole(&[])?;
    let there: HashSet<String> = files_below(to)?.files.into_iter().map(|(name, _)| name).collect();
    let mut copied = Vec::new();
    for (name, path) in files.iter().filter(|(name, _)| !there.contains(name)) {
        match copy(path, &to.join(name)) {
            Ok(file) => copied.extend(file),
            Err(error) => {
                for file in &copied {
                    // The first error is the one to be told.
                    let _ = remove_if_there(file);
                }
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Copies a file, under another name if something else has its own: there `A.md` may be `a.md`. Gives what
/// was written, if its bytes were not there already.
fn copy(from: &Path, to: &Path) -> Result<Option<PathBuf>, KeepingError> {
    let parent = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|source| KeepingError::file("making", parent, source))?;
    let bytes = fs::read(from).map_err(|source| KeepingError::file("reading", from, source))?;
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let (mut free, mut number) = (to.to_owned(), 1);
    while is_there(&free) {
        if fs::read(&free).is_ok_and(|there| there == bytes) {
            return Ok(None);
        }
        number += 1;
        free = to.with_file_name(numbered(&name, number));
    }
    write_whole(&free, &bytes)?;
    Ok(Some(free))
}
