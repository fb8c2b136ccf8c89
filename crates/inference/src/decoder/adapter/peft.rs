//! Adapters as PEFT (Hugging Face) writes them: a folder with `adapter_config.json` and
//! `adapter_model.safetensors`, tensors by the names of transformers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use docent_kernels::Format;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde::Deserialize;

use super::{Factors, Stored, refused};
use crate::decoder::Shape;
use crate::{InferenceError, mapped};

/// What PEFT puts before the names of the model.
const PREFIX: &str = "base_model.model.model.layers";

/// The names of GGUF beside those of transformers.
const PARTS: [(&str, &str); 9] = [
    ("attn_q", "self_attn.q_proj"),
    ("attn_k", "self_attn.k_proj"),
    ("attn_v", "self_attn.v_proj"),
    ("attn_qkv", "self_attn.qkv_proj"),
    ("attn_output", "self_attn.o_proj"),
    ("ffn_gate", "mlp.gate_proj"),
    ("ffn_up", "mlp.up_proj"),
    ("ffn_up", "mlp.gate_up_proj"),
    ("ffn_down", "mlp.down_proj"),
];

#[derive(Deserialize)]
struct Config {
    peft_type: String,
    r: usize,
    lora_alpha: f64,
    #[serde(default)]
    use_rslora: bool,
    #[serde(default)]
    use_dora: bool,
    #[serde(default)]
    bias: Option<String>,
    #[serde(default)]
    modules_to_save: Option<Vec<String>>,
    #[serde(default)]
    rank_pattern: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    alpha_pattern: serde_json::Map<String, serde_json::Value>,
}

/// Shape and values.
type Shaped = (Vec<usize>, Vec<f32>);

pub(super) struct Peft {
    path: PathBuf,
    tensors: HashMap<String, Shaped>,
    config: Config,
    /// Heads of queries and of keys, whose rows GGUF files of the Llama family keep in another order.
    interleaved: Option<(usize, usize)>,
}

impl Peft {
    pub(super) fn open(folder: &Path, shape: &Shape) -> Result<Self, InferenceError> {
        let config_path = folder.join("adapter_config.json");
        let config = mapped::read(&config_path)?;
        let config: Config = serde_json::from_slice(&config)
            .map_err(|error| refused(&config_path, format!("it cannot be read: {error}")))?;
        let saved = config.modules_to_save.as_ref().is_some_and(|modules| !modules.is_empty());
        let biased = config.bias.as_deref().is_some_and(|bias| bias != "none");
        let patterns = !config.rank_pattern.is_empty() || !config.alpha_pattern.is_empty();
        if config.peft_type != "LORA" || config.use_dora || saved || biased || patterns {
            let reason = "it is more than a plain LoRA adapter, which is all that is supported";
            return Err(refused(&config_path, reason));
        }
        let path = folder.join("adapter_model.safetensors");
        let data = mapped::read(&path)?;
        let stored = SafeTensors::deserialize(&data).map_err(|error| refused(&path, error.to_string()))?;
        let mut tensors = HashMap::new();
        for (name, view) in stored.tensors() {
            let values = values(&path, &name, &view)?;
            tensors.insert(name, (view.shape().to_vec(), values));
        }
        let interleaved = shape.is_interleaved().then_some((shape.heads, shape.kv_heads));
        Ok(Self { path, tensors, config, interleaved })
    }
}

/// The values of a tensor in 32-bit floats.
fn values(path: &Path, name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, InferenceError> {
    let format = match view.dtype() {
        Dtype::F32 => Format::F32,
        Dtype::F16 => Format::F16,
        Dtype::BF16 => Format::Bf16,
        other => return Err(refused(path, format!("the tensor {name} is stored as {other:?}"))),
    };
    let mut values = vec![0.0; view.shape().iter().product()];
    format.row_to_f32(view.data(), values.len(), &mut values);
    Ok(values)
}

impl Stored for Peft {
    fn factors(&self, matrix: &str) -> Result<Option<Factors>, InferenceError> {
        let mut parts = matrix.splitn(3, '.');
        let (Some(_), Some(layer), Some(part)) = (parts.next(), parts.next(), parts.next()) else {
            return Ok(None);
        };
        for (_, theirs) in PARTS.iter().filter(|(ours, _)| *ours == part) {
            let name = |factor: &str| format!("{PREFIX}.{layer}.{theirs}.lora_{factor}.weight");
            let (down, up) = match (self.tensors.get(&name("A")), self.tensors.get(&name("B"))) {
                (None, None) => continue,
                (Some(down), Some(up)) => (down, up),
                _ => {
                    return Err(refused(
                        &self.path,
                        format!("one of the two factors of {matrix} is missing"),
                    ));
                }
            };
            let (&[rank, inputs], &[outputs, same_rank]) = (down.0.as_slice(), up.0.as_slice()) else {
                return Err(refused(&self.path, format!("the factors of {matrix} are not matrices")));
            };
            if rank != same_rank || rank != self.config.r {
                return Err(refused(&self.path, format!("the factors of {matrix} differ in rank")));
            }
            let heads = match (part, self.interleaved) {
                ("attn_q", Some((heads, _))) => Some(heads),
                ("attn_k", Some((_, kv_heads))) => Some(kv_heads),
                _ => None,
            };
            let up = match heads {
                Some(heads) if outputs.is_multiple_of(2 * heads) => interleave(&up.1, heads, outputs, rank),
                _ => up.1.clone(),
            };
            return Ok(Some(Factors { rank, inputs, outputs, down: down.1.clone(), up }));
        }
        Ok(None)
    }

    fn scale(&self, rank: usize) -> f32 {
        let rank = rank as f64;
        (self.config.lora_alpha / if self.config.use_rslora { rank.sqrt() } else { rank }) as f32
    }

    fn count(&self) -> usize {
        self.tensors.len() / 2
    }
}

/// Rows of heads whose first half turns with the second, to rows where neighbours turn together, as
/// llama.cpp's converter reorders the weights themselves.
fn interleave(rows: &[f32], heads: usize, outputs: usize, rank: usize) -> Vec<f32> {
    let half = outputs / heads / 2;
    let mut out = Vec::with_capacity(rows.len());
    for head in 0..heads {
        for pair in 0..half {
            for side in 0..2 {
                let row = (head * 2 + side) * half + pair;
                out.extend_from_slice(&rows[row * rank..][..rank]);
            }
        }
    }
    out
}
