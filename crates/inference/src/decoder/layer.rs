//! One layer: attention, then the gated feed-forward part, each around a residual.

use std::sync::Mutex;

use candle_core::{Result, Tensor};
use docent_kernels::{Activation, Cpu, Matrix, Norm, Rope};

use super::Shape;
use super::adapter::LayerTerms;
use super::linear::Packing;
use super::ops::{AddProduct, Attend, FeedForward, Linear, Project, Sequence, Sum};
use crate::InferenceError;
use crate::tensors::vector;

pub(super) struct Layer {
    attention_norm: Vec<f32>,
    /// Queries, keys and values: three matrices, or one that holds all.
    attention: Vec<Matrix>,
    /// Norms of each head before rotation (Qwen 3, Gemma 3).
    query_norm: Option<Vec<f32>>,
    key_norm: Option<Vec<f32>>,
    output: Matrix,
    /// Norms of what is added to the residual (Gemma 3).
    output_norm: Option<Vec<f32>>,
    down_norm: Option<Vec<f32>>,
    feed_forward_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
    heads: usize,
    kv_heads: usize,
    head_len: usize,
    epsilon: f32,
    activation: Activation,
    score_scale: f32,
    window: Option<usize>,
    /// Whether activations are kept in 16 bits.
    residual: bool,
}

impl Layer {
    pub(super) fn load(
        packing: &Packing<'_>,
        shape: &Shape,
        index: usize,
    ) -> std::result::Result<Self, InferenceError> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let tensors = packing.tensors;
        let matrix = |part| packing.load(&name(part));
        let norm = |part: &str| vector(tensors, &name(part));
        let optional = |part: &str| match tensors.shape(&name(part)) {
            Some(_) => norm(part).map(Some),
            None => Ok(None),
        };
        let fused = tensors.shape(&name("attn_qkv.weight")).is_some();
        let attention = if fused { &["attn_qkv"][..] } else { &["attn_q", "attn_k", "attn_v"] };
        let (gate, up) = if tensors.shape(&name("ffn_gate.weight")).is_some() {
            (matrix("ffn_gate")?, matrix("ffn_up")?)
        } else {
            let rows = |rows| packing.pack_rows(&name("ffn_up.weight"), rows);
            (rows(0..shape.inner)?, rows(shape.inner..2 * shape.inner)?)
        };
        Ok(Self {
            attention_norm: norm("attn_norm.weight")?,
            attention: attention.iter().copied().map(matrix).collect::<std::result::Result<_, _>>()?,
            query_norm: optional("attn_q_norm.weight")?,
            key_norm: optional("attn_k_norm.weight")?,
            output: matrix("attn_output")?,
            output_norm: optional("post_attention_norm.weight")?,
            down_norm: optional("post_ffw_norm.weight")?,
            feed_forward_norm: norm("ffn_norm.weight")?,
            gate,
            up,
            down: matrix("ffn_down")?,
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_len: shape.head_len,
            epsilon: shape.epsilon,
            activation: shape.activation,
            score_scale: shape.score_scale,
            window: shape.local.filter(|local| local.is_local(index)).map(|local| local.window),
            residual: packing.precision.keeps_residual(),
        })
    }

    /// Whether a query sees only what is near.
    pub(super) fn is_local(&self) -> bool {
        self.window.is_some()
    }

    /// `x` is `[positions, width]`, and so is the result; the rows of one sequence after those of
    /// the other.
    pub(super) fn forward(
        &self,
        cpu: &Cpu,
        x: &Tensor,
        rope: &Rope,
        sequences: Vec<Sequence<'_>>,
        terms: Option<&LayerTerms>,
    ) -> Result<Tensor> {
        let term = |index: usize| terms.and_then(|terms| terms.attention.get(index)?.as_ref());
        let linears = self.attention.iter().enumerate();
        let linears: Vec<_> = linears.map(|(i, matrix)| Linear { matrix, term: term(i) }).collect();
        let projected = x.apply_op1_no_bwd(&Project {
            cpu,
            norm: Norm::Rms(&self.attention_norm, self.epsilon),
            linears: &linears,
            residual: self.residual,
        })?;
        let attended = projected.apply_op1_no_bwd(&Attend {
            cpu,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_len: self.head_len,
            query_norm: self.query_norm.as_deref(),
            key_norm: self.key_norm.as_deref(),
            epsilon: self.epsilon,
            scale: self.score_scale,
            window: self.window,
            rope,
            sequences: Mutex::new(sequences),
        })?;
        let x = attended.apply_op2_no_bwd(
            x,
            &AddProduct {
                cpu,
                linear: Linear { matrix: &self.output, term: terms.and_then(|t| t.output.as_ref()) },
                sum: Sum { norm: self.output_norm.as_deref(), epsilon: self.epsilon },
                residual: self.residual,
            },
        )?;
        x.apply_op1_no_bwd(&FeedForward {
            cpu,
            norm: Norm::Rms(&self.feed_forward_norm, self.epsilon),
            gate: Linear { matrix: &self.gate, term: terms.and_then(|t| t.gate.as_ref()) },
            up: Linear { matrix: &self.up, term: terms.and_then(|t| t.up.as_ref()) },
            activation: self.activation,
            down: Linear { matrix: &self.down, term: terms.and_then(|t| t.down.as_ref()) },
            sum: Sum { norm: self.down_norm.as_deref(), epsilon: self.epsilon },
            residual: self.residual,
        })
    }
}
