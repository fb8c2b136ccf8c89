//! Which files go into a backup.

use super::{Contents, INDEX, NOTES};
use crate::KeepingError;
use crate::files::PART_ENDING;
use crate::listing::files_below;
use docent_library::DATABASE;
use std::fs;
use std::path::{Path, PathBuf};

/// A file of a backup.
#[derive(Debug)]
pub(super) struct Member {
    /// Its path in the backup.
    pub(super) name: String,
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Its length as it is listed; other programs may write on.
    pub(super) bytes: u64,
}

impl Member {
    fn new(name: String, path: PathBuf) -> Self {
        let bytes = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        Self { name, path, bytes }
    }

    /// Its path below the notes' folder, if it lies there: other programs work in it meanwhile.
    pub(super) fn below_notes(&self) -> Option<&str> {
        self.name.strip_prefix(NOTES)?.strip_prefix('/')
    }

    /// Whether it is a note.
    pub(super) fn is_note(&self) -> bool {
        self.below_notes().is_some_and(|name| name.to_lowercase().ends_with(".md"))
    }

    /// Whether it gets smaller by packing. Rows of an index are noise to a packer; text is not.
    pub(super) fn is_packed(&self) -> bool {
        !self.is_index()
    }

    /// Whether it belongs to the index.
    pub(super) fn is_index(&self) -> bool {
        self.name.strip_prefix(INDEX).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// The files, and what of the notes' folder cannot be had. `target` is the backup itself, which may be
/// written into that folder.
pub(super) fn members(
    contents: &Contents<'_>,
    snapshot: &Path,
    target: &Path,
) -> Result<(Vec<Member>, Vec<String>), KeepingError> {
    let mut members = vec![Member::new(DATABASE.to_owned(), snapshot.to_path_buf())];
    if contents.vectors {
        members.extend(index(contents)?);
    }
    let Some((_, folder)) = contents.notes else { return Ok((members, Vec::new())) };
    if !folder.is_dir() {
        // A backup without the notes would be taken for one of everything.
        return Err(KeepingError::away("the notes' folder", folder));
    }
    let found = files_below(folder)?;
    let wanted =
        |(name, path): &(String, PathBuf)| !name.ends_with(PART_ENDING) && path != snapshot && path != target;
    let notes = found.files.into_iter().filter(wanted);
    members.extend(notes.map(|(name, path)| Member::new(format!("{NOTES}/{name}"), path)));
    Ok((members, found.problems.into_iter().map(|problem| problem.name).collect()))
}

/// The table that questions are asked of. Others are being filled, given up or set aside.
fn index(contents: &Contents<'_>) -> Result<Vec<Member>, KeepingError> {
    let Some(active) = contents.library.active_profile()? else { return Ok(Vec::new()) };
    let table = format!("{INDEX}/{}.lance", active.table);
    let folder = contents.library.data_folder().join(&table);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let files = files_below(&folder)?.whole(&[])?;
    Ok(files.into_iter().map(|(name, path)| Member::new(format!("{table}/{name}"), path)).collect())
}
