//! Reads the parts of an encoder from its file of weights.

use std::path::Path;

use docent_kernels::{Cpu, Matrix};

use super::layer::LayerNorm;
use super::settings::Settings;
use super::weights::{Tensors, Weights};
use crate::{InferenceError, Precision, processor};

/// Room asked for beside the weights before loading.
const WORKING_MEMORY: u64 = 64 << 20;

/// Reads parts by the names of their tensors; matrices in the precision that is asked for, the
/// rest in 32 bits.
pub(crate) struct Loader<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) settings: &'a Settings,
    file: &'a Tensors<'a>,
    /// Stands before every name: that of the encoder in the model's class, if it has one.
    prefix: String,
    pub(super) precision: Precision,
}

/// Opens the file of weights for `read`.
pub(crate) fn load<T>(
    path: &Path,
    settings: &Settings,
    precision: Precision,
    read: impl FnOnce(&Loader<'_>) -> Result<T, InferenceError>,
) -> Result<T, InferenceError> {
    fits(path)?;
    let cpu = processor::cpu();
    Weights::open(path)?.read(|file| {
        let prefix = file.before(settings.architecture.words())?;
        read(&Loader { cpu: &cpu, settings, file, prefix, precision })
    })
}

impl<'a> Loader<'a> {
    /// For tensors beside the encoder.
    pub(super) fn outside(&self) -> Loader<'a> {
        Loader { prefix: String::new(), ..*self }
    }

    /// For what is multiplied too rarely for 8 bits to be worth their error.
    pub(super) fn exact(&self) -> Loader<'a> {
        Loader { prefix: self.prefix.clone(), precision: Precision::F32, ..*self }
    }

    /// The values of a tensor of this shape.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, InferenceError> {
        self.file.get(&format!("{}{name}", self.prefix), shape)
    }

    /// The matrices of these names above one another, each of `outputs` rows.
    pub(super) fn matrix(
        &self,
        names: &[String],
        outputs: usize,
        inputs: usize,
        bias: bool,
    ) -> Result<Matrix, InferenceError> {
        let (mut weights, mut biases) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.tensor(&format!("{name}.weight"), &[outputs, inputs])?);
            if bias {
                biases.extend(self.tensor(&format!("{name}.bias"), &[outputs])?);
            }
        }
        Ok(self.pack(&weights, &biases, inputs))
    }

    /// The two halves of a matrix of `2 outputs` rows.
    pub(super) fn halves(
        &self,
        name: &str,
        outputs: usize,
        inputs: usize,
        bias: bool,
    ) -> Result<[Matrix; 2], InferenceError> {
        let weights = self.tensor(&format!("{name}.weight"), &[2 * outputs, inputs])?;
        let biases = if bias { self.tensor(&format!("{name}.bias"), &[2 * outputs])? } else { Vec::new() };
        let (first, second) = weights.split_at(outputs * inputs);
        let (first_bias, second_bias) = biases.split_at(biases.len() / 2);
        Ok([self.pack(first, first_bias, inputs), self.pack(second, second_bias, inputs)])
    }

    fn pack(&self, weights: &[f32], bias: &[f32], inputs: usize) -> Matrix {
        let outputs = weights.len() / inputs;
        let matrix = match self.precision {
            Precision::F32 => Matrix::exact(self.cpu, weights, outputs, inputs),
            Precision::Int8 | Precision::Int16 => Matrix::quantise(self.cpu, weights, outputs, inputs),
        };
        if bias.is_empty() { matrix } else { matrix.with_bias(bias) }
    }

    /// A norm of the encoder's width.
    pub(super) fn norm(&self, name: &str, bias: bool) -> Result<LayerNorm, InferenceError> {
        let width = self.settings.width;
        Ok(LayerNorm {
            weight: self.tensor(&format!("{name}.weight"), &[width])?,
            bias: bias.then(|| self.tensor(&format!("{name}.bias"), &[width])).transpose()?,
            epsilon: self.settings.epsilon,
        })
    }
}

/// Whether a file can be held once as it is and once packed.
fn fits(path: &Path) -> Result<(), InferenceError> {
    let length = std::fs::metadata(path)
        .map_err(|source| InferenceError::Read { path: path.to_owned(), source })?
        .len();
    let need = 2 * length + WORKING_MEMORY;
    match processor::available_memory().filter(|&free| free < need) {
        Some(available) => Err(InferenceError::NotEnoughMemory { need, available }),
        None => Ok(()),
    }
}
