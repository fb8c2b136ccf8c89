//! From files to an index: scan the sources, read what is new or changed, cut it into chunks, embed
//! them, write them to the index, and publish the result, as a journal that survives a crash between
//! any two steps.
//!
//! It is not a reader of formats (`docent-extract`), not a model (`docent-inference`), not a store
//! (`docent-library`, `docent-vector-store`): it orders their work and decides what becomes of a
//! file. It reads no clock; the time comes from [`IngestParts::clock`].
//!
//! # What happens to a file
//!
//! [`Ingest::scan`] compares every file with what the library knows (size, time, identity); what
//! differs waits. [`Ingest::run`] reads what waits, several files at once, and gathers batches of
//! about a thousand chunks. Each batch goes through six steps:
//!
//! 1. stored in the library, durably, before the index is touched;
//! 2. embedded;
//! 3. its rows appended to the index under the batch's id, 4. durably;
//! 5. published in the library in one transaction: the moment it can be found;
//! 6. rows of what it replaced removed.
//!
//! [`Ingest::recover`], run at start or before the first work, looks at batches that were begun: all rows
//! there, publish; no rows or some, they are embedded again from the text in the library by the next run.
//!
//! A file that cannot be read becomes a document with a code and a reason; the rest goes on.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod agreement;
mod away;
mod backup;
mod batch;
mod build;
pub mod chunk;
mod error;
pub mod fault;
mod file;
mod journal;
mod moves;
mod now;
mod progress;
mod read;
mod recover;
mod run;
mod scan;
mod walk;
pub mod watch;

pub use error::IngestError;
pub use progress::{IngestProgress, IngestReport, Phase, Recovery, ScanReport, StoreState};
pub use scan::list_files;
pub use walk::{check_pattern, mount_points};

use chunk::ChunkSize;
use docent_corpus::{BatchId, ProfileId};
use docent_extract::Extract;
use docent_inference::{Embedder, InferenceError};
use docent_library::{Library, LibraryError};
use docent_vector_store::{StoreError, VectorStore};
use fault::{Hook, Step};
use std::sync::{Arc, PoisonError};

/// Files read at the same time unless [`Ingest::with_readers`] says otherwise.
const READERS: usize = 2;

/// What indexing works with.
#[derive(Clone)]
pub struct IngestParts {
    /// The truth about sources and documents.
    pub library: Arc<Library>,
    /// The index of `profile`.
    pub store: Arc<dyn VectorStore>,
    /// The embedding model of `profile`.
    pub embedder: Arc<dyn Embedder>,
    /// What reads files.
    pub extract: Arc<dyn Extract>,
    /// The profile in the library.
    pub profile: ProfileId,
    /// The time in milliseconds since 1970.
    pub clock: Arc<dyn Fn() -> i64 + Send + Sync>,
}

/// Indexing. Share it behind an `Arc`; it is the only writer of its index, and runs wait for each
/// other. Scans may go on beside a run.
pub struct Ingest {
    parts: IngestParts,
    readers: usize,
    hook: Hook,
    /// How the index was found, as long as nobody has compared it with the library. Held while that is
    /// done.
    pending: tokio::sync::Mutex<Option<StoreState>>,
    /// Held by whoever writes to the index.
    writing: tokio::sync::Mutex<()>,
    /// Held by whoever indexes a few documents beside a run, and by a run while it finishes what was
    /// begun: it must not take their batch for one that a crash left behind.
    brief: tokio::sync::Mutex<()>,
    /// Held while rows are written or removed: the index has one writer.
    rows: tokio::sync::Mutex<()>,
    /// Batches whose rows may just be written.
    under_way: std::sync::Mutex<Vec<BatchId>>,
    /// Held by a scan: two at once would take each other's finds for moves.
    scanning: tokio::sync::Mutex<()>,
}

/// A batch under way, until this is dropped.
struct UnderWay<'i> {
    ingest: &'i Ingest,
    id: BatchId,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut under_way = self.ingest.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = under_way.iter().position(|id| *id == self.id) {
            under_way.swap_remove(place);
        }
    }
}

impl Ingest {
    /// Indexing with these parts. Touches nothing yet.
    pub fn new(parts: IngestParts) -> Self {
        Self {
            parts,
            readers: READERS,
            hook: Hook::default(),
            pending: Default::default(),
            writing: Default::default(),
            brief: Default::default(),
            rows: Default::default(),
            under_way: Default::default(),
            scanning: Default::default(),
        }
    }

    /// Reads `readers` files at the same time, at least one. Should be the number of workers of the
    /// extractor.
    pub fn with_readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// Calls `hook` after every step, so that a test can stop the process there.
    pub fn with_fault(mut self, hook: Arc<dyn Fn(Step) + Send + Sync>) -> Self {
        self.hook = Hook::new(hook);
        self
    }

    /// Waits until nobody writes to the index, and keeps everybody from it as long as the guard lives:
    /// for whoever copies it.
    pub async fn hold(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.rows.lock().await
    }

    /// Keeps a batch among those under way as long as the guard lives.
    fn under_way(&self, id: BatchId) -> UnderWay<'_> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        UnderWay { ingest: self, id }
    }

    fn batches_under_way(&self) -> Vec<BatchId> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn now(&self) -> i64 {
        (self.parts.clock)()
    }

    fn chunk_size(&self) -> Result<ChunkSize, InferenceError> {
        let embedder = &self.parts.embedder;
        ChunkSize::for_profile(embedder.profile(), &|text| embedder.count_tokens(text))
    }

    /// Runs `work` on the library where blocking is allowed.
    async fn library<T: Send + 'static>(
        &self,
        task: &'static str,
        work: impl FnOnce(&Library) -> Result<T, LibraryError> + Send + 'static,
    ) -> Result<T, IngestError> {
        let library = Arc::clone(&self.parts.library);
        let done = tokio::task::spawn_blocking(move || work(&library)).await;
        Ok(done.map_err(|_| IngestError::Panicked { task })??)
    }

    /// Refuses an index of another model: vectors of different lengths cannot be told apart later.
    fn check_dimension(&self) -> Result<(), IngestError> {
        let expected = self.parts.store.dimension();
        let found = self.parts.embedder.profile().dimension;
        if expected == found { Ok(()) } else { Err(StoreError::Dimension { expected, found }.into()) }
    }
}
