//! Matrices of weights on a device.

use candle_core::quantized::{GgmlDType, QMatMul, ggml_file};
use candle_core::{DType, Device, Module, Result, Tensor};

use super::LowRank;
use crate::decoder::compute;
use crate::tensors::{Tensors, vector};
use crate::{InferenceError, Precision};

/// Largest number of 16-bit floats.
const LARGEST_HALF: f32 = 65_504.0;

/// What matrices are loaded from, and where to.
pub(super) struct Loading<'a> {
    pub(super) tensors: &'a dyn Tensors,
    pub(super) device: &'a Device,
    pub(super) precision: Precision,
}

impl Loading<'_> {
    /// Loads `name.weight` and `name.bias`, if there is one.
    pub(super) fn load(&self, name: &str) -> std::result::Result<Linear, InferenceError> {
        let bias = format!("{name}.bias");
        let mut linear = self.matrix(&format!("{name}.weight"))?;
        if self.tensors.shape(&bias).is_some() {
            linear.bias = Some(self.vector(&bias)?);
        }
        Ok(linear)
    }

    /// Loads the tensor `name`, `[outputs, inputs]`: in the format it is stored in where candle
    /// multiplies it, floats of 16 bits as such, all others in 32 bits.
    pub(super) fn matrix(&self, name: &str) -> std::result::Result<Linear, InferenceError> {
        let Some(&[outputs, inputs]) = self.tensors.shape(name) else {
            return Err(self.tensors.refuse(format!("the tensor {name} is not a matrix")));
        };
        let stretch = self.tensors.stretch(name)?;
        let weight = if self.precision == Precision::Int8 && is_quantised(stretch.kind) {
            ggml_file::qtensor_from_ggml(stretch.kind, stretch.bytes(), vec![outputs, inputs], self.device)
                .and_then(QMatMul::from_qtensor)
                .map(Weight::Quantised)
        } else {
            let mut values = vec![0.0; outputs * inputs];
            stretch
                .expand(stretch.bytes(), inputs, &mut values)
                .and_then(|()| self.floats(values, (outputs, inputs), stretch.kind))
        };
        Ok(Linear { weight: weight.map_err(|source| compute(name, source))?, bias: None, outputs })
    }

    fn floats(&self, values: Vec<f32>, shape: (usize, usize), kind: GgmlDType) -> Result<Weight> {
        let stored_in_16 = matches!(kind, GgmlDType::F16 | GgmlDType::BF16);
        let halves = stored_in_16
            && self.precision == Precision::Int8
            && values.iter().all(|value| value.abs() <= LARGEST_HALF);
        let matrix = Tensor::from_vec(values, shape, &Device::Cpu)?;
        Ok(if halves {
            Weight::Halves(matrix.to_dtype(DType::F16)?.to_device(self.device)?)
        } else {
            Weight::Floats(matrix.to_device(self.device)?)
        })
    }

    /// Loads a small tensor, such as a norm, in 32-bit floats.
    pub(super) fn vector(&self, name: &str) -> std::result::Result<Tensor, InferenceError> {
        let values = vector(self.tensors, name)?;
        Tensor::new(values, self.device).map_err(|source| compute(name, source))
    }
}

/// Whether candle multiplies the format on every device without expanding it first.
fn is_quantised(kind: GgmlDType) -> bool {
    use GgmlDType::{Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
    matches!(kind, Q2K | Q3K | Q4_0 | Q4_1 | Q4K | Q5_0 | Q5_1 | Q5K | Q6K | Q8_0)
}

/// A matrix and its bias.
pub(super) struct Linear {
    weight: Weight,
    bias: Option<Tensor>,
    outputs: usize,
}

enum Weight {
    /// In the format of the file.
    Quantised(QMatMul),
    /// `[outputs, inputs]` in 16-bit floats.
    Halves(Tensor),
    /// `[outputs, inputs]` in 32-bit floats.
    Floats(Tensor),
}

impl Linear {
    /// `x`, `[rows, inputs]`, times the matrix, with what an adapter adds: `[rows, outputs]`.
    pub(super) fn forward(&self, x: &Tensor, term: Option<&LowRank>) -> Result<Tensor> {
        let product = self.weight.multiply(x)?;
        let product = match &self.bias {
            Some(bias) => product.broadcast_add(bias)?,
            None => product,
        };
        match term {
            Some(term) => product + term.forward(x)?,
            None => Ok(product),
        }
    }

    /// Length of a row of the product.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }
}

impl Weight {
    fn multiply(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Quantised(matrix) => matrix.forward(x),
            Self::Halves(matrix) => {
                // Activations of some models leave the range of 16-bit floats: each row is brought
                // to at most 1 and its product back. The addend keeps a row of zeros from 0 / 0.
                let largest = (x.abs()?.max_keepdim(1)? + 1e-20)?;
                let x = x.broadcast_div(&largest)?.to_dtype(DType::F16)?;
                x.matmul(&matrix.t()?)?.to_dtype(DType::F32)?.broadcast_mul(&largest)
            }
            Self::Floats(matrix) => x.matmul(&matrix.t()?),
        }
    }
}
