//! Matrices of weights, packed for the kernels as they are loaded.

use candle_core::Device;
use candle_core::quantized::GgmlDType;
use docent_kernels::{Cpu, Format, Matrix};

use crate::InferenceError;
use crate::gguf::{Gguf, Mapped};

/// Packs `name.weight` and takes `name.bias`, if there is one.
pub(super) fn load(cpu: &Cpu, file: &Gguf, data: &Mapped, name: &str) -> Result<Matrix, InferenceError> {
    let matrix = pack(cpu, file, data, &format!("{name}.weight"))?;
    let bias = format!("{name}.bias");
    Ok(match file.shape(&bias) {
        Some(_) => matrix.with_bias(&super::plain(file, &bias)?),
        None => matrix,
    })
}

/// Packs the tensor `name`, `[outputs, inputs]`.
///
/// What the kernels do not multiply as it is, formats of 2 and 3 bits, becomes Q8_0, at a relative
/// error of about 0.4 % of a block's largest value.
pub(super) fn pack(cpu: &Cpu, file: &Gguf, data: &Mapped, name: &str) -> Result<Matrix, InferenceError> {
    let shape = file.shape(name).unwrap_or_default();
    let &[outputs, inputs] = shape else {
        return Err(file.invalid(format!("the tensor {name} is not a matrix")));
    };
    if !inputs.is_multiple_of(32) {
        return Err(file.invalid(format!("the tensor {name} is {inputs} wide, which is no multiple of 32")));
    }
    let stretch = file.stretch(data, name)?;
    let packed = match format(stretch.kind) {
        Some(format) => Matrix::pack(cpu, format, data.bytes(&stretch), outputs, inputs),
        None => {
            let failed = |source| super::compute(name, source);
            let exact = file.tensor(name)?.dequantize(&Device::Cpu).map_err(failed)?;
            let values = exact.flatten_all().and_then(|all| all.to_vec1::<f32>()).map_err(failed)?;
            Some(Matrix::quantise(cpu, &values, outputs, inputs))
        }
    };
    packed.ok_or_else(|| file.invalid(format!("the tensor {name} has an impossible size")))
}

/// The kernels' word for a format of the file, if they multiply it.
pub(super) fn format(kind: GgmlDType) -> Option<Format> {
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

/// Bytes that the weights of `file` take once packed.
pub(super) fn loaded_bytes(file: &Gguf) -> u64 {
    file.formats().map(|(kind, elements)| elements * bytes_of_32(kind) / 32).sum()
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
