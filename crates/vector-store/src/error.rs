//! What can go wrong in a store.

use docent_corpus::ChunkId;
use std::path::PathBuf;

/// The cause as the storage engine reported it; boxed, so that this crate's users do not depend on
/// the engine's types.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A vector of another length than the store's: made by another model.
    #[error("a vector of length {found} in a store of length {expected}")]
    Dimension {
        /// Length of the store's vectors.
        expected: usize,
        /// Length that was given.
        found: usize,
    },
    /// A vector that has no direction: not a number, infinite, or all zero.
    #[error("the vector {} cannot be compared: {reason}", chunk.map_or("of the query".to_owned(), |id| format!("of chunk {id}")))]
    Vector {
        /// Whose vector it is; `None` for a query.
        chunk: Option<ChunkId>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The file system under the data folder cannot make hard links, which every commit needs.
    #[error("the folder {} is on a file system without hard links (such as exFAT or some network drives); choose a folder on another drive", folder.display())]
    NoHardLinks {
        /// The folder that was tried.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A folder or file of the store could not be made, read or renamed.
    #[error("cannot use {}: {source}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The name of the table is not a plain file name.
    #[error("{name:?} cannot name a table")]
    TableName {
        /// The name.
        name: String,
    },
    /// The table was written by a later release in a form this one cannot read. Nothing was touched.
    #[error("the index was written by a later version of the program: {reason}")]
    TooNew {
        /// What the storage engine said.
        reason: String,
    },
    /// No room is left on the disk. What was there before is untouched.
    #[error("the disk is full ({step})")]
    Full {
        /// What was being done.
        step: StoreStep,
        /// The cause as reported.
        #[source]
        source: BoxError,
    },
    /// The storage engine failed.
    #[error("the index failed ({step}): {source}")]
    Engine {
        /// What was being done.
        step: StoreStep,
        /// The cause as reported.
        #[source]
        source: BoxError,
    },
    /// The storage engine answered in a shape this crate does not know.
    #[error("the index gave an answer without a usable column `{column}`")]
    Column {
        /// The column that was missing or of another type.
        column: &'static str,
    },
}

/// What a store was doing when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreStep {
    /// Opening the folder of tables.
    Connect,
    /// Opening the table.
    Open,
    /// Making the table.
    Create,
    /// Going back to an earlier version after damage.
    Restore,
    /// Adding rows.
    Append,
    /// Deleting rows.
    Delete,
    /// Counting rows.
    Count,
    /// Reading rows.
    Scan,
    /// Searching by vector.
    SearchVector,
    /// Searching by words.
    SearchText,
    /// Making or looking at an index.
    Index,
    /// Keeping the table in good shape.
    Maintain,
}

impl std::fmt::Display for StoreStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            StoreStep::Connect => "opening the folder",
            StoreStep::Open => "opening the table",
            StoreStep::Create => "making the table",
            StoreStep::Restore => "going back to an earlier version",
            StoreStep::Append => "adding rows",
            StoreStep::Delete => "deleting rows",
            StoreStep::Count => "counting rows",
            StoreStep::Scan => "reading rows",
            StoreStep::SearchVector => "searching by meaning",
            StoreStep::SearchText => "searching by words",
            StoreStep::Index => "making an index",
            StoreStep::Maintain => "maintenance",
        })
    }
}

impl StoreError {
    /// A name for the error that stays the same between releases.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Dimension { .. } => "vector_dimension",
            StoreError::Vector { .. } => "vector_unusable",
            StoreError::NoHardLinks { .. } => "store_no_hard_links",
            StoreError::Folder { source, .. } if is_full(source) => "disk_full",
            StoreError::Folder { .. } => "store_folder",
            StoreError::TableName { .. } => "store_table_name",
            StoreError::TooNew { .. } => "store_too_new",
            StoreError::Full { .. } => "disk_full",
            StoreError::Engine { .. } | StoreError::Column { .. } => "store_failed",
        }
    }

    /// An error of the engine during `step`; a full disk is recognised anywhere in its causes.
    pub fn engine(step: StoreStep, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        if is_full(source.as_ref()) {
            StoreError::Full { step, source }
        } else {
            StoreError::Engine { step, source }
        }
    }
}

/// Whether "no space left" stands anywhere in the chain of causes.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && matches!(io.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
        {
            return true;
        }
        // Some layers of the engine keep only the text of the system's error.
        let text = error.to_string();
        if text.contains("No space left on device") || text.contains("os error 28)") {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn a_full_disk_is_recognised_below_other_errors() {
        let full = Outer(std::io::Error::from(std::io::ErrorKind::StorageFull));
        assert_eq!(StoreError::engine(StoreStep::Append, full).code(), "disk_full");
        let text = std::io::Error::other("write failed: No space left on device (os error 28)");
        assert_eq!(StoreError::engine(StoreStep::Append, text).code(), "disk_full");
        let other = Outer(std::io::Error::from(std::io::ErrorKind::PermissionDenied));
        assert_eq!(StoreError::engine(StoreStep::Append, other).code(), "store_failed");
    }

    #[test]
    fn a_message_names_the_chunk() {
        let error = StoreError::Vector { chunk: Some(ChunkId(7)), reason: "it is all zero" };
        assert_eq!(error.to_string(), "the vector of chunk 7 cannot be compared: it is all zero");
    }
}
