//! The data of a GGUF file, mapped into memory.

use std::fs::File;

use candle_core::quantized::GgmlDType;
use memmap2::Mmap;

use super::{Gguf, supported, unsupported};
use crate::InferenceError;

/// A mapped file; its pages are the system's and can be dropped and read again at any time.
pub(crate) struct Mapped(Mmap);

impl Gguf {
    /// Maps the file.
    pub(crate) fn map(&self) -> Result<Mapped, InferenceError> {
        let unreadable = |source| InferenceError::Read { path: self.path.clone(), source };
        let file = File::open(&self.path).map_err(unreadable)?;
        #[allow(
            unsafe_code,
            reason = "the file is an installed model, verified by its hash and never written again; \
                      a map is how its weights are read without a second copy in memory"
        )]
        // SAFETY: as the reason says; what lies in the map is bytes, every range of them checked.
        let map = unsafe { Mmap::map(&file) }.map_err(unreadable)?;
        Ok(Mapped(map))
    }

    /// The tensor `name`, which must be there, as it is stored.
    pub(crate) fn bytes<'a>(
        &self,
        data: &'a Mapped,
        name: &str,
    ) -> Result<(GgmlDType, &'a [u8]), InferenceError> {
        let info =
            self.tensors.get(name).ok_or_else(|| self.invalid(format!("the tensor {name} is missing")))?;
        let kind = supported(info.kind).ok_or_else(|| unsupported(name, info.kind))?;
        let start = self.data_start.saturating_add(info.offset);
        let end = start.saturating_add(self.extent(name, info)?);
        match data.0.get(start as usize..end as usize) {
            Some(bytes) => Ok((kind, bytes)),
            None => Err(InferenceError::ModelTruncated {
                path: self.path.clone(),
                need: end,
                have: data.0.len() as u64,
            }),
        }
    }
}
