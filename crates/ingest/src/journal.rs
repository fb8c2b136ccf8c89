//! Batches that were begun and not finished, and rows that are to go: what makes a crash harmless.

use crate::batch::{SLICE, Settled, Told, UNKNOWN_VERSION};
use crate::fault::Step;
use crate::{Ingest, IngestError};
use docent_corpus::{BatchId, Cancel, RevisionId};
use docent_inference::Priority;
use docent_library::OpenBatch;

/// Revisions purged in one go: one statement for the index, one transaction for the library.
const PURGED_AT_ONCE: usize = 500;
/// How often the state of a batch is looked at while documents of it are being deleted.
const LOOKS: usize = 3;

impl Ingest {
    /// Removes the rows of replaced and deleted revisions from the index (step 6 of the journal).
    /// Gives how many revisions. Doing it twice changes nothing.
    ///
    /// # Errors
    /// When the index or the library cannot be written. What is left is done the next time.
    pub async fn purge(&self) -> Result<usize, IngestError> {
        self.recover_first(&Cancel::new(), &|_| {}).await?;
        let _alone = self.writing.lock().await;
        self.purge_rows().await
    }

    /// As [`Ingest::purge`], by the holder of the lock.
    pub(crate) async fn purge_rows(&self) -> Result<usize, IngestError> {
        let (profile, under_way) = (self.parts.profile, self.batches_under_way());
        self.library("releasing deleted documents", move |library| {
            library.release_unwanted(profile, &under_way)
        })
        .await?;
        let mut purged = 0;
        loop {
            let due = self.due_purges(PURGED_AT_ONCE).await?;
            if due.is_empty() {
                return Ok(purged);
            }
            {
                let _rows = self.rows.lock().await;
                self.parts.store.delete_revisions(&due).await?;
            }
            self.hook.after(Step::RowsRemoved);
            purged += due.len();
            let profile = self.parts.profile;
            self.library("finishing a purge", move |library| library.finish_purges(profile, &due)).await?;
            self.hook.after(Step::Purged);
        }
    }

    /// Up to `limit` revisions whose rows are to go.
    pub(crate) async fn due_purges(&self, limit: usize) -> Result<Vec<RevisionId>, IngestError> {
        let profile = self.parts.profile;
        self.library("looking for purges", move |library| library.pending_purges(profile, limit)).await
    }

    /// Revisions whose rows stay until an open batch has taken its vectors from them, although no document
    /// has them any more.
    pub(crate) async fn withheld_purges(&self) -> Result<Vec<RevisionId>, IngestError> {
        let profile = self.parts.profile;
        self.library("looking for purges", move |library| library.withheld_purges(profile)).await
    }

    /// The batches that were stored and neither published nor given up.
    pub(crate) async fn open_batches(&self) -> Result<Vec<BatchId>, IngestError> {
        let profile = self.parts.profile;
        self.library("looking for open batches", move |library| library.open_batch_ids(profile)).await
    }

    pub(crate) async fn load_batch(&self, id: BatchId) -> Result<OpenBatch, IngestError> {
        self.library("reading a batch", move |library| library.batch(id)).await
    }

    /// How many chunks and documents are wanted of a batch.
    pub(crate) async fn size_of_batch(&self, id: BatchId) -> Result<(usize, usize), IngestError> {
        self.library("reading a batch", move |library| library.size_of_batch(id)).await
    }

    /// Finishes a batch that is stored: publishes it if all its rows are there, goes on
    /// where it stopped if they are the first of its slices, does it again otherwise.
    pub(crate) async fn resume(
        &self,
        id: BatchId,
        priority: Priority,
        cancel: &Cancel,
        tell: &mut (dyn FnMut(Told) + Send),
    ) -> Result<Settled, IngestError> {
        // Before this one counts as under way: what was deleted of it leaves it.
        self.purge_rows().await?;
        let _under_way = self.under_way(id);
        let (batch, there) = self.look(id).await?;
        let all = batch.chunks.len();
        match there {
            Some(there) if there == all => {
                tell(Told::Kept(all));
                self.publish(id, UNKNOWN_VERSION).await?;
                Ok(Settled::Published)
            }
            Some(there) if there < all && there % SLICE == 0 => {
                tell(Told::Kept(there));
                self.complete(batch, there, priority, cancel, tell).await
            }
            _ => {
                {
                    let _rows = self.rows.lock().await;
                    self.parts.store.delete_batch(id).await?;
                }
                self.complete(batch, 0, priority, cancel, tell).await
            }
        }
    }

    /// A batch and how many of its rows are in the index: exactly its first ones, because they are
    /// appended in order and rows of a deleted document go together with its chunks. `None` if the two
    /// cannot be compared: documents are being deleted too fast, or rows of one that has left the batch
    /// stay for now.
    async fn look(&self, id: BatchId) -> Result<(OpenBatch, Option<usize>), IngestError> {
        let mut batch = self.load_batch(id).await?;
        for _ in 0..LOOKS {
            let there = self.parts.store.count_batch(id).await?;
            // A document deleted in between has left the batch, but not yet the index.
            if self.due_purges(1).await?.is_empty() {
                let is_certain = there == 0 || self.withheld_purges().await?.is_empty();
                return Ok((batch, is_certain.then_some(there)));
            }
            self.purge_rows().await?;
            batch = self.load_batch(id).await?;
        }
        Ok((batch, None))
    }
}
