//! One message: its header, its text, its attachments.

use super::super::Context;
use super::super::member::{self, Member};
use super::parts::{Part, Role, Source, kind_of};
use super::text::Flowed;
use super::{cards, header, markup, text};
use crate::message::{Failure, Stop};
use crate::stack::catch;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, Format, Metadata, Place, SourceWarning};
use mail_parser::{MessageParser, MimeHeaders, PartType};

/// Most attachments read of one message.
const MAX_ATTACHMENTS: usize = 1000;
/// Messages with more messages inside than this are no mail: their tree would fill the stack.
const MAX_MESSAGES: usize = 5000;
/// Pictures in the text of a message that have fewer bytes than this are logos and icons.
const DECORATION_BYTES: u64 = 20 << 10;
/// Steps on a message of at least this many bytes take time.
const LARGE_BYTES: usize = 4 << 20;
/// Most bytes of HTML of a message: its tree takes many times its size in memory.
const MARKUP_BYTES: usize = 64 << 20;

/// Reads a message and returns what it says of itself. `number` is its number in the mailbox, from 1.
pub(super) fn read(
    raw: &[u8],
    number: u32,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<Metadata, Stop> {
    if messages_within(raw) > MAX_MESSAGES {
        let limit = format!("a message holds more than {MAX_MESSAGES} others");
        return Err(Failure::TooLarge(limit).into());
    }
    announce(raw, writer)?;
    let parsed = catch(|| MessageParser::default().parse(raw)).map_err(Failure::Damaged)?;
    let message = parsed.ok_or_else(|| Failure::Damaged("it has no header of a mail".to_owned()))?;
    let source = Source { message: &message, raw, html_depth: context.html_depth };
    let mut reading = Reading { source, number, context, writer };
    let metadata = reading.header()?;
    let parts = catch(|| source.parts()).map_err(Failure::Damaged)?;
    let (files, bodies): (Vec<_>, Vec<_>) =
        parts.iter().partition(|part| matches!(part.role, Role::Attachment | Role::Message));
    for body in bodies {
        announce(raw, reading.writer)?;
        reading.body(body)?;
    }
    for file in files.iter().take(MAX_ATTACHMENTS) {
        reading.attachment(file)?;
    }
    if files.len() > MAX_ATTACHMENTS {
        let reason = format!("only the first {MAX_ATTACHMENTS} of {} attachments were read", files.len());
        reading.writer.warn(SourceWarning::Truncated { reason })?;
    }
    Ok(metadata)
}

/// Tells that the work goes on, before a step on a message that is so large that steps take time.
fn announce(raw: &[u8], writer: &mut BlockWriter) -> Result<(), Stop> {
    if raw.len() > LARGE_BYTES { writer.alive() } else { Ok(()) }
}

/// How many messages lie within one another, at most.
fn messages_within(raw: &[u8]) -> usize {
    const MARK: &[u8] = b"message/";
    let starts = raw.iter().enumerate().filter(|(_, byte)| byte.eq_ignore_ascii_case(&b'm'));
    starts
        .filter(|(at, _)| raw.get(*at..at + MARK.len()).is_some_and(|word| word.eq_ignore_ascii_case(MARK)))
        .take(MAX_MESSAGES + 1)
        .count()
}

struct Reading<'m, 'r, 's> {
    source: Source<'m>,
    number: u32,
    context: &'r Context<'r>,
    writer: &'r mut BlockWriter<'s>,
}

impl Reading<'_, '_, '_> {
    fn place(&self, part: &str, line: u32) -> Place {
        Place::Mail { message: self.number, part: part.to_owned(), line: line.max(1) }
    }

    /// The subject as a heading, and who wrote when to whom. In a mailbox every message has a heading.
    fn header(&mut self) -> Result<Metadata, Stop> {
        let shown = header::read(self.source.message, self.source.raw);
        if let Some(title) = shown.subject.as_ref().or(shown.from.as_ref()) {
            let place = self.place("", title.line);
            self.writer.push(BlockKind::Heading { level: 1 }, &title.text, place)?;
        }
        let place = self.place("", shown.line);
        self.writer.push(BlockKind::Paragraph, &shown.lines.join("\n"), place)?;
        Ok(shown.metadata())
    }

    fn body(&mut self, part: &Part<'_>) -> Result<(), Stop> {
        if let Role::Closed(reason) = part.role {
            let name = self.source.name(part.part).unwrap_or_else(|| format!("part {}", part.number));
            return member::failed(&name, reason, self.writer);
        }
        let decoded = self.source.text(part.part);
        match part.role {
            Role::Markup => self.markup(&decoded.text, &part.number)?,
            Role::Card => {
                for (card, first, _) in cards::blocks(&decoded.text) {
                    let place = self.place(&part.number, first);
                    self.writer.push(BlockKind::Paragraph, &card, place)?;
                }
            }
            _ => {
                let (number, message, writer) = (&part.number, self.number, &mut *self.writer);
                let mut out = |kind: BlockKind, text: &str, line: u32| {
                    writer.push(kind, text, Place::Mail { message, part: number.clone(), line })
                };
                text::blocks(&decoded.text, flowed(part), &mut out)?;
            }
        }
        if decoded.replaced > 0 {
            let warning = SourceWarning::Encoding { encoding: decoded.encoding, replaced: decoded.replaced };
            self.writer.warn(warning)?;
        }
        Ok(())
    }

    fn markup(&mut self, source: &str, number: &str) -> Result<(), Stop> {
        let kept = crate::script::floor_char(source, MARKUP_BYTES);
        let blocks = catch(|| markup::blocks(&source[..kept], self.source.html_depth));
        let blocks = match blocks {
            Ok(blocks) => blocks,
            Err(reason) => return member::failed(&format!("part {number}"), reason, self.writer),
        };
        for (kind, text, line) in blocks {
            let place = self.place(number, line);
            self.writer.push(member::below(kind, 1), &text, place)?;
        }
        Ok(())
    }

    fn attachment(&mut self, part: &Part<'_>) -> Result<(), Stop> {
        let kind = kind_of(part.part);
        let name = self.source.name(part.part).or_else(|| self.subject_of(part));
        let name = name.unwrap_or_else(|| format!("part {}", part.number));
        if cards::is_card(&kind, &name) {
            let blocks = cards::blocks(&self.source.text(part.part).text);
            if !blocks.is_empty() {
                return self.cards(&name, &blocks);
            }
        }
        if is_decoration(part, &kind) {
            return Ok(());
        }
        let bytes = match &part.part.body {
            PartType::Message(message) if !message.raw_message.is_empty() && is_encoded(part) => {
                message.raw_message.clone()
            }
            _ => self.source.bytes(part.part),
        };
        let format = (part.role == Role::Message).then_some(Format::Mail);
        member::read(&Member { path: &name, bytes: &bytes, format, level: 2 }, self.context, self.writer)
    }

    /// The subject of an attached message stands in for its name.
    fn subject_of(&self, part: &Part<'_>) -> Option<String> {
        let PartType::Message(message) = &part.part.body else { return None };
        let raw = if is_encoded(part) { message.raw_message.as_ref() } else { self.source.raw };
        header::read(message, raw).subject.map(|subject| subject.text)
    }

    fn cards(&mut self, name: &str, blocks: &[(String, u32, u32)]) -> Result<(), Stop> {
        let place = |first, last| Place::Member {
            path: name.to_owned(),
            place: Box::new(Place::Lines { first, last, runs: Vec::new() }),
        };
        self.writer.push(BlockKind::Heading { level: 2 }, name, place(1, 1))?;
        for (card, first, last) in blocks {
            self.writer.push(BlockKind::Paragraph, card, place(*first, *last))?;
        }
        Ok(())
    }
}

/// Whether a picture is so small that it holds no page, and belongs to the text: a logo, an icon.
fn is_decoration(part: &Part<'_>, kind: &str) -> bool {
    let attached = part.part.content_disposition().is_some_and(|disposition| disposition.is_attachment());
    let size = part.part.offset_end.saturating_sub(part.part.offset_body);
    // In base64, as pictures are, three bytes take four.
    kind.starts_with("image/")
        && u64::from(size) < DECORATION_BYTES * 4 / 3
        && (!attached || part.part.content_id().is_some())
}

/// Whether a message within the message was encoded for the way, against the rules but seen.
fn is_encoded(part: &Part<'_>) -> bool {
    let encoding = part.part.content_transfer_encoding().unwrap_or_default().to_ascii_lowercase();
    matches!(encoding.as_str(), "base64" | "quoted-printable")
}

/// How the lines of a plain text are joined, if its type says so.
fn flowed(part: &Part<'_>) -> Option<Flowed> {
    let kind = part.part.content_type()?;
    let says =
        |name: &str, value: &str| kind.attribute(name).is_some_and(|found| found.eq_ignore_ascii_case(value));
    says("format", "flowed").then(|| Flowed { delete_space: says("delsp", "yes") })
}

#[cfg(test)]
mod tests {
    use crate::read::testing::warnings_of;

    #[test]
    fn a_logo_is_no_loss_and_a_picture_that_was_attached_is() {
        let png =
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
        let mail = |disposition: &str| {
            format!(
                "From: a@b.c\r\nTo: d@e.f\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n\
                 --m\r\nContent-Type: text/plain\r\n\r\nHello.\r\n\
                 --m\r\nContent-Type: image/png; name=image001.png\r\nContent-Transfer-Encoding: base64\r\n{disposition}\r\n\r\n{png}\r\n--m--\r\n"
            )
        };
        for logo in [
            "Content-Disposition: inline; filename=image001.png",
            "Content-Disposition: attachment; filename=image001.png\r\nContent-ID: <a@b>",
        ] {
            assert_eq!(warnings_of("a.eml", mail(logo).as_bytes()).unwrap(), [], "{logo}");
        }
        let attached = mail("Content-Disposition: attachment; filename=image001.png");
        assert_eq!(warnings_of("a.eml", attached.as_bytes()).unwrap().len(), 1);
    }
}
