//! Taking revisions out of sight at once, and out of the index and the database later.

use crate::Library;
use crate::error::{LibraryError, Step};
use crate::twins::WANTED_BY_TWIN;
use crate::unindexed::{in_batch, remove_words, sweep_words};
use docent_corpus::{BatchId, ProfileId, RevisionId};
use rusqlite::{Connection, OptionalExtension, params};

/// Pages given back to the file system after one purge at most, so that it stays short.
const PAGES_AT_ONCE: i64 = 4_000;

impl Library {
    /// Step 6 of the journal: up to `limit` revisions whose index rows are to be removed from this
    /// profile's table, oldest first. Those from which an open batch will take vectors
    /// ([`Library::twin_chunks`]) are left out until it is published.
    pub fn pending_purges(&self, profile: ProfileId, limit: usize) -> Result<Vec<RevisionId>, LibraryError> {
        let condition = format!("NOT {WANTED_BY_TWIN}");
        self.read("reading due purges", |db| purges(db, profile, &condition, limit as i64))
    }

    /// The revisions that [`Library::pending_purges`] leaves out: nothing shows their rows any more, and
    /// the index is to keep them for now.
    pub fn withheld_purges(&self, profile: ProfileId) -> Result<Vec<RevisionId>, LibraryError> {
        self.read("reading due purges", |db| purges(db, profile, WANTED_BY_TWIN, -1))
    }

    /// Takes revisions that are not wanted any more out of the batches that wait for the index, but for
    /// those `under_way`, whose rows may just be written: their text need not wait for the batch.
    pub fn release_unwanted(&self, profile: ProfileId, under_way: &[BatchId]) -> Result<(), LibraryError> {
        let step = "releasing deleted documents";
        let under_way: Vec<String> = under_way.iter().map(|id| id.0.to_string()).collect();
        let sql = format!(
            "DELETE FROM batch_rev WHERE batch_id IN (
                 SELECT id FROM ingest_batch WHERE profile_id = ?1 AND state = 'open' AND id NOT IN ({}))
               AND revision_id IN (SELECT p.revision_id FROM purge p WHERE p.profile_id = ?1)",
            under_way.join(", ")
        );
        self.write(step, |tx| tx.execute(&sql, [profile.0]).step(step).map(drop))
    }

    /// Records that this profile's table has no rows of these revisions any more. The chunks of those
    /// that no other profile still has are deleted, and with them the text, unless a message cites it.
    pub fn finish_purges(&self, profile: ProfileId, revisions: &[RevisionId]) -> Result<(), LibraryError> {
        let step = "finishing purges";
        self.write(step, |tx| {
            let mut had_words = false;
            for revision in revisions {
                had_words |= remove_words(tx, *revision)?;
                let sql = "DELETE FROM purge WHERE profile_id = ?1 AND revision_id = ?2";
                tx.execute(sql, [profile.0, revision.0]).step(step)?;
                settle(tx, *revision)?;
            }
            if had_words { sweep_words(tx) } else { Ok(()) }
        })?;
        self.with_writer(give_back_space).step("giving back space")
    }
}

/// Purges noted for a profile, of revisions v of documents d that fulfil `condition`, oldest first; all of
/// them with a negative limit.
fn purges(
    db: &Connection,
    profile: ProfileId,
    condition: &str,
    limit: i64,
) -> Result<Vec<RevisionId>, LibraryError> {
    let step = "reading due purges";
    let sql = format!(
        "SELECT p.revision_id FROM purge p CROSS JOIN revision v ON v.id = p.revision_id
         CROSS JOIN document d ON d.id = v.document_id
         WHERE p.profile_id = ?1 AND {condition} ORDER BY p.revision_id LIMIT ?2"
    );
    let mut statement = db.prepare(&sql).step(step)?;
    let rows = statement.query_map(params![profile.0, limit], |row| row.get(0).map(RevisionId)).step(step)?;
    rows.collect::<rusqlite::Result<_>>().step(step)
}

/// Gives free pages back to the file system once they are a quarter of the database.
fn give_back_space(db: &Connection) -> rusqlite::Result<()> {
    let pragma = |name: &str| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let (free, all) = (pragma("freelist_count")?, pragma("page_count")?);
    if free > 1_000 && free > all / 4 {
        // Each row that this statement returns has freed one page.
        let mut statement = db.prepare(&format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})"))?;
        let mut rows = statement.query([])?;
        while rows.next()?.is_some() {}
    }
    Ok(())
}

/// Takes a revision out of readers' sight and notes its index rows for removal from every table that
/// may hold some.
pub(crate) fn retire(tx: &Connection, revision: RevisionId) -> Result<(), LibraryError> {
    retire_where(tx, "v.id = ?1", revision.0)
}

/// As [`retire`], for all revisions of the documents that fulfil `condition` on ?1.
pub(crate) fn retire_documents(tx: &Connection, condition: &str, value: i64) -> Result<(), LibraryError> {
    let step = "retiring documents";
    let documents = format!("SELECT id FROM document WHERE {condition}");
    retire_where(tx, &format!("v.document_id IN ({documents})"), value)?;
    let sql = format!(
        "SELECT id FROM revision WHERE state IN ('retired', 'purged') AND document_id IN ({documents})
           AND NOT EXISTS (SELECT 1 FROM purge WHERE revision_id = revision.id)"
    );
    let mut statement = tx.prepare(&sql).step(step)?;
    let ids = statement.query_map([value], |row| row.get(0).map(RevisionId)).step(step)?;
    let ids: Vec<RevisionId> = ids.collect::<rusqlite::Result<_>>().step(step)?;
    ids.into_iter().try_for_each(|id| settle(tx, id))
}

fn retire_where(tx: &Connection, condition: &str, value: i64) -> Result<(), LibraryError> {
    let step = "retiring a revision";
    let sql = format!(
        "INSERT OR IGNORE INTO purge
         SELECT DISTINCT b.profile_id, v.id FROM revision v
         JOIN batch_rev r ON r.revision_id = v.id JOIN ingest_batch b ON b.id = r.batch_id
         JOIN profile p ON p.id = b.profile_id
         WHERE v.state IN ('staged', 'live') AND p.state <> 'retired' AND {condition}"
    );
    tx.execute(&sql, [value]).step(step)?;
    let sql = format!(
        "UPDATE revision AS v SET state = 'retired' WHERE v.state IN ('staged', 'live') AND {condition}"
    );
    tx.execute(&sql, [value]).step(step)?;
    Ok(())
}

/// Notes a retired revision for removal from one table once more.
pub(crate) fn purge_again(
    tx: &Connection,
    profile: ProfileId,
    revision: RevisionId,
) -> Result<(), LibraryError> {
    let sql = "INSERT OR IGNORE INTO purge SELECT id, ?2 FROM profile WHERE id = ?1 AND state <> 'retired'";
    tx.execute(sql, [profile.0, revision.0]).step("noting a purge")?;
    Ok(())
}

/// Deletes the documents that fulfil `condition` on ?1: out of sight now, their rows go when their
/// last revision is settled. The condition must not be on what this changes.
pub(crate) fn delete_documents(
    tx: &Connection,
    condition: &str,
    value: i64,
    now_ms: i64,
) -> Result<(), LibraryError> {
    let step = "deleting documents";
    // First of all: settling then knows that no text is to be kept.
    let sql = format!(
        "UPDATE document SET deleted_ms = ?2, live_rev = NULL, n_chunks = 0, reading_change = NULL
         WHERE deleted_ms IS NULL AND {condition}"
    );
    tx.execute(&sql, params![value, now_ms]).step(step)?;
    retire_documents(tx, condition, value)?;
    let sql = format!(
        "DELETE FROM document WHERE deleted_ms IS NOT NULL AND {condition}
           AND NOT EXISTS (SELECT 1 FROM revision WHERE document_id = document.id)"
    );
    tx.execute(&sql, [value]).step(step)?;
    remove_empty_sources(tx)
}

/// Deletes what is left of a retired revision, unless some table may still hold rows of it or an open
/// batch is about to write some. The text stays for messages that cite it, while its document does.
pub(crate) fn settle(tx: &Connection, revision: RevisionId) -> Result<(), LibraryError> {
    let step = "settling a revision";
    let sql = format!(
        "SELECT v.document_id, d.deleted_ms IS NOT NULL,
                EXISTS (SELECT 1 FROM message_revision WHERE revision_id = v.id)
         FROM revision v JOIN document d ON d.id = v.document_id
         WHERE v.id = ?1 AND v.state IN ('retired', 'purged')
           AND NOT EXISTS (SELECT 1 FROM purge WHERE revision_id = v.id) AND NOT {}",
        in_batch("v.id", "open")
    );
    let due: Option<(i64, bool, bool)> = tx
        .query_row(&sql, [revision.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()
        .step(step)?;
    let Some((document, deleted, cited)) = due else {
        return Ok(());
    };
    if cited && !deleted {
        tx.execute("DELETE FROM chunk WHERE revision_id = ?1", [revision.0]).step(step)?;
        tx.execute("DELETE FROM batch_rev WHERE revision_id = ?1", [revision.0]).step(step)?;
        tx.execute("UPDATE revision SET state = 'purged' WHERE id = ?1", [revision.0]).step(step)?;
        return Ok(());
    }
    tx.execute("DELETE FROM revision WHERE id = ?1", [revision.0]).step(step)?;
    if deleted {
        let sql = "DELETE FROM document WHERE id = ?1 AND NOT EXISTS (
                       SELECT 1 FROM revision WHERE document_id = document.id)";
        if tx.execute(sql, [document]).step(step)? > 0 {
            remove_empty_sources(tx)?;
        }
    }
    Ok(())
}

fn remove_empty_sources(tx: &Connection) -> Result<(), LibraryError> {
    let sql = "DELETE FROM source WHERE removed_ms IS NOT NULL AND NOT EXISTS (
                   SELECT 1 FROM document WHERE source_id = source.id)";
    tx.execute(sql, []).step("removing a source")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    #[test]
    fn a_replaced_revision_is_listed_until_its_rows_are_gone() {
        let world = fixture();
        let id = world.index("a.md", "old one\n\nold two");
        let old = world.library.document(id).unwrap().live_revision.unwrap();
        let batch = world.stage(id, "new one");
        assert!(world.library.pending_purges(world.profile, 9).unwrap().is_empty());
        world.library.publish_batch(batch.id, 2, 5).unwrap();
        assert_eq!(world.library.pending_purges(world.profile, 9).unwrap(), [old]);
        assert!(world.library.pending_purges(world.profile, 0).unwrap().is_empty());
        assert!(!world.library.is_live(old).unwrap());
        assert_eq!(world.library.chunks_of(old).unwrap().len(), 2, "the text waits for the index");
        world.library.finish_purges(world.profile, &[old]).unwrap();
        world.library.finish_purges(world.profile, &[old]).unwrap();
        assert!(world.library.pending_purges(world.profile, 9).unwrap().is_empty());
        assert!(world.library.chunks_of(old).unwrap().is_empty());
        assert_eq!(world.live_texts(), ["new one"]);
    }

    #[test]
    fn finishing_a_purge_never_touches_what_is_live() {
        let world = fixture();
        let id = world.index("a.md", "live text");
        let live = world.library.document(id).unwrap().live_revision.unwrap();
        world.library.finish_purges(world.profile, &[live, RevisionId(99)]).unwrap();
        assert_eq!(world.live_texts(), ["live text"]);
    }

    #[test]
    fn rows_written_after_their_purge_are_purged_again() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let batch = world.stage(id, "text");
        let revision = batch.revisions[0].0;
        world.library.delete_document(id, 5).unwrap();
        // The purge runs before the batch's rows reach the index.
        assert_eq!(world.library.pending_purges(world.profile, 9).unwrap(), [revision]);
        world.library.finish_purges(world.profile, &[revision]).unwrap();
        assert!(world.library.batch(batch.id).unwrap().chunks.is_empty(), "nothing of it is wanted any more");
        world.library.publish_batch(batch.id, 2, 6).unwrap();
        assert_eq!(world.library.pending_purges(world.profile, 9).unwrap(), [revision]);
        world.library.finish_purges(world.profile, &[revision]).unwrap();
        assert!(world.library.pending_purges(world.profile, 9).unwrap().is_empty());
    }

    #[test]
    fn space_goes_back_to_the_file_system() {
        let world = fixture();
        let text: Vec<String> = (0..400).map(|n| format!("{n} {}", "long text ".repeat(2_000))).collect();
        let id = world.index("a.md", &text.join("\n\n"));
        let pages =
            || world.library.with_writer(|db| db.query_row("PRAGMA page_count", [], |row| row.get(0)));
        let before: i64 = pages().unwrap();
        world.library.delete_document(id, 5).unwrap();
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        world.library.finish_purges(world.profile, &due).unwrap();
        let after = pages().unwrap();
        assert!(after + 2_000 < before, "{before} pages became {after}");
    }
}
