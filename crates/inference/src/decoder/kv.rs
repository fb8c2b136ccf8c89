//! The keys and values of the positions a decoder has read.

use candle_core::{DType, Device, Result, Tensor};

/// Positions that room is made for at a time.
const GROWTH: usize = 256;

/// Keys and values of every layer for one sequence. It can be cut back to any earlier position,
/// so that what two prompts have in common is read once.
pub(crate) struct KvCache {
    layers: Vec<Option<LayerCache>>,
    len: usize,
}

/// Both are `[kv heads, room, head length]`; positions from the cache's length on are unused.
struct LayerCache {
    keys: Tensor,
    values: Tensor,
}

impl KvCache {
    pub(super) fn new(layers: usize) -> Self {
        Self { layers: (0..layers).map(|_| None).collect(), len: 0 }
    }

    /// Positions held.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Forgets the positions from `len` on; more than there are forgets nothing.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Writes the keys and values, `[kv heads, n, head length]`, of the next `n` positions of one
    /// layer and gives those of all positions including them. They count only once
    /// [`KvCache::advance`] is called, after all layers.
    pub(super) fn append(&mut self, layer: usize, k: &Tensor, v: &Tensor) -> Result<(Tensor, Tensor)> {
        let end = self.len + k.dim(1)?;
        let cache = match self.layers[layer].take() {
            Some(cache) if cache.keys.dim(1)? >= end => cache,
            old => LayerCache {
                keys: grown(old.as_ref().map(|old| &old.keys), k, self.len, end)?,
                values: grown(old.as_ref().map(|old| &old.values), v, self.len, end)?,
            },
        };
        cache.keys.slice_set(&k.contiguous()?, 1, self.len)?;
        cache.values.slice_set(&v.contiguous()?, 1, self.len)?;
        let all = (cache.keys.narrow(1, 0, end)?, cache.values.narrow(1, 0, end)?);
        self.layers[layer] = Some(cache);
        Ok(all)
    }

    /// Counts `n` positions that every layer has appended.
    pub(super) fn advance(&mut self, n: usize) {
        self.len += n;
    }
}

/// A tensor with room for at least `end` positions that begins with the first `len` of `old`.
fn grown(old: Option<&Tensor>, like: &Tensor, len: usize, end: usize) -> Result<Tensor> {
    let (heads, _, width) = like.dims3()?;
    // By half of what is there, so that a long sequence is not copied too often.
    let room = (end + end / 2).next_multiple_of(GROWTH);
    let new = Tensor::zeros((heads, room, width), DType::F32, &Device::Cpu)?;
    if let Some(old) = old.filter(|_| len > 0) {
        new.slice_set(&old.narrow(1, 0, len)?.contiguous()?, 1, 0)?;
    }
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of `count` positions that say their position, one head of width 1.
    fn positions(start: usize, count: usize) -> Tensor {
        let values: Vec<f32> = (start..start + count).map(|p| p as f32).collect();
        Tensor::from_vec(values, (1, count, 1), &Device::Cpu).unwrap()
    }

    fn read(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn growing_and_cutting_back_keep_what_stays() {
        let mut cache = KvCache::new(1);
        for start in (0..600).step_by(100) {
            let (k, v) = cache.append(0, &positions(start, 100), &positions(start, 100)).unwrap();
            cache.advance(100);
            let expected: Vec<f32> = (0..start + 100).map(|p| p as f32).collect();
            assert_eq!(read(&k), expected);
            assert_eq!(read(&v), expected);
        }
        cache.truncate(250);
        cache.truncate(400);
        assert_eq!(cache.len(), 250);
        let (k, _) = cache.append(0, &positions(9000, 2), &positions(9000, 2)).unwrap();
        let mut expected: Vec<f32> = (0..250).map(|p| p as f32).collect();
        expected.extend([9000.0, 9001.0]);
        assert_eq!(read(&k), expected);
    }

    #[test]
    fn what_was_not_advanced_is_overwritten() {
        let mut cache = KvCache::new(1);
        cache.append(0, &positions(5, 3), &positions(5, 3)).unwrap();
        let (k, _) = cache.append(0, &positions(0, 1), &positions(0, 1)).unwrap();
        assert_eq!(read(&k), [0.0]);
    }
}
