//! Documents that were read and whose vectors are still to be computed: live, so that they can be
//! opened and found by words, long before their rows are in the index.
//!
//! Such a document is being read still ([`crate::DocumentState::Reading`]) and has a live revision all
//! the same; [`BY_WORDS`] is the one rule. Only a document that had nothing live before, or nothing that
//! an index holds, becomes live like this: of another one that was edited, what the index holds stays in
//! sight until the new rows are there.

use crate::Library;
use crate::error::{LibraryError, Step};
use crate::{copies, journal, purges};
use docent_corpus::{BatchId, ChunkId, DocumentId, Hit, ProfileId, RevisionId, SourceId};
use docent_text::{fold, words};
use rusqlite::{Connection, OptionalExtension, params};

/// Whether a row of `document` is found by words alone, as SQL; a macro, so that it can be part of other
/// constants.
macro_rules! by_words {
    () => {
        "(state = 'reading' AND live_rev IS NOT NULL AND reading_change IS NULL)"
    };
}
pub(crate) use by_words;

/// See [`by_words`].
pub(crate) const BY_WORDS: &str = by_words!();

/// Whether a batch in this state has a revision, as SQL. The order of the joins is forced: there may be
/// very many batches, and a revision is in few.
pub(crate) fn in_batch(revision: &str, state: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM batch_rev r CROSS JOIN ingest_batch b ON b.id = r.batch_id
                 WHERE r.revision_id = {revision} AND b.state = '{state}')"
    )
}

/// Distinct words of a query that are looked for, as in the index.
const MOST_WORDS: usize = 256;

/// What is looked for among chunks that are not in the index yet.
#[derive(Clone, Copy, Debug)]
pub struct UnindexedQuery<'q> {
    /// What was typed, without quotation marks.
    pub text: &'q str,
    /// Whether the words must stand next to each other in this order. Otherwise any of them will do;
    /// more and rarer ones rank higher.
    pub phrase: bool,
    /// Only of these sources.
    pub sources: Option<&'q [SourceId]>,
    /// Only of these documents.
    pub documents: Option<&'q [DocumentId]>,
}

impl Library {
    /// The best chunks by BM25 among those that are live and not in the index yet, best first, at most
    /// `limit`. Cheap when there are none.
    pub fn search_unindexed(
        &self,
        query: &UnindexedQuery<'_>,
        limit: usize,
    ) -> Result<Vec<Hit>, LibraryError> {
        let Some(question) = question(query) else { return Ok(Vec::new()) };
        self.read("searching what is not indexed yet", |db| {
            if is_empty(db)? { Ok(Vec::new()) } else { find(db, &question, query, limit) }
        })
    }

    /// Queues what counts as being read and is not, because whoever read it gave up: call it while nothing
    /// is read.
    pub fn requeue_stranded(&self) -> Result<(), LibraryError> {
        self.write("queueing documents", |tx| requeue_stranded(tx))
    }

    /// How many chunks are found by words alone so far.
    pub fn unindexed_chunks(&self) -> Result<usize, LibraryError> {
        let step = "counting what is not indexed yet";
        self.read(step, |db| {
            let sql = format!(
                "SELECT ifnull(SUM(n_chunks), 0) FROM document WHERE deleted_ms IS NULL AND {BY_WORDS}"
            );
            db.query_row(&sql, [], |row| row.get::<_, i64>(0).map(|chunks| chunks as usize)).step(step)
        })
    }

    /// Whether nothing can be found but what is found by words alone so far: all is new.
    pub fn is_all_unindexed(&self) -> Result<bool, LibraryError> {
        let step = "counting what is not indexed yet";
        self.read(step, |db| {
            let sql = format!(
                "SELECT NOT EXISTS (SELECT 1 FROM document WHERE live_rev IS NOT NULL AND n_chunks > 0 AND NOT {BY_WORDS})"
            );
            db.query_row(&sql, [], |row| row.get(0)).step(step)
        })
    }
}

/// The query in the language of SQLite's FTS5, every word in quotation marks; `None` without words.
fn question(query: &UnindexedQuery<'_>) -> Option<String> {
    let text = fold(query.text);
    let mut found: Vec<&str> = words(&text).into_iter().map(|span| &text[span]).collect();
    if found.is_empty() {
        return None;
    }
    if query.phrase {
        return Some(quoted(&found.join(" ")));
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|word| seen.insert(*word));
    found.truncate(MOST_WORDS);
    Some(found.into_iter().map(quoted).collect::<Vec<_>>().join(" OR "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\"").replace('\0', " "))
}

fn is_empty(db: &Connection) -> Result<bool, LibraryError> {
    let found = db.query_row("SELECT 1 FROM unindexed LIMIT 1", [], |_| Ok(())).optional();
    Ok(found.step("searching what is not indexed yet")?.is_none())
}

/// Goes down the list of words and keeps what still counts.
fn find(
    db: &Connection,
    question: &str,
    query: &UnindexedQuery<'_>,
    limit: usize,
) -> Result<Vec<Hit>, LibraryError> {
    let step = "searching what is not indexed yet";
    let mut matching =
        db.prepare("SELECT rowid, rank FROM unindexed WHERE unindexed MATCH ?1 ORDER BY rank").step(step)?;
    let mut counts = db.prepare(&counting(query)).step(step)?;
    let mut rows = matching.query([question]).step(step)?;
    let mut hits = Vec::new();
    while let Some(row) = rows.next().step(step)? {
        if hits.len() == limit {
            break;
        }
        let (chunk, rank): (i64, f64) = (row.get(0).step(step)?, row.get(1).step(step)?);
        let found = counts.query_row([chunk], |row| row.get(0)).optional().step(step)?;
        hits.extend(found.map(|document| Hit {
            chunk: ChunkId(chunk),
            document: DocumentId(document),
            score: -rank as f32,
        }));
    }
    Ok(hits)
}

/// The document of the chunk ?1, if it is live, not in the index, and asked for.
fn counting(query: &UnindexedQuery<'_>) -> String {
    // The order of the joins is forced as in [`in_batch`].
    let mut sql = "SELECT v.document_id FROM chunk c
         JOIN revision v ON v.id = c.revision_id JOIN document d ON d.id = v.document_id
         WHERE c.id = ?1 AND v.state = 'live' AND d.live_rev = v.id AND NOT EXISTS (
             SELECT 1 FROM batch_rev r CROSS JOIN ingest_batch b ON b.id = r.batch_id
             CROSS JOIN profile p ON p.id = b.profile_id
             WHERE r.revision_id = v.id AND b.state = 'done' AND p.state = 'active')"
        .to_owned();
    let mut among = |column: &str, ids: Option<Vec<i64>>| {
        if let Some(ids) = ids {
            let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
            sql.push_str(&format!(" AND {column} IN ({})", ids.join(", ")));
        }
    };
    among("d.source_id", query.sources.map(|ids| ids.iter().map(|id| id.0).collect()));
    among("d.id", query.documents.map(|ids| ids.iter().map(|id| id.0).collect()));
    sql
}

/// Makes a revision that was stored just now live, if its document has nothing live yet, or nothing
/// that some index holds: then it takes the place of that at once, also among what is to be indexed.
pub(crate) fn show_by_words(
    tx: &Connection,
    revision: RevisionId,
    document: DocumentId,
    now_ms: i64,
) -> Result<(), LibraryError> {
    let step = "showing what was read";
    let sql = format!(
        "SELECT live_rev FROM document
         WHERE id = ?1 AND deleted_ms IS NULL AND state = 'reading' AND (live_rev IS NULL OR {} AND NOT {})",
        in_batch("live_rev", "open"),
        in_batch("live_rev", "done")
    );
    let before: Option<Option<i64>> =
        tx.query_row(&sql, [document.0], |row| row.get(0)).optional().step(step)?;
    let Some(before) = before else { return Ok(()) };
    journal::make_live(tx, revision, now_ms)?;
    if let Some(before) = before {
        purges::retire(tx, RevisionId(before))?;
    }
    let sql = "UPDATE document SET state = 'reading' WHERE id = ?1 AND state = 'indexed'";
    tx.execute(sql, [document.0]).step(step)?;
    let mut read = tx.prepare("SELECT id, header, text FROM chunk WHERE revision_id = ?1").step(step)?;
    let mut write = tx.prepare("INSERT INTO unindexed (rowid, words) VALUES (?1, ?2)").step(step)?;
    let mut rows = read.query([revision.0]).step(step)?;
    while let Some(row) = rows.next().step(step)? {
        let (id, header): (i64, String) = (row.get(0).step(step)?, row.get(1).step(step)?);
        let text = fold(&format!("{header}\n{}", row.get::<_, String>(2).step(step)?));
        let parted: Vec<&str> = words(&text).into_iter().map(|span| &text[span]).collect();
        write.execute(params![id, parted.join(" ")]).step(step)?;
    }
    Ok(())
}

/// Whether an index is the one that questions are asked of, or there is no such one yet.
const ASKED: &str = "(p.state = 'active' OR NOT EXISTS (SELECT 1 FROM profile WHERE state = 'active'))";

/// A document that turned out to be as it was read before is still found by words alone if its vectors
/// are.
pub(crate) fn keep_by_words(tx: &Connection, document: DocumentId) -> Result<(), LibraryError> {
    let sql = format!(
        "UPDATE document SET state = 'reading' WHERE id = ?1 AND {} AND NOT {}",
        in_batch("live_rev", "open"),
        in_batch("live_rev", "done")
    );
    tx.execute(&sql, [document.0]).step("recording a state")?;
    Ok(())
}

/// Queues what counts as being read and is not: no open batch has what was read of it.
pub(crate) fn requeue_stranded(tx: &Connection) -> Result<(), LibraryError> {
    let sql = format!(
        "UPDATE document SET state = 'waiting', reading_change = NULL
         WHERE state = 'reading' AND deleted_ms IS NULL AND NOT ({BY_WORDS} AND {})
           AND NOT EXISTS (SELECT 1 FROM revision v WHERE v.document_id = document.id AND v.state = 'staged' AND {})",
        in_batch("live_rev", "open"),
        in_batch("v.id", "open")
    );
    tx.execute(&sql, []).step("queueing documents")?;
    Ok(())
}

/// A batch is in the index: its documents are found by words there from now on.
pub(crate) fn indexed(tx: &Connection, batch: BatchId) -> Result<(), LibraryError> {
    let step = "publishing a batch";
    let sql = format!(
        "UPDATE document SET state = 'indexed' WHERE {BY_WORDS} AND live_rev IN (
             SELECT r.revision_id FROM ingest_batch b JOIN profile p ON p.id = b.profile_id
             JOIN batch_rev r ON r.batch_id = b.id WHERE b.id = ?1 AND {ASKED})"
    );
    tx.execute(&sql, [batch.0]).step(step)?;
    forget_words(tx)
}

/// Questions are asked of another index: what it holds is found by words there from now on.
pub(crate) fn active(tx: &Connection, profile: ProfileId) -> Result<(), LibraryError> {
    let sql = format!(
        "UPDATE document SET state = 'indexed' WHERE {BY_WORDS} AND live_rev IN (
             SELECT r.revision_id FROM ingest_batch b JOIN batch_rev r ON r.batch_id = b.id
             WHERE b.profile_id = ?1 AND b.state = 'done')"
    );
    tx.execute(&sql, [profile.0]).step("changing the active profile")?;
    forget_words(tx)
}

/// Empties the words once nothing waits for the index that questions are asked of. Nothing of them stays
/// in the file.
pub(crate) fn forget_words(tx: &Connection) -> Result<(), LibraryError> {
    let step = "emptying the words of what is indexed";
    let sql = format!(
        "SELECT EXISTS (SELECT 1 FROM profile p CROSS JOIN ingest_batch b ON b.profile_id = p.id
                        WHERE b.state = 'open' AND {ASKED})
             OR EXISTS (SELECT 1 FROM document WHERE deleted_ms IS NULL AND {BY_WORDS})"
    );
    let waits: bool = tx.query_row(&sql, [], |row| row.get(0)).step(step)?;
    if !waits && !is_empty(tx)? {
        tx.execute("INSERT INTO unindexed (unindexed) VALUES ('delete-all')", []).step(step)?;
    }
    Ok(())
}

/// Takes out the words of revisions that are about to go. Gives whether there were any; then
/// [`sweep_words`] has to follow.
pub(crate) fn remove_words(tx: &Connection, revision: RevisionId) -> Result<bool, LibraryError> {
    let step = "removing words";
    let sql = "DELETE FROM unindexed WHERE rowid IN (
                   SELECT c.id FROM chunk c JOIN unindexed_docsize s ON s.id = c.id WHERE c.revision_id = ?1)";
    Ok(tx.execute(sql, [revision.0]).step(step)? > 0)
}

/// Writes the words anew without those that were taken out, so that nothing of them stays in the file.
pub(crate) fn sweep_words(tx: &Connection) -> Result<(), LibraryError> {
    tx.execute("INSERT INTO unindexed (unindexed) VALUES ('optimize')", []).step("removing words")?;
    Ok(())
}

/// A batch is given up: what is found by words alone through it is out of sight again, as if it were
/// only stored, and waits to be read.
pub(crate) fn hide(tx: &Connection, batch: BatchId, now_ms: i64) -> Result<(), LibraryError> {
    let step = "giving up a batch";
    // Also what was touched or edited since. What some index has or had is not given up.
    let sql = format!(
        "SELECT d.id, d.live_rev FROM batch_rev m JOIN document d ON d.live_rev = m.revision_id
         WHERE m.batch_id = ?1
           AND EXISTS (SELECT 1 FROM chunk c JOIN unindexed_docsize s ON s.id = c.id
                       WHERE c.revision_id = d.live_rev)
           AND NOT {}",
        in_batch("d.live_rev", "done")
    );
    let mut statement = tx.prepare(&sql).step(step)?;
    let pairs = statement.query_map([batch.0], |row| Ok((row.get(0)?, row.get(1)?))).step(step)?;
    let pairs: Vec<(i64, i64)> = pairs.collect::<rusqlite::Result<_>>().step(step)?;
    for (document, revision) in pairs {
        tx.execute("UPDATE revision SET state = 'staged' WHERE id = ?1", [revision]).step(step)?;
        // One that is being read at the moment goes on.
        let sql = "UPDATE document SET live_rev = NULL, n_chunks = 0,
                       state = iif(state = 'indexed' OR state = 'reading' AND reading_change IS NULL, 'waiting', state)
                   WHERE id = ?1";
        tx.execute(sql, [document]).step(step)?;
        copies::release_of(tx, "id = ?1", document, now_ms)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
