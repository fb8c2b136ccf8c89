//! One layer: attention, then the gated feed-forward part, each around a residual.

use candle_core::{Result, Tensor};

use super::attention::attend;
use super::linear::Linear;
use super::rope::Rotation;
use super::{KvCache, Shape, plain};
use crate::InferenceError;
use crate::gguf::Gguf;

pub(super) struct Layer {
    attention_norm: Tensor,
    query: Linear,
    key: Linear,
    value: Linear,
    /// Norms of each head before rotation, in Qwen3.
    query_norm: Option<Tensor>,
    key_norm: Option<Tensor>,
    output: Linear,
    feed_forward_norm: Tensor,
    gate: Linear,
    up: Linear,
    down: Linear,
    heads: usize,
    kv_heads: usize,
    head_len: usize,
    epsilon: f32,
}

impl Layer {
    pub(super) fn load(
        file: &Gguf,
        shape: &Shape,
        index: usize,
    ) -> std::result::Result<Self, InferenceError> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let linear = |part| Linear::load(file, &name(part));
        let norm = |part| plain(file, &name(part));
        let optional = |part: &str| match file.shape(&name(part)) {
            Some(_) => plain(file, &name(part)).map(Some),
            None => Ok(None),
        };
        Ok(Self {
            attention_norm: norm("attn_norm.weight")?,
            query: linear("attn_q")?,
            key: linear("attn_k")?,
            value: linear("attn_v")?,
            query_norm: optional("attn_q_norm.weight")?,
            key_norm: optional("attn_k_norm.weight")?,
            output: linear("attn_output")?,
            feed_forward_norm: norm("ffn_norm.weight")?,
            gate: linear("ffn_gate")?,
            up: linear("ffn_up")?,
            down: linear("ffn_down")?,
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_len: shape.head_len,
            epsilon: shape.epsilon,
        })
    }

    /// `x` is `[positions, width]`, and so is the result.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        rotation: &Rotation,
        mask: Option<&Tensor>,
        cache: &mut KvCache,
        index: usize,
    ) -> Result<Tensor> {
        let normed = self.norm(x, &self.attention_norm)?;
        let q = self.split(&self.query.forward(&normed)?, self.heads)?;
        let k = self.split(&self.key.forward(&normed)?, self.kv_heads)?;
        let v = self.split(&self.value.forward(&normed)?, self.kv_heads)?;
        let q = rotation.apply(&self.head_norm(q, self.query_norm.as_ref())?)?;
        let k = rotation.apply(&self.head_norm(k, self.key_norm.as_ref())?)?;
        let (k, v) = cache.append(index, &k, &v)?;
        let x = (x + self.output.forward(&attend(&q, &k, &v, mask)?)?)?;
        let normed = self.norm(&x, &self.feed_forward_norm)?;
        let gated = self.gate.forward(&normed)?.silu()?;
        let inner = (gated * self.up.forward(&normed)?)?;
        x + self.down.forward(&inner)?
    }

    fn norm(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor> {
        candle_nn::ops::rms_norm(x, weight, self.epsilon)
    }

    fn head_norm(&self, x: Tensor, weight: Option<&Tensor>) -> Result<Tensor> {
        match weight {
            Some(weight) => self.norm(&x.contiguous()?, weight),
            None => Ok(x),
        }
    }

    /// `[positions, heads * d]` to `[heads, positions, d]`.
    fn split(&self, x: &Tensor, heads: usize) -> Result<Tensor> {
        x.reshape((x.dim(0)?, heads, self.head_len))?.transpose(0, 1)
    }
}
