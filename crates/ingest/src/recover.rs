//! At start: what a crash or a damaged index left behind.

use crate::batch::UNKNOWN_VERSION;
use crate::read::{kinds_identity, reading_identity};
use crate::run::Progress;
use crate::{Ingest, IngestError, IngestProgress, Phase, Recovery, StoreState};
use docent_corpus::{BatchId, Cancel, RevisionId};
use docent_inference::InferenceError;
use docent_library::Library;
use std::collections::{HashMap, HashSet};

/// Who hears how far comparing is, and may stop it.
struct Watched<'w> {
    cancel: &'w Cancel,
    tell: Progress<'w>,
    started_ms: i64,
}

impl Watched<'_> {
    /// Before the next step: `done` batches of `total` are through, where that is how it goes on.
    fn step(&self, done: usize, total: usize) -> Result<(), IngestError> {
        self.cancel.check().map_err(|_| InferenceError::Cancelled)?;
        (self.tell)(IngestProgress {
            phase: Phase::Comparing,
            done: done as u64,
            total: total as u64,
            started_ms: self.started_ms,
            ..IngestProgress::default()
        });
        Ok(())
    }
}

impl Ingest {
    /// Brings library and index together: run once at start, before the first run. Needs no model
    /// weights and embeds nothing; what has to be embedded is left open for the next
    /// [`Ingest::run`]. Text stays readable and searchable meanwhile, in the library.
    ///
    /// If neither has changed since they were last found to agree, they are not compared again.
    ///
    /// - A batch whose rows are all there is published.
    /// - A published batch whose rows are not all there any more is opened again.
    /// - An index that lost everything gets all live revisions queued.
    /// - Rows that nothing needs are removed.
    /// - Documents read by other versions of extractor or chunker are queued.
    ///
    /// # Errors
    /// When the library or the index fails, or the index is of another model.
    pub async fn recover(&self, state: StoreState) -> Result<Recovery, IngestError> {
        let cancel = Cancel::new();
        self.compare(state, &Watched { cancel: &cancel, tell: &|_| {}, started_ms: self.now() }).await
    }

    /// As [`Ingest::recover`], told and stopped by `watched`. What was done until then is done again the
    /// next time, which changes nothing.
    async fn compare(&self, state: StoreState, watched: &Watched<'_>) -> Result<Recovery, IngestError> {
        let _alone = self.writing.lock().await;
        self.check_dimension()?;
        let mut recovery = Recovery::default();
        // Before anything is changed. What the library wants removed is not compared either way.
        if !state.replaced && self.agrees().await? {
            recovery.purged = self.purge_rows().await?;
            return Ok(recovery);
        }
        watched.step(0, 0)?;
        if state.replaced {
            let profile = self.parts.profile;
            let queued =
                self.library("queueing everything", move |library| library.queue_profile(profile)).await?;
            recovery.reopened = queued.len();
        }
        recovery.purged = self.purge_rows().await?;
        let mut known_rows = self.publish_complete(state, &mut recovery, watched).await?;
        known_rows += self.published_rows().await?;
        watched.step(0, 0)?;
        let counts: HashMap<RevisionId, usize> =
            self.parts.store.revision_counts().await?.into_iter().collect();
        // The sum alone is not enough: a library that lost its last writes may lack as many rows as it
        // does not know.
        if counts.values().sum::<usize>() != known_rows || self.has_strange_rows(&counts).await? {
            tracing::warn!(known_rows, version = state.version, "the index does not hold what was written");
            self.reopen_lost(&mut recovery, watched).await?;
            recovery.purged += self.remove_orphans(&counts).await?;
        }
        recovery.outdated = self.queue_outdated().await?;
        Ok(recovery)
    }

    /// Leaves [`Ingest::recover`] to whoever works on the index first, and with it what the index lacks:
    /// a start need not wait for either. A search is right meanwhile, because a row counts only while
    /// the library says so.
    pub fn recovering_first(mut self, state: StoreState) -> Self {
        self.pending = tokio::sync::Mutex::new(Some(state));
        self
    }

    /// Does what [`Ingest::recovering_first`] has left, and says through `tell` how far it is, as
    /// [`Phase::Comparing`]. Once `cancel` is tripped it is left to the next one who works on the index,
    /// and the error is that of the request to stop. Not to be called by who holds a lock.
    pub(crate) async fn recover_first(&self, cancel: &Cancel, tell: Progress<'_>) -> Result<(), IngestError> {
        let mut pending = self.pending.lock().await;
        let Some(state) = *pending else { return Ok(()) };
        let agreed = !state.replaced && self.agrees().await?;
        self.compare(state, &Watched { cancel, tell, started_ms: self.now() }).await?;
        if !agreed {
            let profile = self.parts.profile;
            self.library("queueing what is not indexed", move |library| library.queue_unindexed(profile))
                .await?;
            let _alone = self.writing.lock().await;
            self.settle_agreement().await?;
        }
        *pending = None;
        Ok(())
    }

    /// Whether [`Ingest::recovering_first`] has left nothing and nobody is about it.
    pub(crate) fn has_recovered(&self) -> bool {
        self.pending.try_lock().is_ok_and(|pending| pending.is_none())
    }

    /// Publishes the open batches that only lacked that. Gives the rows that the others have.
    async fn publish_complete(
        &self,
        state: StoreState,
        recovery: &mut Recovery,
        watched: &Watched<'_>,
    ) -> Result<usize, IngestError> {
        let mut rows = 0;
        // Of a document that has left its batch rows may still be there: then their number says nothing.
        let withheld = !self.withheld_purges().await?.is_empty();
        let open = self.open_batches().await?;
        for (at, id) in open.iter().copied().enumerate() {
            watched.step(at, open.len())?;
            let there = self.parts.store.count_batch(id).await?;
            let is_certain = there == 0 || !withheld;
            if is_certain && self.size_of_batch(id).await?.0 == there {
                self.publish(id, state.version.max(UNKNOWN_VERSION)).await?;
                recovery.published += 1;
            } else {
                recovery.open += 1;
                rows += there;
            }
        }
        Ok(rows)
    }

    async fn published(&self) -> Result<Vec<(BatchId, usize)>, IngestError> {
        let profile = self.parts.profile;
        let batches = self
            .library("reading published batches", move |library| library.done_batches_after(profile, 0))
            .await?;
        Ok(batches.into_iter().map(|(id, rows, _)| (id, rows)).collect())
    }

    pub(crate) async fn published_rows(&self) -> Result<usize, IngestError> {
        Ok(self.published().await?.into_iter().map(|(_, rows)| rows).sum())
    }

    /// Opens the published batches again that have not all their rows, or some twice.
    async fn reopen_lost(&self, recovery: &mut Recovery, watched: &Watched<'_>) -> Result<(), IngestError> {
        let published = self.published().await?;
        for (at, (id, rows)) in published.iter().copied().enumerate() {
            watched.step(at, published.len())?;
            if self.parts.store.count_batch(id).await? == rows {
                continue;
            }
            self.library("reopening a batch", move |library| library.reopen_batch(id)).await?;
            recovery.reopened += 1;
            recovery.open += 1;
        }
        Ok(())
    }

    /// Revisions of open batches: their rows may be there, in part, or not yet. And those from whose rows
    /// such a batch takes its vectors.
    async fn awaited(&self) -> Result<HashSet<RevisionId>, IngestError> {
        let profile = self.parts.profile;
        let open =
            self.library("reading open batches", move |library| library.open_revisions(profile)).await?;
        Ok(open.into_iter().chain(self.withheld_purges().await?).collect())
    }

    /// Whether a revision has rows that it must not have, or not all of them.
    async fn has_strange_rows(&self, counts: &HashMap<RevisionId, usize>) -> Result<bool, IngestError> {
        let awaited = self.awaited().await?;
        let live = self.library("reading revisions", Library::live_revisions).await?;
        let is_strange = |(revision, rows): (&RevisionId, &usize)| {
            !awaited.contains(revision) && live.get(revision) != Some(rows)
        };
        Ok(counts.iter().any(is_strange))
    }

    /// Removes rows of revisions that are neither live nor in an open batch.
    async fn remove_orphans(&self, counts: &HashMap<RevisionId, usize>) -> Result<usize, IngestError> {
        let awaited = self.awaited().await?;
        let live = self.library("reading revisions", Library::live_revisions).await?;
        let is_orphan = |revision: &RevisionId| !awaited.contains(revision) && !live.contains_key(revision);
        let orphans: Vec<RevisionId> = counts.keys().copied().filter(is_orphan).collect();
        if !orphans.is_empty() {
            self.parts.store.delete_revisions(&orphans).await?;
        }
        Ok(orphans.len())
    }

    pub(crate) async fn queue_outdated(&self) -> Result<usize, IngestError> {
        let size = self.chunk_size()?;
        let version = self.parts.extract.version();
        let (extractor, kinds, now) = (reading_identity(version, &size), kinds_identity(version), self.now());
        self.library("queueing outdated documents", move |library| {
            library.queue_outdated(&extractor, &size.identity(), &kinds, now)
        })
        .await
    }
}
