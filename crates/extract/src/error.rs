//! Why a file could not be read.

use std::io;
use std::path::PathBuf;
use std::time::Duration;
use thiserror::Error;

/// Why a file could not be read. Every variant has a stable [`code`](ExtractError::code).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// There is no such file.
    #[error("the file does not exist")]
    NotFound,
    /// The file may not be opened.
    #[error("no permission to read the file")]
    PermissionDenied,
    /// The system could not read the file.
    #[error("the file could not be read: {source}")]
    Read {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file holds nothing, or only white space.
    #[error("the file is empty")]
    Empty,
    /// The file is of a type that is not read.
    #[error("files of this type are not read: {kind}")]
    Unsupported {
        /// The type in words, such as "PNG image".
        kind: String,
    },
    /// The file wants a password.
    #[error("the file is encrypted and needs a password")]
    Encrypted,
    /// The file is not what it claims to be, or broken.
    #[error("the file is damaged: {reason}")]
    Damaged {
        /// What is wrong with it.
        reason: String,
    },
    /// The file exceeds a limit.
    #[error("the file is too large: {limit}")]
    TooLarge {
        /// Which limit, in words.
        limit: String,
    },
    /// The process that read the file died, twice.
    #[error("reading the file crashed: {reason}")]
    Crashed {
        /// How it died.
        reason: String,
    },
    /// The process that read the file was killed from outside, twice; most likely memory was short.
    #[error("reading the file was interrupted: {reason}")]
    Interrupted {
        /// What happened to it.
        reason: String,
    },
    /// Reading took too long.
    #[error("reading the file took longer than {} s", after.as_secs())]
    TimedOut {
        /// The limit that was reached.
        after: Duration,
    },
    /// The file was read but holds no readable text (scanned pages, pictures only).
    #[error("the file has no readable text")]
    NoText,
    /// The file holds only pictures, each of which was looked through for text; there is none.
    #[error("text was looked for in the pictures of the file, and none was found")]
    NothingRecognized,
    /// The worker executable is not where it should be.
    #[error("the reading program is missing at {}", path.display())]
    WorkerMissing {
        /// Where it was expected.
        path: PathBuf,
    },
    /// The PDFium library is missing or unusable.
    #[error("the PDF library is missing or cannot be loaded")]
    PdfiumMissing,
    /// The work was stopped on request.
    #[error("stopped")]
    Cancelled,
}

impl ExtractError {
    /// Stable name for the database, the wire and tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::PermissionDenied => "permission_denied",
            Self::Read { .. } => "read_failed",
            Self::Empty => "empty",
            Self::Unsupported { .. } => "unsupported",
            Self::Encrypted => "encrypted",
            Self::Damaged { .. } => "damaged",
            Self::TooLarge { .. } => "too_large",
            Self::Crashed { .. } => "crashed",
            Self::Interrupted { .. } => "interrupted",
            Self::TimedOut { .. } => "timed_out",
            Self::NoText => "no_text",
            Self::NothingRecognized => "nothing_recognized",
            Self::WorkerMissing { .. } => "worker_missing",
            Self::PdfiumMissing => "pdfium_missing",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether trying again is pointless until the file or the extractor changes.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Empty
            | Self::Unsupported { .. }
            | Self::Encrypted
            | Self::Damaged { .. }
            | Self::TooLarge { .. }
            | Self::Crashed { .. }
            | Self::NoText
            | Self::NothingRecognized => true,
            Self::NotFound
            | Self::PermissionDenied
            | Self::Read { .. }
            | Self::Interrupted { .. }
            | Self::TimedOut { .. }
            | Self::WorkerMissing { .. }
            | Self::PdfiumMissing
            | Self::Cancelled => false,
        }
    }

    /// Sorts an error of opening or reading a file.
    pub(crate) fn from_io(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::NotFound,
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            _ => Self::Read { source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_may_come_back_and_a_broken_one_will_not_heal() {
        assert!(!ExtractError::from_io(io::ErrorKind::NotFound.into()).is_permanent());
        assert!(ExtractError::Damaged { reason: String::new() }.is_permanent());
        assert!(!ExtractError::Cancelled.is_permanent());
        // A machine that was busy or short of memory says nothing of the file.
        assert!(!ExtractError::TimedOut { after: Duration::ZERO }.is_permanent());
        assert!(!ExtractError::Interrupted { reason: String::new() }.is_permanent());
    }
}
