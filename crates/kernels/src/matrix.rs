//! Matrices of weights, packed for multiplication by tiles of sixteen columns.
//!
//! A tile holds sixteen outputs. Its 32 inputs of a block lie as eight groups of four, each group
//! sixteen columns of four bytes, one vector register wide; codes of four bits share a byte with
//! the group four further on. Scales and minima of a block lie side by side, one per column.

use half::{bf16, f16};

use crate::activations::BLOCK;
use crate::format::{Codes, Coding, Format};
use crate::pool::Parts;
use crate::simd::LANES;
use crate::tier::Cpu;

/// 64 bytes that start at a multiple of 64, so that no load crosses a cache line.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Line(pub(crate) [u8; 64]);

/// Scales or minima, one vector for each block of a tile.
#[derive(Clone, Debug)]
pub(crate) enum Factors {
    None,
    F16(Vec<[u16; LANES]>),
    F32(Vec<[f32; LANES]>),
}

/// The weights themselves.
#[derive(Clone, Debug)]
pub(crate) enum Weights {
    /// Codes, by tile, block and line.
    Codes { coding: Coding, lines: Vec<Line>, scales: Factors, minima: Factors },
    /// `[tile][input][16]`
    F16(Vec<[u16; LANES]>),
    /// `[tile][input][16]`
    F32(Vec<[f32; LANES]>),
}

/// A matrix of `outputs` by `inputs`, with a bias if it has one.
#[derive(Clone, Debug)]
pub struct Matrix {
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    pub(crate) weights: Weights,
    /// As long as the tiles are wide together, or empty.
    pub(crate) bias: Vec<f32>,
}

impl Matrix {
    /// Packs a matrix as a GGUF file stores it: `outputs` rows of `inputs` values, a multiple of 32.
    /// `None` if `data` is not as long as that, or the format does not divide the rows.
    #[must_use]
    pub fn pack(cpu: &Cpu, format: Format, data: &[u8], outputs: usize, inputs: usize) -> Option<Self> {
        let (block, bytes) = format.block();
        if inputs == 0 || !inputs.is_multiple_of(BLOCK) || !inputs.is_multiple_of(block) {
            return None;
        }
        let row = inputs / block * bytes;
        if data.len() != outputs.checked_mul(row)? {
            return None;
        }
        let row_of = |output: usize| &data[output * row..][..row];
        let weights = match format.coding() {
            Coding::Float => pack_floats(cpu, format, &row_of, outputs, inputs),
            coding => {
                let shape = Shape { coding, small: format.has_small_scales(), outputs, inputs };
                shape.pack(cpu, &|output, block| format.codes(row_of(output), block))
            }
        };
        Some(Self { outputs, inputs, weights, bias: Vec::new() })
    }

    /// Quantises floats, `outputs` rows of `inputs` values, a multiple of 32, to 8 bits with a scale
    /// for each 32.
    ///
    /// # Panics
    /// If the lengths are not as said.
    #[must_use]
    pub fn quantise(cpu: &Cpu, values: &[f32], outputs: usize, inputs: usize) -> Self {
        assert!(inputs.is_multiple_of(BLOCK) && values.len() == outputs * inputs);
        let shape = Shape { coding: Coding::Byte, small: true, outputs, inputs };
        let weights = shape.pack(cpu, &|output, block| {
            let values = &values[output * inputs + block * BLOCK..][..BLOCK];
            let largest = values.iter().fold(0f32, |most, value| most.max(value.abs()));
            let scale = f16::from_f32(largest / 127.0).to_f32();
            let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
            let code = |i: usize| (values[i] * inverse).round_ties_even().clamp(-127.0, 127.0) as i32 + 128;
            Codes { codes: std::array::from_fn(|i| code(i) as u8), scale: [scale; 2], minimum: 0.0 }
        });
        Self { outputs, inputs, weights, bias: Vec::new() }
    }

    /// Keeps floats as they are: `outputs` rows of `inputs` values, a multiple of 32.
    ///
    /// # Panics
    /// If the lengths are not as said.
    #[must_use]
    pub fn exact(cpu: &Cpu, values: &[f32], outputs: usize, inputs: usize) -> Self {
        assert!(inputs.is_multiple_of(BLOCK) && values.len() == outputs * inputs);
        let row_of = |output: usize| &values[output * inputs..][..inputs];
        let weights = Weights::F32(pack_columns(cpu, outputs, inputs, 0.0, &|output, column| {
            for (input, &value) in row_of(output).iter().enumerate() {
                column(input, value);
            }
        }));
        Self { outputs, inputs, weights, bias: Vec::new() }
    }

    /// The same matrix with a bias of `outputs` values.
    ///
    /// # Panics
    /// If there are not as many.
    #[must_use]
    pub fn with_bias(mut self, bias: &[f32]) -> Self {
        assert_eq!(bias.len(), self.outputs);
        self.bias = bias.to_vec();
        self.bias.resize(self.tiles() * LANES, 0.0);
        self
    }

    /// Length of a result.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Length of what is multiplied.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Whether it multiplies floats rather than quantised rows.
    #[must_use]
    pub fn is_float(&self) -> bool {
        !matches!(self.weights, Weights::Codes { .. })
    }

    /// Bytes in memory.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let factors = |factors: &Factors| match factors {
            Factors::None => 0,
            Factors::F16(all) => size_of_val(all.as_slice()),
            Factors::F32(all) => size_of_val(all.as_slice()),
        };
        match &self.weights {
            Weights::Codes { lines, scales, minima, .. } => {
                size_of_val(lines.as_slice()) + factors(scales) + factors(minima)
            }
            Weights::F16(all) => size_of_val(all.as_slice()),
            Weights::F32(all) => size_of_val(all.as_slice()),
        }
    }

    pub(crate) fn tiles(&self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    /// Bytes of one tile.
    pub(crate) fn tile_bytes(&self) -> usize {
        self.bytes() / self.tiles().max(1)
    }
}

/// What is packed from codes.
struct Shape {
    coding: Coding,
    small: bool,
    outputs: usize,
    inputs: usize,
}

impl Shape {
    fn pack(&self, cpu: &Cpu, codes: &(dyn Fn(usize, usize) -> Codes + Sync)) -> Weights {
        let tiles = self.outputs.div_ceil(LANES);
        let blocks = self.inputs / BLOCK;
        let per_block = lines_per_block(self.coding);
        let per_scale = if self.coding == Coding::ByteHalves { 2 } else { 1 };
        let has_minima = matches!(self.coding, Coding::NibbleMin | Coding::ByteMin);
        let mut lines = vec![Line([0; 64]); tiles * blocks * per_block];
        let mut scales = vec![[0f32; LANES]; tiles * blocks * per_scale];
        let mut minima = vec![[0f32; LANES]; if has_minima { tiles * blocks } else { 0 }];
        {
            let (lines, scales) = (Parts::new(&mut lines), Parts::new(&mut scales));
            let minima = Parts::new(&mut minima);
            cpu.pool.run(tiles, &|tile| {
                // SAFETY: each item has a tile of its own.
                let (lines, scales, minima) = unsafe {
                    (
                        lines.part(tile * blocks * per_block, blocks * per_block),
                        scales.part(tile * blocks * per_scale, blocks * per_scale),
                        if has_minima { minima.part(tile * blocks, blocks) } else { &mut [] },
                    )
                };
                for column in 0..LANES.min(self.outputs - tile * LANES) {
                    for block in 0..blocks {
                        let codes = codes(tile * LANES + column, block);
                        put_codes(self.coding, &codes.codes, column, &mut lines[block * per_block..]);
                        for half in 0..per_scale {
                            scales[block * per_scale + half][column] = codes.scale[half];
                        }
                        if has_minima {
                            minima[block][column] = codes.minimum;
                        }
                    }
                }
            });
        }
        Weights::Codes {
            coding: self.coding,
            lines,
            scales: self.factors(scales),
            minima: if has_minima { self.factors(minima) } else { Factors::None },
        }
    }

    fn factors(&self, exact: Vec<[f32; LANES]>) -> Factors {
        if self.small {
            Factors::F16(exact.into_iter().map(|lanes| lanes.map(|x| f16::from_f32(x).to_bits())).collect())
        } else {
            Factors::F32(exact)
        }
    }
}

/// Lines that 32 inputs of sixteen columns take.
pub(crate) fn lines_per_block(coding: Coding) -> usize {
    match coding {
        Coding::Nibble | Coding::NibbleMin => 4,
        _ => 8,
    }
}

fn put_codes(coding: Coding, codes: &[u8; 32], column: usize, lines: &mut [Line]) {
    if lines_per_block(coding) == 4 {
        for group in 0..4 {
            for i in 0..4 {
                let (low, high) = (codes[4 * group + i], codes[16 + 4 * group + i]);
                lines[group].0[4 * column + i] = low | high << 4;
            }
        }
    } else {
        for group in 0..8 {
            lines[group].0[4 * column..][..4].copy_from_slice(&codes[4 * group..][..4]);
        }
    }
}

fn pack_floats<'a>(
    cpu: &Cpu,
    format: Format,
    row_of: &(dyn Fn(usize) -> &'a [u8] + Sync),
    outputs: usize,
    inputs: usize,
) -> Weights {
    if format == Format::F16 {
        return Weights::F16(pack_columns(cpu, outputs, inputs, 0, &|output, column| {
            for (input, bytes) in row_of(output).as_chunks::<2>().0.iter().enumerate() {
                column(input, u16::from_le_bytes(*bytes));
            }
        }));
    }
    Weights::F32(pack_columns(cpu, outputs, inputs, 0.0, &|output, column| {
        let row = row_of(output);
        for input in 0..inputs {
            let value = match format {
                Format::Bf16 => bf16::from_le_bytes([row[2 * input], row[2 * input + 1]]).to_f32(),
                _ => f32::from_le_bytes([
                    row[4 * input],
                    row[4 * input + 1],
                    row[4 * input + 2],
                    row[4 * input + 3],
                ]),
            };
            column(input, value);
        }
    }))
}

/// Gives the inputs of an output, with their places, to a function.
type Fill<'a, T> = dyn Fn(usize, &mut dyn FnMut(usize, T)) + Sync + 'a;

/// Calls `fill` for each output with a function that takes its inputs.
fn pack_columns<T: Copy + Send>(
    cpu: &Cpu,
    outputs: usize,
    inputs: usize,
    zero: T,
    fill: &Fill<'_, T>,
) -> Vec<[T; LANES]> {
    let tiles = outputs.div_ceil(LANES);
    let mut packed = vec![[zero; LANES]; tiles * inputs];
    let parts = Parts::new(&mut packed);
    cpu.pool.run(tiles, &|tile| {
        // SAFETY: each item has a tile of its own.
        let lanes = unsafe { parts.part(tile * inputs, inputs) };
        for column in 0..LANES.min(outputs - tile * LANES) {
            fill(tile * LANES + column, &mut |input, value| lanes[input][column] = value);
        }
    });
    packed
}
