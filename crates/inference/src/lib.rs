//! Models on this machine: text to vectors ([`Embedder`]), a question and passages to scores
//! ([`Reranker`]), and chat to text ([`Generator`]).
//!
//! It is the only crate that names candle. It reads model files, tokenises, computes, samples and
//! streams; it does not know what a document, a prompt about documents or a citation is, and it
//! fetches nothing: paths come in as [`EmbedderFiles`], [`RerankerFiles`] and [`GeneratorFiles`].
//!
//! Without the feature `candle` only the traits, the request types, the errors and [`fake`] exist,
//! so that whatever merely speaks to a model builds and tests in seconds. With it, `open_embedder`,
//! `open_reranker` and `open_generator` read a model's header and tokenizer at once, and its weights
//! at the first request, on a thread of its own. Chat models may also be computed on a GPU: of this
//! process, if it is built with `cuda` or `metal`, or by a program beside it ([`remote`]).

#![deny(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[cfg(feature = "candle")]
mod decoder;
mod embed;
#[cfg(feature = "candle")]
mod embedder;
#[cfg(feature = "candle")]
mod encoder;
mod error;
pub mod fake;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod generate;
#[cfg(feature = "candle")]
mod generator;
#[cfg(feature = "candle")]
mod gguf;
mod gpu;
#[cfg(feature = "candle")]
mod mapped;
mod options;
#[cfg(feature = "candle")]
mod processor;
pub mod remote;
mod rerank;
#[cfg(feature = "candle")]
mod reranker;
#[cfg(feature = "candle")]
mod sampling;
#[cfg(feature = "candle")]
mod template;
#[cfg(feature = "candle")]
mod tensors;
#[cfg(all(test, feature = "candle"))]
mod testing;
#[cfg(feature = "candle")]
mod tokenizer;
#[cfg(feature = "candle")]
mod worker;

pub use embed::{EmbedKind, Embedder, EmbedderFiles};
pub use error::InferenceError;
pub use generate::{
    AdapterFile, ChatMessage, GenerateEvent, GenerateRequest, GenerateStats, Generator, GeneratorFiles,
    GeneratorInfo, ModelMemory, Role, Sampling, StopReason,
};
pub use gpu::NoGpu;
pub use options::{DeviceChoice, DeviceReason, DeviceReport, EngineConfig, Precision, Priority};
pub use rerank::{Reranker, RerankerFiles, RerankerInfo};

#[cfg(feature = "candle")]
pub use {
    embedder::open_embedder,
    generator::{check_architecture, open_generator, open_generator_on, open_generator_with_clock},
    gpu::{ComputeDevice, device_report},
    processor::configure_process,
    reranker::open_reranker,
    template::Clock,
};
