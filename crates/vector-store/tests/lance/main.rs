//! The store that lasts, on real folders: the contract every store keeps, damage of every kind that a
//! power cut or a bad disk leaves, killed processes, maintenance, and agreement with the exact store.

// The types of the engine's query futures are nested deeper than the default allows.
#![recursion_limit = "512"]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod agreement;
mod damage;
mod erase;
mod folder;
mod killed;
mod maintenance;

use docent_vector_store::{CacheSizes, LanceConfig, LanceStore, OpenReport, Row, StoreError, contract};
use std::path::Path;
use tempfile::TempDir;

const TABLE: &str = "chunks_p1_g1";

fn config(folder: &Path, dimension: usize) -> LanceConfig {
    LanceConfig {
        folder: folder.to_owned(),
        table: TABLE.to_owned(),
        dimension,
        caches: CacheSizes { index_bytes: 64 << 20, metadata_bytes: 16 << 20 },
        durable_version: None,
        read_only: false,
    }
}

async fn open(folder: &Path) -> (LanceStore, OpenReport) {
    open_with(config(folder, contract::DIMENSION)).await.expect("open")
}

async fn open_with(config: LanceConfig) -> Result<(LanceStore, OpenReport), StoreError> {
    LanceStore::open(config).await
}

async fn fresh() -> (TempDir, LanceStore) {
    let folder = tempfile::tempdir().expect("a folder");
    let (store, report) = open(folder.path()).await;
    assert!(report.created && !report.replaced);
    (folder, store)
}

mod contract_holds {
    use super::fresh;

    docent_vector_store::contract_tests!(fresh);
}

/// A reproducible stream of numbers (xorshift64*, Vigna 2016).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// From -1 to 1.
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    fn vector(&mut self, dimension: usize) -> Vec<f32> {
        (0..dimension).map(|_| self.unit()).collect()
    }
}

/// Rows `from..to` with random vectors and a word of their own each.
fn rows(from: i64, to: i64, dimension: usize) -> Vec<Row> {
    let mut numbers = Numbers(from as u64 + 1);
    (from..to)
        .map(|id| Row {
            vector: numbers.vector(dimension),
            ..contract::row(id, &format!("shared unique{id} 中文 text"), contract::axis(0))
        })
        .collect()
}
