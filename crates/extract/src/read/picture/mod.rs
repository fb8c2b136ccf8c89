//! Pictures: documents of one page, or of several (TIFF), that have no text of their own. What
//! stands on them is recognised by the parent, which asks for each page as pixels.

mod decode;
mod draw;
mod tiff;

use super::Context;
use crate::content::Content;
use crate::message::{Failure, Message, Sink, Stop};
use docent_corpus::{Metadata, SourceWarning};

pub(crate) use draw::{draw, render};

/// Reads a picture: tells its pages, each without text.
pub(super) fn read(content: &Content<'_>, context: &Context<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let pages = decode::page_count(content)?;
    for page in 0..pages {
        // Only the header is decoded here; a page that is broken behind it fails when it is drawn.
        decode::check(content, page)?;
    }
    if context.nesting > 0 {
        // The parent can ask for pages of a file on disk only.
        return Err(Failure::NoText.into());
    }
    sink.send(Message::Opened { pages, outline: Vec::new() })?;
    sink.send(Message::Metadata(Metadata::default()))?;
    for page in 0..pages {
        sink.send(Message::Warning(SourceWarning::PageWithoutText { page }))?;
    }
    Ok(())
}
