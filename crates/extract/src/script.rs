//! Small facts about characters that every reader needs: which scripts are written without spaces,
//! and which characters never belong into clean text.

/// Whether `c` belongs to a script that is written without spaces between words (Han, Kana,
/// Bopomofo, and the punctuation that goes with them). Hangul is written with spaces.
pub(crate) fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{2E80}'..='\u{303F}'   // radicals, CJK punctuation
        | '\u{3040}'..='\u{312F}' // Hiragana, Katakana, Bopomofo
        | '\u{31A0}'..='\u{31FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FF01}'..='\u{FF65}' // full-width forms
        | '\u{20000}'..='\u{3FFFF}')
}

/// Whether `c` belongs to a script that is written from right to left (Hebrew, Arabic, Syriac and
/// their neighbours).
pub(crate) fn is_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{0590}'..='\u{08FF}'
        | '\u{FB1D}'..='\u{FDFF}' // presentation forms
        | '\u{FE70}'..='\u{FEFC}'
        | '\u{10800}'..='\u{10FFF}'
        | '\u{1E800}'..='\u{1EFFF}')
}

/// Whether `c` is CJK punctuation after which a line of boxes may be cut.
pub(crate) fn is_cjk_stop(c: char) -> bool {
    matches!(c, '。' | '，' | '、' | '；' | '：' | '！' | '？' | '」' | '』' | '”' | '）' | '》' | '…')
}

/// Whether `c` is left out of canonical text: control characters other than tab and line feed,
/// invisible characters that only steer line breaks, and the invisible "tag" characters that are
/// used to hide text from a person's eyes.
pub(crate) fn is_dropped(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        '\u{AD}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}' => true,
        '\u{E0000}'..='\u{E007F}' => true,
        _ => c.is_control(),
    }
}

/// Marks of scripts with spaces that stand in Chinese and Japanese text for the wide ones: typed so, or
/// recognised so.
pub(crate) const NARROW_MARKS: [char; 6] = [',', '.', ';', ':', '!', '?'];

/// Whether two pieces of running text are joined without a space when a line break between them is
/// undone.
pub(crate) fn joins_without_space(before: &str, after: &str) -> bool {
    let stem = before.trim_end_matches(NARROW_MARKS);
    stem.chars().next_back().is_some_and(is_cjk) && after.chars().next().is_some_and(is_cjk)
}

/// The largest index ≤ `at` that lies on a character border of `text`.
pub(crate) fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_lines_join_without_a_space_and_english_ones_do_not() {
        assert!(joins_without_space("中文", "文字"));
        assert!(joins_without_space("完。", "下"));
        assert!(joins_without_space("中文,", "文字"));
        assert!(!joins_without_space("word", "中") && !joins_without_space("word,", "中"));
        assert!(!joins_without_space(",", "中") && !joins_without_space("中文,", "word"));
        assert!(!joins_without_space("한국", "어"));
    }

    #[test]
    fn hidden_characters_are_dropped_and_joiners_stay() {
        assert!(is_dropped('\u{E0041}') && is_dropped('\0') && is_dropped('\u{1b}'));
        assert!(!is_dropped('\u{200D}') && !is_dropped('\t') && !is_dropped('中'));
    }
}
