//! Rows of activations, quantised for the integer matrices.

use crate::normal::rms_norm_row;
use crate::pool::Parts;
use crate::simd::Simd;
use crate::tier::{Cpu, Kernel};
use crate::transcendental::ROUNDER;

/// Values that share a scale.
pub(crate) const BLOCK: usize = 32;

/// The bits of a large float to which a sum of products is added as an integer: the result, read
/// as a float, is larger by the sum, so that nothing need be converted.
pub(crate) const ROUNDER_BITS: i32 = ROUNDER.to_bits() as i32;

/// What is smaller than this counts as zero; 127 divided by it is still finite.
const LEAST: f32 = 1e-36;

/// Rows whose blocks lie interleaved, so that tiles of as many rows find them by one pointer.
pub(crate) const GROUP: usize = 8;

/// Rows from which on several threads quantise.
const PARALLEL_FROM: usize = 16;

/// A norm applied to each row before it is quantised, so that no other pass is needed.
#[derive(Clone, Copy, Debug)]
pub enum Norm<'a> {
    /// The rows as they are.
    None,
    /// [`rms_norm`](crate::rms_norm) with this weight and epsilon.
    Rms(&'a [f32], f32),
}

/// Quantised values and what a tile needs to know of them, on one cache line.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Block {
    /// `-127..=127`
    pub(crate) values: [i8; BLOCK],
    /// What a value is multiplied with.
    pub(crate) scale: f32,
    /// Scale times the sum of the values.
    pub(crate) weighted: f32,
    /// [`ROUNDER_BITS`] less 8 times the sum of the values.
    pub(crate) less_8: i32,
    /// [`ROUNDER_BITS`] less 128 times the sum of the values.
    pub(crate) less_128: i32,
    /// The same for the sum of each half.
    pub(crate) halves_less_128: [i32; 2],
}

const EMPTY: Block =
    Block { values: [0; BLOCK], scale: 0.0, weighted: 0.0, less_8: 0, less_128: 0, halves_less_128: [0; 2] };

/// Rows of `width` values, a multiple of 32: as 8-bit integers with a scale for each 32, and as
/// floats for matrices that are stored as floats.
#[derive(Debug)]
pub struct Activations {
    pub(crate) rows: usize,
    pub(crate) width: usize,
    /// `[row / 8][column / 32][row % 8]`; the last group may have fewer rows.
    pub(crate) blocks: Vec<Block>,
    /// The rows in 32-bit floats, if asked for.
    pub(crate) floats: Vec<f32>,
}

impl Activations {
    /// Quantises `rows`, whose length is a multiple of `width`, itself a multiple of 32. `floats`
    /// keeps the normed rows as well.
    ///
    /// # Panics
    /// If the lengths are not as said.
    #[must_use]
    pub fn new(cpu: &Cpu, rows: &[f32], width: usize, norm: Norm<'_>, floats: bool) -> Self {
        let mut made = Self::empty();
        made.set(cpu, rows, width, norm, floats);
        made
    }

    /// No rows; room for some comes with [`Activations::set`].
    #[must_use]
    pub fn empty() -> Self {
        Self { rows: 0, width: BLOCK, blocks: Vec::new(), floats: Vec::new() }
    }

    /// As [`Activations::new`], in the room that is there.
    ///
    /// # Panics
    /// If the lengths are not as said.
    pub fn set(&mut self, cpu: &Cpu, rows: &[f32], width: usize, norm: Norm<'_>, floats: bool) {
        assert!(width > 0 && width.is_multiple_of(BLOCK) && rows.len().is_multiple_of(width));
        let count = rows.len() / width;
        (self.rows, self.width) = (count, width);
        self.blocks.resize(rows.len() / BLOCK, EMPTY);
        self.floats.resize(if floats { rows.len() } else { 0 }, 0.0);
        let per_row = width / BLOCK;
        let items = if count < PARALLEL_FROM { 1 } else { 4 * cpu.pool.threads() };
        let step = count.div_ceil(items).next_multiple_of(GROUP);
        let parts = Parts::new(&mut self.blocks);
        let float_rows = Parts::new(&mut self.floats);
        cpu.pool.run(items, &|item| {
            let (from, to) = ((item * step).min(count), ((item + 1) * step).min(count));
            let (start, len) = (from * per_row, (to - from) * per_row);
            let kept = if floats { (from * width, (to - from) * width) } else { (0, 0) };
            // SAFETY: items have rows of their own.
            let kernel = unsafe {
                Quantise {
                    rows: &rows[from * width..to * width],
                    width,
                    norm,
                    blocks: parts.part(start, len),
                    floats: float_rows.part(kept.0, kept.1),
                }
            };
            cpu.tier.run(kernel);
        });
    }
}

impl Activations {
    /// Where the first block of a row lies, and how far it is to the next.
    pub(crate) fn place(&self, row: usize) -> (usize, usize) {
        place(row, self.rows, self.width / BLOCK)
    }
}

/// Where the first of `per_row` blocks of a row lies among those of `rows` rows, and how far it is to
/// the next.
#[inline(always)]
fn place(row: usize, rows: usize, per_row: usize) -> (usize, usize) {
    let first = row / GROUP * GROUP;
    (first * per_row + row - first, GROUP.min(rows - first))
}

struct Quantise<'a> {
    rows: &'a [f32],
    width: usize,
    norm: Norm<'a>,
    blocks: &'a mut [Block],
    floats: &'a mut [f32],
}

impl Kernel for Quantise<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let mut normed = match self.norm {
            Norm::None => Vec::new(),
            Norm::Rms(..) => vec![0.0; self.width],
        };
        let (count, per_row) = (self.rows.len() / self.width, self.width / BLOCK);
        for (index, row) in self.rows.chunks_exact(self.width).enumerate() {
            let row = match self.norm {
                Norm::None => row,
                Norm::Rms(weight, epsilon) => {
                    rms_norm_row(s, row, weight, epsilon, &mut normed);
                    &normed
                }
            };
            if !self.floats.is_empty() {
                self.floats[index * self.width..][..self.width].copy_from_slice(row);
            }
            let (blocks, _) = row.as_chunks::<BLOCK>();
            let (start, stride) = place(index, count, per_row);
            for (block, out) in blocks.iter().zip(self.blocks[start..].iter_mut().step_by(stride)) {
                quantise_block(s, block, out);
            }
        }
    }
}

/// Divides by the largest of the block and multiplies with 127.
#[inline(always)]
fn quantise_block<S: Simd>(s: S, block: &[f32; BLOCK], out: &mut Block) {
    let (lanes, _) = block.as_chunks::<16>();
    let (low, high) = (s.load(&lanes[0]), s.load(&lanes[1]));
    let largest = s.largest(s.max(s.abs(low), s.abs(high)));
    // A block of zeros keeps them: zero times any finite number.
    let inverse = s.splat(127.0 / if largest > LEAST { largest } else { LEAST });
    let halves = s.store_i8([s.mul(low, inverse), s.mul(high, inverse)], &mut out.values);
    let total = halves[0] + halves[1];
    out.scale = largest * (1.0 / 127.0);
    out.weighted = out.scale * total as f32;
    out.less_8 = ROUNDER_BITS - 8 * total;
    out.less_128 = ROUNDER_BITS - 128 * total;
    out.halves_less_128 = halves.map(|half| ROUNDER_BITS - 128 * half);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Pool, Tier};
    use proptest::prelude::*;
    use std::sync::Arc;

    proptest! {
        #[test]
        fn values_are_near_and_sums_are_exact(
            rows in 1usize..40, blocks in 1usize..4, scale in -20f32..20.0, seed in 0u32..1000,
        ) {
            let x: Vec<f32> = (0..rows * blocks * BLOCK)
                .map(|i| ((i as u32 * 7919 + seed) as f32).sin() * scale.exp2())
                .collect();
            let weight = vec![1.0; blocks * BLOCK];
            for norm in [Norm::None, Norm::Rms(&weight, 1e-6)] {
                let mut first: Option<Vec<Block>> = None;
                for tier in Tier::all() {
                    let cpu = Cpu { tier, pool: Arc::new(Pool::new(2)) };
                    let made = Activations::new(&cpu, &x, blocks * BLOCK, norm, true);
                    for (index, exact) in made.floats.as_chunks::<BLOCK>().0.iter().enumerate() {
                        let (start, stride) = made.place(index / blocks);
                        let block = &made.blocks[start + index % blocks * stride];
                        let sum: i32 = block.values.iter().map(|&v| i32::from(v)).sum();
                        prop_assert_eq!(block.less_128, ROUNDER_BITS - 128 * sum);
                        let halves = block.halves_less_128.map(|less| less - ROUNDER_BITS);
                        prop_assert_eq!(halves[0] + halves[1], -128 * sum);
                        prop_assert_eq!(block.less_8, ROUNDER_BITS - 8 * sum);
                        for (&value, &exact) in block.values.iter().zip(exact) {
                            prop_assert!((f32::from(value) * block.scale - exact).abs() <= 0.501 * block.scale);
                        }
                    }
                    prop_assert_eq!(&*first.get_or_insert_with(|| made.blocks.clone()), &made.blocks);
                }
            }
        }
    }
}
