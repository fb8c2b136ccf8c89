//! Rows of activations, quantised for the integer matrices.

use crate::normal::rms_norm_row;
use crate::pool::Parts;
use crate::simd::{LANES, Simd};
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

/// In which forms rows are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// What rounding to 8 bits leaves is kept in 8 more bits: 16 in all, at about twice the work.
    pub residual: bool,
    /// The rows as 32-bit floats as well, for matrices that are stored as floats.
    pub floats: bool,
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

/// Rows of `width` values, a multiple of 32: as 8-bit integers with a scale for each 32, and in what
/// other forms [`Kept`] asks for.
#[derive(Debug)]
pub struct Activations {
    pub(crate) rows: usize,
    pub(crate) width: usize,
    /// Quantised lines of each row: the row itself and, if it is kept, its residual.
    pub(crate) parts: usize,
    /// `[line / 8][column / 32][line % 8]`; the last group may have fewer lines.
    pub(crate) blocks: Vec<Block>,
    /// The rows in 32-bit floats, if asked for.
    pub(crate) floats: Vec<f32>,
}

impl Activations {
    /// Quantises `rows`, whose length is a multiple of `width`, itself a multiple of 32.
    ///
    /// # Panics
    /// If the lengths are not as said.
    #[must_use]
    pub fn new(cpu: &Cpu, rows: &[f32], width: usize, norm: Norm<'_>, kept: Kept) -> Self {
        let mut made = Self::empty();
        made.set(cpu, rows, width, norm, kept);
        made
    }

    /// No rows; room for some comes with [`Activations::set`].
    #[must_use]
    pub fn empty() -> Self {
        Self { rows: 0, width: BLOCK, parts: 1, blocks: Vec::new(), floats: Vec::new() }
    }

    /// As [`Activations::new`], in the room that is there.
    ///
    /// # Panics
    /// If the lengths are not as said.
    pub fn set(&mut self, cpu: &Cpu, rows: &[f32], width: usize, norm: Norm<'_>, kept: Kept) {
        assert!(width > 0 && width.is_multiple_of(BLOCK) && rows.len().is_multiple_of(width));
        let Kept { residual, floats } = kept;
        let count = rows.len() / width;
        self.resize(count, width, kept);
        let per_row = self.parts * width / BLOCK;
        let items = if count < PARALLEL_FROM { 1 } else { 4 * cpu.pool.threads() };
        let step = count.div_ceil(items).next_multiple_of(GROUP);
        let parts = Parts::new(&mut self.blocks);
        let float_rows = Parts::new(&mut self.floats);
        cpu.pool.run(items, &|item| {
            let (from, to) = ((item * step).min(count), ((item + 1) * step).min(count));
            let (start, len) = (from * per_row, (to - from) * per_row);
            let own_floats = if floats { (from * width, (to - from) * width) } else { (0, 0) };
            // SAFETY: items have rows of their own.
            let kernel = unsafe {
                Quantise {
                    rows: &rows[from * width..to * width],
                    width,
                    norm,
                    residual,
                    blocks: parts.part(start, len),
                    floats: float_rows.part(own_floats.0, own_floats.1),
                }
            };
            cpu.tier.run(kernel);
        });
    }
}

impl Activations {
    /// Makes room for `count` rows of `width` values, a multiple of 32; what they hold is left open.
    pub(crate) fn resize(&mut self, count: usize, width: usize, kept: Kept) {
        let Kept { residual, floats } = kept;
        (self.rows, self.width, self.parts) = (count, width, if residual { 2 } else { 1 });
        self.blocks.resize(self.parts * count * width / BLOCK, EMPTY);
        self.floats.resize(if floats { count * width } else { 0 }, 0.0);
    }

    /// Where the first block of a line lies, and how far it is to the next.
    pub(crate) fn place(&self, line: usize) -> (usize, usize) {
        place(line, self.rows * self.parts, self.width / BLOCK)
    }
}

/// Where the first of `per_line` blocks of a line lies among those of `lines` lines, and how far it
/// is to the next.
#[inline(always)]
pub(crate) fn place(line: usize, lines: usize, per_line: usize) -> (usize, usize) {
    let first = line / GROUP * GROUP;
    (first * per_line + line - first, GROUP.min(lines - first))
}

struct Quantise<'a> {
    rows: &'a [f32],
    width: usize,
    norm: Norm<'a>,
    residual: bool,
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
            let load = |block: &[f32; BLOCK]| {
                let (lanes, _) = block.as_chunks::<LANES>();
                [s.load(&lanes[0]), s.load(&lanes[1])]
            };
            if self.residual {
                // The two lines of a row are neighbours.
                let (start, stride) = place(2 * index, 2 * count, per_row);
                for (block, out) in blocks.iter().zip(self.blocks[start..].chunks_mut(stride)) {
                    let [coarse, fine, ..] = out else { continue };
                    quantise_twice(s, load(block), coarse, fine);
                }
                continue;
            }
            let (start, stride) = place(index, count, per_row);
            for (block, out) in blocks.iter().zip(self.blocks[start..].iter_mut().step_by(stride)) {
                quantise_once(s, load(block), out);
            }
        }
    }
}

/// Divides by the largest of the block and multiplies with 127.
#[inline(always)]
pub(crate) fn quantise_once<S: Simd>(s: S, block: [S::F; 2], out: &mut Block) {
    let (values, largest) = scaled(s, block);
    let halves = s.store_i8(values, &mut out.values);
    out.describe(largest * (1.0 / 127.0), halves);
}

/// As [`quantise_once`], and the same once more with what rounding has left, in steps of a 254th.
#[inline(always)]
pub(crate) fn quantise_twice<S: Simd>(s: S, block: [S::F; 2], coarse: &mut Block, fine: &mut Block) {
    let (values, largest) = scaled(s, block);
    let scale = largest * (1.0 / 127.0);
    let rounder = s.splat(ROUNDER);
    // At most a half before, at most 127 after.
    let left = |value| s.mul(s.sub(value, s.sub(s.add(value, rounder), rounder)), s.splat(254.0));
    // Not by `map`, which would not be compiled for the tier.
    let left = [left(values[0]), left(values[1])];
    let halves = s.store_i8(values, &mut coarse.values);
    coarse.describe(scale, halves);
    let halves = s.store_i8(left, &mut fine.values);
    fine.describe(scale * (1.0 / 254.0), halves);
}

/// Values from -127 to 127, and the largest as it was.
#[inline(always)]
fn scaled<S: Simd>(s: S, [low, high]: [S::F; 2]) -> ([S::F; 2], f32) {
    let largest = s.largest(s.max(s.abs(low), s.abs(high)));
    // A block of zeros keeps them: zero times any finite number.
    let inverse = s.splat(127.0 / if largest > LEAST { largest } else { LEAST });
    ([s.mul(low, inverse), s.mul(high, inverse)], largest)
}

impl Block {
    /// Sets what follows from the sums of each half.
    #[inline(always)]
    fn describe(&mut self, scale: f32, halves: [i32; 2]) {
        let total = halves[0] + halves[1];
        self.scale = scale;
        self.weighted = scale * total as f32;
        self.less_8 = ROUNDER_BITS - 8 * total;
        self.less_128 = ROUNDER_BITS - 128 * total;
        self.halves_less_128 = halves.map(|half| ROUNDER_BITS - 128 * half);
    }
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
                    let made = Activations::new(&cpu, &x, blocks * BLOCK, norm, Kept { floats: true, residual: false });
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

        #[test]
        fn two_lines_hold_sixteen_bits(
            rows in 1usize..40, blocks in 1usize..4, scale in -20f32..20.0, seed in 0u32..1000,
        ) {
            let x: Vec<f32> = (0..rows * blocks * BLOCK)
                .map(|i| ((i as u32 * 7919 + seed) as f32).sin() * scale.exp2())
                .collect();
            let mut first: Option<Vec<Block>> = None;
            for tier in Tier::all() {
                let cpu = Cpu { tier, pool: Arc::new(Pool::new(2)) };
                let kept = Kept { floats: false, residual: true };
                let made = Activations::new(&cpu, &x, blocks * BLOCK, Norm::None, kept);
                let once = Activations::new(&cpu, &x, blocks * BLOCK, Norm::None, Kept::default());
                for (index, exact) in x.as_chunks::<BLOCK>().0.iter().enumerate() {
                    let line = |lines: &Activations, line: usize| {
                        let (start, stride) = lines.place(line);
                        lines.blocks[start + index % blocks * stride]
                    };
                    let row = index / blocks;
                    let (coarse, fine) = (line(&made, 2 * row), line(&made, 2 * row + 1));
                    prop_assert_eq!(coarse, line(&once, row));
                    for ((&coarse_value, &fine_value), &exact) in coarse.values.iter().zip(&fine.values).zip(exact) {
                        let sum = f64::from(coarse_value) * f64::from(coarse.scale)
                            + f64::from(fine_value) * f64::from(fine.scale);
                        let step = f64::from(fine.scale);
                        prop_assert!((sum - f64::from(exact)).abs() <= 0.6 * step, "{sum} {exact}");
                    }
                }
                prop_assert_eq!(&*first.get_or_insert_with(|| made.blocks.clone()), &made.blocks);
            }
        }
    }
}
