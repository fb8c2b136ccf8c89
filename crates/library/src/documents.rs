//! Documents: one file of a source each, and the state it is in.

use crate::Library;
use crate::Standing;
use crate::error::{LibraryError, Step};
use crate::reading::UNSUPPORTED;
use crate::row::{json, named};
use crate::unindexed::{BY_WORDS, by_words};
use docent_corpus::{DocumentId, Format, Metadata, RevisionId, SourceId, SourceWarning};
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

/// Where a document stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentState {
    /// To be read, or to be read again.
    Waiting,
    /// Being read, or waiting in a batch for the index; see [`Document::by_words`].
    Reading,
    /// Can be found.
    Indexed,
    /// Could not be read. What was live before stays live.
    Failed,
    /// Of a kind that is not read.
    Skipped,
    /// The file is gone; kept so that it is known again when it comes back.
    Missing,
}

impl DocumentState {
    pub(crate) const ALL: [DocumentState; 6] = [
        DocumentState::Waiting,
        DocumentState::Reading,
        DocumentState::Indexed,
        DocumentState::Failed,
        DocumentState::Skipped,
        DocumentState::Missing,
    ];

    /// Stable name used in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            DocumentState::Waiting => "waiting",
            DocumentState::Reading => "reading",
            DocumentState::Indexed => "indexed",
            DocumentState::Failed => "failed",
            DocumentState::Skipped => "skipped",
            DocumentState::Missing => "missing",
        }
    }

    /// The inverse of [`DocumentState::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// One file of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Its source.
    pub source: SourceId,
    /// Path below the source's root, parts separated by `/`; the file's name if the source is one file.
    pub rel_path: String,
    /// Size in bytes when last seen.
    pub size: u64,
    /// Time of last modification when last seen, nanoseconds since 1970.
    pub mtime_ns: i64,
    /// The file system's identity of the file when last seen.
    pub file_id: Option<String>,
    /// Hash of the bytes that the live revision was read from.
    pub content_hash: Option<String>,
    /// What the live revision was read as.
    pub format: Option<Format>,
    /// Title of the live revision.
    pub title: Option<String>,
    /// What the live revision says of itself.
    pub metadata: Metadata,
    /// Where it stands.
    pub state: DocumentState,
    /// Why it failed or was skipped.
    pub error_code: Option<String>,
    /// Particulars of that.
    pub error_detail: Option<String>,
    /// What of the live revision was read only in part.
    pub warnings: Vec<SourceWarning>,
    /// The revision that readers see.
    pub live_revision: Option<RevisionId>,
    /// How many chunks the live revision has.
    pub chunks: u32,
    /// Since when it is in this state.
    pub updated_ms: i64,
    /// Version of the extractor that read it last, also if it failed.
    pub extractor: Option<String>,
    /// The document with the same bytes through which this one is found.
    pub copy_of: Option<DocumentId>,
    /// How many states its file was seen in: what is read now is of this one, or of a later one.
    pub change: i64,
    /// Whether it was read, and is found by words alone because its vectors are still to be computed.
    pub by_words: bool,
}

impl Document {
    /// How it stands, as a person sees it.
    pub fn standing(&self) -> Standing {
        let live = self.live_revision.is_some();
        Standing::of(self.state, self.error_code.as_deref(), &self.rel_path, live, self.by_words)
    }
}

pub(crate) const DOCUMENT_COLUMNS: &str = concat!(
    "id, source_id, rel_path, size, mtime_ns, file_id, content_hash, format, \
     title, metadata, state, error_code, error_detail, warnings, live_rev, n_chunks, updated_ms, extractor, copy_of, change, ",
    by_words!(),
    " AS by_words"
);

pub(crate) fn document_of(row: &Row<'_>) -> rusqlite::Result<Document> {
    let format: Option<String> = row.get("format")?;
    Ok(Document {
        id: DocumentId(row.get("id")?),
        source: SourceId(row.get("source_id")?),
        rel_path: row.get("rel_path")?,
        size: row.get::<_, i64>("size")? as u64,
        mtime_ns: row.get("mtime_ns")?,
        file_id: row.get("file_id")?,
        content_hash: row.get("content_hash")?,
        format: format.as_deref().and_then(Format::parse),
        title: row.get("title")?,
        metadata: json(row, "metadata")?,
        state: named(row, "state", DocumentState::parse)?,
        error_code: row.get("error_code")?,
        error_detail: row.get("error_detail")?,
        warnings: json(row, "warnings")?,
        live_revision: row.get::<_, Option<i64>>("live_rev")?.map(RevisionId),
        chunks: row.get("n_chunks")?,
        updated_ms: row.get("updated_ms")?,
        extractor: row.get("extractor")?,
        copy_of: row.get::<_, Option<i64>>("copy_of")?.map(DocumentId),
        change: row.get("change")?,
        by_words: row.get("by_words")?,
    })
}

/// Whether a document waits at a place that could be reached last, as SQL.
const WAITS_IN_REACH: &str = "state = 'waiting'
    AND source_id IN (SELECT id FROM source WHERE reachable AND removed_ms IS NULL)";
/// Bytes of the largest file that does not have to wait for all others.
const LARGE_FILE: i64 = 16 << 20;

/// Documents that are not deleted and fulfil `condition` (SQL that may go on with ORDER BY and LIMIT).
pub(crate) fn select_documents(
    db: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<Document>, LibraryError> {
    let step = "reading documents";
    let sql = format!("SELECT {DOCUMENT_COLUMNS} FROM document WHERE deleted_ms IS NULL AND {condition}");
    let mut statement = db.prepare(&sql).step(step)?;
    let rows = statement.query_map(params, document_of).step(step)?;
    rows.collect::<rusqlite::Result<_>>().step(step)
}

pub(crate) fn require_document(db: &Connection, id: DocumentId) -> Result<(), LibraryError> {
    db.query_row("SELECT 1 FROM document WHERE id = ?1 AND deleted_ms IS NULL", [id.0], |_| Ok(()))
        .optional()
        .step("finding a document")?
        .ok_or_else(|| LibraryError::not_found(format_args!("document {id}")))
}

impl Library {
    /// One document.
    pub fn document(&self, id: DocumentId) -> Result<Document, LibraryError> {
        let found = self.read("reading a document", |db| select_documents(db, "id = ?1", [id.0]))?;
        found.into_iter().next().ok_or_else(|| LibraryError::not_found(format_args!("document {id}")))
    }

    /// The document at a path of a source, if there is one.
    pub fn document_by_path(
        &self,
        source: SourceId,
        rel_path: &str,
    ) -> Result<Option<Document>, LibraryError> {
        self.read("reading a document", |db| {
            let found =
                select_documents(db, "source_id = ?1 AND rel_path = ?2", params![source.0, rel_path])?;
            Ok(found.into_iter().next())
        })
    }

    /// Documents whose live revision (for a missing one: the last) was read from bytes with this hash,
    /// oldest first: copies, and where a moved file stood before.
    pub fn document_by_hash(&self, hash: &str) -> Result<Vec<Document>, LibraryError> {
        self.read("reading documents", |db| select_documents(db, "content_hash = ?1 ORDER BY id", [hash]))
    }

    /// Up to `limit` documents that wait to be read, of one source or of all that could be reached
    /// last, by source and path: what lies on a drive that is away is not tried. Files of more than 16 MiB come after all others: one of them may take hours.
    pub fn next_waiting(
        &self,
        limit: usize,
        source: Option<SourceId>,
    ) -> Result<Vec<Document>, LibraryError> {
        let select = |db: &Connection, sizes: &str, limit: usize| {
            let order = "ORDER BY source_id, rel_path LIMIT ?1";
            let (limit, large) = (limit as i64, LARGE_FILE);
            match source {
                None => {
                    let condition = format!("{WAITS_IN_REACH} AND size {sizes} ?2 {order}");
                    select_documents(db, &condition, [limit, large])
                }
                Some(id) => {
                    let condition =
                        format!("state = 'waiting' AND size {sizes} ?2 AND source_id = ?3 {order}");
                    select_documents(db, &condition, [limit, large, id.0])
                }
            }
        };
        self.read("reading documents", |db| {
            let mut found = select(db, "<=", limit)?;
            found.extend(select(db, ">", limit - found.len())?);
            Ok(found)
        })
    }

    /// How many documents [`Library::next_waiting`] would give without a limit, of all sources.
    pub fn count_waiting(&self) -> Result<usize, LibraryError> {
        let step = "counting documents";
        self.read(step, |db| {
            let sql = format!("SELECT COUNT(*) FROM document WHERE deleted_ms IS NULL AND {WAITS_IN_REACH}");
            db.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(|count| count as usize).step(step)
        })
    }

    /// Up to `limit` documents of a source that wait and stand at one of these paths or below it, by
    /// path; `.` is the source's root.
    pub fn waiting_within(
        &self,
        source: SourceId,
        within: &[String],
        limit: usize,
    ) -> Result<Vec<Document>, LibraryError> {
        self.read("reading documents", |db| {
            let mut found: Vec<Document> = Vec::new();
            for part in within {
                // Names below a folder begin with it and a slash; `0` is the character behind the slash.
                let condition = "state = 'waiting' AND source_id = ?1
                    AND (?2 = '.' OR rel_path = ?2 OR (rel_path >= ?2 || '/' AND rel_path < ?2 || '0'))
                    ORDER BY rel_path LIMIT ?3";
                let values = params![source.0, part, (limit - found.len()) as i64];
                let more = select_documents(db, condition, values)?;
                found.extend(
                    more.into_iter()
                        .filter(|new| found.iter().all(|known| known.id != new.id))
                        .collect::<Vec<_>>(),
                );
                if found.len() >= limit {
                    break;
                }
            }
            Ok(found)
        })
    }

    /// Queues all failed documents again, of one source or of all. Gives how many.
    pub fn retry_failed(&self, source: Option<SourceId>, now_ms: i64) -> Result<usize, LibraryError> {
        let step = "queueing failed documents";
        self.write(step, |tx| {
            let sql = "UPDATE document SET state = 'waiting', error_code = NULL, error_detail = NULL, updated_ms = ?2
                       WHERE state = 'failed' AND deleted_ms IS NULL AND (?1 IS NULL OR source_id = ?1)";
            tx.execute(sql, params![source.map(|id| id.0), now_ms]).step(step)
        })
    }

    /// Queues these documents again if they failed or were skipped. Gives how many.
    pub fn retry_documents(&self, ids: &[DocumentId], now_ms: i64) -> Result<usize, LibraryError> {
        let step = "queueing documents";
        self.write(step, |tx| {
            let sql = "UPDATE document SET state = 'waiting', error_code = NULL, error_detail = NULL, updated_ms = ?2
                       WHERE id = ?1 AND state IN ('failed', 'skipped') AND deleted_ms IS NULL";
            let mut statement = tx.prepare(sql).step(step)?;
            ids.iter().try_fold(0, |count, id| Ok(count + statement.execute(params![id.0, now_ms]).step(step)?))
        })
    }

    /// Queues the documents of a source again that failed with this code. Gives how many.
    pub fn retry_failed_for(
        &self,
        source: SourceId,
        error_code: &str,
        now_ms: i64,
    ) -> Result<usize, LibraryError> {
        let step = "queueing failed documents";
        self.write(step, |tx| {
            let sql = "UPDATE document SET state = 'waiting', error_code = NULL, error_detail = NULL, updated_ms = ?3
                       WHERE state = 'failed' AND deleted_ms IS NULL AND source_id = ?1 AND error_code = ?2";
            tx.execute(sql, params![source.0, error_code, now_ms]).step(step)
        })
    }

    /// Queues what could not be read because text in pictures was not recognised: documents without
    /// any text, and those with pages without; other languages may find more, so this includes what was
    /// looked through in vain. What is live stays live until then. Gives how many.
    pub fn queue_for_recognition(&self, now_ms: i64) -> Result<usize, LibraryError> {
        let step = "queueing pictures";
        self.write(step, |tx| {
            // Without an extractor on record the same bytes count as not read.
            let sql = format!(
                "UPDATE document SET state = 'waiting', extractor = NULL, error_code = NULL, error_detail = NULL,
                     updated_ms = ?1
                 WHERE deleted_ms IS NULL
                   AND (state = 'failed' AND error_code IN ('no_text', 'nothing_recognized')
                     OR (state = 'indexed' OR {BY_WORDS}) AND warnings LIKE '%\"page_without_text\"%'
                     OR state = 'skipped' AND error_detail LIKE '% image')"
            );
            tx.execute(&sql, [now_ms]).step(step)
        })
    }

    /// Queues the documents that another extractor or chunker read than the present ones, those that
    /// another extractor failed on, and those that were left out when other `kinds` were read
    /// ([`crate::Verdict::Unsupported`]). What is live stays live until then. Gives how many.
    pub fn queue_outdated(
        &self,
        extractor: &str,
        chunker: &str,
        kinds: &str,
        now_ms: i64,
    ) -> Result<usize, LibraryError> {
        let step = "queueing outdated documents";
        self.write(step, |tx| {
            let found = format!("(state = 'indexed' OR {BY_WORDS})");
            let sql = format!(
                "UPDATE document SET state = 'waiting', error_code = NULL, error_detail = NULL, updated_ms = ?3
                 WHERE deleted_ms IS NULL AND (
                     extractor IS NOT NULL
                         AND ((state = 'failed' OR {found}) AND extractor <> ?1 OR {found} AND chunker <> ?2)
                     OR state = 'skipped' AND error_code = '{UNSUPPORTED}' AND extractor IS NOT ?4)"
            );
            tx.execute(&sql, params![extractor, chunker, now_ms, kinds]).step(step)
        })
    }
}

#[cfg(test)]
mod tests;
