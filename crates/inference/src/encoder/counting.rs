//! Counting tokens without encoding: most words have been counted before.
//!
//! BERT's tokenizers split a text at white space, around punctuation and around ideographs before
//! anything else, and what stands between two such borders is encoded by itself. So the tokens of a
//! text are those of its parts, and few parts are new. Cutting documents into passages asks for
//! counts of every block, and again of every passage.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokenizers::{ModelWrapper, NormalizerWrapper, PreTokenizerWrapper, Tokenizer};

use crate::InferenceError;

/// Longer parts are not remembered: they are hardly met twice.
const LONGEST: usize = 32;
/// When so many parts are known they are forgotten, some megabytes.
const MOST_KNOWN: usize = 100_000;

/// How many tokens parts of texts have.
pub(super) struct Counting {
    known: Mutex<HashMap<Box<str>, u32>>,
}

impl Counting {
    /// For a tokenizer that treats parts by themselves; `None` for all others.
    pub(super) fn of(tokenizer: &Tokenizer) -> Option<Self> {
        let is_bert = matches!(
            tokenizer.get_normalizer(),
            Some(NormalizerWrapper::BertNormalizer(rules)) if rules.clean_text && rules.handle_chinese_chars
        ) && matches!(
            tokenizer.get_pre_tokenizer(),
            Some(PreTokenizerWrapper::BertPreTokenizer(_))
        ) && matches!(tokenizer.get_model(), ModelWrapper::WordPiece(_));
        // Tokens that were added may hold anything, borders too.
        let plain = tokenizer.get_added_tokens_decoder().values().all(|token| token.special);
        (is_bert && plain).then(|| Self { known: Mutex::default() })
    }

    /// The tokens of `text`, where `encode` gives those of a part.
    ///
    /// # Errors
    /// Whatever `encode` reports.
    pub(super) fn count(
        &self,
        text: &str,
        encode: &dyn Fn(&str) -> Result<usize, InferenceError>,
    ) -> Result<usize, InferenceError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        let mut tokens = 0;
        for part in parts(text) {
            tokens += match known.get(part) {
                Some(count) => *count as usize,
                None => {
                    let count = encode(part)?;
                    if part.len() <= LONGEST {
                        known.insert(part.into(), u32::try_from(count).unwrap_or(u32::MAX));
                    }
                    count
                }
            };
        }
        Ok(tokens)
    }
}

/// What stands between two certain borders. A border that is not seen here, such as other
/// punctuation, is found by the tokenizer.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(is_space);
        let first = rest.chars().next()?;
        let end = if stands_alone(first) {
            first.len_utf8()
        } else {
            rest.find(|c| is_space(c) || stands_alone(c)).unwrap_or(rest.len())
        };
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(part)
    })
}

/// White space that is no control character: those are removed first, and join their neighbours.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{a0}' | '\u{3000}')
}

fn stands_alone(c: char) -> bool {
    c.is_ascii_punctuation() || matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn tokenizer(lowercase: bool) -> Tokenizer {
        let pieces =
            ["[UNK]", "the", "cat", "##s", "##e", "s", "a", "##a", ",", "-", "'", "猫", "的", "é", "ä"];
        let vocab: serde_json::Map<String, serde_json::Value> =
            pieces.iter().enumerate().map(|(id, piece)| ((*piece).to_owned(), id.into())).collect();
        let file = json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
            "normalizer": { "type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                            "strip_accents": null, "lowercase": lowercase },
            "pre_tokenizer": { "type": "BertPreTokenizer" }, "post_processor": null, "decoder": null,
            "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                       "max_input_chars_per_word": 100, "vocab": vocab },
        });
        Tokenizer::from_bytes(file.to_string()).unwrap()
    }

    fn whole(tokenizer: &Tokenizer, text: &str) -> usize {
        tokenizer.encode_fast(text, false).unwrap().len()
    }

    fn expect_same(text: &str) {
        for tokenizer in [tokenizer(true), tokenizer(false)] {
            let counting = Counting::of(&tokenizer).unwrap();
            let encode = |part: &str| Ok(whole(&tokenizer, part));
            for _ in 0..2 {
                assert_eq!(counting.count(text, &encode).unwrap(), whole(&tokenizer, text), "{text:?}");
            }
        }
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        for text in [
            "",
            " ",
            "the cats, the cat's",
            "猫的cats猫",
            "a\u{200b}a a\u{85}a a\u{b}a",
            "e\u{301}a é E\u{301}",
            "…“the” cats—cats",
            "a\u{a0}a\u{3000}a\u{2003}a",
            "\u{fffd}\0a",
            "猫\u{fe00}的",
            "'\u{301}a",
            "ΣΑΣ",
            "가나다 ﬁ Ⅳ 🙂",
            "豈\u{f900}a",
        ] {
            expect_same(text);
        }
        expect_same(&"a".repeat(150));
        expect_same(&"cats,".repeat(80));
    }

    #[test]
    fn other_tokenizers_are_not_taken_apart() {
        let mut file: serde_json::Value =
            serde_json::from_str(&tokenizer(true).to_string(false).unwrap()).unwrap();
        file["pre_tokenizer"] = json!({ "type": "Whitespace" });
        assert!(Counting::of(&Tokenizer::from_bytes(file.to_string()).unwrap()).is_none());
    }

    proptest! {
        #[test]
        fn any_text_is_counted_as_it_is_encoded(text in "\\PC{0,40}", more in "[ase,' \\n猫的é\u{301}\u{200b}\u{85}-]{0,60}") {
            expect_same(&text);
            expect_same(&more);
            expect_same(&format!("{text}{more}"));
        }
    }
}
