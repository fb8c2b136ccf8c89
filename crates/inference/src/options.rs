//! Settings of the engine that belong to no single request.

use std::fmt;
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

/// What a person wants chat models to be computed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceChoice {
    /// A GPU if there is one that works, else the processor.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// A GPU; the processor all the same if none works.
    Gpu,
}

/// How models are run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// Threads to compute with. One pool serves all models of a process: what is asked for before the
    /// first of them computes counts. 0 leaves what the process was configured with.
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
    /// What chat models are computed on.
    pub device: DeviceChoice,
    /// The executable that computes on an NVIDIA GPU, if one lies beside docent.
    pub gpu_engine: Option<PathBuf>,
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
            device: DeviceChoice::default(),
            gpu_engine: None,
        }
    }
}

/// What chat models are computed on, for people and for bug reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// `cpu`, or the GPU's name.
    pub device: String,
    /// Instruction sets that the processor offers and the kernels can use, such as `avx2`.
    pub features: Vec<String>,
    /// Threads that compute on the processor.
    pub threads: usize,
    /// Why this device was chosen.
    pub reason: DeviceReason,
}

/// Why chat models are computed on the device that they are computed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DeviceReason {
    /// The processor was asked for.
    CpuAsked,
    /// Neither this build nor a program beside it can use a GPU.
    NoGpuSupport,
    /// No GPU or no driver was found.
    NoGpu,
    /// A GPU was found, but it does not work: the processor does it.
    GpuFailed {
        /// What was met.
        detail: String,
    },
    /// A GPU was found and works, but could not take the model: the processor computes that one.
    ModelRefused {
        /// What was met.
        detail: String,
    },
    /// A GPU was found, and nothing else was asked for.
    GpuFound,
    /// The GPU was asked for.
    GpuAsked,
}

impl fmt::Display for DeviceReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CpuAsked => f.write_str("the processor was asked for"),
            Self::NoGpuSupport => f.write_str("neither this build nor a program beside it can use a GPU"),
            Self::NoGpu => f.write_str("no GPU or no driver for it was found"),
            Self::GpuFailed { detail } => write!(f, "a GPU was found, but it does not work: {detail}"),
            Self::ModelRefused { detail } => write!(f, "the GPU cannot take the model: {detail}"),
            Self::GpuFound => f.write_str("a GPU was found"),
            Self::GpuAsked => f.write_str("the GPU was asked for"),
        }
    }
}
