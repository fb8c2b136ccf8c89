//! Matrices of weights, packed for the kernels as they are loaded.

use std::ops::Range;

use candle_core::quantized::GgmlDType;
use docent_kernels::{Cpu, Matrix};

use crate::InferenceError;
use crate::tensors::{Tensors, format, vector};

/// Packs `name.weight` and takes `name.bias`, if there is one.
pub(super) fn load(cpu: &Cpu, tensors: &dyn Tensors, name: &str) -> Result<Matrix, InferenceError> {
    let matrix = pack(cpu, tensors, &format!("{name}.weight"))?;
    let bias = format!("{name}.bias");
    Ok(match tensors.shape(&bias) {
        Some(_) => matrix.with_bias(&vector(tensors, &bias)?),
        None => matrix,
    })
}

/// Packs the tensor `name`, `[outputs, inputs]`.
pub(super) fn pack(cpu: &Cpu, tensors: &dyn Tensors, name: &str) -> Result<Matrix, InferenceError> {
    let outputs = tensors.shape(name).and_then(|shape| shape.first().copied()).unwrap_or(0);
    pack_rows(cpu, tensors, name, 0..outputs)
}

/// Packs some rows of the tensor `name`, `[outputs, inputs]`.
///
/// What the kernels do not multiply as it is, formats of 2 and 3 bits, becomes Q8_0, at a relative
/// error of about 0.4 % of a block's largest value.
pub(super) fn pack_rows(
    cpu: &Cpu,
    tensors: &dyn Tensors,
    name: &str,
    rows: Range<usize>,
) -> Result<Matrix, InferenceError> {
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
    let packed = match format(stretch.kind) {
        Some(format) => Matrix::pack(cpu, format, bytes, outputs, inputs),
        None => {
            let mut values = vec![0.0; outputs * inputs];
            stretch.expand(bytes, inputs, &mut values).map_err(|source| super::compute(name, source))?;
            Some(Matrix::quantise(cpu, &values, outputs, inputs))
        }
    };
    packed.ok_or_else(impossible)
}

/// Bytes that the weights take once packed.
pub(super) fn loaded_bytes(tensors: &dyn Tensors) -> u64 {
    tensors.formats().into_iter().map(|(kind, elements)| elements * bytes_of_32(kind) / 32).sum()
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
