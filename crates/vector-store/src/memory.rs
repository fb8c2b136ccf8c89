//! A store in memory that compares with every row: exact, small, gone with the process.

use crate::bm25::{Statistics, terms_of};
use crate::rank::rank;
use crate::store::{Admission, check_rows, check_vector};
use crate::{
    Filter, Maintenance, MaintenanceReport, MaintenanceStep, Row, StoreError, TextQuery, VectorStore,
};
use docent_corpus::{BatchId, ChunkId, Hit, RevisionId};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Exact cosine and BM25 over rows in memory. For tests and as the reference that an approximate
/// store is measured with; every search looks at every row.
#[derive(Debug)]
pub struct MemoryStore {
    dimension: usize,
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    rows: Vec<Held>,
    version: u64,
}

#[derive(Debug)]
struct Held {
    row: Row,
    norm: f64,
    terms: Vec<String>,
}

impl Held {
    fn new(row: Row) -> Self {
        Self { norm: norm(&row.vector), terms: terms_of(&row.text), row }
    }

    fn hit(&self, score: f32) -> Hit {
        Hit { chunk: self.row.chunk, document: self.row.document, score }
    }
}

/// Length of a vector, summed in double precision.
fn norm(vector: &[f32]) -> f64 {
    vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

impl MemoryStore {
    /// An empty store for vectors of this length.
    pub fn new(dimension: usize) -> Self {
        Self { dimension, inner: RwLock::default() }
    }

    // A panic while the lock is held cannot leave rows half written: they are swapped in whole.
    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn delete(&self, gone: impl Fn(&Row) -> bool) {
        let mut inner = self.write();
        let before = inner.rows.len();
        inner.rows.retain(|held| !gone(&held.row));
        if inner.rows.len() != before {
            inner.version += 1;
        }
    }
}

#[async_trait::async_trait]
impl VectorStore for MemoryStore {
    fn dimension(&self) -> usize {
        self.dimension
    }

    async fn append(&self, rows: Vec<Row>) -> Result<u64, StoreError> {
        check_rows(&rows, self.dimension)?;
        let mut held: Vec<Held> = rows.into_iter().map(Held::new).collect();
        let mut inner = self.write();
        if !held.is_empty() {
            inner.rows.append(&mut held);
            inner.version += 1;
        }
        Ok(inner.version)
    }

    async fn count_batch(&self, batch: BatchId) -> Result<usize, StoreError> {
        Ok(self.read().rows.iter().filter(|held| held.row.batch == batch).count())
    }

    async fn delete_batch(&self, batch: BatchId) -> Result<(), StoreError> {
        self.delete(|row| row.batch == batch);
        Ok(())
    }

    async fn delete_revisions(&self, revisions: &[RevisionId]) -> Result<(), StoreError> {
        self.delete(|row| revisions.contains(&row.revision));
        Ok(())
    }

    async fn search_vector(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        check_vector(vector, self.dimension, None)?;
        let admission = Admission::new(filter);
        let length = norm(vector);
        let inner = self.read();
        let hits = inner
            .rows
            .iter()
            .filter(|held| admission.admits(held.row.source, held.row.document))
            .map(|held| held.hit((dot(&held.row.vector, vector) / (held.norm * length)) as f32))
            .collect();
        Ok(rank(hits, limit))
    }

    async fn search_text(
        &self,
        query: &TextQuery,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        let admission = Admission::new(filter);
        let terms = terms_of(query.text());
        let inner = self.read();
        let statistics = Statistics::over(inner.rows.iter().map(|held| held.terms.as_slice()), &terms);
        let hits = inner
            .rows
            .iter()
            .filter(|held| admission.admits(held.row.source, held.row.document))
            .map(|held| {
                held.hit(match query {
                    TextQuery::Words(_) => statistics.any_of(&terms, &held.terms),
                    TextQuery::Phrase(_) => statistics.phrase(&terms, &held.terms),
                })
            })
            .filter(|hit| hit.score > 0.0)
            .collect();
        Ok(rank(hits, limit))
    }

    async fn rows(&self) -> Result<usize, StoreError> {
        Ok(self.read().rows.len())
    }

    async fn revision_counts(&self) -> Result<Vec<(RevisionId, usize)>, StoreError> {
        let mut counts = BTreeMap::new();
        for held in &self.read().rows {
            *counts.entry(held.row.revision).or_insert(0) += 1;
        }
        Ok(counts.into_iter().collect())
    }

    async fn vectors(&self, revisions: &[RevisionId]) -> Result<Vec<(ChunkId, Vec<f32>)>, StoreError> {
        let inner = self.read();
        let wanted = inner.rows.iter().filter(|held| revisions.contains(&held.row.revision));
        Ok(wanted.map(|held| (held.row.chunk, held.row.vector.clone())).collect())
    }

    async fn maintain(&self, level: Maintenance) -> Result<MaintenanceReport, StoreError> {
        // Nothing grows stale here: rows are gone when deleted, and there is no index to fall behind.
        let inner = self.read();
        let bytes: usize =
            inner.rows.iter().map(|held| held.row.text.len() + 4 * held.row.vector.len()).sum();
        Ok(MaintenanceReport {
            rows: inner.rows.len(),
            fragments: usize::from(!inner.rows.is_empty()),
            bytes: bytes as u64,
            version: inner.version,
            done: if level == Maintenance::Erase { vec![MaintenanceStep::Prune] } else { Vec::new() },
            ..MaintenanceReport::default()
        })
    }
}
