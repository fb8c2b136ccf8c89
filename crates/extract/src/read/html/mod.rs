//! HTML: parsed as browsers do (html5ever), then walked block by block. Scripts, styles,
//! navigation and hidden elements are left out; white space is what a browser would show.
//!
//! Where a page has a clear article, its blocks come first, and the metadata say where it ends;
//! everything else that is visible follows, so that nothing is lost. Of what follows, blocks made mostly
//! of links and the page's head and foot are furniture where the page is clearly about the article: they
//! are shown, but not searched.

mod article;
mod gate;
mod inline;
mod meta;
mod part;
mod table;
mod visible;
mod walk;
mod xhtml;

use crate::message::Stop;
use crate::writer::BlockWriter;
use article::Article;
use docent_corpus::{BlockKind, Place};
use dom_query::{Document, NodeRef};
use part::Part;
use std::borrow::Cow;
use walk::Walker;

#[cfg(test)]
pub(super) use gate::limit_depth;
pub(super) use meta::declared_encoding;
pub(super) use walk::Out;

/// Reads HTML. Elements nested deeper than `depth` lose their tags, not their text.
pub(super) fn read(html: &str, depth: usize, writer: &mut BlockWriter) -> Result<(), Stop> {
    let html = if xhtml::is_xml(html) { xhtml::as_html(html) } else { Cow::Borrowed(html) };
    let document = parse(&html, depth);
    writer.metadata = meta::metadata(&document);
    let Some(body) = document.body() else { return Ok(()) };
    match article::find(&document, body) {
        Some(Article { kept, is_page }) => {
            write(body, Part::Article(&kept), writer)?;
            writer.metadata.article_end = Some(writer.written());
            write(body, Part::Rest { kept: &kept, menus: is_page }, writer)
        }
        None => write(body, Part::Whole, writer),
    }
}

/// Writes the blocks of one part of a page.
fn write(body: NodeRef<'_>, part: Part<'_>, writer: &mut BlockWriter) -> Result<(), Stop> {
    let mut out = |kind: BlockKind, text: &str, place: Place| writer.push(kind, text, place);
    Walker::new(&mut out, part).walk(body)
}

/// Hands out the blocks of an XHTML document that is read as a whole, such as a chapter of a book.
pub(super) fn chapter(xhtml: &str, depth: usize, out: &mut Out<'_>) -> Result<(), Stop> {
    let document = parse(&xhtml::as_html(xhtml), depth);
    document.body().map_or(Ok(()), |body| Walker::new(out, Part::Whole).walk(body))
}

/// The blocks of a piece of HTML inside another document.
pub(super) fn fragment(html: &str, depth: usize) -> Vec<(BlockKind, String)> {
    let document = parse(html, depth);
    let mut blocks = Vec::new();
    let mut out = |kind: BlockKind, text: &str, _: Place| {
        blocks.push((kind, text.to_owned()));
        Ok(())
    };
    if let Some(body) = document.body() {
        // This `out` cannot fail.
        let _ = Walker::new(&mut out, Part::Whole).walk(body);
    }
    blocks
}

fn parse(html: &str, depth: usize) -> Document {
    let document = Document::from(gate::limit_depth(html, depth).as_ref());
    visible::open_panels(&document);
    document
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
