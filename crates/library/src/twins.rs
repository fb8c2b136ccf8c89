//! What is stored of the same bytes at another place. A file that moves from one source to another is gone
//! in one and new in the other, in either order; what was read of it there, and the vectors of that, need
//! not be made again here.

use crate::Library;
use crate::chunks::{StoredChunk, select_chunks};
use crate::codec::decode_blocks;
use crate::error::{LibraryError, Step};
use crate::row::{json, named, unreadable};
use docent_corpus::{BatchId, DocumentText, Format, RevisionId};
use rusqlite::{Row, params};

impl Library {
    /// Revisions that this extractor read from these bytes and whose text is still stored, newest first,
    /// each with the path of its file below its source's root. Also of files that are gone, until their
    /// rows have left the index; not of what was deleted or forgotten.
    pub fn readings_of(
        &self,
        hash: &str,
        extractor: &str,
    ) -> Result<Vec<(RevisionId, String)>, LibraryError> {
        let step = "looking for readings";
        self.read(step, |db| {
            // The order of the joins is forced: few documents have one hash, and nearly all revisions are live.
            let sql = "SELECT v.id, d.rel_path FROM document d CROSS JOIN revision v ON v.document_id = d.id
                       WHERE d.content_hash = ?1 AND d.deleted_ms IS NULL AND d.extractor = ?2
                         AND v.content_hash = ?1 AND v.extractor = ?2 AND v.state IN ('live', 'retired')
                       ORDER BY v.id DESC LIMIT 50";
            let mut statement = db.prepare(sql).step(step)?;
            let rows = statement
                .query_map(params![hash, extractor], |row| Ok((RevisionId(row.get(0)?), row.get(1)?)))
                .step(step)?;
            rows.collect::<rusqlite::Result<_>>().step(step)
        })
    }

    /// What was read when this revision was stored, as far as it is kept: see
    /// [`crate::RevisionText::blocks`].
    ///
    /// # Errors
    /// [`LibraryError::NotFound`] if the revision or its text is gone.
    pub fn reading(&self, revision: RevisionId) -> Result<DocumentText, LibraryError> {
        let step = "reading a text";
        let sql = "SELECT v.format, v.metadata, v.warnings, t.text, t.blocks
                   FROM revision v JOIN revision_text t ON t.revision_id = v.id WHERE v.id = ?1";
        let found = self.read(step, |db| {
            let mut statement = db.prepare(sql).step(step)?;
            let mut rows = statement.query_map([revision.0], reading_of).step(step)?;
            rows.next().transpose().step(step)
        })?;
        found.ok_or_else(|| LibraryError::not_found(format_args!("revision {revision}")))
    }

    /// Chunks of other revisions that were read from the same bytes as those of this batch, and whose
    /// rows an index may still hold.
    pub fn twin_chunks(&self, batch: BatchId) -> Result<Vec<StoredChunk>, LibraryError> {
        // The order of the joins is forced: a batch has few revisions, and few documents have one hash.
        let condition = "c.revision_id IN (
                SELECT o.id FROM batch_rev r CROSS JOIN revision s ON s.id = r.revision_id
                CROSS JOIN document e ON e.content_hash = s.content_hash AND e.deleted_ms IS NULL
                CROSS JOIN revision o ON o.document_id = e.id
                WHERE r.batch_id = ?1 AND s.state IN ('staged', 'live') AND o.id <> s.id
                  AND o.content_hash = s.content_hash AND o.state IN ('live', 'retired'))";
        self.read("reading chunks", |db| select_chunks(db, condition, [batch.0]))
    }
}

/// Whether the rows of a retired revision v of document d are still wanted by profile ?1, as SQL: a
/// revision of the same bytes waits for that profile's index and takes its vectors from there. What was
/// deleted is never kept for that.
pub(crate) const WANTED_BY_TWIN: &str = "(d.deleted_ms IS NULL AND EXISTS (
        SELECT 1 FROM document e CROSS JOIN revision s ON s.document_id = e.id
        CROSS JOIN batch_rev r ON r.revision_id = s.id CROSS JOIN ingest_batch b ON b.id = r.batch_id
        WHERE e.content_hash = v.content_hash AND e.deleted_ms IS NULL AND s.content_hash = v.content_hash
          AND s.id <> v.id AND s.state IN ('staged', 'live') AND b.profile_id = ?1 AND b.state = 'open'))";

fn reading_of(row: &Row<'_>) -> rusqlite::Result<DocumentText> {
    let blocks = row.get_ref("blocks")?.as_blob().map_err(|source| unreadable("blocks", source))?;
    Ok(DocumentText {
        format: named(row, "format", Format::parse)?,
        text: row.get("text")?,
        blocks: decode_blocks(blocks).map_err(|source| unreadable("blocks", source))?,
        metadata: json(row, "metadata")?,
        warnings: json(row, "warnings")?,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, fixture, read};
    use docent_corpus::DocumentId;

    const TEXT: &str = "the same text";

    /// A document that is gone, and a new one with its bytes that waits for the index.
    fn moved(world: &Fixture) -> (DocumentId, DocumentId) {
        let gone = world.index("a.md", TEXT);
        world.library.mark_missing(gone, 5).unwrap();
        (gone, world.see("b.md", 1).document())
    }

    #[test]
    fn a_reading_outlives_its_file_until_its_rows_are_gone() {
        let world = fixture();
        let (_, _) = moved(&world);
        let found = world.library.readings_of(TEXT, "x1").unwrap();
        assert_eq!(found.iter().map(|(_, path)| path.as_str()).collect::<Vec<_>>(), ["a.md"]);
        assert_eq!(world.library.reading(found[0].0).unwrap(), read(TEXT).0);
        assert!(world.library.readings_of(TEXT, "x2").unwrap().is_empty(), "read by another extractor");
        assert!(world.library.readings_of("other", "x1").unwrap().is_empty());
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        world.library.finish_purges(world.profile, &due).unwrap();
        assert!(world.library.readings_of(TEXT, "x1").unwrap().is_empty());
        assert_eq!(world.library.reading(found[0].0).unwrap_err().code(), "not_found");
    }

    #[test]
    fn rows_wait_for_the_batch_that_takes_its_vectors_from_them() {
        let world = fixture();
        let (_, new) = moved(&world);
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        let batch = world.stage(new, TEXT);
        assert!(world.library.pending_purges(world.profile, 9).unwrap().is_empty());
        assert_eq!(world.library.withheld_purges(world.profile).unwrap(), due);
        let twins = world.library.twin_chunks(batch.id).unwrap();
        assert_eq!(twins.iter().map(|chunk| chunk.revision).collect::<Vec<_>>(), due);
        world.library.publish_batch(batch.id, 2, 6).unwrap();
        assert_eq!(world.library.pending_purges(world.profile, 9).unwrap(), due);
        assert!(world.library.withheld_purges(world.profile).unwrap().is_empty());
    }

    #[test]
    fn what_is_forgotten_waits_for_nobody_and_is_read_by_nobody() {
        let world = fixture();
        let (gone, new) = moved(&world);
        world.stage(new, TEXT);
        world.library.forget_document(gone, None, 6).unwrap();
        assert_eq!(world.library.pending_purges(world.profile, 9).unwrap().len(), 1);
        let found = world.library.readings_of(TEXT, "x1").unwrap();
        assert!(found.iter().all(|(_, path)| path == "b.md"), "{found:?}");
    }
}
