//! A run: works off everything that waits.

mod indexing;
mod outcome;

use crate::read::{Outcome, Reader, Reading};
use crate::{Ingest, IngestError, IngestProgress, IngestReport, Phase};
use docent_corpus::{BatchId, Cancel, DocumentId, SourceId};
use docent_inference::Priority;
use docent_library::{Document, Library, Source};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

use outcome::gone_is_none;

/// A batch is full with this many chunks.
const BATCH_CHUNKS: usize = 1_000;
/// A batch that is not full is stored after this long, so that its documents can be found by words.
const BATCH_TIME: Duration = Duration::from_secs(5);
/// The same when no further file waits: what is still being read may be large.
const LAST_BATCH_TIME: Duration = Duration::from_secs(2);
/// Waiting documents taken from the library at once.
const PAGE: usize = 128;
/// A file that changes while it is read is read this often in one run.
const ATTEMPTS: u32 = 3;
/// How often a wait looks whether the run was stopped.
const LOOK: Duration = Duration::from_millis(50);
/// Purges wait until there are this many, or for this long, because each costs a version of the index.
const PURGES_IN_A_RUN: usize = 200;
const PURGE_TIME: Duration = Duration::from_secs(30);

/// Takes reports of progress.
pub(crate) type Progress<'p> = &'p (dyn Fn(IngestProgress) + Send + Sync);

impl Ingest {
    /// Works off all documents that wait: first reads, chunks and stores them in batches, so that they
    /// are found by words; then embeds and indexes these batches, after those that an earlier run
    /// began, and looks for new documents between them; then removes rows that are not needed any
    /// more and looks after the index.
    ///
    /// A file that cannot be read becomes [`docent_library::DocumentState::Failed`] or [`docent_library::DocumentState::Skipped`]
    /// with code and reason, and the rest goes on. When `cancel` is tripped the documents that were
    /// not read wait again, those that were stored are embedded by the next run, and the report says
    /// that it was cancelled. `progress` is called often. What [`Ingest::recovering_first`] has left is done
    /// before anything else, and told and stopped like the rest.
    ///
    /// # Errors
    /// When nothing can be done any more: the model, the index or the library fails, or the disk is
    /// full. Nothing is lost by it; the next run goes on.
    pub async fn run(&self, cancel: &Cancel, progress: Progress<'_>) -> Result<IngestReport, IngestError> {
        match self.recover_first(cancel, progress).await {
            Err(error) if error.is_cancelled() => {
                // It goes on no more.
                progress(IngestProgress::default());
                return Ok(IngestReport { cancelled: true, ..IngestReport::default() });
            }
            recovered => recovered?,
        }
        let _alone = self.writing.lock().await;
        self.check_dimension()?;
        let mut run = Run::new(self, cancel, progress)?;
        let worked = run.work().await;
        run.stop_reading().await;
        run.progress.phase = Phase::Idle;
        run.tell();
        match worked {
            Err(error) if !error.is_cancelled() => Err(error),
            worked => {
                run.report.cancelled = worked.is_err() || cancel.is_cancelled();
                Ok(run.report)
            }
        }
    }
}

/// A file being read, and what came of it; `None` if reading panicked.
type InFlight = BoxFuture<'static, (Document, Option<Outcome>)>;
/// File, pages read, and of how many.
type PageRead = (String, u32, Option<u32>);

/// A batch that is stored and not yet in the index.
struct Stored {
    id: BatchId,
    documents: usize,
    chunks: usize,
    /// Whether an earlier run stored it: then some of its rows may be in the index.
    earlier: bool,
}

pub(crate) struct Run<'r> {
    ingest: &'r Ingest,
    cancel: &'r Cancel,
    tell: Progress<'r>,
    /// Its cancel signal is the run's own, so that an error can stop reading too.
    reader: Reader,
    progress: IngestProgress,
    pub(crate) report: IngestReport,
    sources: HashMap<SourceId, Arc<Source>>,
    attempts: HashMap<DocumentId, u32>,
    queue: VecDeque<Document>,
    reading: FuturesUnordered<InFlight>,
    pages: mpsc::UnboundedReceiver<PageRead>,
    pages_in: mpsc::UnboundedSender<PageRead>,
    /// Documents read and not yet stored.
    batch: Vec<(Document, Reading)>,
    /// When the first of them was.
    batch_begun: Option<Instant>,
    /// Batches that are stored and not yet in the index, oldest first.
    stored: VecDeque<Stored>,
    /// In which of them lies what was read of edited files, by hash: it is not live yet.
    staged: HashMap<String, BatchId>,
    /// Since when nothing but files that take long are being read.
    idle: Option<Instant>,
    /// When purges were done last.
    purged: Instant,
    /// Whether only what is in the queue is done, and nothing is fetched.
    only_given: bool,
    priority: Priority,
}

impl<'r> Run<'r> {
    pub(crate) fn new(
        ingest: &'r Ingest,
        cancel: &'r Cancel,
        tell: Progress<'r>,
    ) -> Result<Self, IngestError> {
        let (pages_in, pages) = mpsc::unbounded_channel();
        let parts = &ingest.parts;
        let reader = Reader {
            library: Arc::clone(&parts.library),
            extract: Arc::clone(&parts.extract),
            embedder: Arc::clone(&parts.embedder),
            size: ingest.chunk_size()?,
            cancel: Cancel::new(),
            preparing: Arc::default(),
        };
        Ok(Self {
            ingest,
            cancel,
            tell,
            reader,
            progress: IngestProgress { started_ms: ingest.now(), ..IngestProgress::default() },
            report: IngestReport::default(),
            sources: HashMap::new(),
            attempts: HashMap::new(),
            queue: VecDeque::new(),
            reading: FuturesUnordered::new(),
            pages,
            pages_in,
            batch: Vec::new(),
            batch_begun: None,
            stored: VecDeque::new(),
            staged: HashMap::new(),
            idle: None,
            purged: Instant::now(),
            only_given: false,
            priority: Priority::Bulk,
        })
    }

    /// Does these documents and no others.
    pub(crate) fn given(&mut self, documents: Vec<Document>, priority: Priority) {
        self.queue = documents.into();
        (self.only_given, self.priority) = (true, priority);
    }

    async fn work(&mut self) -> Result<(), IngestError> {
        self.queue_stranded().await?;
        self.find_open_batches().await?;
        self.read_and_index().await?;
        self.report.purged += self.ingest.purge_rows().await?;
        // It takes long, and what it is to do is still to be done at the next run.
        self.cancel.check().map_err(|_| cancelled())?;
        self.maintain().await
    }

    /// Documents that a failed run left as being read, without a batch that would finish them.
    async fn queue_stranded(&mut self) -> Result<(), IngestError> {
        // What a small change at this moment reads is not stranded.
        let _alone = self.ingest.brief.lock().await;
        self.ingest.library("queueing documents", Library::requeue_stranded).await
    }

    /// Reads and stores all that waits, then embeds and indexes a batch, and so on until nothing is left.
    pub(crate) async fn read_and_index(&mut self) -> Result<(), IngestError> {
        loop {
            self.read_and_store().await?;
            match self.stored.pop_front() {
                Some(batch) => self.index_batch(batch).await?,
                None if self.reading.is_empty() && self.batch.is_empty() => return Ok(()),
                None => {}
            }
        }
    }

    /// Reads several files at once and stores them in batches, until nothing waits any more. Files that
    /// take long are not waited for while there are batches to index.
    async fn read_and_store(&mut self) -> Result<(), IngestError> {
        loop {
            self.begin_reading().await?;
            self.progress.phase = Phase::Reading;
            if self.reading.is_empty() {
                self.store().await?;
                // Storing may have queued documents that changed meanwhile.
                if self.next_page().await? { continue } else { return Ok(()) }
            }
            tokio::select! {
                Some((document, outcome)) = self.reading.next() => {
                    self.take(document, outcome).await?;
                    self.idle = None;
                }
                Some((file, done, of)) = self.pages.recv() => {
                    self.progress.file = Some(file);
                    self.progress.page = Some((done, of));
                    self.tell();
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            if self.cancel.is_cancelled() {
                self.reader.cancel.cancel();
                return Err(cancelled());
            }
            let chunks: usize = self.batch.iter().map(|(_, reading)| reading.chunks.len()).sum();
            let patience = if self.queue.is_empty() { LAST_BATCH_TIME } else { BATCH_TIME };
            if chunks >= BATCH_CHUNKS || self.batch_begun.is_some_and(|begun| begun.elapsed() >= patience) {
                self.store().await?;
            }
            if self.only_slow_files() && !self.stored.is_empty() {
                return Ok(());
            }
        }
    }

    /// Whether for some time nothing was done but waiting for files that are being read.
    fn only_slow_files(&mut self) -> bool {
        if !self.queue.is_empty() || !self.batch.is_empty() {
            self.idle = None;
            return false;
        }
        self.idle.get_or_insert_with(Instant::now).elapsed() >= LAST_BATCH_TIME
    }

    /// Starts reading until as many files are being read as may be.
    async fn begin_reading(&mut self) -> Result<(), IngestError> {
        while self.reading.len() < self.ingest.readers {
            self.cancel.check().map_err(|_| cancelled())?;
            let Some(document) = self.queue.pop_front() else {
                if self.next_page().await? { continue } else { return Ok(()) }
            };
            let Some(source) = self.source(document.source).await? else { continue };
            let (id, now) = (document.id, self.ingest.now());
            // Since it was queued it may have been moved, read by somebody else, or deleted.
            let begun =
                self.ingest.library("beginning to read", move |library| library.begin_reading(id, now));
            let Some(document) = begun.await? else { continue };
            *self.attempts.entry(document.id).or_insert(0) += 1;
            self.progress.file = Some(document.rel_path.clone());
            self.progress.page = None;
            self.tell();
            self.spawn(source, document);
        }
        Ok(())
    }

    fn spawn(&mut self, source: Arc<Source>, document: Document) {
        let (reader, pages) = (self.reader.clone(), self.pages_in.clone());
        let read = document.clone();
        let task = tokio::task::spawn_blocking(move || {
            let file = read.rel_path.clone();
            // Nobody listening means that the run is over.
            reader.read(&source, &read, &mut |done, of| drop(pages.send((file.clone(), done, of))))
        });
        self.reading.push(Box::pin(async move { (document, task.await.ok()) }));
    }

    /// Fetches the next waiting documents. Gives whether there are any.
    async fn next_page(&mut self) -> Result<bool, IngestError> {
        if self.only_given {
            return Ok(false);
        }
        // Documents that were tried often enough are still among those that wait.
        let tired: HashSet<DocumentId> =
            self.attempts.iter().filter(|(_, count)| **count >= ATTEMPTS).map(|(id, _)| *id).collect();
        let limit = PAGE + tired.len();
        let waiting = self
            .ingest
            .library("looking for documents", move |library| library.next_waiting(limit, None))
            .await?;
        self.report.unsettled = waiting.iter().filter(|document| tired.contains(&document.id)).count();
        self.queue.extend(waiting.into_iter().filter(|document| !tired.contains(&document.id)));
        let waiting = self.ingest.library("counting", Library::count_waiting).await?;
        let stored: usize = self.stored.iter().map(|batch| batch.documents).sum();
        let under_way = waiting + self.reading.len() + self.batch.len() + stored;
        // Each was counted at a moment of its own.
        let wanted = under_way.saturating_sub(self.report.unsettled) as u64;
        self.progress.total = self.progress.total.max(self.progress.done + wanted);
        Ok(!self.queue.is_empty())
    }

    async fn source(&mut self, id: SourceId) -> Result<Option<Arc<Source>>, IngestError> {
        if let Some(source) = self.sources.get(&id) {
            return Ok(Some(Arc::clone(source)));
        }
        let found =
            self.ingest.library("reading a source", move |library| gone_is_none(library.source(id))).await?;
        let source = found.map(Arc::new);
        if let Some(source) = &source {
            self.sources.insert(id, Arc::clone(source));
        }
        Ok(source)
    }

    /// At the end, whatever it is: files still being read, and what was read and not stored, wait
    /// again. If even that cannot be recorded, the next run does it.
    pub(crate) async fn stop_reading(&mut self) {
        self.reader.cancel.cancel();
        let stored = std::mem::take(&mut self.batch);
        let queued = std::mem::take(&mut self.reading);
        let left: Vec<(Document, Option<Outcome>)> = queued.collect().await;
        let documents = stored
            .into_iter()
            .map(|(document, _)| document)
            .chain(left.into_iter().map(|(document, _)| document));
        for document in documents {
            if let Err(error) = self.requeue(&document, None).await {
                tracing::warn!(%error, file = %document.rel_path, "a document could not be queued again");
            }
        }
    }

    fn tell(&self) {
        (self.tell)(self.progress.clone());
    }
}

fn cancelled() -> IngestError {
    IngestError::Embed(docent_inference::InferenceError::Cancelled)
}
