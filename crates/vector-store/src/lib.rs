//! Where vectors and words of chunks are kept and searched: the only crate that names LanceDB and
//! arrow. A derived index, never the truth: text and places live in the library, a row found here
//! counts only while the library says that its revision is live, and a store that is lost is filled
//! again from there.
//!
//! Not here: fusing the two kinds of search, deciding what is live, ordering the steps of ingest.
//!
//! [`VectorStore`] is the trait; [`MemoryStore`] holds everything in memory and computes exactly
//! (for tests, and as the reference of recall); `LanceStore` (feature `lance`) is the one that
//! lasts. [`contract`] says by tests what both must do.

// The types of the engine's query futures are nested deeper than the default allows.
#![cfg_attr(feature = "lance", recursion_limit = "512")]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod bm25;
pub mod contract;
mod error;
#[cfg(feature = "lance")]
mod lance;
mod memory;
mod rank;
mod report;
mod store;

pub use error::{BoxError, StoreError, StoreStep};
#[cfg(feature = "lance")]
pub use lance::{CacheSizes, LanceConfig, LanceStore, OpenReport, configure_process, remove_tables};
pub use memory::MemoryStore;
pub use report::{Maintenance, MaintenanceReport, MaintenanceStep, StepFailure};
pub use store::{Filter, Row, TextQuery, VectorStore};

/// A chunk as a store found it.
pub use docent_corpus::Hit;
