//! Attention of new positions over all positions so far.

use candle_core::{D, Device, Result, Tensor};

/// What is added to the scores of `count` positions from `start` on, `[count, start + count]`:
/// minus infinity where a key is later than the query. A single position needs none.
pub(super) fn causal_mask(count: usize, start: usize) -> Result<Option<Tensor>> {
    if count == 1 {
        return Ok(None);
    }
    let keys = start + count;
    let score = |query: usize, key: usize| {
        if key > start + query { f32::NEG_INFINITY } else { 0.0 }
    };
    let mask: Vec<f32> = (0..count).flat_map(|query| (0..keys).map(move |key| score(query, key))).collect();
    Tensor::from_vec(mask, (count, keys), &Device::Cpu).map(Some)
}

/// Softmax of `q k^T / sqrt(d)`, times `v`. `q` is `[heads, n, d]`, `k` and `v` are
/// `[kv heads, positions, d]` and serve `heads / kv heads` query heads each (Ainslie et al. 2023).
/// The result is `[n, heads * d]`.
pub(super) fn attend(q: &Tensor, k: &Tensor, v: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let (heads, count, len) = q.dims3()?;
    let (kv_heads, positions, _) = k.dims3()?;
    let group = heads / kv_heads;
    let q = (q * (1.0 / (len as f64).sqrt()))?.reshape((kv_heads, group * count, len))?;
    let mut scores = q.matmul(&k.transpose(1, 2)?)?;
    if let Some(mask) = mask {
        scores = scores.reshape((kv_heads, group, count, positions))?.broadcast_add(mask)?.reshape((
            kv_heads,
            group * count,
            positions,
        ))?;
    }
    let weights = candle_nn::ops::softmax_last_dim(&scores)?;
    let mixed = weights.matmul(v)?.reshape((heads, count, len))?;
    mixed.transpose(0, 1)?.contiguous()?.flatten_from(D::Minus2)
}
