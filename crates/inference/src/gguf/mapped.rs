//! The data of a GGUF file, mapped into memory.

use std::ops::Range;

use candle_core::quantized::GgmlDType;
use memmap2::Mmap;

use super::{Gguf, supported, unsupported};
use crate::{InferenceError, mapped};

/// A mapped file.
pub(crate) struct Mapped(Mmap);

/// Where a stored tensor lies in its mapped file, and its format.
pub(crate) struct Stretch {
    pub(crate) kind: GgmlDType,
    range: Range<usize>,
}

impl Mapped {
    /// The bytes of a stretch of this file.
    pub(crate) fn bytes(&self, stretch: &Stretch) -> &[u8] {
        &self.0[stretch.range.clone()]
    }
}

impl Gguf {
    /// Maps the file.
    pub(crate) fn map(&self) -> Result<Mapped, InferenceError> {
        mapped::map(&self.path).map(Mapped)
    }

    /// Where the tensor `name`, which must be there, lies in the mapped file.
    pub(crate) fn stretch(&self, data: &Mapped, name: &str) -> Result<Stretch, InferenceError> {
        let info =
            self.tensors.get(name).ok_or_else(|| self.invalid(format!("the tensor {name} is missing")))?;
        let kind = supported(info.kind).ok_or_else(|| unsupported(name, info.kind))?;
        let start = self.data_start.saturating_add(info.offset);
        let end = start.saturating_add(self.extent(name, info)?);
        let have = data.0.len() as u64;
        if end > have {
            return Err(InferenceError::ModelTruncated { path: self.path.clone(), need: end, have });
        }
        Ok(Stretch { kind, range: start as usize..end as usize })
    }
}
