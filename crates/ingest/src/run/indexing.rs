//! Batches of a run: storing what was read, and finishing what was stored.

use super::{PURGE_TIME, PURGES_IN_A_RUN, Progress, Run, Stored, cancelled};
use crate::batch::{Settled, Told};
use crate::fault::Step;
use crate::{IngestError, IngestProgress, Phase};
use docent_corpus::BatchId;
use docent_library::{Document, Library, LibraryError, NewRevision};
use docent_vector_store::Maintenance;
use tokio::time::Instant;

/// Why a document fails whose vectors mean nothing.
const UNUSABLE: &str = "vector_unusable";
const UNUSABLE_DETAIL: &str = "the embedding model gave no usable vector for a part of it";

impl Run<'_> {
    /// Takes over what an earlier run began.
    pub(super) async fn find_open_batches(&mut self) -> Result<(), IngestError> {
        let open = {
            // What a small change at this moment stores is no earlier run's.
            let _alone = self.ingest.brief.lock().await;
            self.ingest.open_batches().await?
        };
        for id in open {
            let (chunks, documents) = self.ingest.size_of_batch(id).await?;
            self.progress.chunks_total += chunks as u64;
            self.progress.total += documents as u64;
            self.progress.read += documents as u64;
            self.report.resumed += 1;
            self.stored.push_back(Stored { id, documents, chunks, earlier: true });
        }
        Ok(())
    }

    /// Stores what was read so far: from now on it is found by words.
    pub(super) async fn store(&mut self) -> Result<(), IngestError> {
        self.batch_begun = None;
        if self.batch.is_empty() {
            return Ok(());
        }
        let chunks = self.batch.iter().map(|(_, reading)| reading.chunks.len()).sum();
        let (documents, id, stored) = self.store_batch().await?;
        // Of the others a later state is live or stored already.
        self.progress.done += (documents.len() - stored) as u64;
        self.stored.push_back(Stored { id, documents: stored, chunks, earlier: false });
        self.ingest.hook.after(Step::Stored);
        for document in &documents {
            self.progress.bytes_done += document.size;
        }
        self.progress.read += documents.len() as u64;
        self.tell();
        Ok(())
    }

    /// Embeds a stored batch, writes and publishes it.
    pub(super) async fn index_batch(&mut self, batch: Stored) -> Result<(), IngestError> {
        let id = batch.id;
        self.cancel.check().map_err(|_| cancelled())?;
        let _under_way = self.ingest.under_way(id);
        self.progress.phase = Phase::Embedding;
        self.tell();
        let (chunks, documents) = self.ingest.size_of_batch(id).await?;
        // What was deleted or read again since it was stored needs no vectors.
        self.progress.done += batch.documents.saturating_sub(documents) as u64;
        let unwanted = batch.chunks.saturating_sub(chunks) as u64;
        self.progress.chunks_total = self.progress.chunks_total.saturating_sub(unwanted);
        let settled = {
            let (progress, tell) = (&mut self.progress, self.tell);
            let mut told = |told| note(progress, tell, told);
            if batch.earlier {
                self.ingest.resume(id, self.priority, self.cancel, &mut told).await?
            } else {
                let batch = self.ingest.load_batch(id).await?;
                self.ingest.complete(batch, 0, self.priority, self.cancel, &mut told).await?
            }
        };
        self.settle(id, settled, chunks, documents).await?;
        self.staged.retain(|_, batch| *batch != id);
        self.tell();
        let due = self.ingest.due_purges(PURGES_IN_A_RUN).await?.len();
        if due >= PURGES_IN_A_RUN || self.purged.elapsed() >= PURGE_TIME {
            self.purged = Instant::now();
            self.report.purged += self.ingest.purge_rows().await?;
        }
        Ok(())
    }

    /// Step 1 of the journal. Documents that were deleted since they were read are left out.
    async fn store_batch(&mut self) -> Result<(Vec<Document>, BatchId, usize), IngestError> {
        let batch = std::mem::take(&mut self.batch);
        let edited = batch.iter().filter(|(document, _)| document.live_revision.is_some());
        let edited: Vec<String> = edited.map(|(_, reading)| reading.hash.clone()).collect();
        let (profile, now) = (self.ingest.parts.profile, self.ingest.now());
        let (extractor, chunker) = (self.reader.identity(), self.reader.size.identity());
        let stored = self
            .ingest
            .library("storing a batch", move |library| {
                let mut batch = batch;
                loop {
                    let revisions: Vec<NewRevision<'_>> = batch
                        .iter()
                        .map(|(document, reading)| NewRevision {
                            document: document.id,
                            change: Some(document.change),
                            content_hash: &reading.hash,
                            extractor: &extractor,
                            chunker: &chunker,
                            text: &reading.text,
                            chunks: &reading.chunks,
                        })
                        .collect();
                    match library.store_batch(profile, &revisions, now) {
                        Ok((id, stored)) => {
                            let documents = batch.into_iter().map(|(document, _)| document).collect();
                            return Ok((documents, id, stored));
                        }
                        Err(error @ LibraryError::NotFound { .. }) => {
                            let before = batch.len();
                            batch.retain(|(document, _)| library.document(document.id).is_ok());
                            if batch.len() == before {
                                return Err(error);
                            }
                        }
                        Err(error) => return Err(error),
                    }
                }
            })
            .await?;
        self.staged.extend(edited.into_iter().map(|hash| (hash, stored.1)));
        Ok(stored)
    }

    /// Counts a batch that is through, or fails the documents that cannot be indexed and lets the
    /// others of it wait, among them those that have been edited since.
    async fn settle(
        &mut self,
        id: BatchId,
        settled: Settled,
        chunks: usize,
        documents: usize,
    ) -> Result<(), IngestError> {
        let bad = match settled {
            Settled::Published => {
                self.report.indexed += documents;
                self.report.chunks += chunks;
                self.progress.done += documents as u64;
                return Ok(());
            }
            Settled::Unusable(bad) => bad,
        };
        {
            let _rows = self.ingest.rows.lock().await;
            self.ingest.parts.store.delete_batch(id).await?;
        }
        let (now, by) = (self.ingest.now(), self.reader.identity());
        // In one step: what was edited and indexed meanwhile must not be taken for what failed.
        let failed = self
            .ingest
            .library("giving up a batch", move |library| {
                library.abort_failed_batch(id, &bad, UNUSABLE, Some(UNUSABLE_DETAIL), &by, now)
            })
            .await?;
        for document in failed {
            tracing::info!(%document, code = UNUSABLE, "a document could not be indexed");
            self.report.failed += 1;
            self.progress.failed += 1;
            self.progress.done += 1;
        }
        Ok(())
    }

    /// Looks after the index, and leaves nothing in its files of what was forgotten. That it failed is
    /// reported, not an error: what was indexed can be found.
    pub(super) async fn maintain(&mut self) -> Result<(), IngestError> {
        let profile = self.ingest.parts.profile;
        let erasing = move |library: &Library| library.wanted_erasure(profile);
        let wanted = self.ingest.library("looking what is to be erased", erasing).await?;
        let level = if wanted.is_some() { Maintenance::Erase } else { Maintenance::IfDue };
        let report = {
            let _rows = self.ingest.rows.lock().await;
            self.ingest.parts.store.maintain(level).await
        };
        if let (Some(wanted), Ok(report)) = (wanted, &report)
            && report.has_erased()
        {
            let record = move |library: &Library| library.record_erasure(profile, wanted);
            self.ingest.library("recording what was erased", record).await?;
        }
        let (error, version) = match &report {
            Ok(report) if report.done.is_empty() && report.is_sound() => return Ok(()),
            Ok(report) if report.is_sound() => (None, Some(report.version)),
            Ok(report) => (report.failures.first().map(|failure| failure.reason.clone()), None),
            Err(error) => (Some(error.to_string()), None),
        };
        self.report.maintenance_error.clone_from(&error);
        let now = self.ingest.now();
        self.ingest
            .library("recording upkeep", move |library| {
                library.record_maintenance(profile, error.as_deref(), now)?;
                version.map_or(Ok(()), |version| library.set_durable_version(profile, version))
            })
            .await
    }
}

fn note(progress: &mut IngestProgress, tell: Progress<'_>, told: Told) {
    match told {
        Told::Kept(chunks) => progress.chunks_done += chunks as u64,
        Told::Embedded(chunks) => {
            progress.phase = Phase::Embedding;
            progress.chunks_done += chunks as u64;
            progress.chunks_computed += chunks as u64;
        }
        Told::Writing => progress.phase = Phase::Writing,
    }
    tell(progress.clone());
}
