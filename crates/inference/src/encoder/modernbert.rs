//! ModernBERT (Warner et al. 2024): norms before each part, gated units, rotary positions, and
//! layers that see all of a sequence in turn with layers that see what is near.

use std::collections::HashMap;
use std::sync::Arc;

use docent_corpus::Pooling;
use docent_kernels::{Activation, Pairs};
use serde::Deserialize;

use super::architecture::Architecture;
use super::head::{Head, HeadActivation};
use super::layer::{Attention, FeedForward, Layer, LayerNorm, Turns};
use super::load::Loader;
use super::model::Embeddings;
use super::settings::{ConfigFile, Settings};
use crate::InferenceError;

#[derive(Debug)]
struct ModernBert {
    activation: Activation,
    attention_bias: bool,
    feed_forward_bias: bool,
    norm_bias: bool,
    /// Whether each layer sees all of a sequence.
    global: Vec<bool>,
    /// How many tokens away, on either side, other layers see.
    window: usize,
    /// Of layers that see all, and of the others.
    turns: [Turns; 2],
    classifier: Option<Classifier>,
}

#[derive(Debug)]
struct Classifier {
    pooling: Pooling,
    activation: Activation,
    bias: bool,
}

/// The fields that transformers writes; those of its version 5 take the place of others.
#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    hidden_activation: String,
    norm_eps: f64,
    norm_bias: bool,
    attention_bias: bool,
    mlp_bias: bool,
    /// Width of the window, both sides together.
    local_attention: usize,
    global_attn_every_n_layers: Option<usize>,
    /// Version 5, for each layer.
    layer_types: Option<Vec<String>>,
    global_rope_theta: Option<f64>,
    local_rope_theta: Option<f64>,
    /// Version 5, for each type of layer.
    rope_parameters: Option<HashMap<String, RopeParameters>>,
    classifier_pooling: Option<String>,
    classifier_activation: Option<String>,
    #[serde(default)]
    classifier_bias: bool,
}

#[derive(Deserialize)]
struct RopeParameters {
    rope_type: String,
    rope_theta: f64,
}

const FULL: &str = "full_attention";
const SLIDING: &str = "sliding_attention";

/// Reads the fields of this architecture.
pub(super) fn settings(file: &ConfigFile<'_>) -> Result<Settings, InferenceError> {
    let config: Config = file.read()?;
    let head_len = config.hidden_size.checked_div(config.num_attention_heads).unwrap_or(0);
    let bases = config.bases(file)?;
    Ok(Settings {
        vocabulary: config.vocab_size,
        width: config.hidden_size,
        layers: config.num_hidden_layers,
        heads: config.num_attention_heads,
        inner: config.intermediate_size,
        positions: config.max_position_embeddings,
        epsilon: config.norm_eps as f32,
        architecture: Arc::new(ModernBert {
            activation: file.activation(&config.hidden_activation)?,
            attention_bias: config.attention_bias,
            feed_forward_bias: config.mlp_bias,
            norm_bias: config.norm_bias,
            global: config.global(file)?,
            window: config.local_attention / 2,
            turns: bases.map(|base| Turns { base, turned: head_len, pairs: Pairs::Halves }),
            classifier: config.classifier(file)?,
        }),
    })
}

impl Config {
    /// Whether each layer sees all of a sequence.
    fn global(&self, file: &ConfigFile<'_>) -> Result<Vec<bool>, InferenceError> {
        let Some(types) = &self.layer_types else {
            return match self.global_attn_every_n_layers {
                None | Some(0) => Err(file.invalid("it does not say which layers see all".into())),
                Some(every) => Ok((0..self.num_hidden_layers).map(|layer| layer % every == 0).collect()),
            };
        };
        if types.len() != self.num_hidden_layers {
            return Err(file.invalid("its layer_types are not as many as its layers".into()));
        }
        let global = |kind: &String| match kind.as_str() {
            FULL => Ok(true),
            SLIDING => Ok(false),
            other => Err(file.unsupported(format!("with layers of {other}"))),
        };
        types.iter().map(global).collect()
    }

    /// The base of rotary positions in layers that see all, and in the others.
    fn bases(&self, file: &ConfigFile<'_>) -> Result<[f64; 2], InferenceError> {
        let missing = || file.invalid("it does not say the base of its rotary positions".into());
        let Some(kinds) = &self.rope_parameters else {
            let global = self.global_rope_theta.ok_or_else(missing)?;
            return Ok([global, self.local_rope_theta.unwrap_or(global)]);
        };
        let base = |kind| {
            let parameters = kinds.get(kind).ok_or_else(missing)?;
            match parameters.rope_type.as_str() {
                "default" => Ok(parameters.rope_theta),
                other => Err(file.unsupported(format!("with {other} rotary positions"))),
            }
        };
        Ok([base(FULL)?, base(SLIDING)?])
    }

    fn classifier(&self, file: &ConfigFile<'_>) -> Result<Option<Classifier>, InferenceError> {
        let (Some(pooling), Some(activation)) = (&self.classifier_pooling, &self.classifier_activation)
        else {
            return Ok(None);
        };
        let pooling = match pooling.as_str() {
            "cls" => Pooling::Cls,
            "mean" => Pooling::Mean,
            other => return Err(file.unsupported(format!("with {other} pooling"))),
        };
        let activation = file.activation(activation)?;
        Ok(Some(Classifier { pooling, activation, bias: self.classifier_bias }))
    }
}

impl Architecture for ModernBert {
    fn words(&self) -> &'static str {
        "embeddings.tok_embeddings.weight"
    }

    fn embeddings(&self, load: &Loader<'_>) -> Result<Embeddings, InferenceError> {
        Ok(Embeddings {
            words: load.tensor(self.words(), &[load.settings.vocabulary, load.settings.width])?,
            positions: None,
            types: None,
            norm: load.norm("embeddings.norm", self.norm_bias)?,
        })
    }

    fn turns(&self) -> Vec<Turns> {
        self.turns.to_vec()
    }

    fn layer(&self, load: &Loader<'_>, index: usize) -> Result<Layer, InferenceError> {
        let (width, inner) = (load.settings.width, load.settings.inner);
        let name = |part: &str| format!("layers.{index}.{part}");
        let norm = |part: &str| load.norm(&name(part), self.norm_bias);
        let global = self.global.get(index).copied().unwrap_or(true);
        let [up, factor] = load.halves(&name("mlp.Wi"), inner, width, self.feed_forward_bias)?;
        Ok(Layer {
            attention: Attention {
                // What comes into the first layer has just been normed.
                norm_in: if index == 0 { None } else { Some(norm("attn_norm")?) },
                project: load.matrix(&[name("attn.Wqkv")], 3 * width, width, self.attention_bias)?,
                turns: Some(if global { 0 } else { 1 }),
                window: (!global).then_some(self.window),
                output: load.matrix(&[name("attn.Wo")], width, width, self.attention_bias)?,
                norm_out: None,
            },
            feed_forward: FeedForward {
                norm_in: Some(norm("mlp_norm")?),
                factor: Some(factor),
                up,
                activation: self.activation,
                down: load.matrix(&[name("mlp.Wo")], width, inner, self.feed_forward_bias)?,
                norm_out: None,
            },
        })
    }

    fn last_norm(&self, load: &Loader<'_>) -> Result<Option<LayerNorm>, InferenceError> {
        load.norm("final_norm", self.norm_bias).map(Some)
    }

    /// As `ModernBertForSequenceClassification` of transformers.
    fn head(&self, load: &Loader<'_>) -> Result<Head, InferenceError> {
        let Some(classifier) = &self.classifier else {
            return Err(InferenceError::UnsupportedArchitecture {
                name: "modernbert without classifier_pooling and classifier_activation".into(),
            });
        };
        let width = load.settings.width;
        let outside = load.outside();
        Ok(Head {
            pooling: classifier.pooling,
            dense: outside.exact().matrix(&["head.dense".into()], width, width, classifier.bias)?,
            activation: HeadActivation::Of(classifier.activation),
            norm: Some(outside.norm("head.norm", self.norm_bias)?),
            classifier: outside.tensor("classifier.weight", &[1, width])?,
            bias: outside.tensor("classifier.bias", &[1])?[0],
        })
    }
}
