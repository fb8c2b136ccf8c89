//! The compact form in which blocks and spans lie in the database: variable-length integers of
//! differences to what stands before. A page of a PDF has hundreds of word boxes, nearly all of them
//! to the right of the last one and as high, so a box takes about six bytes.
//!
//! Text positions, lines, pages and labels come back exactly. Lengths on a page (boxes, page size)
//! are kept in tenths of a point and come back within 0.05 pt; what is not a number becomes 0.
//!
//! Not a general serialiser: the first byte is the version, and old versions stay readable.

mod blocks;
mod bytes;
mod spans;

pub(crate) use blocks::{decode_blocks, encode_blocks};
pub(crate) use spans::{decode_spans, encode_spans};

/// Stored bytes that do not decode: the row is damaged or was written by a newer docent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CodecError {
    /// The bytes end inside a value.
    #[error("stored positions end too early")]
    Short,
    /// A value that no version writes.
    #[error("stored positions hold an unknown {0}")]
    Unknown(&'static str),
}
