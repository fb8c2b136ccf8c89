//! Comparable terms: what two texts must share to be about the same thing.

use crate::{fold, script::is_cjk, words};

/// What to do with words that say nothing about a text's subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Keep all words.
    Keep,
    /// Leave out function words of English, Chinese and Japanese.
    Drop,
}

/// The terms of `text` in order, with repeats: folded words, English plurals made singular, and
/// for runs of Han and Kana every pair of neighbouring characters (a lone character as itself),
/// because pairs match where two dictionary cuts of the same characters would not.
pub fn terms(text: &str, stop: Stop) -> Vec<String> {
    let folded = fold(text);
    let mut found = Vec::new();
    let mut run = String::new();
    let mut run_end = 0;
    for range in words(&folded) {
        let word = &folded[range.clone()];
        if range.start != run_end {
            flush(&mut run, &mut found);
        }
        run_end = range.end;
        if stop == Stop::Drop && is_stop_word(word) {
            flush(&mut run, &mut found);
            continue;
        }
        for piece in script_pieces(word) {
            if piece.starts_with(is_cjk) {
                run.push_str(piece);
            } else {
                flush(&mut run, &mut found);
                found.push(singular(piece));
            }
        }
    }
    flush(&mut run, &mut found);
    found
}

/// Pushes the character pairs of a run of Han and Kana and empties it.
fn flush(run: &mut String, found: &mut Vec<String>) {
    let chars: Vec<char> = run.chars().collect();
    match chars.as_slice() {
        [] => {}
        [one] => found.push(one.to_string()),
        many => found.extend(many.windows(2).map(|pair| pair.iter().collect::<String>())),
    }
    run.clear();
}

/// Cuts a word where it changes between Han or Kana and anything else.
fn script_pieces(word: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (offset, c) in word.char_indices() {
        let cjk = is_cjk(c);
        if last.is_some_and(|last| last != cjk) {
            pieces.push(&word[start..offset]);
            start = offset;
        }
        last = Some(cjk);
    }
    if start < word.len() {
        pieces.push(&word[start..]);
    }
    pieces
}

/// The S-stemmer of Harman, "How effective is suffixing?" (JASIS 42, 1991), with the plurals in
/// "xes", "ches", "shes" and "sses" added. Stems are for comparing only: "cache" becomes "cach" so
/// that it meets "caches".
fn singular(word: &str) -> String {
    let word = word.strip_suffix("'s").unwrap_or(word);
    if word.len() < 4 || !word.bytes().all(|b| b.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    if ends(&["ies"]) && !ends(&["eies", "aies"]) {
        return format!("{}y", &word[..word.len() - 3]);
    }
    if ends(&["xes", "ches", "shes", "sses"]) {
        return word[..word.len() - 2].to_owned();
    }
    if ends(&["xe", "che", "she", "s"]) && !ends(&["us", "ss", "is"]) {
        return word[..word.len() - 1].to_owned();
    }
    word.to_owned()
}

fn is_stop_word(word: &str) -> bool {
    ENGLISH.binary_search(&word).is_ok() || CJK.contains(&word)
}

/// Sorted, for binary search.
const ENGLISH: &[&str] = &[
    "a", "about", "after", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "because",
    "been", "before", "being", "but", "by", "can", "can't", "could", "did", "do", "does", "doing", "don't",
    "for", "from", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "his", "how", "i",
    "if", "in", "into", "is", "it", "it's", "its", "just", "me", "my", "of", "on", "or", "our", "please",
    "shall", "she", "should", "so", "some", "such", "tell", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "too", "us", "was", "we", "were", "what", "what's",
    "when", "where", "which", "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your",
];

const CJK: &[&str] = &[
    "的",
    "了",
    "是",
    "在",
    "和",
    "与",
    "及",
    "或",
    "也",
    "都",
    "就",
    "而",
    "着",
    "吗",
    "呢",
    "吧",
    "啊",
    "呀",
    "么",
    "之",
    "其",
    "把",
    "被",
    "对",
    "从",
    "到",
    "为",
    "以",
    "于",
    "由",
    "向",
    "让",
    "使",
    "给",
    "很",
    "请",
    "请问",
    "我",
    "你",
    "您",
    "他",
    "她",
    "它",
    "我们",
    "你们",
    "他们",
    "这",
    "那",
    "这个",
    "那个",
    "这些",
    "那些",
    "什么",
    "怎么",
    "怎样",
    "如何",
    "为什么",
    "哪",
    "哪个",
    "哪些",
    "哪里",
    "谁",
    "多少",
    "几",
    "有",
    "没有",
    "可以",
    "能",
    "会",
    "要",
    "应该",
    "以及",
    "并",
    "并且",
    "因为",
    "所以",
    "如果",
    "但是",
    "但",
    "还",
    "还是",
    "一个",
    "一些",
    "个",
    "关于",
    "告诉",
    "は",
    "が",
    "を",
    "に",
    "の",
    "で",
    "と",
    "も",
    "へ",
    "から",
    "まで",
    "です",
    "ます",
    "でした",
    "ました",
    "する",
    "した",
    "して",
    "ある",
    "いる",
    "この",
    "その",
    "あの",
    "これ",
    "それ",
    "何",
    "か",
    "や",
    "ね",
    "よ",
    "た",
    "て",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn english_terms_meet_their_plurals() {
        let pairs = [
            ("packages", "package"),
            ("libraries", "library"),
            ("boxes", "box"),
            ("caches", "cache"),
            ("matches", "match"),
            ("classes", "class"),
            ("pushes", "push"),
            ("types", "type"),
            ("Debian's", "debian"),
            ("sources", "source"),
        ];
        for (plural, single) in pairs {
            assert_eq!(terms(plural, Stop::Keep), terms(single, Stop::Keep), "{plural}");
        }
        for word in ["status", "process", "analysis", "gas", "v2s"] {
            assert_eq!(terms(word, Stop::Keep), [word]);
        }
    }

    #[test]
    fn function_words_are_dropped_on_request() {
        assert_eq!(terms("How do I install the packages?", Stop::Drop), ["install", "package"]);
        assert_eq!(terms("What is it", Stop::Keep), ["what", "is", "it"]);
        assert_eq!(terms("如何安装软件包？", Stop::Drop), ["安装", "装软", "软件", "件包"]);
        assert_eq!(terms("系统的配置", Stop::Drop), ["系统", "配置"]);
        assert!(terms("的了吗", Stop::Drop).is_empty());
    }

    #[test]
    fn han_and_kana_become_pairs() {
        assert_eq!(terms("软件包", Stop::Keep), ["软件", "件包"]);
        assert_eq!(terms("书", Stop::Keep), ["书"]);
        assert_eq!(terms("软件，包", Stop::Keep), ["软件", "包"]);
        assert_eq!(terms("用APT装", Stop::Keep), ["用", "apt", "装"]);
        assert_eq!(terms("カタカナ", Stop::Keep), terms("ｶﾀｶﾅ", Stop::Keep));
    }

    #[test]
    fn the_stop_list_is_sorted() {
        assert!(ENGLISH.is_sorted());
    }

    proptest! {
        #[test]
        fn terms_do_not_depend_on_width_or_case(text in "[a-zA-Z0-9 ,.]{0,40}") {
            let wide: String = text.chars().map(|c| match c {
                '!'..='~' => char::from_u32(c as u32 + 0xFEE0).unwrap_or(c),
                other => other,
            }).collect();
            prop_assert_eq!(terms(&text, Stop::Keep), terms(&wide.to_uppercase(), Stop::Keep));
        }

        #[test]
        fn dropping_only_takes_away_for_spaced_scripts(text in "[a-z ]{0,60}") {
            let kept = terms(&text, Stop::Keep);
            let dropped = terms(&text, Stop::Drop);
            prop_assert!(dropped.iter().all(|term| kept.contains(term)));
        }
    }
}
