//! A download that is not finished: the bytes so far, and a note of what they are the start of.
//!
//! The note names the content (its checksum where one is known), so bytes from one server can be
//! continued from another, and bytes of another revision are never continued.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::HubError;

/// The bytes and the note, side by side.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// The bytes so far.
    pub(crate) path: PathBuf,
    note: PathBuf,
}

/// What the bytes are the start of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartNote {
    /// The content, see [`crate::digest::Expected::identity`].
    pub(crate) identity: String,
    /// Where it was asked for.
    pub(crate) url: String,
    /// The server's entity tag, only if it promises the same bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
}

impl Part {
    /// The part of the file `name`, in a model's work folder.
    pub(crate) fn new(work: &Path, name: &str) -> Self {
        Self { path: work.join(format!("{name}.part")), note: work.join(format!("{name}.part.json")) }
    }

    /// Bytes so far, of whatever content.
    pub(crate) fn size(&self) -> u64 {
        disk::size_of(&self.path)
    }

    /// The note, if there are bytes that it describes.
    pub(crate) fn note(&self) -> Option<PartNote> {
        if self.size() == 0 {
            return None;
        }
        let text = std::fs::read(&self.note).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Starts over: notes what will come and throws away what was there.
    pub(crate) fn begin(&self, note: &PartNote) -> Result<(), HubError> {
        disk::remove_file(&self.path)?;
        self.rewrite_note(note)
    }

    /// Corrects the note of bytes that stay.
    pub(crate) fn rewrite_note(&self, note: &PartNote) -> Result<(), HubError> {
        let path = self.note.clone();
        let text = serde_json::to_vec(note).map_err(|source| HubError::Record { path, source })?;
        disk::write_whole(&self.note, &text)
    }

    /// Throws away bytes and note.
    pub(crate) fn discard(&self) -> Result<(), HubError> {
        disk::remove_file(&self.path)?;
        disk::remove_file(&self.note)
    }
}
