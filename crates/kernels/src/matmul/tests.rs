//! Each format against its dequantised floats, each tier against the others, for ragged shapes.

use std::sync::Arc;

use half::f16;
use proptest::prelude::*;

use super::*;
use crate::{Format, Kept, Norm, Pool, Tier};

const QUANTISED: [Format; 8] = [
    Format::Q4_0,
    Format::Q4_1,
    Format::Q5_0,
    Format::Q5_1,
    Format::Q8_0,
    Format::Q4K,
    Format::Q5K,
    Format::Q6K,
];

fn noise(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// A matrix file of arbitrary bits, but for scales, which are small numbers.
fn arbitrary(format: Format, outputs: usize, inputs: usize, seed: u64) -> Vec<u8> {
    let (values, bytes) = format.block();
    let count = outputs * inputs / values;
    let mut data: Vec<u8> =
        noise(seed, count * bytes).into_iter().map(|x| ((x + 1.0) * 128.0) as u8).collect();
    for (index, block) in data.chunks_exact_mut(bytes).enumerate() {
        let scale = f16::from_f32(0.01 + 0.001 * (index % 7) as f32).to_le_bytes();
        let minimum = f16::from_f32(-0.05 + 0.01 * (index % 5) as f32).to_le_bytes();
        match format {
            Format::Q6K => block[208..210].copy_from_slice(&scale),
            _ => block[..2].copy_from_slice(&scale),
        }
        if matches!(format, Format::Q4_1 | Format::Q5_1 | Format::Q4K | Format::Q5K) {
            block[2..4].copy_from_slice(&minimum);
        }
    }
    data
}

fn floats(format: Format, data: &[u8], outputs: usize, inputs: usize) -> Vec<f32> {
    let row = data.len() / outputs;
    let mut out = vec![0.0; outputs * inputs];
    for (from, to) in data.chunks_exact(row).zip(out.chunks_exact_mut(inputs)) {
        format.row_to_f32(from, inputs, to);
    }
    out
}

fn cpus() -> Vec<Cpu> {
    let pool = Arc::new(Pool::new(2));
    Tier::all().into_iter().map(|tier| Cpu { tier, pool: Arc::clone(&pool) }).collect()
}

fn multiply(cpu: &Cpu, x: &[f32], matrix: &Matrix) -> Vec<f32> {
    multiply_kept(cpu, x, matrix, false)
}

fn multiply_kept(cpu: &Cpu, x: &[f32], matrix: &Matrix, residual: bool) -> Vec<f32> {
    let rows = x.len() / matrix.inputs();
    let kept = Kept { residual, floats: matrix.is_float() };
    let x = Activations::new(cpu, x, matrix.inputs(), Norm::None, kept);
    let mut out = vec![f32::NAN; rows * matrix.outputs()];
    matmul(cpu, &x, &[matrix], Epilogue::Write(Activation::Identity), &mut out);
    out
}

/// The bound of the rounding of activations: half a step of each block's scale, per input; a 254th
/// of that, beside the rounding of sums, if the residual is kept.
fn bound(x: &[f32], weights: &[f32], width: usize, residual: bool) -> f64 {
    let largest = x.iter().fold(0f32, |most, x| most.max(x.abs()));
    let row = |weights: &[f32]| weights.iter().map(|w| f64::from(w.abs())).sum::<f64>();
    let sum = weights.chunks(width).map(row).fold(0.0, f64::max);
    let step = f64::from(largest) / 127.0;
    if residual { step / 254.0 * 0.6 * sum + 1e-5 * sum } else { step * 0.51 * sum + 1e-4 * sum }
}

/// The plain product: what the tiles must come near to.
fn reference(x: &[f32], weights: &[f32], width: usize, bias: &[f32]) -> Vec<f64> {
    let outputs = weights.len() / width;
    let mut out = Vec::new();
    for row in x.chunks(width) {
        for output in 0..outputs {
            let weights = &weights[output * width..][..width];
            let dot: f64 = row.iter().zip(weights).map(|(&x, &w)| f64::from(x) * f64::from(w)).sum();
            out.push(dot + bias.get(output).copied().map_or(0.0, f64::from));
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn every_format_and_tier_multiplies_rightly(
        rows in 1usize..20, outputs in 1usize..70, blocks in 1usize..3, seed in 1u64..1_000_000,
    ) {
        for format in QUANTISED {
            let inputs = if format.block().0 == 256 { blocks * 256 } else { blocks * 96 };
            let data = arbitrary(format, outputs, inputs, seed);
            let weights = floats(format, &data, outputs, inputs);
            let x = noise(seed + 1, rows * inputs);
            let bias = noise(seed + 2, outputs);
            let exact = reference(&x, &weights, inputs, &bias);
            for residual in [false, true] {
                let bound = bound(&x, &weights, inputs, residual);
                let mut first: Option<Vec<f32>> = None;
                for cpu in cpus() {
                    let matrix = Matrix::pack(&cpu, format, &data, outputs, inputs).unwrap().with_bias(&bias);
                    let ours = multiply_kept(&cpu, &x, &matrix, residual);
                    for (ours, exact) in ours.iter().zip(&exact) {
                        let off = (f64::from(*ours) - exact).abs();
                        prop_assert!(off <= bound, "{format:?} {cpu:?} {residual}: {ours} {exact}");
                    }
                    // A row alone has the same bits as among others.
                    let alone = multiply_kept(&cpu, &x[(rows - 1) * inputs..], &matrix, residual);
                    prop_assert_eq!(&alone[..], &ours[(rows - 1) * outputs..]);
                    let first = first.get_or_insert_with(|| ours.clone());
                    prop_assert!(*first == ours, "{format:?} {cpu:?} differs");
                }
            }
        }
    }

    #[test]
    fn floats_are_multiplied_as_floats(
        rows in 1usize..20, outputs in 1usize..40, blocks in 1usize..4, seed in 1u64..1_000_000,
    ) {
        let inputs = blocks * 32;
        let weights = noise(seed, outputs * inputs);
        let x = noise(seed + 1, rows * inputs);
        for format in [Format::F32, Format::F16, Format::Bf16] {
            let data: Vec<u8> = weights.iter().flat_map(|w| match format {
                Format::F32 => w.to_le_bytes().to_vec(),
                Format::F16 => f16::from_f32(*w).to_le_bytes().to_vec(),
                _ => half::bf16::from_f32(*w).to_le_bytes().to_vec(),
            }).collect();
            let exact = reference(&x, &floats(format, &data, outputs, inputs), inputs, &[]);
            let mut first: Option<Vec<f32>> = None;
            for cpu in cpus() {
                let matrix = Matrix::pack(&cpu, format, &data, outputs, inputs).unwrap();
                let ours = multiply(&cpu, &x, &matrix);
                for (ours, exact) in ours.iter().zip(&exact) {
                    prop_assert!((f64::from(*ours) - exact).abs() < 1e-4);
                }
                // Floats lose nothing, so that there is no residual.
                prop_assert_eq!(&multiply_kept(&cpu, &x, &matrix, true), &ours);
                prop_assert_eq!(&*first.get_or_insert_with(|| ours.clone()), &ours);
            }
        }
    }

    #[test]
    fn several_matrices_sums_and_gates(rows in 1usize..12, seed in 1u64..1_000_000) {
        let inputs = 64;
        let x = noise(seed, rows * inputs);
        for cpu in cpus() {
            let make = |outputs: usize, seed: u64| {
                Matrix::quantise(&cpu, &noise(seed, outputs * inputs), outputs, inputs)
            };
            let (a, b) = (make(37, seed + 1), make(37, seed + 2));
            let (one, two) = (multiply(&cpu, &x, &a), multiply(&cpu, &x, &b));
            let quantised = Activations::new(&cpu, &x, inputs, Norm::None, Kept::default());
            let mut both = vec![1.0; rows * 74];
            matmul(&cpu, &quantised, &[&a, &b], Epilogue::Add, &mut both);
            for (row, both) in both.chunks(74).enumerate() {
                for i in 0..37 {
                    prop_assert_eq!(both[i], 1.0 + one[row * 37 + i]);
                    prop_assert_eq!(both[37 + i], 1.0 + two[row * 37 + i]);
                }
            }
            let mut gated = vec![0.0; rows * 37];
            gated_matmul(&cpu, &quantised, &a, &b, Activation::Silu, &mut gated);
            let mut gates = one.clone();
            crate::silu_in_place(cpu.tier, &mut gates);
            for i in 0..gated.len() {
                prop_assert_eq!(gated[i], gates[i] * two[i]);
            }
            // The same from both halves side by side.
            let mut both = vec![0.0; rows * 74];
            matmul(&cpu, &quantised, &[&a, &b], Epilogue::Write(Activation::Identity), &mut both);
            let mut apart = vec![0.0; rows * 37];
            crate::gate(&cpu, Activation::Silu, &both, 37, &mut apart);
            prop_assert_eq!(&apart, &gated);
        }
    }

    #[test]
    fn quantised_results_are_the_results_quantised(
        rows in 1usize..40, blocks in 1usize..5, gated in proptest::bool::ANY, residual in proptest::bool::ANY,
        seed in 1u64..1_000_000,
    ) {
        let (inputs, outputs) = (64, 32 * blocks);
        let x = noise(seed, rows * inputs);
        for cpu in cpus() {
            let make = |seed: u64| {
                let bias = noise(seed + 7, outputs);
                Matrix::quantise(&cpu, &noise(seed, outputs * inputs), outputs, inputs).with_bias(&bias)
            };
            let (gate, up) = (make(seed + 1), make(seed + 2));
            let gate = gated.then_some(&gate);
            for floats in [false, true] {
                let kept = Kept { residual, floats };
                let quantised = Activations::new(&cpu, &x, inputs, Norm::None, Kept { residual, floats: false });
                let mut made = vec![0.0; rows * outputs];
                match gate {
                    Some(gate) => {
                        gated_matmul(&cpu, &quantised, gate, &up, Activation::GeluErf, &mut made);
                    }
                    None => {
                        let write = Epilogue::Write(Activation::GeluErf);
                        matmul(&cpu, &quantised, &[&up], write, &mut made);
                    }
                }
                let apart = Activations::new(&cpu, &made, outputs, Norm::None, kept);
                // In room that held something else.
                let mut at_once = Activations::new(&cpu, &x, inputs, Norm::None, Kept::default());
                matmul_quantised(&cpu, &quantised, gate, &up, Activation::GeluErf, kept, &mut at_once);
                prop_assert_eq!(&at_once.blocks, &apart.blocks);
                prop_assert_eq!(&at_once.floats, &apart.floats);
                prop_assert_eq!((at_once.rows, at_once.width), (rows, outputs));
                prop_assert_eq!(at_once.parts, apart.parts);
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let cpu = Cpu::new(1);
    assert!(Matrix::pack(&cpu, Format::Q4_0, &[0; 18], 1, 64).is_none());
    assert!(Matrix::pack(&cpu, Format::Q4K, &[0; 18], 1, 32).is_none());
    assert!(Matrix::pack(&cpu, Format::F32, &[0; 120], 1, 30).is_none());
    assert!(Matrix::pack(&cpu, Format::Q8_0, &[], 0, 32).is_some());
}

/// Sums of products that are kept in few bits hold the largest there can be.
#[test]
fn the_largest_codes_do_not_overflow() {
    let (rows, outputs, inputs) = (5, 16, 256);
    for format in QUANTISED {
        let (values, bytes) = format.block();
        for fill in [0x00u8, 0x80, 0xff] {
            let mut data = vec![fill; outputs * inputs / values * bytes];
            for block in data.chunks_exact_mut(bytes) {
                let one = f16::ONE.to_le_bytes();
                match format {
                    Format::Q6K => block[208..210].copy_from_slice(&one),
                    Format::Q4_1 | Format::Q5_1 | Format::Q4K | Format::Q5K => {
                        block[..2].copy_from_slice(&one);
                        block[2..4].copy_from_slice(&one);
                    }
                    _ => block[..2].copy_from_slice(&one),
                }
            }
            let weights = floats(format, &data, outputs, inputs);
            for sign in [1.0, -1.0] {
                let x = vec![sign; rows * inputs];
                let exact = reference(&x, &weights, inputs, &[]);
                let mut first: Option<Vec<f32>> = None;
                for cpu in cpus() {
                    let matrix = Matrix::pack(&cpu, format, &data, outputs, inputs).unwrap();
                    let ours = multiply(&cpu, &x, &matrix);
                    for (ours, exact) in ours.iter().zip(&exact) {
                        let off = (f64::from(*ours) - exact).abs();
                        assert!(off <= 1e-4 * exact.abs().max(1.0), "{format:?} {cpu:?}: {ours} {exact}");
                    }
                    assert_eq!(*first.get_or_insert_with(|| ours.clone()), ours);
                }
            }
        }
    }
}
