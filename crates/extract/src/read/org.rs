//! Org mode.

use crate::encoding::Decoded;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;

/// Reads Org mode.
pub(super) fn read(_source: &Decoded, _writer: &mut BlockWriter) -> Result<(), Stop> {
    Err(Failure::Unsupported("org".to_owned()).into())
}
