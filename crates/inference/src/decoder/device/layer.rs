//! One layer: attention, then the gated feed-forward part, each around a residual.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::ops::rms_norm;
use docent_kernels::Activation;
use half::f16;

use super::attention::{View, attend};
use super::kv::KvCache;
use super::linear::{Linear, Loading};
use super::rotation::Rotation;
use super::{LowRank, Reading};
use crate::InferenceError;
use crate::decoder::Shape;
use crate::decoder::adapter::LayerTerms;

pub(super) struct Layer {
    index: usize,
    attention_norm: Tensor,
    /// Queries, keys and values: three matrices, or one that holds all.
    attention: Vec<Linear>,
    /// Norms of each head before rotation (Qwen 3, Gemma 3).
    query_norm: Option<Tensor>,
    key_norm: Option<Tensor>,
    output: Linear,
    /// Norms of what is added to the residual (Gemma 3).
    output_norm: Option<Tensor>,
    down_norm: Option<Tensor>,
    feed_forward_norm: Tensor,
    /// None if `up` holds it as well, above its own rows (Phi 3).
    gate: Option<Linear>,
    up: Linear,
    down: Linear,
    heads: usize,
    kv_heads: usize,
    head_len: usize,
    epsilon: f32,
    activation: Activation,
    score_scale: f32,
    /// Whether a query sees only what is near.
    local: bool,
}

/// What the layers of a pass have in common.
pub(super) struct Pass {
    pub(super) global: Rotation,
    /// In layers with a window.
    pub(super) local: Option<Rotation>,
    pub(super) sequences: Vec<Sequence>,
}

/// The rows of one sequence among those of a pass.
pub(super) struct Sequence {
    pub(super) rows: usize,
    pub(super) global: View,
    /// In layers with a window.
    pub(super) local: Option<View>,
}

impl Layer {
    pub(super) fn load(
        loading: &Loading<'_>,
        shape: &Shape,
        index: usize,
    ) -> std::result::Result<Self, InferenceError> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let has = |part: &str| loading.tensors.shape(&name(part)).is_some();
        let matrix = |part: &str| loading.load(&name(part));
        let norm = |part: &str| loading.vector(&name(part));
        let optional = |part: &str| has(part).then(|| norm(part)).transpose();
        let fused = has("attn_qkv.weight");
        let attention = if fused { &["attn_qkv"][..] } else { &["attn_q", "attn_k", "attn_v"] };
        Ok(Self {
            index,
            attention_norm: norm("attn_norm.weight")?,
            attention: attention.iter().copied().map(matrix).collect::<std::result::Result<_, _>>()?,
            query_norm: optional("attn_q_norm.weight")?,
            key_norm: optional("attn_k_norm.weight")?,
            output: matrix("attn_output")?,
            output_norm: optional("post_attention_norm.weight")?,
            down_norm: optional("post_ffw_norm.weight")?,
            feed_forward_norm: norm("ffn_norm.weight")?,
            gate: has("ffn_gate.weight").then(|| matrix("ffn_gate")).transpose()?,
            up: matrix("ffn_up")?,
            down: matrix("ffn_down")?,
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_len: shape.head_len,
            epsilon: shape.epsilon,
            activation: shape.activation,
            score_scale: shape.score_scale,
            local: shape.local.is_some_and(|local| local.is_local(index)),
        })
    }

    /// The turns of this kind of layer.
    pub(super) fn rotation<'a>(&self, global: &'a Rotation, local: Option<&'a Rotation>) -> &'a Rotation {
        local.filter(|_| self.local).unwrap_or(global)
    }

    /// `x` is `[positions, width]`, and so is the result; the rows of one sequence after those of
    /// the other.
    pub(super) fn forward(
        &self,
        x: &Tensor,
        pass: &Pass,
        readings: &mut [Reading<'_, KvCache>],
        terms: Option<&LayerTerms<LowRank>>,
    ) -> Result<Tensor> {
        let normed = rms_norm(x, &self.attention_norm, self.epsilon)?;
        let [queries, keys, values] = self.project(&normed, terms)?;
        let queries = norm_heads(queries, self.query_norm.as_ref(), self.epsilon)?;
        let keys = norm_heads(keys, self.key_norm.as_ref(), self.epsilon)?;
        self.give_unturned(&keys, &values, readings)?;
        let rotation = self.rotation(&pass.global, pass.local.as_ref());
        let queries = rotation.apply(&queries.transpose(0, 1)?)?;
        let keys = rotation.apply(&keys.transpose(0, 1)?)?;
        let values = values.transpose(0, 1)?;
        let mut mixed = Vec::with_capacity(readings.len());
        let mut start = 0;
        for (reading, sequence) in readings.iter_mut().zip(&pass.sequences) {
            let rows = sequence.rows;
            if rows == 0 {
                continue;
            }
            let view = sequence.local.as_ref().filter(|_| self.local).unwrap_or(&sequence.global);
            let own = |tensor: &Tensor| tensor.narrow(1, start, rows);
            let (keys, values) = reading.cache.append(self.index, &own(&keys)?, &own(&values)?, view.from)?;
            mixed.push(attend(&own(&queries)?, &keys, &values, view, self.score_scale)?);
            start += rows;
        }
        let attended =
            self.output.forward(&Tensor::cat(&mixed, 0)?, terms.and_then(|t| t.output.as_ref()))?;
        let x = self.add(x, attended, self.output_norm.as_ref())?;
        let fed = self.feed_forward(&rms_norm(&x, &self.feed_forward_norm, self.epsilon)?, terms)?;
        self.add(&x, fed, self.down_norm.as_ref())
    }

    /// Queries, keys and values of the rows of `x`, each `[rows, heads, head_len]`.
    fn project(&self, x: &Tensor, terms: Option<&LayerTerms<LowRank>>) -> Result<[Tensor; 3]> {
        let term = |index: usize| terms.and_then(|terms| terms.attention.get(index)?.as_ref());
        let product = |index: usize| self.attention[index].forward(x, term(index));
        let (queries, keys) = (self.heads * self.head_len, self.kv_heads * self.head_len);
        let parts = if self.attention.len() == 1 {
            let all = product(0)?;
            let part = |start: usize, len: usize| all.narrow(1, start, len)?.contiguous();
            [part(0, queries)?, part(queries, keys)?, part(queries + keys, keys)?]
        } else {
            [product(0)?, product(1)?, product(2)?]
        };
        let [queries, keys, values] = parts;
        let rows = x.dim(0)?;
        let heads = |tensor: Tensor, heads: usize| tensor.reshape((rows, heads, self.head_len));
        Ok([heads(queries, self.heads)?, heads(keys, self.kv_heads)?, heads(values, self.kv_heads)?])
    }

    /// Hands out keys before they are turned, and values, where they are asked for: position after
    /// position, in 16 bits.
    fn give_unturned(
        &self,
        keys: &Tensor,
        values: &Tensor,
        readings: &mut [Reading<'_, KvCache>],
    ) -> Result<()> {
        let mut start = 0;
        for reading in readings {
            let rows = reading.tokens.len();
            let wanted = reading.unturned.as_mut().and_then(|layers| layers.get_mut(self.index));
            if let Some(out) = wanted.filter(|_| rows > 0) {
                let own = |tensor: &Tensor| tensor.narrow(0, start, rows);
                let both = Tensor::cat(&[&own(keys)?, &own(values)?], 1)?;
                let both = both.to_dtype(DType::F16)?.flatten_all()?.to_device(&Device::Cpu)?;
                out.extend(both.to_vec1::<f16>()?.into_iter().flat_map(f16::to_le_bytes));
            }
            start += rows;
        }
        Ok(())
    }

    /// The gated unit: `[rows, width]` to `[rows, width]`.
    fn feed_forward(&self, x: &Tensor, terms: Option<&LayerTerms<LowRank>>) -> Result<Tensor> {
        let term = |of: fn(&LayerTerms<LowRank>) -> &Option<LowRank>| terms.and_then(|t| of(t).as_ref());
        let (gate_term, up_term) = (term(|t| &t.gate), term(|t| &t.up));
        let (gate, up) = match &self.gate {
            Some(gate) => (gate.forward(x, gate_term)?, self.up.forward(x, up_term)?),
            None => {
                let both = self.up.forward(x, None)?;
                let inner = self.up.outputs() / 2;
                let half = |start: usize, term: Option<&LowRank>| {
                    let half = both.narrow(D::Minus1, start, inner)?.contiguous()?;
                    term.map_or(Ok(half.clone()), |term| half + term.forward(x)?)
                };
                (half(0, gate_term)?, half(inner, up_term)?)
            }
        };
        let gate = match self.activation {
            Activation::Identity => gate,
            Activation::Silu => gate.silu()?,
            Activation::GeluErf => gate.gelu_erf()?,
            Activation::GeluTanh => gate.gelu()?,
        };
        self.down.forward(&(gate * up)?, term(|t| &t.down))
    }

    /// Adds what a part gives, normed if the model does that, to the residual.
    fn add(&self, residual: &Tensor, part: Tensor, norm: Option<&Tensor>) -> Result<Tensor> {
        let part = match norm {
            Some(weight) => rms_norm(&part, weight, self.epsilon)?,
            None => part,
        };
        residual + part
    }
}

/// Norms each head of `[rows, heads, head_len]` by itself.
fn norm_heads(x: Tensor, weight: Option<&Tensor>, epsilon: f32) -> Result<Tensor> {
    match weight {
        Some(weight) => rms_norm(&x, weight, epsilon),
        None => Ok(x),
    }
}
