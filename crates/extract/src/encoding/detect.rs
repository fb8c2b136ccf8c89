//! Which encoding a text is in, or that it is no text.

use super::ideographs::byte_order;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, ISO_2022_JP};

/// How many bytes of non-ASCII text the statistics look at.
const STATISTICS_BYTES: usize = 256 << 10;
/// How many bytes the UTF-16 pattern is looked for in.
const PATTERN_BYTES: usize = 64 << 10;

/// An encoding of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextEncoding {
    Utf8,
    Utf16 {
        big: bool,
    },
    Utf32 {
        big: bool,
    },
    /// Any other encoding of the WHATWG standard.
    Legacy(&'static Encoding),
}

impl TextEncoding {
    /// Its usual name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16 { big: false } => "UTF-16LE",
            Self::Utf16 { big: true } => "UTF-16BE",
            Self::Utf32 { big: false } => "UTF-32LE",
            Self::Utf32 { big: true } => "UTF-32BE",
            Self::Legacy(encoding) => encoding.name(),
        }
    }
}

/// What the bytes turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Detected {
    pub(crate) encoding: TextEncoding,
    /// Length of the byte order mark.
    pub(crate) bom: usize,
}

/// The encoding of `bytes`, or `None` when they are no text. `declared` is what the document says of
/// itself; `complete` is false when `bytes` is only the beginning of a file.
pub(crate) fn detect(bytes: &[u8], declared: Option<&'static Encoding>, complete: bool) -> Option<Detected> {
    if let Some(found) = byte_order_mark(bytes) {
        return Some(found);
    }
    let plain = |encoding| Some(Detected { encoding, bom: 0 });
    let sample = &bytes[..bytes.len().min(PATTERN_BYTES)];
    if let Some(encoding) = utf16_pattern(sample) {
        return plain(encoding);
    }
    if declared.is_none()
        && let Some(big) = byte_order(sample)
        && is_foreign(sample)
    {
        return plain(TextEncoding::Utf16 { big });
    }
    if let Some(encoding) = declared
        && encoding == ISO_2022_JP
        && bytes.contains(&0x1b)
    {
        return plain(TextEncoding::Legacy(encoding)); // its bytes are all ASCII, hence valid UTF-8
    }
    if is_iso_2022_jp(bytes) {
        return plain(TextEncoding::Legacy(ISO_2022_JP));
    }
    if is_utf8(bytes, complete) {
        // Logs of programs that were stopped hold a stretch of zeros.
        let zeros = if std::str::from_utf8(bytes).is_ok() { few_zeros(bytes) } else { 0 };
        return if (controls(bytes) - zeros) * 100 > bytes.len() { None } else { plain(TextEncoding::Utf8) };
    }
    if too_many_controls(bytes) {
        return None;
    }
    let declared = declared.filter(|encoding| encoding.is_ascii_compatible());
    let encoding = declared.unwrap_or_else(|| by_statistics(bytes));
    let sample = &bytes[..bytes.len().min(STATISTICS_BYTES)];
    let (text, errors) = encoding.decode_without_bom_handling(sample);
    if errors && mostly_errors(&text) {
        return None;
    }
    plain(TextEncoding::Legacy(encoding))
}

fn byte_order_mark(bytes: &[u8]) -> Option<Detected> {
    let (encoding, bom) = match bytes {
        [0xEF, 0xBB, 0xBF, ..] => (TextEncoding::Utf8, 3),
        [0xFF, 0xFE, 0, 0, ..] => (TextEncoding::Utf32 { big: false }, 4),
        [0, 0, 0xFE, 0xFF, ..] => (TextEncoding::Utf32 { big: true }, 4),
        [0xFF, 0xFE, ..] => (TextEncoding::Utf16 { big: false }, 2),
        [0xFE, 0xFF, ..] => (TextEncoding::Utf16 { big: true }, 2),
        _ => return None,
    };
    Some(Detected { encoding, bom })
}

/// UTF-16 without a mark. Two bytes of ordinary text read as one unit look like a Chinese character,
/// so looks alone prove nothing: either most units are Latin, with a zero byte each, or the bytes are
/// no UTF-8 and hold what only UTF-16 holds.
fn utf16_pattern(sample: &[u8]) -> Option<TextEncoding> {
    if sample.len() < 4 {
        return None;
    }
    let foreign = is_foreign(sample);
    [false, true]
        .into_iter()
        .filter_map(|big| Some((utf16_score(sample, big, foreign)?, big)))
        .max_by_key(|(score, _)| *score)
        .map(|(_, big)| TextEncoding::Utf16 { big })
}

/// How many characters of `sample` look right when read as UTF-16, or `None` when it is none.
fn utf16_score(sample: &[u8], big: bool, foreign: bool) -> Option<usize> {
    let (mut total, mut common, mut latin, mut proof, mut wrong) = (0usize, 0usize, 0usize, 0usize, 0usize);
    for c in char::decode_utf16(utf16_units(sample, big)) {
        total += 1;
        match c {
            Ok('\t' | '\n' | '\r' | ' '..='~') => {
                common += 1;
                latin += 1;
            }
            Ok('、' | '。' | '，') => {
                common += 1;
                proof += 1;
            }
            Ok('\u{A0}'..='\u{24F}' | '\u{370}'..='\u{52F}' | '\u{590}'..='\u{6FF}') => common += 1,
            Ok('\u{2010}'..='\u{2030}' | '\u{3000}'..='\u{30FF}') => common += 1,
            Ok('\u{4E00}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{FF01}'..='\u{FF65}') => {
                common += 1;
            }
            Ok(c) if c.is_control() => wrong += 1,
            Ok(_) => {}
            Err(_) => wrong += 1,
        }
    }
    // The last pair of a sample may be half of a surrogate pair.
    let looks_right = common * 10 >= total * 9 && wrong * 100 <= total + 100;
    let is_latin = latin * 10 >= total * 7;
    let is_other = foreign && (latin + proof) * 200 >= total && latin + proof > 0;
    (looks_right && (is_latin || is_other)).then_some(common)
}

/// Bytes that no UTF-8 text has: invalid sequences, or control characters in great number (the upper
/// halves of Greek or Cyrillic letters).
fn is_foreign(sample: &[u8]) -> bool {
    let controls = sample.iter().filter(|byte| matches!(byte, 1..=8 | 0x0e..=0x1a)).count();
    !is_utf8(sample, false) || controls * 10 > sample.len()
}

/// The pairs of `bytes` as UTF-16 units; an odd last byte is left out.
pub(super) fn utf16_units(bytes: &[u8], big: bool) -> impl Iterator<Item = u16> + '_ {
    bytes.chunks_exact(2).map(move |pair| {
        let pair = [pair[0], pair[1]];
        if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    })
}

/// Valid UTF-8, apart from a character cut at the end of a sample, or nearly so: at least ten good
/// multi-byte characters for each broken one. Such good ones hardly occur by chance in other
/// encodings, and reading a long Chinese text as Latin because of one torn character would lose it.
fn is_utf8(bytes: &[u8], complete: bool) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => return true,
        Err(error) if !complete && error.error_len().is_none() => return true,
        Err(_) => {}
    }
    let (mut good, mut broken) = (0usize, 0usize);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    broken * 10 <= good
}

/// Whether more than one byte in a hundred is a control character that text does not use.
fn too_many_controls(bytes: &[u8]) -> bool {
    controls(bytes) * 100 > bytes.len()
}

fn controls(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| matches!(byte, 0..=7 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f)).count()
}

/// How many bytes are zero, if no more than one in ten is; otherwise none of them is forgiven.
fn few_zeros(bytes: &[u8]) -> usize {
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    if zeros * 10 <= bytes.len() { zeros } else { 0 }
}

/// Japanese text of seven bits, told by its switches between alphabets.
fn is_iso_2022_jp(bytes: &[u8]) -> bool {
    let sample = &bytes[..bytes.len().min(STATISTICS_BYTES)];
    let switches = |sign: &[u8]| sample.windows(3).any(|window| window == sign);
    let switched = switches(b"\x1b$B") || switches(b"\x1b$@");
    // A sample may end between two halves of a character.
    switched
        && sample.is_ascii()
        && ISO_2022_JP.decode_without_bom_handling(sample).0.matches(char::REPLACEMENT_CHARACTER).count() <= 1
}

fn mostly_errors(text: &str) -> bool {
    let (mut total, mut errors) = (0usize, 0usize);
    for c in text.chars() {
        total += 1;
        errors += usize::from(c == char::REPLACEMENT_CHARACTER);
    }
    errors > 4 && errors * 100 > total
}

fn by_statistics(bytes: &[u8]) -> &'static Encoding {
    // Statistics learn only from non-ASCII text, which may begin far into the file.
    let first = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0).saturating_sub(64);
    let window = &bytes[first..bytes.len().min(first + STATISTICS_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(window, true);
    detector.guess(None, Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{BIG5, GBK, SHIFT_JIS, WINDOWS_1252};

    fn legacy(bytes: &[u8]) -> &'static str {
        detect(bytes, None, true).unwrap().encoding.name()
    }

    #[test]
    fn legacy_encodings_are_told_apart() {
        let gbk = GBK.encode("本地知识助手回答文档中的问题，并指出出处。").0.into_owned();
        let big5 = BIG5.encode("本地知識助手回答文件中的問題，並指出出處。").0.into_owned();
        let sjis = SHIFT_JIS.encode("文書の中から質問に答え、出典を示します。").0.into_owned();
        let latin = WINDOWS_1252.encode("Der Schlüssel liegt unter der Tür.").0.into_owned();
        assert_eq!(legacy(&gbk), "GBK");
        assert_eq!(legacy(&big5), "Big5");
        assert_eq!(legacy(&sjis), "Shift_JIS");
        assert_eq!(legacy(&latin), "windows-1252");
    }

    #[test]
    fn utf16_without_a_mark_is_found_in_english_and_in_chinese() {
        for text in ["Hello, plain world.\nSecond line.", "第一行，第二段。没有任何英文字母。"]
        {
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(legacy(&little), "UTF-16LE", "{text}");
            assert_eq!(legacy(&big), "UTF-16BE", "{text}");
        }
    }

    #[test]
    fn utf16_without_a_mark_is_found_where_all_is_chinese() {
        let text = "会议纪要今天讨论了数据库";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!((legacy(&little), legacy(&big)), ("UTF-16LE", "UTF-16BE"));
        // Ordinary words read in pairs are ideographs too.
        assert_eq!(legacy(b"ordinarywordsthatstandwithoutspaces"), "UTF-8");
        for (encoding, text) in [
            (GBK, text),
            (BIG5, "本地知識助手回答文件中的問題並指出出處"),
            (SHIFT_JIS, "文書の中から質問に答え出典を示します"),
        ] {
            let bytes = encoding.encode(text).0.into_owned();
            let found = detect(&bytes, None, true);
            assert!(
                !matches!(found, Some(Detected { encoding: TextEncoding::Utf16 { .. }, .. })),
                "{}",
                encoding.name()
            );
        }
    }

    #[test]
    fn a_stray_zero_byte_does_not_make_utf16() {
        for text in ["[^1]\0 word", "``` \0   ", "ab\0cdefgh", "中文\0中文文字"] {
            let found = detect(text.as_bytes(), None, true);
            assert!(
                !matches!(found, Some(Detected { encoding: TextEncoding::Utf16 { .. }, .. })),
                "{text:?}"
            );
        }
    }

    #[test]
    fn text_without_zero_bytes_is_never_taken_for_utf16() {
        let gbk = GBK.encode("人工智能与机器学习，数据库，检索增强生成。\r\n第二行").0.into_owned();
        assert_eq!(legacy(&gbk), "GBK");
        assert_eq!(legacy(b"ordinary ascii text of even length, twice the same length!"), "UTF-8");
    }

    #[test]
    fn one_torn_character_does_not_turn_utf8_into_latin() {
        let mut bytes = "中文文档的内容在这里，很多很多字。".repeat(3).into_bytes();
        bytes.truncate(bytes.len() - 1);
        bytes.extend_from_slice("后面还有。".as_bytes());
        assert_eq!(legacy(&bytes), "UTF-8");
    }

    #[test]
    fn a_sample_may_end_inside_a_character() {
        let bytes = &"中文".as_bytes()[..4];
        assert_eq!(detect(bytes, None, false).unwrap().encoding, TextEncoding::Utf8);
    }

    #[test]
    fn japanese_of_seven_bits_is_told_by_its_switches() {
        let bytes = b"Re: \x1b$B%F%9%H\x1b(B ok, and more text that is plain";
        assert_eq!(legacy(bytes), "ISO-2022-JP");
        assert_eq!(legacy(b"\x1b[31mERROR\x1b[0m of a program"), "UTF-8");
    }

    #[test]
    fn a_few_zeros_make_no_binary_file() {
        let log = format!("{}\n\0\0\0\0\0\0\0\0more\n", "2026-01-01 a line of the log\n".repeat(4));
        assert_eq!(legacy(log.as_bytes()), "UTF-8");
        let binary: Vec<u8> = (0u8..60).flat_map(|n| [n, 0, 0, 0]).collect();
        assert_eq!(detect(&binary, None, true), None);
    }

    #[test]
    fn machine_code_is_no_text() {
        let bytes: Vec<u8> = (0u32..4096).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert_eq!(detect(&bytes, None, true), None);
    }
}
