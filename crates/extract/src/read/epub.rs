//! Electronic books (EPUB 2 and 3): rbook reads the package and the table of contents, the walker of
//! HTML reads each item of the reading order. A broken item costs only itself.

mod archive;
mod protection;
mod titles;

use super::Context;
use super::html;
use crate::content::Content;
use crate::encoding::{decode_plain, detect};
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use archive::Limited;
use docent_corpus::{BlockKind, Metadata, Place, SourceWarning};
use rbook::Epub;
use rbook::epub::manifest::EpubManifestEntry;
use titles::Titles;

/// Reads a book.
pub(super) fn read(
    content: &Content<'_>,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    archive::check(content)?;
    let book = open(content)?;
    writer.metadata = metadata(&book);
    let titles = Titles::of(&book);
    let mut reading = Reading { book: &book, titles, context, writer, read: 0, failed: None };
    for (index, item) in book.spine().iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        match item.manifest_entry() {
            Some(entry) => reading.item(number, &entry)?,
            None => {
                reading.fail(item.idref(), "the reading order names an item that the book does not list")?
            }
        }
    }
    match reading.failed {
        Some(reason) if reading.writer.is_empty() => Err(Failure::Damaged(reason).into()),
        _ => Ok(()),
    }
}

/// Opens the package. A broken table of contents or broken metadata are given up before the book is.
fn open(content: &Content<'_>) -> Result<Epub, Stop> {
    let attempt = |skip_toc: bool, skip_metadata: bool| -> Result<Epub, Stop> {
        let mut options = Epub::options();
        options.strict(false).skip_toc(skip_toc).skip_metadata(skip_metadata);
        let book = options.read(content.open_owned().map_err(Failure::from)?);
        book.map_err(|error| Failure::Damaged(archive::reason(&error)).into())
    };
    attempt(false, false).or_else(|_| attempt(true, false)).or_else(|_| attempt(true, true))
}

fn metadata(book: &Epub) -> Metadata {
    let package = book.metadata();
    let authors: Vec<&str> = package.creators().map(|creator| creator.value()).collect();
    let text = |value: &str| Some(value.to_owned()).filter(|value| !value.trim().is_empty());
    Metadata {
        title: package.title().and_then(|title| text(title.value())),
        author: text(&authors.join(", ")),
        date: package.published_entry().and_then(|entry| text(entry.value())),
        modified: package.modified_entry().and_then(|entry| text(entry.value())),
        language: package.language().and_then(|language| text(language.value())),
        tags: package.tags().map(|tag| tag.value().to_owned()).collect(),
        ..Metadata::default()
    }
}

struct Reading<'b, 'c, 'w, 's> {
    book: &'b Epub,
    titles: Titles,
    context: &'c Context<'c>,
    writer: &'w mut BlockWriter<'s>,
    /// Bytes unpacked so far.
    read: u64,
    /// Why the first item that failed did.
    failed: Option<String>,
}

impl<'b> Reading<'b, '_, '_, '_> {
    fn item(&mut self, number: u32, entry: &EpubManifestEntry<'b>) -> Result<(), Stop> {
        let chain = std::iter::once(*entry).chain(entry.fallbacks().take(8));
        // A picture as an item of its own has no text.
        let Some(entry) = chain.into_iter().find(|entry| is_text(entry.media_type())) else { return Ok(()) };
        let href = entry.href();
        let path = href.path();
        let name = path.as_str().trim_start_matches('/').to_owned();
        let mut unpacked = Limited::new(self.read);
        let copied = self.book.copy_resource(entry.resource(), &mut unpacked);
        self.read += unpacked.bytes.len() as u64;
        if let Err(error) = copied {
            return self
                .fail(&name, &unpacked.refused.map_or_else(|| archive::reason(&error), str::to_owned));
        }
        let Some(xhtml) = decoded(unpacked.bytes) else {
            return self.fail(&name, "binary data in place of text");
        };
        self.chapter(number, path.as_str(), &xhtml)
    }

    fn chapter(&mut self, number: u32, path: &str, xhtml: &str) -> Result<(), Stop> {
        self.titles.enter(path);
        let (titles, writer) = (&mut self.titles, &mut *self.writer);
        let mut is_first = true;
        let mut out = |kind: BlockKind, text: &str, place: Place| {
            let Place::Element { anchor, path } = place else { return Ok(()) };
            // Many books set the titles of their chapters as paragraphs.
            let begins = std::mem::take(&mut is_first);
            let level = titles.level_of(text).filter(|_| begins);
            let kind = match (kind, level) {
                (BlockKind::Paragraph, Some(level)) => BlockKind::Heading { level },
                (kind, _) => kind,
            };
            titles.pass(anchor.as_deref(), matches!(kind, BlockKind::Heading { .. }).then_some(text));
            let title = titles.current().map(str::to_owned);
            writer.push(kind, text, Place::Chapter { chapter: number, title, anchor, path })
        };
        html::chapter(xhtml, self.context.html_depth, &mut out)
    }

    fn fail(&mut self, path: &str, reason: &str) -> Result<(), Stop> {
        self.failed.get_or_insert_with(|| format!("{path}: {reason}"));
        self.writer.warn(SourceWarning::MemberFailed { path: path.to_owned(), reason: reason.to_owned() })
    }
}

fn is_text(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(
        kind.as_str(),
        "application/xhtml+xml" | "text/html" | "text/x-oeb1-document" | "application/xml" | "text/xml" | ""
    )
}

/// The text of an item in whatever encoding it declares.
fn decoded(bytes: Vec<u8>) -> Option<String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Some(String::new());
    }
    let detected = detect(&bytes, html::declared_encoding(&bytes), true)?;
    Some(decode_plain(bytes, detected).0)
}

#[cfg(test)]
mod tests;
