//! Pictures, whose text is recognised.

use super::Context;
use crate::content::Content;
use crate::message::{Failure, Sink, Stop};

/// Reads a picture.
pub(super) fn read(
    _content: &Content<'_>,
    _context: &Context<'_>,
    _sink: &mut dyn Sink,
) -> Result<(), Stop> {
    Err(Failure::Unsupported("picture".to_owned()).into())
}
