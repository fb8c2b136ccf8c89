//! Bytes into characters, with the way back.

use super::detect::{Detected, TextEncoding, utf16_units};
use super::offsets::{Offsets, PerChar};
use encoding_rs::{DecoderResult, Encoding};
use std::ops::Range;

/// A decoded text file.
#[derive(Debug)]
pub(crate) struct Decoded {
    /// The text, control characters and all, without a byte order mark.
    pub(crate) text: String,
    /// Name of the encoding.
    pub(crate) encoding: &'static str,
    /// How many characters had to be replaced because their bytes were not valid.
    pub(crate) replaced: u32,
    offsets: Offsets,
}

impl Decoded {
    /// A text that is its own file: for tests and for pieces without a place.
    #[cfg(test)]
    pub(crate) fn of_str(text: &str) -> Self {
        Self { text: text.to_owned(), encoding: "UTF-8", replaced: 0, offsets: Offsets::Shift(0) }
    }

    /// Where the characters at `range` of the text stand in the file.
    pub(crate) fn file_range(&self, range: Range<usize>) -> Option<Range<u64>> {
        Some(self.offsets.at(&self.text, range.start)?..self.offsets.at(&self.text, range.end)?)
    }
}

/// Decodes `bytes` and keeps where each character stood.
pub(crate) fn decode(bytes: Vec<u8>, detected: Detected) -> Decoded {
    let Detected { encoding, bom } = detected;
    let (text, replaced, offsets) = match encoding {
        TextEncoding::Utf8 => utf8(bytes, bom),
        TextEncoding::Utf16 { big } => utf16(&bytes, bom, big),
        TextEncoding::Utf32 { big } => utf32(&bytes, bom, big),
        TextEncoding::Legacy(encoding) => legacy(&bytes[bom.min(bytes.len())..], encoding),
    };
    Decoded { text, encoding: encoding.name(), replaced, offsets }
}

/// Decodes `bytes` without the way back, which is faster: for formats whose places are not bytes.
/// Returns the text and how many characters were replaced.
pub(crate) fn decode_plain(bytes: Vec<u8>, detected: Detected) -> (String, u32) {
    match detected.encoding {
        TextEncoding::Legacy(encoding) => {
            let (text, errors) = encoding.decode_without_bom_handling(&bytes);
            let replaced = if errors { text.matches(char::REPLACEMENT_CHARACTER).count() } else { 0 };
            (text.into_owned(), u32::try_from(replaced).unwrap_or(u32::MAX))
        }
        _ => {
            let decoded = decode(bytes, detected);
            (decoded.text, decoded.replaced)
        }
    }
}

fn utf8(mut bytes: Vec<u8>, bom: usize) -> (String, u32, Offsets) {
    if std::str::from_utf8(&bytes).is_ok() {
        bytes.drain(..bom);
        let text = String::from_utf8(bytes).unwrap_or_default();
        return (text, 0, Offsets::Shift(bom as u64));
    }
    let (mut text, mut replaced, mut pieces) = (String::with_capacity(bytes.len()), 0u32, Vec::new());
    let mut file = bom as u64;
    for chunk in bytes[bom.min(bytes.len())..].utf8_chunks() {
        pieces.push((text.len(), file));
        text.push_str(chunk.valid());
        file += chunk.valid().len() as u64;
        if !chunk.invalid().is_empty() {
            pieces.push((text.len(), file));
            text.push(char::REPLACEMENT_CHARACTER);
            replaced = replaced.saturating_add(1);
            file += chunk.invalid().len() as u64;
        }
    }
    pieces.push((text.len(), file));
    (text, replaced, Offsets::Pieces(pieces))
}

fn utf16(bytes: &[u8], bom: usize, big: bool) -> (String, u32, Offsets) {
    let body = &bytes[bom.min(bytes.len())..];
    let mut text = String::with_capacity(body.len() / 2 * 3 / 2);
    let mut map = PerChar::new(bom as u64, body.len() / 2);
    let mut replaced = 0u32;
    for unit in char::decode_utf16(utf16_units(body, big)) {
        let c = unit.unwrap_or_else(|_| {
            replaced = replaced.saturating_add(1);
            char::REPLACEMENT_CHARACTER
        });
        text.push(c);
        map.push(c.len_utf8(), if c as u32 > 0xFFFF { 4 } else { 2 });
    }
    (text, replaced, Offsets::PerChar(map))
}

fn utf32(bytes: &[u8], bom: usize, big: bool) -> (String, u32, Offsets) {
    let body = &bytes[bom.min(bytes.len())..];
    let (mut text, mut map, mut replaced) = (String::new(), PerChar::new(bom as u64, 0), 0u32);
    for quad in body.chunks_exact(4) {
        let quad = [quad[0], quad[1], quad[2], quad[3]];
        let value = if big { u32::from_be_bytes(quad) } else { u32::from_le_bytes(quad) };
        let c = char::from_u32(value).unwrap_or_else(|| {
            replaced = replaced.saturating_add(1);
            char::REPLACEMENT_CHARACTER
        });
        text.push(c);
        map.push(c.len_utf8(), 4);
    }
    (text, replaced, Offsets::PerChar(map))
}

/// Legacy encodings: ASCII stretches at once, everything else byte by byte through the decoder,
/// because only then is it known which bytes made which character.
fn legacy(bytes: &[u8], encoding: &'static Encoding) -> (String, u32, Offsets) {
    if !encoding.is_ascii_compatible() {
        let (text, _) = encoding.decode_without_bom_handling(bytes);
        let replaced = text.matches(char::REPLACEMENT_CHARACTER).count();
        return (text.into_owned(), u32::try_from(replaced).unwrap_or(u32::MAX), Offsets::None);
    }
    let mut reading = Stepwise {
        decoder: encoding.new_decoder_without_bom_handling(),
        text: String::with_capacity(bytes.len() * 3 / 2 + 16),
        map: PerChar::new(0, bytes.len() / 2),
        replaced: 0,
        pending: 0,
    };
    let mut at = 0;
    while at < bytes.len() {
        if reading.pending == 0 && bytes[at].is_ascii() {
            let ascii = bytes[at..].iter().take_while(|byte| byte.is_ascii()).count();
            reading.ascii(&bytes[at..at + ascii]);
            at += ascii;
        } else {
            reading.step(&bytes[at..=at], false);
            at += 1;
        }
    }
    reading.step(&[], true);
    (reading.text, reading.replaced, Offsets::PerChar(reading.map))
}

struct Stepwise {
    decoder: encoding_rs::Decoder,
    text: String,
    map: PerChar,
    replaced: u32,
    /// Bytes taken by the decoder that have made no character yet.
    pending: u8,
}

impl Stepwise {
    fn ascii(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.text.push(char::from(byte));
            self.map.push(1, 1);
        }
    }

    fn step(&mut self, mut source: &[u8], last: bool) {
        let mut room = [0u8; 16];
        loop {
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(source, &mut room, last);
            source = &source[read..];
            self.pending = self.pending.saturating_add(u8::try_from(read).unwrap_or(u8::MAX));
            self.take(std::str::from_utf8(&room[..written]).unwrap_or_default());
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(_, after) => {
                    // `after` good bytes were read behind the bad ones; they follow as characters.
                    let bad = self.pending.saturating_sub(after);
                    self.pending -= bad;
                    self.replaced = self.replaced.saturating_add(1);
                    self.text.push(char::REPLACEMENT_CHARACTER);
                    self.map.push(char::REPLACEMENT_CHARACTER.len_utf8(), bad);
                }
            }
        }
    }

    /// Notes characters that came out; the first of them used up the pending bytes.
    fn take(&mut self, piece: &str) {
        let count = piece.chars().count();
        for (index, c) in piece.chars().enumerate() {
            let later = u8::try_from(count - 1 - index).unwrap_or(0);
            // Several characters at once come from one sequence, or from bytes read again after an
            // error, which are one byte each.
            let length = if index == 0 { self.pending.saturating_sub(later) } else { 1.min(self.pending) };
            self.pending -= length;
            self.text.push(c);
            self.map.push(c.len_utf8(), length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::detect::detect;
    use super::*;
    use proptest::prelude::*;

    fn check_every_slice(bytes: &[u8], detected: Detected, expected: &str, width: fn(char) -> usize) {
        let decoded = decode(bytes.to_vec(), detected);
        assert_eq!(decoded.text, expected);
        let mut file = detected.bom as u64;
        for (at, c) in expected.char_indices() {
            let range = decoded.file_range(at..at + c.len_utf8()).unwrap();
            assert_eq!(range, file..file + width(c) as u64, "{c:?} at {at}");
            file = range.end;
        }
    }

    #[test]
    fn every_character_finds_its_bytes() {
        let text = "甲。ABC 乙𠀀é\n丙";
        for big in [false, true] {
            let mut bytes = if big { vec![0xFE, 0xFF] } else { vec![0xFF, 0xFE] };
            for unit in text.encode_utf16() {
                bytes.extend(if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            }
            let detected = detect(&bytes, None, true).unwrap();
            check_every_slice(&bytes, detected, text, |c| c.len_utf16() * 2);
        }
        let gb = encoding_rs::GB18030.encode(text).0.into_owned();
        let detected = Detected { encoding: TextEncoding::Legacy(encoding_rs::GB18030), bom: 0 };
        check_every_slice(&gb, detected, text, |c| encoding_rs::GB18030.encode(&c.to_string()).0.len());
    }

    #[test]
    fn broken_bytes_are_counted_and_the_rest_keeps_its_place() {
        let bytes = b"ok \xff\xfe then \xe4\xb8\xad".to_vec();
        let decoded = decode(bytes, Detected { encoding: TextEncoding::Utf8, bom: 0 });
        assert_eq!(decoded.replaced, 2);
        let at = decoded.text.find("中").unwrap();
        assert_eq!(decoded.file_range(at..at + 3), Some(11..14));
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_places_grow_and_stay_inside(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            which in 0usize..7,
        ) {
            let encodings = [
                encoding_rs::GB18030, encoding_rs::BIG5, encoding_rs::SHIFT_JIS, encoding_rs::EUC_JP,
                encoding_rs::EUC_KR, encoding_rs::WINDOWS_1252, encoding_rs::UTF_8,
            ];
            let encoding = match which {
                6 => TextEncoding::Utf8,
                _ => TextEncoding::Legacy(encodings[which]),
            };
            let len = bytes.len() as u64;
            let decoded = decode(bytes.clone(), Detected { encoding, bom: 0 });
            let (whole, _) = encodings[which].decode_without_bom_handling(&bytes);
            prop_assert_eq!(&decoded.text, &whole);
            let mut last = 0;
            for (at, c) in decoded.text.char_indices() {
                let range = decoded.file_range(at..at + c.len_utf8()).unwrap();
                prop_assert!(last <= range.start && range.start <= range.end && range.end <= len);
                last = range.start;
            }
        }
    }
}
