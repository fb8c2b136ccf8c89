//! The facts of a text that must not be invented: numbers, dates and names.

use crate::{dates, fold, numerals, script::is_cjk, sentences};
use std::collections::HashSet;
use unicode_normalization::UnicodeNormalization;

/// Capitalised at the start of a title or of a line without being a name.
const COMMON: &[&str] = &[
    "i",
    "a",
    "an",
    "the",
    "and",
    "or",
    "of",
    "to",
    "in",
    "on",
    "at",
    "by",
    "for",
    "from",
    "with",
    "is",
    "are",
    "it",
    "this",
    "that",
    "these",
    "those",
    "you",
    "your",
    "we",
    "he",
    "she",
    "they",
    "if",
    "when",
    "how",
    "what",
    "why",
    "who",
    "which",
    "where",
    "yes",
    "no",
    "not",
    "note",
    "see",
    "also",
    "as",
    "be",
    "can",
    "do",
    "does",
    "but",
    "so",
    "then",
    "there",
    "here",
    "step",
    "first",
    "second",
    "third",
    "finally",
    "however",
    "according",
];

/// Numbers, dates and names stated in `text`, each once, in order of appearance and in one form
/// however it is written: `1,234` and `1234`, `３` and `3`, `三千` and `3000`, `May 3, 2024` and
/// `2024年5月3日` (both as `2024-05-03`, `2024-05`, `2024` and `--05-03`), names folded.
///
/// A name is a word with a capital letter that does not merely start a sentence, or a word that
/// mixes letters with capitals or digits (`GPT-4`, `iPhone`). Numbers of list items and of
/// citation marks such as `[2]` are left out. English number words are not read.
pub fn anchors(text: &str) -> Vec<String> {
    let text: String = text.nfkc().collect();
    let starts: HashSet<usize> = sentences(&text).into_iter().map(|range| range.start).collect();
    let mut scan = Scan { text: &text, at: 0, fresh: true, found: Vec::new(), seen: HashSet::new() };
    while scan.at < text.len() {
        if starts.contains(&scan.at) {
            scan.fresh = true;
        }
        scan.step();
    }
    scan.found
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    /// No word of the sentence has been seen yet.
    fresh: bool,
    found: Vec<String>,
    seen: HashSet<String>,
}

impl Scan<'_> {
    fn step(&mut self) {
        let text = self.text;
        let rest = &text[self.at..];
        let skipped = unnumbered(rest, self.at == 0 || text[..self.at].ends_with('\n'));
        if skipped > 0 {
            self.at += skipped;
            self.fresh = true;
            return;
        }
        if let Some((date, len)) = dates::date(rest) {
            date.forms().into_iter().for_each(|form| self.push(form));
            self.advance(len);
        } else if let Some((value, len)) = self.number(rest) {
            self.push(value);
            self.advance(len);
        } else {
            self.word_or_mark(rest);
        }
    }

    /// A number that is not the front of a word such as `3D`.
    fn number(&self, rest: &str) -> Option<(String, usize)> {
        let (value, len) = numerals::number(rest)?;
        let word = word_at(rest);
        let part_of_word = word.len() > len && word.chars().any(char::is_alphabetic);
        (!part_of_word).then_some((value, len))
    }

    fn word_or_mark(&mut self, rest: &str) {
        let word = word_at(rest);
        let Some(first) = rest.chars().next() else { return };
        if word.is_empty() {
            // An opening quote starts a sentence of its own; Han characters end the beginning.
            self.fresh = if is_cjk(first) { false } else { self.fresh || matches!(first, '"' | '“') };
            self.at += first.len_utf8();
            return;
        }
        if let Some(version) = word.strip_prefix(['v', 'V']).filter(|rest| is_version(rest)) {
            self.push(version.to_owned());
        } else if self.is_name(word, &rest[word.len()..]) {
            self.push(fold(word.strip_suffix("'s").or(word.strip_suffix("’s")).unwrap_or(word)));
        }
        self.advance(word.len());
    }

    fn is_name(&self, word: &str, after: &str) -> bool {
        let mut letters = word.chars().filter(|c| c.is_alphabetic());
        let Some(first) = letters.next() else { return false };
        let inner_capital = letters.any(char::is_uppercase);
        if inner_capital || word.chars().any(|c| c.is_ascii_digit()) {
            return true;
        }
        if !first.is_uppercase() || COMMON.contains(&word.to_lowercase().as_str()) {
            return false;
        }
        let next = after.trim_start_matches(' ').chars().next();
        !self.fresh || next.is_some_and(|c| c.is_uppercase() || is_cjk(c))
    }

    fn push(&mut self, anchor: String) {
        if self.seen.insert(anchor.clone()) {
            self.found.push(anchor);
        }
    }

    fn advance(&mut self, len: usize) {
        self.at += len;
        self.fresh = false;
    }
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Bytes of a list number at the start of a line, or of a citation mark such as `[2]`.
fn unnumbered(rest: &str, line_start: bool) -> usize {
    let (body, close): (&str, &[char]) = if let Some(body) = rest.strip_prefix('[') {
        (body, &[']'])
    } else if line_start {
        (rest, &['.', ')', '、'])
    } else {
        return 0;
    };
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    let mark = body[digits..].chars().next().filter(|c| close.contains(c));
    let (Some(mark), 1..=3) = (mark, digits) else { return 0 };
    let end = digits + mark.len_utf8();
    if mark == '.' && !body[end..].starts_with(char::is_whitespace) {
        return 0;
    }
    end + (rest.len() - body.len())
}

/// The word of an alphabet at the start of `text`, with the marks inside it: `GPT-4`, `libc++`,
/// `Node.js`, `O'Brien`, `1.2.3-rc1`.
fn word_at(text: &str) -> &str {
    let is_letter = |c: char| c.is_alphanumeric() && !is_cjk(c);
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        let inside = matches!(c, '-' | '\'' | '’' | '.' | '_' | '&' | '@')
            && end > 0
            && chars.peek().is_some_and(|(_, next)| is_letter(*next));
        if !is_letter(c) && !inside {
            break;
        }
        end = offset + c.len_utf8();
    }
    let plus = text[end..].bytes().take_while(|byte| matches!(byte, b'+' | b'#')).count();
    if end > 0 { &text[..end + plus.min(2)] } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_and_dates_have_one_form() {
        assert_eq!(anchors("It has 1,234 parts, 12% are new."), ["1234", "12%"]);
        assert_eq!(anchors("共有３５００万人，占百分之五。"), ["35000000", "5%"]);
        assert_eq!(anchors("共有三千五百万人，占5%。"), ["35000000", "5%"]);
        assert_eq!(anchors("on May 3, 2024"), anchors("于2024年5月3日"));
        assert_eq!(anchors("version v1.2.3"), ["1.2.3"]);
    }

    #[test]
    fn names_are_words_that_do_not_merely_start_a_sentence() {
        assert_eq!(anchors("The city of Berlin grew. Many came."), ["berlin"]);
        assert_eq!(anchors("Angela Merkel spoke."), ["angela", "merkel"]);
        assert_eq!(anchors("Use the API of GPT-4 on an iPhone."), ["api", "gpt-4", "iphone"]);
        assert_eq!(anchors("Docker 容器使用 Linux 内核"), ["docker", "linux"]);
        assert_eq!(anchors("They like C++ and Node.js."), ["c++", "node.js"]);
        assert_eq!(anchors("He said: \"Perhaps later.\""), Vec::<String>::new());
    }

    #[test]
    fn marks_of_lists_and_citations_state_nothing() {
        assert_eq!(anchors("1. Open it [2].\n2. Close it [3]."), Vec::<String>::new());
        assert_eq!(anchors("1、打开\n2、关闭"), Vec::<String>::new());
        assert_eq!(anchors("一个人"), Vec::<String>::new());
        assert_eq!(anchors("3.5 is a number"), ["3.5"]);
    }

    proptest! {
        #[test]
        fn anchors_do_not_depend_on_width(text in "[a-z0-9 ,.]{0,40}") {
            let wide: String = text.chars().map(|c| match c {
                '0'..='9' => char::from_u32(c as u32 + 0xFEE0).unwrap_or(c),
                other => other,
            }).collect();
            prop_assert_eq!(anchors(&text), anchors(&wide));
        }

        #[test]
        fn any_text_is_read_to_its_end(text in "(\\PC|[0-9一百年月日.,\\-\\[\\] \\n]){0,80}") {
            let found = anchors(&text);
            let once: HashSet<&String> = found.iter().collect();
            prop_assert_eq!(once.len(), found.len());
        }
    }
}
