//! Adapters: low-rank terms that are added to the products of a decoder's matrices (LoRA, Hu et al.
//! 2021), without a change of the weights themselves.

mod gguf;
mod peft;

use std::path::{Path, PathBuf};

use docent_kernels::{Activation, Activations, Cpu, Epilogue, Kept, Matrix, Norm, matmul};

use super::Shape;
use crate::InferenceError;

/// The kernels multiply widths that are multiples of this.
const RANK_STEP: usize = 32;

/// `up (down x)`, scaled.
pub(crate) struct LowRank {
    down: Matrix,
    up: Matrix,
}

impl LowRank {
    pub(super) fn new(cpu: &Cpu, factors: &Factors, scale: f32) -> Self {
        let Factors { rank, inputs, outputs, down, up } = factors;
        let padded = rank.next_multiple_of(RANK_STEP);
        let mut all_down = down.clone();
        all_down.resize(padded * inputs, 0.0);
        let mut all_up = vec![0.0; outputs * padded];
        for (row, out) in up.chunks_exact(*rank).zip(all_up.chunks_exact_mut(padded)) {
            for (value, out) in row.iter().zip(out) {
                *out = value * scale;
            }
        }
        Self {
            down: Matrix::exact(cpu, &all_down, padded, *inputs),
            up: Matrix::exact(cpu, &all_up, *outputs, padded),
        }
    }

    /// Adds the term of each row of `x`, which has its floats, to the columns from `start` on of
    /// `out`, `[rows, stride]`.
    pub(super) fn add(&self, cpu: &Cpu, x: &Activations, out: &mut [f32], stride: usize, start: usize) {
        let (rank, width) = (self.down.outputs(), self.up.outputs());
        let rows = out.len() / stride;
        let write = Epilogue::Write(Activation::Identity);
        let mut low = vec![0.0; rows * rank];
        matmul(cpu, x, &[&self.down], write, &mut low);
        let low = Activations::new(cpu, &low, rank, Norm::None, Kept { residual: false, floats: true });
        let mut terms = vec![0.0; rows * width];
        matmul(cpu, &low, &[&self.up], write, &mut terms);
        for (out, terms) in out.chunks_exact_mut(stride).zip(terms.chunks_exact(width)) {
            out[start..start + width].iter_mut().zip(terms).for_each(|(out, term)| *out += term);
        }
    }
}

impl Term for LowRank {
    fn bytes(&self) -> usize {
        self.down.bytes() + self.up.bytes()
    }
}

/// A low-rank term in the form that it is computed in.
pub(crate) trait Term {
    /// Bytes in memory.
    fn bytes(&self) -> usize;
}

/// The terms of one layer; none where the adapter leaves a matrix as it is.
pub(super) struct LayerTerms<T = LowRank> {
    /// For each matrix that the layer has for queries, keys and values.
    pub(super) attention: Vec<Option<T>>,
    pub(super) output: Option<T>,
    pub(super) gate: Option<T>,
    pub(super) up: Option<T>,
    pub(super) down: Option<T>,
}

/// A loaded adapter.
pub(crate) struct Adapter<T = LowRank> {
    pub(super) layers: Vec<LayerTerms<T>>,
}

impl<T: Term> Adapter<T> {
    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let of = |layer: &LayerTerms<T>| -> usize {
            let single = [&layer.output, &layer.gate, &layer.up, &layer.down];
            let terms = layer.attention.iter().chain(single);
            terms.flatten().map(T::bytes).sum()
        };
        self.layers.iter().map(of).sum()
    }

    /// Reads an adapter for a decoder of `shape` whose layers have one matrix for queries, keys and
    /// values if `fused_attention`, and one for gate and up if `fused_gate`: a GGUF file, or a folder
    /// as PEFT writes it. `build` makes the terms, from their factors and what they are multiplied
    /// with.
    ///
    /// # Errors
    /// [`InferenceError::Adapter`] if it is made for another model or cannot be read; those of `build`.
    pub(super) fn load(path: &Path, base: &Base<'_>, build: &Build<'_, T>) -> Result<Self, InferenceError> {
        let stored: Box<dyn Stored> = if path.is_dir() {
            Box::new(peft::Peft::open(path, base.shape)?)
        } else {
            Box::new(gguf::AdapterFile::open(path, base)?)
        };
        Loader { path, base, stored: stored.as_ref(), build, used: 0 }.load()
    }
}

/// Makes a term of its factors, which are multiplied with the number.
type Build<'a, T> = dyn Fn(&Factors, f32) -> Result<T, InferenceError> + 'a;

/// What an adapter is put on.
pub(super) struct Base<'a> {
    pub(super) shape: &'a Shape,
    /// sha256 of the base model's file.
    pub(super) sha256: &'a str,
    pub(super) fused_attention: bool,
    pub(super) fused_gate: bool,
}

/// The factors of one term, as they are stored.
pub(super) struct Factors {
    pub(super) rank: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    /// `[rank, inputs]`
    pub(super) down: Vec<f32>,
    /// `[outputs, rank]`
    pub(super) up: Vec<f32>,
}

impl Factors {
    /// Some of the outputs only.
    fn outputs(&self, range: std::ops::Range<usize>) -> Self {
        Self {
            outputs: range.len(),
            down: self.down.clone(),
            up: self.up[range.start * self.rank..range.end * self.rank].to_vec(),
            ..*self
        }
    }
}

/// An adapter as it is stored.
trait Stored {
    /// The factors for the matrix of that name (`blk.0.attn_q`), if there are any.
    fn factors(&self, matrix: &str) -> Result<Option<Factors>, InferenceError>;

    /// What terms of this rank are multiplied with.
    fn scale(&self, rank: usize) -> f32;

    /// Number of matrices that it has factors for.
    fn count(&self) -> usize;
}

struct Loader<'a, T> {
    path: &'a Path,
    base: &'a Base<'a>,
    stored: &'a dyn Stored,
    build: &'a Build<'a, T>,
    /// Matrices that factors were found for.
    used: usize,
}

impl<T> Loader<'_, T> {
    fn load(mut self) -> Result<Adapter<T>, InferenceError> {
        let layers = (0..self.base.shape.layers).map(|layer| self.layer(layer)).collect::<Result<_, _>>()?;
        if self.used == 0 {
            return Err(refused(self.path, "it has no terms for this model"));
        }
        if self.used != self.stored.count() {
            return Err(refused(self.path, "it has terms for parts that this model does not have"));
        }
        Ok(Adapter { layers })
    }

    fn layer(&mut self, layer: usize) -> Result<LayerTerms<T>, InferenceError> {
        let base = self.base;
        let &Shape { width, inner, heads, kv_heads, head_len, .. } = base.shape;
        let (queries, keys) = (heads * head_len, kv_heads * head_len);
        let mut term = |part: &str, outputs: usize, inputs: usize| {
            self.factors(&format!("blk.{layer}.{part}"), outputs, inputs)
        };
        let parts: &[(&str, usize)] = if base.fused_attention {
            &[("attn_qkv", queries + 2 * keys)]
        } else {
            &[("attn_q", queries), ("attn_k", keys), ("attn_v", keys)]
        };
        let attention = parts.iter().map(|&(part, outputs)| term(part, outputs, width));
        let attention = attention.collect::<Result<Vec<_>, _>>()?;
        let output = term("attn_output", width, queries)?;
        let (gate, up) = if base.fused_gate {
            let both = term("ffn_up", 2 * inner, width)?;
            let half = |range| both.as_ref().map(|both| both.outputs(range));
            (half(0..inner), half(inner..2 * inner))
        } else {
            (term("ffn_gate", inner, width)?, term("ffn_up", inner, width)?)
        };
        let down = term("ffn_down", width, inner)?;
        let build = |factors: Option<Factors>| {
            let scaled = |factors: Factors| (self.build)(&factors, self.stored.scale(factors.rank));
            factors.map(scaled).transpose()
        };
        Ok(LayerTerms {
            attention: attention.into_iter().map(build).collect::<Result<_, _>>()?,
            output: build(output)?,
            gate: build(gate)?,
            up: build(up)?,
            down: build(down)?,
        })
    }

    fn factors(
        &mut self,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Option<Factors>, InferenceError> {
        let Some(factors) = self.stored.factors(name)? else {
            return Ok(None);
        };
        if (factors.outputs, factors.inputs) != (outputs, inputs) || factors.rank == 0 {
            let found = (factors.outputs, factors.inputs);
            let reason = format!(
                "it is made for another model: {name} is {found:?} there, {:?} here",
                (outputs, inputs)
            );
            return Err(refused(self.path, reason));
        }
        if !factors.down.iter().chain(&factors.up).all(|value| value.is_finite()) {
            return Err(refused(self.path, format!("its terms for {name} are not made of numbers")));
        }
        self.used += 1;
        Ok(Some(factors))
    }
}

/// "This adapter cannot be used because".
fn refused(path: &Path, reason: impl Into<String>) -> InferenceError {
    InferenceError::Adapter { path: PathBuf::from(path), reason: reason.into() }
}
