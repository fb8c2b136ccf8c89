//! At start: what a crash or a damaged index left behind.

use crate::batch::UNKNOWN_VERSION;
use crate::read::reading_identity;
use crate::{Ingest, IngestError, Recovery, StoreState};
use docent_corpus::{BatchId, RevisionId};
use std::collections::HashSet;

impl Ingest {
    /// Brings library and index together: run once at start, before the first run. Needs no model
    /// weights and embeds nothing; what has to be embedded is left open for the next
    /// [`Ingest::run`]. Text stays readable and searchable meanwhile, in the library.
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
        let _alone = self.writing.lock().await;
        self.check_dimension()?;
        let mut recovery = Recovery::default();
        if state.replaced {
            let profile = self.parts.profile;
            let queued =
                self.library("queueing everything", move |library| library.queue_profile(profile)).await?;
            recovery.reopened = queued.len();
        }
        recovery.purged = self.purge_rows().await?;
        let mut known_rows = self.publish_complete(state, &mut recovery).await?;
        known_rows += self.published_rows().await?;
        if self.parts.store.rows().await? != known_rows {
            tracing::warn!(known_rows, version = state.version, "the index does not hold what was written");
            self.reopen_lost(&mut recovery).await?;
            recovery.purged += self.remove_orphans().await?;
        }
        recovery.outdated = self.queue_outdated().await?;
        Ok(recovery)
    }

    /// Publishes the open batches that only lacked that. Gives the rows that the others have.
    async fn publish_complete(
        &self,
        state: StoreState,
        recovery: &mut Recovery,
    ) -> Result<usize, IngestError> {
        let mut rows = 0;
        for id in self.open_batches().await? {
            let there = self.parts.store.count_batch(id).await?;
            if self.load_batch(id).await?.chunks.len() == there {
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

    async fn published_rows(&self) -> Result<usize, IngestError> {
        Ok(self.published().await?.into_iter().map(|(_, rows)| rows).sum())
    }

    /// Opens the published batches again that have not all their rows, or some twice.
    async fn reopen_lost(&self, recovery: &mut Recovery) -> Result<(), IngestError> {
        for (id, rows) in self.published().await? {
            if self.parts.store.count_batch(id).await? == rows {
                continue;
            }
            self.library("reopening a batch", move |library| library.reopen_batch(id)).await?;
            recovery.reopened += 1;
            recovery.open += 1;
        }
        Ok(())
    }

    /// Removes rows of revisions that are neither live nor in an open batch.
    async fn remove_orphans(&self) -> Result<usize, IngestError> {
        let mut wanted: HashSet<RevisionId> = HashSet::new();
        for id in self.open_batches().await? {
            wanted.extend(self.load_batch(id).await?.revisions.into_iter().map(|(revision, _)| revision));
        }
        let counts = self.parts.store.revision_counts().await?;
        let doubtful: Vec<RevisionId> = counts
            .into_iter()
            .map(|(revision, _)| revision)
            .filter(|revision| !wanted.contains(revision))
            .collect();
        let orphans = self
            .library("looking for orphans", move |library| {
                let mut orphans = Vec::new();
                for revision in doubtful {
                    if !library.is_live(revision)? {
                        orphans.push(revision);
                    }
                }
                Ok(orphans)
            })
            .await?;
        if !orphans.is_empty() {
            self.parts.store.delete_revisions(&orphans).await?;
        }
        Ok(orphans.len())
    }

    async fn queue_outdated(&self) -> Result<usize, IngestError> {
        let size = self.chunk_size()?;
        let (extractor, now) = (reading_identity(self.parts.extract.version(), &size), self.now());
        self.library("queueing outdated documents", move |library| {
            library.queue_outdated(&extractor, &size.identity(), now)
        })
        .await
    }
}
