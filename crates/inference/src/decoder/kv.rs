//! The keys and values of the positions a decoder has read.

use std::ops::Range;

use docent_kernels::{KeyValues, Stored};

/// Keys and values of every layer for one sequence. It can be cut back to any earlier position,
/// copied, and taken apart into [`Segment`]s and put together again, to the bit.
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

    /// A copy of some positions, in a form that can be kept, cut and stored.
    ///
    /// # Panics
    /// If there are fewer positions.
    pub(crate) fn export(&self, positions: Range<usize>) -> Segment {
        Segment {
            len: positions.len(),
            layers: self.layers.iter().map(|layer| layer.export(positions.clone())).collect(),
        }
    }

    /// Adds the first `len` positions of a segment of this model, or all if it has fewer.
    ///
    /// # Panics
    /// If the segment has another shape than this model.
    pub(crate) fn import(&mut self, segment: &Segment, len: usize) {
        let len = len.min(segment.len);
        assert_eq!(self.layers.len(), segment.layers.len(), "the segment is of another model");
        for (layer, bytes) in self.layers.iter_mut().zip(&segment.layers) {
            layer.import(&bytes[..len * layer.position_bytes()]);
        }
        self.len += len;
    }

    /// Number of layers.
    pub(crate) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Bytes that one position takes in one layer of a [`Segment`].
    pub(crate) fn position_bytes(&self) -> usize {
        self.layers.first().map_or(0, KeyValues::position_bytes)
    }

    /// What each layer keeps. Positions that are added count once [`KvCache::advance`] is called,
    /// after all layers; until then [`KvCache::truncate`] takes them back.
    pub(super) fn layer(&mut self, index: usize) -> &mut KeyValues {
        &mut self.layers[index]
    }

    /// Counts the positions that every layer has added.
    pub(super) fn advance(&mut self) {
        self.len = self.layers.first().map_or(0, KeyValues::len);
    }
}

/// Keys and values of consecutive positions, apart from a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    len: usize,
    /// For each layer, position after position.
    layers: Vec<Vec<u8>>,
}

impl Segment {
    /// Puts a segment together from its layers; `None` if they differ in length or do not make
    /// `len` positions.
    pub(crate) fn from_layers(len: usize, layers: Vec<Vec<u8>>) -> Option<Self> {
        let bytes = layers.first().map_or(0, Vec::len);
        let whole = layers.iter().all(|layer| layer.len() == bytes);
        (whole && len > 0 && bytes.is_multiple_of(len)).then_some(Self { len, layers })
    }

    /// The bytes of each layer.
    pub(crate) fn layers(&self) -> &[Vec<u8>] {
        &self.layers
    }

    /// Positions held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.layers.iter().map(Vec::len).sum()
    }

    /// Keeps the first `at` positions and gives the others.
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let at = at.min(self.len);
        let each = |layer: &Vec<u8>, len: usize| layer.len() / len.max(1);
        let rest = self.layers.iter_mut().map(|layer| {
            let cut = at * each(layer, self.len);
            let rest = layer.split_off(cut);
            layer.shrink_to_fit();
            rest
        });
        let rest = Self { len: self.len - at, layers: rest.collect() };
        self.len = at;
        rest
    }
}
