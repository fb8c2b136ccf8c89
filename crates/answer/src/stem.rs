//! The stems of English words, for comparing only.
//!
//! "Replaced" must meet "replace" when a question is compared with a sentence. The rules are a
//! short selection in the manner of Porter ("An algorithm for suffix stripping", Program 14, 1980);
//! what they make is not a word ("replac"), and words of other languages pass through unless they
//! look English, in which case both sides of a comparison are changed alike.

/// Shortest stem that an ending is taken from.
const LEAST: usize = 3;

/// The stem of a folded term. Anything but plain ASCII letters is returned as it is.
pub(crate) fn stem(term: String) -> String {
    if term.len() < 4 || !term.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return term;
    }
    let mut word = term.as_str();
    for (ending, least) in [("ly", 4), ("ness", 4), ("ment", 4)] {
        word = without(word, ending, least).unwrap_or(word);
    }
    let verb = without(word, "ing", LEAST)
        .or_else(|| without(word, "ed", LEAST).filter(|rest| !rest.ends_with('e')))
        .filter(|rest| rest.contains(['a', 'e', 'i', 'o', 'u', 'y']));
    let noun = without(word, "ion", 4).filter(|rest| rest.ends_with(['s', 't']));
    let agent = without(word, "er", 5).or_else(|| without(word, "or", 5));
    word = verb.map(undoubled).or(noun).or(agent).unwrap_or(word);
    word = without(word, "e", LEAST).unwrap_or(word);
    word = without(word, "at", 4).unwrap_or(word);
    match without(word, "y", LEAST) {
        Some(rest) => format!("{rest}i"),
        None => word.to_owned(),
    }
}

fn without<'w>(word: &'w str, ending: &str, least: usize) -> Option<&'w str> {
    word.strip_suffix(ending).filter(|rest| rest.len() >= least)
}

/// "stopp" as "stop", but "fall" as it is.
fn undoubled(word: &str) -> &str {
    let bytes = word.as_bytes();
    match bytes {
        [.., a, b] if a == b && !matches!(b, b'l' | b's' | b'z' | b'e' | b'o') && word.len() > LEAST => {
            &word[..word.len() - 1]
        }
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn forms_of_one_word_meet() {
        for forms in [
            &["replace", "replaced", "replacing", "replacement"][..],
            &["stop", "stopped", "stopping"],
            &["carry", "carried", "carrying"],
            &["invent", "invented", "invention", "inventor"],
            &["install", "installed", "installation"],
            &["populate", "populated", "population"],
            &["compute", "computed", "computer", "computing"],
            &["quick", "quickly"],
            &["name", "named", "naming"],
            &["need", "needed", "needing"],
        ] {
            let stems: Vec<String> = forms.iter().map(|form| stem((*form).to_owned())).collect();
            assert!(stems.iter().all(|other| *other == stems[0]), "{forms:?} {stems:?}");
        }
    }

    #[test]
    fn different_words_stay_apart() {
        for (a, b) in [
            ("water", "wat"),
            ("sing", "s"),
            ("red", "r"),
            ("ring", "red"),
            ("king", "kin"),
            ("paper", "pap"),
        ] {
            assert_ne!(stem(a.to_owned()), stem(b.to_owned()));
        }
        for same in ["软件", "3.5", "apt", "c++", "gpt-4", "café"] {
            assert_eq!(stem(same.to_owned()), same);
        }
    }

    proptest! {
        #[test]
        fn a_stem_is_never_empty_and_never_longer(word in "[a-z]{1,15}") {
            let stemmed = stem(word.clone());
            prop_assert!(!stemmed.is_empty() && stemmed.len() <= word.len());
        }
    }
}
