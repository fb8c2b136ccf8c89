//! The store that lasts: one LanceDB table per profile, in a folder of its own.
//!
//! What this module adds to LanceDB: every write has reached the disk when it returns
//! ([`disk`]), a table that a power cut has damaged is opened at its newest sound state
//! ([`open`]), maintenance whose steps fail alone ([`maintain`]), and searches whose order
//! does not depend on how rows are spread over files ([`search`]).
//!
//! One process at a time may open a folder; the library's lock sees to that.

mod caches;
mod disk;
mod erase;
mod files;
mod index;
mod maintain;
mod open;
mod process;
mod readers;
mod sample;
mod schema;
mod search;
mod select;
mod verify;

use crate::store::{check_rows, check_vector};
use crate::{Filter, Maintenance, MaintenanceReport, Row, StoreError, StoreStep, TextQuery, VectorStore};
use docent_corpus::{BatchId, ChunkId, Hit, RevisionId};
use futures::TryStreamExt;
use lancedb::Table;
use lancedb::query::{ExecutableQuery, QueryBase, Select};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{Mutex, OwnedMutexGuard};

pub use caches::CacheSizes;
pub use disk::remove_tables;
pub use process::configure_process;

/// Where a table is and how much memory it may use.
#[derive(Clone, Debug)]
pub struct LanceConfig {
    /// The folder of all tables; made if missing.
    pub folder: PathBuf,
    /// Name of the table: letters, digits, `_` and `-`.
    pub table: String,
    /// Length of its vectors.
    pub dimension: usize,
    /// Memory for what it has read.
    pub caches: CacheSizes,
    /// A version whose files are known to be sound (from a [`MaintenanceReport`] without failures):
    /// only what came after it is read in full when opening. `None` reads everything.
    pub durable_version: Option<u64>,
    /// Whether nothing can be written to the folder. Then the table must be there and is not checked, and
    /// every change of it is an error.
    pub read_only: bool,
}

/// What opening a table came to. Every case but an untouched table asks the caller to compare its
/// batches with the table's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// There was no table; an empty one was made.
    pub created: bool,
    /// How many descriptions of newer versions could not be read and were set aside as `.corrupt`.
    pub quarantined_manifests: usize,
    /// The table went back to an earlier version because files of newer ones were damaged.
    pub rolled_back: bool,
    /// The table was beyond repair: its folder was renamed to `….bad-<n>` and an empty table made.
    /// All rows must be written again.
    pub replaced: bool,
    /// Names of indexes that could not be read and were emptied; maintenance fills them again.
    pub reset_indexes: Vec<String>,
    /// Everything written at this version or before is in the table. Batches written later than it
    /// are lost if the table was rolled back or manifests were quarantined.
    pub version: u64,
}

/// Vectors and words in a LanceDB table. Cheap to clone; clones share the table.
#[derive(Clone)]
pub struct LanceStore {
    shared: Arc<Shared>,
}

/// What searches, writes and maintenance work on.
struct Shared {
    table: Table,
    folder: PathBuf,
    dimension: usize,
    writer: Arc<Mutex<Writer>>,
    readers: readers::Readers,
}

/// What only the one writer touches.
#[derive(Debug, Default)]
struct Writer {
    consecutive_failures: u32,
    /// Whether leftovers of earlier processes have been swept.
    swept: bool,
}

impl std::fmt::Debug for LanceStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LanceStore")
            .field("folder", &self.shared.folder)
            .field("dimension", &self.shared.dimension)
            .finish_non_exhaustive()
    }
}

impl LanceStore {
    /// Opens the table, or makes it. A table damaged by a power cut is brought back to its newest
    /// sound version; nothing is deleted on the way, what cannot be used is renamed.
    ///
    /// # Errors
    /// [`StoreError::NoHardLinks`] and [`StoreError::Folder`] when the folder cannot be used,
    /// [`StoreError::TooNew`] when a later program wrote the table, [`StoreError::Dimension`] when
    /// it holds vectors of another length, [`StoreError::Engine`] otherwise.
    pub async fn open(config: LanceConfig) -> Result<(Self, OpenReport), StoreError> {
        let (table, folder, report) = Box::pin(open::open(&config)).await?;
        let shared = Shared {
            table,
            folder,
            dimension: config.dimension,
            writer: Arc::default(),
            readers: readers::Readers::default(),
        };
        Ok((Self { shared: Arc::new(shared) }, report))
    }

    /// Folder of the table on disk.
    pub fn folder(&self) -> &std::path::Path {
        &self.shared.folder
    }

    /// Runs `work` as the only writer, in a task of its own: a caller that stops waiting does not
    /// stop the write half-way, and a panic of the engine becomes an error.
    async fn write<T, W>(
        &self,
        step: StoreStep,
        work: impl FnOnce(Arc<Shared>, OwnedMutexGuard<Writer>) -> W,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let writer = self.shared.writer.clone().lock_owned().await;
        match tokio::spawn(work(self.shared.clone(), writer)).await {
            Ok(result) => result,
            Err(panic) => Err(StoreError::engine(step, panic)),
        }
    }

    async fn delete(&self, filters: Vec<String>) -> Result<(), StoreError> {
        self.write(StoreStep::Delete, |shared, writer| async move {
            for filter in filters {
                // A delete that matches nothing would still make a version.
                if shared.count(Some(filter.clone())).await? > 0 {
                    let deleted = shared.table.delete(filter.as_str()).await;
                    deleted.map_err(|error| StoreError::engine(StoreStep::Delete, error))?;
                }
            }
            drop(writer);
            Ok(())
        })
        .await
    }
}

impl Shared {
    async fn count(&self, filter: Option<String>) -> Result<usize, StoreError> {
        self.table.count_rows(filter).await.map_err(|error| StoreError::engine(StoreStep::Count, error))
    }

    async fn version(&self) -> Result<u64, StoreError> {
        self.table.version().await.map_err(|error| StoreError::engine(StoreStep::Count, error))
    }

    async fn append(&self, rows: Vec<Row>) -> Result<u64, StoreError> {
        let before = self.version().await?;
        let batch = schema::to_batch(&rows, self.dimension)
            .map_err(|error| StoreError::engine(StoreStep::Append, error))?;
        let error = match self.table.add(batch).write_parallelism(1).execute().await {
            Ok(added) => return Ok(added.version),
            Err(error) => error,
        };
        // An error may hide a commit that has landed. We are the only writer, so a newer version
        // can only be ours.
        if self.table.checkout_latest().await.is_ok() {
            let now = self.version().await?;
            if now > before {
                tracing::warn!(%error, version = now, "the write reported an error but has landed");
                return Ok(now);
            }
        }
        Err(StoreError::engine(StoreStep::Append, error))
    }
}

#[async_trait::async_trait]
impl VectorStore for LanceStore {
    fn dimension(&self) -> usize {
        self.shared.dimension
    }

    async fn append(&self, rows: Vec<Row>) -> Result<u64, StoreError> {
        check_rows(&rows, self.shared.dimension)?;
        if rows.is_empty() {
            return self.shared.version().await;
        }
        self.write(StoreStep::Append, |shared, writer| async move {
            let version = shared.append(rows).await;
            drop(writer);
            version
        })
        .await
    }

    async fn count_batch(&self, batch: BatchId) -> Result<usize, StoreError> {
        let _reading = self.shared.readers.enter();
        self.shared.count(Some(select::equals(schema::BATCH, batch.0))).await
    }

    async fn delete_batch(&self, batch: BatchId) -> Result<(), StoreError> {
        self.delete(vec![select::equals(schema::BATCH, batch.0)]).await
    }

    async fn delete_revisions(&self, revisions: &[RevisionId]) -> Result<(), StoreError> {
        let ids: Vec<i64> = revisions.iter().map(|revision| revision.0).collect();
        self.delete(
            ids.chunks(select::LONGEST_LIST).map(|ids| select::one_of(schema::REVISION, ids)).collect(),
        )
        .await
    }

    async fn search_vector(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        check_vector(vector, self.shared.dimension, None)?;
        let _reading = self.shared.readers.enter();
        search::by_vector(&self.shared.table, vector, filter, limit).await
    }

    async fn search_text(
        &self,
        query: &TextQuery,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        let _reading = self.shared.readers.enter();
        search::by_words(&self.shared.table, query, filter, limit).await
    }

    async fn rows(&self) -> Result<usize, StoreError> {
        let _reading = self.shared.readers.enter();
        self.shared.count(None).await
    }

    async fn version(&self) -> Result<Option<u64>, StoreError> {
        self.shared.version().await.map(Some)
    }

    async fn revision_counts(&self) -> Result<Vec<(RevisionId, usize)>, StoreError> {
        let failed = |error| StoreError::engine(StoreStep::Scan, error);
        let _reading = self.shared.readers.enter();
        let query = self.shared.table.query().select(Select::columns(&[schema::REVISION]));
        let mut stream = query.execute().await.map_err(failed)?;
        let mut counts = BTreeMap::new();
        while let Some(batch) = stream.try_next().await.map_err(failed)? {
            for id in schema::ids(&batch, schema::REVISION)? {
                *counts.entry(RevisionId(*id)).or_insert(0) += 1;
            }
        }
        Ok(counts.into_iter().collect())
    }

    async fn vectors(&self, revisions: &[RevisionId]) -> Result<Vec<(ChunkId, Vec<f32>)>, StoreError> {
        let failed = |error| StoreError::engine(StoreStep::Scan, error);
        let _reading = self.shared.readers.enter();
        let ids: Vec<i64> = revisions.iter().map(|revision| revision.0).collect();
        let mut found = Vec::new();
        for ids in ids.chunks(select::LONGEST_LIST) {
            let columns = Select::columns(&[schema::CHUNK, schema::VECTOR]);
            let query = self.shared.table.query().select(columns);
            let query = query.only_if(select::one_of(schema::REVISION, ids));
            let mut stream = query.execute().await.map_err(failed)?;
            while let Some(batch) = stream.try_next().await.map_err(failed)? {
                for (at, id) in schema::ids(&batch, schema::CHUNK)?.iter().enumerate() {
                    found.push((ChunkId(*id), schema::vector(&batch, at)?));
                }
            }
        }
        Ok(found)
    }

    async fn maintain(&self, level: Maintenance) -> Result<MaintenanceReport, StoreError> {
        self.write(StoreStep::Maintain, |shared, mut writer| async move {
            maintain::maintain(&shared, &mut writer, level).await
        })
        .await
    }
}
