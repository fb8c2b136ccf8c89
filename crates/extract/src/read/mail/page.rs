//! Web pages saved as one file (MHTML, RFC 2557): mail in form only. The page is read as HTML.

use super::super::{Context, html};
use super::parts::{Source, kind_of};
use crate::encoding::{decode_plain, detect};
use crate::message::{Failure, Stop};
use crate::stack::catch;
use crate::writer::BlockWriter;
use encoding_rs::Encoding;
use mail_parser::{HeaderName, Message, MessageParser, MessagePart, MimeHeaders, PartType};

/// Reads a saved page; false when it is none.
pub(super) fn read(
    raw: &[u8],
    extension: &str,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<bool, Stop> {
    let by_name = matches!(extension, "mht" | "mhtml" | "doc" | "dot" | "xls" | "xlt");
    if !(by_name || says_saved(raw)) {
        return Ok(false);
    }
    let parsed = catch(|| MessageParser::default().parse(raw)).map_err(Failure::Damaged)?;
    let Some(message) = parsed else { return Ok(false) };
    let source = Source { message: &message, raw, html_depth: context.html_depth };
    let Some(text) = markup(source) else { return Ok(false) };
    if text.to_ascii_lowercase().contains("<frameset") {
        return Ok(false); // a workbook: each sheet is a part of its own, as in a mail of several
    }
    html::read(&text, context.html_depth, writer)?;
    if writer.metadata.title.is_none() {
        writer.metadata.title = super::header::read(&message, raw).metadata().title;
    }
    Ok(true)
}

/// The page of a saved page, as HTML.
pub(in crate::read) fn html_of(raw: &[u8]) -> Option<String> {
    let message = catch(|| MessageParser::default().parse(raw)).ok()??;
    markup(Source { message: &message, raw, html_depth: 0 })
}

fn markup(source: Source<'_>) -> Option<String> {
    let part = page(source.message)?;
    let bytes = source.bytes(part).into_owned();
    let charset = part.content_type().and_then(|kind| kind.attribute("charset"));
    let declared = charset
        .and_then(|label| Encoding::for_label(label.as_bytes()))
        .or_else(|| html::declared_encoding(&bytes));
    let detected = detect(&bytes, declared, true)?;
    Some(decode_plain(bytes, detected).0)
}

/// Browsers name themselves where a mail names its sender.
fn says_saved(raw: &[u8]) -> bool {
    let head = &raw[..raw.len().min(2048)];
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let header = head.split("\r\n\r\n").next().unwrap_or_default();
    header.contains("multipart/related")
        && (header.contains("<saved by ") || header.contains("snapshot-content-location"))
}

/// The HTML part that is the page: the one that the type names as the start, or the first.
fn page<'m>(message: &'m Message<'m>) -> Option<&'m MessagePart<'m>> {
    let is_page =
        |part: &&MessagePart<'_>| matches!(kind_of(part).as_str(), "text/html" | "application/xhtml+xml");
    let start = message.parts.first()?.content_type().and_then(|kind| kind.attribute("start"));
    let named = start.and_then(|start| {
        message.parts.iter().find(|part| {
            let id = part.headers.iter().find(|header| header.name == HeaderName::ContentId);
            id.is_some()
                && part
                    .content_id()
                    .is_some_and(|id| id.trim_matches(['<', '>']) == start.trim_matches(['<', '>']))
        })
    });
    named.filter(is_page).or_else(|| {
        message.parts.iter().filter(|part| !matches!(part.body, PartType::Multipart(_))).find(is_page)
    })
}
