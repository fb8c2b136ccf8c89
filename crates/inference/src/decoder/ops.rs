//! The steps of a layer as operations on candle's tensors.
//!
//! Each is one pass over the rows: what candle would do by a chain of operations, each with its own
//! tensor, is done here at once by the kernels. They exist for the processor only; on another
//! device candle says so.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape};
use docent_kernels::{
    Activation, Activations, Cpu, Epilogue, Kept, KeyValues, Matrix, Norm, Queries, Rope, attend, gate,
    matmul, matmul_quantised, rms_norm,
};

use super::adapter::LowRank;

/// The rows of a contiguous tensor of 32-bit floats.
fn rows<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let (start, end) = layout
        .contiguous_offsets()
        .ok_or_else(|| candle_core::Error::Msg("rows are not contiguous".into()))?;
    Ok(&storage.as_slice::<f32>()?[start..end])
}

/// A matrix and what an adapter adds to its product.
#[derive(Clone, Copy)]
pub(super) struct Linear<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) term: Option<&'a LowRank>,
}

/// The rows of `values`, normed, as all of `linears` need them; with what 8 bits leave, if `residual`.
fn activations<'a>(
    cpu: &Cpu,
    values: &[f32],
    norm: Norm<'a>,
    linears: &[Linear<'_>],
    residual: bool,
) -> Activations {
    let inputs = linears.first().map_or(1, |linear| linear.matrix.inputs());
    Activations::new(cpu, values, inputs, norm, kept(linears, residual))
}

/// In which forms `linears` need what they multiply.
fn kept(linears: &[Linear<'_>], residual: bool) -> Kept {
    let floats = linears.iter().any(|linear| linear.matrix.is_float() || linear.term.is_some());
    Kept { residual, floats }
}

/// The products with all of `linears` side by side: `[rows, sum of outputs]`.
fn multiply(cpu: &Cpu, x: &Activations, linears: &[Linear<'_>], out: &mut [f32]) {
    let matrices: Vec<_> = linears.iter().map(|linear| linear.matrix).collect();
    matmul(cpu, x, &matrices, Epilogue::Write(Activation::Identity), out);
    let stride = matrices.iter().map(|matrix| matrix.outputs()).sum();
    let mut start = 0;
    for linear in linears {
        if let Some(term) = linear.term {
            term.add(cpu, x, out, stride, start);
        }
        start += linear.matrix.outputs();
    }
}

/// Each row normed and multiplied with several matrices: `[n, inputs]` to `[n, sum of outputs]`.
pub(super) struct Project<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) norm: Norm<'a>,
    pub(super) linears: &'a [Linear<'a>],
    pub(super) residual: bool,
}

impl CustomOp1 for Project<'_> {
    fn name(&self) -> &'static str {
        "project"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let rows = rows(storage, layout)?;
        let x = activations(self.cpu, rows, self.norm, self.linears, self.residual);
        let width = self.linears.iter().map(|linear| linear.matrix.outputs()).sum::<usize>();
        let count = rows.len() / self.linears.first().map_or(1, |linear| linear.matrix.inputs());
        let mut out = vec![0.0; count * width];
        multiply(self.cpu, &x, self.linears, &mut out);
        Ok((CpuStorage::F32(out), Shape::from((count, width))))
    }
}

/// What a product becomes: normed if the model does that (Gemma 3), and added to the residual.
#[derive(Clone, Copy)]
pub(super) struct Sum<'a> {
    pub(super) norm: Option<&'a [f32]>,
    pub(super) epsilon: f32,
}

impl Sum<'_> {
    /// The rows of `residual` with the product of `x` added.
    fn of(self, cpu: &Cpu, x: &Activations, linear: Linear<'_>, residual: &[f32]) -> Vec<f32> {
        let Some(weight) = self.norm else {
            let mut out = residual.to_vec();
            matmul(cpu, x, &[linear.matrix], Epilogue::Add, &mut out);
            if let Some(term) = linear.term {
                term.add(cpu, x, &mut out, linear.matrix.outputs(), 0);
            }
            return out;
        };
        let mut product = vec![0.0; residual.len()];
        multiply(cpu, x, &[linear], &mut product);
        let mut out = vec![0.0; residual.len()];
        rms_norm(cpu.tier, &product, weight, self.epsilon, &mut out);
        out.iter_mut().zip(residual).for_each(|(out, residual)| *out += residual);
        out
    }
}

/// Each row normed, passed through the gated unit and a matrix, and added to itself: `[n, width]`.
pub(super) struct FeedForward<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) norm: Norm<'a>,
    pub(super) gate: Linear<'a>,
    pub(super) up: Linear<'a>,
    pub(super) activation: Activation,
    pub(super) down: Linear<'a>,
    pub(super) sum: Sum<'a>,
    pub(super) residual: bool,
}

impl FeedForward<'_> {
    /// What the gated unit makes of rows, as the last matrix needs it.
    fn inner(&self, rows: &[f32]) -> Activations {
        let linears = [self.gate, self.up];
        let x = activations(self.cpu, rows, self.norm, &linears, self.residual);
        if linears.iter().all(|linear| linear.term.is_none()) {
            let kept = kept(&[self.down], self.residual);
            let mut inner = Activations::empty();
            let gate = Some(self.gate.matrix);
            matmul_quantised(self.cpu, &x, gate, self.up.matrix, self.activation, kept, &mut inner);
            return inner;
        }
        let (count, width) = (rows.len() / self.up.matrix.inputs(), self.up.matrix.outputs());
        let mut both = vec![0.0; 2 * count * width];
        multiply(self.cpu, &x, &linears, &mut both);
        let mut inner = vec![0.0; count * width];
        gate(self.cpu, self.activation, &both, width, &mut inner);
        activations(self.cpu, &inner, Norm::None, &[self.down], self.residual)
    }
}

impl CustomOp1 for FeedForward<'_> {
    fn name(&self) -> &'static str {
        "feed forward"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let rows = rows(storage, layout)?;
        let out = self.sum.of(self.cpu, &self.inner(rows), self.down, rows);
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}

/// Rows multiplied with a matrix and added to the residual: `[n, inputs]` and `[n, outputs]` to
/// `[n, outputs]`.
pub(super) struct AddProduct<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) linear: Linear<'a>,
    pub(super) sum: Sum<'a>,
    pub(super) residual: bool,
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
        let x = activations(self.cpu, inner, Norm::None, &[self.linear], self.residual);
        let out = self.sum.of(self.cpu, &x, self.linear, rows(residual, residual_layout)?);
        Ok((CpuStorage::F32(out), residual_layout.shape().clone()))
    }
}

/// The rows of one sequence among those of a pass, and what it has read before.
pub(super) struct Sequence<'a> {
    pub(super) rows: usize,
    pub(super) cache: &'a mut KeyValues,
    /// Where the keys before they are turned and the values go as well, if they are asked for:
    /// position after position, in 16 bits.
    pub(super) unturned: Option<&'a mut Vec<u8>>,
}

impl Sequence<'_> {
    /// Takes keys and values from `rows`, `[rows, stride]`, where they stand from `keys` on.
    fn take_unturned(&mut self, rows: &[f32], stride: usize, keys: usize) {
        let Some(out) = &mut self.unturned else {
            return;
        };
        for row in rows.chunks_exact(stride) {
            out.extend(row[keys..].iter().flat_map(|&value| half::f16::from_f32(value).to_le_bytes()));
        }
    }
}

/// Heads of queries, keys and values side by side, as [`Project`] makes them, to the mixed values:
/// `[n, (heads + 2 kv_heads) head_len]` to `[n, heads head_len]`. The keys and values are added to
/// the caches of their sequences.
pub(super) struct Attend<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_len: usize,
    /// Norms of each head before it is turned (Qwen 3, Gemma 3).
    pub(super) query_norm: Option<&'a [f32]>,
    pub(super) key_norm: Option<&'a [f32]>,
    pub(super) epsilon: f32,
    /// What scores are multiplied with.
    pub(super) scale: f32,
    pub(super) window: Option<usize>,
    /// The turn of each row.
    pub(super) rope: &'a Rope,
    pub(super) sequences: Mutex<Vec<Sequence<'a>>>,
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
        let mut sequences = self.sequences.lock().unwrap_or_else(PoisonError::into_inner);
        let mut start = 0;
        for sequence in sequences.iter_mut() {
            let len = sequence.rows * stride;
            sequence.take_unturned(&rows[start..start + len], stride, queries);
            start += len;
        }
        // Queries and keys are neighbours, so their heads are turned together.
        self.rope.apply(cpu, &mut rows, stride, 0, heads + kv_heads, head_len);
        let count = rows.len() / stride;
        let mut out = vec![0.0; count * queries];
        let (mut rows_left, mut out_left) = (rows.as_slice(), out.as_mut_slice());
        for sequence in sequences.iter_mut() {
            let (rows, rest) = rows_left.split_at(sequence.rows * stride);
            let (out, out_rest) = out_left.split_at_mut(sequence.rows * queries);
            (rows_left, out_left) = (rest, out_rest);
            let first = sequence.cache.len();
            sequence.cache.append(cpu, rows, stride, queries, queries + keys);
            let queries_of = Queries {
                rows,
                stride,
                offset: 0,
                heads,
                scale: self.scale,
                causal_from: Some(first),
                window: self.window,
            };
            attend(cpu, &queries_of, sequence.cache, out);
        }
        Ok((CpuStorage::F32(out), Shape::from((count, queries))))
    }
}
