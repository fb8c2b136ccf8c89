//! Ids of a mixed corpus for the forms in which checkpoints keep a SentencePiece vocabulary, against
//! those of the `tokenizers` and `sentencepiece` packages; made by `tests/reference/make_pieces.py`.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::decode;
use crate::InferenceError;
use crate::gguf::Gguf;
use crate::tokenizer::ChatTokenizer;

#[derive(Deserialize)]
struct Reference {
    plain: Vec<String>,
    markup: Vec<String>,
    /// What SentencePiece gives for the plain texts.
    models: HashMap<String, Vec<Vec<u32>>>,
    /// The same vocabularies as `tokenizer.json` has them.
    described: HashMap<String, Value>,
    /// What stands around them there.
    forms: HashMap<String, Form>,
}

#[derive(Deserialize)]
struct Form {
    model: String,
    around: Value,
    plain: Vec<Vec<u32>>,
    markup: Vec<Vec<u32>>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../tests/reference/pieces/pieces.json")).unwrap()
}

impl Reference {
    /// The `tokenizer.json` of that name.
    fn described(&self, name: &str) -> Value {
        let form = &self.forms[name];
        let mut described = form.around.clone();
        described["model"] = self.described[&form.model].clone();
        described
    }
}

/// The `tokenizer.model` of that name.
fn model(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/pieces");
    std::fs::read(folder.join(format!("{name}.model"))).unwrap()
}

fn named() -> Value {
    json!({ "bos_token": "<s>", "eos_token": { "content": "</s>" } })
}

/// The tokenizer of a checkpoint with these files.
fn open(files: &[(&str, &[u8])]) -> Result<ChatTokenizer, InferenceError> {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({
        "model_type": "llama", "hidden_size": 32, "num_attention_heads": 1, "num_hidden_layers": 1,
        "intermediate_size": 32, "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
    });
    std::fs::write(folder.path().join("config.json"), config.to_string()).unwrap();
    let weights = safetensors::serialize(Vec::<(&str, safetensors::tensor::TensorView<'_>)>::new(), None);
    std::fs::write(folder.path().join("model.safetensors"), weights.unwrap()).unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    ChatTokenizer::open(&Gguf::open(folder.path())?)
}

fn open_described(described: &Value, settings: &Value) -> Result<ChatTokenizer, InferenceError> {
    let (described, settings) = (described.to_string(), settings.to_string());
    open(&[("tokenizer.json", described.as_bytes()), ("tokenizer_config.json", settings.as_bytes())])
}

fn open_model(bytes: &[u8], settings: &Value) -> Result<ChatTokenizer, InferenceError> {
    open(&[("tokenizer.model", bytes), ("tokenizer_config.json", settings.to_string().as_bytes())])
}

#[test]
fn described_ids_are_those_of_the_tokenizers_package() {
    let reference = reference();
    assert_eq!(reference.forms.len(), 5);
    for (name, form) in &reference.forms {
        let tokenizer = open_described(&reference.described(name), &named()).unwrap();
        assert!(reference.plain.len() > 60 && form.plain.len() == reference.plain.len());
        for (text, ids) in reference.plain.iter().zip(&form.plain) {
            assert_eq!(tokenizer.encode_plain(text).unwrap(), *ids, "{name}: {text:?}");
            assert!(ids.iter().all(|&id| !tokenizer.is_hidden(id)), "{name}: {text:?}");
        }
        assert!(reference.markup.len() > 5 && form.markup.len() == reference.markup.len());
        for (text, ids) in reference.markup.iter().zip(&form.markup) {
            assert_eq!(tokenizer.encode_markup(text).unwrap(), *ids, "{name}: {text:?}");
        }
    }
}

#[test]
fn a_vocabulary_of_sentence_piece_gives_its_ids() {
    let reference = reference();
    assert_eq!(reference.models.len(), 2);
    for (name, all) in &reference.models {
        let tokenizer = open_model(&model(name), &named()).unwrap();
        assert_eq!(reference.plain.len(), all.len());
        for (text, ids) in reference.plain.iter().zip(all) {
            assert_eq!(tokenizer.encode_plain(text).unwrap(), *ids, "{name}: {text:?}");
        }
        assert_eq!((tokenizer.begin_text(), tokenizer.end_text()), ("<s>", "</s>"));
        assert_eq!((tokenizer.prompt_begin(), tokenizer.stops()), (Some(1), [2].as_slice()));
    }
}

#[test]
fn a_described_vocabulary_goes_before_that_of_sentence_piece() {
    let reference = reference();
    let described = reference.described("mistral").to_string();
    let (model, settings) = (model("prefix"), named().to_string());
    let files: [(&str, &[u8]); 3] = [
        ("tokenizer.json", described.as_bytes()),
        ("tokenizer.model", &model),
        ("tokenizer_config.json", settings.as_bytes()),
    ];
    let tokenizer = open(&files).unwrap();
    // One of the markers that only the former has.
    assert_eq!(tokenizer.encode_markup("<|end|>").unwrap().len(), 1);
    let broken = [("tokenizer.json", b"{".as_slice()), files[1], files[2]];
    assert!(open(&broken).is_err());
}

#[test]
fn answers_are_the_text_without_the_space_that_nobody_wrote() {
    let reference = reference();
    for name in ["llama", "gemma", "mistral"] {
        let tokenizer = open_described(&reference.described(name), &named()).unwrap();
        for text in &reference.plain {
            // Where a space is only put before what has none, one that is there is lost in an answer.
            if name == "mistral" && text.starts_with(' ') {
                continue;
            }
            let ids = tokenizer.encode_plain(text).unwrap();
            let all = ids.iter().enumerate();
            let answer = all.flat_map(|(at, &id)| tokenizer.answer_bytes(id, at == 0)).copied();
            assert_eq!(String::from_utf8(answer.collect()).unwrap(), *text, "{name}");
            let space = if name == "gemma" { "" } else { " " };
            assert_eq!(decode(&tokenizer, &ids), format!("{space}{text}"), "{name}");
        }
    }
}

#[test]
fn no_text_becomes_a_control_token_by_merging() {
    let reference = reference();
    let mut described = reference.described("gemma");
    let model = &mut described["model"];
    let next = reference.forms["gemma"].around["added_tokens"].as_array().unwrap().len() + 2000;
    for (number, token) in ["</", "/s", "</s"].into_iter().enumerate() {
        model["vocab"][token] = (next + number).into();
    }
    let merges = [json!(["<", "/"]), json!(["</", "s"]), json!(["</s", ">"])];
    let merges = merges.into_iter().chain(model["merges"].as_array().unwrap().iter().cloned());
    model["merges"] = merges.collect();
    let tokenizer = open_described(&described, &named()).unwrap();
    let ids = tokenizer.encode_plain("</s>").unwrap();
    assert_eq!(ids.len(), 2, "</s and >");
    assert!(ids.iter().all(|&id| !tokenizer.is_hidden(id)));
    assert_eq!(tokenizer.encode_markup("</s>").unwrap(), [2]);
}

/// The number of the added token of that text.
fn added(described: &Value, text: &str) -> usize {
    described["added_tokens"].as_array().unwrap().iter().position(|token| token["content"] == text).unwrap()
}

#[test]
fn what_gives_other_ids_than_here_is_refused_by_name() {
    type Change = Box<dyn Fn(&mut Value)>;
    let set = |path: &'static [&'static str], value: Value| -> Change {
        Box::new(move |described| {
            let place = path.iter().fold(described, |place, key| &mut place[*key]);
            *place = value.clone();
        })
    };
    let token = |text: &'static str, key: &'static str, value: Value| -> Change {
        Box::new(move |described| {
            let at = added(described, text);
            described["added_tokens"][at][key] = value.clone();
        })
    };
    let metaspace = json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always" });
    let changes: [(&str, Change); 18] = [
        ("Unigram", set(&["model", "type"], json!("Unigram"))),
        ("WordPiece", set(&["model", "type"], json!("WordPiece"))),
        ("ignore_merges", set(&["model", "ignore_merges"], json!(true))),
        ("dropout", set(&["model", "dropout"], json!(0.1))),
        ("end_of_word_suffix", set(&["model", "end_of_word_suffix"], json!("</w>"))),
        ("normalizer", set(&["normalizer"], json!({ "type": "NFKC" }))),
        ("pre_tokenizer", set(&["pre_tokenizer"], metaspace)),
        ("pre_tokenizer", set(&["pre_tokenizer"], json!({ "type": "Digits", "individual_digits": true }))),
        ("decoder", set(&["decoder"], json!({ "type": "ByteLevel" }))),
        ("not a pair", set(&["model", "merges"], json!([["a"]]))),
        ("not a pair", set(&["model", "merges"], json!(["a b c"]))),
        ("no token", set(&["model", "merges"], json!([["qq", "zz"]]))),
        ("about the byte", set(&["model", "merges"], json!([["<0x0A>", "a"]]))),
        ("before it or as a whole word", token("<|end|>", "lstrip", json!(true))),
        ("normalised text", token("<|end|>", "normalized", json!(true))),
        ("two ids", token("</s>", "id", json!(3000))),
        ("for two tokens", token("<|end|>", "id", json!(300))),
        ("impossible ids", token("<|end|>", "id", json!(1_u64 << 40))),
    ];
    let reference = reference();
    for (expected, change) in changes {
        let mut described = reference.described("llama");
        change(&mut described);
        let error = open_described(&described, &named()).err().unwrap();
        assert_eq!(error.code(), "tokenizer_failed", "{error}");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    let mut bare = reference.described("gemma");
    let end = added(&bare, "<|end|>");
    bare["added_tokens"][end]["rstrip"] = true.into();
    let error = open_described(&bare, &named()).err().unwrap().to_string();
    assert!(error.contains("white space after it"), "{error}");
    let mut settings = named();
    settings["add_prefix_space"] = false.into();
    let error = open_described(&reference.described("llama"), &settings).err().unwrap().to_string();
    assert!(error.contains("another space"), "{error}");
    let mut lacking = reference.described("llama");
    lacking["model"]["vocab"].as_object_mut().unwrap().remove("<0x7F>");
    let error = open_described(&lacking, &named()).err().unwrap().to_string();
    assert!(error.contains("no token for some byte"), "{error}");
}

/// A field of a message of Protocol Buffers with the number of another message.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let len = u8::try_from(content.len()).unwrap();
    assert!(len < 128);
    [[(number << 3) | 2, len].as_slice(), content].concat()
}

#[test]
fn what_sentence_piece_would_do_otherwise_is_refused_by_name() {
    // Fields that stand twice count as they stand last.
    let trainer = |content: &[u8]| field(2, content);
    let normalizer = |content: &[u8]| field(3, content);
    let whole = model("prefix");
    for (expected, last) in [
        ("Unigram", trainer(&[3 << 3, 1])),
        ("whole words", trainer(&[3 << 3, 3])),
        ("no bytes", trainer(&[0x98, 0x02, 0])),     // 35
        ("end of words", trainer(&[0xC0, 0x01, 1])), // 24
        ("replaces characters", normalizer(&field(2, b"rules"))),
        ("drops spaces", normalizer(&[4 << 3, 1])),
        ("leaves spaces", normalizer(&[5 << 3, 0])),
        ("taken apart", field(1, &[field(1, b"q"), vec![3 << 3, 5]].concat())),
        ("not after its tokens", field(1, &[field(1, b"\n"), vec![3 << 3, 4]].concat())),
        ("not what SentencePiece writes", vec![1 << 3, 1]),
    ] {
        let bytes = [whole.as_slice(), &last].concat();
        let error = open_model(&bytes, &named()).err().unwrap();
        assert_eq!(error.code(), "tokenizer_failed");
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    let cut = open_model(&whole[..whole.len() / 2], &named()).err().unwrap();
    assert!(cut.to_string().contains("not what SentencePiece writes"), "{cut}");
}

#[test]
fn tokens_beside_the_vocabulary_of_sentence_piece_are_found_in_markup() {
    let reference = reference();
    let size = reference.described["prefix"]["vocab"].as_object().unwrap().len() as u32;
    let (end, think) = (size, size + 1);
    let mut settings = named();
    settings["legacy"] = false.into();
    settings["added_tokens_decoder"] = json!({
        "1": { "content": "<s>", "special": true },
        end.to_string(): { "content": "<|end|>", "special": true, "rstrip": true },
    });
    let more = json!({ "<|end|>": end, "<think>": think }).to_string();
    let (model, settings) = (model("prefix"), settings.to_string());
    let tokenizer = open(&[
        ("tokenizer.model", &model),
        ("tokenizer_config.json", settings.as_bytes()),
        ("added_tokens.json", more.as_bytes()),
    ])
    .unwrap();
    let the = tokenizer.encode_plain("the").unwrap();
    let bare = |text: &str| tokenizer.encode_markup(&format!("<think>{text}")).unwrap()[1..].to_vec();
    assert_ne!(the, bare("the"), "only the first text has a space before it");
    let ids = tokenizer.encode_markup("the<|end|> \u{3000}\nthe").unwrap();
    assert_eq!(ids, [the, vec![end], bare("the")].concat());
    assert!(tokenizer.is_hidden(end) && !tokenizer.is_hidden(think));
    assert!(!tokenizer.encode_plain("<|end|><think>").unwrap().iter().any(|&id| id >= end));
}
