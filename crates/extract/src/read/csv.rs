//! Tables of values separated by commas, semicolons or tabs.

use crate::encoding::Decoded;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;

/// Reads a table of values.
pub(super) fn read(_source: &Decoded, _writer: &mut BlockWriter) -> Result<(), Stop> {
    Err(Failure::Unsupported("csv".to_owned()).into())
}
