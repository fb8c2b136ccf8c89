//! BERT (Devlin et al. 2018), and RoBERTa and XLM-R, which differ from it in where positions begin
//! and in their classifier (Liu et al. 2019; Conneau et al. 2019).

use std::sync::Arc;

use docent_corpus::Pooling;
use docent_kernels::Activation;
use serde::Deserialize;

use super::architecture::Architecture;
use super::head::{Head, HeadActivation};
use super::layer::{Attention, FeedForward, Layer};
use super::load::Loader;
use super::model::Embeddings;
use super::settings::{ConfigFile, Settings};
use crate::InferenceError;

#[derive(Debug)]
struct Bert {
    roberta: bool,
    /// Rows of the table of positions.
    position_rows: usize,
    /// The row of the first position: RoBERTa leaves those up to the padding's free.
    first_position: usize,
    types: usize,
    activation: Activation,
}

#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "one")]
    type_vocab_size: usize,
    #[serde(default = "first_epsilon")]
    layer_norm_eps: f64,
    #[serde(default = "gelu")]
    hidden_act: String,
    #[serde(default)]
    pad_token_id: Option<usize>,
    #[serde(default)]
    position_embedding_type: Option<String>,
}

fn one() -> usize {
    1
}

/// That of the first BERT.
fn first_epsilon() -> f64 {
    1e-12
}

fn gelu() -> String {
    "gelu".into()
}

/// Reads the fields of these architectures.
pub(super) fn settings(file: &ConfigFile<'_>, roberta: bool) -> Result<Settings, InferenceError> {
    let config: Config = file.read()?;
    if let Some(other) = config.position_embedding_type.filter(|kind| kind != "absolute") {
        return Err(file.unsupported(format!("with {other} positions")));
    }
    let first_position = if roberta { config.pad_token_id.unwrap_or(1) + 1 } else { 0 };
    Ok(Settings {
        vocabulary: config.vocab_size,
        width: config.hidden_size,
        layers: config.num_hidden_layers,
        heads: config.num_attention_heads,
        inner: config.intermediate_size,
        positions: config.max_position_embeddings.saturating_sub(first_position),
        epsilon: config.layer_norm_eps as f32,
        architecture: Arc::new(Bert {
            roberta,
            position_rows: config.max_position_embeddings,
            first_position,
            types: config.type_vocab_size.max(1),
            activation: file.activation(&config.hidden_act)?,
        }),
    })
}

impl Architecture for Bert {
    fn words(&self) -> &'static str {
        "embeddings.word_embeddings.weight"
    }

    fn embeddings(&self, load: &Loader<'_>) -> Result<Embeddings, InferenceError> {
        let (vocabulary, width) = (load.settings.vocabulary, load.settings.width);
        let mut positions =
            load.tensor("embeddings.position_embeddings.weight", &[self.position_rows, width])?;
        positions.drain(..self.first_position.min(self.position_rows) * width);
        let types = load.tensor("embeddings.token_type_embeddings.weight", &[self.types, width])?;
        if self.roberta {
            // It has no second type: whatever a tokenizer says, all tokens are of the first.
            positions.iter_mut().zip(types[..width].iter().cycle()).for_each(|(sum, first)| *sum += first);
        }
        Ok(Embeddings {
            words: load.tensor(self.words(), &[vocabulary, width])?,
            positions: Some(positions),
            types: (!self.roberta).then_some(types),
            norm: load.norm("embeddings.LayerNorm", true)?,
        })
    }

    fn layer(&self, load: &Loader<'_>, index: usize) -> Result<Layer, InferenceError> {
        let (width, inner) = (load.settings.width, load.settings.inner);
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let project = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Layer {
            attention: Attention {
                norm_in: None,
                project: load.matrix(&project, width, width, true)?,
                turns: None,
                window: None,
                output: load.matrix(&[name("attention.output.dense")], width, width, true)?,
                norm_out: Some(load.norm(&name("attention.output.LayerNorm"), true)?),
            },
            feed_forward: FeedForward {
                norm_in: None,
                factor: None,
                up: load.matrix(&[name("intermediate.dense")], inner, width, true)?,
                activation: self.activation,
                down: load.matrix(&[name("output.dense")], width, inner, true)?,
                norm_out: Some(load.norm(&name("output.LayerNorm"), true)?),
            },
        })
    }

    /// As `BertForSequenceClassification` and `RobertaForSequenceClassification` of transformers.
    fn head(&self, load: &Loader<'_>) -> Result<Head, InferenceError> {
        let width = load.settings.width;
        let (outside, exact) = (load.outside(), load.exact());
        let (dense, classifier) = if self.roberta {
            let dense = exact.outside().matrix(&["classifier.dense".into()], width, width, true)?;
            (dense, "classifier.out_proj")
        } else {
            (exact.matrix(&["pooler.dense".into()], width, width, true)?, "classifier")
        };
        Ok(Head {
            pooling: Pooling::Cls,
            dense,
            activation: HeadActivation::Tanh,
            norm: None,
            classifier: outside.tensor(&format!("{classifier}.weight"), &[1, width])?,
            bias: outside.tensor(&format!("{classifier}.bias"), &[1])?[0],
        })
    }
}
