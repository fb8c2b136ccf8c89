//! Batches of a run: storing what was read, and finishing what was stored.

use super::outcome::gone_is_none;
use super::{PURGES_IN_A_RUN, Progress, Run, cancelled};
use crate::batch::{SLICE, Settled, Told};
use crate::fault::Step;
use crate::{IngestError, IngestProgress, Phase};
use docent_corpus::BatchId;
use docent_library::{Document, LibraryError, NewRevision, OpenBatch};
use docent_vector_store::Maintenance;

impl Run<'_> {
    /// Finishes what an earlier run began.
    pub(super) async fn finish_open_batches(&mut self) -> Result<(), IngestError> {
        let _alone = self.ingest.brief.lock().await;
        for id in self.ingest.open_batches().await? {
            self.cancel.check().map_err(|_| cancelled())?;
            let batch = self.ingest.load_batch(id).await?;
            let (chunks, documents) = (batch.chunks.len(), batch.revisions.len());
            drop(batch);
            self.progress.chunks_total += chunks as u64;
            self.progress.total += documents as u64;
            let settled = {
                let (progress, tell) = (&mut self.progress, self.tell);
                let mut told = |told| note(progress, tell, told);
                self.ingest.resume(id, self.cancel, &mut told).await?
            };
            self.report.resumed += 1;
            self.settle(id, settled, chunks, documents).await?;
        }
        Ok(())
    }

    /// Stores, embeds, writes and publishes what was read so far.
    pub(super) async fn index_batch(&mut self) -> Result<(), IngestError> {
        self.batch_begun = None;
        if self.batch.is_empty() {
            return Ok(());
        }
        self.progress.phase = Phase::Writing;
        self.tell();
        let (documents, open) = self.store_batch().await?;
        let (id, chunks) = (open.id, open.chunks.len());
        self.ingest.hook.after(Step::Stored);
        let settled = {
            let (progress, tell) = (&mut self.progress, self.tell);
            let mut told = |told| note(progress, tell, told);
            self.ingest.complete(open, 0, self.priority, self.cancel, &mut told).await
        };
        let settled = match settled {
            Err(error) if error.is_cancelled() && chunks <= SLICE => {
                // So little is quickly read again; a large document rather goes on where it stopped.
                self.ingest.library("giving up a batch", move |library| library.abort_batch(id)).await?;
                return Err(error);
            }
            settled => settled?,
        };
        self.settle(id, settled, chunks, documents.len()).await?;
        for document in &documents {
            self.progress.bytes_done += document.size;
        }
        self.tell();
        if self.ingest.due_purges(PURGES_IN_A_RUN).await?.len() >= PURGES_IN_A_RUN {
            self.report.purged += self.ingest.purge_rows().await?;
        }
        Ok(())
    }

    /// Step 1 of the journal. Documents that were deleted since they were read are left out.
    async fn store_batch(&mut self) -> Result<(Vec<Document>, OpenBatch), IngestError> {
        let batch = std::mem::take(&mut self.batch);
        let (profile, now) = (self.ingest.parts.profile, self.ingest.now());
        let (extractor, chunker) = (self.reader.identity(), self.reader.size.identity());
        self.ingest
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
                    match library.open_batch(profile, &revisions, now) {
                        Ok(open) => {
                            return Ok((batch.into_iter().map(|(document, _)| document).collect(), open));
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
            .await
    }

    /// Counts a batch that is through, or fails the documents that cannot be indexed and lets the
    /// others of it wait.
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
        self.ingest.library("giving up a batch", move |library| library.abort_batch(id)).await?;
        for id in bad {
            let found = self
                .ingest
                .library("reading a document", move |library| gone_is_none(library.document(id)))
                .await?;
            if let Some(document) = found {
                let detail = "the embedding model gave no usable vector for a part of it".to_owned();
                self.fail(&document, "vector_unusable", detail).await?;
            }
        }
        Ok(())
    }

    /// Looks after the index. That it failed is reported, not an error: what was indexed can be found.
    pub(super) async fn maintain(&mut self) -> Result<(), IngestError> {
        let report = {
            let _rows = self.ingest.rows.lock().await;
            self.ingest.parts.store.maintain(Maintenance::IfDue).await
        };
        let (error, version) = match &report {
            Ok(report) if report.done.is_empty() && report.is_sound() => return Ok(()),
            Ok(report) if report.is_sound() => (None, Some(report.version)),
            Ok(report) => (report.failures.first().map(|failure| failure.reason.clone()), None),
            Err(error) => (Some(error.to_string()), None),
        };
        self.report.maintenance_error.clone_from(&error);
        let (profile, now) = (self.ingest.parts.profile, self.ingest.now());
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
        Told::Embedded(chunks) => {
            progress.phase = Phase::Embedding;
            progress.chunks_done += chunks as u64;
        }
        Told::Writing => progress.phase = Phase::Writing,
    }
    tell(progress.clone());
}
