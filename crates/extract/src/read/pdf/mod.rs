//! PDF through PDFium, page by page: every page becomes lines of words with their boxes. What a line
//! is (heading, paragraph, running head) is decided later, with the whole document in view.

mod chars;
mod direction;
mod fields;
mod gate;
mod geometry;
mod library;
mod ligature;
mod notes;
mod outline;
mod page;
mod render;
mod rules;
mod spacing;
mod turn;

use super::Context;
use crate::content::Content;
use crate::message::{Failure, Message, Sink, Stop};
use crate::stack::catch;
use docent_corpus::{Metadata, SourceWarning};
use pdfium_render::prelude::{PdfDocument, PdfDocumentMetadataTagType};

pub(crate) use library::Library;
pub(crate) use render::{draw, render};

/// Most pages read of one document.
const MAX_PAGES: u32 = 50_000;

/// Reads a PDF and tells its pages.
pub(super) fn read(content: &Content<'_>, context: &Context<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let document = context.pdf.open(content)?;
    let count = u32::try_from(document.pages().len()).unwrap_or(0);
    if count == 0 {
        return Err(Failure::Damaged("it has no pages".to_owned()).into());
    }
    let outline = catch(|| outline::outline(&document)).unwrap_or_default();
    sink.send(Message::Opened { pages: count, outline })?;
    sink.send(Message::Metadata(catch(|| metadata(&document)).unwrap_or_default()))?;
    let mut bytes = 0;
    for index in 0..count.min(MAX_PAGES) {
        bytes += tell_page(&document, index, sink)?;
        if bytes > context.text_bytes {
            let reason = format!("only the first {} MB of text were kept", context.text_bytes >> 20);
            sink.send(Message::Warning(SourceWarning::Truncated { reason }))?;
            return Ok(());
        }
    }
    if count > MAX_PAGES {
        let reason = format!("only the first {MAX_PAGES} of {count} pages were read");
        sink.send(Message::Warning(SourceWarning::Truncated { reason }))?;
    }
    Ok(())
}

/// Reads one page and tells it; a page that cannot be read costs only itself. Returns the bytes of
/// its text.
fn tell_page(document: &PdfDocument<'_>, index: u32, sink: &mut dyn Sink) -> Result<u64, Stop> {
    let read = catch(|| page::read_page(document, index));
    let is_marked = matches!(read, Ok(Ok(page::PageRead::Marked(_))));
    let message = match read {
        Ok(Ok(page::PageRead::Text(page) | page::PageRead::Marked(page))) => Message::Page(page),
        Ok(Ok(page::PageRead::WithoutText)) => {
            Message::Warning(SourceWarning::PageWithoutText { page: index })
        }
        Ok(Err(reason)) | Err(reason) => Message::Warning(SourceWarning::PageFailed { page: index, reason }),
    };
    let bytes = match &message {
        Message::Page(page) => page.lines.iter().map(|line| line.text.len() as u64).sum(),
        _ => 0,
    };
    sink.send(message)?;
    if is_marked {
        sink.send(Message::Warning(SourceWarning::PageWithoutText { page: index }))?;
    }
    Ok(bytes)
}

fn metadata(document: &PdfDocument<'_>) -> Metadata {
    let tag = |kind| {
        let value = document.metadata().get(kind)?.value().trim_matches('\0').trim().to_owned();
        (!value.is_empty()).then_some(value)
    };
    Metadata {
        title: tag(PdfDocumentMetadataTagType::Title).and_then(|title| real_title(&title)),
        author: tag(PdfDocumentMetadataTagType::Author),
        date: tag(PdfDocumentMetadataTagType::CreationDate).map(|date| readable_date(&date)),
        modified: tag(PdfDocumentMetadataTagType::ModificationDate).map(|date| readable_date(&date)),
        ..Metadata::default()
    }
}

/// A title that is one: writing programs put file names and placeholders there.
fn real_title(title: &str) -> Option<String> {
    let title = title.strip_prefix("Microsoft Word - ").unwrap_or(title).trim();
    let lower = title.to_lowercase();
    let file =
        [".doc", ".docx", ".odt", ".rtf", ".tex", ".dvi", ".indd", ".qxd", ".ppt", ".pptx", ".pdf", ".p65"]
            .iter()
            .any(|extension| lower.ends_with(extension));
    let placeholder =
        matches!(lower.as_str(), "" | "untitled" | "title" | "document" | "document1" | "无标题");
    (!file && !placeholder).then(|| title.to_owned())
}

/// `D:20230524100131+02'00'` as `2023-05-24`; anything else as it is.
fn readable_date(date: &str) -> String {
    let digits = date.strip_prefix("D:").unwrap_or(date);
    match (digits.get(..4), digits.get(4..6), digits.get(6..8)) {
        (Some(year), Some(month), Some(day)) if digits.bytes().take(8).all(|byte| byte.is_ascii_digit()) => {
            format!("{year}-{month}-{day}")
        }
        _ => date.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_no_titles_and_dates_are_readable() {
        assert_eq!(real_title("Microsoft Word - report.docx"), None);
        assert_eq!(real_title("Untitled"), None);
        assert_eq!(real_title(" Debian 参考手册 ").as_deref(), Some("Debian 参考手册"));
        assert_eq!(readable_date("D:20230524100131+02'00'"), "2023-05-24");
        assert_eq!(readable_date("May 2023"), "May 2023");
    }
}
