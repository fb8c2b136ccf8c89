//! Where a full stop, or what looks like the end of a sentence, is none.

use crate::script::is_cjk;

/// Abbreviations that are always followed by more of the sentence.
const ALWAYS: &[&str] = &[
    "dr", "mr", "mrs", "ms", "prof", "rev", "gen", "col", "capt", "lt", "sgt", "hon", "st", "mt", "fig",
    "figs", "tab", "eq", "eqs", "ref", "refs", "vol", "chap", "approx", "vs", "e.g", "i.e", "eg", "ie", "cf",
    "viz", "resp", "incl", "esp", "al", "ed", "eds", "pp", "messrs", "dept", "z.b", "d.h", "u.a", "o.ä",
    "i.d.r", "s.o", "s.u", "bzw", "ca", "vgl", "nr", "abs", "abb", "hr", "fr", "hrsg", "bd", "evtl", "ggf",
    "inkl", "zzgl", "sog", "dipl", "ing",
];

/// Abbreviations that are also words: followed by more of the sentence only before a number.
const BEFORE_NUMBER: &[&str] =
    &["no", "nos", "art", "sec", "ch", "p", "s", "ver", "v", "app", "pt", "par", "op", "kap"];

/// Words that start a sentence far more often than they follow a person's initial.
const STARTERS: &[&str] = &[
    "the", "a", "an", "this", "that", "these", "those", "it", "its", "he", "she", "they", "we", "you", "i",
    "in", "on", "at", "to", "for", "from", "by", "with", "if", "when", "while", "then", "there", "here",
    "but", "and", "or", "so", "as", "after", "before", "however", "also", "not", "no", "what", "how", "why",
    "which", "who", "please", "see", "note", "use", "die", "der", "das", "ein", "eine", "es", "er", "sie",
    "wir", "und", "aber", "wenn",
];

const GERMAN_MONTHS: &[&str] = &[
    "januar",
    "februar",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
];

/// Whether `before`, which begins at the start of a sentence, and `after`, the rest of the text,
/// are one sentence although the Unicode rules put a border between them.
pub(crate) fn belongs_together(before: &str, after: &str) -> bool {
    let body = before.trim_end();
    let rest = after.trim_start();
    let (Some(last), Some(next)) = (body.chars().next_back(), rest.chars().next()) else {
        return false;
    };
    if last == '.' {
        let touching = body.len() == before.len() && rest.len() == after.len();
        return after_full_stop(body, rest, next, touching);
    }
    is_closing(last) && continues_quotation(rest, next)
}

fn is_closing(c: char) -> bool {
    matches!(c, '"' | '\'' | '”' | '’' | '»' | ')' | ']' | '」' | '』' | '）' | '》' | '】')
}

/// `"Really?" he asked`, `「はい。」と言った`, `“真的？”，他问`.
fn continues_quotation(rest: &str, next: char) -> bool {
    next.is_lowercase()
        || matches!(next, '，' | '、' | ',' | ';' | 'と')
        || rest.starts_with("って")
        || rest.starts_with("など")
}

fn after_full_stop(body: &str, rest: &str, next: char, touching: bool) -> bool {
    let stem = &body[..body.len() - 1];
    if is_list_number(body) {
        return true;
    }
    let word_start = stem
        .char_indices()
        .rev()
        .take(24)
        .find(|(_, c)| {
            c.is_whitespace() || is_cjk(*c) || matches!(c, '(' | '[' | '"' | '“' | '（' | '/' | '，' | '。')
        })
        .map_or(0, |(offset, c)| offset + c.len_utf8());
    let word = &stem[word_start..];
    let lower = word.to_lowercase();
    if touching && is_cjk(next) && word.chars().next_back().is_some_and(|c| c.is_ascii_digit()) {
        return true;
    }
    if ALWAYS.contains(&lower.as_str()) {
        return true;
    }
    if BEFORE_NUMBER.contains(&lower.as_str()) && next.is_numeric() {
        return true;
    }
    if !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) {
        return GERMAN_MONTHS.contains(&first_word(rest).to_lowercase().as_str());
    }
    is_initial(stem, word_start, word, rest)
}

/// A sentence that so far is only "1.", "3.2.", "a." or "(iv).".
fn is_list_number(body: &str) -> bool {
    let inner = body.trim_matches(|c: char| matches!(c, '(' | ')' | '.'));
    let digits = |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
    !inner.is_empty()
        && (inner.split('.').all(digits)
            || (inner.len() == 1 && inner.bytes().all(|b| b.is_ascii_alphabetic()))
            || (inner.len() <= 4 && inner.bytes().all(|b| matches!(b, b'i' | b'v' | b'x'))))
}

/// "J." in "J. Smith", "z." in "z. B.".
fn is_initial(stem: &str, word_start: usize, word: &str, rest: &str) -> bool {
    let mut chars = word.chars();
    let (Some(letter), None) = (chars.next(), chars.next()) else {
        return false;
    };
    if !letter.is_alphabetic() || is_cjk(letter) {
        return false;
    }
    let following = first_word(rest);
    let single = |word: &str| word.chars().filter(|c| c.is_alphabetic()).count() == 1;
    if rest[following.len()..].starts_with('.') && single(following) {
        return true;
    }
    let previous = stem[..word_start].split_whitespace().next_back().unwrap_or("");
    if previous.ends_with('.') && single(previous) {
        return !STARTERS.contains(&following.to_lowercase().as_str());
    }
    letter.is_uppercase()
        && (previous.is_empty() || previous.chars().next().is_some_and(char::is_uppercase))
        && following.chars().next().is_some_and(char::is_uppercase)
        && !STARTERS.contains(&following.to_lowercase().as_str())
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len());
    &text[..end]
}
