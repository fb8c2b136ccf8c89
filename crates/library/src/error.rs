//! What can go wrong, and how SQLite's and the system's failures become it.

use rusqlite::ErrorCode;
use rusqlite::ffi;
use std::io;
use std::path::PathBuf;

/// A failure of the library. Nothing was changed unless said otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LibraryError {
    /// Another docent holds the folder's lock.
    #[error("another docent is already using this library; close it first")]
    InUse,
    /// The database was written by a newer docent.
    #[error(
        "this library was written by a newer docent (format {found}, this one reads up to {known}); update docent to open it"
    )]
    TooNew {
        /// The format found.
        found: u32,
        /// The newest format this docent reads.
        known: u32,
    },
    /// The database cannot be trusted. Its file was left as it is.
    #[error("the library's database is damaged and was left untouched: {reason}")]
    Damaged {
        /// What was found.
        reason: String,
    },
    /// No space is left on the disk.
    #[error("no space is left on the disk that holds the library")]
    Full,
    /// The folder or the database may not be written.
    #[error("the library's folder cannot be written")]
    ReadOnly,
    /// What was asked for does not exist.
    #[error("not found: {what}")]
    NotFound {
        /// What was looked for, such as `document 7`.
        what: String,
    },
    /// What was asked for contradicts the present state.
    #[error("not possible now: {what}")]
    Conflict {
        /// The contradiction.
        what: String,
    },
    /// A migration failed; the database is as it was before.
    #[error("the library could not be brought to format {version}; it was left as it was")]
    Migration {
        /// The format that was being made.
        version: u32,
        /// Why.
        #[source]
        source: Box<LibraryError>,
    },
    /// SQLite refused a step.
    #[error("database: {step} failed")]
    Sqlite {
        /// What was being done.
        step: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// A file or folder of the library could not be handled.
    #[error("{step} {path} failed")]
    Io {
        /// What was being done.
        step: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A value could not be turned into JSON or back.
    #[error("{step}: not valid JSON for this purpose")]
    Json {
        /// What was being done.
        step: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl LibraryError {
    /// Stable name of the failure: `in_use`, `too_new`, `damaged`, `full`, `read_only`, `not_found`,
    /// `conflict`, `migration`, `sqlite`, `io`, `json`.
    pub fn code(&self) -> &'static str {
        match self {
            LibraryError::InUse => "in_use",
            LibraryError::TooNew { .. } => "too_new",
            LibraryError::Damaged { .. } => "damaged",
            LibraryError::Full => "full",
            LibraryError::ReadOnly => "read_only",
            LibraryError::NotFound { .. } => "not_found",
            LibraryError::Conflict { .. } => "conflict",
            LibraryError::Migration { .. } => "migration",
            LibraryError::Sqlite { .. } => "sqlite",
            LibraryError::Io { .. } => "io",
            LibraryError::Json { .. } => "json",
        }
    }

    pub(crate) fn not_found(what: impl std::fmt::Display) -> Self {
        LibraryError::NotFound { what: what.to_string() }
    }

    pub(crate) fn conflict(what: impl std::fmt::Display) -> Self {
        LibraryError::Conflict { what: what.to_string() }
    }

    pub(crate) fn damaged(reason: impl std::fmt::Display) -> Self {
        LibraryError::Damaged { reason: reason.to_string() }
    }

    /// A failed file operation; a full disk and a missing permission become their own variants.
    pub(crate) fn io(step: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LibraryError::Full,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => LibraryError::ReadOnly,
            _ => LibraryError::Io { step, path: path.into(), source },
        }
    }

    fn sqlite(step: &'static str, source: rusqlite::Error) -> Self {
        match &source {
            rusqlite::Error::FromSqlConversionFailure(_, _, reason) => {
                return LibraryError::damaged(format_args!("{step}: {reason}"));
            }
            // No statement asks for what its table cannot hold: such a row was overwritten.
            rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::IntegralValueOutOfRange(..) => {
                return LibraryError::damaged(format_args!("{step}: {source}"));
            }
            _ => {}
        }
        let rusqlite::Error::SqliteFailure(failure, message) = &source else {
            return LibraryError::Sqlite { step, source };
        };
        match failure.code {
            // A full disk shows as IOERR_SHMSIZE when it is the shared-memory file that cannot grow.
            ErrorCode::DiskFull => LibraryError::Full,
            ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => {
                LibraryError::Full
            }
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => LibraryError::ReadOnly,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                LibraryError::damaged(format_args!("{step}: {}", message.as_deref().unwrap_or("malformed")))
            }
            _ => LibraryError::Sqlite { step, source },
        }
    }
}

/// Names the step that failed.
pub(crate) trait Step<T> {
    fn step(self, step: &'static str) -> Result<T, LibraryError>;
}

impl<T> Step<T> for rusqlite::Result<T> {
    fn step(self, step: &'static str) -> Result<T, LibraryError> {
        self.map_err(|source| LibraryError::sqlite(step, source))
    }
}

impl<T> Step<T> for serde_json::Result<T> {
    fn step(self, step: &'static str) -> Result<T, LibraryError> {
        self.map_err(|source| LibraryError::Json { step, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> LibraryError {
        let result: rusqlite::Result<()> = Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        result.step("writing").unwrap_err()
    }

    #[test]
    fn sqlite_codes_become_what_a_person_can_act_on() {
        assert_eq!(failure(ffi::SQLITE_FULL).code(), "full");
        assert_eq!(failure(ffi::SQLITE_IOERR_SHMSIZE).code(), "full");
        assert_eq!(failure(ffi::SQLITE_IOERR_READ).code(), "sqlite");
        assert_eq!(failure(ffi::SQLITE_READONLY).code(), "read_only");
        assert_eq!(failure(ffi::SQLITE_READONLY_DBMOVED).code(), "read_only");
        assert_eq!(failure(ffi::SQLITE_CORRUPT).code(), "damaged");
        assert_eq!(failure(ffi::SQLITE_NOTADB).code(), "damaged");
        assert_eq!(failure(ffi::SQLITE_BUSY).code(), "sqlite");
    }

    #[test]
    fn a_row_of_another_shape_is_damage() {
        let db = rusqlite::Connection::open_in_memory().unwrap();
        for sql in ["SELECT 'text'", "SELECT -1"] {
            let read: rusqlite::Result<u32> = db.query_row(sql, [], |row| row.get(0));
            assert_eq!(read.step("reading").unwrap_err().code(), "damaged", "{sql}");
        }
    }

    #[test]
    fn system_errors_become_what_a_person_can_act_on() {
        let code = |kind: io::ErrorKind| LibraryError::io("creating", "x", kind.into()).code();
        assert_eq!(code(io::ErrorKind::StorageFull), "full");
        assert_eq!(code(io::ErrorKind::ReadOnlyFilesystem), "read_only");
        assert_eq!(code(io::ErrorKind::PermissionDenied), "read_only");
        assert_eq!(code(io::ErrorKind::NotADirectory), "io");
    }
}
