//! The tensors of a safetensors file, as 32-bit floats.

use std::path::{Path, PathBuf};

use half::{bf16, f16};
use memmap2::Mmap;
use safetensors::{Dtype, SafeTensors};

use crate::{InferenceError, mapped};

/// A mapped file of weights.
pub(super) struct Weights {
    path: PathBuf,
    map: Mmap,
}

impl Weights {
    pub(super) fn open(path: &Path) -> Result<Self, InferenceError> {
        Ok(Self { path: path.to_owned(), map: mapped::map(path)? })
    }

    /// Reads tensors by `read`, which is given the parsed file.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Tensors<'_>) -> Result<T, InferenceError>,
    ) -> Result<T, InferenceError> {
        let file = SafeTensors::deserialize(&self.map).map_err(|error| self.invalid(error.to_string()))?;
        read(&Tensors { weights: self, file })
    }

    fn invalid(&self, reason: String) -> InferenceError {
        InferenceError::ModelFile { path: self.path.clone(), reason }
    }
}

/// The tensors of an open file.
pub(super) struct Tensors<'a> {
    weights: &'a Weights,
    file: SafeTensors<'a>,
}

impl Tensors<'_> {
    /// What stands before `name` in the file: the names of some files start with that of the
    /// model's class.
    pub(super) fn before(&self, name: &str) -> Result<String, InferenceError> {
        let names = self.file.names().into_iter();
        let found = names.filter_map(|full| full.strip_suffix(name)).min_by_key(|before| before.len());
        found.map(str::to_owned).ok_or_else(|| self.missing(name))
    }

    /// The values of the tensor `name`, which must have this shape and be made of numbers: an
    /// infinity or none at all would be hidden by 8 bits.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, InferenceError> {
        let tensor = self.file.tensor(name).map_err(|_| self.missing(name))?;
        if tensor.shape() != shape {
            return Err(self.weights.invalid(format!(
                "the tensor {name} has the shape {:?} instead of {shape:?}",
                tensor.shape()
            )));
        }
        let data = tensor.data();
        let values: Vec<f32> = match tensor.dtype() {
            Dtype::F32 => data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            Dtype::F16 => {
                data.as_chunks::<2>().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect()
            }
            Dtype::BF16 => {
                data.as_chunks::<2>().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect()
            }
            other => {
                return Err(InferenceError::UnsupportedTensorType {
                    tensor: name.to_owned(),
                    kind: format!("{other:?}"),
                });
            }
        };
        if values.iter().all(|value| value.is_finite()) {
            Ok(values)
        } else {
            Err(self.weights.invalid(format!("the tensor {name} has values that are no numbers")))
        }
    }

    fn missing(&self, name: &str) -> InferenceError {
        self.weights.invalid(format!("the tensor {name} is missing"))
    }
}
