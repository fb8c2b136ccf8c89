//! What becomes of the sums of a tile: rows of floats, or blocks of the next matrix's activations.

use super::{Activation, Epilogue, MOST_ROWS, Tile, Unit};
use crate::activations::{Block, place, quantise_once, quantise_twice};
use crate::pool::Parts;
use crate::simd::{LANES, Simd};
use crate::tier::Kernel;
use crate::transcendental::{gelu_erf, gelu_tanh, silu};

/// Rows of floats that results are written to: `[rows, stride]`.
pub(super) struct ResultRows<'a> {
    pub(super) out: Parts<'a, f32>,
    pub(super) stride: usize,
    pub(super) epilogue: Epilogue,
}

/// Puts the sums of a tile where they belong.
pub(super) struct FinishRows<'a> {
    pub(super) rows: &'a ResultRows<'a>,
    pub(super) unit: &'a Unit<'a>,
    pub(super) row: usize,
    pub(super) tile: &'a Tile,
}

impl Kernel for FinishRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { rows, unit, row, tile } = self;
        let columns = LANES.min(unit.matrix.outputs - unit.tile * LANES);
        for r in 0..tile.count.min(MOST_ROWS) {
            let value = match rows.epilogue {
                Epilogue::Add => s.load(&tile.sums[r]),
                Epilogue::Write(activation) => tile.activated(s, activation, r),
            };
            // SAFETY: items have rows or columns of their own.
            let out = unsafe { rows.out.part((row + r) * rows.stride + unit.at, columns) };
            if let Ok(out) = <&mut [f32; LANES]>::try_from(&mut *out) {
                let value = match rows.epilogue {
                    Epilogue::Add => s.add(s.load(out), value),
                    Epilogue::Write(_) => value,
                };
                s.store(value, out);
            } else {
                let mut lanes = [0.0; LANES];
                s.store(value, &mut lanes);
                for (out, value) in out.iter_mut().zip(lanes) {
                    match rows.epilogue {
                        Epilogue::Add => *out += value,
                        Epilogue::Write(_) => *out = value,
                    }
                }
            }
        }
    }
}

/// The blocks of the activations that results become.
pub(super) struct Blocks<'a> {
    pub(super) out: Parts<'a, Block>,
    pub(super) rows: usize,
    /// Blocks of a line.
    pub(super) per_line: usize,
    /// Lines of a row.
    pub(super) parts: usize,
    pub(super) activation: Activation,
}

/// Makes blocks of two neighbouring tiles.
pub(super) struct FinishBlocks<'a> {
    pub(super) blocks: &'a Blocks<'a>,
    pub(super) row: usize,
    /// Which block of a line it is.
    pub(super) block: usize,
    pub(super) tiles: &'a [Tile; 2],
}

impl Kernel for FinishBlocks<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { blocks, row, block, tiles } = self;
        for r in 0..tiles[0].count.min(MOST_ROWS) {
            // Not by `map`, which would not be compiled for the tier.
            let [low, high] = tiles;
            let values = [low.activated(s, blocks.activation, r), high.activated(s, blocks.activation, r)];
            // The lines of a row are neighbours.
            let (start, stride) =
                place(blocks.parts * (row + r), blocks.parts * blocks.rows, blocks.per_line);
            // SAFETY: items have rows or columns of their own.
            let out = unsafe { blocks.out.part(start + block * stride, blocks.parts) };
            match out {
                [once] => quantise_once(s, values, once),
                [coarse, fine, ..] => quantise_twice(s, values, coarse, fine),
                [] => {}
            }
        }
    }
}

impl Tile {
    /// A row of the result: activated, or the gate activated and multiplied.
    #[inline(always)]
    fn activated<S: Simd>(&self, s: S, activation: Activation, row: usize) -> S::F {
        let sum = s.load(&self.sums[row]);
        if self.gated {
            s.mul(sum, activate(s, activation, s.load(&self.gates[row])))
        } else {
            activate(s, activation, sum)
        }
    }
}

#[inline(always)]
pub(crate) fn activate<S: Simd>(s: S, activation: Activation, x: S::F) -> S::F {
    match activation {
        Activation::Identity => x,
        Activation::Silu => silu(s, x),
        Activation::GeluErf => gelu_erf(s, x),
        Activation::GeluTanh => gelu_tanh(s, x),
    }
}
