//! Profiles: one index table per embedding model with all its settings, and the state of that table.

use crate::Library;
use crate::error::{LibraryError, Step};
use crate::journal::{LACKING, abort, forget_done};
use crate::purges::settle;
use crate::row::{json, named};
use crate::unindexed::active;
use docent_corpus::{BatchId, Profile, ProfileId, RevisionId};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// What a profile is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileState {
    /// Its table is being filled.
    Building,
    /// Questions are asked of its table.
    Active,
    /// Replaced by another; its table is not kept up to date.
    Retired,
}

impl ProfileState {
    fn parse(name: &str) -> Option<Self> {
        match name {
            "building" => Some(ProfileState::Building),
            "active" => Some(ProfileState::Active),
            "retired" => Some(ProfileState::Retired),
            _ => None,
        }
    }
}

/// A profile that the library knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredProfile {
    /// Its id.
    pub id: ProfileId,
    /// The model with all its settings.
    pub profile: Profile,
    /// What it is used for.
    pub state: ProfileState,
    /// Counts its tables, from 1.
    pub generation: u32,
    /// Name of its present table, such as `chunks_p1_g1_5e0c91ab`. The last part is this library's
    /// own, so that a table left behind by a lost library is never taken for one of its tables.
    pub table: String,
}

/// What is known of a profile's table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexState {
    /// The newest version of the table that is known to be whole on disk; 0 if none is.
    pub durable_version: u64,
    /// When it was last maintained with success.
    pub last_ok_ms: Option<i64>,
    /// Why the last maintenance failed, if it did.
    pub last_error: Option<String>,
    /// How many maintenances failed in a row.
    pub consecutive_failures: u32,
}

const PROFILES: &str =
    "SELECT id, identity, state, generation, (SELECT tag FROM library) AS tag FROM profile";

fn profile_of(row: &Row<'_>) -> rusqlite::Result<StoredProfile> {
    let id: i64 = row.get("id")?;
    let generation: u32 = row.get("generation")?;
    let tag: String = row.get("tag")?;
    Ok(StoredProfile {
        id: ProfileId(id),
        profile: json(row, "identity")?,
        state: named(row, "state", ProfileState::parse)?,
        generation,
        table: format!("chunks_p{id}_g{generation}_{tag}"),
    })
}

pub(crate) fn require_profile(db: &Connection, id: ProfileId) -> Result<StoredProfile, LibraryError> {
    db.query_row(&format!("{PROFILES} WHERE id = ?1"), [id.0], profile_of)
        .optional()
        .step("finding a profile")?
        .ok_or_else(|| LibraryError::not_found(format_args!("profile {id}")))
}

impl Library {
    /// The id and the table of a profile, which is added if need be. Profiles are the same only if
    /// every setting is. A retired one starts again with an empty table.
    pub fn ensure_profile(&self, profile: &Profile) -> Result<(ProfileId, String), LibraryError> {
        let step = "adding a profile";
        self.write(step, |tx| {
            let known = all(tx)?.into_iter().find(|known| known.profile == *profile);
            let id = match known {
                Some(known) if known.state == ProfileState::Retired => {
                    tx.execute("UPDATE profile SET state = 'building' WHERE id = ?1", [known.id.0])
                        .step(step)?;
                    start_generation(tx, known.id)?;
                    known.id
                }
                Some(known) => known.id,
                None => add(tx, profile)?,
            };
            Ok((id, require_profile(tx, id)?.table))
        })
    }

    /// All profiles, oldest first.
    pub fn profiles(&self) -> Result<Vec<StoredProfile>, LibraryError> {
        self.read("reading profiles", all)
    }

    /// One profile.
    pub fn profile(&self, id: ProfileId) -> Result<StoredProfile, LibraryError> {
        self.read("reading a profile", |db| require_profile(db, id))
    }

    /// The profile that questions are asked of, once one was set.
    pub fn active_profile(&self) -> Result<Option<StoredProfile>, LibraryError> {
        let step = "reading the active profile";
        self.read(step, |db| {
            db.query_row(&format!("{PROFILES} WHERE state = 'active'"), [], profile_of).optional().step(step)
        })
    }

    /// Makes a profile the one that questions are asked of and retires the one before: its open
    /// batches are given up and its table is not purged any more, so it may be dropped.
    pub fn set_active_profile(&self, id: ProfileId) -> Result<(), LibraryError> {
        let step = "changing the active profile";
        self.write(step, |tx| {
            require_profile(tx, id)?;
            let sql = "SELECT id FROM profile WHERE state = 'active' AND id <> ?1";
            if let Some(old) = tx.query_row(sql, [id.0], |row| row.get(0)).optional().step(step)? {
                retire_profile(tx, ProfileId(old))?;
            }
            tx.execute("UPDATE profile SET state = 'active' WHERE id = ?1", [id.0]).step(step)?;
            active(tx, id)
        })
    }

    /// Retires the profiles whose index was being built, but for those that are `wanted`: their open batches
    /// are given up, and nothing waits for rows to be removed from their tables any more. Gives how many.
    pub fn retire_unfinished(&self, wanted: impl Fn(&StoredProfile) -> bool) -> Result<usize, LibraryError> {
        self.write("giving up an index", |tx| {
            let mut unwanted = all(tx)?;
            unwanted.retain(|it| it.state == ProfileState::Building && !wanted(it));
            unwanted.iter().try_for_each(|it| retire_profile(tx, it.id))?;
            Ok(unwanted.len())
        })
    }

    /// Gives the profile a new, empty table: its published batches count as not written, open ones
    /// stay open. [`Library::queue_unindexed`] queues what the new table lacks.
    pub fn new_generation(&self, id: ProfileId) -> Result<String, LibraryError> {
        self.write("starting a new table", |tx| {
            require_profile(tx, id)?;
            start_generation(tx, id)?;
            Ok(require_profile(tx, id)?.table)
        })
    }

    /// Whether a table of this name belongs to this library and nobody needs it: that of a profile that
    /// was replaced, or of a generation that was lost.
    pub fn is_unused_table(&self, name: &str) -> Result<bool, LibraryError> {
        let profiles = self.read("reading profiles", all)?;
        let used = |profile: &StoredProfile| profile.state != ProfileState::Retired && profile.table == name;
        let tag = |table: &str| table.rsplit_once('_').map(|(_, tag)| tag.to_owned());
        let ours = |profile: &StoredProfile| tag(&profile.table) == tag(name);
        Ok(name.starts_with("chunks_p") && profiles.iter().any(ours) && !profiles.iter().any(used))
    }

    /// What is known of a profile's table.
    pub fn index_state(&self, id: ProfileId) -> Result<IndexState, LibraryError> {
        let step = "reading the state of the index";
        let sql = "SELECT durable_version, last_ok_ms, last_error, consecutive_failures FROM index_state WHERE profile_id = ?1";
        let state = self.read(step, |db| {
            db.query_row(sql, [id.0], |row| {
                Ok(IndexState {
                    durable_version: row.get::<_, i64>(0)? as u64,
                    last_ok_ms: row.get(1)?,
                    last_error: row.get(2)?,
                    consecutive_failures: row.get(3)?,
                })
            })
            .optional()
            .step(step)
        })?;
        state.ok_or_else(|| LibraryError::not_found(format_args!("profile {id}")))
    }

    /// How far the journal has come: the ids given out so far to batches and to revisions. Anything that
    /// is stored raises them, and none is given out twice.
    pub fn journal_position(&self) -> Result<(i64, i64), LibraryError> {
        let step = "reading the journal's position";
        self.read(step, |db| {
            let sql = "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'ingest_batch'), 0),
                              ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'revision'), 0)";
            db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).step(step)
        })
    }

    /// Whether nothing waits for this profile's index: no batch is open, no rows are to be removed, and
    /// all that is live was given to it.
    pub fn is_settled(&self, id: ProfileId) -> Result<bool, LibraryError> {
        let step = "looking what waits for the index";
        self.read(step, |db| {
            let sql = format!(
                "SELECT NOT EXISTS (SELECT 1 FROM ingest_batch WHERE profile_id = ?1 AND state = 'open')
                    AND NOT EXISTS (SELECT 1 FROM purge WHERE profile_id = ?1)
                    AND NOT EXISTS ({LACKING})"
            );
            db.query_row(&sql, [id.0], |row| row.get(0)).step(step)
        })
    }

    /// Records the newest version of the table that is known to be whole on disk.
    pub fn set_durable_version(&self, id: ProfileId, version: u64) -> Result<(), LibraryError> {
        let step = "recording the state of the index";
        self.write(step, |tx| {
            require_profile(tx, id)?;
            let sql = "UPDATE index_state SET durable_version = ?2 WHERE profile_id = ?1";
            tx.execute(sql, params![id.0, version as i64]).step(step)?;
            Ok(())
        })
    }

    /// Records a maintenance of the table: `error` is why it failed. Failures are counted until one succeeds.
    pub fn record_maintenance(
        &self,
        id: ProfileId,
        error: Option<&str>,
        now_ms: i64,
    ) -> Result<(), LibraryError> {
        let step = "recording the state of the index";
        self.write(step, |tx| {
            require_profile(tx, id)?;
            let sql = "UPDATE index_state SET last_error = ?2, last_ok_ms = iif(?2 IS NULL, ?3, last_ok_ms),
                           consecutive_failures = iif(?2 IS NULL, 0, consecutive_failures + 1) WHERE profile_id = ?1";
            tx.execute(sql, params![id.0, error, now_ms]).step(step)?;
            Ok(())
        })
    }
}

fn all(db: &Connection) -> Result<Vec<StoredProfile>, LibraryError> {
    let step = "reading profiles";
    let mut statement = db.prepare(&format!("{PROFILES} ORDER BY id")).step(step)?;
    let rows = statement.query_map([], profile_of).step(step)?;
    rows.collect::<rusqlite::Result<_>>().step(step)
}

fn add(tx: &Connection, profile: &Profile) -> Result<ProfileId, LibraryError> {
    let step = "adding a profile";
    let identity = serde_json::to_string(profile).step(step)?;
    tx.execute("INSERT INTO profile (identity, state) VALUES (?1, 'building')", [identity]).step(step)?;
    let id = ProfileId(tx.last_insert_rowid());
    tx.execute("INSERT INTO index_state (profile_id) VALUES (?1)", [id.0]).step(step)?;
    Ok(id)
}

fn start_generation(tx: &Connection, id: ProfileId) -> Result<(), LibraryError> {
    let step = "starting a new table";
    tx.execute("UPDATE profile SET generation = generation + 1 WHERE id = ?1", [id.0]).step(step)?;
    tx.execute("UPDATE index_state SET durable_version = 0 WHERE profile_id = ?1", [id.0]).step(step)?;
    forget_done(tx, id)?;
    release_purges(tx, id)
}

fn retire_profile(tx: &Connection, id: ProfileId) -> Result<(), LibraryError> {
    let step = "retiring a profile";
    let mut statement =
        tx.prepare("SELECT id FROM ingest_batch WHERE profile_id = ?1 AND state = 'open'").step(step)?;
    let open = statement.query_map([id.0], |row| row.get(0).map(BatchId)).step(step)?;
    let open: Vec<BatchId> = open.collect::<rusqlite::Result<_>>().step(step)?;
    tx.execute("UPDATE profile SET state = 'retired' WHERE id = ?1", [id.0]).step(step)?;
    open.into_iter().try_for_each(|batch| abort(tx, batch, id))?;
    release_purges(tx, id)
}

/// The profile's table is gone or forgotten: nothing is to be removed from it any more.
fn release_purges(tx: &Connection, id: ProfileId) -> Result<(), LibraryError> {
    let step = "releasing purges";
    let mut statement = tx.prepare("SELECT revision_id FROM purge WHERE profile_id = ?1").step(step)?;
    let due = statement.query_map([id.0], |row| row.get(0).map(RevisionId)).step(step)?;
    let due: Vec<RevisionId> = due.collect::<rusqlite::Result<_>>().step(step)?;
    tx.execute("DELETE FROM purge WHERE profile_id = ?1", [id.0]).step(step)?;
    due.into_iter().try_for_each(|revision| settle(tx, revision))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DocumentState;
    use crate::testing::{Fixture, fixture, profile};

    #[test]
    fn every_setting_is_part_of_the_identity() {
        let world = fixture();
        let (same, table) = world.library.ensure_profile(&profile("model")).unwrap();
        assert_eq!(same, world.profile);
        assert!(table.starts_with("chunks_p1_g1_"), "{table}");
        let other = Profile { query_prefix: "query: ".into(), ..profile("model") };
        let (other_id, other_table) = world.library.ensure_profile(&other).unwrap();
        assert_ne!(other_id, same);
        assert_ne!(other_table, table);
        assert_eq!(world.library.profile(other_id).unwrap().profile, other);
        assert_eq!(world.library.profiles().unwrap().len(), 2);
    }

    #[test]
    fn tables_of_replaced_profiles_and_generations_are_unused() {
        let (_folder, library) = crate::testing::library();
        let (first, table) = library.ensure_profile(&profile("a")).unwrap();
        library.set_active_profile(first).unwrap();
        let (second, next) = library.ensure_profile(&profile("b")).unwrap();
        let unused = |name: &str| library.is_unused_table(name).unwrap();
        assert!(!unused(&table) && !unused(&next), "one serves, one is built");
        library.set_active_profile(second).unwrap();
        assert!(unused(&table) && !unused(&next));
        let later = library.new_generation(second).unwrap();
        assert!(unused(&next) && !unused(&later));
        assert!(!unused("chunks_p1_g1_deadbeef") && !unused("other"), "another library's, and strangers");
    }

    #[test]
    fn an_index_that_is_given_up_keeps_no_text_of_what_is_deleted() {
        let world = fixture();
        let id = world.index("a.md", "text here");
        let (next, table) = world.library.ensure_profile(&profile("next")).unwrap();
        let revision = world.library.document(id).unwrap().live_revision.unwrap();
        let queued = world.library.queue_unindexed(next).unwrap();
        world.library.publish_batch(queued[0], 1, 5).unwrap();
        assert_eq!(world.library.retire_unfinished(|it| it.id == next).unwrap(), 0, "it is wanted");
        assert_eq!(world.library.retire_unfinished(|_| false).unwrap(), 1);
        assert!(world.library.is_unused_table(&table).unwrap());
        world.library.delete_document(id, 6).unwrap();
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        world.library.finish_purges(world.profile, &due).unwrap();
        assert!(world.library.revision_text(revision).is_err(), "nothing keeps it");
        assert_eq!(world.library.ensure_profile(&profile("next")).unwrap().0, next, "it may start again");
    }

    #[test]
    fn two_libraries_never_share_a_table_name() {
        let (first, second) = (fixture(), fixture());
        let table = |world: &Fixture| world.library.profile(world.profile).unwrap().table;
        assert_ne!(table(&first), table(&second));
    }

    #[test]
    fn the_state_of_the_index_is_kept() {
        let world = fixture();
        assert_eq!(world.library.index_state(world.profile).unwrap(), IndexState::default());
        world.library.set_durable_version(world.profile, 42).unwrap();
        world.library.record_maintenance(world.profile, None, 5).unwrap();
        world.library.record_maintenance(world.profile, Some("no space"), 6).unwrap();
        world.library.record_maintenance(world.profile, Some("no space left"), 7).unwrap();
        let state = world.library.index_state(world.profile).unwrap();
        assert_eq!((state.durable_version, state.last_ok_ms, state.consecutive_failures), (42, Some(5), 2));
        assert_eq!(state.last_error.as_deref(), Some("no space left"));
        world.library.record_maintenance(world.profile, None, 8).unwrap();
        let state = world.library.index_state(world.profile).unwrap();
        assert_eq!((state.last_ok_ms, state.consecutive_failures, state.last_error), (Some(8), 0, None));
        assert_eq!(world.library.index_state(ProfileId(9)).unwrap_err().code(), "not_found");
    }

    #[test]
    fn an_index_is_settled_once_nothing_waits_for_it() {
        let world = fixture();
        let settled = || world.library.is_settled(world.profile).unwrap();
        let position = || world.library.journal_position().unwrap();
        assert_eq!((settled(), position()), (true, (0, 0)));
        let id = world.see("a.md", 1).document();
        let batch = world.stage(id, "text");
        assert_eq!((settled(), position()), (false, (1, 1)));
        world.library.publish_batch(batch.id, 1, 2).unwrap();
        assert_eq!((settled(), position()), (true, (1, 1)));
        let (other, _) = world.library.ensure_profile(&profile("other")).unwrap();
        assert!(!world.library.is_settled(other).unwrap(), "it was given nothing");
        world.library.delete_document(id, 3).unwrap();
        assert!(!settled(), "rows are to go");
        let due = world.library.pending_purges(world.profile, 9).unwrap();
        world.library.finish_purges(world.profile, &due).unwrap();
        assert_eq!((settled(), position()), (true, (1, 1)), "no id is given out again");
    }

    #[test]
    fn a_new_generation_queues_everything_again_while_it_stays_live() {
        let world = fixture();
        let id = world.index("a.md", "one\n\ntwo");
        world.index("b.md", "three");
        world.library.set_durable_version(world.profile, 3).unwrap();
        assert!(world.library.queue_unindexed(world.profile).unwrap().is_empty(), "nothing is lacking");
        let table = world.library.new_generation(world.profile).unwrap();
        assert!(table.starts_with("chunks_p1_g2_"), "{table}");
        assert_eq!(world.library.index_state(world.profile).unwrap().durable_version, 0);
        assert!(world.library.done_batches_after(world.profile, 0).unwrap().is_empty());
        let queued = world.library.queue_unindexed(world.profile).unwrap();
        assert_eq!(queued.len(), 1);
        assert!(world.library.queue_unindexed(world.profile).unwrap().is_empty(), "queued only once");
        let batch = world.library.batch(queued[0]).unwrap();
        assert_eq!((batch.revisions.len(), batch.chunks.len()), (2, 3));
        assert_eq!(world.live_texts(), ["one", "three"]);
        assert_eq!(world.library.document(id).unwrap().state, DocumentState::Indexed);
        world.library.publish_batch(batch.id, 1, 9).unwrap();
        assert_eq!(world.library.done_batches_after(world.profile, 0).unwrap(), [(batch.id, 3, 1)]);
    }

    #[test]
    fn a_lost_index_is_queued_in_batches_of_bounded_size() {
        let world = fixture();
        let paragraphs = |count: usize| vec!["e"; count].join("\n\n");
        for (path, count) in [("a.md", 1500), ("b.md", 400), ("c.md", 200), ("d.md", 2500), ("e.md", 1)] {
            world.index(path, &paragraphs(count));
        }
        let batches = world.library.requeue_profile(world.profile).unwrap();
        let sizes: Vec<usize> = batches.iter().map(|batch| batch.chunks.len()).collect();
        assert_eq!(sizes, [1900, 200, 2500, 1]);
        assert_eq!(world.library.open_batches(world.profile).unwrap(), batches);
    }

    #[test]
    fn switching_profiles_keeps_one_active_and_frees_the_other() {
        let world = fixture();
        let replaced = world.index("a.md", "old text");
        let batch = world.stage(replaced, "new text");
        world.library.publish_batch(batch.id, 2, 5).unwrap();
        let pending = world.see("pending.md", 1).document();
        let open = world.stage(pending, "text to come");
        let (next, _) = world.library.ensure_profile(&profile("better")).unwrap();
        assert_eq!(world.library.profile(next).unwrap().state, ProfileState::Building);
        let queued = world.library.queue_unindexed(next).unwrap();
        assert_eq!(world.library.batch(queued[0]).unwrap().chunks.len(), 2);
        world.library.publish_batch(queued[0], 1, 6).unwrap();
        let later = world.see("later.md", 1).document();
        let open_later = world.stage(later, "text that came later");
        assert_eq!(world.library.active_profile().unwrap().unwrap().id, world.profile);

        world.library.set_active_profile(next).unwrap();
        world.library.set_active_profile(next).unwrap();
        assert_eq!(world.library.active_profile().unwrap().unwrap().id, next);
        assert_eq!(world.library.profile(world.profile).unwrap().state, ProfileState::Retired);
        assert!(world.library.open_batches(world.profile).unwrap().is_empty());
        assert!(world.library.pending_purges(world.profile, 9).unwrap().is_empty());
        assert_eq!(world.library.document(pending).unwrap().state, DocumentState::Indexed);
        assert_eq!(world.library.chunks_of(open.revisions[0].0).unwrap().len(), 1);
        assert_eq!(world.library.document(later).unwrap().standing(), crate::Standing::Words);
        assert_eq!(world.live_texts(), ["new text", "text that came later", "text to come"]);
        let queued = world.library.queue_unindexed(next).unwrap();
        let revisions = world.library.batch(queued[0]).unwrap().revisions;
        assert_eq!(revisions, open_later.revisions, "no file is read again for it");

        let (back, table) = world.library.ensure_profile(&profile("model")).unwrap();
        assert_eq!(back, world.profile);
        assert!(table.starts_with("chunks_p1_g2_"), "a stale table is never used again: {table}");
        assert_eq!(world.library.queue_unindexed(back).unwrap().len(), 1, "all in one batch");
        assert_eq!(world.library.set_active_profile(ProfileId(9)).unwrap_err().code(), "not_found");
    }

    #[test]
    fn a_revision_is_purged_from_every_table_before_its_text_goes() {
        let world = fixture();
        let id = world.index("a.md", "old text");
        let old = world.library.document(id).unwrap().live_revision.unwrap();
        let (next, _) = world.library.ensure_profile(&profile("better")).unwrap();
        let queued = world.library.queue_unindexed(next).unwrap();
        world.library.publish_batch(queued[0], 1, 6).unwrap();
        world.library.delete_document(id, 7).unwrap();
        for profile in [world.profile, next] {
            assert_eq!(world.library.chunks_of(old).unwrap().len(), 1);
            assert_eq!(world.library.pending_purges(profile, 9).unwrap(), [old]);
            world.library.finish_purges(profile, &[old]).unwrap();
        }
        assert!(world.library.chunks_of(old).unwrap().is_empty());
    }
}
