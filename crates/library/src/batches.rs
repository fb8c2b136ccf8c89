//! Batches as they are put in and as they lie: revisions with their text and chunks, not yet indexed.

use crate::Library;
use crate::chunks::{StoredChunk, select_chunks};
use crate::codec::{encode_blocks, encode_spans};
use crate::documents::require_document;
use crate::error::{LibraryError, Step};
use crate::profiles::{ProfileState, require_profile};
use crate::purges::retire;
use crate::unindexed::{in_batch, show_by_words};
use docent_corpus::{BatchId, DocumentId, DocumentText, ProfileId, RevisionId, Span, Spot};
use rusqlite::{Connection, Statement, Transaction, params};

/// What was read of one document, cut into chunks.
#[derive(Clone, Copy, Debug)]
pub struct NewRevision<'a> {
    /// The document.
    pub document: DocumentId,
    /// [`crate::Document::change`] when reading began; `None` means as it was recorded then.
    pub change: Option<i64>,
    /// Hash of the file's bytes.
    pub content_hash: &'a str,
    /// Version of the extractor.
    pub extractor: &'a str,
    /// Version of the chunker.
    pub chunker: &'a str,
    /// What was read.
    pub text: &'a DocumentText,
    /// The chunks, in reading order.
    pub chunks: &'a [NewChunk],
}

/// A piece of a revision, the unit of indexing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChunk {
    /// The pieces of the canonical text that make the chunk, in order.
    pub spans: Vec<Span>,
    /// Headings above it, outermost first.
    pub headings: Vec<String>,
    /// Its sentences, in the canonical text, in order.
    pub sentences: Vec<Span>,
    /// Page it begins on, counted from 0, for formats that have pages.
    pub page: Option<u32>,
    /// The page's own label.
    pub page_label: Option<String>,
    /// Line it begins on, counted from 1, for formats that have lines.
    pub line: Option<u32>,
    /// Where it begins in an original that has neither pages nor lines.
    pub spot: Option<Spot>,
    /// The file within the file that it stands in.
    pub member: Option<String>,
    /// Its length in tokens of the embedder, header included.
    pub tokens: u32,
    /// The pieces joined by a newline.
    pub text: String,
    /// What is embedded before the text: title and headings.
    pub header: String,
}

/// A batch between being stored and being published.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenBatch {
    /// Its id; stored in every index row of it.
    pub id: BatchId,
    /// Its revisions that are still wanted, in the order of their ids. Empty if all their documents
    /// were deleted in the meantime.
    pub revisions: Vec<(RevisionId, DocumentId)>,
    /// The chunks of these revisions, by revision and place in it.
    pub chunks: Vec<StoredChunk>,
}

impl Library {
    /// Step 1 of the journal: stores revisions as staged, with text and chunks, in one transaction.
    /// When it returns they are on disk and their ids are given out for good. Their documents count
    /// as being read. One that had nothing live before, or nothing that an index holds, is live from now
    /// on and found by words ([`Library::search_unindexed`]).
    pub fn open_batch(
        &self,
        profile: ProfileId,
        revisions: &[NewRevision<'_>],
        now_ms: i64,
    ) -> Result<OpenBatch, LibraryError> {
        let (id, _) = self.store_batch(profile, revisions, now_ms)?;
        self.batch(id)
    }

    /// As [`Library::open_batch`], for whoever does not need the batch at once. Gives its id and how many
    /// revisions it has: one that was read from an older state of a file than the live one, or than one
    /// that is stored already, is left out. Earlier readings of these documents that still wait for the
    /// index are not wanted any more.
    pub fn store_batch(
        &self,
        profile: ProfileId,
        revisions: &[NewRevision<'_>],
        now_ms: i64,
    ) -> Result<(BatchId, usize), LibraryError> {
        self.write("opening a batch", |tx| {
            if require_profile(tx, profile)?.state == ProfileState::Retired {
                return Err(LibraryError::conflict(format_args!(
                    "the profile {profile} is not in use any more"
                )));
            }
            let batch = insert_batch(tx, profile)?;
            let mut stored = 0;
            for revision in revisions {
                require_document(tx, revision.document)?;
                if is_superseded(tx, revision)? {
                    continue;
                }
                let id = insert_revision(tx, revision, now_ms)?;
                add_to_batch(tx, batch, id)?;
                retire_superseded(tx, revision.document, id)?;
                show_by_words(tx, id, revision.document, now_ms)?;
                stored += 1;
            }
            Ok((batch, stored))
        })
    }

    /// The chunks that readers see of the documents that this batch brings new revisions of.
    pub fn replaced_chunks(&self, id: BatchId) -> Result<Vec<StoredChunk>, LibraryError> {
        let condition = "c.revision_id = d.live_rev AND v.document_id IN (
                SELECT s.document_id FROM revision s JOIN batch_rev r ON r.revision_id = s.id
                WHERE r.batch_id = ?1 AND s.state = 'staged')";
        self.read("reading chunks", |db| select_chunks(db, condition, [id.0]))
    }

    /// How many chunks and documents are still wanted of a batch.
    pub fn size_of_batch(&self, id: BatchId) -> Result<(usize, usize), LibraryError> {
        let step = "reading a batch";
        self.read(step, |db| {
            let sql = "SELECT ifnull(SUM(v.n_chunks), 0), COUNT(*) FROM revision v JOIN batch_rev r ON r.revision_id = v.id
                       WHERE r.batch_id = ?1 AND v.state IN ('staged', 'live')";
            db.query_row(sql, [id.0], |row| Ok((row.get::<_, i64>(0)? as usize, row.get::<_, i64>(1)? as usize)))
                .step(step)
        })
    }

    /// The revisions that wait for this profile's index.
    pub fn open_revisions(&self, profile: ProfileId) -> Result<Vec<RevisionId>, LibraryError> {
        let step = "reading open batches";
        self.read(step, |db| {
            let sql = "SELECT DISTINCT v.id FROM ingest_batch b JOIN batch_rev r ON r.batch_id = b.id
                       JOIN revision v ON v.id = r.revision_id
                       WHERE b.profile_id = ?1 AND b.state = 'open' AND v.state IN ('staged', 'live')";
            let mut statement = db.prepare(sql).step(step)?;
            let ids = statement.query_map([profile.0], |row| row.get(0).map(RevisionId)).step(step)?;
            ids.collect::<rusqlite::Result<_>>().step(step)
        })
    }

    /// A batch with what is still wanted of it.
    pub fn batch(&self, id: BatchId) -> Result<OpenBatch, LibraryError> {
        self.read("reading a batch", |db| load_batch(db, id))
    }
}

/// Whether readers already see a later state of the file, or one waits for the index.
fn is_superseded(tx: &Connection, new: &NewRevision<'_>) -> Result<bool, LibraryError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM revision WHERE document_id = ?1 AND state IN ('staged', 'live')
                              AND document_change > ?2)";
    tx.query_row(sql, params![new.document.0, new.change], |row| row.get(0)).step("opening a batch")
}

/// A document was read again before its former reading was in the index: computing vectors of that one
/// would be wasted. What readers see of it stays until something takes its place.
fn retire_superseded(tx: &Connection, document: DocumentId, new: RevisionId) -> Result<(), LibraryError> {
    let step = "opening a batch";
    let sql = format!(
        "SELECT v.id FROM revision v WHERE v.document_id = ?1 AND v.state = 'staged' AND v.id < ?2 AND {}",
        in_batch("v.id", "open")
    );
    let mut statement = tx.prepare(&sql).step(step)?;
    let found = statement.query_map([document.0, new.0], |row| row.get(0).map(RevisionId)).step(step)?;
    let found: Vec<RevisionId> = found.collect::<rusqlite::Result<_>>().step(step)?;
    found.into_iter().try_for_each(|earlier| retire(tx, earlier))
}

pub(crate) fn insert_batch(tx: &Connection, profile: ProfileId) -> Result<BatchId, LibraryError> {
    let sql = "INSERT INTO ingest_batch (profile_id, state) VALUES (?1, 'open')";
    tx.execute(sql, [profile.0]).step("opening a batch")?;
    Ok(BatchId(tx.last_insert_rowid()))
}

pub(crate) fn add_to_batch(
    tx: &Connection,
    batch: BatchId,
    revision: RevisionId,
) -> Result<(), LibraryError> {
    tx.execute("INSERT INTO batch_rev VALUES (?1, ?2)", [batch.0, revision.0]).step("opening a batch")?;
    Ok(())
}

pub(crate) fn load_batch(db: &Connection, id: BatchId) -> Result<OpenBatch, LibraryError> {
    let step = "reading a batch";
    let wanted =
        "v.id IN (SELECT revision_id FROM batch_rev WHERE batch_id = ?1) AND v.state IN ('staged', 'live')";
    let sql = format!("SELECT v.id, v.document_id FROM revision v WHERE {wanted} ORDER BY v.id");
    let mut statement = db.prepare(&sql).step(step)?;
    let pairs = statement
        .query_map([id.0], |row| Ok((RevisionId(row.get(0)?), DocumentId(row.get(1)?))))
        .step(step)?;
    let revisions = pairs.collect::<rusqlite::Result<_>>().step(step)?;
    let chunks = select_chunks(db, &format!("{wanted} ORDER BY c.revision_id, c.ord"), [id.0])?;
    Ok(OpenBatch { id, revisions, chunks })
}

fn insert_revision(
    tx: &Transaction<'_>,
    new: &NewRevision<'_>,
    now_ms: i64,
) -> Result<RevisionId, LibraryError> {
    let step = "storing a revision";
    let metadata = serde_json::to_string(&new.text.metadata).step(step)?;
    let warnings = serde_json::to_string(&new.text.warnings).step(step)?;
    let blocks = encode_blocks(&new.text.blocks).step(step)?;
    let title = new.text.metadata.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    let sql =
        "INSERT INTO revision (document_id, state, document_change, content_hash, extractor, chunker, format,
                   title, metadata, warnings, n_chunks)
               SELECT id, 'staged', ifnull(?10, ifnull(reading_change, change)), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9
               FROM document WHERE id = ?1";
    let format = new.text.format.as_str();
    let count = new.chunks.len() as i64;
    let values = params![
        new.document.0,
        new.content_hash,
        new.extractor,
        new.chunker,
        format,
        title,
        metadata,
        warnings,
        count,
        new.change
    ];
    tx.execute(sql, values).step(step)?;
    let id = RevisionId(tx.last_insert_rowid());
    tx.execute("INSERT INTO revision_text VALUES (?1, ?2, ?3)", params![id.0, new.text.text, blocks])
        .step(step)?;
    let sql = "INSERT INTO chunk (revision_id, ord, text, header, headings, spans, sentences, page, page_label, line, tokens,
                   spot, member)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
    let mut statement = tx.prepare(sql).step(step)?;
    for (ord, chunk) in new.chunks.iter().enumerate() {
        insert_chunk(&mut statement, id, ord, chunk)?;
    }
    // A change seen since reading began leaves the document waiting; publishing will notice.
    let sql = "UPDATE document SET state = 'reading', reading_change = ifnull(reading_change, change), updated_ms = ?2
               WHERE id = ?1 AND state <> 'missing'";
    tx.execute(sql, params![new.document.0, now_ms]).step(step)?;
    Ok(id)
}

fn insert_chunk(
    statement: &mut Statement<'_>,
    revision: RevisionId,
    ord: usize,
    chunk: &NewChunk,
) -> Result<(), LibraryError> {
    let step = "storing a chunk";
    let headings = serde_json::to_string(&chunk.headings).step(step)?;
    let spot = chunk.spot.as_ref().map(serde_json::to_string).transpose().step(step)?;
    let (spans, sentences) = (encode_spans(&chunk.spans), encode_spans(&chunk.sentences));
    let values = params![
        revision.0,
        ord as i64,
        chunk.text,
        chunk.header,
        headings,
        spans,
        sentences,
        chunk.page,
        chunk.page_label,
        chunk.line,
        chunk.tokens,
        spot,
        chunk.member
    ];
    statement.execute(values).step(step)?;
    Ok(())
}
