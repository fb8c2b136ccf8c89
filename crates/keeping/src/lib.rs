//! What a person keeps, as files: notes, backups of the whole library, and the folder it lies in.
//!
//! Nothing here is ever overwritten in place: a file is written beside its final name, flushed, and
//! renamed, and the folder is flushed too, so that a power cut leaves the old state or the new one.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod backup;
mod error;
mod files;
mod listing;
pub mod notes;
mod portable;
pub mod relocate;
mod tree;

pub use error::KeepingError;
