//! Source code of programs.

use crate::encoding::Decoded;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;

/// Reads source code.
pub(super) fn read(
    _source: &Decoded,
    _language: Option<&str>,
    _writer: &mut BlockWriter,
) -> Result<(), Stop> {
    Err(Failure::Unsupported("code".to_owned()).into())
}
