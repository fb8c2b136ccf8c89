//! Notes: files in a folder of the user's, which is a source like any other.

use crate::Api;
use crate::notes_memory::{Head, NotesMemory, title};
use crate::wire::convert::{count, number};
use crate::wire::*;
use docent_corpus::SourceId;
use docent_keeping::KeepingError;
use docent_keeping::notes::{self, ListedNote, NoteFile, NotesFolder};
use docent_library::{DocumentFilter, Library, SourceKind};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Name of the setting that holds the id of the notes' source.
pub(crate) const NOTES_SOURCE: &str = "notes.source";

/// The notes' folder and its source.
pub(crate) struct Shelf {
    pub(crate) source: SourceId,
    pub(crate) folder: NotesFolder,
}

impl Api {
    /// The notes, latest first.
    pub async fn list_notes(&self, req: NotesReq) -> Result<NotesRes, ApiError> {
        let (proposed, memory) = (self.places().notes.clone(), self.notes_memory().clone());
        self.library(move |library| list(library, &req, &proposed, &memory)).await
    }

    /// Chooses the folder of the notes; makes it if need be. Notes that lie there are taken as they are.
    pub async fn set_notes_folder(&self, req: NotesFolderReq) -> Result<NotesRes, ApiError> {
        let proposed = self.places().notes.clone();
        let root = req.path.map_or_else(|| proposed.clone(), PathBuf::from);
        let (data, now) = (self.places().data.clone(), self.now_ms());
        let source = self
            .library(move |library| {
                if !root.is_absolute() {
                    return Err(ApiError::new(Code::BadPath, "an absolute path is needed"));
                }
                NotesFolder::create(&root)?;
                let root = root.canonicalize().map_err(|source| {
                    ApiError::new(Code::BadPath, source.to_string()).about(root.to_string_lossy())
                })?;
                let data = data.canonicalize().unwrap_or(data);
                // Nothing in there is indexed, and a move of the library would leave it behind.
                if root.starts_with(&data) {
                    return Err(ApiError::new(Code::OwnData, "this is docent's own data folder"));
                }
                let id = library.add_source(&root, SourceKind::Folder, now)?;
                library.set_setting(NOTES_SOURCE, &id.0)?;
                Ok(id)
            })
            .await?;
        self.indexer().scan(Some(source));
        self.changed(&[Tag::Sources, Tag::Documents, Tag::Notes, Tag::App]);
        let memory = self.notes_memory().clone();
        self.library(move |library| list(library, &NotesReq::default(), &proposed, &memory)).await
    }

    /// One note.
    pub async fn read_note(&self, req: NoteReq) -> Result<Note, ApiError> {
        self.library(move |library| {
            let shelf = shelf(library)?;
            let file = shelf.folder.read(&req.path)?;
            note(library, &shelf, file)
        })
        .await
    }

    /// Saves a note and makes what it says findable.
    pub async fn save_note(&self, req: SaveNoteReq) -> Result<SaveNoteRes, ApiError> {
        let (now, memory) = (self.now_ms(), self.notes_memory().clone());
        let (res, source) = self
            .library(move |library| {
                let shelf = shelf(library)?;
                let file = |path: &str| shelf.folder.root().join(path);
                let (path, version) = (req.path.as_deref(), req.version.as_deref());
                // Before the file is replaced: afterwards it would be too late to fail.
                let mut keep = |path: &str, before: &str| -> Result<(), KeepingError> {
                    // What another program wrote is nowhere else, however short ago the last version is.
                    let always = req.keep || !memory.is_own(&file(path), version);
                    Ok(library.keep_note_version(path, before, always, now)?)
                };
                let saved = shelf.folder.save(path, &req.text, version, &mut keep)?;
                if saved.written {
                    memory.wrote(file(&saved.note.path), &saved.note.version);
                }
                let conflict = saved.conflict;
                Ok((SaveNoteRes { note: saved_note(library, &shelf, saved.note), conflict }, shelf.source))
            })
            .await?;
        self.note_changed(source, vec![res.note.path.clone()]);
        Ok(res)
    }

    /// Gives a note another name. Its versions go with it; it stays the same document.
    pub async fn rename_note(&self, req: RenameNoteReq) -> Result<Note, ApiError> {
        let memory = self.notes_memory().clone();
        let (note, source, from) = self
            .library(move |library| {
                let shelf = shelf(library)?;
                // What cannot be shown afterwards is not renamed: an error says that nothing was changed.
                shelf.folder.read(&req.path)?;
                let to = shelf.folder.rename(&req.path, &req.to)?;
                memory.renamed(&shelf.folder.root().join(&req.path), shelf.folder.root().join(&to));
                library.rename_note_versions(&req.path, &to)?;
                let file = shelf.folder.read(&to)?;
                Ok((note(library, &shelf, file)?, shelf.source, req.path))
            })
            .await?;
        self.note_changed(source, vec![from, note.path.clone()]);
        Ok(note)
    }

    /// Deletes a note. What it held stays as a version under its path.
    pub async fn delete_note(&self, req: NoteReq) -> Result<Empty, ApiError> {
        let now = self.now_ms();
        let path = req.path.clone();
        let source = self
            .library(move |library| {
                let shelf = shelf(library)?;
                let file = shelf.folder.read(&req.path)?;
                library.keep_note_version(&req.path, &file.text, true, now)?;
                shelf.folder.delete(&req.path)?;
                Ok(shelf.source)
            })
            .await?;
        self.note_changed(source, vec![path]);
        Ok(Empty {})
    }

    /// Earlier states of a note, also of one that was deleted.
    pub async fn note_versions(&self, req: NoteReq) -> Result<NoteVersionsRes, ApiError> {
        self.library(move |library| {
            let versions = library.note_versions(&req.path)?.into_iter().map(|version| NoteVersion {
                id: version.id,
                saved_ms: number(version.saved_ms),
                bytes: number(i64::try_from(version.bytes).unwrap_or(i64::MAX)),
            });
            Ok(NoteVersionsRes { versions: versions.collect() })
        })
        .await
    }

    /// The text of an earlier state.
    pub async fn note_version(&self, req: NoteVersionReq) -> Result<NoteVersionRes, ApiError> {
        self.library(move |library| Ok(NoteVersionRes { text: library.note_version_text(req.id)? })).await
    }

    /// Tells of a changed note and has it indexed at once.
    fn note_changed(&self, source: SourceId, paths: Vec<String>) {
        self.changed(&[Tag::Notes]);
        self.indexer().changed_within(source, paths);
    }

    /// Folder of the notes, once there is one.
    pub(crate) async fn notes_folder(&self) -> Result<Option<String>, ApiError> {
        self.library(|library| {
            let shelf = found_shelf(library)?;
            Ok(shelf.map(|shelf| shelf.folder.root().to_string_lossy().into_owned()))
        })
        .await
    }
}

/// The notes' folder, or the error that none was chosen.
pub(crate) fn shelf(library: &Library) -> Result<Shelf, ApiError> {
    found_shelf(library)?
        .ok_or_else(|| ApiError::new(Code::NoNotesFolder, "no folder for notes was chosen yet"))
}

/// The notes' folder as it is known. It is not looked at: its drive may be absent.
pub(crate) fn found_shelf(library: &Library) -> Result<Option<Shelf>, ApiError> {
    let Some(id) = library.get_setting::<i64>(NOTES_SOURCE)? else { return Ok(None) };
    let source = match library.source(SourceId(id)) {
        Ok(source) => source,
        // Removed from the library: then there is none any more.
        Err(docent_library::LibraryError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Shelf { source: source.id, folder: NotesFolder::at(&source.root) }))
}

/// The tags of every note that has been read, by path.
fn tags_of_notes(library: &Library, source: SourceId) -> Result<HashMap<String, Vec<String>>, ApiError> {
    let filter = DocumentFilter { source: Some(source), limit: usize::MAX, ..DocumentFilter::default() };
    let (documents, _) = library.documents(&filter)?;
    Ok(documents.into_iter().map(|document| (document.rel_path, document.metadata.tags)).collect())
}

fn list(
    library: &Library,
    req: &NotesReq,
    proposed: &Path,
    memory: &NotesMemory,
) -> Result<NotesRes, ApiError> {
    let proposed_folder = proposed.to_string_lossy().into_owned();
    let Some(shelf) = found_shelf(library)? else {
        return Ok(NotesRes { folder: None, proposed_folder, notes: Vec::new(), tags: Vec::new() });
    };
    let mut tags_of_notes = tags_of_notes(library, shelf.source)?;
    let wanted = req.text.as_deref().map(str::to_lowercase).filter(|text| !text.trim().is_empty());
    let listed = shelf.folder.list()?;
    memory.keep_heads(&listed.iter().map(|note| shelf.folder.root().join(&note.path)).collect());
    let mut notes = Vec::new();
    for note in listed {
        let tags = tags_of_notes.remove(&note.path).unwrap_or_default();
        if req.tag.as_ref().is_some_and(|tag| !tags.iter().any(|own| carries(own, tag))) {
            continue;
        }
        let Some(head) = head_with(wanted.as_deref(), &shelf.folder, memory, &note) else { continue };
        notes.push(NoteSummary {
            title: head.title,
            excerpt: head.excerpt,
            tags,
            modified_ms: number(note.modified_ms),
            path: note.path,
        });
    }
    let tags = library.tags(Some(shelf.source))?;
    Ok(NotesRes {
        folder: Some(shelf.folder.root().to_string_lossy().into_owned()),
        proposed_folder,
        notes,
        tags: tags.into_iter().map(|(tag, uses)| TagCount { tag, count: count(uses) }).collect(),
    })
}

/// Whether a note's tag is `wanted` or lies below it.
fn carries(own: &str, wanted: &str) -> bool {
    let (own, wanted) = (own.to_lowercase(), wanted.to_lowercase());
    own.strip_prefix(&wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What the list shows of a note, if it holds all the words, which are in lower case. One that cannot be
/// read as text is listed by its name.
fn head_with(
    words: Option<&str>,
    folder: &NotesFolder,
    memory: &NotesMemory,
    note: &ListedNote,
) -> Option<Head> {
    let text = || folder.read(&note.path).ok().map(|file| file.text);
    let Some(words) = words else {
        let read = || text().map(|text| Head::of(&note.path, &text));
        let head = memory.head(folder.root().join(&note.path), note.stamp, read);
        return Some(head.unwrap_or_else(|| Head::of(&note.path, "")));
    };
    let text = text().unwrap_or_default();
    let (in_text, in_path) = (text.to_lowercase(), note.path.to_lowercase());
    let fits = words.split_whitespace().all(|word| in_text.contains(word) || in_path.contains(word));
    fits.then(|| Head::of(&note.path, &text))
}

fn note(library: &Library, shelf: &Shelf, file: NoteFile) -> Result<Note, ApiError> {
    let own = library.document_by_path(shelf.source, &file.path)?;
    let document = own.as_ref().map(|own| own.id.0);
    let (tags, links) = own.map(|own| (own.metadata.tags, own.metadata.links)).unwrap_or_default();
    // The folder is looked through only where there is a link to look for.
    let paths: Vec<String> = if links.is_empty() {
        Vec::new()
    } else {
        shelf.folder.list()?.into_iter().map(|note| note.path).collect()
    };
    let links =
        links.into_iter().map(|name| NoteLink { path: shelf.folder.target(&name, &paths).cloned(), name });
    let backlinks = library.backlinks(shelf.source, &notes::link_names(&file.path))?;
    let backlinks = backlinks.into_iter().filter(|link| link.rel_path != file.path).map(|link| NoteLink {
        name: link.title.unwrap_or_else(|| link.rel_path.clone()),
        path: Some(link.rel_path),
    });
    Ok(Note {
        title: title(&file.path, &file.text),
        tags,
        links: links.collect(),
        backlinks: backlinks.collect(),
        document,
        modified_ms: number(file.modified_ms),
        version: file.version,
        text: file.text,
        path: file.path,
    })
}

/// A note that was just written. Nothing may fail any more: the editor would take it for unsaved and
/// make a second one of it.
fn saved_note(library: &Library, shelf: &Shelf, file: NoteFile) -> Note {
    note(library, shelf, file.clone()).unwrap_or_else(|error| {
        tracing::warn!(%error, "a note was saved, what belongs to it is not known");
        plain_note(file)
    })
}

/// A note with nothing but what stands in its file.
fn plain_note(file: NoteFile) -> Note {
    Note {
        title: title(&file.path, &file.text),
        tags: Vec::new(),
        links: Vec::new(),
        backlinks: Vec::new(),
        document: None,
        modified_ms: number(file.modified_ms),
        version: file.version,
        text: file.text,
        path: file.path,
    }
}

impl From<KeepingError> for ApiError {
    fn from(error: KeepingError) -> Self {
        // The library's failures keep the codes that they have everywhere else.
        let error = match error {
            KeepingError::Library(source) => return source.into(),
            other => other,
        };
        let code = match error.code() {
            "full" => Code::DiskFull,
            "permission_denied" => Code::PermissionDenied,
            "not_writable" => Code::NotWritable,
            "bad_path" => Code::BadPath,
            "folder_not_empty" => Code::FolderNotEmpty,
            "folder_unsuitable" => Code::FolderUnsuitable,
            "note_encoding" => Code::NoteEncoding,
            "too_large" => Code::FileTooLarge,
            "taken" => Code::PathTaken,
            "bad_backup" => Code::BadBackup,
            "no_such_note" => Code::NotFound,
            "not_found" | "away" => Code::PathNotFound,
            "cancelled" => Code::Cancelled,
            _ => Code::ReadFailed,
        };
        Self::new(code, crate::error::chain(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_to_keep_something_is_told_by_what_can_be_done_about_it() {
        let path = PathBuf::from("a.md");
        let denied = |step| {
            let source = std::io::ErrorKind::PermissionDenied.into();
            KeepingError::File { step, path: path.clone(), source }
        };
        let (reason, problem) = (String::new(), String::new());
        for (error, code) in [
            (denied("writing"), Code::NotWritable),
            (denied("reading"), Code::PermissionDenied),
            (KeepingError::FolderNotEmpty { path: path.clone() }, Code::FolderNotEmpty),
            (KeepingError::UnsuitableFolder { path: path.clone(), reason }, Code::FolderUnsuitable),
            (KeepingError::NoteTooLarge { path: path.clone() }, Code::FileTooLarge),
            (KeepingError::NoteEncoding { path: path.clone(), problem }, Code::NoteEncoding),
        ] {
            assert_eq!(ApiError::from(error).code, code);
        }
    }
}
