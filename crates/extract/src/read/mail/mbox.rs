//! Mailboxes (RFC 4155): messages one after the other, each behind a line that begins with `From `.
//!
//! The iterator of mail-parser is not used: it keeps a message of any length in memory, and takes every
//! line of a text that begins with `From ` for the beginning of a message.

use std::io::{self, BufRead, Read};

/// Longest message that is read, in bytes; the rest of a longer one is left out.
pub(super) const MESSAGE_BYTES: usize = 64 << 20;
/// Lines are read in pieces of at most this many bytes.
const LINE_BYTES: u64 = 64 << 10;

/// A message of a mailbox.
pub(super) struct Letter {
    pub(super) bytes: Vec<u8>,
    /// Whether its end was left out.
    pub(super) cut: bool,
}

/// Reads messages from a mailbox, one at a time.
pub(super) struct Letters<R> {
    reader: R,
    /// What was read ahead: the line behind one that may begin a message.
    ahead: Option<Vec<u8>>,
    /// Whether the last line was empty, or there was none.
    after_blank: bool,
    /// Whether the last piece ended its line.
    line_begins: bool,
}

impl<R: BufRead> Letters<R> {
    /// A reader that stands before the first message.
    pub(super) fn new(reader: R) -> Self {
        Self { reader, ahead: None, after_blank: true, line_begins: true }
    }

    /// The next line, or piece of one; empty at the end.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        if let Some(line) = self.ahead.take() {
            return Ok(line);
        }
        let mut line = Vec::new();
        (&mut self.reader).take(LINE_BYTES).read_until(b'\n', &mut line)?;
        Ok(line)
    }

    /// Whether `line` begins a message: it stands behind an empty line, holds a time, and the field of
    /// a header follows.
    fn begins_message(&mut self, line: &[u8]) -> io::Result<bool> {
        if !(self.after_blank && self.line_begins && line.starts_with(b"From ") && has_time(line)) {
            return Ok(false);
        }
        let next = self.line()?;
        let begins = next.is_empty() || is_field(&next);
        self.ahead = Some(next);
        Ok(begins)
    }

    /// The next message.
    pub(super) fn next(&mut self) -> io::Result<Option<Letter>> {
        let mut letter = Letter { bytes: Vec::new(), cut: false };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                return Ok((!letter.bytes.trim_ascii().is_empty()).then_some(letter));
            }
            if self.begins_message(&line)? {
                self.after_blank = false;
                if letter.bytes.trim_ascii().is_empty() {
                    letter.bytes.clear();
                    continue;
                }
                return Ok(Some(letter));
            }
            self.after_blank = self.line_begins && line.trim_ascii().is_empty();
            let unquoted = if self.line_begins { unquoted(&line) } else { &line };
            let room = MESSAGE_BYTES - letter.bytes.len();
            letter.cut |= unquoted.len() > room;
            letter.bytes.extend_from_slice(&unquoted[..unquoted.len().min(room)]);
            self.line_begins = line.ends_with(b"\n");
        }
    }
}

/// A line without the mark that keeps `From ` in a text from beginning a message.
fn unquoted(line: &[u8]) -> &[u8] {
    let marks = line.iter().take_while(|byte| **byte == b'>').count();
    if marks > 0 && line[marks..].starts_with(b"From ") { &line[1..] } else { line }
}

/// Whether one of the words is a time such as `10:00` or `10:00:00`.
fn has_time(line: &[u8]) -> bool {
    line.split(u8::is_ascii_whitespace).any(|word| {
        let mut fields = word.split(|byte| *byte == b':');
        let numbers = fields
            .clone()
            .all(|field| (1..=2).contains(&field.len()) && field.iter().all(u8::is_ascii_digit));
        numbers && fields.nth(1).is_some()
    })
}

/// `Name: value`, or another line that mailboxes put before the header.
fn is_field(line: &[u8]) -> bool {
    if line.starts_with(b">From ") {
        return true;
    }
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    name.len() < line.len() && !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(mailbox: &[u8]) -> Vec<String> {
        let mut letters = Letters::new(mailbox);
        let mut found = Vec::new();
        while let Some(letter) = letters.next().unwrap() {
            found.push(String::from_utf8(letter.bytes).unwrap());
        }
        found
    }

    #[test]
    fn only_a_separator_divides_messages() {
        let mailbox = b"From a@b Sat Nov 21 10:00:00 2026\nSubject: one\n\nText\nFrom here 10:00 on\n\nFrom Monday, 10:30 we\nwork.\n>From me\n>>From you\n\nFrom - Sat Nov 21 10:00:01 2026\r\nSubject: two\r\n\r\nB\r\n";
        assert_eq!(
            split(mailbox),
            [
                "Subject: one\n\nText\nFrom here 10:00 on\n\nFrom Monday, 10:30 we\nwork.\nFrom me\n>From you\n\n",
                "Subject: two\r\n\r\nB\r\n",
            ]
        );
        assert!(split(b"").is_empty());
    }

    #[test]
    fn a_long_line_is_read_in_pieces() {
        let body = "x".repeat(200_000);
        let mailbox = format!("From a Sat Nov 21 10:00:00 2026\nSubject: x\n\n{body}\n");
        assert_eq!(split(mailbox.as_bytes())[0].len(), "Subject: x\n\n".len() + body.len() + 1);
    }
}
