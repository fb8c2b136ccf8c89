//! A store and a model that fail when told to.

use async_trait::async_trait;
use docent_corpus::{BatchId, Cancel, ChunkId, Hit, Profile, RevisionId};
use docent_inference::fake::FakeEmbedder;
use docent_inference::{EmbedKind, Embedder, InferenceError, Priority};
use docent_vector_store::{
    Filter, Maintenance, MaintenanceReport, MemoryStore, Row, StoreError, StoreStep, TextQuery, VectorStore,
};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// What happens to an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Append {
    /// It works.
    Works,
    /// Nothing is written.
    Fails,
    /// All is written, and an error reported.
    WorksAndReportsFailure,
    /// There is no room.
    Full,
}

/// A store in memory whose appends follow a script, then work.
pub struct FlakyStore {
    pub inner: MemoryStore,
    pub script: Mutex<VecDeque<Append>>,
}

impl FlakyStore {
    pub fn new(dimension: usize) -> Self {
        Self { inner: MemoryStore::new(dimension), script: Mutex::default() }
    }

    pub fn then(&self, appends: &[Append]) {
        self.script.lock().unwrap().extend(appends);
    }
}

#[async_trait]
impl VectorStore for FlakyStore {
    fn dimension(&self) -> usize {
        self.inner.dimension()
    }

    async fn append(&self, rows: Vec<Row>) -> Result<u64, StoreError> {
        let next = self.script.lock().unwrap().pop_front().unwrap_or(Append::Works);
        let failed = || StoreError::engine(StoreStep::Append, std::io::Error::other("scripted"));
        match next {
            Append::Works => self.inner.append(rows).await,
            Append::Fails => Err(failed()),
            Append::WorksAndReportsFailure => {
                self.inner.append(rows).await?;
                Err(failed())
            }
            Append::Full => {
                let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
                Err(StoreError::engine(StoreStep::Append, full))
            }
        }
    }

    async fn count_batch(&self, batch: BatchId) -> Result<usize, StoreError> {
        self.inner.count_batch(batch).await
    }

    async fn delete_batch(&self, batch: BatchId) -> Result<(), StoreError> {
        self.inner.delete_batch(batch).await
    }

    async fn delete_revisions(&self, revisions: &[RevisionId]) -> Result<(), StoreError> {
        self.inner.delete_revisions(revisions).await
    }

    async fn search_vector(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        self.inner.search_vector(vector, filter, limit).await
    }

    async fn search_text(
        &self,
        query: &TextQuery,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        self.inner.search_text(query, filter, limit).await
    }

    async fn rows(&self) -> Result<usize, StoreError> {
        self.inner.rows().await
    }

    async fn revision_counts(&self) -> Result<Vec<(RevisionId, usize)>, StoreError> {
        self.inner.revision_counts().await
    }

    async fn vectors(&self, revisions: &[RevisionId]) -> Result<Vec<(ChunkId, Vec<f32>)>, StoreError> {
        self.inner.vectors(revisions).await
    }

    async fn maintain(&self, level: Maintenance) -> Result<MaintenanceReport, StoreError> {
        self.inner.maintain(level).await
    }
}

/// The fake model, which can be missing, and which gives no usable vector for texts with `POISON`.
pub struct FlakyEmbedder {
    pub inner: FakeEmbedder,
    pub missing: AtomicBool,
    /// Whether small changes are indexed beside a run, which come before it.
    pub small_changes: AtomicBool,
    /// Tripped after so many texts were embedded.
    pub stop_after: Mutex<Option<(usize, Cancel)>>,
}

impl FlakyEmbedder {
    pub fn new(dimension: usize) -> Self {
        Self {
            inner: FakeEmbedder::new(dimension),
            missing: AtomicBool::new(false),
            small_changes: AtomicBool::new(false),
            stop_after: Mutex::default(),
        }
    }
}

#[async_trait]
impl Embedder for FlakyEmbedder {
    fn profile(&self) -> &Profile {
        self.inner.profile()
    }

    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError> {
        self.inner.count_tokens(text)
    }

    async fn embed(
        &self,
        texts: Vec<String>,
        kind: EmbedKind,
        priority: Priority,
        cancel: Cancel,
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        assert_eq!(kind, EmbedKind::Passage);
        assert!(priority == Priority::Bulk || self.small_changes.load(Ordering::Acquire));
        if self.missing.load(Ordering::Acquire) {
            return Err(InferenceError::ModelFile {
                path: "model.safetensors".into(),
                reason: "missing".into(),
            });
        }
        if let Some((after, signal)) = self.stop_after.lock().unwrap().as_ref()
            && self.inner.embedded() >= *after
        {
            signal.cancel();
        }
        let poisoned: Vec<bool> = texts.iter().map(|text| text.contains("POISON")).collect();
        let mut vectors = self.inner.embed(texts, kind, priority, cancel).await?;
        for (vector, _) in vectors.iter_mut().zip(poisoned).filter(|(_, poisoned)| *poisoned) {
            vector[0] = f32::NAN;
        }
        Ok(vectors)
    }
}
