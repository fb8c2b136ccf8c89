//! Electronic books.

use super::Context;
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;

/// Reads the document.
pub(super) fn read(
    _content: &Content<'_>,
    _context: &Context<'_>,
    _writer: &mut BlockWriter,
) -> Result<(), Stop> {
    Err(Failure::Unsupported("epub".to_owned()).into())
}
