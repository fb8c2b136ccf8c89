//! Calendars (RFC 5545) and address cards (RFC 6350, and version 2.1 with its encodings): one block of
//! readable lines for each event, task and person.

use super::super::lines::lines;
use super::words::one_line;
use super::{charset, transfer};

/// What is shown of a component, and under which name.
const SHOWN: &[(&str, &str)] = &[
    ("SUMMARY", "Summary"),
    ("DTSTART", "Start"),
    ("DTEND", "End"),
    ("DUE", "Due"),
    ("LOCATION", "Location"),
    ("ORGANIZER", "Organizer"),
    ("ATTENDEE", "Attendee"),
    ("DESCRIPTION", "Description"),
    ("FN", "Name"),
    ("ORG", "Organization"),
    ("TITLE", "Title"),
    ("ROLE", "Role"),
    ("TEL", "Phone"),
    ("EMAIL", "Email"),
    ("ADR", "Address"),
    ("BDAY", "Birthday"),
    ("URL", "URL"),
    ("NOTE", "Note"),
];
/// Components that a person reads.
const COMPONENTS: &[&str] = &["VEVENT", "VTODO", "VJOURNAL", "VCARD"];

/// Whether a type or a file's ending stands for a calendar or an address card.
pub(super) fn is_card(kind: &str, name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(kind, "text/calendar" | "application/ics" | "text/vcard" | "text/x-vcard" | "text/directory")
        || name.ends_with(".ics")
        || name.ends_with(".vcf")
}

/// The components of a calendar or of cards: their text, first and last line counted from 1.
pub(super) fn blocks(text: &str) -> Vec<(String, u32, u32)> {
    let mut found = Vec::new();
    let mut open: Option<(String, Vec<String>, u32)> = None;
    for (first, last, line) in unfolded(text) {
        let Some(property) = Property::parse(&line) else { continue };
        match (property.name.as_str(), &mut open) {
            ("BEGIN", None) => {
                let kind = property.value.trim().to_ascii_uppercase();
                open = COMPONENTS.contains(&kind.as_str()).then(|| (kind, Vec::new(), first));
            }
            ("END", Some((kind, shown, begun))) if property.value.trim().eq_ignore_ascii_case(kind) => {
                if !shown.is_empty() {
                    found.push((shown.join("\n"), *begun, last));
                }
                open = None;
            }
            (_, Some((_, shown, _))) => shown.extend(property.shown()),
            _ => {}
        }
    }
    found
}

/// Lines with what was folded to the next ones: first and last number, content.
fn unfolded(text: &str) -> Vec<(u32, u32, String)> {
    let mut joined: Vec<(u32, u32, String)> = Vec::new();
    for (index, line) in lines(text).enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let content = &text[line.start..line.end];
        match joined.last_mut() {
            Some((_, last, before)) if content.starts_with([' ', '\t']) => {
                before.push_str(&content[1..]);
                *last = number;
            }
            // Quoted-printable lines of version 2.1 end in a mark of their own.
            Some((_, last, before)) if before.ends_with('=') && is_quoted_printable(before) => {
                before.pop();
                before.push_str(content);
                *last = number;
            }
            _ => joined.push((number, number, content.to_owned())),
        }
    }
    joined
}

fn is_quoted_printable(line: &str) -> bool {
    line.split(':').next().is_some_and(|head| head.to_ascii_uppercase().contains("QUOTED-PRINTABLE"))
}

/// `NAME;PARAMETER=VALUE:value`.
struct Property {
    name: String,
    parameters: String,
    value: String,
}

impl Property {
    fn parse(line: &str) -> Option<Self> {
        // A colon within quotation marks belongs to a parameter.
        let mut quoted = false;
        let colon = line.find(|c| {
            quoted ^= c == '"';
            c == ':' && !quoted
        })?;
        let (head, value) = (&line[..colon], &line[colon + 1..]);
        let (name, parameters) = head.split_once(';').unwrap_or((head, ""));
        // Cards may group their lines: `item1.EMAIL`.
        let name = name.rsplit('.').next().unwrap_or(name).trim().to_ascii_uppercase();
        let value = if is_quoted_printable(line) {
            charset::decode(&transfer::quoted_printable(value.as_bytes()), parameter(parameters, "CHARSET"))
                .text
        } else {
            value.to_owned()
        };
        Some(Self { name, parameters: parameters.to_owned(), value })
    }

    /// The line that a person reads, if it is one of interest.
    fn shown(&self) -> Option<String> {
        let (_, label) = SHOWN.iter().find(|(name, _)| *name == self.name)?;
        let value = match self.name.as_str() {
            "DTSTART" | "DTEND" | "DUE" | "BDAY" => readable_time(&self.value),
            "ORGANIZER" | "ATTENDEE" => self.person(),
            "ADR" | "ORG" => {
                let parts = unescaped(&self.value.replace(';', ", "));
                parts
                    .split(", ")
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            _ => unescaped(&self.value),
        };
        let value = one_line(&value);
        (!value.is_empty()).then(|| format!("{label}: {value}"))
    }

    fn person(&self) -> String {
        let address = self.value.trim();
        let address = match address.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => &address[7..],
            _ => address,
        };
        match parameter(&self.parameters, "CN") {
            Some(name) if name != address => format!("{name} <{address}>"),
            _ => address.to_owned(),
        }
    }
}

/// The value of a parameter.
fn parameter<'p>(parameters: &'p str, name: &str) -> Option<&'p str> {
    let found = parameters.split(';').find_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        key.eq_ignore_ascii_case(name).then_some(value)
    })?;
    Some(found.trim_matches('"'))
}

fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') | None => text.push(' '),
                Some(other) => text.push(other),
            },
            _ => text.push(c),
        }
    }
    text
}

/// `20261121T100000Z` as `2026-11-21 10:00 UTC`; anything else as it is.
fn readable_time(value: &str) -> String {
    let value = value.trim();
    let digits = |range: std::ops::Range<usize>| {
        value.get(range).filter(|piece| piece.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let (Some(year), Some(month), Some(day)) = (digits(0..4), digits(4..6), digits(6..8)) else {
        return value.to_owned();
    };
    let date = format!("{year}-{month}-{day}");
    match (value.get(8..9), digits(9..11), digits(11..13)) {
        (Some("T"), Some(hour), Some(minute)) => {
            let zone = if value.ends_with('Z') { " UTC" } else { "" };
            format!("{date} {hour}:{minute}{zone}")
        }
        _ => date,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_becomes_readable_lines() {
        let text = "BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nDTSTART:19700101T000000\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nDTSTART;TZID=Asia/Shanghai:20261121T100000\r\nDTEND:20261121T030000Z\r\nSUMMARY:项目会议\\, 第二\r\n 次\r\nORGANIZER;CN=\"Li, Wei\":mailto:li@example.cn\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
        let expected = "Start: 2026-11-21 10:00\nEnd: 2026-11-21 03:00 UTC\nSummary: 项目会议, 第二次\nOrganizer: Li, Wei <li@example.cn>";
        assert_eq!(blocks(text), [(expected.to_owned(), 5, 11)]);
    }

    #[test]
    fn cards_of_every_version_are_read() {
        let old = "BEGIN:VCARD\nVERSION:2.1\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E5=BC=A0=\n=E4=B8=89\nitem1.TEL;CELL:+86 1\nADR;HOME:;;1 Main St;Town;;;\nEND:VCARD\n";
        assert_eq!(blocks(old)[0].0, "Name: 张三\nPhone: +86 1\nAddress: 1 Main St, Town");
        assert!(blocks("no card at all").is_empty());
    }
}
