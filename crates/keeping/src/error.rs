//! Why something could not be kept.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why something could not be kept. Nothing that was there before is lost by any of these.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeepingError {
    /// A file or folder could not be read or written.
    #[error("{step} {}: {source}", path.display())]
    File {
        /// What was being done.
        step: &'static str,
        /// With which path.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A name or folder that cannot be used.
    #[error("{} cannot be used: {reason}", path.display())]
    BadPath {
        /// The name or folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A folder that the library cannot be moved into.
    #[error("the library cannot be put into {}: {reason}", path.display())]
    UnsuitableFolder {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A folder that has to be empty and is not.
    #[error("{} is not empty", path.display())]
    FolderNotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// A file that is too large to be edited as a note.
    #[error("{} is too large to be edited as a note", path.display())]
    NoteTooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A file that is no text in UTF-8, so that editing it as a note would damage it.
    #[error("{} is not edited as a note and stays as it is: {problem}", path.display())]
    NoteEncoding {
        /// The file.
        path: PathBuf,
        /// What is wrong with its encoding.
        problem: String,
    },
    /// A folder that is in use is not there, as when its drive is not connected. Nothing is made in
    /// its place.
    #[error("{what} is not in {} now; is its drive connected?", path.display())]
    Away {
        /// What lies in it.
        what: &'static str,
        /// The folder.
        path: PathBuf,
    },
    /// There is something already at this place.
    #[error("there is something at {} already", path.display())]
    Taken {
        /// The place.
        path: PathBuf,
    },
    /// The file is no backup, or a damaged one, or one of a newer docent.
    #[error("{} is not a backup that can be restored: {reason}", path.display())]
    BadBackup {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The note does not exist.
    #[error("there is no note {path}")]
    NoSuchNote {
        /// Its path below the notes' folder.
        path: String,
    },
    /// The work was stopped on request.
    #[error("stopped")]
    Cancelled,
    /// The library failed.
    #[error(transparent)]
    Library(#[from] docent_library::LibraryError),
}

impl KeepingError {
    /// A stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { step, source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "full",
                io::ErrorKind::NotFound => "not_found",
                io::ErrorKind::InvalidFilename => "bad_path",
                io::ErrorKind::ReadOnlyFilesystem => "not_writable",
                io::ErrorKind::PermissionDenied if writes(step) => "not_writable",
                io::ErrorKind::PermissionDenied => "permission_denied",
                _ => "file",
            },
            Self::BadPath { .. } => "bad_path",
            Self::UnsuitableFolder { .. } => "folder_unsuitable",
            Self::FolderNotEmpty { .. } => "folder_not_empty",
            Self::NoteTooLarge { .. } => "too_large",
            Self::NoteEncoding { .. } => "note_encoding",
            Self::Away { .. } => "away",
            Self::Taken { .. } => "taken",
            Self::BadBackup { .. } => "bad_backup",
            Self::NoSuchNote { .. } => "no_such_note",
            Self::Cancelled => "cancelled",
            Self::Library(source) => source.code(),
        }
    }

    pub(crate) fn file(step: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::File { step, path: path.as_ref().to_owned(), source }
    }

    pub(crate) fn away(what: &'static str, path: impl AsRef<Path>) -> Self {
        Self::Away { what, path: path.as_ref().to_owned() }
    }

    pub(crate) fn bad_path(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::BadPath { path: path.as_ref().to_owned(), reason: reason.into() }
    }

    pub(crate) fn unsuitable(path: impl AsRef<Path>, reason: impl Into<String>) -> Self {
        Self::UnsuitableFolder { path: path.as_ref().to_owned(), reason: reason.into() }
    }
}

/// Whether a step of [`KeepingError::File`] changes something: what is not allowed then is writing, and
/// the system's error is the same as for reading.
fn writes(step: &str) -> bool {
    matches!(
        step,
        "writing" | "writing into" | "making" | "naming" | "renaming" | "flushing" | "moving" | "removing"
    )
}

impl From<docent_corpus::Cancelled> for KeepingError {
    fn from(_: docent_corpus::Cancelled) -> Self {
        Self::Cancelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_written_is_told_apart_from_what_may_not_be_read() {
        let code = |step, kind: io::ErrorKind| KeepingError::file(step, "a.md", kind.into()).code();
        for step in ["writing", "writing into", "making", "naming", "renaming", "flushing", "removing"] {
            assert_eq!(code(step, io::ErrorKind::PermissionDenied), "not_writable", "{step}");
            assert_eq!(code(step, io::ErrorKind::StorageFull), "full", "{step}");
            assert_eq!(code(step, io::ErrorKind::NotFound), "not_found", "{step}");
        }
        assert_eq!(code("reading", io::ErrorKind::PermissionDenied), "permission_denied");
        assert_eq!(code("opening", io::ErrorKind::ReadOnlyFilesystem), "not_writable");
        assert_eq!(code("writing", io::ErrorKind::InvalidFilename), "bad_path");
    }
}
