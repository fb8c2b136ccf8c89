//! What becomes of a document after it was read, or could not be.

use super::Run;
use crate::IngestError;
use crate::fault::Step;
use crate::file::FileState;
use crate::read::{Impossible, Outcome, kinds_identity};
use docent_corpus::DocumentId;
use docent_library::{Document, Library, LibraryError, SeenFile, Verdict};
use tokio::time::Instant;

impl Run<'_> {
    /// Acts on what came of reading a document. `None` means that reading it panicked.
    pub(super) async fn take(
        &mut self,
        document: Document,
        outcome: Option<Outcome>,
    ) -> Result<(), IngestError> {
        match outcome {
            Some(Outcome::Copy { original, hash }) => self.copy(&document, original, hash).await?,
            // Its twin was read already: once that is live, this one is a copy.
            Some(Outcome::Read(reading)) if self.has_twin(&reading.hash) => {
                self.make_live(&reading.hash).await?;
                match self.reader.original(&document, &reading.hash) {
                    Some(original) => self.copy(&document, original, reading.hash).await?,
                    None => self.requeue(&document, None).await?,
                }
            }
            Some(Outcome::Read(reading)) => {
                self.ingest.hook.after(Step::Read);
                self.progress.chunks_total += reading.chunks.len() as u64;
                self.batch_begun.get_or_insert_with(Instant::now);
                self.batch.push((document, *reading));
                return Ok(());
            }
            Some(Outcome::Same) => {
                self.report.unchanged += usize::from(self.end(&document, Verdict::Same).await?);
            }
            Some(Outcome::Unsupported { kind }) => {
                let kinds = kinds_identity(self.reader.extract.version());
                let verdict = Verdict::Unsupported { kind, kinds };
                self.report.skipped += usize::from(self.end(&document, verdict).await?);
            }
            Some(Outcome::Skipped { code, detail }) => {
                let verdict = Verdict::Skipped { code, detail };
                self.report.skipped += usize::from(self.end(&document, verdict).await?);
            }
            Some(Outcome::Failed { code, detail }) => self.fail(&document, code, detail).await?,
            None => self.fail(&document, "crashed", "reading the file broke off".to_owned()).await?,
            Some(Outcome::Unsettled(state)) => self.requeue(&document, state).await?,
            Some(Outcome::Cancelled) => self.requeue(&document, None).await?,
            Some(Outcome::Impossible(why)) => {
                self.requeue(&document, None).await?;
                return Err(match why {
                    Impossible::Reader(error) => IngestError::Reader(error),
                    Impossible::Embedder(error) => IngestError::Embed(error),
                });
            }
        }
        Ok(())
    }

    fn has_twin(&self, hash: &str) -> bool {
        self.staged.contains_key(hash) || self.batch.iter().any(|(_, other)| other.hash == hash)
    }

    /// Stores, and if need be indexes, what was read with these bytes.
    async fn make_live(&mut self, hash: &str) -> Result<(), IngestError> {
        self.store().await?;
        let lies_in = self.staged.get(hash).copied();
        let place = self.stored.iter().position(|batch| Some(batch.id) == lies_in);
        match place.and_then(|place| self.stored.remove(place)) {
            Some(batch) => self.index_batch(batch).await,
            None => Ok(()),
        }
    }

    /// Records that a document is found through another one with the same bytes.
    async fn copy(
        &mut self,
        document: &Document,
        original: DocumentId,
        hash: String,
    ) -> Result<(), IngestError> {
        let (copy, now) = (document.clone(), self.ingest.now());
        let marked = self
            .ingest
            .library("recording a copy", move |library| library.mark_copy(&copy, original, &hash, now))
            .await?;
        if marked {
            self.report.copies += 1;
            self.done(document);
            return Ok(());
        }
        // One of the two changed in this moment.
        self.requeue(document, None).await
    }

    async fn fail(
        &mut self,
        document: &Document,
        code: &'static str,
        detail: String,
    ) -> Result<(), IngestError> {
        tracing::info!(file = %document.rel_path, code, detail, "a file could not be read");
        let verdict = Verdict::Failed { code, detail, extractor: self.reader.identity() };
        if self.end(document, verdict).await? {
            self.report.failed += 1;
            self.progress.failed += 1;
        }
        Ok(())
    }

    /// Records a verdict. Gives whether it counts: the file may have been edited since.
    async fn end(&mut self, document: &Document, verdict: Verdict) -> Result<bool, IngestError> {
        let counts = self.record(document, verdict).await?;
        self.done(document);
        Ok(counts)
    }

    /// Lets a document wait again, with the state its file has now.
    pub(super) async fn requeue(
        &mut self,
        document: &Document,
        state: Option<FileState>,
    ) -> Result<(), IngestError> {
        if let Some(state) = state {
            let now = self.ingest.now();
            let seen = SeenFile {
                source: document.source,
                rel_path: document.rel_path.clone(),
                size: state.size,
                mtime_ns: state.mtime_ns,
                file_id: state.file_id,
            };
            let see = move |library: &Library| gone_is_none(library.see_file(seen, now));
            self.ingest.library("queueing a document", see).await?;
        }
        self.record(document, Verdict::Again).await?;
        Ok(())
    }

    async fn record(&mut self, document: &Document, verdict: Verdict) -> Result<bool, IngestError> {
        let (document, now) = (document.clone(), self.ingest.now());
        let end = move |library: &Library| gone_is_none(library.end_reading(&document, verdict, now));
        Ok(self.ingest.library("recording what reading came to", end).await?.unwrap_or(false))
    }

    fn done(&mut self, document: &Document) {
        self.progress.done += 1;
        self.progress.read += 1;
        self.progress.bytes_done += document.size;
        self.progress.file = Some(document.rel_path.clone());
        self.tell();
    }
}

/// What was deleted meanwhile needs nothing any more.
pub(super) fn gone_is_none<T>(result: Result<T, LibraryError>) -> Result<Option<T>, LibraryError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(LibraryError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
