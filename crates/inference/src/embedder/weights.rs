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
        // The names of some files start with that of the model's class.
        let prefix = file
            .names()
            .into_iter()
            .find_map(|name| name.strip_suffix("embeddings.word_embeddings.weight").map(str::to_owned))
            .ok_or_else(|| self.invalid("it has no embeddings.word_embeddings.weight".into()))?;
        read(&Tensors { weights: self, file, prefix })
    }

    pub(super) fn invalid(&self, reason: String) -> InferenceError {
        InferenceError::ModelFile { path: self.path.clone(), reason }
    }
}

/// The tensors of an open file.
pub(super) struct Tensors<'a> {
    weights: &'a Weights,
    file: SafeTensors<'a>,
    prefix: String,
}

impl Tensors<'_> {
    /// The values of the tensor `name`, which must have this shape.
    pub(super) fn get(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, InferenceError> {
        let name = format!("{}{name}", self.prefix);
        let tensor =
            self.file.tensor(&name).map_err(|_| self.invalid(format!("the tensor {name} is missing")))?;
        if tensor.shape() != shape {
            return Err(self.invalid(format!(
                "the tensor {name} has the shape {:?} instead of {shape:?}",
                tensor.shape()
            )));
        }
        let data = tensor.data();
        match tensor.dtype() {
            Dtype::F32 => {
                Ok(data.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
            }
            Dtype::F16 => {
                Ok(data.as_chunks::<2>().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect())
            }
            Dtype::BF16 => {
                Ok(data.as_chunks::<2>().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect())
            }
            other => Err(InferenceError::UnsupportedTensorType { tensor: name, kind: format!("{other:?}") }),
        }
    }

    pub(super) fn invalid(&self, reason: String) -> InferenceError {
        self.weights.invalid(reason)
    }
}
