//! Scripts, and the form of a text used for comparing.

use unicode_normalization::UnicodeNormalization;

/// Whether `c` belongs to a script written without spaces between words: Han, Kana, Bopomofo, and
/// the marks that stand inside such words (`々`, `〇`, `ー`). Hangul is written with spaces and is
/// not included; neither is punctuation.
pub fn is_cjk(c: char) -> bool {
    is_han(c) || is_kana(c) || matches!(c, '\u{3100}'..='\u{312F}' | '\u{31A0}'..='\u{31BF}')
}

/// Han ideographs with their iteration mark and zero.
pub(crate) fn is_han(c: char) -> bool {
    matches!(c,
        '\u{3005}' | '\u{3007}'
        | '\u{2E80}'..='\u{2FDF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{323AF}')
}

/// Hiragana and Katakana, full and half width, with the length mark.
pub(crate) fn is_kana(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{309F}'
        | '\u{30A1}'..='\u{30FA}'
        | '\u{30FC}'..='\u{30FF}'
        | '\u{31F0}'..='\u{31FF}'
        | '\u{FF66}'..='\u{FF9F}')
}

/// The form of `text` used for comparing, never for display: NFKC (full-width letters and digits
/// become ASCII), lower case, one kind of apostrophe and hyphen, without invisible break hints.
/// Folding a folded text changes nothing.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = fold_once(text);
    // Lower case can leave a sequence that NFKC composes anew; two more rounds always settle it.
    for _ in 0..2 {
        let again = fold_once(&folded);
        if again == folded {
            break;
        }
        folded = again;
    }
    folded
}

fn fold_once(text: &str) -> String {
    text.nfkc()
        .filter(|c| !matches!(c, '\u{00AD}' | '\u{200B}' | '\u{2060}' | '\u{FEFF}'))
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            '\u{2018}' | '\u{2019}' | '\u{02BC}' => '\'',
            '\u{2010}' | '\u{2011}' => '-',
            other => other,
        })
        .nfkc()
        .collect()
}

/// The language an answer is to be written in, judged from a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Chinese.
    Chinese,
    /// English, and every other language.
    English,
}

/// Judges the language of `text`: Chinese when its Han characters make more words than there are
/// words of alphabets (a Chinese word has about one and a half characters) and there is hardly any
/// Kana, which would make it Japanese.
pub fn language(text: &str) -> Language {
    let (mut han, mut kana, mut words) = (0usize, 0usize, 0usize);
    let mut inside = false;
    for c in text.chars() {
        let cjk = is_cjk(c);
        if is_han(c) {
            han += 1;
        } else if is_kana(c) {
            kana += 1;
        }
        let letter = !cjk && c.is_alphabetic();
        if letter && !inside {
            words += 1;
        }
        inside = letter || (inside && (c.is_ascii_digit() || matches!(c, '\'' | '-' | '_' | '.')));
    }
    if han > 0 && kana * 10 <= han && han * 2 > words * 3 { Language::Chinese } else { Language::English }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folding_unifies_width_case_and_marks() {
        let cases = [
            ("ＡＢＣ１２３", "abc123"),
            ("Straße İstanbul", "straße i\u{307}stanbul"),
            ("don’t co‑operate", "don't co-operate"),
            ("ﬁle soft\u{AD}ware", "file software"),
            ("ｱｲｳ", "アイウ"),
            ("中文", "中文"),
            ("", ""),
        ];
        for (text, want) in cases {
            assert_eq!(fold(text), want, "{text}");
        }
    }

    #[test]
    fn scripts_without_spaces_are_known() {
        for c in "中文々〇ひらカタカーｱㄅ𠮷".chars() {
            assert!(is_cjk(c), "{c}");
        }
        for c in "aÄжא한。、「 1１".chars() {
            assert!(!is_cjk(c), "{c}");
        }
    }

    #[test]
    fn language_follows_the_greater_part() {
        let chinese = ["如何安装软件包？", "Docker 容器如何启动", "apt 的作用", "什么是 RAG 和 LoRA？"];
        let other = [
            "How do I install a package?",
            "What does 你好 mean in English?",
            "パッケージの管理方法は何ですか",
            "",
            "12345",
            "패키지 설치 방법",
        ];
        for text in chinese {
            assert_eq!(language(text), Language::Chinese, "{text}");
        }
        for text in other {
            assert_eq!(language(text), Language::English, "{text}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
