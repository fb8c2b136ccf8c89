//! Rows of activations times packed matrices.
//!
//! A tile of sixteen columns is multiplied with up to eight rows at a time; their sums stay in
//! registers. Each output sums its blocks in the same order whatever the number of rows and the
//! tier.

use crate::activations::{Activations, BLOCK, Block, GROUP, ROUNDER_BITS};
use crate::attention::Element;
use crate::format::Coding;
use crate::matrix::{Factors, Line, Matrix, Weights, lines_per_block};
use crate::pool::Parts;
use crate::simd::{LANES, Simd};
use crate::tier::{Cpu, Kernel, Tier};
use crate::transcendental::{ROUNDER, gelu_erf, gelu_tanh, silu};

/// The most rows at a time.
const MOST_ROWS: usize = GROUP;

/// The most rows at a time on tiers with few registers.
const MOST_ROWS_NARROW: usize = 4;

/// About as many rows has an item when there are many: each brings its weights into the core's
/// cache anew.
const ITEM_ROWS: usize = 64;

/// Work that an item should have, in multiply-adds: some tens of microseconds.
const ITEM_WORK: usize = 8 << 20;

/// Bytes of weights that an item should read: enough when there is little to compute, and still in
/// the second-level cache when the next rows need them.
const ITEM_BYTES: usize = 128 << 10;

/// An activation function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// The value itself.
    Identity,
    /// SiLU.
    Silu,
    /// GELU by the error function.
    GeluErf,
    /// GELU by the hyperbolic tangent.
    GeluTanh,
}

/// What becomes of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epilogue {
    /// It is written, after the activation function.
    Write(Activation),
    /// It is added to what is there.
    Add,
}

/// Multiplies each row of `x` with all `matrices` and writes the results of a row side by side, in
/// that order, to `out`: `[rows, sum of outputs]`. Biases are added.
///
/// # Panics
/// If the widths do not match, or `x` lacks the floats that a matrix of floats needs.
pub fn matmul(cpu: &Cpu, x: &Activations, matrices: &[&Matrix], epilogue: Epilogue, out: &mut [f32]) {
    let stride: usize = matrices.iter().map(|matrix| matrix.outputs).sum();
    assert_eq!(out.len(), x.rows * stride, "the result has another size");
    let mut units = Vec::new();
    let mut start = 0;
    for matrix in matrices {
        check(x, matrix);
        units.extend((0..matrix.tiles()).map(|tile| Unit {
            matrix,
            gate: None,
            tile,
            at: start + tile * LANES,
        }));
        start += matrix.outputs;
    }
    run_units(cpu, x, &units, epilogue, stride, out);
}

/// `activation(x gate) * (x up)`, the gated unit of Shazeer (2020): `[rows, outputs]`.
///
/// # Panics
/// As [`matmul`], and if the matrices differ in shape.
pub fn gated_matmul(
    cpu: &Cpu,
    x: &Activations,
    gate: &Matrix,
    up: &Matrix,
    activation: Activation,
    out: &mut [f32],
) {
    assert_eq!(gate.outputs, up.outputs, "gate and up differ");
    assert_eq!(out.len(), x.rows * up.outputs, "the result has another size");
    check(x, gate);
    check(x, up);
    let unit = |tile| Unit { matrix: up, gate: Some(gate), tile, at: tile * LANES };
    let units: Vec<_> = (0..up.tiles()).map(unit).collect();
    run_units(cpu, x, &units, Epilogue::Write(activation), up.outputs, out);
}

fn check(x: &Activations, matrix: &Matrix) {
    assert_eq!(x.width, matrix.inputs, "rows and matrix differ in width");
    assert!(!matrix.is_float() || x.floats.len() == x.rows * x.width, "the floats are missing");
}

/// Sixteen columns of the result.
#[derive(Clone, Copy)]
struct Unit<'a> {
    matrix: &'a Matrix,
    gate: Option<&'a Matrix>,
    tile: usize,
    /// The first column in the result.
    at: usize,
}

fn run_units(
    cpu: &Cpu,
    x: &Activations,
    units: &[Unit<'_>],
    epilogue: Epilogue,
    stride: usize,
    out: &mut [f32],
) {
    if x.rows == 0 || units.is_empty() {
        return;
    }
    let row_blocks = x.rows.div_ceil(ITEM_ROWS);
    let row_block = x.rows.div_ceil(row_blocks).next_multiple_of(MOST_ROWS);
    let work = row_block.min(x.rows) * x.width * LANES;
    let bytes = units[0].matrix.tile_bytes();
    let enough = ITEM_WORK.div_ceil(work).min(ITEM_BYTES.div_ceil(bytes.max(1)));
    let fair = units.len().div_ceil(cpu.pool.threads());
    let per_item = enough.clamp(1, fair.max(1));
    let runs = units.len().div_ceil(per_item);
    // What is larger, weights or rows, is read once, and the other again and again.
    let by_columns = units.len() * bytes > size_of_val(x.blocks.as_slice());
    let result = Parts::new(out);
    cpu.pool.run(row_blocks * runs, &|item| {
        let (block, run) = match by_columns {
            true => (item % row_blocks, item / row_blocks),
            false => (item / runs, item % runs),
        };
        let first = run * per_item;
        let rows = (block * row_block).min(x.rows)..((block + 1) * row_block).min(x.rows);
        let units = &units[first..(first + per_item).min(units.len())];
        Tiles { tier: cpu.tier, x, rows, units, epilogue, stride, result: &result }.run();
    });
}

/// Some columns of some rows of a result.
struct Tiles<'a> {
    tier: Tier,
    x: &'a Activations,
    rows: std::ops::Range<usize>,
    units: &'a [Unit<'a>],
    epilogue: Epilogue,
    stride: usize,
    result: &'a Parts<'a, f32>,
}

impl Tiles<'_> {
    fn run(&self) {
        let at_once = if self.tier.is_wide() { MOST_ROWS } else { MOST_ROWS_NARROW };
        let mut sums = [[0.0; LANES]; MOST_ROWS];
        let mut gates = [[0.0; LANES]; MOST_ROWS];
        let mut row = self.rows.start;
        while row < self.rows.end {
            let left = (self.rows.end - row).min(at_once);
            let count = 1 << left.ilog2();
            // Columns within rows, so that neighbouring results are written one after the other.
            for unit in self.units {
                product(self.tier, self.x, row, unit.matrix, unit.tile, &mut sums[..count]);
                if let Some(gate) = unit.gate {
                    product(self.tier, self.x, row, gate, unit.tile, &mut gates[..count]);
                }
                let gates = unit.gate.map(|_| &gates[..count]);
                self.tier.run(Finish { tiles: self, unit, row, sums: &sums[..count], gates });
            }
            row += count;
        }
    }
}

/// Puts sums where they belong.
struct Finish<'a> {
    tiles: &'a Tiles<'a>,
    unit: &'a Unit<'a>,
    row: usize,
    sums: &'a [[f32; LANES]],
    gates: Option<&'a [[f32; LANES]]>,
}

impl Kernel for Finish<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { tiles, unit, row, sums, gates } = self;
        let columns = LANES.min(unit.matrix.outputs - unit.tile * LANES);
        for (r, sum) in sums.iter().enumerate() {
            let sum = s.load(sum);
            let value = match (tiles.epilogue, gates) {
                (Epilogue::Add, _) => sum,
                (Epilogue::Write(activation), None) => activate(s, activation, sum),
                (Epilogue::Write(activation), Some(gates)) => {
                    s.mul(sum, activate(s, activation, s.load(&gates[r])))
                }
            };
            // SAFETY: items have rows or columns of their own.
            let out = unsafe { tiles.result.part((row + r) * tiles.stride + unit.at, columns) };
            if let Ok(out) = <&mut [f32; LANES]>::try_from(&mut *out) {
                let value = match tiles.epilogue {
                    Epilogue::Add => s.add(s.load(out), value),
                    Epilogue::Write(_) => value,
                };
                s.store(value, out);
            } else {
                let mut lanes = [0.0; LANES];
                s.store(value, &mut lanes);
                for (out, value) in out.iter_mut().zip(lanes) {
                    match tiles.epilogue {
                        Epilogue::Add => *out += value,
                        Epilogue::Write(_) => *out = value,
                    }
                }
            }
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

/// As many rows as `out` has, from `row` on, times one tile, plus bias.
fn product(tier: Tier, x: &Activations, row: usize, matrix: &Matrix, tile: usize, out: &mut [[f32; LANES]]) {
    match out.len() {
        8 => rows_of_tile::<8>(tier, x, row, matrix, tile, out),
        4 => rows_of_tile::<4>(tier, x, row, matrix, tile, out),
        2 => rows_of_tile::<2>(tier, x, row, matrix, tile, out),
        _ => rows_of_tile::<1>(tier, x, row, matrix, tile, out),
    }
}

fn rows_of_tile<const R: usize>(
    tier: Tier,
    x: &Activations,
    row: usize,
    matrix: &Matrix,
    tile: usize,
    out: &mut [[f32; LANES]],
) {
    let bias = matrix.bias.as_chunks::<LANES>().0.get(tile);
    match &matrix.weights {
        Weights::F16(all) => {
            run::<R, _>(tier, Floats { x, row, lanes: &all[tile * x.width..][..x.width], bias, out })
        }
        Weights::F32(all) => {
            run::<R, _>(tier, Floats { x, row, lanes: &all[tile * x.width..][..x.width], bias, out })
        }
        Weights::Codes { coding, lines, scales, minima } => {
            let blocks = x.width / BLOCK;
            let per_block = lines_per_block(*coding);
            let lines = &lines[tile * blocks * per_block..][..blocks * per_block];
            let packed = Packed { x, row, lines, scales, minima, first: tile * blocks, bias, out };
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

/// The product of `R` rows and a tile, whatever the tile is made of.
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

/// One tile of codes.
struct Packed<'a> {
    x: &'a Activations,
    row: usize,
    lines: &'a [Line],
    scales: &'a Factors,
    minima: &'a Factors,
    /// Number of the tile's first block in the matrix.
    first: usize,
    bias: Option<&'a [f32; LANES]>,
    out: &'a mut [[f32; LANES]],
}

/// One tile of codes of a known kind, with half-precision scales if `SMALL`.
struct Kind<'a, const KIND: u8, const SMALL: bool>(Packed<'a>);

impl<'a> Packed<'a> {
    fn kind<const KIND: u8, const SMALL: bool>(self) -> Kind<'a, KIND, SMALL> {
        Kind(self)
    }
}

impl<const KIND: u8, const SMALL: bool> Rows for Kind<'_, KIND, SMALL> {
    #[inline(always)]
    fn multiply<S: Simd, const R: usize>(self, s: S) {
        let Packed { x, row, lines, scales, minima, first, bias, out } = self.0;
        let blocks = x.width / BLOCK;
        let lines_each = if KIND == NIBBLE || KIND == NIBBLE_MIN { 4 } else { 8 };
        let scales_each = if KIND == BYTE_HALVES { 2 } else { 1 };
        let has_minima = KIND == NIBBLE_MIN || KIND == BYTE_MIN;
        let scales = Vectors::<SMALL>::new(scales, first * scales_each, blocks * scales_each);
        let minima = Vectors::<SMALL>::new(minima, first, if has_minima { blocks } else { 0 });
        let lines = &lines[..blocks * lines_each];
        // Rows of a tile are neighbours in a group, a whole group if there are so many.
        let (start, stride) = x.place(row);
        let stride = if R == GROUP { GROUP } else { stride };
        let rows = &x.blocks[start..][..(blocks - 1) * stride + R];
        let mut next = rows.as_ptr();
        let mut sums = [bias.map_or(s.splat(0.0), |bias| s.load(bias)); R];
        for block in 0..blocks {
            // SAFETY: as many rows, lines and vectors as are asked for were cut out above; the checks
            // of the compiler would cost registers that the sums need.
            let line = |index: usize| unsafe { &lines.get_unchecked(block * lines_each + index).0 };
            let here = next;
            next = next.wrapping_add(stride);
            // SAFETY: as above; blocks of a tile's rows lie side by side, `stride` further for each block.
            let row = |r: usize| unsafe { &*here.add(r) };
            if KIND == BYTE_HALVES {
                for half in 0..2 {
                    let mut dots = [s.splat_i(0); R];
                    for r in 0..R {
                        dots[r] = s.start_biased(ROUNDER_BITS, row(r).halves_less_128[half]);
                    }
                    for group in 4 * half..4 * half + 4 {
                        let bytes = s.load_b(line(group));
                        for r in 0..R {
                            dots[r] = s.dot_biased(dots[r], bytes, four(row(r), group));
                        }
                    }
                    let scale = scales.get(s, 2 * block + half);
                    let less = s.mul(scale, s.splat(-ROUNDER));
                    for r in 0..R {
                        let dot = s.fma(s.as_f(dots[r]), scale, less);
                        sums[r] = s.fma(dot, s.splat(row(r).scale), sums[r]);
                    }
                }
                continue;
            }
            let mut dots = [s.splat_i(0); R];
            if KIND == NIBBLE || KIND == NIBBLE_MIN {
                let start = |r| if KIND == NIBBLE { row(r).less_8 } else { ROUNDER_BITS };
                let mut sums = [s.start_nibbles(0); R];
                for r in 0..R {
                    sums[r] = s.start_nibbles(start(r));
                }
                for group in 0..4 {
                    let bytes = s.load_b(line(group));
                    let (low, high) = (s.low(bytes), s.high(bytes));
                    for r in 0..R {
                        sums[r] = s.dot_nibbles(sums[r], low, four(row(r), group));
                    }
                    for r in 0..R {
                        sums[r] = s.dot_nibbles(sums[r], high, four(row(r), group + 4));
                    }
                }
                for r in 0..R {
                    dots[r] = s.end_nibbles(sums[r], start(r));
                }
            } else {
                for r in 0..R {
                    dots[r] = s.start_biased(ROUNDER_BITS, row(r).less_128);
                }
                for group in 0..8 {
                    let bytes = s.load_b(line(group));
                    for r in 0..R {
                        dots[r] = s.dot_biased(dots[r], bytes, four(row(r), group));
                    }
                }
            }
            // The same bits as those of a converted sum times the scale, since the product of the
            // scale, which has at most 22 bits, and the rounder is exact.
            let scale = scales.get(s, block);
            let less = s.mul(scale, s.splat(-ROUNDER));
            for r in 0..R {
                let dot = s.fma(s.as_f(dots[r]), scale, less);
                sums[r] = s.fma(dot, s.splat(row(r).scale), sums[r]);
            }
            if has_minima {
                let minimum = minima.get(s, block);
                for r in 0..R {
                    sums[r] = s.fma(minimum, s.splat(row(r).weighted), sums[r]);
                }
            }
        }
        for r in 0..R {
            s.store(sums[r], &mut out[r]);
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

#[cfg(test)]
mod tests;
