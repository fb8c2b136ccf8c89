//! The vocabulary every other crate of docent speaks: what a document is, where a piece of text
//! stands in it, what a chunk, a passage and a citation are. A leaf: values and ids, no behaviour
//! that touches a disk, a clock or a model.
//!
//! # Terminology
//!
//! - **Source**: a folder or file the user gave.
//! - **Document**: one file of a source; **Revision**: one state of its content.
//! - **Canonical text**: the readable text of a revision as one string. All spans index it.
//! - **Block**: a heading, paragraph, list item, table… of it; **Place**: where that block stands in
//!   the original file (lines and bytes, page and boxes, element, slide, cells, part of a mail…).
//! - **Span**: a byte range of the canonical text, always on character borders.
//! - **Chunk**: what is embedded and indexed; **Passage**: a chunk as it is shown and given to the model.
//! - **Citation**: a sentence of an answer tied to a span of a stored revision.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod cancel;
mod document;
mod evidence;
mod format;
mod id;
mod place;
mod profile;

pub use cancel::{Cancel, Cancelled};
pub use document::{Block, BlockKind, DocumentText, Metadata, SourceWarning, Span};
pub use evidence::{Citation, Hit, Leg, Passage};
pub use format::Format;
pub use id::{
    BatchId, ChunkId, CollectionId, ConversationId, DocumentId, MessageId, ProfileId, RevisionId, SourceId,
};
pub use place::{CellRange, Place, Rect, Run, Spot, TextBox};
pub use profile::{Pooling, Profile};
