//! The keys and values of the positions a decoder has read, on a device.

use std::ops::Range;
use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use half::f16;

use crate::decoder::kv::Segment;

/// Positions that room is made for at least.
const ROOM: usize = 256;

/// Keys and values of every layer for one sequence. It can be cut back to any earlier position,
/// copied, and taken apart into [`Segment`]s, in the layout that the kernels' cache has, and put
/// together again, to the bit.
#[derive(Clone)]
pub(crate) struct KvCache {
    layers: Vec<LayerCache>,
    len: usize,
    form: Form,
}

/// What all layers have in common.
#[derive(Clone)]
struct Form {
    kv_heads: usize,
    head_len: usize,
    /// How numbers are stored: in 16 or 32 bits.
    stored: DType,
    device: Device,
}

#[derive(Clone, Default)]
struct LayerCache {
    store: Option<Store>,
    len: usize,
}

/// Room for positions. A copy shares it until one of the two adds a position.
#[derive(Clone)]
struct Store {
    /// `[kv_heads, capacity, head_len]`
    keys: Tensor,
    values: Tensor,
    capacity: usize,
    /// Counts the caches that share the tensors.
    owners: Arc<()>,
}

impl KvCache {
    pub(super) fn new(
        layers: usize,
        kv_heads: usize,
        head_len: usize,
        stored: DType,
        device: &Device,
    ) -> Self {
        let form = Form { kv_heads, head_len, stored, device: device.clone() };
        Self { layers: vec![LayerCache::default(); layers], len: 0, form }
    }

    /// Positions held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Number of layers.
    pub(crate) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Bytes that one position takes in one layer of a [`Segment`].
    pub(crate) fn position_bytes(&self) -> usize {
        2 * self.form.kv_heads * self.form.head_len * self.form.stored.size_in_bytes()
    }

    /// Forgets the positions from `len` on; more than there are forgets nothing.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
        for layer in &mut self.layers {
            layer.len = layer.len.min(self.len);
        }
    }

    /// A copy of some positions, in a form that can be kept, cut and stored.
    pub(crate) fn export(&self, positions: Range<usize>) -> Result<Segment> {
        let len = positions.len();
        let bytes = |layer: &LayerCache| layer.export(&self.form, positions.clone());
        let layers = self.layers.iter().map(bytes).collect::<Result<_>>()?;
        Segment::from_layers(len, layers)
            .ok_or_else(|| candle_core::Error::Msg("an export of no positions".into()))
    }

    /// Adds the first `len` positions of a segment of this model, or all if it has fewer. If it fails,
    /// nothing is added.
    pub(crate) fn import(&mut self, segment: &Segment, len: usize) -> Result<()> {
        let len = len.min(segment.len());
        let size = len * self.position_bytes();
        if segment.layers().len() != self.layers.len() {
            return Err(candle_core::Error::Msg("the segment is of another model".into()));
        }
        let mut added = Ok(());
        for (layer, bytes) in self.layers.iter_mut().zip(segment.layers()) {
            let Some(bytes) = bytes.get(..size) else {
                added = Err(candle_core::Error::Msg("the segment is of another form".into()));
                break;
            };
            added = layer.import(&self.form, bytes, len);
            if added.is_err() {
                break;
            }
        }
        match added {
            Ok(()) => self.len += len,
            Err(_) => self.truncate(self.len),
        }
        added
    }

    /// Adds keys and values, `[kv_heads, positions, head_len]`, of one layer. They count once
    /// [`KvCache::advance`] is called, after all layers; until then [`KvCache::truncate`] takes them
    /// back.
    pub(super) fn add(&mut self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<()> {
        self.layers[layer].append(&self.form, keys, values)
    }

    /// As [`KvCache::add`]; gives those of all positions of the layer from `from` on, in 32 bits.
    pub(super) fn append(
        &mut self,
        layer: usize,
        keys: &Tensor,
        values: &Tensor,
        from: usize,
    ) -> Result<(Tensor, Tensor)> {
        self.add(layer, keys, values)?;
        self.layers[layer].since(from)
    }

    /// Counts the positions that every layer has added.
    pub(super) fn advance(&mut self) {
        self.len = self.layers.first().map_or(0, |layer| layer.len);
    }
}

impl LayerCache {
    fn append(&mut self, form: &Form, keys: &Tensor, values: &Tensor) -> Result<()> {
        let count = keys.dim(1)?;
        let store = self.with_room(form, count)?;
        store.keys.slice_set(&keys.to_dtype(form.stored)?.contiguous()?, 1, self.len)?;
        store.values.slice_set(&values.to_dtype(form.stored)?.contiguous()?, 1, self.len)?;
        self.store = Some(store);
        self.len += count;
        Ok(())
    }

    /// A store of its own with room for `count` more positions.
    fn with_room(&self, form: &Form, count: usize) -> Result<Store> {
        let needed = self.len + count;
        let held = self.store.as_ref();
        if let Some(store) =
            held.filter(|store| store.capacity >= needed && Arc::strong_count(&store.owners) == 1)
        {
            // The count is that of this cache alone; what is handed out here takes its place.
            return Ok(store.clone());
        }
        // Half as much again, so that a long answer is not copied time and again.
        let capacity = needed.max(self.len + self.len / 2).next_multiple_of(ROOM);
        let shape = (form.kv_heads, capacity, form.head_len);
        let store = Store {
            keys: Tensor::zeros(shape, form.stored, &form.device)?,
            values: Tensor::zeros(shape, form.stored, &form.device)?,
            capacity,
            owners: Arc::new(()),
        };
        if let Some(held) = held.filter(|_| self.len > 0) {
            store.keys.slice_set(&held.keys.narrow(1, 0, self.len)?.contiguous()?, 1, 0)?;
            store.values.slice_set(&held.values.narrow(1, 0, self.len)?.contiguous()?, 1, 0)?;
        }
        Ok(store)
    }

    /// Keys and values of the positions from `from` on, in 32 bits.
    fn since(&self, from: usize) -> Result<(Tensor, Tensor)> {
        let Some(store) = &self.store else {
            return Err(candle_core::Error::Msg("an empty cache was asked".into()));
        };
        let of =
            |tensor: &Tensor| tensor.narrow(1, from, self.len - from)?.contiguous()?.to_dtype(DType::F32);
        Ok((of(&store.keys)?, of(&store.values)?))
    }

    fn export(&self, form: &Form, positions: Range<usize>) -> Result<Vec<u8>> {
        let Some(store) = self.store.as_ref().filter(|_| positions.end <= self.len) else {
            return Err(candle_core::Error::Msg("there are fewer positions".into()));
        };
        // For each position the keys of all heads, then their values.
        let of = |tensor: &Tensor| tensor.narrow(1, positions.start, positions.len())?.transpose(0, 1);
        let both = Tensor::cat(&[&of(&store.keys)?, &of(&store.values)?], 1)?;
        let both = both.flatten_all()?.to_device(&Device::Cpu)?;
        Ok(match form.stored {
            DType::F16 => both.to_vec1::<f16>()?.into_iter().flat_map(f16::to_le_bytes).collect(),
            _ => both.to_vec1::<f32>()?.into_iter().flat_map(f32::to_le_bytes).collect(),
        })
    }

    fn import(&mut self, form: &Form, bytes: &[u8], len: usize) -> Result<()> {
        if len == 0 {
            return Ok(());
        }
        let shape = (len, 2 * form.kv_heads, form.head_len);
        let both = match form.stored {
            DType::F16 => {
                let numbers: Vec<f16> = bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b)).collect();
                Tensor::from_vec(numbers, shape, &form.device)?
            }
            _ => {
                let numbers: Vec<f32> = bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
                Tensor::from_vec(numbers, shape, &form.device)?
            }
        };
        let part = |first: usize| both.narrow(1, first, form.kv_heads)?.transpose(0, 1);
        self.append(form, &part(0)?, &part(form.kv_heads)?)
    }
}
