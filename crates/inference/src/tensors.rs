//! Tensors of a model by name, wherever they are stored.

use std::ops::Range;
use std::sync::Arc;

use candle_core::Device;
use candle_core::quantized::{GgmlDType, ggml_file};
use docent_kernels::Format;

use crate::InferenceError;

/// The tensors of one model, by the names that GGUF files use.
pub(crate) trait Tensors {
    /// The shape of a tensor, row-major, if the model has it.
    fn shape(&self, name: &str) -> Option<&[usize]>;

    /// Where the tensor `name`, which must be there, is stored.
    fn stretch(&self, name: &str) -> Result<Stretch, InferenceError>;

    /// Number of tensors.
    fn count(&self) -> usize;

    /// Format and number of elements of every tensor whose format is known.
    fn formats(&self) -> Vec<(GgmlDType, u64)>;

    /// What has to be added to the stored values of the vector `name`.
    fn offset(&self, _name: &str) -> f32 {
        0.0
    }

    /// "This model is not usable because".
    fn refuse(&self, reason: String) -> InferenceError;
}

/// The bytes of a stored tensor, mostly in a mapped file, and their format.
#[derive(Clone)]
pub(crate) struct Stretch {
    pub(crate) kind: GgmlDType,
    data: Arc<dyn AsRef<[u8]> + Send + Sync>,
    range: Range<usize>,
}

impl Stretch {
    /// The bytes `range` of `data`; `None` if it has fewer.
    pub(crate) fn new(
        kind: GgmlDType,
        data: Arc<dyn AsRef<[u8]> + Send + Sync>,
        range: Range<usize>,
    ) -> Option<Self> {
        (*data).as_ref().get(range.clone())?;
        Some(Self { kind, data, range })
    }

    /// The bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &(*self.data).as_ref()[self.range.clone()]
    }

    /// Some of the rows, `width` values each.
    pub(crate) fn rows(&self, rows: Range<usize>, width: usize) -> Option<&[u8]> {
        let row = width / self.kind.block_size() * self.kind.type_size();
        self.bytes().get(rows.start * row..rows.end * row)
    }

    /// The values of `bytes`, which are rows of this tensor of `width` values, to `out`.
    pub(crate) fn expand(&self, bytes: &[u8], width: usize, out: &mut [f32]) -> candle_core::Result<()> {
        if let Some(format) = format(self.kind) {
            let row = width / self.kind.block_size() * self.kind.type_size();
            for (bytes, out) in bytes.chunks_exact(row).zip(out.chunks_exact_mut(width)) {
                format.row_to_f32(bytes, width, out);
            }
            return Ok(());
        }
        // A format that only candle reads.
        let tensor = ggml_file::qtensor_from_ggml(self.kind, bytes, vec![out.len()], &Device::Cpu)?;
        out.copy_from_slice(&tensor.dequantize(&Device::Cpu)?.to_vec1::<f32>()?);
        Ok(())
    }
}

/// A small tensor, such as a norm, as 32-bit floats.
pub(crate) fn vector(tensors: &dyn Tensors, name: &str) -> Result<Vec<f32>, InferenceError> {
    let stretch = tensors.stretch(name)?;
    let width = tensors.shape(name).map_or(0, |shape| shape.iter().product());
    let mut values = vec![0.0; width];
    stretch.expand(stretch.bytes(), width, &mut values).map_err(|source| InferenceError::Compute {
        step: name.to_owned(),
        source: Some(Box::new(source)),
    })?;
    let offset = tensors.offset(name);
    values.iter_mut().for_each(|value| *value += offset);
    Ok(values)
}

/// The kernels' word for a format, if they multiply it.
pub(crate) fn format(kind: GgmlDType) -> Option<Format> {
    Some(match kind {
        GgmlDType::F32 => Format::F32,
        GgmlDType::F16 => Format::F16,
        GgmlDType::BF16 => Format::Bf16,
        GgmlDType::Q4_0 => Format::Q4_0,
        GgmlDType::Q4_1 => Format::Q4_1,
        GgmlDType::Q5_0 => Format::Q5_0,
        GgmlDType::Q5_1 => Format::Q5_1,
        GgmlDType::Q8_0 => Format::Q8_0,
        GgmlDType::Q4K => Format::Q4K,
        GgmlDType::Q5K => Format::Q5K,
        GgmlDType::Q6K => Format::Q6K,
        _ => return None,
    })
}
