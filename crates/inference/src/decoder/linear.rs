//! Matrices of weights, packed for the kernels as they are loaded.

use std::ops::Range;

use candle_core::quantized::GgmlDType;
use docent_kernels::{Cpu, Matrix};

use crate::tensors::{Tensors, format, vector};
use crate::{InferenceError, Precision};

/// What matrices are packed from, and for what.
pub(super) struct Packing<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) tensors: &'a dyn Tensors,
    pub(super) precision: Precision,
}

impl Packing<'_> {
    /// Packs `name.weight` and takes `name.bias`, if there is one.
    pub(super) fn load(&self, name: &str) -> Result<Matrix, InferenceError> {
        let matrix = self.pack(&format!("{name}.weight"))?;
        let bias = format!("{name}.bias");
        Ok(match self.tensors.shape(&bias) {
            Some(_) => matrix.with_bias(&vector(self.tensors, &bias)?),
            None => matrix,
        })
    }

    /// Packs the tensor `name`, `[outputs, inputs]`.
    pub(super) fn pack(&self, name: &str) -> Result<Matrix, InferenceError> {
        let outputs = self.tensors.shape(name).and_then(|shape| shape.first().copied()).unwrap_or(0);
        self.pack_rows(name, 0..outputs)
    }

    /// Packs some rows of the tensor `name`, `[outputs, inputs]`: in the format they are stored in, or
    /// as 32-bit floats if that is asked for.
    ///
    /// What the kernels do not multiply as it is, formats of 2 and 3 bits, becomes Q8_0, at a relative
    /// error of about 0.4 % of a block's largest value.
    pub(super) fn pack_rows(&self, name: &str, rows: Range<usize>) -> Result<Matrix, InferenceError> {
        let Self { cpu, tensors, precision } = *self;
        let shape = tensors.shape(name).unwrap_or_default();
        let &[_, inputs] = shape else {
            return Err(tensors.refuse(format!("the tensor {name} is not a matrix")));
        };
        if !inputs.is_multiple_of(32) {
            let reason = format!("the tensor {name} is {inputs} wide, which is no multiple of 32");
            return Err(tensors.refuse(reason));
        }
        let impossible = || tensors.refuse(format!("the tensor {name} has an impossible size"));
        let stretch = tensors.stretch(name)?;
        let outputs = rows.len();
        let bytes = stretch.rows(rows, inputs).ok_or_else(impossible)?;
        let stored = format(stretch.kind).filter(|_| precision != Precision::F32);
        if let Some(format) = stored {
            return Matrix::pack(cpu, format, bytes, outputs, inputs).ok_or_else(impossible);
        }
        let mut values = vec![0.0; outputs * inputs];
        stretch.expand(bytes, inputs, &mut values).map_err(|source| super::compute(name, source))?;
        Ok(match precision {
            Precision::Int8 | Precision::Int16 => Matrix::quantise(cpu, &values, outputs, inputs),
            Precision::F32 => Matrix::exact(cpu, &values, outputs, inputs),
        })
    }
}

/// Bytes that the weights take once packed.
pub(super) fn loaded_bytes(tensors: &dyn Tensors, precision: Precision) -> u64 {
    let bytes = |(kind, elements): (GgmlDType, u64)| match precision {
        Precision::Int8 | Precision::Int16 => elements.saturating_mul(bytes_of_32(kind)) / 32,
        Precision::F32 => elements.saturating_mul(4),
    };
    tensors.formats().into_iter().map(bytes).fold(0, u64::saturating_add)
}

/// Bytes that 32 values take once packed: their codes and the scales and minima beside them.
fn bytes_of_32(kind: GgmlDType) -> u64 {
    match kind {
        GgmlDType::Q4_0 => 16 + 2,
        GgmlDType::Q4_1 => 16 + 4,
        GgmlDType::Q4K => 16 + 8,
        GgmlDType::Q5_1 => 32 + 4,
        GgmlDType::Q5K | GgmlDType::Q6K => 32 + 8,
        GgmlDType::F16 => 64,
        GgmlDType::F32 | GgmlDType::BF16 => 128,
        _ => 32 + 2,
    }
}
