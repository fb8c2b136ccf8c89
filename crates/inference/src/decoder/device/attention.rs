//! Attention of queries over cached keys and values, as chains of candle's operations.

use candle_core::{Device, Result, Tensor};
use candle_nn::ops::softmax_last_dim;

/// Added to the score of a key that a query does not see. Not infinity: some devices compute
/// exponentials by instructions that do not know it.
const UNSEEN: f32 = -1e30;

/// Scores that are computed at a time, over all heads: what bounds the memory in work.
const MOST_SCORES: usize = 1 << 25;

/// Which keys the rows of one sequence see in one kind of layer.
pub(super) struct View {
    /// The first key that any row sees.
    pub(super) from: usize,
    /// `[rows, keys from there on]`, added to the scores; none if there is one row, which sees all of them.
    mask: Option<Tensor>,
}

impl View {
    /// Of `rows` rows, the first at the position `first`; each sees no later key and, with a window,
    /// so many positions back, its own included.
    pub(super) fn new(first: usize, rows: usize, window: Option<usize>, device: &Device) -> Result<Self> {
        let from = window.map_or(0, |window| (first + 1).saturating_sub(window));
        let keys = first + rows - from;
        if rows <= 1 {
            return Ok(Self { from, mask: None });
        }
        let mut mask = vec![0.0; rows * keys];
        for (row, mask) in mask.chunks_exact_mut(keys).enumerate() {
            let own = first + row;
            let oldest = window.map_or(0, |window| (own + 1).saturating_sub(window));
            mask[own + 1 - from..].fill(UNSEEN);
            mask[..oldest - from].fill(UNSEEN);
        }
        Ok(Self { from, mask: Some(Tensor::from_vec(mask, (rows, keys), device)?) })
    }
}

/// Softmax of the scores, times the values: `queries`, `[heads, rows, head_len]`, and the `keys` and
/// `values` of the view, `[kv_heads, keys, head_len]`, to `[rows, heads * head_len]`. Each head of keys
/// serves as many heads of queries in a row.
pub(super) fn attend(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    view: &View,
    scale: f32,
) -> Result<Tensor> {
    let (heads, rows, _) = queries.dims3()?;
    let keys = keys.t()?;
    let at_once = (MOST_SCORES / (heads * keys.dim(2)?)).clamp(1, rows);
    let mut blocks = Vec::new();
    for start in (0..rows).step_by(at_once) {
        let count = at_once.min(rows - start);
        let queries = queries.narrow(1, start, count)?;
        let mask = view.mask.as_ref().map(|mask| mask.narrow(0, start, count)).transpose()?;
        blocks.push(attend_block(&queries, &keys, values, mask.as_ref(), scale)?);
    }
    match blocks.as_slice() {
        [block] => Ok(block.clone()),
        blocks => Tensor::cat(blocks, 0),
    }
}

/// As [`attend`], with the keys turned, `[kv_heads, head_len, keys]`, and the mask of these rows.
fn attend_block(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    mask: Option<&Tensor>,
    scale: f32,
) -> Result<Tensor> {
    let (heads, rows, head_len) = queries.dims3()?;
    let (kv_heads, _, count) = keys.dims3()?;
    let group = heads / kv_heads;
    let queries = queries.contiguous()?.reshape((kv_heads, group * rows, head_len))?;
    let scores = (queries.matmul(keys)? * f64::from(scale))?;
    let scores = match mask {
        Some(mask) => scores.reshape((kv_heads, group, rows, count))?.broadcast_add(mask)?,
        None => scores,
    };
    let weights = softmax_last_dim(&scores)?.reshape((kv_heads, group * rows, count))?;
    let mixed = weights.matmul(values)?.reshape((heads, rows, head_len))?;
    mixed.transpose(0, 1)?.contiguous()?.reshape((rows, heads * head_len))
}
