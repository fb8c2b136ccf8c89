//! How many documents are in which state, for all and for each source.

use crate::Library;
use crate::Standing;
use crate::error::{LibraryError, Step};
use crate::row::named;
use crate::sources::{SOURCE_COLUMNS, Source, present, source_of};
use crate::standing::SQL;
use crate::unreadable::{UnreadablePlaces, places_of};
use docent_corpus::SourceId;
use rusqlite::{Connection, Params};
use std::collections::BTreeMap;

/// How many documents are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DocumentCounts {
    /// All whose files are there, so without the missing ones.
    pub documents: usize,
    /// Waiting to be read for the first time.
    pub waiting: usize,
    /// Being read for the first time.
    pub reading: usize,
    /// Were read and are found by words; their vectors are still to be computed.
    pub words: usize,
    /// Can be found, as they are now.
    pub indexed: usize,
    /// Can be found as they were; they changed since and wait, are being read or wait for the index.
    pub stale: usize,
    /// Hold only pictures.
    pub needs_ocr: usize,
    /// Behind a password.
    pub needs_password: usize,
    /// Could not be read for another reason.
    pub failed: usize,
    /// Of a kind that is not read.
    pub skipped: usize,
    /// Known still, though the file is gone.
    pub missing: usize,
    /// How many chunks can be found.
    pub chunks: usize,
}

impl DocumentCounts {
    fn add(&mut self, standing: Standing, documents: usize, chunks: usize) {
        if standing != Standing::Missing {
            self.documents += documents;
        }
        self.chunks += chunks;
        *match standing {
            Standing::Waiting => &mut self.waiting,
            Standing::Reading => &mut self.reading,
            Standing::Words => &mut self.words,
            Standing::Indexed => &mut self.indexed,
            Standing::Stale => &mut self.stale,
            Standing::NeedsOcr => &mut self.needs_ocr,
            Standing::NeedsPassword => &mut self.needs_password,
            Standing::Failed => &mut self.failed,
            Standing::Skipped => &mut self.skipped,
            Standing::Missing => &mut self.missing,
        } += documents;
    }
}

/// A source and what became of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSummary {
    /// The source.
    pub source: Source,
    /// How many of its documents stand how.
    pub counts: DocumentCounts,
    /// What of it the last full scan could not look at.
    pub unreadable: UnreadablePlaces,
}

/// Counts the documents that fulfil `condition`.
pub(crate) fn count_states(
    db: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<DocumentCounts, LibraryError> {
    let step = "counting documents";
    let sql = format!(
        "SELECT {SQL} AS standing, COUNT(*), SUM(n_chunks) FROM document WHERE deleted_ms IS NULL AND {condition}
         GROUP BY standing"
    );
    let mut counts = DocumentCounts::default();
    let mut statement = db.prepare(&sql).step(step)?;
    let mut rows = statement.query(params).step(step)?;
    while let Some(row) = rows.next().step(step)? {
        let standing = named(row, "standing", Standing::parse).step(step)?;
        let (documents, chunks): (i64, i64) = (row.get(1).step(step)?, row.get(2).step(step)?);
        counts.add(standing, documents as usize, chunks as usize);
    }
    Ok(counts)
}

impl Library {
    /// How many documents of all sources are in which state.
    pub fn document_counts(&self) -> Result<DocumentCounts, LibraryError> {
        self.read("counting documents", |db| count_states(db, "1", []))
    }

    /// All sources, oldest first, without counting what became of their files.
    pub fn all_sources(&self) -> Result<Vec<Source>, LibraryError> {
        self.read("listing sources", present)
    }

    /// All sources, oldest first, each with what became of its files.
    pub fn sources(&self) -> Result<Vec<SourceSummary>, LibraryError> {
        let step = "listing sources";
        self.read(step, |db| {
            let counts = count_by_source(db)?;
            let sql = format!("SELECT {SOURCE_COLUMNS} FROM source WHERE removed_ms IS NULL ORDER BY id");
            let mut statement = db.prepare(&sql).step(step)?;
            let rows = statement.query_map([], source_of).step(step)?;
            rows.map(|row| {
                let source = row.step(step)?;
                let counts = counts.get(&source.id).copied().unwrap_or_default();
                let unreadable = places_of(db, source.id)?;
                Ok(SourceSummary { source, counts, unreadable })
            })
            .collect()
        })
    }
}

fn count_by_source(db: &Connection) -> Result<BTreeMap<SourceId, DocumentCounts>, LibraryError> {
    let step = "counting documents";
    let sql = format!(
        "SELECT source_id, {SQL} AS standing, COUNT(*), SUM(n_chunks) FROM document
         WHERE deleted_ms IS NULL GROUP BY source_id, standing"
    );
    let mut counts: BTreeMap<SourceId, DocumentCounts> = BTreeMap::new();
    let mut statement = db.prepare(&sql).step(step)?;
    let mut rows = statement.query([]).step(step)?;
    while let Some(row) = rows.next().step(step)? {
        let source = SourceId(row.get(0).step(step)?);
        let standing = named(row, "standing", Standing::parse).step(step)?;
        let (documents, chunks): (i64, i64) = (row.get(2).step(step)?, row.get(3).step(step)?);
        counts.entry(source).or_default().add(standing, documents as usize, chunks as usize);
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use crate::testing::fixture;
    use crate::{DocumentState, SourceKind};
    use std::path::Path;

    #[test]
    fn an_edited_document_counts_as_found_until_the_index_has_it() {
        let world = fixture();
        let id = world.index("a.md", "older text");
        let counted = || {
            let counts = world.library.document_counts().unwrap();
            (counts.stale, counts.indexed, counts.reading)
        };
        assert_eq!(counted(), (0, 1, 0));
        world.see("a.md", 2);
        assert_eq!(counted(), (1, 0, 0), "it waits");
        world.begin(id);
        assert_eq!(counted(), (1, 0, 0), "it is being read");
        let batch = world.stage(id, "newer text");
        assert_eq!(counted(), (1, 0, 0), "its vectors are still to be computed");
        world.library.publish_batch(batch.id, 1, 5).unwrap();
        assert_eq!(counted(), (0, 1, 0));
    }

    #[test]
    fn every_state_is_counted_once() {
        let world = fixture();
        world.index("indexed.md", "one\n\ntwo");
        world.see("waiting.md", 1);
        let states = [
            ("reading.md", DocumentState::Reading),
            ("failed.md", DocumentState::Failed),
            ("skipped.md", DocumentState::Skipped),
        ];
        for (path, state) in states {
            let id = world.see(path, 1).document();
            world.set_state(id, state, None);
        }
        let missing = world.index("missing.md", "three");
        world.library.mark_missing(missing, 5).unwrap();
        let empty = world.library.add_source(Path::new("/empty"), SourceKind::Folder, 1).unwrap();
        let counts = world.library.document_counts().unwrap();
        assert_eq!(
            (counts.documents, counts.chunks),
            (5, 2),
            "a file that is gone is no document to be found"
        );
        assert_eq!((counts.waiting, counts.reading, counts.indexed), (1, 1, 1));
        assert_eq!((counts.failed, counts.skipped, counts.missing), (1, 1, 1));
        let sources = world.library.sources().unwrap();
        assert_eq!(sources.len(), 2);
        assert_eq!(sources[0].counts, counts);
        assert_eq!((sources[1].source.id, sources[1].counts.documents), (empty, 0));
    }
}
