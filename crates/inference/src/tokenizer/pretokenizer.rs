//! How text is cut before byte-pair merging, by the name a GGUF file gives
//! (`tokenizer.ggml.pre`).
//!
//! The expressions are those the models were trained with: GPT-2's from OpenAI's `encoder.py`, the
//! others from their `tokenizer.json`, and llama.cpp's table `llama-vocab.cpp` says which name means
//! which. (llama.cpp's own form of two of them takes only A to Z for capitals.) A wrong cut gives
//! plausible but wrong ids, so an unknown name is an error and never a guess.

use serde_json::Value as Json;
use tokenizers::normalizers::unicode::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{NormalizerWrapper, PreTokenizerWrapper, SplitDelimiterBehavior};

/// One digit at a time.
const DIGIT: &str = r"\p{N}";

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

const LLAMA3: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

const QWEN2: &str = concat!(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// A word in capitals ends where small letters have begun.
const TEKKEN: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

const GPT4O: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
);

/// What happens to a text before its pieces are merged.
pub(crate) struct PreTokenizer {
    /// Expressions applied one after the other; each cuts what the previous one left.
    cuts: &'static [&'static str],
    /// Whether text is brought to Unicode form NFC first.
    nfc: bool,
    /// Whether a piece that is a token as it stands is taken without merging.
    pub(crate) ignore_merges: bool,
    /// Whether prompts begin with a token when the file does not say.
    pub(crate) begins_prompts: bool,
}

impl PreTokenizer {
    /// The pre-tokenizer of that name, if it is known.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let plain = |cuts| Self { cuts, nfc: false, ignore_merges: false, begins_prompts: false };
        let whole = |cuts| Self { ignore_merges: true, begins_prompts: true, ..plain(cuts) };
        Some(match name {
            "gpt-2" => plain(&[GPT2]),
            "smollm" => plain(&[DIGIT, GPT2]),
            "llama-bpe" | "llama3" | "llama-v3" | "falcon3" => whole(&[LLAMA3]),
            "dbrx" => plain(&[LLAMA3]), // Phi 4
            "qwen2" => Self { nfc: true, ..plain(&[QWEN2]) },
            "deepseek-r1-qwen" => plain(&[QWEN2]),
            "tekken" => whole(&[TEKKEN]),
            "gpt-4o" => plain(&[GPT4O]), // Phi 4 mini
            _ => return None,
        })
    }

    pub(crate) fn normalizer(&self) -> Option<NormalizerWrapper> {
        self.nfc.then(|| NormalizerWrapper::from(NFC))
    }

    /// The cuts and the mapping of bytes to the characters that the vocabulary is written in.
    pub(crate) fn build(&self) -> tokenizers::Result<PreTokenizerWrapper> {
        let mut steps = Vec::with_capacity(self.cuts.len() + 1);
        for &cut in self.cuts {
            let pattern = SplitPattern::Regex(cut.to_owned());
            let split = Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?;
            steps.push(PreTokenizerWrapper::from(split));
        }
        // No space put in front, no further cutting.
        steps.push(PreTokenizerWrapper::from(ByteLevel::new(false, false, false)));
        Ok(PreTokenizerWrapper::from(Sequence::new(steps)))
    }
}

/// The name of what a `tokenizer.json` calls its `pre_tokenizer`, if it is one of the known ones.
pub(crate) fn pre_tokenizer_name(described: &Json) -> Option<&'static str> {
    let single = [described.clone()];
    let steps = described["pretokenizers"].as_array().map_or(single.as_slice(), Vec::as_slice);
    let (bytes, cuts) = steps.split_last()?;
    if bytes["type"] != "ByteLevel" || bytes["add_prefix_space"] == true {
        return None;
    }
    let cuts_as_gpt2 = bytes["use_regex"] != false;
    match cuts {
        [] if cuts_as_gpt2 => Some("gpt-2"),
        [digits] if cuts_as_gpt2 && digits["type"] == "Digits" => {
            (digits["individual_digits"] == true).then_some("smollm")
        }
        [split] if !cuts_as_gpt2 && split["type"] == "Split" => {
            let isolated = split["behavior"] == "Isolated" && split["invert"] != true;
            let name = match split["pattern"]["Regex"].as_str()? {
                LLAMA3 => "llama-bpe",
                QWEN2 => "qwen2",
                TEKKEN => "tekken",
                GPT4O => "gpt-4o",
                _ => return None,
            };
            isolated.then_some(name)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer as _};

    use super::PreTokenizer;

    fn cut<'t>(name: &str, text: &'t str) -> Vec<&'t str> {
        let pre = PreTokenizer::named(name).unwrap().build().unwrap();
        let mut pieces = PreTokenizedString::from(text);
        pre.pre_tokenize(&mut pieces).unwrap();
        pieces
            .get_splits(OffsetReferential::Original, OffsetType::Byte)
            .into_iter()
            .map(|(_, (start, end), _)| &text[start..end])
            .collect()
    }

    #[test]
    fn names_differ_in_numbers_and_spaces() {
        let text = "It's 1234  items\n";
        assert_eq!(cut("gpt-2", text), ["It", "'s", " 1234", " ", " items", "\n"]);
        assert_eq!(cut("smollm", text), ["It", "'s", " ", "1", "2", "3", "4", " ", " items", "\n"]);
        assert_eq!(cut("llama-bpe", text), ["It", "'s", " ", "123", "4", " ", " items", "\n"]);
        assert_eq!(cut("qwen2", text), ["It", "'s", " ", "1", "2", "3", "4", " ", " items", "\n"]);
    }

    #[test]
    fn words_end_where_capitals_begin() {
        let text = "HTMLParser's /a/\nпарПАР 1234";
        let tekken = ["HTMLParser", "'s", " /", "a", "/\n", "пар", "ПАР", " ", "1", "2", "3", "4"];
        assert_eq!(cut("tekken", text), tekken);
        let gpt4o = ["HTMLParser's", " /", "a", "/\n", "пар", "ПАР", " ", "123", "4"];
        assert_eq!(cut("gpt-4o", text), gpt4o);
        let llama = ["HTMLParser", "'s", " /", "a", "/\n", "парПАР", " ", "123", "4"];
        assert_eq!(cut("dbrx", text), llama);
        // A mark belongs to the letter it stands on.
        assert_eq!(cut("gpt-4o", "e\u{301}a"), ["e\u{301}a"]);
        assert_eq!(cut("qwen2", "e\u{301}a"), ["e", "\u{301}a"]);
    }

    #[test]
    fn unknown_names_are_not_guessed() {
        assert!(PreTokenizer::named("default").is_none());
        assert!(PreTokenizer::named("").is_none());
    }
}
