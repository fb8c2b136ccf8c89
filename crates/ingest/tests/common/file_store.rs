//! A store that keeps its rows in a file, so that they outlive the process as the real one's do.

use async_trait::async_trait;
use docent_corpus::{BatchId, ChunkId, DocumentId, Hit, RevisionId, SourceId};
use docent_vector_store::{
    Filter, Maintenance, MaintenanceReport, MemoryStore, Row, StoreError, TextQuery, VectorStore,
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

#[derive(Clone, Serialize, Deserialize)]
struct SavedRow {
    ids: [i64; 5],
    text: String,
    title: String,
    vector: Vec<f32>,
}

#[derive(Clone, Default, Serialize, Deserialize)]
struct Saved {
    version: u64,
    rows: Vec<SavedRow>,
}

/// Every change is written to a new file that then takes the place of the old one.
pub struct FileStore {
    path: PathBuf,
    dimension: usize,
    saved: Mutex<Saved>,
    /// How often all its rows were counted.
    pub counted: AtomicUsize,
}

impl FileStore {
    pub fn open(path: &Path, dimension: usize) -> Self {
        let saved = match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
            Err(_) => Saved::default(),
        };
        Self { path: path.to_owned(), dimension, saved: Mutex::new(saved), counted: AtomicUsize::new(0) }
    }

    pub fn version(&self) -> u64 {
        self.saved.lock().unwrap().version
    }

    fn change(&self, change: impl FnOnce(&mut Vec<SavedRow>)) -> u64 {
        let mut saved = self.saved.lock().unwrap();
        change(&mut saved.rows);
        saved.version += 1;
        let part = self.path.with_extension("part");
        std::fs::write(&part, serde_json::to_vec(&*saved).unwrap()).unwrap();
        std::fs::rename(&part, &self.path).unwrap();
        saved.version
    }

    async fn in_memory(&self) -> MemoryStore {
        let rows = self.saved.lock().unwrap().rows.clone();
        let store = MemoryStore::new(self.dimension);
        store.append(rows.into_iter().map(loaded).collect()).await.unwrap();
        store
    }
}

fn saved(row: Row) -> SavedRow {
    let ids = [row.chunk.0, row.revision.0, row.document.0, row.source.0, row.batch.0];
    SavedRow { ids, text: row.text, title: row.title, vector: row.vector }
}

fn loaded(row: SavedRow) -> Row {
    let [chunk, revision, document, source, batch] = row.ids;
    Row {
        chunk: ChunkId(chunk),
        revision: RevisionId(revision),
        document: DocumentId(document),
        source: SourceId(source),
        batch: BatchId(batch),
        text: row.text,
        title: row.title,
        vector: row.vector,
    }
}

#[async_trait]
impl VectorStore for FileStore {
    fn dimension(&self) -> usize {
        self.dimension
    }

    async fn append(&self, rows: Vec<Row>) -> Result<u64, StoreError> {
        Ok(self.change(|all| all.extend(rows.into_iter().map(saved))))
    }

    async fn count_batch(&self, batch: BatchId) -> Result<usize, StoreError> {
        self.in_memory().await.count_batch(batch).await
    }

    async fn delete_batch(&self, batch: BatchId) -> Result<(), StoreError> {
        self.change(|all| all.retain(|row| row.ids[4] != batch.0));
        Ok(())
    }

    async fn delete_revisions(&self, revisions: &[RevisionId]) -> Result<(), StoreError> {
        self.change(|all| all.retain(|row| !revisions.contains(&RevisionId(row.ids[1]))));
        Ok(())
    }

    async fn search_vector(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        self.in_memory().await.search_vector(vector, filter, limit).await
    }

    async fn search_text(
        &self,
        query: &TextQuery,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        self.in_memory().await.search_text(query, filter, limit).await
    }

    async fn rows(&self) -> Result<usize, StoreError> {
        Ok(self.saved.lock().unwrap().rows.len())
    }

    async fn version(&self) -> Result<Option<u64>, StoreError> {
        Ok(Some(FileStore::version(self)))
    }

    async fn revision_counts(&self) -> Result<Vec<(RevisionId, usize)>, StoreError> {
        self.counted.fetch_add(1, Ordering::Relaxed);
        self.in_memory().await.revision_counts().await
    }

    async fn vectors(&self, revisions: &[RevisionId]) -> Result<Vec<(ChunkId, Vec<f32>)>, StoreError> {
        self.in_memory().await.vectors(revisions).await
    }

    async fn maintain(&self, level: Maintenance) -> Result<MaintenanceReport, StoreError> {
        self.in_memory().await.maintain(level).await
    }
}
