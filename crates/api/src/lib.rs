//! docent as others drive it: one handler per command, over a narrow [`Host`].
//!
//! This crate ties the parts together (library, store, models, ingest, answer) and knows no window
//! and no terminal: the shell and the command line are two hosts of the same [`Api`], a test is a
//! third. It may grow by a command when somebody needs one; rules about finding, reading or
//! answering belong into the crates below.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod advice;
mod bindings;
mod commands;
mod device;
mod dispatch;
mod engine;
mod error;
mod finding;
mod handlers;
mod host;
mod indexer;
mod locked;
mod memory;
mod mend;
mod notes_memory;
mod open;
mod own_data;
mod pace;
mod places;
mod reading;
mod rebuild;
mod requests;
mod sink;
mod watch;
pub mod wire;

pub use advice::advice;
pub use bindings::typescript;
pub use host::{Host, SilentHost};
pub use memory::total_memory;
pub use open::Api;
pub use places::{Places, Resources, configure_process};
pub use sink::Sink;
pub use wire::convert::iso_time;
