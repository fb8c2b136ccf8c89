//! Encoders of every architecture, with small made-up weights, against what other programs compute
//! for them (`tests/reference/make_encoders.py`); and what is refused.
#![cfg(feature = "candle")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod embedding;
mod fixture;
mod refused;
mod reranking;
