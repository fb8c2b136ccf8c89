//! The tensors of a GGUF file, mapped into memory.

use std::sync::{Arc, PoisonError};

use candle_core::quantized::GgmlDType;
use memmap2::Mmap;

use super::{Gguf, supported, unsupported};
use crate::tensors::{Stretch, Tensors};
use crate::{InferenceError, mapped};

impl Gguf {
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
        let start = self.data_start.saturating_add(info.offset);
        let end = start.saturating_add(self.extent(name, info)?);
        let map = self.map()?;
        let have = map.len() as u64;
        Stretch::new(kind, map, start as usize..end as usize).ok_or_else(|| InferenceError::ModelTruncated {
            path: self.path.clone(),
            need: end,
            have,
        })
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
