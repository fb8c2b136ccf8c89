//! NomicBERT (Nussbaum et al. 2024): BERT with rotary positions and gated units, and without most
//! biases.

use std::sync::Arc;

use docent_kernels::{Activation, Pairs};
use serde::Deserialize;

use super::architecture::Architecture;
use super::head::Head;
use super::layer::{Attention, FeedForward, Layer, Turns};
use super::load::Loader;
use super::model::Embeddings;
use super::settings::{ConfigFile, Settings};
use crate::InferenceError;

#[derive(Debug)]
struct Nomic {
    types: usize,
    activation: Activation,
    attention_bias: bool,
    up_bias: bool,
    down_bias: bool,
    turns: Turns,
}

/// The fields of the model's own code (`configuration_hf_nomic_bert.py`).
#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    pad_vocab_size_multiple: Option<usize>,
    n_embd: usize,
    n_layer: usize,
    n_head: usize,
    n_inner: usize,
    n_positions: usize,
    layer_norm_epsilon: f64,
    activation_function: String,
    type_vocab_size: usize,
    qkv_proj_bias: bool,
    mlp_fc1_bias: bool,
    mlp_fc2_bias: bool,
    rotary_emb_fraction: f64,
    rotary_emb_base: f64,
    rotary_emb_interleaved: bool,
    rotary_emb_scale_base: Option<f64>,
    rotary_scaling_factor: Option<f64>,
    max_trained_positions: Option<usize>,
    #[serde(default)]
    prenorm: bool,
    #[serde(default)]
    parallel_block: bool,
    #[serde(default)]
    use_rms_norm: bool,
    #[serde(default)]
    causal: bool,
    #[serde(default)]
    moe_every_n_layers: usize,
}

/// Reads the fields of this architecture.
pub(super) fn settings(file: &ConfigFile<'_>) -> Result<Settings, InferenceError> {
    let config: Config = file.read()?;
    let others = [
        (config.prenorm, "prenorm"),
        (config.parallel_block, "parallel_block"),
        (config.use_rms_norm, "use_rms_norm"),
        (config.causal, "causal"),
        (config.moe_every_n_layers > 0, "moe_every_n_layers"),
        (config.rotary_emb_scale_base.is_some(), "rotary_emb_scale_base"),
    ];
    if let Some((_, name)) = others.into_iter().find(|(set, _)| *set) {
        return Err(file.unsupported(format!("with {name}")));
    }
    let activation = match config.activation_function.as_str() {
        "swiglu" => Activation::Silu,
        "geglu" => Activation::GeluErf,
        other => return Err(file.unsupported(format!("with the activation {other}"))),
    };
    let turns = config.turns();
    let multiple = config.pad_vocab_size_multiple.unwrap_or(1).max(1);
    Ok(Settings {
        vocabulary: config.vocab_size.next_multiple_of(multiple),
        width: config.n_embd,
        layers: config.n_layer,
        heads: config.n_head,
        inner: config.n_inner,
        positions: config.positions(),
        epsilon: config.layer_norm_epsilon as f32,
        architecture: Arc::new(Nomic {
            types: config.type_vocab_size,
            activation,
            attention_bias: config.qkv_proj_bias,
            up_bias: config.mlp_fc1_bias,
            down_bias: config.mlp_fc2_bias,
            turns,
        }),
    })
}

impl Config {
    /// Beyond the positions it was trained on, a model with a scaling factor turns by speeds that
    /// depend on the length of the text, which is not written here.
    fn positions(&self) -> usize {
        match (self.rotary_scaling_factor, self.max_trained_positions) {
            (Some(factor), Some(trained)) if factor != 0.0 => trained.min(self.n_positions),
            _ => self.n_positions,
        }
    }

    fn turns(&self) -> Turns {
        let head_len = self.n_embd.checked_div(self.n_head).unwrap_or(0);
        let turned = (head_len as f64 * self.rotary_emb_fraction) as usize;
        let pairs = if self.rotary_emb_interleaved { Pairs::Interleaved } else { Pairs::Halves };
        Turns { base: self.rotary_emb_base, turned, pairs }
    }
}

impl Architecture for Nomic {
    fn words(&self) -> &'static str {
        "embeddings.word_embeddings.weight"
    }

    fn embeddings(&self, load: &Loader<'_>) -> Result<Embeddings, InferenceError> {
        let (vocabulary, width) = (load.settings.vocabulary, load.settings.width);
        let types = |_| load.tensor("embeddings.token_type_embeddings.weight", &[self.types, width]);
        Ok(Embeddings {
            words: load.tensor(self.words(), &[vocabulary, width])?,
            positions: None,
            types: (self.types > 0).then_some(()).map(types).transpose()?,
            norm: load.norm("emb_ln", true)?,
        })
    }

    fn turns(&self) -> Vec<Turns> {
        vec![self.turns]
    }

    fn layer(&self, load: &Loader<'_>, index: usize) -> Result<Layer, InferenceError> {
        let (width, inner) = (load.settings.width, load.settings.inner);
        let name = |part: &str| format!("encoder.layers.{index}.{part}");
        let up = |part: &str| load.matrix(&[name(part)], inner, width, self.up_bias);
        Ok(Layer {
            attention: Attention {
                norm_in: None,
                project: load.matrix(&[name("attn.Wqkv")], 3 * width, width, self.attention_bias)?,
                turns: Some(0),
                window: None,
                output: load.matrix(&[name("attn.out_proj")], width, width, self.attention_bias)?,
                norm_out: Some(load.norm(&name("norm1"), true)?),
            },
            feed_forward: FeedForward {
                norm_in: None,
                factor: Some(up("mlp.fc11")?),
                up: up("mlp.fc12")?,
                activation: self.activation,
                down: load.matrix(&[name("mlp.fc2")], width, inner, self.down_bias)?,
                norm_out: Some(load.norm(&name("norm2"), true)?),
            },
        })
    }

    fn head(&self, _load: &Loader<'_>) -> Result<Head, InferenceError> {
        Err(InferenceError::UnsupportedArchitecture { name: "nomic_bert with a classifier".into() })
    }
}
