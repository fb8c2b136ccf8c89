//! A backup: the whole library in one ZIP file that any program can look into.
//!
//! | member | is |
//! |---|---|
//! | `docent-backup.json` | [`Manifest`], written last, so that a file that was cut short has none |
//! | `app.db` | the database at one moment |
//! | `lance/…` | the table that questions are asked of, if vectors go along |
//! | `notes/…` | the notes' folder |

mod aside;
mod date;
mod exchange;
mod mark;
mod member_file;
mod members;
mod restore;
mod restored_notes;
mod write;

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

pub use aside::put_aside;
pub use exchange::apply_pending;
pub(crate) use mark::restore_waits;
pub use restore::{Preparing, inspect, prepare};
pub use write::{Contents, write};

/// Name of the manifest in the file.
const MANIFEST: &str = "docent-backup.json";
/// Version of the form of a backup. A larger one is refused.
const FORMAT: u32 = 1;
/// Folder of the index, in the data folder and in a backup.
const INDEX: &str = "lance";
/// Folder of the notes in a backup.
const NOTES: &str = "notes";
/// Where a backup is unpacked, in the data folder.
const UNPACKED: &str = "restore.new";

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the form of the file.
    pub format: u32,
    /// Version of the docent that made it.
    pub docent: String,
    /// When it was made, milliseconds since 1970.
    pub created_ms: i64,
    /// Documents that can be found.
    pub documents: u32,
    /// Notes.
    pub notes: u32,
    /// Conversations.
    pub conversations: u32,
    /// Whether it has vectors.
    pub vectors: bool,
    /// The source whose files are the notes, and where they lay.
    pub notes_source: Option<NotesSource>,
    /// What lies in the notes' folder but could not be taken along, by its path below it.
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// Where the notes of a backup come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotesSource {
    /// The source's id in the library.
    pub source: i64,
    /// The folder on the machine that made the backup.
    pub folder: String,
}

/// A restore: what the next start will do, or what this one did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Where the library before it is kept.
    pub kept: PathBuf,
    /// Where the notes lie; known once they were brought there.
    pub notes: Option<PathBuf>,
    /// What is restored.
    pub manifest: Manifest,
}

#[cfg(test)]
mod tests;
