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
        let mut chain = std::iter::once(*entry).chain(entry.fallbacks().take(8));
        let Some(entry) = chain.find(|entry| is_text(entry.media_type())) else {
            let media_type = entry.media_type();
            if is_without_text(media_type) {
                return Ok(());
            }
            let reason = format!("an item of the type {media_type} is not read");
            return self.fail(entry.href().path().as_str().trim_start_matches('/'), &reason);
        };
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
        let Some(text) = decoded(unpacked.bytes) else {
            return self.fail(&name, "binary data in place of text");
        };
        let is_plain = kind(entry.media_type()) == "text/plain" && !text.trim_start().starts_with('<');
        let xhtml = if is_plain { marked_up(&text) } else { text };
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

/// A media type without its parameters.
fn kind(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether an item can be read as a chapter: books name their pages in many ways.
fn is_text(media_type: &str) -> bool {
    let kind = kind(media_type);
    let is_markup = kind.ends_with("html") || kind.ends_with("xml");
    (kind.is_empty() || kind.starts_with("text/") || is_markup) && !is_without_text(&kind)
}

/// Whether items of this type have no text to be read: a picture may stand in the reading order by itself,
/// and faulty books list the table of contents or a style sheet there.
fn is_without_text(media_type: &str) -> bool {
    let kind = kind(media_type);
    let is_of_the_book = matches!(
        kind.as_str(),
        "application/x-dtbncx+xml"
            | "application/smil+xml"
            | "application/oebps-package+xml"
            | "text/css"
            | "text/javascript"
            | "text/ecmascript"
    );
    is_of_the_book || ["image/", "audio/", "video/"].iter().any(|group| kind.starts_with(group))
}

/// Plain text as a page: what stands between empty lines is a paragraph.
fn marked_up(text: &str) -> String {
    let escaped = text.replace("\r\n", "\n").replace('&', "&amp;").replace('<', "&lt;");
    let paragraphs: String = escaped.split("\n\n").map(|paragraph| format!("<p>{paragraph}</p>")).collect();
    format!("<html><body>{paragraphs}</body></html>")
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
