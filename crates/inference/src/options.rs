//! Settings of the engine that belong to no single request.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Who waits for a request. A model serves every waiting [`Priority::Interactive`] request before
/// the next step of a [`Priority::Bulk`] one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// A person is waiting.
    #[default]
    Interactive,
    /// Background work, such as indexing.
    Bulk,
}

/// How models are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// Threads to compute with; 0 means one per physical core.
    pub threads: usize,
    /// Weights are dropped from memory after this long without a request.
    pub idle_unload: Duration,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { threads: 0, idle_unload: Duration::from_secs(300) }
    }
}

/// What the engine computes on, for people and for bug reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// `cpu`; later also the name of a GPU.
    pub device: String,
    /// Instruction sets that the processor offers and the kernels can use, such as `avx2`.
    pub features: Vec<String>,
    /// Threads that compute.
    pub threads: usize,
    /// Why this device was chosen.
    pub reason: String,
}
