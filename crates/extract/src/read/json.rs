//! JSON, one value or one per line.

use crate::encoding::Decoded;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use docent_corpus::Format;

/// Reads JSON.
pub(super) fn read(_source: &Decoded, _format: Format, _writer: &mut BlockWriter) -> Result<(), Stop> {
    Err(Failure::Unsupported("json".to_owned()).into())
}
