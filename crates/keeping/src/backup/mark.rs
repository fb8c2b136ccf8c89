//! The mark of a restore: what is written down for the next start.

use super::Manifest;
use crate::KeepingError;
use crate::files::write_whole;
use crate::tree::remove_if_there;
use docent_library::DATABASE;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Says that what is unpacked is whole and wanted.
const READY: &str = "restore.ready";

/// What the next start has to know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Mark {
    /// Name of the folder, in the data folder, in which the present library will be kept. No path: the
    /// data folder may be moved before it is needed.
    pub(super) kept: String,
    /// When the restore was asked for, milliseconds since 1970.
    pub(super) asked_ms: i64,
    /// Whether an index was unpacked.
    pub(super) index: bool,
    /// Where the notes go. Written down before the first is copied: half of them must not make the
    /// start after an interruption take another folder.
    pub(super) notes: Option<PathBuf>,
    /// What is restored.
    pub(super) manifest: Manifest,
}

impl Mark {
    /// Writes it into the data folder.
    pub(super) fn write(&self, data: &Path) -> Result<(), KeepingError> {
        let path = data.join(READY);
        let json = serde_json::to_vec_pretty(self)
            .map_err(|error| KeepingError::file("writing", &path, io::Error::other(error)))?;
        write_whole(&path, &json)
    }

    /// The mark in a data folder, if there is one.
    ///
    /// # Errors
    /// When there is one that cannot be read, unless a library stands in the folder: it may have been
    /// moved away already, and an empty one must not take its place.
    pub(super) fn read(data: &Path) -> Result<Option<Self>, KeepingError> {
        let path = data.join(READY);
        let json = match fs::read(&path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(KeepingError::file("reading", &path, source)),
        };
        match serde_json::from_slice::<Self>(&json).ok().filter(Self::is_sound) {
            Some(mark) => Ok(Some(mark)),
            None if data.join(DATABASE).is_file() => {
                tracing::warn!("the mark of a restore is damaged; it is left alone");
                Ok(None)
            }
            None => {
                let reason = io::Error::new(io::ErrorKind::InvalidData, "the mark of a restore is damaged");
                Err(KeepingError::file("reading", &path, reason))
            }
        }
    }

    /// Takes it away, if there is one.
    pub(super) fn remove(data: &Path) -> Result<(), KeepingError> {
        remove_if_there(&data.join(READY))
    }

    /// Whether its name is one, and leads nowhere else.
    fn is_sound(&self) -> bool {
        Path::new(&self.kept).file_name().is_some_and(|name| name == self.kept.as_str())
    }
}

/// Whether a restore waits in a data folder: then its database may be in one of the other places.
pub(crate) fn restore_waits(data: &Path) -> bool {
    data.join(READY).is_file()
}
