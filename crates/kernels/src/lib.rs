//! What the engine computes on a processor: packed integer matrices, attention, norms, on one pool
//! of threads and on the best instructions there are.
//!
//! The crate knows nothing of models, files or tensors. It is the only one with unsafe code, and
//! has no dependency that computes, so that its tests build and run in seconds.
//!
//! Every kernel gives the same bits on every tier and for every number of rows: a token that is
//! decoded alone equals the same token read in a batch. Reuse of prompts and the verification of
//! drafts rest on that.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod activations;
mod attention;
mod format;
mod gate;
mod matmul;
mod matrix;
mod normal;
mod pool;
mod rope;
mod rows;
mod simd;
mod tier;
mod transcendental;

pub use activations::{Activations, Kept, Norm};
pub use attention::{KeyValues, Queries, Sequences, Stored, attend, attend_sequences};
pub use format::Format;
pub use gate::gate;
pub use matmul::{Activation, Epilogue, gated_matmul, matmul, matmul_quantised};
pub use matrix::Matrix;
pub use normal::{layer_norm, rms_norm};
pub use pool::Pool;
pub use rope::{Pairs, Rope};
pub use rows::Rows;
pub use tier::{Cpu, Tier};
pub use transcendental::{exp_in_place, gelu_erf_in_place, gelu_tanh_in_place, silu_in_place};
