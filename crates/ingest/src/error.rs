//! What stops a scan or a run. What is wrong with one file stops neither: it becomes that document's
//! state.

use docent_extract::ExtractError;
use docent_inference::InferenceError;
use docent_library::LibraryError;
use docent_vector_store::StoreError;

/// Why indexing could not go on. Nothing is lost: what was stored is finished by the next run, and
/// documents that were being read wait again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The library could not be read or written.
    #[error("the library: {0}")]
    Library(#[from] LibraryError),
    /// The index could not be read or written, or it is of another model.
    #[error("the index: {0}")]
    Store(#[from] StoreError),
    /// The embedding model could not be used.
    #[error("the embedding model: {0}")]
    Embed(#[from] InferenceError),
    /// No file at all can be read, because the reading program is missing.
    #[error(transparent)]
    Reader(ExtractError),
    /// The index of another model was built and is not whole. The present one goes on.
    #[error("the new index is not complete: {reason}")]
    Incomplete {
        /// What is missing.
        reason: String,
    },
    /// A part of this program failed in a way that it should not.
    #[error("an internal error: {task} broke off")]
    Panicked {
        /// What was being done.
        task: &'static str,
    },
}

impl IngestError {
    /// Stable name of the failure: that of its cause, or `internal`.
    pub fn code(&self) -> &'static str {
        match self {
            IngestError::Library(source) => source.code(),
            IngestError::Store(source) => source.code(),
            IngestError::Embed(source) => source.code(),
            IngestError::Reader(source) => source.code(),
            IngestError::Incomplete { .. } => "incomplete",
            IngestError::Panicked { .. } => "internal",
        }
    }

    /// Whether it is only the request to stop.
    pub(crate) fn is_cancelled(&self) -> bool {
        matches!(self, IngestError::Embed(InferenceError::Cancelled))
    }
}
