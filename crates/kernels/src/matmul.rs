//! Rows of activations times packed matrices.
//!
//! A tile of sixteen columns is multiplied with up to eight rows at a time; their sums stay in
//! registers. Each output sums its blocks in the same order whatever the number of rows and the
//! tier.

mod finish;
mod tile;

use crate::activations::{Activations, GROUP, Kept, Norm};
use crate::matrix::Matrix;
use crate::pool::Parts;
use crate::simd::{LANES, Simd};
use crate::tier::{Cpu, Kernel, Tier};
pub(crate) use finish::activate;
use finish::{Blocks, FinishBlocks, FinishRows, ResultRows};
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
    run_units(cpu, x, &units, &Sink::Rows(ResultRows { out: Parts::new(out), stride, epilogue }));
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
    activated_rows(cpu, x, Some(gate), up, activation, out);
}

/// `activation(x up)`, or [`gated_matmul`] if there is a gate.
fn activated_rows(
    cpu: &Cpu,
    x: &Activations,
    gate: Option<&Matrix>,
    up: &Matrix,
    activation: Activation,
    out: &mut [f32],
) {
    assert_eq!(out.len(), x.rows * up.outputs, "the result has another size");
    let (stride, epilogue) = (up.outputs, Epilogue::Write(activation));
    let rows = ResultRows { out: Parts::new(out), stride, epilogue };
    run_units(cpu, x, &units_of(x, up, gate), &Sink::Rows(rows));
}

/// `activation(x up)`, or [`gated_matmul`] if there is a gate, as the activations of the next matrix: what
/// [`Activations::set`] would make of the results, in the forms of `kept`. They are quantised where they
/// come about, so that memory sees a quarter of the bytes once instead of all of them twice.
///
/// # Panics
/// As [`gated_matmul`], and if the number of outputs is no multiple of 32.
pub fn matmul_quantised(
    cpu: &Cpu,
    x: &Activations,
    gate: Option<&Matrix>,
    up: &Matrix,
    activation: Activation,
    kept: Kept,
    out: &mut Activations,
) {
    if kept.floats {
        let mut rows = vec![0.0; x.rows * up.outputs];
        activated_rows(cpu, x, gate, up, activation, &mut rows);
        out.set(cpu, &rows, up.outputs, Norm::None, kept);
        return;
    }
    assert!(up.outputs.is_multiple_of(2 * LANES), "the results do not make whole blocks");
    out.resize(x.rows, up.outputs, kept);
    let blocks = Blocks {
        rows: x.rows,
        per_line: up.outputs / (2 * LANES),
        parts: out.parts,
        activation,
        out: Parts::new(&mut out.blocks),
    };
    run_units(cpu, x, &units_of(x, up, gate), &Sink::Blocks(blocks));
}

/// The tiles of a matrix, each with that of its gate.
fn units_of<'a>(x: &Activations, up: &'a Matrix, gate: Option<&'a Matrix>) -> Vec<Unit<'a>> {
    check(x, up);
    if let Some(gate) = gate {
        assert_eq!(gate.outputs, up.outputs, "gate and up differ");
        check(x, gate);
    }
    (0..up.tiles()).map(|tile| Unit { matrix: up, gate, tile, at: tile * LANES }).collect()
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

impl Unit<'_> {
    /// Whether another one is the next tile of the same matrix, and its gate that of the same gate.
    fn is_before(&self, other: &Self) -> bool {
        let same_gate = match (self.gate, other.gate) {
            (None, None) => true,
            (Some(one), Some(other)) => std::ptr::eq(one, other),
            _ => false,
        };
        std::ptr::eq(self.matrix, other.matrix) && self.tile + 1 == other.tile && same_gate
    }
}

/// Where results go.
enum Sink<'a> {
    Rows(ResultRows<'a>),
    Blocks(Blocks<'a>),
}

impl Sink<'_> {
    /// Tiles that make one result.
    fn tiles_at_once(&self) -> usize {
        match self {
            Self::Rows(_) => 1,
            Self::Blocks(_) => 2,
        }
    }
}

fn run_units(cpu: &Cpu, x: &Activations, units: &[Unit<'_>], sink: &Sink<'_>) {
    if x.rows == 0 || units.is_empty() {
        return;
    }
    let row_blocks = x.rows.div_ceil(ITEM_ROWS);
    let row_block = x.rows.div_ceil(row_blocks).next_multiple_of(MOST_ROWS);
    let work = row_block.min(x.rows) * x.parts * x.width * LANES;
    let bytes = units[0].matrix.tile_bytes();
    let enough = ITEM_WORK.div_ceil(work).min(ITEM_BYTES.div_ceil(bytes.max(1)));
    let fair = units.len().div_ceil(cpu.pool.threads());
    let paired = cpu.tier.is_wide() && x.rows * x.parts >= MOST_ROWS;
    let at_once = if paired { 2 } else { sink.tiles_at_once() };
    let per_item = enough.clamp(1, fair.max(1)).next_multiple_of(at_once);
    let runs = units.len().div_ceil(per_item);
    // What is larger, weights or rows, is read once, and the other again and again.
    let by_columns = units.len() * bytes > size_of_val(x.blocks.as_slice());
    cpu.pool.run(row_blocks * runs, &|item| {
        let (block, run) = match by_columns {
            true => (item % row_blocks, item / row_blocks),
            false => (item / runs, item % runs),
        };
        let first = run * per_item;
        let rows = (block * row_block).min(x.rows)..((block + 1) * row_block).min(x.rows);
        let units = &units[first..(first + per_item).min(units.len())];
        Tiles { tier: cpu.tier, x, rows, units, sink }.run();
    });
}

/// Some columns of some rows of a result.
struct Tiles<'a> {
    tier: Tier,
    x: &'a Activations,
    rows: std::ops::Range<usize>,
    units: &'a [Unit<'a>],
    sink: &'a Sink<'a>,
}

impl Tiles<'_> {
    fn run(&self) {
        let lines = if self.tier.is_wide() { MOST_ROWS } else { MOST_ROWS_NARROW };
        let at_once = lines / self.x.parts;
        let mut tiles = [Tile::EMPTY; 2];
        let mut row = self.rows.start;
        while row < self.rows.end {
            let left = (self.rows.end - row).min(at_once);
            let count = 1 << left.ilog2();
            // Columns within rows, so that neighbouring results are written one after the other.
            for units in self.units.chunks(2) {
                self.fill(&mut tiles, row, units, count);
                match self.sink {
                    Sink::Rows(rows) => units.iter().zip(&tiles).for_each(|(unit, tile)| {
                        self.tier.run(FinishRows { rows, unit, row, tile });
                    }),
                    Sink::Blocks(blocks) => {
                        let block = units[0].at / (2 * LANES);
                        self.tier.run(FinishBlocks { blocks, row, block, tiles: &tiles });
                    }
                }
            }
            row += count;
        }
    }

    /// The sums of `count` rows from `row` on, for one unit or two.
    fn fill(&self, tiles: &mut [Tile; 2], row: usize, units: &[Unit<'_>], count: usize) {
        for (tile, unit) in tiles.iter_mut().zip(units) {
            (tile.count, tile.gated) = (count, unit.gate.is_some());
        }
        let [first, second] = tiles;
        if let [one, other] = units
            && one.is_before(other)
            && count * self.x.parts == MOST_ROWS
        {
            // Twice as many sums at a time hide how long each takes.
            self.multiply(row, one.matrix, one.tile, [&mut first.sums, &mut second.sums], count);
            if let Some(gate) = one.gate {
                self.multiply(row, gate, one.tile, [&mut first.gates, &mut second.gates], count);
            }
            return;
        }
        for (tile, unit) in [first, second].into_iter().zip(units) {
            self.multiply(row, unit.matrix, unit.tile, [&mut tile.sums], count);
            if let Some(gate) = unit.gate {
                self.multiply(row, gate, unit.tile, [&mut tile.gates], count);
            }
        }
    }

    /// `count` rows from `row` on, times `C` neighbouring tiles, plus bias.
    fn multiply<const C: usize>(
        &self,
        row: usize,
        matrix: &Matrix,
        tile: usize,
        mut sums: [&mut Sums; C],
        count: usize,
    ) {
        let parts = if matrix.is_float() { 1 } else { self.x.parts };
        let biases = matrix.bias.as_chunks::<LANES>().0;
        let bias: [_; C] = std::array::from_fn(|c| biases.get(tile + c));
        let at_first = bias.map(|bias| bias.filter(|_| parts == 1));
        let place = Place { x: self.x, line: parts * row, matrix, tile, bias: at_first };
        product(self.tier, place, sums.each_mut().map(|sums| &mut sums[..parts * count]));
        if parts > 1 {
            for (sums, bias) in sums.into_iter().zip(bias) {
                self.tier.run(Join { sums, count, bias });
            }
        }
    }
}

/// One tile of up to [`MOST_ROWS`] lines.
type Sums = [[f32; LANES]; MOST_ROWS];

/// What becomes sixteen columns of some rows of the result.
struct Tile {
    count: usize,
    sums: Sums,
    gated: bool,
    gates: Sums,
}

impl Tile {
    const EMPTY: Self =
        Self { count: 0, sums: [[0.0; LANES]; MOST_ROWS], gated: false, gates: [[0.0; LANES]; MOST_ROWS] };
}

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

#[cfg(test)]
mod tests;
