//! The product of some lines and one tile of a matrix, or two, whatever they are made of.

use super::{MOST_ROWS_NARROW, Matrix};
use crate::activations::{Activations, BLOCK, Block, GROUP, ROUNDER_BITS};
use crate::attention::Element;
use crate::format::Coding;
use crate::matrix::{Factors, Line, Weights, lines_per_block};
use crate::simd::{LANES, Simd};
use crate::tier::{Kernel, Tier};
use crate::transcendental::ROUNDER;

/// Which lines are multiplied with which `C` neighbouring tiles. A line of a matrix of floats is a row.
#[derive(Clone, Copy)]
pub(super) struct Place<'a, const C: usize> {
    pub(super) x: &'a Activations,
    pub(super) line: usize,
    pub(super) matrix: &'a Matrix,
    /// The first of the tiles.
    pub(super) tile: usize,
    /// What the sums of each tile begin with.
    pub(super) bias: [Option<&'a [f32; LANES]>; C],
}

/// As many lines as each of `out` has, times as many tiles.
pub(super) fn product<const C: usize>(tier: Tier, place: Place<'_, C>, out: [&mut [[f32; LANES]]; C]) {
    match out[0].len() {
        8 => lines_of_tiles::<8, C>(tier, place, out),
        4 => lines_of_tiles::<4, C>(tier, place, out),
        2 => lines_of_tiles::<2, C>(tier, place, out),
        _ => lines_of_tiles::<1, C>(tier, place, out),
    }
}

fn lines_of_tiles<const R: usize, const C: usize>(
    tier: Tier,
    place: Place<'_, C>,
    out: [&mut [[f32; LANES]]; C],
) {
    let Place { x, line, matrix, tile, bias } = place;
    match &matrix.weights {
        Weights::F16(all) => rows_of_floats::<R, C, _>(tier, place, all, out),
        Weights::F32(all) => rows_of_floats::<R, C, _>(tier, place, all, out),
        Weights::Codes { coding, lines, scales, minima } => {
            let blocks = x.width / BLOCK;
            let lines_each = blocks * lines_per_block(*coding);
            let lines = std::array::from_fn(|c| &lines[(tile + c) * lines_each..][..lines_each]);
            let packed = Packed { x, line, lines, scales, minima, first: tile * blocks, bias, out };
            match (coding, scales) {
                (Coding::Nibble, _) => run::<R, _>(tier, packed.kind::<NIBBLE, true>()),
                (Coding::NibbleMin, Factors::F16(_)) => run::<R, _>(tier, packed.kind::<NIBBLE_MIN, true>()),
                (Coding::NibbleMin, _) => run::<R, _>(tier, packed.kind::<NIBBLE_MIN, false>()),
                (Coding::Byte, _) => run::<R, _>(tier, packed.kind::<BYTE, true>()),
                (Coding::ByteMin, Factors::F16(_)) => run::<R, _>(tier, packed.kind::<BYTE_MIN, true>()),
                (Coding::ByteMin, _) => run::<R, _>(tier, packed.kind::<BYTE_MIN, false>()),
                _ => run::<R, _>(tier, packed.kind::<BYTE_HALVES, false>()),
            }
        }
    }
}

/// Rows times tiles of floats, one after the other.
fn rows_of_floats<const R: usize, const C: usize, T: Element>(
    tier: Tier,
    place: Place<'_, C>,
    all: &[[T; LANES]],
    out: [&mut [[f32; LANES]]; C],
) {
    let Place { x, line: row, tile, bias, .. } = place;
    let lanes = all[tile * x.width..].chunks_exact(x.width);
    for ((lanes, bias), out) in lanes.zip(bias).zip(out) {
        run::<R, _>(tier, Floats { x, row, lanes, bias, out });
    }
}

/// The product of `R` rows and some tiles, whatever they are made of.
trait Rows {
    fn multiply<S: Simd, const R: usize>(self, s: S);
}

/// `T` for `R` rows.
struct For<const R: usize, T>(T);

impl<const R: usize, T: Rows> Kernel for For<R, T> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        self.0.multiply::<S, R>(s);
    }
}

/// Only tiers with registers for it are compiled for more than [`MOST_ROWS_NARROW`].
fn run<const R: usize, T: Rows>(tier: Tier, rows: T) {
    if R <= MOST_ROWS_NARROW {
        tier.run(For::<R, T>(rows));
    } else {
        // Others are never asked for so many.
        let _ = tier.run_wide(For::<R, T>(rows));
    }
}

/// One tile of floats.
struct Floats<'a, T> {
    x: &'a Activations,
    row: usize,
    lanes: &'a [[T; LANES]],
    bias: Option<&'a [f32; LANES]>,
    out: &'a mut [[f32; LANES]],
}

impl<T: Element> Rows for Floats<'_, T> {
    #[inline(always)]
    fn multiply<S: Simd, const R: usize>(self, s: S) {
        let Self { x, row, lanes, bias, out } = self;
        let mut sums = [bias.map_or(s.splat(0.0), |bias| s.load(bias)); R];
        let rows: [&[f32]; R] = std::array::from_fn(|r| &x.floats[(row + r) * x.width..][..lanes.len()]);
        for (input, lanes) in lanes.iter().enumerate() {
            let weight = T::load(s, lanes);
            for r in 0..R {
                sums[r] = s.fma(s.splat(rows[r][input]), weight, sums[r]);
            }
        }
        for r in 0..R {
            s.store(sums[r], &mut out[r]);
        }
    }
}

const NIBBLE: u8 = 0;
const NIBBLE_MIN: u8 = 1;
const BYTE: u8 = 2;
const BYTE_MIN: u8 = 3;
const BYTE_HALVES: u8 = 4;

/// Neighbouring tiles of codes.
struct Packed<'a, const C: usize> {
    x: &'a Activations,
    line: usize,
    /// Those of each tile.
    lines: [&'a [Line]; C],
    scales: &'a Factors,
    minima: &'a Factors,
    /// Number of the first tile's first block in the matrix.
    first: usize,
    bias: [Option<&'a [f32; LANES]>; C],
    out: [&'a mut [[f32; LANES]]; C],
}

/// Tiles of codes of a known kind, with half-precision scales if `SMALL`.
struct Kind<'a, const C: usize, const KIND: u8, const SMALL: bool>(Packed<'a, C>);

impl<'a, const C: usize> Packed<'a, C> {
    fn kind<const KIND: u8, const SMALL: bool>(self) -> Kind<'a, C, KIND, SMALL> {
        Kind(self)
    }
}

impl<const C: usize, const KIND: u8, const SMALL: bool> Rows for Kind<'_, C, KIND, SMALL> {
    #[inline(always)]
    fn multiply<S: Simd, const R: usize>(self, s: S) {
        let Packed { x, line, lines, scales, minima, first, bias, out } = self.0;
        let blocks = x.width / BLOCK;
        let lines_each = if KIND == NIBBLE || KIND == NIBBLE_MIN { 4 } else { 8 };
        let scales_each = if KIND == BYTE_HALVES { 2 } else { 1 };
        let has_minima = KIND == NIBBLE_MIN || KIND == BYTE_MIN;
        let scales = Vectors::<SMALL>::new(scales, first * scales_each, C * blocks * scales_each);
        let minima = Vectors::<SMALL>::new(minima, first, if has_minima { C * blocks } else { 0 });
        for lines in lines {
            assert!(lines.len() >= blocks * lines_each);
        }
        // Lines of a tile are neighbours in a group, a whole group if there are so many.
        let (start, stride) = x.place(line);
        let stride = if R == GROUP { GROUP } else { stride };
        let rows = &x.blocks[start..][..(blocks - 1) * stride + R];
        let mut next = rows.as_ptr();
        let mut sums = [[s.splat(0.0); R]; C];
        for c in 0..C {
            if let Some(bias) = bias[c] {
                sums[c] = [s.load(bias); R];
            }
        }
        for block in 0..blocks {
            // SAFETY: as many rows, lines and vectors as are asked for were cut out above; the checks
            // of the compiler would cost registers that the sums need.
            let weights =
                |c: usize, index: usize| unsafe { &lines[c].get_unchecked(block * lines_each + index).0 };
            let here = next;
            next = next.wrapping_add(stride);
            // SAFETY: as above; blocks of a tile's rows lie side by side, `stride` further for each block.
            let row = |r: usize| unsafe { &*here.add(r) };
            if KIND == BYTE_HALVES {
                for half in 0..2 {
                    let mut dots = [[s.splat_i(0); R]; C];
                    for r in 0..R {
                        let start = s.start_biased(ROUNDER_BITS, row(r).halves_less_128[half]);
                        for c in 0..C {
                            dots[c][r] = start;
                        }
                    }
                    for group in 4 * half..4 * half + 4 {
                        let mut bytes = [s.load_b(weights(0, group)); C];
                        for c in 1..C {
                            bytes[c] = s.load_b(weights(c, group));
                        }
                        for r in 0..R {
                            for c in 0..C {
                                dots[c][r] = s.dot_biased(dots[c][r], bytes[c], four(row(r), group));
                            }
                        }
                    }
                    for c in 0..C {
                        let scale = scales.get(s, 2 * (c * blocks + block) + half);
                        let less = s.mul(scale, s.splat(-ROUNDER));
                        for r in 0..R {
                            let dot = s.fma(s.as_f(dots[c][r]), scale, less);
                            sums[c][r] = s.fma(dot, s.splat(row(r).scale), sums[c][r]);
                        }
                    }
                }
                continue;
            }
            let mut dots = [[s.splat_i(0); R]; C];
            if KIND == NIBBLE || KIND == NIBBLE_MIN {
                let start = |r| if KIND == NIBBLE { row(r).less_8 } else { ROUNDER_BITS };
                let mut sums = [[s.start_nibbles(0); R]; C];
                for r in 0..R {
                    let start = s.start_nibbles(start(r));
                    for c in 0..C {
                        sums[c][r] = start;
                    }
                }
                for group in 0..4 {
                    let mut bytes = [s.load_b(weights(0, group)); C];
                    for c in 1..C {
                        bytes[c] = s.load_b(weights(c, group));
                    }
                    for r in 0..R {
                        for c in 0..C {
                            sums[c][r] = s.dot_nibbles(sums[c][r], s.low(bytes[c]), four(row(r), group));
                        }
                    }
                    for r in 0..R {
                        for c in 0..C {
                            sums[c][r] = s.dot_nibbles(sums[c][r], s.high(bytes[c]), four(row(r), group + 4));
                        }
                    }
                }
                for r in 0..R {
                    for c in 0..C {
                        dots[c][r] = s.end_nibbles(sums[c][r], start(r));
                    }
                }
            } else {
                for r in 0..R {
                    let start = s.start_biased(ROUNDER_BITS, row(r).less_128);
                    for c in 0..C {
                        dots[c][r] = start;
                    }
                }
                for group in 0..8 {
                    let mut bytes = [s.load_b(weights(0, group)); C];
                    for c in 1..C {
                        bytes[c] = s.load_b(weights(c, group));
                    }
                    for r in 0..R {
                        for c in 0..C {
                            dots[c][r] = s.dot_biased(dots[c][r], bytes[c], four(row(r), group));
                        }
                    }
                }
            }
            for c in 0..C {
                // The same bits as those of a converted sum times the scale, since the product of the
                // scale, which has at most 22 bits, and the rounder is exact.
                let scale = scales.get(s, c * blocks + block);
                let less = s.mul(scale, s.splat(-ROUNDER));
                for r in 0..R {
                    let dot = s.fma(s.as_f(dots[c][r]), scale, less);
                    sums[c][r] = s.fma(dot, s.splat(row(r).scale), sums[c][r]);
                }
                if has_minima {
                    let minimum = minima.get(s, c * blocks + block);
                    for r in 0..R {
                        sums[c][r] = s.fma(minimum, s.splat(row(r).weighted), sums[c][r]);
                    }
                }
            }
        }
        for (sums, out) in sums.iter().zip(out) {
            for r in 0..R {
                s.store(sums[r], &mut out[r]);
            }
        }
    }
}

/// The four values of a group, as they are given to a dot product.
#[inline(always)]
fn four(block: &Block, group: usize) -> i32 {
    let at = 4 * group;
    let values = &block.values;
    let bytes = [values[at], values[at + 1], values[at + 2], values[at + 3]];
    i32::from_le_bytes(bytes.map(|byte| byte as u8))
}

/// The scales or minima of one tile, half-precision if `SMALL`.
struct Vectors<'a, const SMALL: bool> {
    halves: &'a [[u16; LANES]],
    floats: &'a [[f32; LANES]],
}

impl<'a, const SMALL: bool> Vectors<'a, SMALL> {
    #[inline(always)]
    fn new(factors: &'a Factors, first: usize, count: usize) -> Self {
        match factors {
            Factors::F16(all) if SMALL => Self { halves: &all[first..][..count], floats: &[] },
            Factors::F32(all) if !SMALL => Self { halves: &[], floats: &all[first..][..count] },
            _ => {
                assert!(count == 0, "scales of another kind");
                Self { halves: &[], floats: &[] }
            }
        }
    }

    /// The vector `at`, which is below the count.
    #[inline(always)]
    fn get<S: Simd>(&self, s: S, at: usize) -> S::F {
        // SAFETY: callers stay below the count that `new` has checked.
        unsafe {
            if SMALL {
                s.load_f16(self.halves.get_unchecked(at))
            } else {
                s.load(self.floats.get_unchecked(at))
            }
        }
    }
}
