//! The parts of a message: which of them are its text, which are attachments, and their numbers as
//! IMAP counts them (RFC 3501, 6.4.5).

use super::header::raw_value;
use super::{charset, parameter, transfer, words};
use mail_parser::{HeaderName, Message, MessagePart, MimeHeaders, PartType};
use std::borrow::Cow;

/// Deepest nesting of parts that is followed.
const MAX_DEPTH: usize = 50;
/// Plain text with at least this many letters is no stub.
const STUB_LETTERS: usize = 600;
/// Beside HTML with this many times its letters, short plain text is a stub.
const STUB_SHARE: usize = 3;

/// What a part is to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Plain text of the message.
    Text,
    /// The message's text as HTML.
    Markup,
    /// A calendar or address cards in the message's text.
    Card,
    /// A file.
    Attachment,
    /// A message.
    Message,
    /// Encrypted, or packed in a way that is not read; says why.
    Closed(&'static str),
}

/// A part that is read, or whose failure is told.
#[derive(Debug)]
pub(super) struct Part<'m> {
    pub(super) role: Role,
    /// `1.2`.
    pub(super) number: String,
    pub(super) part: &'m MessagePart<'m>,
}

/// A message and its bytes.
#[derive(Clone, Copy)]
pub(super) struct Source<'m> {
    pub(super) message: &'m Message<'m>,
    pub(super) raw: &'m [u8],
    /// Deepest nesting of HTML elements that is kept.
    pub(super) html_depth: usize,
}

impl<'m> Source<'m> {
    /// The parts to read, in their order.
    pub(super) fn parts(self) -> Vec<Part<'m>> {
        let mut found = Vec::new();
        let seen = vec![false; self.message.parts.len()];
        Walk { source: self, found: &mut found, seen }.part(0, String::new(), true, 0);
        self.without_doubles(&mut found);
        found
    }

    /// Leaves out calendars in the text that are attached too, as Google sends them.
    fn without_doubles(self, found: &mut Vec<Part<'m>>) {
        let shown = |part: &Part<'m>| {
            let blocks = super::cards::blocks(&self.text(part.part).text).into_iter();
            blocks.map(|(card, ..)| card).collect::<Vec<_>>()
        };
        let is_attached_card = |part: &&Part<'m>| {
            let name = self.name(part.part).unwrap_or_default();
            part.role == Role::Attachment && super::cards::is_card(&kind_of(part.part), &name)
        };
        if found.iter().any(|part| part.role == Role::Card) {
            let attached: Vec<_> = found.iter().filter(is_attached_card).map(shown).collect();
            found.retain(|part| part.role != Role::Card || !attached.contains(&shown(part)));
        }
    }

    /// The bytes of a part, as they were before they were encoded for the way.
    pub(super) fn bytes(self, part: &MessagePart<'_>) -> Cow<'m, [u8]> {
        let body = self.raw.get(part.offset_body as usize..part.offset_end as usize).unwrap_or_default();
        transfer::decode(part.content_transfer_encoding().unwrap_or_default(), body)
    }

    /// The text of a part.
    pub(super) fn text(self, part: &MessagePart<'_>) -> charset::Text {
        charset::decode(&self.bytes(part), part.content_type().and_then(|kind| kind.attribute("charset")))
    }

    /// The name of an attachment.
    pub(super) fn name(self, part: &MessagePart<'_>) -> Option<String> {
        let name = part.attachment_name()?;
        let name = if let Some(joined) = self.name_in_pieces(part) {
            joined
        } else if name.contains(char::REPLACEMENT_CHARACTER) || name.contains("=?") {
            self.raw_name(part).unwrap_or_else(|| name.to_owned())
        } else {
            name.to_owned()
        };
        let name = words::one_line(&name);
        (!name.is_empty()).then_some(name)
    }

    /// A name that is so long that it is written in pieces.
    fn name_in_pieces(self, part: &MessagePart<'_>) -> Option<String> {
        let find = |header: HeaderName<'_>, name: &str| {
            let found = part.headers.iter().find(|found| found.name == header)?;
            parameter::in_pieces(raw_value(found, self.raw), name)
        };
        let is_whole = |part: &MessagePart<'_>| {
            part.content_disposition().is_some_and(|kind| kind.attribute("filename").is_some())
        };
        let joined = match find(HeaderName::ContentDisposition, "filename") {
            // That header goes first, and has a whole name.
            None if is_whole(part) => None,
            None => find(HeaderName::ContentType, "name"),
            found => found,
        }?;
        // Some programs write encoded words into the pieces, against the rules.
        Some(if joined.contains("=?") { words::decode(joined.as_bytes()) } else { joined })
    }

    /// A name that was written in bytes beyond ASCII, or in encoded words, both against the rules.
    fn raw_name(self, part: &MessagePart<'_>) -> Option<String> {
        let values = part
            .headers
            .iter()
            .filter(|header| matches!(header.name, HeaderName::ContentDisposition | HeaderName::ContentType))
            .map(|header| words::decode(raw_value(header, self.raw)));
        values.rev().find_map(|value| {
            let lower = value.to_ascii_lowercase();
            let start = ["filename=", "name="].iter().find_map(|key| Some(lower.find(key)? + key.len()))?;
            let rest = value.get(start..)?;
            let name = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next()?,
                None => rest.split(';').next()?,
            };
            Some(name.trim().to_owned())
        })
    }
}

/// Type and subtype of a part in lower case; `text/plain` if it names none.
pub(super) fn kind_of(part: &MessagePart<'_>) -> String {
    part.content_type().map_or_else(
        || "text/plain".to_owned(),
        |kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or("plain")).to_ascii_lowercase(),
    )
}

fn is_attached(part: &MessagePart<'_>) -> bool {
    part.content_disposition().is_some_and(|disposition| disposition.is_attachment())
}

struct Walk<'m, 'f> {
    source: Source<'m>,
    found: &'f mut Vec<Part<'m>>,
    /// Which parts were followed. What the parser makes of a damaged message may name a part twice, or
    /// within itself.
    seen: Vec<bool>,
}

impl<'m> Walk<'m, '_> {
    /// Follows a part. Without `bodies` only attachments are of interest: another part says the same.
    fn part(&mut self, id: u32, number: String, bodies: bool, depth: usize) {
        let Some(part) = self.source.message.parts.get(id as usize) else { return };
        let is_again = self.seen.get_mut(id as usize).is_none_or(|seen| std::mem::replace(seen, true));
        if is_again || depth > MAX_DEPTH {
            return;
        }
        if let PartType::Multipart(children) = &part.body {
            return self.children(part, children, &number, bodies, depth);
        }
        let number = if number.is_empty() { "1".to_owned() } else { number };
        if let Some(role) = self.role(part, bodies, depth == 0) {
            self.found.push(Part { role, number, part });
        }
    }

    fn children(
        &mut self,
        part: &'m MessagePart<'m>,
        children: &'m [u32],
        number: &str,
        bodies: bool,
        depth: usize,
    ) {
        let kind = kind_of(part);
        let numbered = |index: usize| match number {
            "" => format!("{}", index + 1),
            number => format!("{number}.{}", index + 1),
        };
        if kind == "multipart/encrypted" {
            let reason = "the message is encrypted";
            self.found.push(Part { role: Role::Closed(reason), number: numbered(0), part });
            return;
        }
        let chosen = match kind.as_str() {
            "multipart/alternative" => self.alternative(children),
            _ => None,
        };
        for (index, child) in children.iter().enumerate() {
            // A calendar beside the text is no other form of it: Outlook leaves date and place to it.
            let is_chosen = chosen.is_none_or(|chosen| chosen == index) || self.is_calendar(*child);
            let bodies = bodies && is_chosen;
            self.part(*child, numbered(index), bodies, depth + 1);
        }
    }

    fn is_calendar(&self, id: u32) -> bool {
        self.source.message.parts.get(id as usize).is_some_and(|part| kind_of(part) == "text/calendar")
    }

    /// Which of several forms of the same text is read.
    fn alternative(&self, children: &[u32]) -> Option<usize> {
        let of_kind = |wanted: &str| children.iter().position(|child| self.leaf(*child, wanted).is_some());
        let (plain, markup) = (of_kind("text/plain"), of_kind("text/html"));
        match (plain, markup) {
            (Some(plain), Some(markup)) if plain != markup => {
                let stub = self.is_stub(children[plain], children[markup]);
                Some(if stub { markup } else { plain })
            }
            _ => plain.or(markup),
        }
    }

    /// The first part of a kind at or below a part, apart from attachments.
    fn leaf(&self, id: u32, wanted: &str) -> Option<&'m MessagePart<'m>> {
        let parts = &self.source.message.parts;
        let (mut seen, mut waiting) = (vec![false; parts.len()], vec![id]);
        while let Some(id) = waiting.pop() {
            let Some(part) = parts.get(id as usize) else { continue };
            if std::mem::replace(&mut seen[id as usize], true) {
                continue;
            }
            match &part.body {
                PartType::Multipart(children) => waiting.extend(children.iter().rev()),
                _ if kind_of(part) == wanted && !is_attached(part) => return Some(part),
                _ => {}
            }
        }
        None
    }

    /// Whether plain text only says that the message is HTML, or is all but empty.
    fn is_stub(&self, plain: u32, markup: u32) -> bool {
        let Some(plain) = self.leaf(plain, "text/plain") else { return true };
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).count();
        let plain = letters(&self.source.text(plain).text);
        if plain >= STUB_LETTERS {
            return false;
        }
        let Some(markup) = self.leaf(markup, "text/html") else { return false };
        let shown = super::super::html::fragment(&self.source.text(markup).text, self.source.html_depth);
        let markup: usize = shown.iter().map(|(_, text)| letters(text)).sum();
        markup > 0 && (plain == 0 || markup > plain * STUB_SHARE + 100)
    }

    fn role(&self, part: &MessagePart<'_>, bodies: bool, alone: bool) -> Option<Role> {
        let kind = kind_of(part);
        let name = self.source.name(part);
        let attached = is_attached(part);
        let in_text = alone || (!attached && name.is_none());
        let body = |role: Role| bodies.then_some(role);
        match kind.as_str() {
            "application/pgp-signature" | "application/pkcs7-signature" | "application/x-pkcs7-signature" => {
                None
            }
            "application/pgp-encrypted" | "message/partial" | "message/external-body" => None,
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                Some(Role::Closed("the message is encrypted or sealed (S/MIME)"))
            }
            "application/ms-tnef" | "application/vnd.ms-tnef" => Some(TNEF),
            _ if name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat")) => Some(TNEF),
            "message/rfc822" | "message/global" => Some(Role::Message),
            "message/delivery-status" | "message/disposition-notification" | "text/rfc822-headers" => {
                body(Role::Text)
            }
            "text/html" | "text/enriched" | "text/richtext" if in_text => body(Role::Markup),
            _ if super::cards::is_card(&kind, "") && in_text => body(Role::Card),
            _ if kind.starts_with("text/") && in_text => body(Role::Text),
            // Pictures of the text itself: logos, and what the HTML shows in its place.
            _ if kind.starts_with("image/")
                && !attached
                && (name.is_none() || part.content_id().is_some()) =>
            {
                None
            }
            _ => Some(Role::Attachment),
        }
    }
}

const TNEF: Role = Role::Closed("Outlook's own format (TNEF) is not read");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::testing::{read_named, texts};

    const CALENDAR: &str = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Budget\r\nDTSTART:20261121T100000Z\r\nLOCATION:Room 7\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    fn invitation(after: &str) -> String {
        format!(
            "From: a@b.c\r\nTo: d@e.f\r\nSubject: Budget\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n\
             --m\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n\
             --x\r\nContent-Type: text/plain\r\n\r\nPlease come.\r\n\
             --x\r\nContent-Type: text/html\r\n\r\n<p>Please come.</p>\r\n\
             --x\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n{CALENDAR}\
             --x--\r\n{after}--m--\r\n"
        )
    }

    #[test]
    fn the_calendar_of_an_invitation_is_read_once() {
        let card = "Summary: Budget\nStart: 2026-11-21 10:00 UTC\nLocation: Room 7";
        let document = read_named("a.eml", invitation("").as_bytes()).unwrap();
        assert_eq!(texts(&document)[2..], ["Please come.", card]);
        let attached = format!(
            "--m\r\nContent-Type: application/ics; name=invite.ics\r\nContent-Disposition: attachment; filename=invite.ics\r\n\r\n{CALENDAR}"
        );
        let document = read_named("a.eml", invitation(&attached).as_bytes()).unwrap();
        assert_eq!(texts(&document)[2..], ["Please come.", "invite.ics", card]);
    }

    #[test]
    fn a_long_name_is_joined_from_its_pieces() {
        let name = |headers: &str| {
            let mail = format!(
                "From: a@b.c\r\nSubject: S\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n\
                 --m\r\nContent-Type: text/plain\r\n\r\nBody.\r\n\
                 --m\r\n{headers}\r\n\r\nText.\r\n--m--\r\n"
            );
            let document = read_named("a.eml", mail.as_bytes()).unwrap();
            texts(&document).into_iter().rev().nth(1).unwrap_or_default().to_owned()
        };
        // A character of GB 18030 that begins in one piece and ends in the next.
        let divided = "Content-Type: text/plain\r\nContent-Disposition: attachment;\r\n \
                       filename*0*=gb18030''%B1%A8%B8;\r\n filename*1*=%E6.txt";
        assert_eq!(name(divided), "报告.txt");
        let encoded_words = "Content-Type: text/plain; name=other.txt\r\nContent-Disposition: attachment;\r\n \
                             filename*0=\"=?utf-8?B?5oql5ZGK?=\";\r\n filename*1=\"=?utf-8?B?LnR4dA==?=\"";
        assert_eq!(name(encoded_words), "报告.txt");
        let whole_goes_first = "Content-Type: text/plain; name*0=pie; name*1=ces.txt\r\n\
                                Content-Disposition: attachment; filename=whole.txt";
        assert_eq!(name(whole_goes_first), "whole.txt");
    }

    #[test]
    fn parts_that_lie_within_themselves_are_followed_once() {
        // What the parser made of one of 10,000 damaged mails, in small: every part in every other.
        let all: Vec<u32> = (0..40).collect();
        let within = |_| MessagePart { body: PartType::Multipart(all.clone()), ..MessagePart::default() };
        let mut parts: Vec<MessagePart<'_>> = (0..39).map(within).collect();
        parts.push(MessagePart { body: PartType::Text("the text".into()), ..MessagePart::default() });
        let message = Message { parts, ..Message::default() };
        let found = Source { message: &message, raw: b"", html_depth: 10 }.parts();
        assert_eq!(found.iter().map(|part| part.role).collect::<Vec<_>>(), [Role::Text]);
    }
}
