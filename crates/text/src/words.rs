//! Words by the Unicode rules, with a dictionary for Chinese and Japanese.

use crate::runs;
use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use std::ops::Range;
use std::sync::OnceLock;

fn segmenter() -> WordSegmenterBorrowed<'static> {
    static SEGMENTER: OnceLock<WordSegmenterBorrowed<'static>> = OnceLock::new();
    *SEGMENTER.get_or_init(|| WordSegmenter::new_auto(WordBreakInvariantOptions::default()))
}

/// The words of `text` as byte ranges, in order: letters and numbers, without spaces and
/// punctuation. Chinese and Japanese are cut by a dictionary, Thai, Lao, Khmer and Burmese by a
/// model, all others by the rules of Unicode Standard Annex 29.
pub fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for piece in runs::cut(text, 0..text.len(), ends_word) {
        let mut start = 0;
        for (end, kind) in segmenter().segment_str(&text[piece.clone()]).iter_with_word_type() {
            // The rules go by the last character, which may be a mark of a script they do not know.
            let segment = &text[piece.start + start..piece.start + end];
            if start < end && kind.is_word_like() || segment.contains(|c: char| c.is_ascii_alphanumeric()) {
                found.push(piece.start + start..piece.start + end);
            }
            start = end;
        }
    }
    found
}

/// Whether a word certainly ends at `c`. Some marks stand inside words and numbers (Unicode Standard
/// Annex 29, MidLetter, MidNum, MidNumLet, ExtendNumLet).
fn ends_word(c: char) -> bool {
    !c.is_alphanumeric()
        && !matches!(c, '.' | ',' | ':' | ';' | '\'' | '’' | '‘' | '_' | '·' | '․' | '\u{2044}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<&str> {
        words(text).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn words_of_several_scripts() {
        assert_eq!(cut("The quick-brown fox, can't."), ["The", "quick", "brown", "fox", "can't"]);
        assert_eq!(cut("我们安装软件包。"), ["我们", "安装", "软件", "包"]);
        assert_eq!(cut("使用apt安装3.5版"), ["使用", "apt", "安装", "3.5", "版"]);
        assert_eq!(cut("こんにちは世界"), ["こんにちは", "世界"]);
        assert!(cut(" ,。— ").is_empty());
    }

    #[test]
    fn a_run_without_end_is_cut() {
        let text = "A".repeat(3 * runs::LONGEST_RUN + 7);
        assert_eq!(words(&text).len(), 4);
        assert!(words(&"a.".repeat(3 * runs::LONGEST_RUN)).len() > 3);
    }

    proptest! {
        #[test]
        fn words_are_ordered_and_cover_every_letter(text in "\\PC{0,80}") {
            let mut end = 0;
            for word in words(&text) {
                prop_assert!(word.start >= end && word.start < word.end);
                prop_assert!(!text[end..word.start].chars().any(|c| c.is_ascii_alphanumeric()));
                end = word.end;
            }
            prop_assert!(!text[end..].chars().any(|c| c.is_ascii_alphanumeric()));
        }
    }
}
