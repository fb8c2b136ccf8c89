//! Mail: single messages (`.eml`, `.emlx`, Maildir), mailboxes, and web pages that were saved as mail
//! (`.mht`). Attachments are read like files.

mod cards;
mod charset;
mod header;
mod markup;
mod mbox;
mod message;
mod page;
mod parameter;
mod parts;
mod text;
mod transfer;
mod words;

pub(super) use page::html_of;

use super::{Context, content_name};
use crate::content::Content;
use crate::message::{Failure, Stop};
use crate::writer::BlockWriter;
use docent_corpus::{Format, SourceWarning};
use std::io::BufReader;

/// After how many messages of a mailbox it is told that the work goes on.
const ALIVE_EVERY: u32 = 100;
/// Most messages of one mailbox that could not be read and are named.
const NAMED_FAILURES: u32 = 100;

/// Reads a message or a mailbox.
pub(super) fn read(
    content: &Content<'_>,
    format: Format,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    match format {
        Format::Mbox => mailbox(content, context, writer),
        _ => single(content, context, writer),
    }
}

fn single(content: &Content<'_>, context: &Context<'_>, writer: &mut BlockWriter) -> Result<(), Stop> {
    let mut bytes = content.head(mbox::MESSAGE_BYTES as u64 + 1).map_err(Failure::from)?;
    if bytes.len() > mbox::MESSAGE_BYTES {
        bytes.truncate(mbox::MESSAGE_BYTES);
        cut(writer)?;
    }
    let raw = without_wrapping(&bytes);
    if raw.trim_ascii().is_empty() {
        return Err(Failure::Empty.into());
    }
    if page::read(raw, &content.extension(), context, writer)? {
        return Ok(());
    }
    writer.metadata = message::read(raw, 1, context, writer)?;
    if writer.metadata.title.is_none() && writer.metadata.author.is_none() {
        // Else the heading of an attachment would become the title.
        writer.metadata.title = content_name(content);
    }
    Ok(())
}

fn cut(writer: &mut BlockWriter) -> Result<(), Stop> {
    let reason = format!("only the first {} MB of a message were read", mbox::MESSAGE_BYTES >> 20);
    writer.warn(SourceWarning::Truncated { reason })
}

/// A message without what stands around it in a file: a byte order mark, the line of a mailbox, or the
/// count of its bytes and the list of properties that Apple Mail adds (`.emlx`).
fn without_wrapping(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (first, rest) = bytes.split_at(end);
    let rest = rest.get(1..).unwrap_or_default();
    let count = std::str::from_utf8(first).ok().and_then(|line| line.trim().parse::<usize>().ok());
    match count {
        Some(count) => &rest[..count.min(rest.len())],
        None if first.starts_with(b"From ") || first.starts_with(b">From ") => rest,
        None => bytes,
    }
}

fn mailbox(content: &Content<'_>, context: &Context<'_>, writer: &mut BlockWriter) -> Result<(), Stop> {
    writer.metadata.title = content_name(content);
    let mut letters = mbox::Letters::new(BufReader::new(content.open().map_err(Failure::from)?));
    let (mut number, mut failed) = (0u32, 0u32);
    while let Some(letter) = letters.next().map_err(Failure::from)? {
        number = number.saturating_add(1);
        if number.is_multiple_of(ALIVE_EVERY) {
            writer.alive()?;
        }
        if letter.cut {
            cut(writer)?;
        }
        match message::read(&letter.bytes, number, context, writer) {
            Ok(_) => {}
            Err(Stop::Failed(failure)) => {
                failed += 1;
                if failed <= NAMED_FAILURES {
                    let reason = crate::ExtractError::from(failure).to_string();
                    super::member::failed(&format!("message {number}"), reason, writer)?;
                }
            }
            Err(stop) => return Err(stop),
        }
    }
    match number {
        0 => Err(Failure::Empty.into()),
        _ if failed == number => Err(Failure::Damaged("no message in it can be read".to_owned()).into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_a_message_is_left_out() {
        let message = b"Subject: x\n\nBody\n".as_slice();
        let wrapped = [b"17        \n".as_slice(), message, b"<?xml version=\"1.0\"?><plist/>"].concat();
        assert_eq!(without_wrapping(&wrapped), message);
        let boxed = [b"From a@b Sat Nov 21 10:00:00 2026\n".as_slice(), message].concat();
        assert_eq!(without_wrapping(&boxed), message);
        assert_eq!(without_wrapping(message), message);
        assert_eq!(without_wrapping(b"99999999\nSubject: x"), b"Subject: x");
    }
}
