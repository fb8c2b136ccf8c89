//! The decoder of the Llama family (Llama, SmolLM2, Mistral; Qwen2, Qwen3), over candle's tensors
//! with operations of our own.
//!
//! Own, and not candle-transformers', because those keep their key/value cache to themselves: it
//! can be neither cut back nor handed on, which prefix reuse needs. Anything in a file that the
//! decoder does not compute is refused when the file is opened; nothing is skipped in silence.

mod kv;
mod layer;
mod linear;
mod ops;
mod rope;
mod shape;

use candle_core::{Device, Tensor};
use docent_kernels::{Cpu, Matrix, Norm, Stored};

use crate::InferenceError;
use crate::gguf::{Gguf, Mapped, Stretch};
use crate::processor;
pub(crate) use kv::KvCache;
use layer::Layer;
use ops::Project;
use rope::Speeds;
pub(crate) use shape::Shape;

/// Room asked for beside the weights before loading, for activations and the key/value cache.
const WORKING_MEMORY: u64 = 128 << 20;

/// The loaded weights of one model.
pub(crate) struct Decoder {
    cpu: Cpu,
    shape: Shape,
    embeddings: Embeddings,
    layers: Vec<Layer>,
    norm: Vec<f32>,
    head: Matrix,
    speeds: Speeds,
    stored: Stored,
}

impl Decoder {
    /// Loads the weights of `file`, whose `shape` has been read and checked.
    pub(crate) fn load(file: &Gguf, shape: &Shape) -> Result<Self, InferenceError> {
        let need = linear::loaded_bytes(file) + WORKING_MEMORY;
        if let Some(available) = processor::available_memory().filter(|&free| free < need) {
            return Err(InferenceError::NotEnoughMemory { need, available });
        }
        let cpu = processor::cpu();
        let data = file.map()?;
        let layer = |index| Layer::load(&cpu, file, &data, shape, index);
        let head = match file.shape("output.weight") {
            Some(_) => linear::load(&cpu, file, &data, "output")?,
            // The embedding table used the other way round.
            None => linear::pack(&cpu, file, &data, "token_embd.weight")?,
        };
        Ok(Self {
            layers: (0..shape.layers).map(layer).collect::<Result<_, _>>()?,
            speeds: Speeds::read(file, shape)?,
            norm: plain(file, "output_norm.weight")?,
            embeddings: Embeddings::new(file, data, shape.width)?,
            shape: shape.clone(),
            head,
            cpu,
            // Half the memory and half of what is read for each token; what it costs in accuracy is
            // below what the rounding of activations costs.
            stored: Stored::F16,
        })
    }

    /// An empty cache for this model.
    pub(crate) fn new_cache(&self) -> KvCache {
        KvCache::new(self.shape.layers, self.shape.kv_heads, self.shape.head_len, self.stored)
    }

    /// Reads `tokens`, which follow those in `cache`, and adds them to it. With `logits`, gives one
    /// value per token of the vocabulary for what comes after the last of them.
    ///
    /// What a position gives has the same bits however the tokens before it were cut into calls.
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
        let before = cache.len();
        let computed = self.layers(tokens, cache, cancelled);
        if computed.is_err() {
            cache.truncate(before);
        }
        let x = computed?;
        cache.advance();
        if !logits {
            return Ok(None);
        }
        self.logits(&x).map(Some).map_err(|source| compute("logits", source))
    }

    fn layers(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Tensor, InferenceError> {
        let rope = self.speeds.at(cache.len(), tokens.len());
        let mut x = self.embeddings.rows(tokens)?;
        for (index, layer) in self.layers.iter().enumerate() {
            if cancelled() {
                return Err(InferenceError::Cancelled);
            }
            x = layer
                .forward(&self.cpu, &x, &rope, cache.layer(index))
                .map_err(|source| compute("decoder", source))?;
        }
        Ok(x)
    }

    fn logits(&self, x: &Tensor) -> candle_core::Result<Vec<f32>> {
        let last = x.narrow(0, x.dim(0)? - 1, 1)?;
        let norm = Norm::Rms(&self.norm, self.shape.epsilon);
        let project = Project { cpu: &self.cpu, norm, matrices: &[&self.head] };
        last.apply_op1_no_bwd(&project)?.flatten_all()?.to_vec1()
    }
}

/// The table of the tokens' vectors, as it lies in the file.
struct Embeddings {
    data: Mapped,
    table: Stretch,
    width: usize,
}

impl Embeddings {
    fn new(file: &Gguf, data: Mapped, width: usize) -> Result<Self, InferenceError> {
        let table = file.stretch(&data, "token_embd.weight")?;
        Ok(Self { data, table, width })
    }

    /// `[tokens, width]`
    fn rows(&self, tokens: &[u32]) -> Result<Tensor, InferenceError> {
        let failed = |source| compute("token embeddings", source);
        let (kind, bytes) = (self.table.kind, self.data.bytes(&self.table));
        let row_len = self.width / kind.block_size() * kind.type_size();
        let mut rows = vec![0.0; tokens.len() * self.width];
        for (&token, out) in tokens.iter().zip(rows.chunks_exact_mut(self.width)) {
            let start = token as usize * row_len;
            let row = bytes.get(start..start + row_len).ok_or_else(|| InferenceError::Compute {
                step: format!("token {token} is not in the vocabulary"),
                source: None,
            })?;
            match linear::format(kind) {
                Some(format) => format.row_to_f32(row, self.width, out),
                None => expand(kind, row, self.width, out).map_err(failed)?,
            }
        }
        Tensor::from_vec(rows, (tokens.len(), self.width), &Device::Cpu).map_err(failed)
    }
}

/// A row in a format that only candle reads.
fn expand(
    kind: candle_core::quantized::GgmlDType,
    row: &[u8],
    width: usize,
    out: &mut [f32],
) -> candle_core::Result<()> {
    let tensor = candle_core::quantized::ggml_file::qtensor_from_ggml(kind, row, vec![width], &Device::Cpu)?;
    out.copy_from_slice(&tensor.dequantize(&Device::Cpu)?.to_vec1::<f32>()?);
    Ok(())
}

/// A small tensor, such as a norm, as 32-bit floats.
fn plain(file: &Gguf, name: &str) -> Result<Vec<f32>, InferenceError> {
    let tensor = file.tensor(name)?;
    let values = tensor.dequantize(&Device::Cpu).and_then(|values| values.flatten_all()?.to_vec1());
    values.map_err(|source| compute(name, source))
}

fn compute(step: &str, source: candle_core::Error) -> InferenceError {
    InferenceError::Compute { step: step.to_owned(), source: Some(Box::new(source)) }
}

#[cfg(test)]
mod tests;
