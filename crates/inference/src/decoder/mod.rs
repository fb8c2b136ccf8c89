//! Decoders (Llama, SmolLM2, Mistral; Qwen 2 and 3; Gemma 3; Phi 3 and 4), over candle's tensors with
//! operations of our own on the processor, and with candle's on a GPU ([`device`]). [`any`] is either.
//!
//! Own, and not candle-transformers', because those keep their key/value cache to themselves: it
//! can be neither cut back nor handed on, which prefix reuse and the checking of drafts need. One
//! decoder for all families: what differs is in [`Shape`] or follows from which tensors there are.
//! Anything in a file that the decoder does not compute is refused when the file is opened; nothing
//! is skipped in silence.

mod adapter;
pub(crate) mod any;
mod device;
mod kv;
mod layer;
mod linear;
mod ops;
mod rope;
mod shape;

use std::path::Path;

use candle_core::{Device, Tensor};
use docent_kernels::{Cpu, Matrix, Norm, Rope, Stored};

use crate::error::without_backtrace;
use crate::processor;
use crate::tensors::{Stretch, Tensors, vector};
use crate::{InferenceError, Precision};
use adapter::{Adapter, Base, LowRank};
use kv::KvCache;
pub(crate) use kv::Segment;
use layer::Layer;
use linear::Packing;
use ops::{Linear, Project, Sequence};
use rope::Speeds;
pub(crate) use shape::{Shape, vocabulary};

/// Room asked for beside the weights and the rows in work before loading.
const SPARE_MEMORY: u64 = 64 << 20;

/// The most rows that are in work at a time, on which the figure of memory rests.
pub(crate) const MOST_ROWS: usize = 256;

/// What one sequence reads in a pass; `C` keeps what it has read before.
pub(crate) struct Reading<'a, C = KvCache> {
    /// What follows the positions in `cache`, and is added to it.
    pub(crate) tokens: &'a [u32],
    pub(crate) cache: &'a mut C,
    pub(crate) logits: Logits<'a>,
    /// For each layer where the keys before they are turned, and the values, go as well.
    pub(crate) unturned: Option<&'a mut [Vec<u8>]>,
}

/// After which of the tokens of a reading the values of the next token are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Logits<'a> {
    None,
    Last,
    All,
    #[allow(dead_code, reason = "for scoring given texts, which training does")]
    At(&'a [usize]),
}

impl Logits<'_> {
    fn places(self, tokens: usize) -> Vec<usize> {
        match self {
            Self::None => Vec::new(),
            Self::Last => tokens.checked_sub(1).into_iter().collect(),
            Self::All => (0..tokens).collect(),
            Self::At(places) => places.to_vec(),
        }
    }
}

/// The loaded weights of one model.
pub(crate) struct Decoder {
    cpu: Cpu,
    shape: Shape,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    head: Matrix,
    global: Speeds,
    /// In layers with a window, if there are any.
    local: Option<Speeds>,
    stored: Stored,
    residual: bool,
    fused_attention: bool,
    fused_gate: bool,
}

/// Bytes that a model of `shape` takes for its weights, once they are loaded.
pub(crate) fn weight_bytes(tensors: &dyn Tensors, precision: Precision) -> u64 {
    linear::loaded_bytes(tensors, precision)
}

/// How keys and values are kept. In 16 bits they take half the memory, and half as much is read for
/// each token; what that costs in accuracy is below what rounding activations to 8 bits costs.
fn stored(precision: Precision) -> Stored {
    match precision {
        Precision::Int8 => Stored::F16,
        Precision::Int16 | Precision::F32 => Stored::F32,
    }
}

/// Bytes that keys and values of each position take.
pub(crate) fn position_bytes(shape: &Shape, precision: Precision) -> u64 {
    let bytes = if stored(precision) == Stored::F16 { 2 } else { 4 };
    bytes * shape.cached_values() as u64
}

/// Bytes that the rows in work take at most.
pub(crate) fn working_bytes(shape: &Shape, vocabulary: usize) -> u64 {
    (4 * (MOST_ROWS * shape.working_values() + vocabulary)) as u64
}

impl Decoder {
    /// Loads the weights, whose `shape` has been read and checked.
    pub(crate) fn load(
        tensors: &dyn Tensors,
        shape: &Shape,
        precision: Precision,
    ) -> Result<Self, InferenceError> {
        let work = working_bytes(shape, vocabulary(tensors));
        let need = linear::loaded_bytes(tensors, precision) + work + SPARE_MEMORY;
        if let Some(available) = processor::available_memory().filter(|&free| free < need) {
            return Err(InferenceError::NotEnoughMemory { need, available });
        }
        let cpu = processor::cpu();
        let packing = Packing { cpu: &cpu, tensors, precision };
        let layer = |index| Layer::load(&packing, shape, index);
        let head = match tensors.shape("output.weight") {
            Some(_) => packing.load("output")?,
            // The embedding table used the other way round.
            None => packing.pack("token_embd.weight")?,
        };
        Ok(Self {
            layers: (0..shape.layers).map(layer).collect::<Result<_, _>>()?,
            global: Speeds::global(tensors, shape)?,
            local: Speeds::local(shape),
            norm: vector(tensors, "output_norm.weight")?,
            embeddings: Embeddings::load(tensors, shape)?,
            shape: shape.clone(),
            head,
            cpu,
            stored: stored(precision),
            residual: precision.keeps_residual(),
            fused_attention: tensors.shape("blk.0.attn_qkv.weight").is_some(),
            fused_gate: tensors.shape("blk.0.ffn_gate.weight").is_none(),
        })
    }

    /// An empty cache for this model.
    pub(crate) fn new_cache(&self) -> KvCache {
        KvCache::new(self.shape.layers, self.shape.kv_heads, self.shape.head_len, self.stored)
    }

    /// Reads an adapter from a GGUF file or a folder of PEFT; `sha256` is that of the model's file.
    ///
    /// # Errors
    /// [`InferenceError::Adapter`] if it is made for another model or cannot be read.
    pub(crate) fn adapter(&self, path: &Path, sha256: &str) -> Result<Adapter, InferenceError> {
        let (fused_attention, fused_gate) = (self.fused_attention, self.fused_gate);
        let base = Base { shape: &self.shape, sha256, fused_attention, fused_gate };
        Adapter::load(path, &base, &|factors, scale| Ok(LowRank::new(&self.cpu, factors, scale)))
    }

    /// Reads the tokens of every reading, which follow those in its cache, and adds them to it.
    /// Gives, for each reading, one value per token of the vocabulary for what comes after each of
    /// the tokens asked for, row after row.
    ///
    /// What a position gives has the same bits however the tokens before it were cut into calls and
    /// whatever else was read in the same pass.
    ///
    /// # Errors
    /// [`InferenceError::Cancelled`] as soon as `cancelled` holds, [`InferenceError::Compute`] if
    /// computing fails; the caches then hold what they held before.
    pub(crate) fn forward(
        &self,
        readings: &mut [Reading<'_>],
        adapter: Option<&Adapter>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        let before: Vec<usize> = readings.iter().map(|reading| reading.cache.len()).collect();
        let computed = self.layers(readings, adapter, cancelled);
        if computed.is_err() {
            for (reading, len) in readings.iter_mut().zip(before) {
                reading.cache.truncate(len);
            }
        }
        let x = computed?;
        readings.iter_mut().for_each(|reading| reading.cache.advance());
        self.logits(readings, &x).map_err(|source| compute("logits", source))
    }

    /// [`Decoder::forward`] for one sequence.
    pub(crate) fn read(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        logits: Logits<'_>,
        adapter: Option<&Adapter>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>, InferenceError> {
        let read =
            self.forward(&mut [Reading { tokens, cache, logits, unturned: None }], adapter, cancelled)?;
        Ok(read.into_iter().next().unwrap_or_default())
    }

    /// Reads a passage that follows what is in `cache`, and gives what it leaves in a form that can be
    /// put anywhere by [`Decoder::place`].
    ///
    /// # Errors
    /// As [`Decoder::forward`].
    pub(crate) fn read_passage(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        adapter: Option<&Adapter>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Segment, InferenceError> {
        let mut layers = vec![Vec::new(); self.shape.layers];
        for tokens in tokens.chunks(MOST_ROWS) {
            let unturned = Some(layers.as_mut_slice());
            let reading = Reading { tokens, cache, logits: Logits::None, unturned };
            self.forward(&mut [reading], adapter, cancelled)?;
        }
        Segment::from_layers(tokens.len(), layers)
            .ok_or_else(|| InferenceError::Compute { step: "a passage left nothing".into(), source: None })
    }

    /// Adds what a passage left, but for its first `skipped` tokens, to `cache`, as if it stood there.
    pub(crate) fn place(&self, passage: &Segment, skipped: usize, cache: &mut KvCache) {
        let Shape { kv_heads, head_len, .. } = self.shape;
        let keys = kv_heads * head_len;
        let places = cache.len()..cache.len() + passage.len().saturating_sub(skipped);
        let (global, local) = (self.global.at(places.clone()), self.local.as_ref().map(|s| s.at(places)));
        for (index, (layer, stored)) in self.layers.iter().zip(passage.layers()).enumerate() {
            let rope = local.as_ref().filter(|_| layer.is_local()).unwrap_or(&global);
            let numbers = stored.as_chunks::<2>().0.iter().skip(skipped * 2 * keys);
            let mut rows: Vec<f32> = numbers.map(|&bytes| half::f16::from_le_bytes(bytes).to_f32()).collect();
            rope.apply(&self.cpu, &mut rows, 2 * keys, 0, kv_heads, head_len);
            cache.layer(index).append(&self.cpu, &rows, 2 * keys, 0, keys);
        }
        cache.advance();
    }

    fn layers(
        &self,
        readings: &mut [Reading<'_>],
        adapter: Option<&Adapter>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Tensor, InferenceError> {
        let places = |reading: &Reading<'_>| {
            let start = reading.cache.len();
            start..start + reading.tokens.len()
        };
        let turns = |speeds: &Speeds| -> Rope { speeds.at(readings.iter().flat_map(places)) };
        let (global, local) = (turns(&self.global), self.local.as_ref().map(turns));
        let tokens: Vec<u32> = readings.iter().flat_map(|reading| reading.tokens).copied().collect();
        let mut x = self.embeddings.rows(&tokens)?;
        for (index, layer) in self.layers.iter().enumerate() {
            if cancelled() {
                return Err(InferenceError::Cancelled);
            }
            let rope = local.as_ref().filter(|_| layer.is_local()).unwrap_or(&global);
            let sequences = readings.iter_mut().map(|reading| Sequence {
                rows: reading.tokens.len(),
                cache: reading.cache.layer(index),
                unturned: reading.unturned.as_mut().and_then(|layers| layers.get_mut(index)),
            });
            let terms = adapter.and_then(|adapter| adapter.layers.get(index));
            x = layer
                .forward(&self.cpu, &x, rope, sequences.collect(), terms)
                .map_err(|source| compute("decoder", source))?;
        }
        Ok(x)
    }

    /// The last matrix for the rows asked for only: in small models it is a quarter of all work.
    fn logits(&self, readings: &[Reading<'_>], x: &Tensor) -> candle_core::Result<Vec<Vec<f32>>> {
        let mut rows = Vec::new();
        let mut start = 0;
        let mut counts = Vec::new();
        for reading in readings {
            let places = reading.logits.places(reading.tokens.len());
            counts.push(places.len());
            rows.extend(places.into_iter().map(|place| (start + place) as u32));
            start += reading.tokens.len();
        }
        if rows.is_empty() {
            return Ok(vec![Vec::new(); readings.len()]);
        }
        let asked = x.index_select(&Tensor::new(rows, &Device::Cpu)?, 0)?;
        let norm = Norm::Rms(&self.norm, self.shape.epsilon);
        let linears = [Linear { matrix: &self.head, term: None }];
        let project = Project { cpu: &self.cpu, norm, linears: &linears, residual: self.residual };
        let mut values = asked.apply_op1_no_bwd(&project)?.flatten_all()?.to_vec1::<f32>()?;
        if counts.len() == 1 {
            return Ok(vec![values]);
        }
        let mut results = Vec::with_capacity(counts.len());
        for count in counts.into_iter().rev() {
            results.push(values.split_off(values.len() - count * self.head.outputs()));
        }
        results.reverse();
        Ok(results)
    }
}

/// The table of the tokens' vectors, as it is stored.
struct Embeddings {
    table: Stretch,
    width: usize,
    /// What they are multiplied with.
    scale: f32,
}

impl Embeddings {
    fn load(tensors: &dyn Tensors, shape: &Shape) -> Result<Self, InferenceError> {
        let table = tensors.stretch("token_embd.weight")?;
        Ok(Self { table, width: shape.width, scale: shape.embedding_scale })
    }

    /// `[tokens, width]`, on the processor.
    fn rows(&self, tokens: &[u32]) -> Result<Tensor, InferenceError> {
        let failed = |source| compute("token embeddings", source);
        let mut rows = vec![0.0; tokens.len() * self.width];
        for (&token, out) in tokens.iter().zip(rows.chunks_exact_mut(self.width)) {
            let token = token as usize;
            let row = self.table.rows(token..token + 1, self.width);
            let row = row.ok_or_else(|| InferenceError::Compute {
                step: format!("token {token} is not in the vocabulary"),
                source: None,
            })?;
            self.table.expand(row, self.width, out).map_err(failed)?;
        }
        if self.scale != 1.0 {
            rows.iter_mut().for_each(|value| *value *= self.scale);
        }
        Tensor::from_vec(rows, (tokens.len(), self.width), &Device::Cpu).map_err(failed)
    }
}

fn compute(step: &str, source: candle_core::Error) -> InferenceError {
    InferenceError::Compute { step: step.to_owned(), source: Some(Box::new(without_backtrace(source))) }
}

#[cfg(test)]
mod tests;
