//! The header of a message: its fields as a person reads them, and what they say of the message.

use super::words;
use docent_corpus::Metadata;
use mail_parser::{Header, HeaderName, Message};

/// What is shown of a header.
pub(super) struct Shown {
    pub(super) subject: Option<Field>,
    pub(super) from: Option<Field>,
    /// From, To, Cc and Date, with their names.
    pub(super) lines: Vec<String>,
    /// The line of the first of them, counted from 1.
    pub(super) line: u32,
    date: Option<String>,
}

/// A field of a header.
pub(super) struct Field {
    pub(super) text: String,
    /// Its line in the message, counted from 1.
    pub(super) line: u32,
}

/// Reads the header of `message`, whose bytes are `raw`.
pub(super) fn read(message: &Message<'_>, raw: &[u8]) -> Shown {
    let fields = Fields { message, raw };
    let subject = fields.find(&HeaderName::Subject, words::decode);
    let from = fields
        .find(&HeaderName::From, words::addresses)
        .or_else(|| fields.find(&HeaderName::Sender, words::addresses));
    let to = fields.find(&HeaderName::To, words::addresses);
    let cc = fields.find(&HeaderName::Cc, words::addresses);
    let date = fields.find(&HeaderName::Date, words::decode).map(|field| Field {
        text: message.date().filter(|date| date.is_valid() && date.year > 0).map_or(field.text, iso),
        ..field
    });
    let named = [("From", &from), ("To", &to), ("Cc", &cc), ("Date", &date)];
    let shown = || named.into_iter().filter_map(|(name, field)| Some((name, field.as_ref()?)));
    Shown {
        lines: shown().map(|(name, field)| format!("{name}: {}", field.text)).collect(),
        line: shown().map(|(_, field)| field.line).min().unwrap_or(1),
        date: date.as_ref().map(|field| field.text.clone()),
        subject,
        from,
    }
}

impl Shown {
    /// What the message says of itself.
    pub(super) fn metadata(&self) -> Metadata {
        Metadata {
            title: self.subject.as_ref().map(|field| field.text.clone()),
            author: self.from.as_ref().map(|field| field.text.clone()),
            date: self.date.clone(),
            ..Metadata::default()
        }
    }
}

/// `2026-11-21 10:00:00+08:00`.
fn iso(date: &mail_parser::DateTime) -> String {
    let mail_parser::DateTime { year, month, day, hour, minute, second, tz_before_gmt, tz_hour, tz_minute } =
        date;
    let sign = if *tz_before_gmt { '-' } else { '+' };
    format!(
        "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{sign}{tz_hour:02}:{tz_minute:02}"
    )
}

struct Fields<'m> {
    message: &'m Message<'m>,
    raw: &'m [u8],
}

impl Fields<'_> {
    /// The first field of this name that is not empty.
    fn find(&self, name: &HeaderName<'_>, decode: impl Fn(&[u8]) -> String) -> Option<Field> {
        let fields = self.message.parts.first()?.headers.iter().filter(|header| header.name == *name);
        fields
            .map(|header| Field { text: decode(raw_value(header, self.raw)), line: self.line(header) })
            .find(|field| !field.text.is_empty())
    }

    fn line(&self, header: &Header<'_>) -> u32 {
        let before = self.raw.get(..header.offset_field as usize).unwrap_or_default();
        let breaks = before.iter().filter(|byte| **byte == b'\n').count();
        u32::try_from(breaks + 1).unwrap_or(u32::MAX)
    }
}

/// The bytes of a header's value.
pub(super) fn raw_value<'r>(header: &Header<'_>, raw: &'r [u8]) -> &'r [u8] {
    raw.get(header.offset_start as usize..header.offset_end as usize).unwrap_or_default()
}
