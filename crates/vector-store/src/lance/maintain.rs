//! Maintenance. Nothing in LanceDB joins files, brings indexes up to date or deletes old versions by
//! itself: a thousand small writes leave three thousand files and searches ten times slower.
//!
//! Every step runs in a task of its own and stands alone: one that fails, or panics, is reported and
//! the next goes on. Deleting old versions above all must not depend on the others, or a step that
//! fails each time fills the disk (EverMind-AI/EverOS#315).

use super::index::{self, EXACT_BELOW, NEAREST, SCALARS, WORDS};
use super::{Shared, Writer, disk, sample};
use crate::{BoxError, Maintenance, MaintenanceReport, MaintenanceStep, StepFailure, StoreError, StoreStep};
use lancedb::Table;
use lancedb::table::{CompactionOptions, Duration, OptimizeAction};
use std::collections::HashMap;
use std::path::Path;
use tokio::sync::OwnedMutexGuard;

/// Versions on disk from which it is due; also the engine's own rule of thumb.
const MANY_VERSIONS: usize = 20;
/// Small data files from which it is due.
const MANY_SMALL_FILES: usize = 8;
/// Rows outside an index from which it is due; each costs a search by words 13 to 18 µs.
const MANY_UNINDEXED: usize = 5_000;
/// Deleted rows that still take room, in hundredths of the living ones, from which it is due.
const MANY_DELETED_PERCENT: usize = 10;
/// Rows per data file after joining; a bound, because one ever-growing file is read whole each time
/// it is joined again (ggozad/haiku.rag#554).
const ROWS_PER_FILE: usize = 262_144;
/// Rows joined in one run, so that memory stays bounded.
const MOST_ROWS_JOINED: usize = 1_000_000;
/// Joining needs room for old and new files at once: this many times the table.
const ROOM: u64 = 2;
/// How long to wait for searches that still read old versions; if longer, they are kept until next time.
pub(super) const READER_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
/// Two versions that passed all checks are kept, so that there is one to go back to.
const TAGS: [&str; 2] = ["good_a", "good_b"];

/// The table's shape, as far as it decides what to do.
pub(super) struct State {
    pub(super) rows: usize,
    pub(super) fragments: usize,
    small: usize,
    deleted: usize,
    versions: usize,
    bytes: u64,
    pub(super) coverage: index::Coverage,
}

impl State {
    pub(super) async fn of(shared: &Shared) -> Result<Self, StoreError> {
        let failed = |error| StoreError::engine(StoreStep::Maintain, error);
        let stats = shared.table.stats().await.map_err(failed)?;
        let folder = shared.folder.clone();
        let (versions, bytes) =
            tokio::task::spawn_blocking(move || (count_versions(&folder), disk::bytes_below(&folder)))
                .await
                .map_err(|panic| StoreError::engine(StoreStep::Maintain, panic))?;
        Ok(Self {
            rows: stats.num_rows,
            fragments: stats.fragment_stats.num_fragments,
            small: stats.fragment_stats.num_small_fragments,
            deleted: stats.num_deleted_rows.unwrap_or(0),
            versions,
            bytes,
            coverage: index::coverage(&shared.table).await.map_err(failed)?,
        })
    }

    fn is_due(&self) -> bool {
        self.versions >= MANY_VERSIONS
            || self.wants_joining()
            || self.coverage.unindexed > MANY_UNINDEXED
            || !self.coverage.missing.is_empty()
            || self.wants_vector_index()
    }

    fn wants_joining(&self) -> bool {
        self.small >= MANY_SMALL_FILES || self.deleted * 100 > self.rows * MANY_DELETED_PERCENT
    }

    /// Whether old and new files fit on the disk beside each other; if not, why.
    pub(super) fn has_room(&self, shared: &Shared) -> Result<(), String> {
        let needed = self.bytes.saturating_mul(ROOM);
        match disk::free_bytes(&shared.folder) {
            Some(free) if free < needed => Err(format!("{free} bytes are free, {needed} are needed")),
            _ => Ok(()),
        }
    }

    /// Whether the vector index is to be made from all rows: there is none yet, or it was made from
    /// half of them and no longer fits.
    fn wants_vector_index(&self) -> bool {
        self.rows >= EXACT_BELOW && self.coverage.vector_trained.is_none_or(|rows| self.rows >= 2 * rows)
    }
}

fn count_versions(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder.join("_versions")) else { return 0 };
    entries.flatten().filter(|entry| entry.path().extension().is_some_and(|it| it == "manifest")).count()
}

/// Does what is due, or everything, and reports. Called by the one writer, who keeps others out.
pub(super) async fn maintain(
    shared: &Shared,
    writer: &mut OwnedMutexGuard<Writer>,
    level: Maintenance,
) -> Result<MaintenanceReport, StoreError> {
    let state = State::of(shared).await?;
    let mut run = Run { table: shared.table.clone(), report: MaintenanceReport::default() };
    if level != Maintenance::IfDue || state.is_due() {
        match level {
            Maintenance::Erase => run.erase(shared, &state).await,
            _ => run.all(shared, &state, level, !writer.swept).await,
        }
        writer.swept |= run.report.done.contains(&MaintenanceStep::Prune);
        writer.consecutive_failures =
            if run.report.failures.is_empty() { 0 } else { writer.consecutive_failures.saturating_add(1) };
        for failure in &run.report.failures {
            tracing::error!(step = ?failure.step, reason = failure.reason, "maintenance of the index failed");
        }
    }
    let state = State::of(shared).await?;
    Ok(MaintenanceReport {
        consecutive_failures: writer.consecutive_failures,
        rows: state.rows,
        fragments: state.fragments,
        unindexed_rows: state.coverage.unindexed,
        bytes: state.bytes,
        version: shared.version().await?,
        ..run.report
    })
}

pub(super) struct Run {
    pub(super) table: Table,
    pub(super) report: MaintenanceReport,
}

impl Run {
    async fn all(&mut self, shared: &Shared, state: &State, level: Maintenance, sweep: bool) {
        if let Err(reason) = state.has_room(shared) {
            self.failed(MaintenanceStep::Compact, reason);
        } else {
            let joined = level == Maintenance::Now || state.wants_joining();
            if joined && state.fragments > 0 {
                self.step(MaintenanceStep::Compact, compact(self.table.clone(), false)).await;
            }
            self.indexes(shared.dimension, state).await;
            self.step(MaintenanceStep::Check, check(self.table.clone())).await;
        }
        if self.report.is_sound() {
            self.step(MaintenanceStep::Tag, tag(self.table.clone())).await;
        }
        if shared.readers.drained(READER_PATIENCE).await {
            self.step(MaintenanceStep::Prune, prune(self.table.clone(), sweep)).await;
        }
    }

    async fn indexes(&mut self, dimension: usize, state: &State) {
        self.scalar_indexes(dimension, state).await;
        if state.wants_vector_index() {
            self.index(MaintenanceStep::VectorIndex, NEAREST, dimension, false).await;
        } else if state.coverage.vector_trained.is_some() {
            self.index(MaintenanceStep::VectorIndex, NEAREST, dimension, true).await;
        }
        let made = !state.coverage.missing.contains(&WORDS.name);
        self.index(MaintenanceStep::TextIndex, WORDS, dimension, made).await;
    }

    pub(super) async fn scalar_indexes(&mut self, dimension: usize, state: &State) {
        for scalar in SCALARS {
            let made = !state.coverage.missing.contains(&scalar.name);
            self.index(MaintenanceStep::ScalarIndexes, scalar, dimension, made).await;
        }
    }

    /// Takes new rows into an index, or makes it from all rows if it is not there or that fails:
    /// merging parts is where the engine has failed most (lance-format/lance#8310).
    pub(super) async fn index(
        &mut self,
        step: MaintenanceStep,
        it: index::Indexed,
        dimension: usize,
        made: bool,
    ) {
        if made {
            let table = self.table.clone();
            match attempt(async move { Ok(it.fold(&table).await?) }).await {
                Ok(()) => return self.did(step),
                Err(reason) => {
                    tracing::warn!(index = it.name, reason, "an index is made again from all rows");
                }
            }
        }
        let table = self.table.clone();
        self.step(step, async move { Ok(it.make(&table, dimension).await?) }).await;
    }

    pub(super) async fn step(
        &mut self,
        step: MaintenanceStep,
        work: impl Future<Output = Result<(), BoxError>> + Send + 'static,
    ) {
        match attempt(work).await {
            Ok(()) => self.did(step),
            Err(reason) => self.failed(step, reason),
        }
    }

    fn did(&mut self, step: MaintenanceStep) {
        if self.report.done.last() != Some(&step) {
            self.report.done.push(step);
        }
    }

    pub(super) fn failed(&mut self, step: MaintenanceStep, reason: String) {
        self.report.failures.push(StepFailure { step, reason });
    }
}

/// Runs work in a task of its own, so that a panic is an error like others.
async fn attempt(work: impl Future<Output = Result<(), BoxError>> + Send + 'static) -> Result<(), String> {
    match tokio::spawn(work).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(panic) => Err(panic.to_string()),
    }
}

/// Joins small files. With `erasing` also every file is written anew that holds a deleted row.
pub(super) async fn compact(table: Table, erasing: bool) -> Result<(), BoxError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut options = CompactionOptions {
        target_rows_per_fragment: ROWS_PER_FILE,
        max_source_rows: Some(MOST_ROWS_JOINED),
        num_threads: Some((cores / 2).max(1)),
        ..CompactionOptions::default()
    };
    if erasing {
        options.materialize_deletions_threshold = 0.0;
        options.max_source_rows = None;
    }
    table.optimize(OptimizeAction::Compact { options, remap_options: None }).await?;
    Ok(())
}

pub(super) async fn check(table: Table) -> Result<(), BoxError> {
    let coverage = index::coverage(&table).await?;
    if !coverage.missing.is_empty() {
        return Err(format!("indexes are missing: {}", coverage.missing.join(", ")).into());
    }
    if coverage.unindexed > 0 {
        return Err(format!("{} rows are not in an index", coverage.unindexed).into());
    }
    sample::check(&table).await
}

/// Moves both tags to the present version: no other is kept.
pub(super) async fn tag_all(table: Table) -> Result<(), BoxError> {
    let version = table.version().await?;
    let present = tagged(&table).await?;
    for name in TAGS {
        set_tag(&table, name, version, present.contains_key(name)).await?;
    }
    Ok(())
}

/// Moves the older of the two tags to the present version.
async fn tag(table: Table) -> Result<(), BoxError> {
    let version = table.version().await?;
    let present = tagged(&table).await?;
    if TAGS.iter().any(|name| present.get(*name) == Some(&version)) {
        return Ok(());
    }
    let Some(older) = TAGS.into_iter().min_by_key(|name| present.get(*name).copied()) else { return Ok(()) };
    set_tag(&table, older, version, present.contains_key(older)).await
}

/// The tags there are, with their versions.
async fn tagged(table: &Table) -> Result<HashMap<String, u64>, BoxError> {
    let tags = table.tags().await?.list().await?;
    Ok(tags.into_iter().map(|(name, tag)| (name, tag.version)).collect())
}

async fn set_tag(table: &Table, name: &str, version: u64, is_present: bool) -> Result<(), BoxError> {
    let mut tags = table.tags().await?;
    if is_present {
        tags.update(name, version).await?
    } else {
        tags.create(name, version).await?
    }
    Ok(())
}

/// Deletes all versions but the present one and the tagged ones, with the files only they need. With
/// `sweep` also files that no version names: what a killed process has left. That is safe only
/// because there is no other writer.
pub(super) async fn prune(table: Table, sweep: bool) -> Result<(), BoxError> {
    // A short time above zero would leave files of indexes for seven days (lance-format/lance#8321).
    let action = OptimizeAction::Prune {
        older_than: Some(Duration::zero()),
        delete_unverified: sweep.then_some(true),
        error_if_tagged_old_versions: Some(false),
    };
    table.optimize(action).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            rows: 1_000,
            fragments: 3,
            small: 3,
            deleted: 0,
            versions: 4,
            bytes: 1,
            coverage: index::Coverage::default(),
        }
    }

    #[test]
    fn each_trigger_makes_it_due() {
        assert!(!state().is_due());
        assert!(State { versions: 20, ..state() }.is_due());
        assert!(State { small: 8, ..state() }.is_due());
        assert!(State { deleted: 101, ..state() }.is_due());
        assert!(!State { deleted: 100, ..state() }.is_due());
        let coverage = index::Coverage { unindexed: 5_001, ..index::Coverage::default() };
        assert!(State { coverage, ..state() }.is_due());
        let coverage = index::Coverage { missing: vec!["text_idx"], ..index::Coverage::default() };
        assert!(State { coverage, ..state() }.is_due());
    }

    #[test]
    fn the_vector_index_is_made_at_size_and_again_when_rows_have_doubled() {
        let trained = |rows, vector_trained| {
            let coverage = index::Coverage { vector_trained, ..index::Coverage::default() };
            State { rows, coverage, ..state() }.wants_vector_index()
        };
        assert!(!trained(49_999, None));
        assert!(trained(50_000, None));
        assert!(!trained(99_999, Some(50_000)));
        assert!(trained(100_000, Some(50_000)));
    }

    #[tokio::test]
    async fn a_panic_is_a_failure_like_others() {
        let reason = attempt(async { panic!("inside the engine") }).await.unwrap_err();
        assert!(reason.contains("panic"), "{reason}");
        assert_eq!(attempt(async { Err("no".into()) }).await.unwrap_err(), "no");
    }
}
