//! Forgetting a document: nothing made of its file stays, in whichever sources the file lies, and no
//! scan brings it back, also not under another name.

use crate::documents::{Document, select_documents};
use crate::error::{LibraryError, Step};
use crate::forgotten::{self, Forgotten};
use crate::sources::{Source, SourceKind, present, remove, write_rules};
use crate::{Library, copies, erase, purges};
use docent_corpus::{DocumentId, SourceId};
use rusqlite::{Connection, OptionalExtension, params};
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
            let file = path_of(own, &document.rel_path);
            let hash = hash_of_its_own(tx, &sources, &document, &file)?;
            for source in &sources {
                forget_in(tx, source, &file, hash.as_deref(), now_ms)?;
            }
            if let Some(note) = note {
                tx.execute("DELETE FROM note_version WHERE path = ?1", [note]).step("forgetting a note")?;
            }
            erase::want(tx)
        })
    }
}

fn path_of(source: &Source, rel_path: &str) -> PathBuf {
    match source.kind {
        SourceKind::File => source.root.clone(),
        SourceKind::Folder => source.root.join(rel_path),
    }
}

/// The path of a file below a root as documents have it; `None` if it lies elsewhere.
fn below(root: &Path, file: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> =
        file.strip_prefix(root).ok()?.components().map(|part| part.as_os_str().to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

/// The hash of what a document's file holds, unless another file that stays holds the same.
fn hash_of_its_own(
    tx: &Connection,
    sources: &[Source],
    document: &Document,
    file: &Path,
) -> Result<Option<String>, LibraryError> {
    // What was read last; a copy has no revision of its own.
    let sql = "SELECT content_hash FROM revision WHERE document_id = ?1 ORDER BY id DESC LIMIT 1";
    let read: Option<String> =
        tx.query_row(sql, [document.id.0], |row| row.get(0)).optional().step("forgetting a document")?;
    let Some(hash) = read.or_else(|| document.content_hash.clone()) else { return Ok(None) };
    let same = select_documents(tx, "content_hash = ?1 AND state <> 'missing'", [&hash])?;
    let is_elsewhere = |other: &Document| {
        let source = sources.iter().find(|source| source.id == other.source);
        source.is_some_and(|source| path_of(source, &other.rel_path) != file)
    };
    Ok(if same.iter().any(is_elsewhere) { None } else { Some(hash) })
}

/// Lets a new folder pass over what other sources do.
pub(crate) fn carry_over(tx: &Connection, new: SourceId) -> Result<(), LibraryError> {
    let sources = present(tx)?;
    let Some(own) = sources.iter().find(|source| source.id == new && source.kind == SourceKind::Folder)
    else {
        return Ok(());
    };
    let mut rules = own.rules.clone();
    for source in sources.iter().filter(|source| source.id != new) {
        let here = |path: &str| below(&own.root, &path_of(source, path));
        for path in source.rules.forgotten.iter().filter_map(|path| here(path)) {
            if !rules.forgotten.contains(&path) {
                rules.forgotten.push(path);
            }
        }
        for content in forgotten::of_source(tx, source.id)? {
            if let Some(path) = here(&content.path) {
                forgotten::remember(tx, Forgotten { source: new.0, path, ..content })?;
            }
        }
    }
    if rules == own.rules { Ok(()) } else { write_rules(tx, new, &rules) }
}

fn forget_in(
    tx: &Connection,
    source: &Source,
    file: &Path,
    hash: Option<&str>,
    now_ms: i64,
) -> Result<(), LibraryError> {
    if source.kind == SourceKind::File {
        return if source.root == file { remove(tx, source.id, now_ms) } else { Ok(()) };
    }
    let Some(rel_path) = below(&source.root, file) else { return Ok(()) };
    if !source.rules.forgotten.contains(&rel_path) {
        let mut rules = source.rules.clone();
        rules.forgotten.push(rel_path.clone());
        write_rules(tx, source.id, &rules)?;
    }
    if let Some(hash) = hash {
        let content = Forgotten { source: source.id.0, path: rel_path.clone(), hash: hash.to_owned() };
        forgotten::remember(tx, content)?;
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
    fn what_was_forgotten_is_known_under_another_name_until_it_is_wanted_again() {
        let world = fixture();
        // In the fixture a text is its own hash.
        let hash = "ab".repeat(32);
        let id = world.index("sub/a.md", &hash);
        world.library.forget_document(id, None, 5).unwrap();
        assert!(world.library.is_forgotten(&hash).unwrap());
        let renamed = world.see("b.md", 1).document();
        world.set_state(renamed, crate::DocumentState::Skipped, Some("forgotten"));
        let around = world.library.add_source(Path::new("/"), SourceKind::Folder, 7).unwrap();
        assert_eq!(world.library.source(around).unwrap().rules.forgotten, ["notes/sub/a.md"]);
        let inner = world.library.add_source(Path::new("/notes/sub"), SourceKind::Folder, 7).unwrap();
        assert_eq!(world.library.source(inner).unwrap().rules.forgotten, ["a.md"]);
        world.library.set_source_rules(world.source, &Default::default()).unwrap();
        assert!(!world.library.is_forgotten(&hash).unwrap());
        assert_eq!(world.library.document(renamed).unwrap().state, crate::DocumentState::Waiting);
    }

    #[test]
    fn a_copy_that_stays_keeps_its_content_from_being_forgotten() {
        let world = fixture();
        let hash = "cd".repeat(32);
        let id = world.index("a.md", &hash);
        world.index("b.md", &hash);
        world.library.forget_document(id, None, 5).unwrap();
        assert!(!world.library.is_forgotten(&hash).unwrap());
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
