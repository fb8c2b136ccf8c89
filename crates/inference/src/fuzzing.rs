//! What the fuzz targets in the folder `fuzz` at the top of the repository call. Whatever a file
//! holds, the worst that may come of it is an error; what does not hold is a panic here.

use std::path::Path;

use crate::decoder::{Decoder, Shape};
use crate::encoder::{self, Settings, labels};
use crate::gguf::Gguf;
use crate::template::ChatTemplate;
use crate::tensors::Tensors;
use crate::tokenizer::ChatTokenizer;
use crate::{ChatMessage, InferenceError, Precision, Role};

/// Said to every tokenizer that can be opened.
const TEXT: &str = "Hello,  world!\n\n你好 1234 <s></s><|im_end|> \u{2581}😀\u{0}e\u{301}";

/// Reads everything but the weights of a chat model: a GGUF file or the folder of a checkpoint.
///
/// # Errors
/// Why it cannot be read, as whoever opens it is told.
///
/// # Panics
/// If a text becomes an id that no text may become.
pub fn chat_model(path: &Path) -> Result<(), InferenceError> {
    let file = Gguf::open(path)?;
    let shape = Shape::read(&file)?;
    file.check_tensors()?;
    let _ = (file.formats(), shape.cached_values());
    let tokenizer = ChatTokenizer::open(&file)?;
    check_text(&tokenizer, TEXT)?;
    chat(file.text("tokenizer.chat_template"), TEXT, &tokenizer)
}

/// Reads the tokenizer of a chat model, and nothing that the weights decide.
///
/// # Errors
/// Why it cannot be read, as whoever opens it is told.
///
/// # Panics
/// As [`chat_model`].
pub fn tokenizer(path: &Path) -> Result<(), InferenceError> {
    let tokenizer = ChatTokenizer::open(&Gguf::open(path)?)?;
    check_text(&tokenizer, TEXT).map(drop)
}

/// Checks that `text` as data becomes ids of the vocabulary that may stand in an answer, and gives
/// the bytes that they stand for.
fn check_text(tokenizer: &ChatTokenizer, text: &str) -> Result<Vec<u8>, InferenceError> {
    let ids = tokenizer.encode_plain(text)?;
    for &id in &ids {
        assert!((id as usize) < tokenizer.vocabulary_len(), "{id} is outside the vocabulary");
        assert!(!tokenizer.is_hidden(id), "{id} is no text");
    }
    Ok(ids.iter().flat_map(|&id| tokenizer.bytes(id)).copied().collect())
}

fn chat(source: Option<&str>, text: &str, tokenizer: &ChatTokenizer) -> Result<(), InferenceError> {
    let messages = [
        ChatMessage::new(Role::System, "Be brief."),
        ChatMessage::new(Role::User, text),
        ChatMessage::new(Role::Assistant, " yes "),
        ChatMessage::new(Role::User, "why?"),
    ];
    let ids = ChatTemplate::new(source, Some(|| 1_700_000_000_000))?.encode(&messages, tokenizer)?;
    assert!(ids.iter().all(|&id| (id as usize) < tokenizer.vocabulary_len()));
    Ok(())
}

/// Reads what an encoder's `config.json` says.
///
/// # Errors
/// Why it is refused.
pub fn encoder_config(json: &[u8]) -> Result<(), InferenceError> {
    let path = Path::new("config.json");
    labels(json, path)?;
    Settings::parse(json, path).map(drop)
}

/// Looks whether a safetensors file is whole.
///
/// # Errors
/// Why it is not.
pub fn safetensors_header(path: &Path) -> Result<(), InferenceError> {
    encoder::check(path)
}

/// A healthy chat model, for what is put on it.
pub struct Model {
    decoder: Decoder,
    tokenizer: ChatTokenizer,
}

impl Model {
    /// Loads the GGUF file at `path`.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn open(path: &Path) -> Result<Self, InferenceError> {
        let file = Gguf::open(path)?;
        let decoder = Decoder::load(&file, &Shape::read(&file)?, Precision::F32)?;
        Ok(Self { decoder, tokenizer: ChatTokenizer::open(&file)? })
    }

    /// Reads an adapter, a GGUF file or a folder as PEFT writes it.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn adapter(&self, path: &Path) -> Result<(), InferenceError> {
        self.decoder.adapter(path, "0").map(drop)
    }

    /// Reads a chat template and has it write a conversation.
    ///
    /// # Errors
    /// Why it is refused.
    ///
    /// # Panics
    /// If it makes an id that is not in the vocabulary.
    pub fn template(&self, source: &str) -> Result<(), InferenceError> {
        chat(Some(source), TEXT, &self.tokenizer)
    }

    /// Takes a text apart and puts it together again.
    ///
    /// # Errors
    /// Why it cannot be encoded.
    ///
    /// # Panics
    /// If it does not come back, or becomes an id that no text may become.
    pub fn text(&self, text: &str) -> Result<(), InferenceError> {
        let bytes = check_text(&self.tokenizer, text)?;
        assert_eq!(String::from_utf8_lossy(&bytes), text);
        chat(None, text, &self.tokenizer)
    }
}
