//! The library: everything docent knows about a person's documents, in one SQLite database. Sources,
//! collections, documents, revisions with their text, chunks, the journal of index batches, profiles,
//! conversations and settings.
//!
//! The database is the only truth: rows of the vector index count only while this crate says that
//! their revision is live, and whatever that index loses is written again from here.
//!
//! Not here: reading files, embedding, the index itself. Nothing in this crate reads a clock or an
//! environment variable; paths and times come from the caller. All calls block; asynchronous callers
//! run them on a blocking thread.
//!
//! # The journal
//!
//! 1. [`Library::open_batch`] stores text and chunks as *staged*, durably, before any index is touched.
//!    A document that is new is live at once and found by words ([`Library::search_unindexed`]).
//! 2. The caller embeds the chunks, 3. appends the rows to the index, 4. durably.
//! 5. [`Library::publish_batch`] makes the revisions live and retires those they replace, in one
//!    transaction: the moment readers change from old to new.
//! 6. The caller removes the index rows of [`Library::pending_purges`] and reports back with
//!    [`Library::finish_purges`].
//!
//! After a crash [`Library::open_batches`] tells what is to be finished or done again.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod batches;
mod chunks;
mod codec;
mod collections;
mod connection;
mod conversations;
mod copies;
mod counts;
mod documents;
mod erase;
mod error;
mod files;
mod forget;
mod forgotten;
mod journal;
mod like;
mod listing;
mod lock;
mod migrate;
mod notes;
mod path;
mod profiles;
mod purges;
mod reading;
mod row;
mod rules;
mod sealed;
mod settings;
mod snapshot;
mod sources;
mod standing;
mod text;
mod twins;
mod unindexed;
mod unreadable;

pub use batches::{NewChunk, NewRevision, OpenBatch};
pub use chunks::StoredChunk;
pub use collections::{Collection, Members};
pub use connection::{Library, Opened};
pub use conversations::{Conversation, Message, MessageRole, NewMessage};
pub use counts::{DocumentCounts, SourceSummary};
pub use documents::{Document, DocumentState};
pub use error::LibraryError;
pub use files::{MovedFile, Seen, SeenFile};
pub use listing::DocumentFilter;
pub use lock::FolderLock;
pub use notes::{Backlink, NoteVersion};
pub use profiles::{IndexState, ProfileState, StoredProfile};
pub use reading::Verdict;
pub use rules::SourceRules;
pub use sealed::Sealed;
pub use snapshot::DATABASE;
pub use sources::{Source, SourceKind};
pub use standing::Standing;
pub use text::RevisionText;
pub use unindexed::UnindexedQuery;
pub use unreadable::{UnreadablePlace, UnreadablePlaces};

#[cfg(test)]
mod testing;
