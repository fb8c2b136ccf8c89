//! The keys and values of the positions a decoder has read.

use docent_kernels::{KeyValues, Stored};

/// Keys and values of every layer for one sequence. It can be cut back to any earlier position,
/// so that what two prompts have in common is read once.
#[derive(Clone)]
pub(crate) struct KvCache {
    layers: Vec<KeyValues>,
    len: usize,
}

impl KvCache {
    pub(super) fn new(layers: usize, kv_heads: usize, head_len: usize, stored: Stored) -> Self {
        Self { layers: vec![KeyValues::new(kv_heads, head_len, stored); layers], len: 0 }
    }

    /// Positions held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Forgets the positions from `len` on; more than there are forgets nothing.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        for layer in &mut self.layers {
            layer.truncate(self.len);
        }
    }

    /// What one layer keeps. Positions that are added to it count once [`KvCache::advance`] is
    /// called, after all layers; until then [`KvCache::truncate`] takes them back.
    pub(super) fn layer(&mut self, index: usize) -> &mut KeyValues {
        &mut self.layers[index]
    }

    /// Counts the positions that every layer has added.
    pub(super) fn advance(&mut self) {
        self.len = self.layers.first().map_or(0, KeyValues::len);
    }
}
