//! The journal of batches: publishing, giving up, finding what a crash left behind.

use crate::Library;
use crate::batches::{OpenBatch, add_to_batch, insert_batch, load_batch};
use crate::error::{LibraryError, Step};
use crate::profiles::require_profile;
use crate::purges::{purge_again, retire, settle};
use crate::reading::fail;
use crate::{copies, notes, unindexed};
use docent_corpus::{BatchId, DocumentId, ProfileId, RevisionId};
use rusqlite::{Connection, OptionalExtension, params};

/// Chunks per batch when everything is indexed again.
const REQUEUE_CHUNKS: i64 = 2_000;

impl Library {
    /// Step 5 of the journal: makes the batch's revisions live and retires those they replace, in one
    /// transaction. Publishing a published batch changes nothing.
    ///
    /// A revision whose document was deleted, is missing, or got a newer live revision meanwhile does
    /// not become live but is retired at once. A document that changed while it was read becomes live
    /// as it was read, and waits to be read again.
    pub fn publish_batch(&self, batch: BatchId, lance_version: u64, now_ms: i64) -> Result<(), LibraryError> {
        let step = "publishing a batch";
        self.write(step, |tx| {
            let profile = match state_of(tx, batch)? {
                (profile, state) if state == "open" => profile,
                (_, state) if state == "done" => return Ok(()),
                _ => return Err(LibraryError::conflict(format_args!("batch {batch} was given up"))),
            };
            let members = members(tx, batch)?;
            for member in &members {
                publish(tx, profile, member, now_ms)?;
            }
            let sql = "UPDATE ingest_batch SET state = 'done', lance_version = ?2 WHERE id = ?1";
            tx.execute(sql, params![batch.0, lance_version as i64]).step(step)?;
            unindexed::indexed(tx, batch)?;
            members.iter().try_for_each(|member| settle(tx, member.revision))
        })
    }

    /// Gives a batch up: its staged revisions go, their documents wait to be read again, its index
    /// rows (there may be some) are due for the next purge. Revisions that were live before stay live.
    /// Giving up twice changes nothing; a published batch is [`LibraryError::Conflict`].
    pub fn abort_batch(&self, batch: BatchId, now_ms: i64) -> Result<(), LibraryError> {
        self.write("giving up a batch", |tx| give_up(tx, batch, now_ms).map(drop))
    }

    /// As [`Library::abort_batch`], because what was read of `documents` cannot be indexed: they fail
    /// with this code, as in [`crate::Verdict::Failed`]. One that has been read again since, or waits for
    /// that, does not: the batch has an earlier state of its file. Gives those that failed.
    pub fn abort_failed_batch(
        &self,
        batch: BatchId,
        documents: &[DocumentId],
        error_code: &str,
        detail: Option<&str>,
        extractor: &str,
        now_ms: i64,
    ) -> Result<Vec<DocumentId>, LibraryError> {
        self.write("giving up a batch", |tx| {
            // Before what tells it is gone with the batch.
            let mut failed = Vec::new();
            for document in documents {
                if is_latest_reading(tx, batch, *document)? {
                    failed.push(*document);
                }
            }
            if !give_up(tx, batch, now_ms)? {
                return Ok(Vec::new());
            }
            for document in &failed {
                fail(tx, *document, error_code, detail, extractor, now_ms)?;
            }
            Ok(failed)
        })
    }

    /// The batches that were stored but neither published nor given up, oldest first, each with all
    /// its chunks. For many of them prefer [`Library::open_batch_ids`] and [`Library::batch`].
    pub fn open_batches(&self, profile: ProfileId) -> Result<Vec<OpenBatch>, LibraryError> {
        self.read("reading open batches", |db| {
            open_ids(db, profile)?.into_iter().map(|id| load_batch(db, id)).collect()
        })
    }

    /// The ids of [`Library::open_batches`].
    pub fn open_batch_ids(&self, profile: ProfileId) -> Result<Vec<BatchId>, LibraryError> {
        self.read("reading open batches", |db| open_ids(db, profile))
    }

    /// The published batches whose rows went into the index after `version`: each with how many rows
    /// the index must have of it now, and the version it went in with. Those without rows are left out.
    pub fn done_batches_after(
        &self,
        profile: ProfileId,
        version: u64,
    ) -> Result<Vec<(BatchId, usize, u64)>, LibraryError> {
        let step = "reading published batches";
        self.read(step, |db| {
            let sql = "SELECT b.id, SUM(v.n_chunks), b.lance_version FROM ingest_batch b
                       JOIN batch_rev r ON r.batch_id = b.id JOIN revision v ON v.id = r.revision_id
                       WHERE b.profile_id = ?1 AND b.state = 'done' AND b.lance_version > ?2
                         AND (v.state = 'live' OR EXISTS (
                              SELECT 1 FROM purge p WHERE p.profile_id = b.profile_id AND p.revision_id = v.id))
                       GROUP BY b.id HAVING SUM(v.n_chunks) > 0 ORDER BY b.id";
            let mut statement = db.prepare(sql).step(step)?;
            let rows = statement.query_map(params![profile.0, version as i64], |row| {
                Ok((BatchId(row.get(0)?), row.get::<_, i64>(1)? as usize, row.get::<_, i64>(2)? as u64))
            });
            rows.step(step)?.collect::<rusqlite::Result<_>>().step(step)
        })
    }

    /// Opens a published batch again because the index lost its rows. Its revisions stay live. One
    /// that has no live revision left is given up instead. Reopening an open batch changes nothing.
    pub fn reopen_batch(&self, batch: BatchId) -> Result<(), LibraryError> {
        let step = "reopening a batch";
        self.write(step, |tx| {
            let (profile, state) = state_of(tx, batch)?;
            match state.as_str() {
                "done" => {}
                "open" => return Ok(()),
                _ => return Err(LibraryError::conflict(format_args!("batch {batch} was given up"))),
            }
            tx.execute(
                "UPDATE ingest_batch SET state = 'open', lance_version = NULL WHERE id = ?1",
                [batch.0],
            )
            .step(step)?;
            if members(tx, batch)?.iter().all(|member| member.state != "live") {
                return abort(tx, batch, profile);
            }
            Ok(())
        })
    }

    /// The index of this profile is lost: all its published batches are given up and all live
    /// revisions stored in new open batches. They stay live; only the index cannot find them for now.
    /// Gives the new batches with all their chunks; [`Library::queue_profile`] gives only their ids.
    pub fn requeue_profile(&self, profile: ProfileId) -> Result<Vec<OpenBatch>, LibraryError> {
        let ids = self.queue_profile(profile)?;
        self.read("reading open batches", |db| ids.into_iter().map(|id| load_batch(db, id)).collect())
    }

    /// As [`Library::requeue_profile`], for libraries whose text does not fit into memory.
    pub fn queue_profile(&self, profile: ProfileId) -> Result<Vec<BatchId>, LibraryError> {
        self.write("queueing everything", |tx| {
            require_profile(tx, profile)?;
            forget_done(tx, profile)?;
            queue(tx, profile)
        })
    }

    /// Puts the live revisions that this profile has neither indexed nor queued into new open batches:
    /// after a new generation, or for a second profile. Gives their ids; none when nothing is lacking.
    pub fn queue_unindexed(&self, profile: ProfileId) -> Result<Vec<BatchId>, LibraryError> {
        self.write("queueing what is not indexed", |tx| {
            require_profile(tx, profile)?;
            queue(tx, profile)
        })
    }
}

/// Gives an open batch up. Gives whether it was open; one that was given up before stays as it is.
fn give_up(tx: &Connection, batch: BatchId, now_ms: i64) -> Result<bool, LibraryError> {
    match state_of(tx, batch)? {
        (profile, state) if state == "open" => {
            unindexed::hide(tx, batch, now_ms)?;
            abort(tx, batch, profile)?;
            unindexed::forget_words(tx)?;
            Ok(true)
        }
        (_, state) if state == "aborted" => Ok(false),
        _ => Err(LibraryError::conflict(format_args!("batch {batch} is published"))),
    }
}

/// Whether what a batch has of a document is the last that was read of it, and nothing newer is being
/// read or waits to be.
fn is_latest_reading(tx: &Connection, batch: BatchId, document: DocumentId) -> Result<bool, LibraryError> {
    let sql = "SELECT EXISTS (
                   SELECT 1 FROM batch_rev r JOIN revision v ON v.id = r.revision_id
                   JOIN document d ON d.id = v.document_id
                   WHERE r.batch_id = ?1 AND d.id = ?2 AND v.state IN ('staged', 'live')
                     AND d.deleted_ms IS NULL AND d.state IN ('reading', 'indexed')
                     AND ifnull(d.reading_change, v.document_change) = v.document_change
                     -- Edited while it was being read, which the reading does not say.
                     AND ifnull(d.reading_change, d.change) = d.change
                     AND NOT EXISTS (SELECT 1 FROM revision n WHERE n.document_id = d.id AND n.id > v.id
                                     AND n.state IN ('staged', 'live')))";
    tx.query_row(sql, params![batch.0, document.0], |row| row.get(0)).step("reading a batch")
}

/// A revision of a batch, and what publishing must know of it.
struct Member {
    revision: RevisionId,
    state: String,
    /// Whether the document is gone or has a newer live revision.
    superseded: bool,
}

fn members(tx: &Connection, batch: BatchId) -> Result<Vec<Member>, LibraryError> {
    let step = "reading a batch";
    let sql = "SELECT v.id, v.state,
                      d.deleted_ms IS NOT NULL OR d.state = 'missing' OR ifnull(d.live_rev > v.id, 0)
               FROM batch_rev r JOIN revision v ON v.id = r.revision_id JOIN document d ON d.id = v.document_id
               WHERE r.batch_id = ?1 ORDER BY v.id";
    let mut statement = tx.prepare(sql).step(step)?;
    let rows = statement.query_map([batch.0], |row| {
        Ok(Member { revision: RevisionId(row.get(0)?), state: row.get(1)?, superseded: row.get(2)? })
    });
    rows.step(step)?.collect::<rusqlite::Result<_>>().step(step)
}

fn publish(tx: &Connection, profile: ProfileId, member: &Member, now_ms: i64) -> Result<(), LibraryError> {
    match member.state.as_str() {
        "live" => Ok(()),
        "staged" if member.superseded => retire(tx, member.revision),
        "staged" => {
            let sql =
                "SELECT d.live_rev FROM document d JOIN revision v ON v.document_id = d.id WHERE v.id = ?1";
            let old: Option<i64> =
                tx.query_row(sql, [member.revision.0], |row| row.get(0)).step("publishing a revision")?;
            make_live(tx, member.revision, now_ms)?;
            let Some(old) = old.map(RevisionId) else {
                return Ok(());
            };
            retire(tx, old)?;
            settle(tx, old)
        }
        // Its rows may have been written after they were purged.
        _ => purge_again(tx, profile, member.revision),
    }
}

pub(crate) fn make_live(tx: &Connection, revision: RevisionId, now_ms: i64) -> Result<(), LibraryError> {
    let step = "publishing a revision";
    tx.execute("UPDATE revision SET state = 'live' WHERE id = ?1", [revision.0]).step(step)?;
    let sql = "UPDATE document SET live_rev = v.id, n_chunks = v.n_chunks, content_hash = v.content_hash,
                   format = v.format, title = v.title, metadata = v.metadata, warnings = v.warnings,
                   extractor = v.extractor, chunker = v.chunker, error_code = NULL, error_detail = NULL,
                   state = iif(document.change = v.document_change, 'indexed', 'waiting'),
                   reading_change = NULL, updated_ms = ?2, copy_of = NULL
               FROM revision v WHERE v.id = ?1 AND document.id = v.document_id";
    tx.execute(sql, params![revision.0, now_ms]).step(step)?;
    let sql = "SELECT document_id, metadata FROM revision WHERE id = ?1";
    let (document, metadata): (i64, String) =
        tx.query_row(sql, [revision.0], |row| Ok((row.get(0)?, row.get(1)?))).step(step)?;
    notes::record(tx, document, &metadata)?;
    // Copies of what it held before are copies no more.
    copies::release_of(tx, "id = ?1", document, now_ms)
}

pub(crate) fn abort(tx: &Connection, batch: BatchId, profile: ProfileId) -> Result<(), LibraryError> {
    let step = "giving up a batch";
    tx.execute("UPDATE ingest_batch SET state = 'aborted', lance_version = NULL WHERE id = ?1", [batch.0])
        .step(step)?;
    for member in members(tx, batch)? {
        match member.state.as_str() {
            "live" => continue,
            "staged" => {
                let sql = "UPDATE document SET state = 'waiting', reading_change = NULL
                           WHERE state = 'reading' AND id = (SELECT document_id FROM revision WHERE id = ?1)";
                tx.execute(sql, [member.revision.0]).step(step)?;
                retire(tx, member.revision)?;
            }
            _ => purge_again(tx, profile, member.revision)?,
        }
        settle(tx, member.revision)?;
    }
    Ok(())
}

/// Takes every published batch of the profile for not written.
pub(crate) fn forget_done(tx: &Connection, profile: ProfileId) -> Result<(), LibraryError> {
    let sql = "UPDATE ingest_batch SET state = 'aborted', lance_version = NULL WHERE profile_id = ?1 AND state = 'done'";
    tx.execute(sql, [profile.0]).step("forgetting published batches")?;
    Ok(())
}

/// Live revisions with chunks that no batch of the profile ?1 has; see [`crate::unindexed::in_batch`] for
/// the order of the joins.
pub(crate) const LACKING: &str =
    "SELECT id, n_chunks FROM revision v WHERE state = 'live' AND n_chunks > 0 AND NOT EXISTS (
                   SELECT 1 FROM batch_rev r CROSS JOIN ingest_batch b ON b.id = r.batch_id
                   WHERE r.revision_id = v.id AND b.profile_id = ?1 AND b.state IN ('open', 'done')) ORDER BY id";

fn queue(tx: &Connection, profile: ProfileId) -> Result<Vec<BatchId>, LibraryError> {
    let step = "queueing what is not indexed";
    let mut statement = tx.prepare(LACKING).step(step)?;
    let rows =
        statement.query_map([profile.0], |row| Ok((RevisionId(row.get(0)?), row.get(1)?))).step(step)?;
    let lacking: Vec<(RevisionId, i64)> = rows.collect::<rusqlite::Result<_>>().step(step)?;
    let mut batches: Vec<BatchId> = Vec::new();
    let mut filled = 0;
    for (revision, chunks) in lacking {
        let batch = match batches.last() {
            Some(batch) if filled + chunks <= REQUEUE_CHUNKS => *batch,
            _ => {
                filled = 0;
                let batch = insert_batch(tx, profile)?;
                batches.push(batch);
                batch
            }
        };
        add_to_batch(tx, batch, revision)?;
        filled += chunks;
    }
    Ok(batches)
}

fn open_ids(db: &Connection, profile: ProfileId) -> Result<Vec<BatchId>, LibraryError> {
    let step = "reading open batches";
    let sql = "SELECT id FROM ingest_batch WHERE profile_id = ?1 AND state = 'open' ORDER BY id";
    let mut statement = db.prepare(sql).step(step)?;
    let ids = statement.query_map([profile.0], |row| row.get(0).map(BatchId)).step(step)?;
    ids.collect::<rusqlite::Result<_>>().step(step)
}

fn state_of(tx: &Connection, batch: BatchId) -> Result<(ProfileId, String), LibraryError> {
    let sql = "SELECT profile_id, state FROM ingest_batch WHERE id = ?1";
    tx.query_row(sql, [batch.0], |row| Ok((ProfileId(row.get(0)?), row.get(1)?)))
        .optional()
        .step("finding a batch")?
        .ok_or_else(|| LibraryError::not_found(format_args!("batch {batch}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DocumentState;
    use crate::testing::{fixture, profile};

    #[test]
    fn an_open_batch_survives_a_crash_word_for_word() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let batch = world.stage(id, "one\n\ntwo");
        assert_eq!(batch.revisions.len(), 1);
        let world = world.crash();
        assert_eq!(world.library.open_batches(world.profile).unwrap(), vec![batch.clone()]);
        assert_eq!(world.library.open_batch_ids(world.profile).unwrap(), [batch.id]);
        assert_eq!(world.live_texts(), ["one"], "it is found by words");
        world.library.publish_batch(batch.id, 1, 2).unwrap();
        let world = world.crash();
        assert!(world.library.open_batches(world.profile).unwrap().is_empty());
        assert_eq!(world.live_texts(), ["one"]);
        assert_eq!(world.library.done_batches_after(world.profile, 0).unwrap(), [(batch.id, 2, 1)]);
        assert!(world.library.done_batches_after(world.profile, 1).unwrap().is_empty());
    }

    #[test]
    fn a_batch_is_published_or_given_up_once() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let done = world.stage(id, "text");
        world.library.publish_batch(done.id, 1, 2).unwrap();
        world.library.publish_batch(done.id, 7, 3).unwrap();
        assert_eq!(world.library.done_batches_after(world.profile, 0).unwrap(), [(done.id, 1, 1)]);
        assert_eq!(world.library.abort_batch(done.id, 3).unwrap_err().code(), "conflict");
        let given_up = world.stage(id, "other text");
        world.library.abort_batch(given_up.id, 3).unwrap();
        world.library.abort_batch(given_up.id, 3).unwrap();
        assert_eq!(world.library.publish_batch(given_up.id, 2, 4).unwrap_err().code(), "conflict");
        assert_eq!(world.library.reopen_batch(given_up.id).unwrap_err().code(), "conflict");
        assert_eq!(world.library.publish_batch(BatchId(99), 2, 4).unwrap_err().code(), "not_found");
        assert_eq!(world.live_texts(), ["text"]);
        assert_eq!(world.library.document(id).unwrap().state, DocumentState::Waiting);
        // Its rows may be in the index all the same.
        assert_eq!(world.library.pending_purges(world.profile, 9).unwrap(), [given_up.revisions[0].0]);
    }

    #[test]
    fn what_cannot_be_indexed_fails_the_file_as_it_was_read_and_not_as_it_is_now() {
        let world = fixture();
        let give_up = |batch: BatchId, id: DocumentId| {
            world.library.abort_failed_batch(batch, &[id], "vector_unusable", None, "x1", 9).unwrap()
        };
        let state = |id: DocumentId| {
            let document = world.library.document(id).unwrap();
            (document.state, document.error_code)
        };
        let mark = |state: DocumentState| (state, None);
        let failed = (DocumentState::Failed, Some("vector_unusable".to_owned()));

        let same = world.see("same.md", 1).document();
        let batch = world.stage(same, "text");
        assert_eq!(give_up(batch.id, same), [same]);
        assert_eq!(state(same), failed);
        assert!(give_up(batch.id, same).is_empty(), "once");

        let edited = world.see("edited.md", 1).document();
        let batch = world.stage(edited, "text");
        world.see("edited.md", 2);
        assert!(give_up(batch.id, edited).is_empty());
        assert_eq!(state(edited), mark(DocumentState::Waiting), "it is read as it is now");

        let reads = |id: DocumentId| {
            world.set_state(id, DocumentState::Reading, None);
        };
        for live_before in [false, true] {
            let path = if live_before { "live-meanwhile.md" } else { "new-meanwhile.md" };
            let id = if live_before { world.index(path, "before") } else { world.see(path, 1).document() };
            world.see(path, 2);
            reads(id);
            world.see(path, 3);
            let batch = world.stage(id, "as it was");
            assert!(give_up(batch.id, id).is_empty());
            assert_eq!(state(id), mark(DocumentState::Waiting), "{path}");
        }

        for live_before in [false, true] {
            let path = if live_before { "live.md" } else { "new.md" };
            let id = if live_before { world.index(path, "before") } else { world.see(path, 1).document() };
            let read = |mtime_ns: i64, text: &str| {
                world.see(path, mtime_ns);
                reads(id);
                world.stage(id, text)
            };
            let (older, newer) = (read(2, "older text"), read(3, "newer text"));
            world.library.publish_batch(newer.id, 1, 8).unwrap();
            assert!(give_up(older.id, id).is_empty());
            assert_eq!(state(id), mark(DocumentState::Indexed), "{path}");
        }

        // The index lost what it had of it, and cannot be given it again.
        let lost = world.index("lost.md", "text");
        let batches = world.library.queue_profile(world.profile).unwrap();
        let batch = *batches.last().unwrap();
        assert_eq!(give_up(batch, lost), [lost]);
        assert_eq!(state(lost), failed);
    }

    #[test]
    fn an_older_reading_never_replaces_a_newer_one() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let older = world.stage(id, "older text");
        let newer = world.stage(id, "newer text");
        world.library.publish_batch(newer.id, 1, 2).unwrap();
        world.library.publish_batch(older.id, 2, 3).unwrap();
        assert_eq!(world.live_texts(), ["newer text"]);
        assert_eq!(world.library.pending_purges(world.profile, 9).unwrap(), [older.revisions[0].0]);
    }

    #[test]
    fn two_readings_of_one_document_in_one_batch_leave_the_later() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let batch = world.stage_all(&[(id, "first text"), (id, "second text")]).unwrap();
        let [(later, _)] = batch.revisions[..] else { panic!("{:?}", batch.revisions) };
        world.library.publish_batch(batch.id, 1, 2).unwrap();
        assert_eq!(world.live_texts(), ["second text"]);
        assert_eq!(world.library.document(id).unwrap().content_hash.as_deref(), Some("second text"));
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        assert!(due.len() == 1 && due[0] < later, "{due:?}");
    }

    #[test]
    fn a_reopened_batch_holds_only_what_is_still_live() {
        let world = fixture();
        let (a, b) = (world.see("a.md", 1).document(), world.see("b.md", 1).document());
        let batch = world.stage_all(&[(a, "text a"), (b, "text b")]).unwrap();
        world.library.publish_batch(batch.id, 5, 2).unwrap();
        world.library.delete_document(a, 3).unwrap();
        assert_eq!(
            world.library.done_batches_after(world.profile, 4).unwrap(),
            [(batch.id, 2, 5)],
            "not purged yet"
        );
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        world.library.finish_purges(world.profile, &due).unwrap();
        assert_eq!(world.library.done_batches_after(world.profile, 4).unwrap(), [(batch.id, 1, 5)]);
        world.library.reopen_batch(batch.id).unwrap();
        world.library.reopen_batch(batch.id).unwrap();
        let open = world.library.open_batches(world.profile).unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].chunks.iter().map(|chunk| chunk.document).collect::<Vec<_>>(), [b]);
        assert_eq!(world.live_texts(), ["text b"]);
        world.library.publish_batch(batch.id, 6, 4).unwrap();
        world.library.delete_document(b, 5).unwrap();
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        world.library.finish_purges(world.profile, &due).unwrap();
        assert!(
            world.library.done_batches_after(world.profile, 0).unwrap().is_empty(),
            "no rows are left to lose"
        );
        world.library.reopen_batch(batch.id).unwrap();
        assert!(world.library.open_batches(world.profile).unwrap().is_empty());
    }

    #[test]
    fn a_batch_is_stored_whole_or_not_at_all() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let unknown = world.stage_all(&[(id, "text"), (DocumentId(99), "text")]);
        assert_eq!(unknown.unwrap_err().code(), "not_found");
        assert_eq!(world.library.open_batch(ProfileId(99), &[], 1).unwrap_err().code(), "not_found");
        assert!(world.library.open_batches(world.profile).unwrap().is_empty());
        assert_eq!(world.library.document(id).unwrap().state, DocumentState::Waiting);
    }

    #[test]
    fn batches_of_another_profile_are_not_mixed_in() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let batch = world.stage(id, "text");
        let (other, _) = world.library.ensure_profile(&profile("other")).unwrap();
        assert!(world.library.open_batches(other).unwrap().is_empty());
        assert_eq!(world.library.queue_unindexed(other).unwrap().len(), 1, "it is live already");
        world.library.publish_batch(batch.id, 1, 2).unwrap();
        assert!(world.library.queue_unindexed(other).unwrap().is_empty(), "queued once");
    }
}
