//! Whether a clause denies what it says.
//!
//! Words and vectors hardly notice a "not": a sentence and its contrary look alike to both. So a
//! claim is compared with the clause of the source that says most nearly the same, and both must
//! deny or both affirm.

use std::collections::HashSet;

use docent_text::{fold, words};

use crate::idf::term_set;

/// A part of a sentence between commas and conjunctions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    /// Its content terms, without the denying words.
    pub(crate) terms: HashSet<String>,
    /// Whether it denies: an odd number of denials.
    pub(crate) denies: bool,
}

const ENGLISH: &[&str] = &[
    "not", "no", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "cannot", "without",
    "hardly", "barely",
];

/// Denials in Chinese, longest first: words, because 不 and 无 also stand inside words that deny
/// nothing (不同, 无锡).
const CHINESE: &[&str] = &[
    "并非",
    "并不",
    "不是",
    "没有",
    "从未",
    "从不",
    "不能",
    "不会",
    "不得",
    "不可",
    "不再",
    "不需要",
    "无法",
    "无需",
    "尚未",
    "未能",
    "未曾",
    "不应",
    "不必",
    "不用",
    "不要",
    "禁止",
    "没",
];

/// Phrases that hold a denying word and deny nothing.
const HARMLESS: &[&str] = &["not only", "no doubt", "no. ", "不仅", "不但", "不得不", "不可避免", "没有疑问"];

/// The clauses of a sentence; those without content terms are joined to the one before.
pub(crate) fn clauses(sentence: &str) -> Vec<Clause> {
    let folded = fold(sentence);
    let mut found: Vec<Clause> = Vec::new();
    for piece in split(&folded) {
        let mut terms = term_set(piece);
        terms.retain(|term| !ENGLISH.contains(&term.as_str()));
        let clause = Clause { terms, denies: denies(piece) };
        match found.last_mut() {
            Some(last) if clause.terms.is_empty() => last.denies ^= clause.denies,
            _ => found.push(clause),
        }
    }
    found
}

fn split(folded: &str) -> Vec<&str> {
    let mut pieces = vec![folded];
    for mark in [", ", "; ", ": ", " but ", " although ", " whereas ", "，", "；", "：", "但是", "而是"]
    {
        pieces = pieces.into_iter().flat_map(|piece| piece.split(mark)).collect();
    }
    pieces.retain(|piece| !piece.trim().is_empty());
    pieces
}

fn denies(clause: &str) -> bool {
    let mut text = clause.to_owned();
    for phrase in HARMLESS {
        text = text.replace(phrase, " ");
    }
    let english = words(&text)
        .into_iter()
        .filter(|range| {
            let word = &text[range.clone()];
            ENGLISH.contains(&word) || word.ends_with("n't")
        })
        .count();
    let mut chinese = 0;
    for word in CHINESE {
        chinese += text.matches(word).count();
        text = text.replace(word, " ");
    }
    (english + chinese) % 2 == 1
}

/// Whether a claim and a sentence of a source agree in denying: the clause of the source nearest
/// to each clause of the claim, or one of the nearest, denies as it does.
pub(crate) fn agree(claim: &[Clause], source: &[Clause]) -> bool {
    claim.iter().all(|clause| {
        let shared = |other: &Clause| clause.terms.intersection(&other.terms).count();
        let most = source.iter().map(shared).max().unwrap_or(0);
        most == 0 || source.iter().any(|other| shared(other) == most && other.denies == clause.denies)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees(claim: &str, source: &str) -> bool {
        agree(&clauses(claim), &clauses(source))
    }

    #[test]
    fn a_denied_claim_does_not_rest_on_its_contrary() {
        let source = "The pump is switched off during the night.";
        assert!(agrees("The pump is off during the night.", source));
        assert!(!agrees("The pump is not switched off during the night.", source));
        assert!(!agrees("The warranty covers water damage.", "The warranty doesn't cover water damage."));
        assert!(!agrees("该软件支持离线使用。", "该软件不能离线使用。"));
        assert!(agrees("该软件不能离线使用。", "该软件不能离线使用。"));
    }

    #[test]
    fn only_the_clause_that_says_the_same_counts() {
        let source = "The key is not in the drawer, it lies under the mat near the door.";
        assert!(agrees("It lies under the mat near the door.", source));
        assert!(agrees("The key is not in the drawer.", source));
        assert!(!agrees("The key is in the drawer.", source));
    }

    #[test]
    fn words_that_only_look_like_denials() {
        assert!(agrees("It is fast and cheap.", "It is not only fast but cheap."));
        assert!(agrees("两种方法的结果不同。", "两种方法的结果不同。"));
        assert!(agrees("无锡在江苏。", "无锡在江苏。"));
        assert!(agrees("It has an effect.", "It is not without effect."));
    }
}
