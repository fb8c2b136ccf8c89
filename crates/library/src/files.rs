//! What a scan tells the library about files: seen, changed, moved, gone.

use crate::Library;
use crate::documents::{DOCUMENT_COLUMNS, Document, require_document, select_documents};
use crate::error::{LibraryError, Step};
use crate::sources::require_source;
use crate::{copies, purges};
use docent_corpus::{DocumentId, SourceId};
use rusqlite::{Connection, OptionalExtension, Statement, params};
use std::collections::HashSet;

/// A file as a scan sees it, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenFile {
    /// The source it was found in.
    pub source: SourceId,
    /// Path below the source's root, parts separated by `/`.
    pub rel_path: String,
    /// Size in bytes.
    pub size: u64,
    /// Time of last modification, nanoseconds since 1970.
    pub mtime_ns: i64,
    /// The file system's identity of the file, where it has one.
    pub file_id: Option<String>,
}

/// A file that stands at another path of its source now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedFile {
    /// The document that it is.
    pub document: DocumentId,
    /// Where and how it is now.
    pub now: SeenFile,
}

/// What the library makes of a seen file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Known in exactly this state.
    Unchanged(DocumentId),
    /// Not known before; now waiting to be read.
    New(DocumentId),
    /// Known in another state, or missing until now; waiting to be read again.
    Changed(DocumentId),
}

impl Seen {
    /// The document, whatever was made of it.
    pub fn document(self) -> DocumentId {
        match self {
            Seen::Unchanged(id) | Seen::New(id) | Seen::Changed(id) => id,
        }
    }
}

impl Library {
    /// Tells of one file. See [`Library::see_files`].
    pub fn see_file(&self, file: SeenFile, now_ms: i64) -> Result<Seen, LibraryError> {
        self.write_relaxed("recording a file", |tx| {
            require_source(tx, file.source)?;
            see(tx, &mut tx.prepare(KNOWN).step("recording a file")?, &file, now_ms)
        })
    }

    /// Tells of many files in one transaction, which is far faster than one by one. A file is
    /// unchanged when size, time of modification and identity are; an identity that either side lacks
    /// does not count.
    pub fn see_files(&self, files: &[SeenFile], now_ms: i64) -> Result<Vec<Seen>, LibraryError> {
        self.write_relaxed("recording files", |tx| {
            let sources: HashSet<SourceId> = files.iter().map(|file| file.source).collect();
            sources.into_iter().try_for_each(|id| require_source(tx, id))?;
            let mut known = tx.prepare(KNOWN).step("recording files")?;
            files.iter().map(|file| see(tx, &mut known, file, now_ms)).collect()
        })
    }

    /// Gives documents another path within their source, in one transaction; revisions, chunks and index
    /// rows stay. Gives of each whether it moved: a document that stands at the new path but was never
    /// indexed gives way, one that was does not.
    pub fn move_documents(&self, moved: &[MovedFile]) -> Result<Vec<bool>, LibraryError> {
        self.write("moving documents", |tx| {
            moved.iter().map(|moved| move_document(tx, moved.document, &moved.now)).collect()
        })
    }

    /// Documents of a source that a complete scan did not see and that are not known as missing yet.
    pub fn missing_files(
        &self,
        source: SourceId,
        seen: &HashSet<DocumentId>,
    ) -> Result<Vec<Document>, LibraryError> {
        let mut missing = Vec::new();
        self.read("looking for missing files", |db| {
            let step = "looking for missing files";
            let sql = "SELECT id FROM document WHERE source_id = ?1 AND deleted_ms IS NULL AND state <> 'missing' ORDER BY id";
            let mut statement = db.prepare(sql).step(step)?;
            let ids = statement.query_map([source.0], |row| row.get(0)).step(step)?;
            for id in ids {
                let id = DocumentId(id.step(step)?);
                if !seen.contains(&id) {
                    missing.extend(select_documents(db, "id = ?1", [id.0])?);
                }
            }
            Ok(())
        })?;
        Ok(missing)
    }

    /// As [`Library::missing_files`], after a scan of these paths and what is below them; `.` is the
    /// source's root.
    pub fn missing_within(
        &self,
        source: SourceId,
        within: &[String],
        seen: &HashSet<DocumentId>,
    ) -> Result<Vec<Document>, LibraryError> {
        self.read("looking for missing files", |db| {
            let mut missing: Vec<Document> = Vec::new();
            let mut known = HashSet::new();
            for part in within {
                // Names below a folder begin with it and a slash; `0` is the character behind the slash.
                let condition = "source_id = ?1 AND state <> 'missing' AND rel_path = ?2
                    UNION ALL SELECT {columns} FROM document WHERE deleted_ms IS NULL
                    AND source_id = ?1 AND state <> 'missing' AND rel_path >= ?2 || '/' AND rel_path < ?2 || '0'"
                    .replace("{columns}", DOCUMENT_COLUMNS);
                let condition = if part == "." {
                    "source_id = ?1 AND state <> 'missing' AND ?2 = '.'".to_owned()
                } else {
                    condition
                };
                for document in select_documents(db, &condition, params![source.0, part])? {
                    if !seen.contains(&document.id) && known.insert(document.id) {
                        missing.push(document);
                    }
                }
            }
            Ok(missing)
        })
    }

    /// Records that a document's file is gone: no reader finds it any more, its index rows are due for
    /// the next purge. The document stays known as missing; [`Library::see_file`] revives it.
    pub fn mark_missing(&self, id: DocumentId, now_ms: i64) -> Result<(), LibraryError> {
        self.write("recording a missing file", |tx| {
            require_document(tx, id)?;
            lose(tx, id, now_ms)
        })
    }

    /// As [`Library::mark_missing`] for many, in one transaction, which is far faster than one by one.
    /// Documents that were deleted meanwhile are left out.
    pub fn mark_all_missing(&self, ids: &[DocumentId], now_ms: i64) -> Result<(), LibraryError> {
        self.write("recording missing files", |tx| ids.iter().try_for_each(|id| lose(tx, *id, now_ms)))
    }

    /// Deletes a document from the library: at once for readers, from the index with the next purge.
    /// The file is not touched; a scan that still sees it makes a new document.
    pub fn delete_document(&self, id: DocumentId, now_ms: i64) -> Result<(), LibraryError> {
        self.write("deleting a document", |tx| {
            require_document(tx, id)?;
            delete(tx, id, now_ms)
        })
    }

    /// As [`Library::delete_document`] for many, in one transaction, which is far faster than one by one.
    /// Documents that were deleted meanwhile are left out.
    pub fn delete_documents(&self, ids: &[DocumentId], now_ms: i64) -> Result<(), LibraryError> {
        self.write("deleting documents", |tx| ids.iter().try_for_each(|id| delete(tx, *id, now_ms)))
    }

    /// Deletes the documents that have been missing since before `before_ms`. Gives how many.
    pub fn forget_missing(&self, before_ms: i64, now_ms: i64) -> Result<usize, LibraryError> {
        let step = "forgetting missing files";
        self.write(step, |tx| {
            let condition = "state = 'missing' AND updated_ms < ?1";
            let sql = format!("SELECT COUNT(*) FROM document WHERE deleted_ms IS NULL AND {condition}");
            let count: i64 = tx.query_row(&sql, [before_ms], |row| row.get(0)).step(step)?;
            purges::delete_documents(tx, condition, before_ms, now_ms)?;
            Ok(count as usize)
        })
    }
}

/// The document at a path, whether it is known in exactly this state, and whether its identity is not on
/// record yet as it is written now: earlier versions wrote only the part before the colon.
const KNOWN: &str = "SELECT id, state <> 'missing' AND size = ?3 AND mtime_ns = ?4
                         AND ifnull(file_id = ?5 OR file_id = substr(?5, 1, instr(?5, ':') - 1), 1),
                     ?5 IS NOT NULL AND file_id IS NOT ?5
                     FROM document WHERE source_id = ?1 AND rel_path = ?2 AND deleted_ms IS NULL";

fn see(
    tx: &Connection,
    known: &mut Statement<'_>,
    file: &SeenFile,
    now_ms: i64,
) -> Result<Seen, LibraryError> {
    let step = "recording a file";
    let values = params![file.source.0, file.rel_path, file.size as i64, file.mtime_ns, file.file_id];
    let known: Option<(i64, bool, bool)> =
        known.query_row(values, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional().step(step)?;
    let Some((id, same, unnamed)) = known else {
        let sql = "INSERT INTO document (source_id, rel_path, size, mtime_ns, file_id, state, updated_ms)
                   VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6)";
        let values =
            params![file.source.0, file.rel_path, file.size as i64, file.mtime_ns, file.file_id, now_ms];
        tx.execute(sql, values).step(step)?;
        return Ok(Seen::New(DocumentId(tx.last_insert_rowid())));
    };
    if same {
        if unnamed {
            tx.execute("UPDATE document SET file_id = ?2 WHERE id = ?1", params![id, file.file_id])
                .step(step)?;
        }
        return Ok(Seen::Unchanged(DocumentId(id)));
    }
    let sql =
        "UPDATE document SET size = ?2, mtime_ns = ?3, file_id = ?4, change = change + 1, state = 'waiting',
                   error_code = NULL, error_detail = NULL, updated_ms = ?5, copy_of = NULL WHERE id = ?1";
    tx.execute(sql, params![id, file.size as i64, file.mtime_ns, file.file_id, now_ms]).step(step)?;
    Ok(Seen::Changed(DocumentId(id)))
}

fn delete(tx: &Connection, id: DocumentId, now_ms: i64) -> Result<(), LibraryError> {
    copies::release_of(tx, "id = ?1", id.0, now_ms)?;
    purges::delete_documents(tx, "id = ?1", id.0, now_ms)
}

fn lose(tx: &Connection, id: DocumentId, now_ms: i64) -> Result<(), LibraryError> {
    let sql = "UPDATE document SET state = 'missing', error_code = NULL, error_detail = NULL, reading_change = NULL,
                   live_rev = NULL, n_chunks = 0, updated_ms = ?2
               WHERE id = ?1 AND state <> 'missing' AND deleted_ms IS NULL";
    tx.execute(sql, params![id.0, now_ms]).step("recording a missing file")?;
    tx.execute("UPDATE document SET copy_of = NULL WHERE id = ?1", [id.0])
        .step("recording a missing file")?;
    copies::release_of(tx, "id = ?1", id.0, now_ms)?;
    purges::retire_documents(tx, "id = ?1", id.0)
}

fn move_document(tx: &Connection, id: DocumentId, now: &SeenFile) -> Result<bool, LibraryError> {
    require_document(tx, id)?;
    if !make_room(tx, id, &now.rel_path)? {
        return Ok(false);
    }
    // Whoever reads it under its old path finds nothing there, which is no verdict on the file.
    let sql = "UPDATE document SET rel_path = ?2, size = ?3, mtime_ns = ?4, file_id = ?5,
                   change = change + (state IN ('waiting', 'reading')),
                   state = iif(state IN ('missing', 'reading'), 'waiting', state) WHERE id = ?1";
    tx.execute(sql, params![id.0, now.rel_path, now.size as i64, now.mtime_ns, now.file_id])
        .step("moving a document")?;
    Ok(true)
}

/// Deletes the document at `rel_path` that a scan made before it knew the file for a moved one. Gives
/// `false` if the one there is to stay.
fn make_room(tx: &Connection, moving: DocumentId, rel_path: &str) -> Result<bool, LibraryError> {
    let step = "moving a document";
    let sql =
        "SELECT id, EXISTS (SELECT 1 FROM revision WHERE document_id = document.id AND state <> 'purged')
               FROM document WHERE rel_path = ?2 AND deleted_ms IS NULL AND id <> ?1
                 AND source_id = (SELECT source_id FROM document WHERE id = ?1)";
    let there: Option<(i64, bool)> = tx
        .query_row(sql, params![moving.0, rel_path], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .step(step)?;
    match there {
        None => Ok(true),
        Some((_, true)) => Ok(false),
        Some((id, false)) => {
            // Purged revisions are kept for messages that cite them, in the name of the document that stays.
            tx.execute("UPDATE revision SET document_id = ?2 WHERE document_id = ?1", params![id, moving.0])
                .step(step)?;
            tx.execute("DELETE FROM document WHERE id = ?1", [id]).step(step)?;
            Ok(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DocumentState;
    use crate::testing::fixture;

    #[test]
    fn only_size_time_and_identity_decide() {
        let world = fixture();
        let file = SeenFile { file_id: Some("7:1".into()), ..world.file("a.md", 1) };
        let see = |file: SeenFile| world.library.see_file(file, 2).unwrap();
        let Seen::New(id) = see(file.clone()) else { panic!("new") };
        assert_eq!(see(file.clone()), Seen::Unchanged(id));
        assert_eq!(
            see(SeenFile { file_id: None, ..file.clone() }),
            Seen::Unchanged(id),
            "no identity, no difference"
        );
        for changed in [
            SeenFile { size: 11, ..file.clone() },
            SeenFile { size: 11, mtime_ns: 2, ..file.clone() },
            SeenFile { size: 11, mtime_ns: 2, file_id: Some("7:2".into()), ..file.clone() },
        ] {
            assert_eq!(see(changed.clone()), Seen::Changed(id));
            assert_eq!(see(changed), Seen::Unchanged(id));
        }
        let foreign = SeenFile { source: SourceId(99), ..file };
        assert_eq!(world.library.see_file(foreign, 2).unwrap_err().code(), "not_found");
    }

    #[test]
    fn an_identity_of_an_earlier_version_is_written_anew() {
        let world = fixture();
        let seen = |identity: &str| {
            let file = SeenFile { file_id: Some(identity.into()), ..world.file("a.md", 1) };
            world.library.see_file(file, 2).unwrap()
        };
        let Seen::New(id) = seen("7") else { panic!("new") };
        assert_eq!(seen("7:5.1"), Seen::Unchanged(id));
        assert_eq!(world.library.document(id).unwrap().file_id.as_deref(), Some("7:5.1"));
        assert_eq!(seen("7:5.1"), Seen::Unchanged(id));
        assert_eq!(seen("7:5.2"), Seen::Changed(id));
    }

    #[test]
    fn a_change_queues_and_leaves_the_old_text_live() {
        let world = fixture();
        let id = world.index("a.md", "old text");
        assert_eq!(world.see("a.md", 1), Seen::Unchanged(id));
        assert_eq!(world.see("a.md", 2), Seen::Changed(id));
        assert_eq!(world.library.document(id).unwrap().state, DocumentState::Waiting);
        assert_eq!(world.live_texts(), ["old text"]);
        let batch = world.stage(id, "new text");
        assert_eq!(world.live_texts(), ["old text"]);
        world.library.publish_batch(batch.id, 2, 5).unwrap();
        assert_eq!(world.live_texts(), ["new text"]);
    }

    #[test]
    fn a_change_while_reading_queues_again() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        world.set_state(id, DocumentState::Reading, None);
        world.see("a.md", 2);
        let batch = world.stage(id, "the text before the change");
        world.see("a.md", 2);
        world.library.publish_batch(batch.id, 1, 4).unwrap();
        assert_eq!(world.library.document(id).unwrap().state, DocumentState::Waiting);
        assert_eq!(world.live_texts(), ["the text before the change"]);
        world.set_state(id, DocumentState::Reading, None);
        let batch = world.stage(id, "the text after the change");
        world.library.publish_batch(batch.id, 2, 6).unwrap();
        assert_eq!(world.library.document(id).unwrap().state, DocumentState::Indexed);
    }

    #[test]
    fn a_moved_file_keeps_its_revision() {
        let world = fixture();
        let id = world.index("old/a.md", "text here");
        let newcomer = world.see("new/a.md", 1).document();
        let seen = HashSet::from([newcomer]);
        let missing = world.library.missing_files(world.source, &seen).unwrap();
        assert_eq!(missing.iter().map(|document| document.id).collect::<Vec<_>>(), [id]);
        let moved = |rel_path: &str| {
            let now = SeenFile { file_id: Some("7:1".into()), ..world.file(rel_path, 1) };
            world.library.move_documents(&[MovedFile { document: id, now }]).unwrap()
        };
        assert_eq!(moved("new/a.md"), [true]);
        let document = world.library.document(id).unwrap();
        assert_eq!((document.rel_path.as_str(), document.state), ("new/a.md", DocumentState::Indexed));
        assert_eq!(document.file_id.as_deref(), Some("7:1"));
        assert_eq!(world.library.document(newcomer).unwrap_err().code(), "not_found");
        assert_eq!(world.live_texts(), ["text here"]);
        assert_eq!(world.see("new/a.md", 1), Seen::Unchanged(id));
        world.index("b.md", "other");
        assert_eq!(moved("b.md"), [false], "what is indexed there stays");
        assert_eq!(world.library.document(id).unwrap().rel_path, "new/a.md");
    }

    #[test]
    fn a_missing_file_is_hidden_and_known_when_it_comes_back() {
        let world = fixture();
        let id = world.index("a.md", "text here");
        world.library.mark_missing(id, 9).unwrap();
        world.library.mark_all_missing(&[id, DocumentId(99)], 12).unwrap();
        assert_eq!(world.live_texts(), Vec::<String>::new());
        let document = world.library.document(id).unwrap();
        assert_eq!(
            (document.state, document.live_revision, document.chunks),
            (DocumentState::Missing, None, 0)
        );
        assert_eq!(document.updated_ms, 9, "since when it is missing");
        assert_eq!(world.library.pending_purges(world.profile, 9).unwrap().len(), 1);
        assert!(
            world.library.missing_files(world.source, &HashSet::new()).unwrap().is_empty(),
            "it is known already"
        );
        assert_eq!(world.see("a.md", 1), Seen::Changed(id));
    }

    #[test]
    fn long_missing_files_are_forgotten() {
        let world = fixture();
        let old = world.index("old.md", "text here");
        let new = world.index("new.md", "text here");
        world.library.mark_missing(old, 10).unwrap();
        world.library.mark_missing(new, 20).unwrap();
        assert_eq!(world.library.forget_missing(15, 30).unwrap(), 1);
        assert_eq!(world.library.document(old).unwrap_err().code(), "not_found");
        assert_eq!(world.library.document(new).unwrap().state, DocumentState::Missing);
    }

    #[test]
    fn a_file_that_goes_missing_while_it_is_read_does_not_come_back_with_its_batch() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let batch = world.stage(id, "text here");
        world.library.mark_missing(id, 5).unwrap();
        world.library.publish_batch(batch.id, 1, 6).unwrap();
        assert_eq!(world.library.document(id).unwrap().state, DocumentState::Missing);
        assert_eq!(world.live_texts(), Vec::<String>::new());
        assert_eq!(world.library.pending_purges(world.profile, 9).unwrap(), [batch.revisions[0].0]);
    }

    #[test]
    fn a_deleted_document_is_gone_at_once_and_its_path_is_free() {
        let world = fixture();
        let id = world.index("a.md", "text here");
        world.library.delete_document(id, 5).unwrap();
        assert_eq!(world.library.document(id).unwrap_err().code(), "not_found");
        assert_eq!(world.live_texts(), Vec::<String>::new());
        let Seen::New(again) = world.see("a.md", 1) else { panic!("new") };
        assert!(again > id);
        assert_eq!(world.library.delete_document(id, 5).unwrap_err().code(), "not_found");
    }

    #[test]
    fn many_files_at_once_are_answered_in_order() {
        let world = fixture();
        let files: Vec<SeenFile> = (0..50).map(|n| world.file(&format!("{n:02}.md"), 1)).collect();
        let first = world.library.see_files(&files, 1).unwrap();
        assert!(first.iter().all(|seen| matches!(seen, Seen::New(_))));
        let mut changed = files;
        changed[7].mtime_ns = 2;
        let second = world.library.see_files(&changed, 1).unwrap();
        for (at, (before, after)) in first.iter().zip(&second).enumerate() {
            assert_eq!(before.document(), after.document());
            assert_eq!(matches!(after, Seen::Changed(_)), at == 7);
        }
    }
}
