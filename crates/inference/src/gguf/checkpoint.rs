//! Models as Hugging Face keeps them, a folder with `config.json`, `tokenizer.json` (or
//! `tokenizer.model`) and weights in safetensors: seen as the GGUF file that llama.cpp's converter would
//! make of them, so that all that follows knows one kind of file only.

mod added;
mod config;
mod pieces;
mod protobuf;
mod sentencepiece;
mod tokens;
mod weights;

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value as Json;

use super::{Gguf, Value};
use crate::{InferenceError, mapped};

/// Set for models whose heads turn by halves although the family's GGUF files have them interleaved.
pub(crate) const TURNS_BY_HALVES: &str = "docent.turns_by_halves";

/// A folder being read.
struct Checkpoint<'a> {
    folder: &'a Path,
    config: Json,
    metadata: HashMap<String, Value>,
}

impl Gguf {
    /// Reads the model in `folder`; see [`Gguf::open`].
    pub(super) fn open_checkpoint(folder: &Path) -> Result<Self, InferenceError> {
        let config = json(&folder.join("config.json"))?;
        let mut checkpoint = Checkpoint { folder, config, metadata: HashMap::new() };
        let family = checkpoint.dimensions()?;
        checkpoint.tokenizer()?;
        let stored = checkpoint.tensors(family)?;
        Ok(Self {
            path: folder.to_owned(),
            metadata: checkpoint.metadata,
            tensors: stored.tensors,
            files: stored.files,
            made: stored.made,
            // Gemma's checkpoints store the weights of norms less one.
            norm_offset: if family == Family::Gemma3 { 1.0 } else { 0.0 },
        })
    }
}

/// Families whose checkpoints differ in more than names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Llama,
    Qwen,
    Gemma3,
    Phi3,
}

impl Checkpoint<'_> {
    fn set(&mut self, key: &str, value: Value) {
        self.metadata.insert(key.to_owned(), value);
    }

    fn refuse(&self, reason: impl Into<String>) -> InferenceError {
        InferenceError::ModelFile { path: self.folder.to_owned(), reason: reason.into() }
    }
}

/// A JSON file that must be there.
fn json(path: &Path) -> Result<Json, InferenceError> {
    let content = mapped::read(path)?;
    serde_json::from_slice(&content).map_err(|error| InferenceError::ModelFile {
        path: path.to_owned(),
        reason: format!("it is not the JSON it should be: {error}"),
    })
}

/// A JSON file that may be missing.
fn optional(path: &Path) -> Result<Option<Json>, InferenceError> {
    if path.is_file() { json(path).map(Some) } else { Ok(None) }
}
