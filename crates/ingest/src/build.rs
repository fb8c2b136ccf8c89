//! Filling the index of another embedding model from the text that is stored, while the present one
//! goes on answering.

use crate::batch::{Settled, Told};
use crate::run::Progress;
use crate::{Ingest, IngestError, IngestProgress, Phase};
use docent_corpus::Cancel;
use docent_inference::{InferenceError, Priority};
use docent_vector_store::Maintenance;

impl Ingest {
    /// Embeds every live chunk that this profile's index lacks, until it lacks nothing; no file is
    /// read. An interrupted build goes on where it stopped. `progress` hears of chunks done, and of how
    /// many. When it returns, the index holds a row for every live chunk.
    ///
    /// # Errors
    /// As [`Ingest::run`]; also when the model gives a vector that cannot be compared, or the index does
    /// not hold in the end what was written.
    pub async fn build(&self, cancel: &Cancel, progress: Progress<'_>) -> Result<(), IngestError> {
        self.recover_first(cancel, progress).await?;
        let _alone = self.writing.lock().await;
        self.check_dimension()?;
        let profile = self.parts.profile;
        let mut state =
            IngestProgress { phase: Phase::Embedding, started_ms: self.now(), ..Default::default() };
        loop {
            self.purge_rows().await?;
            self.library("queueing what is not indexed", move |library| library.queue_unindexed(profile))
                .await?;
            let open = self.open_batches().await?;
            state.chunks_total =
                self.library("counting", |library| library.document_counts()).await?.chunks as u64;
            let lacking: u64 = {
                let mut chunks = 0;
                for id in &open {
                    chunks += self.size_of_batch(*id).await?.0 as u64;
                }
                chunks
            };
            state.chunks_done = state.chunks_total.saturating_sub(lacking);
            progress(state.clone());
            if open.is_empty() {
                break;
            }
            for id in open {
                cancel.check().map_err(|_| InferenceError::Cancelled)?;
                let mut told = |told| {
                    if let Told::Embedded(chunks) | Told::Kept(chunks) = told {
                        state.chunks_done += chunks as u64;
                        progress(state.clone());
                    }
                };
                if let Settled::Unusable(_) = self.resume(id, Priority::Bulk, cancel, &mut told).await? {
                    let reason = "the model gave no usable vector for a part of a document".to_owned();
                    return Err(IngestError::Incomplete { reason });
                }
            }
        }
        self.check_complete().await?;
        self.parts.store.maintain(Maintenance::IfDue).await?;
        Ok(())
    }

    /// Compares the rows that the index has with those that it must have.
    async fn check_complete(&self) -> Result<(), IngestError> {
        let profile = self.parts.profile;
        let batches = self
            .library("reading published batches", move |library| library.done_batches_after(profile, 0))
            .await?;
        let (wanted, there) =
            (batches.iter().map(|(_, rows, _)| rows).sum::<usize>(), self.parts.store.rows().await?);
        if wanted == there {
            Ok(())
        } else {
            Err(IngestError::Incomplete { reason: format!("the new index has {there} rows of {wanted}") })
        }
    }
}
