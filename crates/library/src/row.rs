//! Reading columns that hold more than SQLite's own types.

use crate::codec::decode_spans;
use docent_corpus::Span;
use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type, ValueRef};
use serde::de::DeserializeOwned;

/// A column that holds JSON.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|source| unreadable(column, source))?;
    serde_json::from_str(text).map_err(|source| unreadable(column, source))
}

/// A column that holds JSON or NULL.
pub(crate) fn optional_json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<T>> {
    if row.get_ref(column)? == ValueRef::Null { Ok(None) } else { json(row, column).map(Some) }
}

/// A column that holds spans.
pub(crate) fn spans(row: &Row<'_>, column: &str) -> rusqlite::Result<Vec<Span>> {
    let bytes = row.get_ref(column)?.as_blob().map_err(|source| unreadable(column, source))?;
    decode_spans(bytes).map_err(|source| unreadable(column, source))
}

/// A column that holds one of a few names.
pub(crate) fn named<T>(
    row: &Row<'_>,
    column: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    let name = row.get_ref(column)?.as_str().map_err(|source| unreadable(column, source))?;
    parse(name).ok_or_else(|| unreadable(column, FromSqlError::InvalidType))
}

/// A stored value that cannot be what was written there.
pub(crate) fn unreadable(
    column: &str,
    source: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, format!("column {column}: {source}").into())
}
