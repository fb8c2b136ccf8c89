//! Copies: documents with the same bytes. The text and the vectors of one of them stand for all.

use crate::Library;
use crate::documents::{Document, select_documents};
use crate::error::{LibraryError, Step};
use crate::reading::UNDER_WAY;
use crate::unindexed::BY_WORDS;
use docent_corpus::{DocumentId, SourceId};
use rusqlite::{Connection, OptionalExtension, params};

impl Library {
    /// Documents that were read from these bytes by this extractor, can be found, and are themselves
    /// no copies, oldest first; `except` is not looked at.
    pub fn originals_of(
        &self,
        hash: &str,
        extractor: &str,
        except: DocumentId,
    ) -> Result<Vec<Document>, LibraryError> {
        self.read("looking for copies", |db| {
            let condition = format!(
                "content_hash = ?1 AND extractor = ?2 AND id <> ?3 AND (state = 'indexed' OR {BY_WORDS})
                 AND live_rev IS NOT NULL AND copy_of IS NULL ORDER BY id LIMIT 50"
            );
            select_documents(db, &condition, params![hash, extractor, except.0])
        })
    }

    /// Records that `copy`, which [`Library::begin_reading`] gave, has the bytes of `original`, whose hash is
    /// `hash`, and is found through it. What `copy` was before is taken out of sight. Gives `false`, and
    /// changes nothing, if `original` cannot be found any more or either was changed meanwhile.
    pub fn mark_copy(
        &self,
        copy: &Document,
        original: DocumentId,
        hash: &str,
        now_ms: i64,
    ) -> Result<bool, LibraryError> {
        let step = "recording a copy";
        self.write(step, |tx| {
            let found = format!("(SELECT (state = 'indexed' OR {BY_WORDS}) FROM document WHERE id = ?3)");
            let sql = format!(
                "UPDATE document SET copy_of = o.id, live_rev = NULL, n_chunks = 0, content_hash = o.content_hash,
                           format = o.format, title = o.title, metadata = o.metadata, warnings = o.warnings,
                           extractor = o.extractor, chunker = o.chunker, state = 'indexed', error_code = NULL,
                           error_detail = NULL, reading_change = NULL, updated_ms = ?4
                       FROM document o
                       WHERE document.id = ?1 AND o.id = ?3 AND document.deleted_ms IS NULL
                         AND {UNDER_WAY}
                         AND o.deleted_ms IS NULL AND {found} AND o.live_rev IS NOT NULL
                         AND o.copy_of IS NULL AND o.content_hash = ?5"
            );
            if tx.execute(&sql, params![copy.id.0, copy.change, original.0, now_ms, hash]).step(step)? == 0 {
                return Ok(false);
            }
            // Whoever was found through it so far reads for itself.
            release_of(tx, "id = ?1", copy.id.0, now_ms)?;
            crate::purges::retire_documents(tx, "id = ?1", copy.id.0)?;
            Ok(true)
        })
    }

    /// Through which documents these are found: themselves, or what they are copies of.
    pub fn found_through(&self, documents: &[DocumentId]) -> Result<Vec<DocumentId>, LibraryError> {
        let step = "looking for originals";
        self.read(step, |db| {
            let sql = "SELECT ifnull(copy_of, id) FROM document WHERE id = ?1";
            let mut statement = db.prepare(sql).step(step)?;
            let through =
                |id: &DocumentId| statement.query_row([id.0], |row| row.get(0)).optional().step(step);
            let found: Vec<Option<i64>> = documents.iter().map(through).collect::<Result<_, _>>()?;
            Ok(found.into_iter().flatten().map(DocumentId).collect())
        })
    }

    /// Through which documents those of these sources are found, if some are found through documents
    /// of other sources; `None` if the sources hold all they need themselves.
    pub fn found_in_sources(&self, sources: &[SourceId]) -> Result<Option<Vec<DocumentId>>, LibraryError> {
        let step = "looking for originals";
        let list: Vec<String> = sources.iter().map(|id| id.0.to_string()).collect();
        let list = list.join(", ");
        self.read(step, |db| {
            let sql = format!(
                "SELECT EXISTS (SELECT 1 FROM document c JOIN document o ON o.id = c.copy_of
                     WHERE c.copy_of IS NOT NULL AND c.deleted_ms IS NULL AND c.source_id IN ({list})
                       AND o.source_id NOT IN ({list}))"
            );
            if !db.query_row(&sql, [], |row| row.get::<_, bool>(0)).step(step)? {
                return Ok(None);
            }
            let sql = format!(
                "SELECT DISTINCT ifnull(copy_of, id) FROM document
                 WHERE deleted_ms IS NULL AND source_id IN ({list}) AND state <> 'missing'"
            );
            let mut statement = db.prepare(&sql).step(step)?;
            let ids = statement.query_map([], |row| row.get(0).map(DocumentId)).step(step)?;
            Ok(Some(ids.collect::<rusqlite::Result<_>>().step(step)?))
        })
    }

    /// The documents that are found through this one, by source and path.
    pub fn copies_of(&self, original: DocumentId) -> Result<Vec<Document>, LibraryError> {
        self.read("looking for copies", |db| {
            select_documents(db, "copy_of = ?1 ORDER BY source_id, rel_path", [original.0])
        })
    }
}

/// Lets the copies of the documents that fulfil `condition` on ?1 wait to be read themselves: what
/// they were found through changes or goes.
pub(crate) fn release_of(
    tx: &Connection,
    condition: &str,
    value: i64,
    now_ms: i64,
) -> Result<(), LibraryError> {
    let sql = format!(
        "UPDATE document SET copy_of = NULL, content_hash = NULL, state = iif(state = 'indexed', 'waiting', state),
             updated_ms = ?2
         WHERE copy_of IN (SELECT id FROM document WHERE {condition})"
    );
    tx.execute(&sql, params![value, now_ms]).step("releasing copies")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, fixture};
    use crate::{DocumentState, SourceKind};
    use docent_corpus::DocumentId;
    use std::path::Path;

    /// An original with the hash `text`, and a copy of it.
    fn pair(world: &Fixture) -> (DocumentId, DocumentId) {
        let original = world.index("a.md", "text here");
        let copy = world.see("b.md", 1).document();
        let reading = world.begin(copy);
        assert_eq!(world.library.originals_of("text here", "x1", copy).unwrap()[0].id, original);
        assert!(world.library.mark_copy(&reading, original, "text here", 3).unwrap());
        (original, copy)
    }

    #[test]
    fn a_copy_is_found_through_its_original() {
        let world = fixture();
        let (original, copy) = pair(&world);
        let document = world.library.document(copy).unwrap();
        assert_eq!((document.state, document.copy_of), (DocumentState::Indexed, Some(original)));
        assert_eq!((document.title.as_deref(), document.chunks), (Some("A title"), 0));
        assert_eq!(world.live_texts().len(), 1, "stored once");
        assert_eq!(world.library.copies_of(original).unwrap().len(), 1);
        assert!(
            world.library.originals_of("text here", "x1", original).unwrap().is_empty(),
            "a copy is no original"
        );
        assert!(
            world.library.originals_of("text here", "x2", copy).unwrap().is_empty(),
            "read by another extractor"
        );
    }

    #[test]
    fn copies_read_for_themselves_when_the_original_goes() {
        for way in ["deleted", "missing", "source", "changed"] {
            let world = fixture();
            let original_source =
                world.library.add_source(Path::new("/other"), SourceKind::Folder, 1).unwrap();
            let (original, copy) = if way == "source" {
                let mut file = world.file("a.md", 1);
                file.source = original_source;
                let original = world.library.see_file(file, 2).unwrap().document();
                let batch = world.stage(original, "text here");
                world.library.publish_batch(batch.id, 1, 4).unwrap();
                let copy = world.see("b.md", 1).document();
                let reading = world.begin(copy);
                assert!(world.library.mark_copy(&reading, original, "text here", 3).unwrap());
                (original, copy)
            } else {
                pair(&world)
            };
            match way {
                "deleted" => world.library.delete_document(original, 5).unwrap(),
                "missing" => world.library.mark_missing(original, 5).unwrap(),
                "source" => world.library.remove_source(original_source, 5).unwrap(),
                _ => {
                    world.see("a.md", 9);
                    let batch = world.stage(original, "other words");
                    world.library.publish_batch(batch.id, 2, 6).unwrap();
                }
            }
            let document = world.library.document(copy).unwrap();
            assert_eq!((document.state, document.copy_of), (DocumentState::Waiting, None), "{way}");
        }
    }

    #[test]
    fn what_changed_meanwhile_is_no_copy() {
        let world = fixture();
        let original = world.index("a.md", "text here");
        let copy = world.see("b.md", 1).document();
        let reading = world.begin(copy);
        world.see("b.md", 5);
        assert!(!world.library.mark_copy(&reading, original, "text here", 3).unwrap());
        assert_eq!(world.library.document(copy).unwrap().state, DocumentState::Waiting);
        // The original holds other bytes by now, and is indexed with them.
        let reading = world.begin(copy);
        world.see("a.md", 5);
        let batch = world.stage(original, "other words");
        world.library.publish_batch(batch.id, 2, 6).unwrap();
        assert_eq!(world.library.document(original).unwrap().state, DocumentState::Indexed);
        assert!(!world.library.mark_copy(&reading, original, "text here", 7).unwrap());
        let third = world.see("c.md", 1).document();
        let reading = world.begin(third);
        world.library.mark_missing(original, 6).unwrap();
        assert!(!world.library.mark_copy(&reading, original, "text here", 7).unwrap());
    }

    #[test]
    fn a_copy_that_changes_is_read_for_itself() {
        let world = fixture();
        let (original, copy) = pair(&world);
        world.see("b.md", 9);
        let batch = world.stage(copy, "its own words here");
        world.library.publish_batch(batch.id, 2, 6).unwrap();
        let document = world.library.document(copy).unwrap();
        assert_eq!((document.copy_of, document.chunks), (None, 1));
        assert_eq!(world.live_texts(), ["its own words here", "text here"]);
        assert!(world.library.copies_of(original).unwrap().is_empty());
    }
}
