//! The keys of one chunk for a few rows of queries, whose scores and results stay in registers.

use std::ops::Range;

use super::key_values::{Element, Head};
use super::{CHUNK, LOWEST, Partial, ROWS, Weights};
use crate::simd::{LANES, Simd};
use crate::tier::{Kernel, Tier};
use crate::transcendental::exp2_negative;

/// Rows that are computed together for `count` of them, at most [`rows_at_once`].
pub(super) fn padded_rows(count: usize) -> usize {
    match count {
        0 | 1 => 1,
        2..=4 => 4,
        _ => ROWS,
    }
}

/// The most rows that a tier has registers for.
pub(super) fn rows_at_once(tier: Tier) -> usize {
    if tier.is_wide() { ROWS } else { ROWS / 2 }
}

/// The keys of one chunk for `count` rows.
pub(super) struct Chunk<'a, E> {
    pub(super) head: &'a Head<E>,
    pub(super) head_len: usize,
    /// The first key of the chunk.
    pub(super) start: usize,
    /// The keys that each row sees; those beyond the last row as the last.
    pub(super) seen: [Range<usize>; ROWS],
    /// Where the rows start in `partial`.
    pub(super) base: usize,
    pub(super) count: usize,
    /// Scaled queries, one after the other, as many as [`padded_rows`].
    pub(super) queries: &'a [f32],
    pub(super) weights: &'a mut Weights,
    pub(super) partial: &'a mut Partial,
}

impl<E: Element> Chunk<'_, E> {
    pub(super) fn run(self, tier: Tier) {
        match padded_rows(self.count) {
            1 => tier.run(For::<1, _>(self)),
            4 => tier.run(For::<4, _>(self)),
            // Only a wide tier is asked for more.
            _ => drop(tier.run_wide(For::<ROWS, _>(self))),
        }
    }
}

/// `T` for `R` rows.
struct For<const R: usize, T>(T);

impl<const R: usize, E: Element> Kernel for For<R, Chunk<'_, E>> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut chunk = self.0;
        let rows = &chunk.seen[..R];
        let end = rows.iter().map(|seen| seen.end).max().unwrap_or(0).min(chunk.start + CHUNK);
        let begin = rows.iter().map(|seen| seen.start).min().unwrap_or(0).max(chunk.start);
        if end <= begin {
            return;
        }
        let blocks = begin / LANES..end.div_ceil(LANES);
        let mut largest = [s.splat(LOWEST); R];
        let mut block = blocks.start;
        // A single row needs several blocks at a time to hide how long a sum takes.
        while R == 1 && block + 4 <= blocks.end {
            chunk.scores::<S, R, 4>(s, block, &mut largest);
            block += 4;
        }
        // Two of them and eight rows fit thirty-two registers, and queries are loaded half as often.
        while R == ROWS && block + 2 <= blocks.end {
            chunk.scores::<S, R, 2>(s, block, &mut largest);
            block += 2;
        }
        while block < blocks.end {
            chunk.scores::<S, R, 1>(s, block, &mut largest);
            block += 1;
        }
        for r in 0..R {
            chunk.softmax(s, blocks.clone(), r, largest[r]);
        }
        let vectors = chunk.head_len.div_ceil(LANES);
        let mut vector = 0;
        while R == 1 && vector + 4 <= vectors {
            chunk.values::<S, R, 4>(s, begin..end, vector);
            vector += 4;
        }
        // Two of them and eight rows fit thirty-two registers.
        while R != 4 && vector + 2 <= vectors {
            chunk.values::<S, R, 2>(s, begin..end, vector);
            vector += 2;
        }
        while vector < vectors {
            chunk.values::<S, R, 1>(s, begin..end, vector);
            vector += 1;
        }
    }
}

impl<E: Element> Chunk<'_, E> {
    /// The scores of `B` blocks of sixteen keys.
    #[inline(always)]
    fn scores<S: Simd, const R: usize, const B: usize>(
        &mut self,
        s: S,
        block: usize,
        largest: &mut [S::F; R],
    ) {
        let queries: [&[f32]; R] =
            std::array::from_fn(|r| &self.queries[r * self.head_len..][..self.head_len]);
        let keys = &self.head.keys[block * self.head_len..][..B * self.head_len];
        let mut scores = [[s.splat(0.0); R]; B];
        for d in 0..self.head_len {
            for b in 0..B {
                // SAFETY: `d` is below the length of a head, and there are `B` times as many.
                let key = E::load(s, unsafe { keys.get_unchecked(b * self.head_len + d) });
                for r in 0..R {
                    // SAFETY: each query has the length of a head.
                    let query = unsafe { *queries[r].get_unchecked(d) };
                    scores[b][r] = s.fma(s.splat(query), key, scores[b][r]);
                }
            }
        }
        for b in 0..B {
            let first = (block + b) * LANES;
            for r in 0..R {
                let masked = masked(s, first, &self.seen[r], scores[b][r], LOWEST);
                largest[r] = s.max(masked, largest[r]);
                s.store(masked, &mut self.weights[r].as_chunks_mut().0[(first - self.start) / LANES]);
            }
        }
    }

    /// Makes weights of the scores of a row.
    #[inline(always)]
    fn softmax<S: Simd>(&mut self, s: S, blocks: Range<usize>, row: usize, largest: S::F) {
        let largest = s.largest(largest);
        let first = self.start / LANES;
        let lanes = &mut self.weights[row].as_chunks_mut().0[blocks.start - first..blocks.end - first];
        let mut total = s.splat(0.0);
        for (lanes, block) in lanes.iter_mut().zip(blocks) {
            let weight = exp2_negative(s, s.sub(s.load(lanes), s.splat(largest)));
            let weight = masked(s, block * LANES, &self.seen[row], weight, 0.0);
            total = s.add(total, weight);
            s.store(weight, lanes);
        }
        if row < self.count {
            self.partial.largest[self.base + row] = largest;
            self.partial.sum[self.base + row] = s.sum(total);
        }
    }

    /// The weighted sums of `V` vectors of the values of some positions.
    #[inline(always)]
    fn values<S: Simd, const R: usize, const V: usize>(
        &mut self,
        s: S,
        positions: Range<usize>,
        vector: usize,
    ) {
        let vectors = self.head_len.div_ceil(LANES);
        let values = &self.head.values[positions.start * vectors..positions.end * vectors];
        let first = positions.start - self.start;
        let count = positions.len();
        assert!(vector + V <= vectors && first + count <= CHUNK && R <= ROWS);
        let mut sums = [[s.splat(0.0); V]; R];
        for position in 0..count {
            for v in 0..V {
                // SAFETY: as many values were cut out above, and the vectors are among those of a
                // position; the compiler's checks would cost more than the loads.
                let value = E::load(s, unsafe { values.get_unchecked(position * vectors + vector + v) });
                for r in 0..R {
                    // SAFETY: the rows and positions are within the array, as asserted above.
                    let weight = unsafe { *self.weights.get_unchecked(r).get_unchecked(first + position) };
                    sums[r][v] = s.fma(s.splat(weight), value, sums[r][v]);
                }
            }
        }
        for r in 0..R.min(self.count) {
            for v in 0..V {
                s.store(sums[r][v], &mut self.partial.values[(self.base + r) * vectors + vector + v]);
            }
        }
    }
}

/// `lanes` of the keys from `first` on, with `hidden` where the query does not see them.
#[inline(always)]
fn masked<S: Simd>(s: S, first: usize, seen: &Range<usize>, lanes: S::F, hidden: f32) -> S::F {
    if seen.start <= first && first + LANES <= seen.end {
        return lanes;
    }
    const STEPS: [f32; LANES] = [0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.];
    let position = s.load(&STEPS);
    let hidden = s.splat(hidden);
    let from = s.splat(seen.start as f32 - first as f32);
    let to = s.splat(seen.end as f32 - first as f32);
    let lanes = s.select_lt(position, from, hidden, lanes);
    s.select_lt(position, to, lanes, hidden)
}
