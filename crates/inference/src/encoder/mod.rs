//! Transformer encoders in safetensors with a Hugging Face tokenizer: what embedding models and
//! rerankers share.
//!
//! `settings` reads `config.json` and picks the architecture (`bert`, `modernbert`, `nomic`), which
//! names the tensors of its parts; `model` and `layer` compute them, the same for all; `head` makes
//! a cross-encoder of one; `task` takes a request through it in batches.

mod architecture;
mod batches;
mod bert;
mod counting;
mod head;
mod header;
mod layer;
mod load;
mod model;
mod modernbert;
mod nomic;
mod settings;
mod task;
mod text;
mod weights;

pub(crate) use head::CrossEncoder;
pub(crate) use header::check;
pub(crate) use load::load;
pub(crate) use model::{Encoder, Tokens};
pub(crate) use settings::{Settings, labels};
pub(crate) use task::{BatchTask, Work};
pub(crate) use text::{PairEncoder, TextEncoder};

use std::path::Path;

use crate::{InferenceError, mapped};

/// Reads the settings of a model that is to take `max_tokens`, and checks that its weights are whole.
pub(crate) fn open(config: &Path, weights: &Path, max_tokens: usize) -> Result<Settings, InferenceError> {
    let settings = Settings::parse(&mapped::read(config)?, config)?;
    check(weights)?;
    if max_tokens > settings.positions {
        return Err(InferenceError::ModelFile {
            path: config.to_owned(),
            reason: format!(
                "it has {} positions, fewer than the {max_tokens} tokens asked for",
                settings.positions
            ),
        });
    }
    Ok(settings)
}

#[cfg(test)]
mod tests;
