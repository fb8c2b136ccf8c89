//! Reads files into clean text with exact places: what a file says, block by block, and where each
//! block stands in the original (lines and bytes, page and boxes, element).
//!
//! Strangers' files are parsed in another process: [`Extractor`] keeps a pool of
//! `docent-extract-worker` processes with limits on time and memory, checks everything they say and
//! replaces them when they crash, hang or lie. [`InProcess`] runs the same readers without that
//! isolation, for tests and benchmarks.
//!
//! What this crate is not: it knows nothing of chunks, of the index or of the library, reads no
//! clock for content, no environment variable and no home folder.
//!
//! # How a document flows
//!
//! `sniff` decides the format → a reader (`read`) turns the file into messages (`message`) → they
//! travel in frames (`frame`) → the parent checks and collects them (`collect`); lines of PDF pages
//! are made into headings, paragraphs and furniture only there (`assemble`), with the whole document
//! in view.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod assemble;
mod block_text;
mod collect;
mod content;
mod encoding;
mod error;
mod frame;
#[cfg(test)]
mod fuzz;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod in_process;
mod limits;
mod message;
mod packing;
mod parent;
mod patience;
mod read;
mod recognize;
mod request_channel;
mod scans;
mod script;
mod sniff;
mod stack;
mod worker;
mod writer;

use docent_corpus::{Cancel, DocumentText};
use std::path::Path;

pub use error::ExtractError;
pub use in_process::InProcess;
pub use limits::{Limits, WorkerConfig};
#[doc(hidden)]
pub use message::{Fault, FaultKind};
pub use parent::Extractor;
pub use recognize::{Recognition, RecognizerStatus, find_recognizer, recognizer_language_name};
pub use sniff::{Sniffed, sniff, supported_extensions};
pub use worker::worker_main;

/// Version of everything that decides what text comes out of a file. Raised when that changes, so
/// that documents read by an older version are read again.
pub const VERSION: &str = "extract-8";

/// One page of a document as a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageImage {
    /// The picture as PNG (8-bit RGB).
    pub png: Vec<u8>,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Something that reads files. Blocking: call it where blocking is allowed.
pub trait Extract: Send + Sync {
    /// Reads one file. `on_page` hears how many pages are done and of how many, for formats that
    /// have pages. Stops within about 100 ms of `cancel`.
    ///
    /// # Errors
    /// Every reason why nothing could be read; what was read only in part is a warning of the result.
    fn extract(
        &self,
        path: &Path,
        cancel: &Cancel,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<DocumentText, ExtractError>;

    /// Draws one page of a PDF or of a picture, counted from 0, `width_px` pixels wide (at most 2,400).
    ///
    /// # Errors
    /// [`ExtractError::Unsupported`] for a file without pages, and every reason of `extract`.
    fn render_page(
        &self,
        path: &Path,
        page: u32,
        width_px: u32,
        cancel: &Cancel,
    ) -> Result<PageImage, ExtractError>;

    /// Version of the readers, part of a reading's identity.
    fn version(&self) -> &'static str;
}
