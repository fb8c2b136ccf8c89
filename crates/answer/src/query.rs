//! What a person typed, taken apart for searching.

use std::collections::HashSet;

use docent_text::{Language, Stop, is_cjk, language, terms, words};

use crate::AnswerError;
use crate::idf::content_terms;
use crate::wording;

/// Most words that are handed to the text leg. A pasted page would else become a query of
/// thousands of terms, slow and no more precise.
const MOST_WORDS: usize = 64;

/// Most phrases that are looked up; each is a search of its own.
const MOST_PHRASES: usize = 4;

/// A question or a search, ready to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    /// What was typed, in one line, without control characters.
    pub(crate) text: String,
    /// The words for the text leg: without function words, at most [`MOST_WORDS`].
    pub(crate) words: String,
    /// What stood in quotation marks.
    pub(crate) phrases: Vec<String>,
    /// Whether nothing stood outside of quotation marks.
    pub(crate) only_phrases: bool,
    /// The distinct content terms, in order.
    pub(crate) terms: Vec<String>,
    /// Whether it asks about documents as such ("summarise my notes") and names no subject.
    pub(crate) generic: bool,
    /// The language of the answer.
    pub(crate) language: Language,
}

impl Query {
    /// Takes `typed` apart.
    ///
    /// # Errors
    /// [`AnswerError::EmptyQuestion`] when it holds no letter and no digit.
    pub(crate) fn parse(typed: &str) -> Result<Self, AnswerError> {
        let text = one_line(typed);
        if !text.chars().any(char::is_alphanumeric) {
            return Err(AnswerError::EmptyQuestion);
        }
        let (phrases, outside) = phrases(&text);
        let mut seen = HashSet::new();
        let distinct: Vec<String> =
            content_terms(&wording::statement(&text)).filter(|term| seen.insert(term.clone())).collect();
        Ok(Self {
            words: content_words(&text),
            only_phrases: !phrases.is_empty() && !outside.chars().any(char::is_alphanumeric),
            generic: wording::is_generic(&text),
            language: language(&text),
            phrases,
            terms: distinct,
            text,
        })
    }

    /// About how many content words it has: every two characters of Chinese or Japanese are one.
    pub(crate) fn content_words(&self) -> usize {
        let pairs = self.terms.iter().filter(|term| term.contains(is_cjk)).count();
        self.terms.len() - pairs + pairs.div_ceil(2)
    }

    /// Its first distinct words of those for the text leg, one by one.
    pub(crate) fn content_list(&self, most: usize) -> Vec<String> {
        let mut list: Vec<String> = Vec::new();
        for range in words(&self.words) {
            let word = &self.words[range];
            if list.len() < most && !list.iter().any(|known| known == word) {
                list.push(word.to_owned());
            }
        }
        list
    }
}

/// `text` with every run of white space and control characters as one space, trimmed.
pub(crate) fn one_line(text: &str) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The quoted pieces of `text` that hold a letter or digit, and what stands outside of them. A
/// mark without its partner is an ordinary character.
fn phrases(text: &str) -> (Vec<String>, String) {
    const MARKS: &[(char, char)] =
        &[('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('「', '」'), ('『', '』'), ('《', '》')];
    let mut found = Vec::new();
    let mut outside = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        let close = MARKS.iter().find(|(open, _)| *open == first).map(|(_, close)| *close);
        match close.and_then(|close| after.split_once(close)) {
            Some((inner, tail)) => {
                if inner.chars().any(char::is_alphanumeric) && found.len() < MOST_PHRASES {
                    found.push(inner.trim().to_owned());
                }
                outside.push(' ');
                rest = tail;
            }
            None => {
                outside.push(first);
                rest = after;
            }
        }
    }
    (found, outside)
}

fn is_content(word: &str) -> bool {
    !terms(word, Stop::Drop).is_empty()
}

/// The words of `text` that carry meaning, as they stand, neighbours of one script kept together;
/// all of its words when none carries any.
pub(crate) fn content_words(text: &str) -> String {
    let all = words(text);
    let kept: Vec<_> = all.iter().filter(|range| is_content(&text[(*range).clone()])).collect();
    let chosen = if kept.is_empty() { all.iter().collect() } else { kept };
    let mut line = String::new();
    let mut end = None;
    let mut seen = HashSet::new();
    let mut taken = 0;
    for range in chosen {
        let word = &text[range.clone()];
        // A Han character that comes twice may belong to two words.
        if !word.contains(is_cjk) && !seen.insert(word) {
            continue;
        }
        taken += 1;
        if taken > MOST_WORDS {
            break;
        }
        if end.is_some_and(|end| end != range.start) {
            line.push(' ');
        }
        line.push_str(word);
        end = Some(range.end);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn nothing_to_look_for_is_an_error() {
        for text in ["", "  \n\t", "?!", "。？", "\u{0}"] {
            assert_eq!(Query::parse(text).unwrap_err().code(), "empty_question", "{text:?}");
        }
    }

    #[test]
    fn a_question_becomes_words_and_terms() {
        let query = parse("What is the\n height of the Eiffel towers?");
        assert_eq!(query.text, "What is the height of the Eiffel towers?");
        assert_eq!(query.words, "height Eiffel towers");
        assert_eq!(query.terms, ["height", "eiffel", "tower"]);
        assert_eq!(parse("塔是什么时候建成的？").terms, ["塔", "建成"]);
        assert_eq!(query.language, Language::English);
        assert_eq!(query.content_words(), 3);
    }

    #[test]
    fn chinese_words_stay_together() {
        let query = parse("如何安装软件包？");
        assert_eq!(query.words, "安装软件包");
        assert_eq!(query.language, Language::Chinese);
        assert!(query.terms.contains(&"软件".to_owned()));
    }

    #[test]
    fn function_words_alone_are_still_searched() {
        assert_eq!(parse("to be or not to be").words, "not");
        assert_eq!(parse("what is it").words, "what is it");
    }

    #[test]
    fn quoted_pieces_are_phrases() {
        let query = parse("who said \"never again\" in “the long night”?");
        assert_eq!(query.phrases, ["never again", "the long night"]);
        assert!(!query.only_phrases);
        assert!(parse("\"exact words\"").only_phrases);
        assert_eq!(parse("《红楼梦》的作者").phrases, ["红楼梦"]);
        assert!(parse("a 19\" rack").phrases.is_empty());
        assert!(parse("empty \"\" quotes").phrases.is_empty());
    }

    #[test]
    fn a_pasted_page_is_cut_to_some_words() {
        let page: String = (0..5_000).map(|n| format!("word{n} ")).collect();
        assert_eq!(parse(&page).words.split(' ').count(), MOST_WORDS);
    }

    proptest! {
        #[test]
        fn parsing_never_fails_on_text_with_letters(text in "\\PC{0,40}", letter in "[a-z中]") {
            let query = parse(&format!("{text}{letter}"));
            prop_assert!(!query.words.is_empty());
        }
    }
}
