//! Rows of activations times packed matrices.
//!
//! A tile of sixteen columns is multiplied with up to eight rows at a time; their sums stay in
//! registers. Each output sums its blocks in the same order whatever the number of rows and the
//! tier.

mod tile;

use crate::activations::{Activations, GROUP};
use crate::matrix::Matrix;
use crate::pool::Parts;
use crate::simd::{LANES, Simd};
use crate::tier::{Cpu, Kernel, Tier};
use crate::transcendental::{gelu_erf, gelu_tanh, silu};
use tile::{Place, product};

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
    let work = row_block.min(x.rows) * x.parts * x.width * LANES;
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
        let lines = if self.tier.is_wide() { MOST_ROWS } else { MOST_ROWS_NARROW };
        let at_once = lines / self.x.parts;
        let mut sums = [[0.0; LANES]; MOST_ROWS];
        let mut gates = [[0.0; LANES]; MOST_ROWS];
        let mut row = self.rows.start;
        while row < self.rows.end {
            let left = (self.rows.end - row).min(at_once);
            let count = 1 << left.ilog2();
            // Columns within rows, so that neighbouring results are written one after the other.
            for unit in self.units {
                self.multiply(row, unit.matrix, unit.tile, &mut sums, count);
                if let Some(gate) = unit.gate {
                    self.multiply(row, gate, unit.tile, &mut gates, count);
                }
                let gates = unit.gate.map(|_| &gates[..count]);
                self.tier.run(Finish { tiles: self, unit, row, sums: &sums[..count], gates });
            }
            row += count;
        }
    }

    /// `count` rows from `row` on, times one tile, plus bias.
    fn multiply(&self, row: usize, matrix: &Matrix, tile: usize, sums: &mut Sums, count: usize) {
        let parts = if matrix.is_float() { 1 } else { self.x.parts };
        let bias = matrix.bias.as_chunks::<LANES>().0.get(tile);
        let at_first = bias.filter(|_| parts == 1);
        let place = Place { x: self.x, line: parts * row, matrix, tile, bias: at_first };
        product(self.tier, place, &mut sums[..parts * count]);
        if parts > 1 {
            self.tier.run(Join { sums, count, bias });
        }
    }
}

/// One tile of up to [`MOST_ROWS`] lines.
type Sums = [[f32; LANES]; MOST_ROWS];

/// Adds up the two lines of each row, and the bias: `count` results, one after the other.
struct Join<'a> {
    sums: &'a mut Sums,
    count: usize,
    bias: Option<&'a [f32; LANES]>,
}

impl Kernel for Join<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for row in 0..self.count {
            let sum = s.add(s.load(&self.sums[2 * row]), s.load(&self.sums[2 * row + 1]));
            let sum = self.bias.map_or(sum, |bias| s.add(sum, s.load(bias)));
            s.store(sum, &mut self.sums[row]);
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

#[cfg(test)]
mod tests;
