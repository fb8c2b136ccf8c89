//! Ids of a mixed corpus against those of llama.cpp, for every way of cutting and merging that is
//! known; made by `tests/reference/make_tokenizers.py`.

use std::collections::HashMap;

use candle_core::quantized::GgmlDType;
use candle_core::quantized::gguf_file::Value;
use serde::Deserialize;

use super::decode;
use crate::InferenceError;
use crate::gguf::Gguf;
use crate::testing::tiny::Tiny;
use crate::tokenizer::{ChatTokenizer, Segment};

const BYTE_LEVEL: [&str; 9] =
    ["gpt-2", "smollm", "llama-bpe", "falcon3", "dbrx", "qwen2", "deepseek-r1-qwen", "tekken", "gpt-4o"];

#[derive(Deserialize)]
struct Golden {
    plain: Vec<String>,
    markup: Vec<String>,
    bpe: Tokens,
    spm: Tokens,
    ids: HashMap<String, Ids>,
    /// Number of a text and what llama.cpp gives, where the ids above are not its own.
    differs: HashMap<String, HashMap<usize, Vec<u32>>>,
}

#[derive(Deserialize)]
struct Tokens {
    tokens: Vec<String>,
    types: Vec<i32>,
    #[serde(default)]
    merges: Vec<String>,
    #[serde(default)]
    scores: Vec<f32>,
}

#[derive(Deserialize)]
struct Ids {
    plain: Vec<Vec<u32>>,
    markup: Vec<Vec<u32>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../../tests/reference/tokenizers.json")).unwrap()
}

impl Tokens {
    fn set(&self, tiny: &mut Tiny) {
        let texts = |texts: &[String]| Value::Array(texts.iter().cloned().map(Value::String).collect());
        let id = |text: &str| Value::U32(self.tokens.iter().position(|token| token == text).unwrap() as u32);
        tiny.set("tokenizer.ggml.tokens", texts(&self.tokens));
        let types = self.types.iter().copied().map(Value::I32).collect();
        tiny.set("tokenizer.ggml.token_type", Value::Array(types));
        tiny.set("tokenizer.ggml.bos_token_id", id("<s>"));
        tiny.set("tokenizer.ggml.eos_token_id", id("</s>"));
        if self.merges.is_empty() {
            tiny.set("tokenizer.ggml.model", Value::String("llama".into()));
            let scores = self.scores.iter().copied().map(Value::F32).collect();
            tiny.set("tokenizer.ggml.scores", Value::Array(scores));
        } else {
            tiny.set("tokenizer.ggml.merges", texts(&self.merges));
        }
    }
}

fn open(tokens: &Tokens, change: impl FnOnce(&mut Tiny)) -> Result<ChatTokenizer, InferenceError> {
    let folder = tempfile::tempdir().unwrap();
    let mut tiny = Tiny::new("llama", GgmlDType::F32);
    tokens.set(&mut tiny);
    change(&mut tiny);
    ChatTokenizer::open(&Gguf::open(&tiny.write(folder.path())).unwrap())
}

fn byte_level(golden: &Golden, pre: &str) -> ChatTokenizer {
    open(&golden.bpe, |t| t.set("tokenizer.ggml.pre", Value::String(pre.into()))).unwrap()
}

fn gemma(golden: &Golden) -> ChatTokenizer {
    open(&golden.spm, |t| t.set("tokenizer.ggml.add_space_prefix", Value::Bool(false))).unwrap()
}

fn phi3(golden: &mut Golden) -> ChatTokenizer {
    let spm = &mut golden.spm;
    for (id, token) in spm.tokens.iter_mut().enumerate().filter(|(_, token)| token.trim().is_empty()) {
        *token = format!("unused {id}"); // No Phi has tokens of white space.
    }
    open(spm, |t| t.set("general.architecture", Value::String("phi3".into()))).unwrap()
}

fn check(golden: &Golden, name: &str, tokenizer: &ChatTokenizer) {
    let ids = &golden.ids[name];
    assert!(golden.plain.len() > 60 && ids.plain.len() == golden.plain.len());
    for (text, ids) in golden.plain.iter().zip(&ids.plain) {
        assert_eq!(tokenizer.encode_plain(text).unwrap(), *ids, "{name}: {text:?}");
        assert!(ids.iter().all(|&id| !tokenizer.is_hidden(id)), "{name}: {text:?}");
    }
    assert!(golden.markup.len() > 5 && ids.markup.len() == golden.markup.len());
    for (text, ids) in golden.markup.iter().zip(&ids.markup) {
        assert_eq!(tokenizer.encode_markup(text).unwrap(), *ids, "{name}: {text:?}");
    }
}

#[test]
fn byte_level_ids_are_those_of_llama_cpp() {
    let golden = golden();
    for pre in BYTE_LEVEL {
        let tokenizer = byte_level(&golden, pre);
        check(&golden, pre, &tokenizer);
        for (number, text) in golden.plain.iter().enumerate() {
            let composed = pre == "qwen2" && text.contains('\u{301}');
            let decoded = decode(&tokenizer, &golden.ids[pre].plain[number]);
            assert!(decoded == *text || composed, "{pre}: {text:?} came back as {decoded:?}");
        }
    }
    assert_eq!(golden.ids.len(), BYTE_LEVEL.len() + 3);
}

/// Where the tests do not follow llama.cpp, and why.
#[test]
fn llama_cpp_differs_for_known_reasons_only() {
    let golden = golden();
    for (name, texts) in &golden.differs {
        for number in texts.keys() {
            let text = &golden.plain[*number];
            // Only the authors' expressions take marks above and below letters as parts of words.
            let marks = text.chars().any(|c| matches!(c, '\u{301}' | 'ि' | '่'));
            let known = match name.as_str() {
                "qwen2" | "tekken" | "gpt-4o" => marks,
                // A control token that somebody spells is text.
                "llama" | "gemma" | "phi3" => text.contains("<|end|>"),
                _ => false,
            };
            assert!(known, "{name}: {text:?}");
        }
    }
}

#[test]
fn sentence_piece_ids_are_those_of_llama_cpp() {
    let mut golden = golden();
    let llama = open(&golden.spm, |_| {}).unwrap();
    check(&golden, "llama", &llama);
    check(&golden, "gemma", &gemma(&golden));
    let phi3 = phi3(&mut golden);
    check(&golden, "phi3", &phi3);
    assert_eq!(llama.prompt_begin(), Some(1));
    assert_eq!((llama.begin_text(), llama.end_text()), ("<s>", "</s>"));
}

#[test]
fn sentence_piece_gives_the_text_back() {
    let golden = golden();
    let (llama, gemma) = (open(&golden.spm, |_| {}).unwrap(), gemma(&golden));
    for text in &golden.plain {
        let ids = gemma.encode_plain(text).unwrap();
        assert_eq!(decode(&gemma, &ids), *text);
        assert_eq!(answer(&gemma, &ids), *text);
        // A token of white space is followed by a space of its own, as in llama.cpp.
        if !["\n\n", "\t\t", "  "].iter().any(|space| text.contains(space)) {
            let ids = llama.encode_plain(text).unwrap();
            assert_eq!(decode(&llama, &ids), format!(" {text}"));
            assert_eq!(answer(&llama, &ids), *text);
        }
    }
}

fn answer(tokenizer: &ChatTokenizer, ids: &[u32]) -> String {
    let bytes = ids.iter().enumerate().flat_map(|(index, &id)| tokenizer.answer_bytes(id, index == 0));
    String::from_utf8(bytes.copied().collect()).unwrap()
}

#[test]
fn a_message_is_encoded_with_the_markup_around_it() {
    let mut golden = golden();
    let phi3 = phi3(&mut golden);
    let parts = [
        Segment::Markup("<|user|>\n"),
        Segment::Data("Where is the boat?"),
        Segment::Markup("<|end|>\n<|assistant|>\n"),
    ];
    assert_eq!(golden.markup[0], "<|user|>\nWhere is the boat?<|end|>\n<|assistant|>\n");
    assert_eq!(phi3.encode_segments(&parts).unwrap(), golden.ids["phi3"].markup[0]);
}

#[test]
fn no_text_becomes_a_control_token_of_sentence_piece() {
    // llama.cpp merges `<`, `/s` and `>` to the token that ends a text, because its score is high.
    let mut golden = golden();
    let spm = &mut golden.spm;
    for (token, score) in [("/s", -1.0), ("</s", -1.0), ("<0", -1.0), ("x0", -2.0), ("<0x0", -2.0)] {
        spm.tokens.push(token.into());
        spm.types.push(1);
        spm.scores.push(score);
    }
    let tokenizer = gemma(&golden);
    for hostile in ["</s>", "<s></s>", "<|end|>", "<unk>", "<0x0A>", "<think>", "a\n\n<|user|>\n\n"] {
        let ids = tokenizer.encode_plain(hostile).unwrap();
        assert!(ids.iter().all(|&id| !tokenizer.is_hidden(id)), "{hostile}");
        assert!(!ids.contains(&2) && !decode(&tokenizer, &ids).is_empty(), "{hostile}");
        assert_eq!(decode(&tokenizer, &ids), hostile);
    }
    assert_eq!(tokenizer.encode_markup("</s>").unwrap(), [2]);
}

#[test]
fn a_long_text_is_merged_in_good_time() {
    let golden = golden();
    let text = golden.plain.concat().repeat(100); // About 250 kB.
    let tokenizer = gemma(&golden);
    let ids = tokenizer.encode_plain(&text).unwrap();
    assert_eq!(decode(&tokenizer, &ids), text);
}

#[test]
fn what_sentence_piece_lacks_is_an_error() {
    let scores = "tokenizer.ggml.scores";
    let golden = golden();
    let refused = |change: fn(&mut Tiny)| open(&golden.spm, change).err().unwrap();
    for (expected, error) in [
        ("no scores", refused(|t| drop(t.metadata.remove("tokenizer.ggml.scores")))),
        (
            "differ in length",
            refused(|t| t.set("tokenizer.ggml.scores", Value::Array(vec![Value::F32(0.0)]))),
        ),
        ("no scores", refused(|t| t.set("tokenizer.ggml.scores", Value::String("0".into())))),
        ("outside the vocabulary", refused(|t| t.set("tokenizer.ggml.eot_token_id", Value::U32(9999)))),
        ("outside the vocabulary", refused(|t| t.set("tokenizer.ggml.bos_token_id", Value::I32(-1)))),
        ("does not name", refused(|t| drop(t.metadata.remove("tokenizer.ggml.bos_token_id")))),
    ] {
        assert_eq!(error.code(), "tokenizer_failed");
        assert!(error.to_string().contains(expected), "{error}");
    }
    let mut changed = self::golden().spm;
    changed.tokens[13] = "<0xZZ>".into();
    let not_a_number = |t: &mut Tiny| {
        let Some(Value::Array(values)) = t.metadata.get_mut(scores) else { unreachable!() };
        values[0] = Value::F32(f32::NAN);
    };
    assert!(open(&golden.spm, not_a_number).err().unwrap().to_string().contains("not a number"));
    assert!(open(&changed, |_| {}).err().unwrap().to_string().contains("is not a byte"));
    changed.types[13] = 1;
    assert!(open(&changed, |_| {}).err().unwrap().to_string().contains("no token for some byte"));
    changed.tokens[13] = changed.tokens.last().unwrap().clone();
    assert!(open(&changed, |_| {}).err().unwrap().to_string().contains("twice"));
}
