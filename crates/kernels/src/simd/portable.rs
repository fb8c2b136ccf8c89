//! The reference: plain Rust, for every processor.

use half::f16;

use super::Simd;

/// No instruction beyond those of the target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

#[inline(always)]
fn map(a: [f32; 16], f: impl Fn(f32) -> f32) -> [f32; 16] {
    std::array::from_fn(|lane| f(a[lane]))
}

#[inline(always)]
fn zip(a: [f32; 16], b: [f32; 16], f: impl Fn(f32, f32) -> f32) -> [f32; 16] {
    std::array::from_fn(|lane| f(a[lane], b[lane]))
}

/// Adds to each lane the products of its four bytes, less `bias`, with the bytes of `four`. In loops,
/// which become vectors; chains of closures are not all made part of the kernel.
#[inline(always)]
fn dot(mut sum: [i32; 16], bytes: [u8; 64], four: i32, bias: i32) -> [i32; 16] {
    let four = four.to_le_bytes();
    for lane in 0..16 {
        for i in 0..4 {
            sum[lane] += (i32::from(bytes[4 * lane + i]) - bias) * i32::from(four[i] as i8);
        }
    }
    sum
}

impl Simd for Portable {
    type F = [f32; 16];
    type I = [i32; 16];
    type B = [u8; 64];
    type N = [i32; 16];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        [value; 16]
    }
    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> Self::F {
        *from
    }
    #[inline(always)]
    fn store(self, value: Self::F, to: &mut [f32; 16]) {
        *to = value;
    }
    #[inline(always)]
    fn load_f16(self, from: &[u16; 16]) -> Self::F {
        std::array::from_fn(|lane| f16::from_bits(from[lane]).to_f32())
    }
    #[inline(always)]
    fn store_f16(self, value: Self::F, to: &mut [u16; 16]) {
        *to = std::array::from_fn(|lane| f16::from_f32(value[lane]).to_bits());
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| a / b)
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        std::array::from_fn(|lane| a[lane].mul_add(b[lane], c[lane]))
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        zip(a, b, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    fn abs(self, a: Self::F) -> Self::F {
        map(a, f32::abs)
    }
    #[inline(always)]
    fn select_lt(self, a: Self::F, b: Self::F, if_below: Self::F, other: Self::F) -> Self::F {
        std::array::from_fn(|lane| if a[lane] < b[lane] { if_below[lane] } else { other[lane] })
    }
    #[inline(always)]
    fn times_exp2(self, a: Self::F, rounded: Self::F) -> Self::F {
        zip(a, rounded, |a, n| f32::from_bits(a.to_bits().wrapping_add(n.to_bits() << 23)))
    }
    #[inline(always)]
    fn transpose(self, square: &mut [Self::F; 16]) {
        *square = std::array::from_fn(|i| std::array::from_fn(|j| square[j][i]));
    }
    #[inline(always)]
    fn splat_i(self, value: i32) -> Self::I {
        [value; 16]
    }
    #[inline(always)]
    fn as_f(self, value: Self::I) -> Self::F {
        value.map(|value| f32::from_bits(value as u32))
    }
    #[inline(always)]
    fn store_i8(self, values: [Self::F; 2], to: &mut [i8; 32]) -> [i32; 2] {
        let (halves, _) = to.as_chunks_mut::<16>();
        std::array::from_fn(|half| {
            halves[half] = values[half].map(|value| value.round_ties_even() as i8);
            halves[half].iter().map(|&value| i32::from(value)).sum()
        })
    }
    #[inline(always)]
    fn load_b(self, from: &[u8; 64]) -> Self::B {
        *from
    }
    #[inline(always)]
    fn low(self, mut bytes: Self::B) -> Self::B {
        for byte in &mut bytes {
            *byte &= 15;
        }
        bytes
    }
    #[inline(always)]
    fn high(self, mut bytes: Self::B) -> Self::B {
        for byte in &mut bytes {
            *byte >>= 4;
        }
        bytes
    }
    #[inline(always)]
    fn start_nibbles(self, start: i32) -> Self::N {
        [start; 16]
    }
    #[inline(always)]
    fn end_nibbles(self, sum: Self::N, _start: i32) -> Self::I {
        sum
    }
    #[inline(always)]
    fn dot_nibbles(self, sum: Self::N, bytes: Self::B, four: i32) -> Self::N {
        dot(sum, bytes, four, 0)
    }
    #[inline(always)]
    fn start_biased(self, start: i32, _less: i32) -> Self::I {
        [start; 16]
    }
    #[inline(always)]
    fn dot_biased(self, sum: Self::I, bytes: Self::B, four: i32) -> Self::I {
        dot(sum, bytes, four, 128)
    }
}
