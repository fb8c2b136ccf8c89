//! Spreadsheets.

use super::Context;
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use docent_corpus::Format;

/// Reads the document.
pub(super) fn read(
    _content: &Content<'_>,
    _format: Format,
    _context: &Context<'_>,
    _writer: &mut BlockWriter,
) -> Result<(), Stop> {
    Err(Failure::Unsupported("sheets".to_owned()).into())
}
