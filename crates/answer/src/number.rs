//! Singular and plural of a query's words.
//!
//! The store compares words as they are written; a stemmer in its index would have to be right
//! for every language of a mixed library. So an English word is asked for in both numbers.

/// `words` with the other number of every plain English word added behind it.
pub(crate) fn both_numbers(words: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        all.push(word.to_owned());
        all.extend(other_number(word));
    }
    all.join(" ")
}

/// The plural of a singular and the singular of a plural, by the regular rules. `None` for words
/// that are short, hold anything but ASCII letters, or are all capitals.
fn other_number(word: &str) -> Option<String> {
    let plain = word.len() >= 4 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !plain || word.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
    let cut = |n: usize| lower[..lower.len() - n].to_owned();
    Some(if ends(&["ies"]) && lower.len() > 4 {
        cut(3) + "y"
    } else if ends(&["sses", "xes", "ches", "shes"]) {
        cut(2)
    } else if ends(&["ss", "x", "ch", "sh"]) {
        lower + "es"
    } else if ends(&["us", "is"]) {
        return None;
    } else if ends(&["s"]) {
        cut(1)
    } else if ends(&["y"]) && !ends(&["ay", "ey", "oy", "uy"]) {
        cut(1) + "ies"
    } else {
        lower + "s"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_words_are_asked_in_both_numbers() {
        let pairs = [
            ("tower", "towers"),
            ("library", "libraries"),
            ("box", "boxes"),
            ("match", "matches"),
            ("class", "classes"),
            ("key", "keys"),
        ];
        for (one, many) in pairs {
            if one.len() >= 4 {
                assert_eq!(other_number(one).as_deref(), Some(many));
            }
            assert_eq!(other_number(many).as_deref(), Some(one));
        }
    }

    #[test]
    fn everything_else_stays_as_it_is() {
        for word in ["NASA", "apt", "status", "analysis", "3.5", "软件", "naïve"] {
            assert_eq!(other_number(word), None, "{word}");
        }
        assert_eq!(both_numbers("Eiffel towers 安装软件"), "Eiffel eiffels towers tower 安装软件");
        assert_eq!(both_numbers(""), "");
    }
}
