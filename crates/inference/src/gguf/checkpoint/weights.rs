//! The tensors of a checkpoint, by the names of GGUF.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use safetensors::{Dtype, SafeTensors};

use super::{Checkpoint, Family, optional};
use crate::gguf::{DataFile, TensorInfo};
use crate::{InferenceError, mapped};

/// What a checkpoint stores.
pub(super) struct Stored {
    pub(super) tensors: HashMap<String, TensorInfo>,
    pub(super) files: Vec<DataFile>,
    /// Tensors that are computed from the settings.
    pub(super) made: HashMap<String, Arc<Vec<u8>>>,
}

impl Checkpoint<'_> {
    pub(super) fn tensors(&self, family: Family) -> Result<Stored, InferenceError> {
        let mut stored = Stored { tensors: HashMap::new(), files: Vec::new(), made: HashMap::new() };
        let tied = self.config["tie_word_embeddings"].as_bool().unwrap_or(false);
        for (file, path) in self.files()?.into_iter().enumerate() {
            let map = mapped::map(&path)?;
            let (header, metadata) = SafeTensors::read_metadata(&map)
                .map_err(|error| self.refuse(format!("{}: {error}", path.display())))?;
            for (name, info) in metadata.tensors() {
                let Some(name) = gguf_name(&name, family, tied) else {
                    continue;
                };
                let kind = match info.dtype {
                    Dtype::F32 => 0,
                    Dtype::F16 => 1,
                    Dtype::BF16 => 30,
                    other => {
                        let kind = format!("{other:?}");
                        return Err(InferenceError::UnsupportedTensorType { tensor: name, kind });
                    }
                };
                let offset = info.data_offsets.0 as u64;
                stored.tensors.insert(name, TensorInfo { shape: info.shape.clone(), kind, offset, file });
            }
            // After the length of the header and the header itself.
            let start = (8 + header) as u64;
            stored.files.push(DataFile { len: map.len() as u64, path, start, map: Mutex::default() });
        }
        for (name, factors) in self.position_factors()? {
            let shape = vec![factors.len()];
            stored.tensors.insert(name.into(), TensorInfo { shape, kind: 0, offset: 0, file: usize::MAX });
            let bytes = factors.iter().flat_map(|factor| factor.to_le_bytes()).collect();
            stored.made.insert(name.into(), Arc::new(bytes));
        }
        Ok(stored)
    }

    /// One file, or those that the index names.
    fn files(&self) -> Result<Vec<PathBuf>, InferenceError> {
        let Some(index) = optional(&self.folder.join("model.safetensors.index.json"))? else {
            return Ok(vec![self.folder.join("model.safetensors")]);
        };
        let map = index["weight_map"].as_object().ok_or_else(|| self.refuse("its index has no files"))?;
        let mut names: Vec<&str> = map.values().filter_map(serde_json::Value::as_str).collect();
        names.sort_unstable();
        names.dedup();
        if names.iter().any(|name| name.contains(['/', '\\'])) {
            return Err(self.refuse("its index names files elsewhere"));
        }
        Ok(names.into_iter().map(|name| self.folder.join(name)).collect())
    }
}

/// The name in GGUF; none for what is not needed. Unknown tensors keep their name, which is refused
/// later on.
fn gguf_name(name: &str, family: Family, tied: bool) -> Option<String> {
    if name.ends_with("rotary_emb.inv_freq") || (tied && name == "lm_head.weight") {
        return None;
    }
    let whole = match name {
        "model.embed_tokens.weight" => "token_embd.weight",
        "model.norm.weight" => "output_norm.weight",
        "lm_head.weight" => "output.weight",
        _ => "",
    };
    if !whole.is_empty() {
        return Some(whole.to_owned());
    }
    let parts = name.strip_prefix("model.layers.").and_then(|rest| rest.split_once('.'));
    let Some((layer, (part, kind))) = parts.and_then(|(layer, part)| Some((layer, part.rsplit_once('.')?)))
    else {
        return Some(name.to_owned());
    };
    let part = match part {
        "input_layernorm" => "attn_norm",
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.qkv_proj" => "attn_qkv",
        "self_attn.o_proj" => "attn_output",
        "self_attn.q_norm" => "attn_q_norm",
        "self_attn.k_norm" => "attn_k_norm",
        "post_attention_layernorm" if family == Family::Gemma3 => "post_attention_norm",
        "post_attention_layernorm" | "pre_feedforward_layernorm" => "ffn_norm",
        "post_feedforward_layernorm" => "post_ffw_norm",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" | "mlp.gate_up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        _ => return Some(name.to_owned()),
    };
    Some(format!("blk.{layer}.{part}.{kind}"))
}
