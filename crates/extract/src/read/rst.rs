//! reStructuredText.

use crate::encoding::Decoded;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;

/// Reads reStructuredText.
pub(super) fn read(_source: &Decoded, _writer: &mut BlockWriter) -> Result<(), Stop> {
    Err(Failure::Unsupported("rst".to_owned()).into())
}
