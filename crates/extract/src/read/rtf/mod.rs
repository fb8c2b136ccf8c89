//! Rich Text Format, read token by token: tables, styles, notes and text boxes are only in its
//! control words, which readers made for plain text leave out.

mod charset;
mod group;
mod head;
mod reading;
mod stories;
mod story;
mod tokens;
mod words;

use super::Context;
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use docent_corpus::SourceWarning;
use reading::Reading;
use tokens::Tokens;

/// Most bytes of a file that are read.
const FILE_BYTES: u64 = 256 << 20;

/// Reads the document.
pub(super) fn read(
    content: &Content<'_>,
    _context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let bytes = content.head(FILE_BYTES).map_err(Failure::from)?;
    let start = bytes.iter().take(1024).position(|byte| *byte == b'{').unwrap_or(0);
    let cut = content.len().map_err(Failure::from)? > FILE_BYTES;
    let mut reading = Reading::new(writer);
    for token in Tokens::new(&bytes[start..]) {
        reading.token(token)?;
    }
    let complete = reading.end()?;
    if cut {
        let reason = format!("only the first {} MB of the file were read", FILE_BYTES >> 20);
        writer.warn(SourceWarning::Truncated { reason })?;
    } else if !complete {
        writer.warn(SourceWarning::Truncated { reason: "the file ends too early".to_owned() })?;
    }
    Ok(())
}
