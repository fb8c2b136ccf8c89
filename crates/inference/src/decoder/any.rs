//! A decoder on the processor or on a device of candle's: what is built on top need not know which.

use std::ops::Range;
use std::path::Path;

use candle_core::Device;

use super::{Logits, Segment, Shape, compute, device};
use crate::tensors::Tensors;
use crate::{InferenceError, Precision};

/// The loaded weights of one model.
pub(crate) enum Decoder {
    Kernels(Box<super::Decoder>),
    Device(Box<device::Decoder>),
}

/// What one sequence has read.
pub(crate) enum KvCache {
    Kernels(super::KvCache),
    Device(device::KvCache),
}

/// A loaded adapter.
pub(crate) enum Adapter {
    Kernels(super::Adapter),
    Device(super::Adapter<device::LowRank>),
}

impl Decoder {
    /// Loads the weights, whose `shape` has been read and checked, for the processor or, if one is
    /// named, to a device.
    pub(crate) fn load(
        tensors: &dyn Tensors,
        shape: &Shape,
        precision: Precision,
        device: Option<&Device>,
    ) -> Result<Self, InferenceError> {
        Ok(match device {
            None => Self::Kernels(Box::new(super::Decoder::load(tensors, shape, precision)?)),
            Some(device) => Self::Device(Box::new(device::Decoder::load(tensors, shape, precision, device)?)),
        })
    }

    /// An empty cache for this model.
    pub(crate) fn new_cache(&self) -> KvCache {
        match self {
            Self::Kernels(decoder) => KvCache::Kernels(decoder.new_cache()),
            Self::Device(decoder) => KvCache::Device(decoder.new_cache()),
        }
    }

    /// As [`super::Decoder::adapter`].
    pub(crate) fn adapter(&self, path: &Path, sha256: &str) -> Result<Adapter, InferenceError> {
        match self {
            Self::Kernels(decoder) => decoder.adapter(path, sha256).map(Adapter::Kernels),
            Self::Device(decoder) => decoder.adapter(path, sha256).map(Adapter::Device),
        }
    }

    /// As [`super::Decoder::read`].
    pub(crate) fn read(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        logits: Logits<'_>,
        adapter: Option<&Adapter>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>, InferenceError> {
        match (self, cache) {
            (Self::Kernels(decoder), KvCache::Kernels(cache)) => {
                decoder.read(tokens, cache, logits, kernels(adapter)?, cancelled)
            }
            (Self::Device(decoder), KvCache::Device(cache)) => {
                decoder.read(tokens, cache, logits, on_device(adapter)?, cancelled)
            }
            _ => Err(mixed()),
        }
    }

    /// As [`super::Decoder::read_passage`].
    pub(crate) fn read_passage(
        &self,
        tokens: &[u32],
        cache: &mut KvCache,
        adapter: Option<&Adapter>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Segment, InferenceError> {
        match (self, cache) {
            (Self::Kernels(decoder), KvCache::Kernels(cache)) => {
                decoder.read_passage(tokens, cache, kernels(adapter)?, cancelled)
            }
            (Self::Device(decoder), KvCache::Device(cache)) => {
                decoder.read_passage(tokens, cache, on_device(adapter)?, cancelled)
            }
            _ => Err(mixed()),
        }
    }

    /// As [`super::Decoder::place`].
    pub(crate) fn place(
        &self,
        passage: &Segment,
        skipped: usize,
        cache: &mut KvCache,
    ) -> Result<(), InferenceError> {
        match (self, cache) {
            (Self::Kernels(decoder), KvCache::Kernels(cache)) => {
                decoder.place(passage, skipped, cache);
                Ok(())
            }
            (Self::Device(decoder), KvCache::Device(cache)) => decoder.place(passage, skipped, cache),
            _ => Err(mixed()),
        }
    }
}

impl KvCache {
    /// Positions held.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Kernels(cache) => cache.len(),
            Self::Device(cache) => cache.len(),
        }
    }

    /// Number of layers.
    pub(crate) fn layers(&self) -> usize {
        match self {
            Self::Kernels(cache) => cache.layers(),
            Self::Device(cache) => cache.layers(),
        }
    }

    /// Bytes that one position takes in one layer of a [`Segment`].
    pub(crate) fn position_bytes(&self) -> usize {
        match self {
            Self::Kernels(cache) => cache.position_bytes(),
            Self::Device(cache) => cache.position_bytes(),
        }
    }

    /// What tells the numbers of one kind of decoder from those of the other.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Kernels(_) => "",
            Self::Device(_) => " on a device",
        }
    }

    /// Forgets the positions from `len` on; more than there are forgets nothing.
    pub(crate) fn truncate(&mut self, len: usize) {
        match self {
            Self::Kernels(cache) => cache.truncate(len),
            Self::Device(cache) => cache.truncate(len),
        }
    }

    /// A copy of some positions, in a form that can be kept, cut and stored.
    ///
    /// # Errors
    /// [`InferenceError::Compute`] if a device does not give them.
    pub(crate) fn export(&self, positions: Range<usize>) -> Result<Segment, InferenceError> {
        match self {
            Self::Kernels(cache) => Ok(cache.export(positions)),
            Self::Device(cache) => cache.export(positions).map_err(|source| compute("export", source)),
        }
    }

    /// Adds the first `len` positions of a segment of this model, or all if it has fewer.
    ///
    /// # Errors
    /// [`InferenceError::Compute`] if a device does not take them.
    pub(crate) fn import(&mut self, segment: &Segment, len: usize) -> Result<(), InferenceError> {
        match self {
            Self::Kernels(cache) => {
                cache.import(segment, len);
                Ok(())
            }
            Self::Device(cache) => cache.import(segment, len).map_err(|source| compute("import", source)),
        }
    }
}

impl Adapter {
    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Kernels(adapter) => adapter.bytes(),
            Self::Device(adapter) => adapter.bytes(),
        }
    }
}

fn kernels(adapter: Option<&Adapter>) -> Result<Option<&super::Adapter>, InferenceError> {
    match adapter {
        None => Ok(None),
        Some(Adapter::Kernels(adapter)) => Ok(Some(adapter)),
        Some(Adapter::Device(_)) => Err(mixed()),
    }
}

fn on_device(adapter: Option<&Adapter>) -> Result<Option<&super::Adapter<device::LowRank>>, InferenceError> {
    match adapter {
        None => Ok(None),
        Some(Adapter::Device(adapter)) => Ok(Some(adapter)),
        Some(Adapter::Kernels(_)) => Err(mixed()),
    }
}

/// A decoder of one kind was given what the other has left.
fn mixed() -> InferenceError {
    InferenceError::Compute { step: "what was read is of another device".into(), source: None }
}
