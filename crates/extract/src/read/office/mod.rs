//! Word and PowerPoint files. Those of Office Open XML are read part by part here; the binary ones of
//! Office 97 to 2003 through `office_oxide`. What OpenDocument shares with them lies here too.

mod docx;
pub(super) mod drawing;
pub(super) mod flat;
pub(super) mod flow;
mod legacy;
pub(super) mod package;
mod pptx;
pub(super) mod properties;
pub(super) mod relations;
pub(super) mod running;
pub(super) mod symbols;
pub(super) mod xml;

pub(super) use docx::{numbering, styles};
pub(super) use pptx::deck;

use super::Context;
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use docent_corpus::Format;

/// How an OLE file begins: a binary document, or a document behind a password.
const OLE_MARK: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// Reads the document.
pub(super) fn read(
    content: &Content<'_>,
    format: Format,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let is_ole = content.head(OLE_MARK.len() as u64).map_err(Failure::from)? == OLE_MARK;
    if is_ole && legacy::is_encrypted_package(content)? {
        return Err(Failure::Encrypted.into());
    }
    match format {
        Format::Docx if !is_ole => docx::read(content, context, writer),
        Format::Pptx if !is_ole => pptx::read(content, writer),
        Format::Docx | Format::Doc => legacy::read_word(content, writer),
        _ => legacy::read_powerpoint(content, writer),
    }
}
