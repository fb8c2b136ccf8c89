//! What a model's `config.json` says.

use std::path::Path;
use std::sync::Arc;

use docent_kernels::Activation;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::architecture::Architecture;
use super::layer::Turns;
use super::{bert, modernbert, nomic};
use crate::InferenceError;

/// What every encoder has, and the architecture that knows the rest.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) vocabulary: usize,
    /// Length of a token's vector.
    pub(crate) width: usize,
    pub(crate) layers: usize,
    /// Heads of attention, which share the width among them.
    pub(crate) heads: usize,
    /// Inner length of the feed-forward part.
    pub(crate) inner: usize,
    /// Longest sequence in tokens, special tokens included.
    pub(crate) positions: usize,
    /// Added to a variance before its root is taken.
    pub(crate) epsilon: f32,
    pub(crate) architecture: Arc<dyn Architecture>,
}

impl Settings {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// [`InferenceError::UnsupportedArchitecture`] for what is not computed here,
    /// [`InferenceError::ModelFile`] if it is not what it should be.
    pub(crate) fn parse(json: &[u8], path: &Path) -> Result<Self, InferenceError> {
        let file = ConfigFile::open(json, path)?;
        let settings = match file.kind.as_str() {
            "bert" => bert::settings(&file, false),
            "roberta" | "xlm-roberta" => bert::settings(&file, true),
            "modernbert" => modernbert::settings(&file),
            "nomic_bert" => nomic::settings(&file),
            other => Err(InferenceError::UnsupportedArchitecture { name: other.to_owned() }),
        }?;
        settings.check(&file)?;
        Ok(settings)
    }

    /// Length of a head's vector.
    pub(crate) fn head_len(&self) -> usize {
        self.width / self.heads
    }

    fn check(&self, file: &ConfigFile<'_>) -> Result<(), InferenceError> {
        if self.heads == 0 || !self.width.is_multiple_of(self.heads) {
            return Err(file.invalid(format!(
                "its width of {} cannot be divided among {} heads",
                self.width, self.heads
            )));
        }
        for Turns { turned, .. } in self.architecture.turns() {
            let head_len = self.head_len();
            if turned == 0 || turned > head_len || !turned.is_multiple_of(2) {
                return Err(file.unsupported(format!("with {turned} of {head_len} values turned")));
            }
        }
        // What the kernels multiply.
        for width in [self.width, self.inner] {
            if width == 0 || !width.is_multiple_of(32) {
                return Err(file.unsupported(format!("of width {width}")));
            }
        }
        Ok(())
    }
}

/// The labels that a classifier tells apart: how many `config.json` names, if it names them.
///
/// # Errors
/// [`InferenceError::ModelFile`] if it is not what it should be.
pub(crate) fn labels(json: &[u8], path: &Path) -> Result<Option<usize>, InferenceError> {
    #[derive(Deserialize)]
    struct Labels {
        id2label: Option<Map<String, Value>>,
    }
    let labels: Labels = ConfigFile::open(json, path)?.read()?;
    Ok(labels.id2label.map(|names| names.len()))
}

/// An open `config.json`, as Hugging Face writes it.
pub(super) struct ConfigFile<'a> {
    json: &'a [u8],
    path: &'a Path,
    /// The architecture by the file's own word.
    pub(super) kind: String,
}

impl<'a> ConfigFile<'a> {
    fn open(json: &'a [u8], path: &'a Path) -> Result<Self, InferenceError> {
        #[derive(Deserialize)]
        struct Named {
            model_type: Option<String>,
        }
        let mut file = Self { json, path, kind: String::new() };
        let named: Named = file.read()?;
        file.kind = named.model_type.unwrap_or_else(|| "unnamed".into());
        Ok(file)
    }

    /// The fields of `T`.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, InferenceError> {
        serde_json::from_slice(self.json).map_err(|error| self.invalid(error.to_string()))
    }

    /// The file is not what it should be.
    pub(super) fn invalid(&self, reason: String) -> InferenceError {
        InferenceError::ModelFile { path: self.path.to_owned(), reason }
    }

    /// The architecture is known, but not in this form.
    pub(super) fn unsupported(&self, what: String) -> InferenceError {
        InferenceError::UnsupportedArchitecture { name: format!("{} {what}", self.kind) }
    }

    /// The activation function that transformers calls `name`.
    pub(super) fn activation(&self, name: &str) -> Result<Activation, InferenceError> {
        match name {
            "gelu" => Ok(Activation::GeluErf),
            "gelu_new" | "gelu_fast" | "gelu_pytorch_tanh" => Ok(Activation::GeluTanh),
            "silu" | "swish" => Ok(Activation::Silu),
            other => Err(self.unsupported(format!("with the activation {other}"))),
        }
    }
}
