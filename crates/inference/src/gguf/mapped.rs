//! The tensors of a model, mapped into memory.

use std::sync::{Arc, PoisonError};

use candle_core::quantized::GgmlDType;
use memmap2::Mmap;

use super::{DataFile, Gguf, supported, unsupported};
use crate::tensors::{Stretch, Tensors};
use crate::{InferenceError, mapped};

impl DataFile {
    /// The mapped file; mapped anew once nothing holds it any more.
    fn map(&self) -> Result<Arc<Mmap>, InferenceError> {
        let mut known = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(map) = known.upgrade() {
            return Ok(map);
        }
        let map = Arc::new(mapped::map(&self.path)?);
        *known = Arc::downgrade(&map);
        Ok(map)
    }
}

impl Tensors for Gguf {
    fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|info| info.shape.as_slice())
    }

    fn stretch(&self, name: &str) -> Result<Stretch, InferenceError> {
        let info =
            self.tensors.get(name).ok_or_else(|| self.invalid(format!("the tensor {name} is missing")))?;
        let kind = supported(info.kind).ok_or_else(|| unsupported(name, info.kind))?;
        if let Some(made) = self.made.get(name) {
            let all = 0..made.len();
            let made: Arc<dyn AsRef<[u8]> + Send + Sync> = made.clone();
            return Stretch::new(kind, made, all).ok_or_else(|| self.invalid(name));
        }
        let file = self.files.get(info.file).ok_or_else(|| self.invalid(format!("{name} is in no file")))?;
        let start = file.start.saturating_add(info.offset);
        let need = start.saturating_add(self.extent(name, info)?);
        let map = file.map()?;
        let have = map.len() as u64;
        Stretch::new(kind, map, start as usize..need as usize).ok_or_else(|| InferenceError::ModelTruncated {
            path: file.path.clone(),
            need,
            have,
        })
    }

    fn offset(&self, name: &str) -> f32 {
        if name.ends_with("norm.weight") { self.norm_offset } else { 0.0 }
    }

    fn count(&self) -> usize {
        self.tensors.len()
    }

    fn formats(&self) -> Vec<(GgmlDType, u64)> {
        let known = self.tensors.values().filter_map(|info| {
            let elements = info.shape.iter().map(|&dim| dim as u64).product();
            Some((supported(info.kind)?, elements))
        });
        known.collect()
    }

    fn refuse(&self, reason: String) -> InferenceError {
        self.invalid(reason)
    }
}
