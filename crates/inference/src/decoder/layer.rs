//! One layer: attention, then the gated feed-forward part, each around a residual.

use std::sync::Mutex;

use candle_core::{Result, Tensor};
use docent_kernels::{Activation, Cpu, KeyValues, Matrix, Norm, Rope};

use super::ops::{AddProduct, Attend, Gate, Project};
use super::{Shape, linear, plain};
use crate::InferenceError;
use crate::gguf::{Gguf, Mapped};

pub(super) struct Layer {
    attention_norm: Vec<f32>,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    /// Norms of each head before rotation, in Qwen3.
    query_norm: Option<Vec<f32>>,
    key_norm: Option<Vec<f32>>,
    output: Matrix,
    feed_forward_norm: Vec<f32>,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
    heads: usize,
    kv_heads: usize,
    head_len: usize,
    epsilon: f32,
}

impl Layer {
    pub(super) fn load(
        cpu: &Cpu,
        file: &Gguf,
        data: &Mapped,
        shape: &Shape,
        index: usize,
    ) -> std::result::Result<Self, InferenceError> {
        let name = |part: &str| format!("blk.{index}.{part}");
        let matrix = |part| linear::load(cpu, file, data, &name(part));
        let norm = |part| plain(file, &name(part));
        let optional = |part: &str| match file.shape(&name(part)) {
            Some(_) => plain(file, &name(part)).map(Some),
            None => Ok(None),
        };
        Ok(Self {
            attention_norm: norm("attn_norm.weight")?,
            query: matrix("attn_q")?,
            key: matrix("attn_k")?,
            value: matrix("attn_v")?,
            query_norm: optional("attn_q_norm.weight")?,
            key_norm: optional("attn_k_norm.weight")?,
            output: matrix("attn_output")?,
            feed_forward_norm: norm("ffn_norm.weight")?,
            gate: matrix("ffn_gate")?,
            up: matrix("ffn_up")?,
            down: matrix("ffn_down")?,
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_len: shape.head_len,
            epsilon: shape.epsilon,
        })
    }

    /// `x` is `[positions, width]`, and so is the result.
    pub(super) fn forward(
        &self,
        cpu: &Cpu,
        x: &Tensor,
        rope: &Rope,
        cache: &mut KeyValues,
    ) -> Result<Tensor> {
        let projected = x.apply_op1_no_bwd(&Project {
            cpu,
            norm: Norm::Rms(&self.attention_norm, self.epsilon),
            matrices: &[&self.query, &self.key, &self.value],
        })?;
        let attended = projected.apply_op1_no_bwd(&Attend {
            cpu,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_len: self.head_len,
            query_norm: self.query_norm.as_deref(),
            key_norm: self.key_norm.as_deref(),
            epsilon: self.epsilon,
            rope,
            cache: Mutex::new(cache),
        })?;
        let x = attended.apply_op2_no_bwd(x, &AddProduct { cpu, matrix: &self.output })?;
        let inner = x.apply_op1_no_bwd(&Gate {
            cpu,
            norm: Norm::Rms(&self.feed_forward_norm, self.epsilon),
            gate: &self.gate,
            up: &self.up,
            activation: Activation::Silu,
        })?;
        inner.apply_op2_no_bwd(&x, &AddProduct { cpu, matrix: &self.down })
    }
}
