//! Matrices of weights as they are stored, multiplied in the way that is fastest for them.
//!
//! candle multiplies 4- and 5-bit blocks of the formats Q4_1, Q5_0 and Q5_1 one value at a time;
//! they are re-quantised to Q8_0 at load, which its vector code handles, at a relative error of
//! about 0.4 % of a block's largest value. And whatever the format, many rows at once are cheaper
//! as 32-bit floats, unless candle has a matrix kernel for the format.

use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module, Result, Tensor};

use super::{compute, plain};
use crate::InferenceError;
use crate::gguf::Gguf;

/// From this many rows on, weights are expanded to 32-bit floats for the multiplication.
const EXPAND_FROM: usize = 16;

/// `y = x W^T + b`
pub(super) struct Linear {
    weight: Arc<QTensor>,
    product: QMatMul,
    bias: Option<Tensor>,
    expand: bool,
}

impl Linear {
    /// Loads `name.weight` and, if there is one, `name.bias`.
    pub(super) fn load(file: &Gguf, name: &str) -> std::result::Result<Self, InferenceError> {
        let weight = Arc::new(fast(file.tensor(&format!("{name}.weight"))?, file)?);
        let bias = match file.shape(&format!("{name}.bias")) {
            Some(_) => Some(plain(file, &format!("{name}.bias"))?),
            None => None,
        };
        Self::new(weight, bias).map_err(|source| compute(name, source))
    }

    /// The embedding table used the other way round.
    pub(super) fn tied(embeddings: &Arc<QTensor>) -> Result<Self> {
        Self::new(Arc::clone(embeddings), None)
    }

    fn new(weight: Arc<QTensor>, bias: Option<Tensor>) -> Result<Self> {
        Ok(Self {
            product: QMatMul::from_arc(Arc::clone(&weight))?,
            expand: !has_matrix_kernel(&weight),
            weight,
            bias,
        })
    }

    /// `x` is `[rows, inputs]`, the result `[rows, outputs]`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let rows = x.dim(0)?;
        let y = match &self.product {
            QMatMul::QTensor(_) if self.expand && rows >= EXPAND_FROM => {
                x.matmul(&self.weight.dequantize(&Device::Cpu)?.t()?)?
            }
            product => product.forward(x)?,
        };
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

/// Whether candle multiplies this weight with many rows by register tiles; by its own rules.
fn has_matrix_kernel(weight: &QTensor) -> bool {
    let dims = weight.shape().dims();
    let divisible = dims.len() == 2 && dims[0] % 16 == 0 && dims[1] % 256 == 0;
    divisible && matches!(weight.dtype(), GgmlDType::Q4K | GgmlDType::Q6K)
}

/// The same weights in a format that is multiplied by vector code.
pub(super) fn fast(weight: QTensor, file: &Gguf) -> std::result::Result<QTensor, InferenceError> {
    if !is_scalar(weight.dtype()) {
        return Ok(weight);
    }
    weight
        .dequantize(&Device::Cpu)
        .and_then(|weight| QTensor::quantize(&weight, GgmlDType::Q8_0))
        .map_err(|source| file.invalid(format!("its weights cannot be converted: {source}")))
}

fn is_scalar(kind: GgmlDType) -> bool {
    matches!(kind, GgmlDType::Q4_1 | GgmlDType::Q5_0 | GgmlDType::Q5_1)
}

/// Bytes that the weights of `file` take once loaded.
pub(super) fn loaded_bytes(file: &Gguf) -> u64 {
    file.formats()
        .map(|(kind, elements)| {
            let kind = match kind {
                kind if is_scalar(kind) => GgmlDType::Q8_0,
                GgmlDType::F16 | GgmlDType::BF16 => GgmlDType::F32,
                kind => kind,
            };
            elements / kind.block_size() as u64 * kind.type_size() as u64
        })
        .sum()
}
