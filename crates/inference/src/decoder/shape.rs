//! What a decoder computes: its dimensions and the choices of its family, and the tensors that it
//! must be given.

mod metadata;

use docent_kernels::{Activation, Pairs};

use super::rope::{FACTORS, LONG_FACTORS, SHORT_FACTORS, Scaling};
use crate::InferenceError;
use crate::tensors::Tensors;

/// Dimensions and choices of one model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    /// The file's own word for its architecture.
    pub(crate) architecture: String,
    /// Longest sequence, in tokens.
    pub(crate) context: usize,
    pub(super) layers: usize,
    /// Length of a token's vector between layers.
    pub(super) width: usize,
    /// Inner length of the feed-forward part.
    pub(super) inner: usize,
    /// Query heads.
    pub(super) heads: usize,
    /// Key and value heads; a divisor of `heads`.
    pub(super) kv_heads: usize,
    /// Length of a head's vector.
    pub(super) head_len: usize,
    /// Added to the mean square in every norm.
    pub(super) epsilon: f32,
    /// Of the gated feed-forward part.
    pub(super) activation: Activation,
    /// What a token's vector is multiplied with before the first layer.
    pub(super) embedding_scale: f32,
    /// What scores of attention are multiplied with.
    pub(super) score_scale: f32,
    pub(super) rope: RopeShape,
    /// Layers that see a window only, if there are any.
    pub(super) local: Option<Local>,
}

/// How positions are told apart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RopeShape {
    pub(super) base: f64,
    pub(super) pairs: Pairs,
    /// Values of a head that turn; the others stay.
    pub(super) rotated: usize,
    pub(super) scaling: Scaling,
    /// Tokens of the context that the model was first trained for.
    pub(super) original: usize,
    /// What turned queries and keys are multiplied with, beside what the scaling itself asks for.
    pub(super) attention: f64,
}

/// Layers that see only what is near (Gemma 3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Local {
    /// Positions that a query sees, its own among them.
    pub(super) window: usize,
    /// Each layer whose number, counted from one, this divides sees everything.
    pub(super) global_every: usize,
    /// Base of the rotation in layers with a window; they are never scaled.
    pub(super) rope_base: f64,
}

impl Local {
    pub(super) fn is_local(&self, layer: usize) -> bool {
        !(layer + 1).is_multiple_of(self.global_every)
    }
}

impl Shape {
    /// The same model with a context of at most `limit` tokens.
    pub(crate) fn limited(mut self, limit: Option<usize>) -> Self {
        self.context = limit.map_or(self.context, |limit| self.context.min(limit.max(1)));
        self
    }

    /// Values that the keys and values of a position take, over all layers.
    pub(crate) fn cached_values(&self) -> usize {
        2 * self.layers * self.kv_heads * self.head_len
    }

    /// Values that a position takes while it is computed, at most.
    pub(super) fn working_values(&self) -> usize {
        let attention = (2 * self.heads + 2 * self.kv_heads) * self.head_len;
        3 * self.width + attention.max(2 * self.inner)
    }

    /// Whether neighbours turn together, as GGUF files of the Llama family have it.
    pub(super) fn is_interleaved(&self) -> bool {
        self.rope.pairs == Pairs::Interleaved
    }

    /// Everything that decides what a key means, for caches that outlive the process.
    pub(crate) fn rope_identity(&self) -> String {
        format!("{:?} {:?} {} {}", self.rope, self.local, self.head_len, self.context)
    }

    /// Compares the tensors of a model with what the dimensions call for: every one must be there,
    /// in the right form, and no other.
    fn check(&self, tensors: &dyn Tensors) -> Result<(), InferenceError> {
        let mut known = Expected { tensors, count: 0 };
        let vocabulary = vocabulary(tensors);
        let (width, head) = (self.width, self.head_len);
        known.must("token_embd.weight", &[vocabulary, width])?;
        known.may("output.weight", &[vocabulary, width])?;
        known.must("output_norm.weight", &[width])?;
        for factors in [FACTORS, LONG_FACTORS, SHORT_FACTORS] {
            known.may(factors, &[self.rope.rotated / 2])?;
        }
        for layer in 0..self.layers {
            let name = |part: &str| format!("blk.{layer}.{part}");
            known.must(&name("attn_norm.weight"), &[width])?;
            self.check_attention(&mut known, &name)?;
            for norm in ["attn_q_norm.weight", "attn_k_norm.weight"] {
                known.may(&name(norm), &[head])?;
            }
            for norm in ["post_attention_norm.weight", "post_ffw_norm.weight"] {
                known.may(&name(norm), &[width])?;
            }
            known.must(&name("ffn_norm.weight"), &[width])?;
            if tensors.shape(&name("ffn_gate.weight")).is_some() {
                known.must(&name("ffn_gate.weight"), &[self.inner, width])?;
                known.must(&name("ffn_up.weight"), &[self.inner, width])?;
            } else {
                // Both above one another, the gate first.
                known.must(&name("ffn_up.weight"), &[2 * self.inner, width])?;
            }
            known.must(&name("ffn_down.weight"), &[width, self.inner])?;
        }
        if known.count != tensors.count() {
            return Err(unsupported(&self.architecture, " with further tensors"));
        }
        Ok(())
    }

    fn check_attention(
        &self,
        known: &mut Expected<'_>,
        name: &dyn Fn(&str) -> String,
    ) -> Result<(), InferenceError> {
        let (queries, keys) = (self.heads * self.head_len, self.kv_heads * self.head_len);
        if known.tensors.shape(&name("attn_qkv.weight")).is_some() {
            known.must(&name("attn_qkv.weight"), &[queries + 2 * keys, self.width])?;
            known.may(&name("attn_qkv.bias"), &[queries + 2 * keys])?;
        } else {
            for (part, rows) in [("attn_q", queries), ("attn_k", keys), ("attn_v", keys)] {
                known.must(&name(&format!("{part}.weight")), &[rows, self.width])?;
                known.may(&name(&format!("{part}.bias")), &[rows])?;
            }
        }
        known.must(&name("attn_output.weight"), &[self.width, queries])
    }
}

/// Tokens of the vocabulary, as the embedding table has them.
pub(crate) fn vocabulary(tensors: &dyn Tensors) -> usize {
    let table = tensors.shape("token_embd.weight").and_then(|shape| shape.first());
    table.copied().unwrap_or(0)
}

/// Counts the tensors that are as they should be.
struct Expected<'a> {
    tensors: &'a dyn Tensors,
    count: usize,
}

impl Expected<'_> {
    fn must(&mut self, name: &str, wanted: &[usize]) -> Result<(), InferenceError> {
        if self.tensors.shape(name).is_none() {
            return Err(self.tensors.refuse(format!("the tensor {name} is missing")));
        }
        self.may(name, wanted)
    }

    fn may(&mut self, name: &str, wanted: &[usize]) -> Result<(), InferenceError> {
        match self.tensors.shape(name) {
            Some(found) if found == wanted => self.count += 1,
            Some(found) => {
                let reason = format!("the tensor {name} has the shape {found:?} instead of {wanted:?}");
                return Err(self.tensors.refuse(reason));
            }
            None => {}
        }
        Ok(())
    }
}

/// The error for a model that is not computed here.
pub(super) fn unsupported(architecture: &str, detail: &str) -> InferenceError {
    InferenceError::UnsupportedArchitecture { name: format!("{architecture}{detail}") }
}
