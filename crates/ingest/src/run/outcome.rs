//! What becomes of a document after it was read, or could not be.

use super::Run;
use crate::IngestError;
use crate::fault::Step;
use crate::file::FileState;
use crate::read::{Impossible, Outcome, kinds_identity};
use docent_corpus::DocumentId;
use docent_library::{Document, DocumentState, Library, LibraryError, SeenFile};
use tokio::time::Instant;

impl Run<'_> {
    /// Acts on what came of reading a document. `None` means that reading it panicked.
    pub(super) async fn take(
        &mut self,
        document: Document,
        outcome: Option<Outcome>,
    ) -> Result<(), IngestError> {
        match outcome {
            Some(Outcome::Copy(original)) => self.copy(&document, original).await?,
            // Its twin was read already: once that is live, this one is a copy.
            Some(Outcome::Read(reading)) if self.has_twin(&reading.hash) => {
                self.make_live(&reading.hash).await?;
                match self.reader.original(&document, &reading.hash) {
                    Some(original) => self.copy(&document, original).await?,
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
                self.report.unchanged += 1;
                self.finish(&document, DocumentState::Indexed, None).await?;
            }
            Some(Outcome::Unsupported { kind }) => self.skip_unsupported(&document, kind).await?,
            Some(Outcome::Skipped { code, detail }) => {
                self.report.skipped += 1;
                self.finish(&document, DocumentState::Skipped, Some((code, detail))).await?;
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
    async fn copy(&mut self, document: &Document, original: DocumentId) -> Result<(), IngestError> {
        let (id, now) = (document.id, self.ingest.now());
        let marked = self
            .ingest
            .library("recording a copy", move |library| library.mark_copy(id, original, now))
            .await?;
        if marked {
            self.report.copies += 1;
            self.done(document);
            return Ok(());
        }
        // One of the two changed in this moment.
        self.requeue(document, None).await
    }

    pub(super) async fn fail(
        &mut self,
        document: &Document,
        code: &'static str,
        detail: String,
    ) -> Result<(), IngestError> {
        tracing::info!(file = %document.rel_path, code, detail, "a file could not be read");
        let (id, now, by) = (document.id, self.ingest.now(), self.reader.identity());
        self.ingest
            .library("recording a failure", move |library| {
                gone_is_none(library.fail_document(id, code, Some(&detail), &by, now))
            })
            .await?;
        self.report.failed += 1;
        self.progress.failed += 1;
        self.done(document);
        Ok(())
    }

    /// Records that a document is of a kind that is not read, and which ones are.
    async fn skip_unsupported(&mut self, document: &Document, kind: String) -> Result<(), IngestError> {
        let (id, now) = (document.id, self.ingest.now());
        let kinds = kinds_identity(self.reader.extract.version());
        self.ingest
            .library("recording an unknown kind", move |library| {
                gone_is_none(library.skip_unsupported(id, Some(&kind), &kinds, now))
            })
            .await?;
        self.report.skipped += 1;
        self.done(document);
        Ok(())
    }

    async fn finish(
        &mut self,
        document: &Document,
        state: DocumentState,
        why: Option<(&'static str, String)>,
    ) -> Result<(), IngestError> {
        let (id, now) = (document.id, self.ingest.now());
        self.ingest
            .library("recording a state", move |library| {
                let (code, detail) = (why.as_ref().map(|why| why.0), why.as_ref().map(|why| why.1.as_str()));
                gone_is_none(library.set_document_state(id, state, code, detail, now))
            })
            .await?;
        self.done(document);
        Ok(())
    }

    /// Lets a document wait again, with the state its file has now.
    pub(super) async fn requeue(
        &mut self,
        document: &Document,
        state: Option<FileState>,
    ) -> Result<(), IngestError> {
        let (id, now) = (document.id, self.ingest.now());
        let seen = state.map(|state| SeenFile {
            source: document.source,
            rel_path: document.rel_path.clone(),
            size: state.size,
            mtime_ns: state.mtime_ns,
            file_id: state.file_id,
        });
        self.ingest
            .library("queueing a document", move |library| {
                if let Some(seen) = seen {
                    gone_is_none(library.see_file(seen, now))?;
                }
                gone_is_none(set_waiting(library, id, now))
            })
            .await?;
        Ok(())
    }

    fn done(&mut self, document: &Document) {
        self.progress.done += 1;
        self.progress.read += 1;
        self.progress.bytes_done += document.size;
        self.progress.file = Some(document.rel_path.clone());
        self.tell();
    }
}

pub(super) fn set_waiting(library: &Library, id: DocumentId, now: i64) -> Result<(), LibraryError> {
    library.set_document_state(id, DocumentState::Waiting, None, None, now)
}

/// What was deleted meanwhile needs nothing any more.
pub(super) fn gone_is_none<T>(result: Result<T, LibraryError>) -> Result<Option<T>, LibraryError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(LibraryError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
