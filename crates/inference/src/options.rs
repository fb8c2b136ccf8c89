//! Settings of the engine that belong to no single request.

use std::path::PathBuf;
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

/// In how many bits the matrices of a model are multiplied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floats: the reference.
    F32,
    /// As [`Precision::Int8`], but activations in 16 bits and a chat model's keys and values in 32:
    /// as near to the reference as sums of floats are, at about twice the work.
    Int16,
    /// 8-bit integers with a scale for each 32 values, weights and activations alike; the weights of
    /// chat models in the format of their file.
    #[default]
    Int8,
}

impl Precision {
    /// The name in a [`docent_corpus::Profile`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Int16 => "int16",
            Self::Int8 => "int8",
        }
    }

    /// Whether what rounding activations to 8 bits leaves is kept.
    #[cfg(feature = "candle")]
    pub(crate) fn keeps_residual(self) -> bool {
        self == Self::Int16
    }
}

/// How models are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// Threads to compute with; 0 means one per physical core.
    pub threads: usize,
    /// Weights are dropped from memory after this long without a request.
    pub idle_unload: Duration,
    /// How matrices are multiplied; 32-bit floats are for comparisons.
    pub precision: Precision,
    /// Longest prompt and answer of a chat model together, in tokens; its own limit if missing.
    pub context_limit: Option<usize>,
    /// Most bytes of memory that a loaded chat model keeps of prompts it has read.
    pub prompt_cache_bytes: usize,
    /// Most bytes of memory that a loaded chat model keeps of passages that requests name.
    pub passage_cache_bytes: usize,
    /// Where chat models keep the state after their system prompt between starts; nowhere if missing.
    pub prompt_cache_folder: Option<PathBuf>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            threads: 0,
            idle_unload: Duration::from_secs(300),
            precision: Precision::default(),
            context_limit: None,
            prompt_cache_bytes: 256 << 20,
            passage_cache_bytes: 256 << 20,
            prompt_cache_folder: None,
        }
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
