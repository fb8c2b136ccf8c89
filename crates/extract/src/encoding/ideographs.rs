//! UTF-16 without a mark that holds Chinese or Japanese and hardly anything else. Pairs of bytes of other
//! encodings, and of binary files, also give ideographs, but seldom those that are in use: the national
//! standards have the common characters of a language in rows of their own.

use super::detect::utf16_units;
use encoding_rs::{BIG5, Encoding, GBK, SHIFT_JIS};
use std::ops::RangeInclusive;

/// Fewer characters than this may be common ones by chance.
const LEAST_UNITS: usize = 12;
/// How many characters are looked up.
const LOOKED_UP: usize = 1024;
/// How many characters in a hundred are common in text.
const MOST_PERCENT: usize = 95;
/// With the bytes in the wrong order, fewer than this are.
const LEAST_PERCENT: usize = 50;

/// The order of the bytes of `sample`, whether the upper comes first, if it is such text.
pub(super) fn byte_order(sample: &[u8]) -> Option<bool> {
    if sample.len() < 2 * LEAST_UNITS {
        return None;
    }
    [false, true].into_iter().find(|big| {
        utf16_units(sample, *big).all(is_of_script)
            && common_percent(sample, *big) >= MOST_PERCENT
            && common_percent(sample, !*big) < LEAST_PERCENT
    })
}

/// Whether a unit is what stands in Chinese or Japanese text: also the signs of ASCII.
fn is_of_script(unit: u16) -> bool {
    is_sign(unit) || is_ideograph(unit)
}

fn is_ideograph(unit: u16) -> bool {
    (0x4E00..=0x9FFF).contains(&unit)
}

/// Signs, kana, and characters of full width.
fn is_sign(unit: u16) -> bool {
    matches!(unit, 9 | 10 | 13 | 0x20..=0x7E | 0x2010..=0x2030 | 0x3000..=0x30FF | 0xFF01..=0xFF65)
}

/// How many units in a hundred are common in one language.
fn common_percent(sample: &[u8], big: bool) -> usize {
    let (mut total, mut common) = (0_usize, [0_usize; 3]);
    for unit in utf16_units(sample, big).take(LOOKED_UP) {
        total += 1;
        let found = if is_sign(unit) { [true; 3] } else { common_in(unit) };
        for (count, is_common) in common.iter_mut().zip(found) {
            *count += usize::from(is_common);
        }
    }
    common.into_iter().max().unwrap_or(0) * 100 / total.max(1)
}

/// Whether a unit is a common ideograph of simplified Chinese (GB 2312, level 1), of traditional Chinese
/// (Big5, level 1), of Japanese (JIS X 0208, level 1).
fn common_in(unit: u16) -> [bool; 3] {
    match char::from_u32(u32::from(unit)) {
        Some(c) if is_ideograph(unit) => [
            stands_in(c, GBK, 0xB0..=0xD7, 0xA1),
            stands_in(c, BIG5, 0xA4..=0xC6, 0x40),
            stands_in(c, SHIFT_JIS, 0x88..=0x97, 0x40),
        ],
        _ => [false; 3],
    }
}

/// Whether an encoding has the character in one of these rows, at `first` or behind it.
fn stands_in(c: char, encoding: &'static Encoding, rows: RangeInclusive<u8>, first: u8) -> bool {
    let mut utf8 = [0; 4];
    let (bytes, _, is_missing) = encoding.encode(c.encode_utf8(&mut utf8));
    !is_missing && matches!(*bytes, [row, cell] if rows.contains(&row) && cell >= first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{EUC_JP, EUC_KR};

    const TEXTS: [&str; 3] = [
        "会议纪要今天讨论了数据库",
        "本地知識助手回答文件中的問題並指出出處",
        "文書の中から質問に答え出典を示します",
    ];

    #[test]
    fn text_of_ideographs_alone_shows_its_order() {
        for text in TEXTS {
            let bytes = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
            assert_eq!(byte_order(&bytes(u16::to_le_bytes)), Some(false), "{text}");
            assert_eq!(byte_order(&bytes(u16::to_be_bytes)), Some(true), "{text}");
        }
        assert_eq!(byte_order(&[0x4F, 0x1A, 0x8B, 0xAE]), None, "too short to tell");
    }

    #[test]
    fn text_of_other_encodings_is_none_of_it() {
        let more =
            ["ひらがなだけのぶんしょうです", "カタカナダケノブンショウデス", "가나다라마바사아자차카타파하"];
        for text in TEXTS.into_iter().chain(more) {
            for encoding in [GBK, BIG5, SHIFT_JIS, EUC_JP, EUC_KR] {
                let (bytes, _, is_incomplete) = encoding.encode(text);
                if !is_incomplete {
                    assert_eq!(byte_order(&bytes), None, "{text} in {}", encoding.name());
                }
            }
        }
    }

    #[test]
    fn numbers_that_happen_to_be_ideographs_are_none_of_it() {
        let number = |n: u32| n.wrapping_mul(2_654_435_761) >> 13;
        let bytes: Vec<u8> =
            (0..200).flat_map(|n| [0x4E + (number(n) % 0x52) as u8, number(n + 1000) as u8]).collect();
        assert!(utf16_units(&bytes, true).all(is_of_script));
        assert_eq!(byte_order(&bytes), None);
    }
}
