//! The steps of a layer as operations on candle's tensors.
//!
//! Each is one pass over the rows: what candle would do by a chain of operations, each with its own
//! tensor, is done here at once by the kernels. They exist for the processor only; on another
//! device candle says so.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape};
use docent_kernels::{
    Activation, Activations, Cpu, Epilogue, KeyValues, Matrix, Norm, Queries, Rope, attend, gated_matmul,
    matmul, rms_norm,
};

/// The rows of a contiguous tensor of 32-bit floats.
fn rows<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) = layout
        .contiguous_offsets()
        .ok_or_else(|| candle_core::Error::Msg("rows are not contiguous".into()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// Each row normed and multiplied with several matrices: `[n, inputs]` to `[n, sum of outputs]`.
pub(super) struct Project<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) norm: Norm<'a>,
    pub(super) matrices: &'a [&'a Matrix],
}

impl CustomOp1 for Project<'_> {
    fn name(&self) -> &'static str {
        "project"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = self.matrices.iter().map(|matrix| matrix.outputs()).sum::<usize>();
        let floats = self.matrices.iter().any(|matrix| matrix.is_float());
        let inputs = self.matrices.first().map_or(1, |matrix| matrix.inputs());
        let x = Activations::new(self.cpu, rows(storage, layout)?, inputs, self.norm, floats);
        let count = layout.shape().elem_count() / inputs;
        let mut out = vec![0.0; count * width];
        matmul(self.cpu, &x, self.matrices, Epilogue::Write(Activation::Identity), &mut out);
        Ok((CpuStorage::F32(out), Shape::from((count, width))))
    }
}

/// Each row normed and passed through the gated unit: `[n, width]` to `[n, inner]`.
pub(super) struct Gate<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) norm: Norm<'a>,
    pub(super) gate: &'a Matrix,
    pub(super) up: &'a Matrix,
    pub(super) activation: Activation,
}

impl CustomOp1 for Gate<'_> {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (inputs, outputs) = (self.up.inputs(), self.up.outputs());
        let floats = self.gate.is_float() || self.up.is_float();
        let x = Activations::new(self.cpu, rows(storage, layout)?, inputs, self.norm, floats);
        let count = layout.shape().elem_count() / inputs;
        let mut out = vec![0.0; count * outputs];
        gated_matmul(self.cpu, &x, self.gate, self.up, self.activation, &mut out);
        Ok((CpuStorage::F32(out), Shape::from((count, outputs))))
    }
}

/// Rows multiplied with a matrix and added to the residual: `[n, inputs]` and `[n, outputs]` to
/// `[n, outputs]`.
pub(super) struct AddProduct<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) matrix: &'a Matrix,
}

impl CustomOp2 for AddProduct<'_> {
    fn name(&self) -> &'static str {
        "add product"
    }

    fn cpu_fwd(
        &self,
        inner: &CpuStorage,
        inner_layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inner = rows(inner, inner_layout)?;
        let x = Activations::new(self.cpu, inner, self.matrix.inputs(), Norm::None, self.matrix.is_float());
        let mut out = rows(residual, residual_layout)?.to_vec();
        matmul(self.cpu, &x, &[self.matrix], Epilogue::Add, &mut out);
        Ok((CpuStorage::F32(out), residual_layout.shape().clone()))
    }
}

/// Heads of queries, keys and values side by side, as [`Project`] makes them, to the mixed values:
/// `[n, (heads + 2 kv_heads) head_len]` to `[n, heads head_len]`. The keys and values are added to
/// the cache.
pub(super) struct Attend<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_len: usize,
    /// Norms of each head before it is turned, in Qwen3.
    pub(super) query_norm: Option<&'a [f32]>,
    pub(super) key_norm: Option<&'a [f32]>,
    pub(super) epsilon: f32,
    pub(super) rope: &'a Rope,
    pub(super) cache: Mutex<&'a mut KeyValues>,
}

impl Attend<'_> {
    /// Norms `heads` heads of each row, the first of which starts at `offset`.
    fn norm_heads(&self, rows: &mut [f32], stride: usize, offset: usize, heads: usize, weight: &[f32]) {
        let len = heads * self.head_len;
        let mut normed = vec![0.0; len];
        for row in rows.chunks_exact_mut(stride) {
            let own = &mut row[offset..offset + len];
            rms_norm(self.cpu.tier, own, weight, self.epsilon, &mut normed);
            own.copy_from_slice(&normed);
        }
    }
}

impl CustomOp1 for Attend<'_> {
    fn name(&self) -> &'static str {
        "attend"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let Self { cpu, heads, kv_heads, head_len, .. } = *self;
        let mut rows = rows(storage, layout)?.to_vec();
        let (queries, keys) = (heads * head_len, kv_heads * head_len);
        let stride = queries + 2 * keys;
        if let Some(weight) = self.query_norm {
            self.norm_heads(&mut rows, stride, 0, heads, weight);
        }
        if let Some(weight) = self.key_norm {
            self.norm_heads(&mut rows, stride, queries, kv_heads, weight);
        }
        // Queries and keys are neighbours, so their heads are turned together.
        self.rope.apply(cpu, &mut rows, stride, 0, heads + kv_heads, head_len);
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let first = cache.len();
        cache.append(cpu, &rows, stride, queries, queries + keys);
        let count = rows.len() / stride;
        let mut out = vec![0.0; count * queries];
        let queries_of = Queries {
            rows: &rows,
            stride,
            offset: 0,
            heads,
            scale: (head_len as f32).sqrt().recip(),
            causal_from: Some(first),
            window: None,
        };
        attend(cpu, &queries_of, &cache, &mut out);
        Ok((CpuStorage::F32(out), Shape::from((count, queries))))
    }
}
