//! Forgetting a document: nothing made of its file stays, in whichever sources the file lies, and no
//! scan brings it back.

use crate::documents::{Document, select_documents};
use crate::error::{LibraryError, Step};
use crate::sources::{Source, SourceKind, present, remove, write_rules};
use crate::{Library, copies, purges};
use docent_corpus::DocumentId;
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};

impl Library {
    /// Deletes everything made of a document's file and passes the file over from now on, in all
    /// sources that hold it: text and rows of the index are out of sight at once and gone with the next
    /// purge, and so are the versions kept of the note at `note`, a path below the notes' folder.
    /// The file itself is not touched.
    pub fn forget_document(
        &self,
        id: DocumentId,
        note: Option<&str>,
        now_ms: i64,
    ) -> Result<(), LibraryError> {
        self.write("forgetting a document", |tx| {
            let found = select_documents(tx, "id = ?1", [id.0])?.into_iter().next();
            let document = found.ok_or_else(|| LibraryError::not_found(format_args!("document {id}")))?;
            let sources = present(tx)?;
            let own = sources.iter().find(|source| source.id == document.source);
            let own =
                own.ok_or_else(|| LibraryError::not_found(format_args!("source {}", document.source)))?;
            let file = path_of(own, &document);
            for source in &sources {
                forget_in(tx, source, &file, now_ms)?;
            }
            if let Some(note) = note {
                tx.execute("DELETE FROM note_version WHERE path = ?1", [note]).step("forgetting a note")?;
            }
            Ok(())
        })
    }
}

fn path_of(source: &Source, document: &Document) -> PathBuf {
    match source.kind {
        SourceKind::File => source.root.clone(),
        SourceKind::Folder => source.root.join(&document.rel_path),
    }
}

fn forget_in(tx: &Connection, source: &Source, file: &Path, now_ms: i64) -> Result<(), LibraryError> {
    if source.kind == SourceKind::File {
        return if source.root == file { remove(tx, source.id, now_ms) } else { Ok(()) };
    }
    let Ok(below) = file.strip_prefix(&source.root) else { return Ok(()) };
    let parts: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
    let Some(rel_path) = parts.map(|parts| parts.join("/")) else { return Ok(()) };
    if !source.rules.forgotten.contains(&rel_path) {
        let mut rules = source.rules.clone();
        rules.forgotten.push(rel_path.clone());
        write_rules(tx, source.id, &rules)?;
    }
    for document in select_documents(tx, "source_id = ?1 AND rel_path = ?2", params![source.id.0, rel_path])?
    {
        copies::release_of(tx, "id = ?1", document.id.0, now_ms)?;
        purges::delete_documents(tx, "id = ?1", document.id.0, now_ms)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    #[test]
    fn a_file_is_forgotten_wherever_it_lies_and_not_seen_again() {
        let world = fixture();
        let id = world.index("sub/a.md", "secret words");
        let inner = world.library.add_source(Path::new("/notes/sub"), SourceKind::Folder, 1).unwrap();
        let single = world.library.add_source(Path::new("/notes/sub/a.md"), SourceKind::File, 1).unwrap();
        let mut file = world.file("a.md", 1);
        file.source = inner;
        world.library.see_file(file, 1).unwrap();
        world.library.keep_note_version("sub/a.md", "older secret", true, 1).unwrap();
        world.library.forget_document(id, Some("sub/a.md"), 5).unwrap();
        assert!(world.live_texts().is_empty());
        assert!(world.library.document_by_path(inner, "a.md").unwrap().is_none());
        assert_eq!(world.library.source(single).unwrap_err().code(), "not_found");
        assert_eq!(world.library.source(world.source).unwrap().rules.forgotten, ["sub/a.md"]);
        assert_eq!(world.library.source(inner).unwrap().rules.forgotten, ["a.md"]);
        assert!(world.library.note_versions("sub/a.md").unwrap().is_empty());
        assert_eq!(world.library.forget_document(id, None, 6).unwrap_err().code(), "not_found");
    }

    #[test]
    fn no_byte_of_what_was_forgotten_stays_in_the_database() {
        let world = fixture();
        let id = world.index("a.md", "zirconium quokka");
        world.library.forget_document(id, None, 5).unwrap();
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        world.library.finish_purges(world.profile, &due).unwrap();
        let database = world.library.data_folder().join(crate::DATABASE);
        world.library.close().unwrap();
        let bytes = std::fs::read(database).unwrap();
        assert!(!bytes.windows(9).any(|part| part == b"zirconium"));
    }
}
