//! Header fields as a person reads them: encoded words (RFC 2047) decoded, folded lines joined.

use super::charset;
use super::transfer::{base64, hex};

/// Longest text of one encoded word that is looked for. The standard allows 75 bytes, programs write
/// more.
const WORD_BYTES: usize = 8 << 10;

/// The text of a header field from its raw bytes.
pub(super) fn decode(raw: &[u8]) -> String {
    let mut reading = Reading::default();
    let mut rest = raw;
    while !rest.is_empty() {
        match encoded_word(rest) {
            Some((word, behind)) => {
                reading.word(word);
                rest = behind;
            }
            None => {
                reading.plain(rest[0]);
                rest = &rest[1..];
            }
        }
    }
    reading.finish()
}

/// As [`decode`], for a list of addresses: without the quotation marks around names.
pub(super) fn addresses(raw: &[u8]) -> String {
    let mut text = String::new();
    let decoded = decode(raw);
    let mut chars = decoded.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => {}
            '\\' => text.extend(chars.next()),
            _ => text.push(c),
        }
    }
    one_line(&text)
}

/// Text on one line, without control characters.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !crate::script::is_dropped(*c)).collect()
}

/// `=?charset?encoding?text?=`, its bytes decoded.
struct Word {
    charset: String,
    bytes: Vec<u8>,
}

/// The encoded word that `bytes` begin with, and what follows it.
fn encoded_word(bytes: &[u8]) -> Option<(Word, &[u8])> {
    let rest = bytes.strip_prefix(b"=?")?;
    let mut fields = rest.splitn(3, |byte| *byte == b'?');
    let (charset, encoding, tail) = (fields.next()?, fields.next()?, fields.next()?);
    if charset.is_empty() || charset.len() > 64 || charset.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let end = tail[..tail.len().min(WORD_BYTES)].windows(2).position(|pair| pair == b"?=")?;
    let text = &tail[..end];
    let bytes = match encoding {
        b"B" | b"b" => base64(text),
        b"Q" | b"q" => q_decoded(text),
        _ => return None,
    };
    // A language may follow the charset (RFC 2231, 5).
    let charset = charset.split(|byte| *byte == b'*').next()?;
    Some((Word { charset: String::from_utf8_lossy(charset).to_ascii_lowercase(), bytes }, &tail[end + 2..]))
}

fn q_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match (byte, behind.first().copied().and_then(hex), behind.get(1).copied().and_then(hex)) {
            (b'=', Some(high), Some(low)) => {
                decoded.push(high << 4 | low);
                rest = &behind[2..];
            }
            (b'_', ..) => decoded.push(b' '),
            _ => decoded.push(*byte),
        }
    }
    decoded
}

/// The field so far. Words of one charset that follow each other are decoded together, because many
/// programs cut them within a character.
#[derive(Default)]
struct Reading {
    text: String,
    words: Option<Word>,
    plain: Vec<u8>,
}

impl Reading {
    fn word(&mut self, word: Word) {
        match &mut self.words {
            // White space between two words only divides them.
            Some(before) if self.plain.trim_ascii().is_empty() && before.charset == word.charset => {
                before.bytes.extend_from_slice(&word.bytes);
                self.plain.clear();
            }
            Some(_) if self.plain.trim_ascii().is_empty() => {
                self.plain.clear();
                self.close_words();
                self.words = Some(word);
            }
            _ => {
                self.close_words();
                self.close_plain();
                self.words = Some(word);
            }
        }
    }

    fn plain(&mut self, byte: u8) {
        self.plain.push(byte);
    }

    fn close_words(&mut self) {
        if let Some(word) = self.words.take() {
            self.text.push_str(&charset::decode(&word.bytes, Some(&word.charset)).text);
        }
    }

    fn close_plain(&mut self) {
        let plain = std::mem::take(&mut self.plain);
        self.text.push_str(&charset::decode(&plain, None).text);
    }

    fn finish(mut self) -> String {
        self.close_words();
        self.close_plain();
        one_line(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_cut_within_a_character_are_joined() {
        // The first word ends after two of the three bytes of 中 (E4 B8 AD).
        assert_eq!(decode(b"=?utf-8?B?5Lg=?=\r\n =?utf-8?B?reaWhw==?= ok"), "中文 ok");
        assert_eq!(decode(b"=?gb2312?B?1tDOxA==?="), "中文");
        assert_eq!(decode(b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?="), "日本");
        assert_eq!(decode(b"=?koi8-r?Q?=F0=D2=C9=D7=C5=D4?= x"), "Привет x");
    }

    #[test]
    fn what_is_no_word_stays() {
        assert_eq!(decode(b"a =? b =?utf-8?X?abc?= 1=?2"), "a =? b =?utf-8?X?abc?= 1=?2");
        assert_eq!(decode(b"=?us-ascii?Q?a_b?= =?utf-8?Q?c=C3=A9?="), "a bcé");
        assert_eq!(decode("直接 UTF-8".as_bytes()), "直接 UTF-8");
        assert_eq!(decode(b"\xd6\xd0\xce\xc4\xd3\xca\xbc\xfe\xb1\xea\xcc\xe2"), "中文邮件标题");
    }

    #[test]
    fn names_lose_their_quotes() {
        assert_eq!(
            addresses(b"\"Doe, John\" <j@x.org>,\r\n\t=?utf-8?Q?Zo=C3=AB?= <z@x.org>"),
            "Doe, John <j@x.org>, Zoë <z@x.org>"
        );
        assert_eq!(addresses(b"\"=?utf-8?B?5byg5LiJ?=\" <z@x.cn>"), "张三 <z@x.cn>");
    }
}
