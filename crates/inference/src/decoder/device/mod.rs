//! The decoder on a device of candle's: the same layers as chains of candle's own operations, all of
//! which exist for CUDA, Metal and the processor.
//!
//! It is there for GPUs; on the processor, where the kernels are many times faster, it runs in tests
//! only. What is computed is the same, the order of sums is not: what a position gives depends here, in
//! its last bits, on what was read in the same pass.

mod adapter;
mod attention;
mod kv;
mod layer;
mod linear;
mod rotation;

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use candle_nn::ops::rms_norm;

use super::adapter::{Adapter, Base};
use super::rope::Speeds;
use super::{Embeddings, Logits, MOST_ROWS, Reading, Segment, Shape, compute};
use crate::tensors::Tensors;
use crate::{InferenceError, Precision};
pub(crate) use adapter::LowRank;
use attention::View;
pub(crate) use kv::KvCache;
use layer::{Layer, Pass, Sequence};
use linear::{Linear, Loading};
use rotation::Rotation;

/// The loaded weights of one model on a device.
pub(crate) struct Decoder {
    device: Device,
    shape: Shape,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    norm: Tensor,
    head: Linear,
    global: Speeds,
    /// In layers with a window, if there are any.
    local: Option<Speeds>,
    /// How keys and values are stored.
    pub(super) stored: DType,
    fused_attention: bool,
    fused_gate: bool,
}

impl Decoder {
    /// Loads the weights, whose `shape` has been read and checked, to `device`.
    pub(crate) fn load(
        tensors: &dyn Tensors,
        shape: &Shape,
        precision: Precision,
        device: &Device,
    ) -> Result<Self, InferenceError> {
        let loading = Loading { tensors, device, precision };
        let layer = |index| Layer::load(&loading, shape, index);
        let head = match tensors.shape("output.weight") {
            Some(_) => loading.load("output")?,
            // The embedding table used the other way round.
            None => loading.matrix("token_embd.weight")?,
        };
        Ok(Self {
            layers: (0..shape.layers).map(layer).collect::<Result<_, _>>()?,
            global: Speeds::global(tensors, shape)?,
            local: Speeds::local(shape),
            norm: loading.vector("output_norm.weight")?,
            embeddings: Embeddings::load(tensors, shape)?,
            shape: shape.clone(),
            head,
            device: device.clone(),
            stored: DType::F16,
            fused_attention: tensors.shape("blk.0.attn_qkv.weight").is_some(),
            fused_gate: tensors.shape("blk.0.ffn_gate.weight").is_none(),
        })
    }

    /// An empty cache for this model.
    pub(crate) fn new_cache(&self) -> KvCache {
        let Shape { layers, kv_heads, head_len, .. } = self.shape;
        KvCache::new(layers, kv_heads, head_len, self.stored, &self.device)
    }

    /// Reads an adapter from a GGUF file or a folder of PEFT; `sha256` is that of the model's file.
    ///
    /// # Errors
    /// [`InferenceError::Adapter`] if it is made for another model or cannot be read,
    /// [`InferenceError::Compute`] if the device does not take it.
    pub(crate) fn adapter(&self, path: &Path, sha256: &str) -> Result<Adapter<LowRank>, InferenceError> {
        let (fused_attention, fused_gate) = (self.fused_attention, self.fused_gate);
        let base = Base { shape: &self.shape, sha256, fused_attention, fused_gate };
        Adapter::load(path, &base, &|factors, scale| {
            LowRank::new(&self.device, factors, scale).map_err(|source| compute("adapter", source))
        })
    }

    /// As [`super::Decoder::forward`], but for the promise about bits.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn forward(
        &self,
        readings: &mut [Reading<'_, KvCache>],
        adapter: Option<&Adapter<LowRank>>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<Vec<f32>>, InferenceError> {
        let before: Vec<usize> = readings.iter().map(|reading| reading.cache.len()).collect();
        let computed = self
            .layers(readings, adapter, cancelled)
            .and_then(|x| self.logits(readings, &x).map_err(|source| compute("logits", source)));
        match &computed {
            Ok(_) => readings.iter_mut().for_each(|reading| reading.cache.advance()),
            Err(_) => {
                readings.iter_mut().zip(before).for_each(|(reading, len)| reading.cache.truncate(len));
            }
        }
        computed
    }

    /// [`Decoder::forward`] for one sequence.
    pub(crate) fn read(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        logits: Logits<'_>,
        adapter: Option<&Adapter<LowRank>>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>, InferenceError> {
        let reading = Reading { tokens, cache, logits, unturned: None };
        let read = self.forward(&mut [reading], adapter, cancelled)?;
        Ok(read.into_iter().next().unwrap_or_default())
    }

    /// As [`super::Decoder::read_passage`].
    ///
    /// # Errors
    /// As [`Decoder::forward`].
    pub(crate) fn read_passage(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        adapter: Option<&Adapter<LowRank>>,
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

    /// As [`super::Decoder::place`].
    ///
    /// # Errors
    /// [`InferenceError::Compute`] if the device fails; the cache then holds what it held before.
    pub(crate) fn place(
        &self,
        passage: &Segment,
        skipped: usize,
        cache: &mut KvCache,
    ) -> Result<(), InferenceError> {
        let before = cache.len();
        self.place_layers(passage, skipped, cache).map_err(|source| {
            cache.truncate(before);
            compute("a passage", source)
        })?;
        cache.advance();
        Ok(())
    }

    fn place_layers(
        &self,
        passage: &Segment,
        skipped: usize,
        cache: &mut KvCache,
    ) -> candle_core::Result<()> {
        let rows = passage.len().saturating_sub(skipped);
        if rows == 0 {
            return Ok(());
        }
        let Shape { kv_heads, head_len, .. } = self.shape;
        let places: Vec<usize> = (cache.len()..cache.len() + rows).collect();
        let rotation = |speeds: &Speeds| Rotation::new(speeds, &places, &self.device);
        let (global, local) = (rotation(&self.global)?, self.local.as_ref().map(rotation).transpose()?);
        for (index, (layer, stored)) in self.layers.iter().zip(passage.layers()).enumerate() {
            let numbers = stored.as_chunks::<2>().0.iter().skip(skipped * 2 * kv_heads * head_len);
            let numbers: Vec<f32> = numbers.map(|&bytes| half::f16::from_le_bytes(bytes).to_f32()).collect();
            let both = Tensor::from_vec(numbers, (rows, 2 * kv_heads, head_len), &self.device)?;
            let part = |first: usize| both.narrow(1, first, kv_heads)?.transpose(0, 1);
            let keys = layer.rotation(&global, local.as_ref()).apply(&part(0)?)?;
            cache.add(index, &keys, &part(kv_heads)?)?;
        }
        Ok(())
    }

    fn layers(
        &self,
        readings: &mut [Reading<'_, KvCache>],
        adapter: Option<&Adapter<LowRank>>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Tensor, InferenceError> {
        let failed = |source| compute("decoder", source);
        let pass = self.pass(readings).map_err(failed)?;
        let tokens: Vec<u32> = readings.iter().flat_map(|reading| reading.tokens).copied().collect();
        let mut x = self.embeddings.rows(&tokens)?.to_device(&self.device).map_err(failed)?;
        if tokens.is_empty() {
            return Ok(x);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            if cancelled() {
                return Err(InferenceError::Cancelled);
            }
            let terms = adapter.and_then(|adapter| adapter.layers.get(index));
            x = layer.forward(&x, &pass, readings, terms).map_err(failed)?;
        }
        Ok(x)
    }

    /// Where the rows of the readings stand and what they see.
    fn pass(&self, readings: &[Reading<'_, KvCache>]) -> candle_core::Result<Pass> {
        let positions: Vec<usize> = readings
            .iter()
            .flat_map(|reading| reading.cache.len()..reading.cache.len() + reading.tokens.len())
            .collect();
        let rotation = |speeds: &Speeds| Rotation::new(speeds, &positions, &self.device);
        let sequence = |reading: &Reading<'_, KvCache>| {
            let (first, rows) = (reading.cache.len(), reading.tokens.len());
            let view = |window| View::new(first, rows, window, &self.device);
            let local = self.shape.local.map(|local| view(Some(local.window))).transpose()?;
            Ok(Sequence { rows, global: view(None)?, local })
        };
        Ok(Pass {
            global: rotation(&self.global)?,
            local: self.local.as_ref().map(rotation).transpose()?,
            sequences: readings.iter().map(sequence).collect::<candle_core::Result<_>>()?,
        })
    }

    /// The last matrix for the rows asked for only.
    fn logits(&self, readings: &[Reading<'_, KvCache>], x: &Tensor) -> candle_core::Result<Vec<Vec<f32>>> {
        let mut rows = Vec::new();
        let mut counts = Vec::new();
        let mut start = 0;
        for reading in readings {
            let places = reading.logits.places(reading.tokens.len());
            counts.push(places.len());
            rows.extend(places.into_iter().map(|place| (start + place) as u32));
            start += reading.tokens.len();
        }
        if rows.is_empty() {
            return Ok(vec![Vec::new(); readings.len()]);
        }
        let asked = x.index_select(&Tensor::new(rows, &self.device)?, 0)?;
        let normed = rms_norm(&asked, &self.norm, self.shape.epsilon)?;
        let values = self.head.forward(&normed, None)?.flatten_all()?.to_vec1::<f32>()?;
        let mut values = values.into_iter();
        let each = |count| values.by_ref().take(count * self.head.outputs()).collect();
        Ok(counts.into_iter().map(each).collect())
    }
}
