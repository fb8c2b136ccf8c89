//! Paths in the database: text where they are Unicode, bytes where they are not, nothing lost.

use crate::error::LibraryError;
use rusqlite::types::{FromSqlError, Value, ValueRef};
use std::path::{Path, PathBuf};

/// The same path always becomes the same value: `.` parts and trailing separators are dropped.
pub(crate) fn to_value(path: &Path) -> Result<Value, LibraryError> {
    let path: PathBuf = path.components().collect();
    if let Some(text) = path.to_str() {
        return Ok(Value::Text(text.to_owned()));
    }
    bytes(&path)
        .map(Value::Blob)
        .ok_or_else(|| LibraryError::conflict(format_args!("the path {} is not Unicode", path.display())))
}

pub(crate) fn from_value(value: ValueRef<'_>) -> Result<PathBuf, FromSqlError> {
    match value {
        ValueRef::Text(text) => {
            Ok(std::str::from_utf8(text).map_err(|source| FromSqlError::Other(Box::new(source)))?.into())
        }
        ValueRef::Blob(bytes) => from_bytes(bytes).ok_or(FromSqlError::InvalidType),
        _ => Err(FromSqlError::InvalidType),
    }
}

#[cfg(unix)]
fn bytes(path: &Path) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    Some(path.as_os_str().as_bytes().to_vec())
}

#[cfg(unix)]
fn from_bytes(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

// Lone surrogates in Windows names have no stable byte form.
#[cfg(not(unix))]
fn bytes(_path: &Path) -> Option<Vec<u8>> {
    None
}

#[cfg(not(unix))]
fn from_bytes(_bytes: &[u8]) -> Option<PathBuf> {
    None
}
