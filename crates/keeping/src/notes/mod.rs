//! Notes: plain Markdown files in a folder of the user's. Other programs may write there too, so
//! nothing is assumed of a file and nothing is overwritten unseen.

mod name;
mod text;

use crate::KeepingError;
use crate::files::{sync_folder, write_whole};
use crate::tree::is_there;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

pub use name::{link_names, name_for};
pub use text::{excerpt, title};

/// Largest note that is opened in the editor, in bytes.
const MAX_BYTES: u64 = 16 << 20;
/// Behind the name of a note that another program had changed.
const EDITED: &str = " (edited here)";

/// A folder of notes.
#[derive(Clone, Debug)]
pub struct NotesFolder {
    root: PathBuf,
}

/// A note as it lies on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteFile {
    /// Path below the folder, with `/` between parts.
    pub path: String,
    /// All of it.
    pub text: String,
    /// Hash of the text.
    pub version: String,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
}

/// A note as it stands in the list of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedNote {
    /// Path below the folder, with `/` between parts.
    pub path: String,
    /// Milliseconds since 1970.
    pub modified_ms: i64,
    /// Another one if the file was changed.
    pub stamp: Stamp,
}

/// Tells without reading it that a file was changed: its size and, as exactly as the system has it, the
/// time of its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self { bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// What became of a note that was saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// As it lies on disk now.
    pub note: NoteFile,
    /// Whether another program had changed the file, so that the text went into a new one.
    pub conflict: bool,
    /// Whether it had to be written: otherwise the file held this text already.
    pub written: bool,
}

impl NotesFolder {
    /// The notes in `root`. Nothing is looked at and nothing made: a folder on a drive that is not
    /// connected must not be replaced by an empty one.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// The notes in `root`, which is made if it does not exist. Only for a folder that is being chosen.
    ///
    /// # Errors
    /// When the folder can neither be found nor made, or is none.
    pub fn create(root: &Path) -> Result<Self, KeepingError> {
        fs::create_dir_all(root).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                KeepingError::bad_path(root, "it is not a folder")
            }
            _ => KeepingError::file("making", root, source),
        })?;
        Ok(Self::at(root))
    }

    /// Where the notes lie.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every note, latest first: files ending in `.md` that are not hidden. None is opened.
    ///
    /// # Errors
    /// [`KeepingError::Away`] if the folder is not there; when it cannot be listed.
    pub fn list(&self) -> Result<Vec<ListedNote>, KeepingError> {
        self.present()?;
        let mut notes = Vec::new();
        for (path, file) in crate::listing::files_below(&self.root)?.files {
            let hidden = path.split('/').any(|part| part.starts_with('.'));
            if hidden || !path.to_lowercase().ends_with(".md") {
                continue;
            }
            // Deleted since it was listed: then it is none.
            if let Ok(metadata) = fs::metadata(&file) {
                let (modified_ms, stamp) = (modified_ms(&metadata), Stamp::of(&metadata));
                notes.push(ListedNote { path, modified_ms, stamp });
            }
        }
        notes.sort_by(|a, b| b.modified_ms.cmp(&a.modified_ms).then_with(|| a.path.cmp(&b.path)));
        Ok(notes)
    }

    /// One note.
    ///
    /// # Errors
    /// When there is none, when it is no text in UTF-8, or too large for an editor.
    pub fn read(&self, path: &str) -> Result<NoteFile, KeepingError> {
        let file = self.followed(self.resolve(path)?)?;
        let metadata = fs::metadata(&file).map_err(|source| no_such_note(path, "opening", &file, source))?;
        if metadata.len() > MAX_BYTES {
            return Err(KeepingError::NoteTooLarge { path: file });
        }
        let bytes = fs::read(&file).map_err(|source| no_such_note(path, "opening", &file, source))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let problem = encoding_problem(error.as_bytes(), error.utf8_error().valid_up_to());
            KeepingError::NoteEncoding { path: file.clone(), problem }
        })?;
        Ok(NoteFile {
            path: path.to_owned(),
            version: version(&text),
            text,
            modified_ms: modified_ms(&metadata),
        })
    }

    /// Saves a note. Without a path it gets one after its first line. `known` is the version that was
    /// edited: if the file holds another one by now, the text goes into a new file beside it and
    /// nothing is overwritten. `keep` gets the path and what the file holds before it is replaced.
    ///
    /// # Errors
    /// When nothing could be written, or `keep` failed; then the file holds what it held before.
    pub fn save(
        &self,
        path: Option<&str>,
        text: &str,
        known: Option<&str>,
        keep: &mut dyn FnMut(&str, &str) -> Result<(), KeepingError>,
    ) -> Result<Saved, KeepingError> {
        let _alone = alone();
        let Some(path) = path else {
            let path = self.free_name(&name_for(text), "")?;
            return self.write(&path, text, false);
        };
        let file = self.followed(self.resolve(path)?)?;
        let there = match fs::read(&file) {
            Ok(bytes) => bytes,
            // Deleted or moved by another program meanwhile: what was written is kept all the same.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return self.write(path, text, false),
            Err(source) => return Err(KeepingError::file("reading", &file, source)),
        };
        if there == text.as_bytes() {
            return Ok(Saved { note: self.read(path)?, conflict: false, written: false });
        }
        let same = known.is_some_and(|known| hash(&there) == known);
        match std::str::from_utf8(&there) {
            Ok(before) if same => {
                keep(path, before)?;
                self.write(path, text, false)
            }
            _ => self.write(&self.free_name(path, EDITED)?, text, true),
        }
    }

    /// Gives a note another name. `.md` is added if it is missing; folders are made.
    ///
    /// # Errors
    /// [`KeepingError::Taken`] if there is a file of that name.
    pub fn rename(&self, path: &str, to: &str) -> Result<String, KeepingError> {
        let _alone = alone();
        let to = name::with_ending(to.trim());
        let (from, target) = (self.resolve(path)?, self.resolve(&to)?);
        if path == to {
            return Ok(to);
        }
        // A change of upper and lower case only finds the file itself on some systems.
        if is_there(&target) && !is_same_file(&from, &target) {
            return Err(KeepingError::Taken { path: target });
        }
        make_parent(&target)?;
        fs::rename(&from, &target).map_err(|source| no_such_note(path, "renaming", &from, source))?;
        sync_folder(target.parent().unwrap_or(&self.root))?;
        sync_folder(from.parent().unwrap_or(&self.root))?;
        Ok(to)
    }

    /// Deletes a note and gives what it held, for a version to be kept. Call [`NotesFolder::read`]
    /// and keep that first.
    ///
    /// # Errors
    /// When there is none, or it cannot be deleted.
    pub fn delete(&self, path: &str) -> Result<(), KeepingError> {
        let file = self.resolve(path)?;
        fs::remove_file(&file).map_err(|source| no_such_note(path, "removing", &file, source))?;
        sync_folder(file.parent().unwrap_or(&self.root))
    }

    /// The note that a link names: by path or by file name, without regard to upper and lower case.
    pub fn target<'n>(&self, link: &str, notes: &'n [String]) -> Option<&'n String> {
        let wanted = link.to_lowercase();
        let by_path = notes.iter().find(|path| name::without_ending(&path.to_lowercase()) == wanted);
        by_path.or_else(|| notes.iter().find(|path| link_names(path).contains(&wanted)))
    }

    fn write(&self, path: &str, text: &str, conflict: bool) -> Result<Saved, KeepingError> {
        let file = self.followed(self.resolve(path)?)?;
        make_parent(&file)?;
        write_whole(&file, text.as_bytes())?;
        // Nothing that is asked of the file from here on makes the note unsaved.
        let modified_ms = fs::metadata(&file).as_ref().map_or(0, modified_ms);
        let note =
            NoteFile { path: path.to_owned(), text: text.to_owned(), version: version(text), modified_ms };
        Ok(Saved { note, conflict, written: true })
    }

    /// The folder without links, if it is there.
    fn present(&self) -> Result<PathBuf, KeepingError> {
        match self.root.canonicalize() {
            Ok(root) if root.is_dir() => Ok(root),
            Ok(_) => Err(KeepingError::bad_path(&self.root, "it is not a folder")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(KeepingError::away("the notes' folder", &self.root))
            }
            Err(source) => Err(KeepingError::file("finding", &self.root, source)),
        }
    }

    /// Where a note lies. Its path must stay below the folder and end in `.md`.
    fn resolve(&self, path: &str) -> Result<PathBuf, KeepingError> {
        name::check(path).map_err(|reason| KeepingError::bad_path(path, reason))?;
        let file = path.split('/').fold(self.root.clone(), |file, part| file.join(part));
        let root = self.present()?;
        // A folder on the way may be a link that leads out. What does not exist yet will be made where the
        // nearest folder above it is; a link that leads nowhere may lead anywhere by then.
        let nearest = file.ancestors().skip(1).find(|above| is_there(above));
        match nearest.and_then(|above| above.canonicalize().ok()) {
            Some(at) if at.starts_with(&root) => Ok(file),
            _ => Err(KeepingError::bad_path(path, "it leads out of the notes' folder")),
        }
    }

    /// The file behind a link, which is written in place of the link: else the note would fall in two.
    fn followed(&self, file: PathBuf) -> Result<PathBuf, KeepingError> {
        if !file.is_symlink() {
            return Ok(file);
        }
        match file.canonicalize() {
            Ok(target) if target.starts_with(self.present()?) => Ok(target),
            Ok(_) => Err(KeepingError::bad_path(&file, "it leads out of the notes' folder")),
            // A link to nothing is replaced.
            Err(_) => Ok(file),
        }
    }

    /// `path` with `mark` behind its name, and `2`, `3`, … behind that if there is one already.
    fn free_name(&self, path: &str, mark: &str) -> Result<String, KeepingError> {
        let mut number = 1;
        loop {
            let candidate = name::variant(path, mark, number);
            if !is_there(&self.resolve(&candidate)?) {
                return Ok(candidate);
            }
            number += 1;
        }
    }
}

/// Between looking at a file and replacing it no other save may come: it would be overwritten unseen.
fn alone() -> MutexGuard<'static, ()> {
    static SAVING: Mutex<()> = Mutex::new(());
    // Nothing is guarded that a panic could leave half done: files are replaced as a whole.
    SAVING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether two names lead to one file.
#[cfg(unix)]
fn is_same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |path: &Path| path.symlink_metadata().ok().map(|found| (found.dev(), found.ino()));
    id(one).is_some_and(|id_of_one| id(other) == Some(id_of_one))
}

/// Whether two names lead to one file: here names differ only if they do without upper and lower case.
#[cfg(not(unix))]
fn is_same_file(one: &Path, other: &Path) -> bool {
    one.to_string_lossy().to_lowercase() == other.to_string_lossy().to_lowercase()
}

fn make_parent(file: &Path) -> Result<(), KeepingError> {
    let parent = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|source| KeepingError::file("making", parent, source))
}

fn no_such_note(path: &str, step: &'static str, file: &Path, source: io::Error) -> KeepingError {
    if source.kind() == io::ErrorKind::NotFound {
        KeepingError::NoSuchNote { path: path.to_owned() }
    } else {
        KeepingError::file(step, file, source)
    }
}

/// What keeps these bytes from being text in UTF-8, which they are up to `valid_up_to`. In English.
fn encoding_problem(bytes: &[u8], valid_up_to: usize) -> String {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return "it is text in UTF-16, not in UTF-8".to_owned();
    }
    let line = 1 + bytes.iter().take(valid_up_to).filter(|byte| **byte == b'\n').count();
    format!(
        "from line {line} on it is not UTF-8; it may be in an older encoding, such as GBK or Windows-1252"
    )
}

fn modified_ms(metadata: &fs::Metadata) -> i64 {
    let since = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The version of a text: its BLAKE3.
fn version(text: &str) -> String {
    hash(text.as_bytes())
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
