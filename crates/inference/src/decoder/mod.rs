//! The decoder of the Llama family (Llama, SmolLM2, Mistral; Qwen2, Qwen3), over candle's tensors.
//!
//! Own, and not candle-transformers', because those keep their key/value cache to themselves: it
//! can be neither cut back nor handed on, which prefix reuse needs. Anything in a file that the
//! decoder does not compute is refused when the file is opened; nothing is skipped in silence.

mod attention;
mod kv;
mod layer;
mod linear;
mod rope;
mod shape;

use std::sync::Arc;

use candle_core::quantized::QTensor;
use candle_core::{Device, Tensor};
use rayon::prelude::*;

use crate::InferenceError;
use crate::gguf::Gguf;
use crate::processor;
use attention::causal_mask;
pub(crate) use kv::KvCache;
use layer::Layer;
use linear::Linear;
use rope::Rope;
pub(crate) use shape::Shape;

/// Room asked for beside the weights before loading, for activations and the key/value cache.
const WORKING_MEMORY: u64 = 128 << 20;

/// The loaded weights of one model.
pub(crate) struct Decoder {
    shape: Shape,
    embeddings: Arc<QTensor>,
    layers: Vec<Layer>,
    norm: Tensor,
    head: Linear,
    rope: Rope,
}

impl Decoder {
    /// Loads the weights of `file`, whose `shape` has been read and checked.
    pub(crate) fn load(file: &Gguf, shape: &Shape) -> Result<Self, InferenceError> {
        let need = linear::loaded_bytes(file) + WORKING_MEMORY;
        if let Some(available) = processor::available_memory().filter(|&free| free < need) {
            return Err(InferenceError::NotEnoughMemory { need, available });
        }
        let embeddings = Arc::new(linear::fast(file.tensor("token_embd.weight")?, file)?);
        let head = match file.shape("output.weight") {
            Some(_) => Linear::load(file, "output")?,
            None => Linear::tied(&embeddings).map_err(|source| compute("tied head", source))?,
        };
        let layers = (0..shape.layers)
            .into_par_iter()
            .map(|index| Layer::load(file, shape, index))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            rope: Rope::read(file, shape)?,
            norm: plain(file, "output_norm.weight")?,
            shape: shape.clone(),
            embeddings,
            layers,
            head,
        })
    }

    /// An empty cache for this model.
    pub(crate) fn new_cache(&self) -> KvCache {
        KvCache::new(self.shape.layers)
    }

    /// Reads `tokens`, which follow those in `cache`, and adds them to it. With `logits`, gives one
    /// value per token of the vocabulary for what comes after the last of them.
    ///
    /// # Errors
    /// [`InferenceError::Cancelled`] as soon as `cancelled` holds, [`InferenceError::Compute`] if
    /// computing fails; the cache then holds what it held before.
    pub(crate) fn forward(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        logits: bool,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<f32>>, InferenceError> {
        let failed = |source| compute("decoder", source);
        let start = cache.len();
        let ids = Tensor::new(tokens, &Device::Cpu).map_err(failed)?;
        let mut x = self.embeddings.embedding(&ids).map_err(failed)?;
        let rotation = self.rope.at(start, tokens.len()).map_err(failed)?;
        let mask = causal_mask(tokens.len(), start).map_err(failed)?;
        for (index, layer) in self.layers.iter().enumerate() {
            if cancelled() {
                return Err(InferenceError::Cancelled);
            }
            x = layer.forward(&x, &rotation, mask.as_ref(), cache, index).map_err(failed)?;
        }
        cache.advance(tokens.len());
        if !logits {
            return Ok(None);
        }
        self.logits(&x).map(Some).map_err(failed)
    }

    fn logits(&self, x: &Tensor) -> candle_core::Result<Vec<f32>> {
        let last = x.narrow(0, x.dim(0)? - 1, 1)?.contiguous()?;
        let last = candle_nn::ops::rms_norm(&last, &self.norm, self.shape.epsilon)?;
        self.head.forward(&last)?.flatten_all()?.to_vec1()
    }
}

/// A small tensor, such as a norm, as 32-bit floats.
fn plain(file: &Gguf, name: &str) -> Result<Tensor, InferenceError> {
    file.tensor(name)?.dequantize(&Device::Cpu).map_err(|source| compute(name, source))
}

fn compute(step: &str, source: candle_core::Error) -> InferenceError {
    InferenceError::Compute { step: step.to_owned(), source: Some(Box::new(source)) }
}

#[cfg(test)]
mod tests;
