//! NEON with dot products of bytes: four registers hold the lanes. With `I8MM`, dot products of
//! unsigned with signed bytes as well.
//!
//! SAFETY of every block here: a value of [`Neon`] is made only by [`Neon::detect`], which has asked
//! the processor for the dot products that are used, those of i8mm among them where `I8MM` is true;
//! what else there is, every ARM processor of 64 bits has. Loads and stores stay within the arrays
//! that are referred to, and need no alignment.

use std::arch::aarch64::*;
use std::arch::asm;

use super::Simd;

/// Proof that the processor has the extension `dotprod`, and `i8mm` if `I8MM`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Neon<const I8MM: bool>(());

impl<const I8MM: bool> Neon<I8MM> {
    /// The proof, if the processor has what it takes. Four bytes are given to a dot product as one
    /// integer, whose first byte is the lowest: not so where the processor runs with the highest first.
    pub(crate) fn detect() -> Option<Self> {
        let has = cfg!(target_endian = "little")
            && std::arch::is_aarch64_feature_detected!("neon")
            && std::arch::is_aarch64_feature_detected!("dotprod")
            && (!I8MM || std::arch::is_aarch64_feature_detected!("i8mm"));
        has.then_some(Self(()))
    }
}

/// One intrinsic, for the reason that the module gives.
macro_rules! intrinsic {
    ($call:expr) => {{
        // SAFETY: see the module.
        unsafe { $call }
    }};
}

/// An expression for each quarter; without a closure, which might not be compiled for the processor.
macro_rules! each {
    ($quarter:ident, $value:expr) => {{
        // SAFETY: see the module.
        unsafe {
            [
                {
                    let $quarter = 0;
                    $value
                },
                {
                    let $quarter = 1;
                    $value
                },
                {
                    let $quarter = 2;
                    $value
                },
                {
                    let $quarter = 3;
                    $value
                },
            ]
        }
    }};
}

/// The same intrinsic on all quarters.
macro_rules! quarters {
    ($name:ident, $($value:ident),+) => {
        each!(quarter, $name($($value[quarter]),+))
    };
}

/// Adds to each lane the sum of the products of its four signed bytes. The compiler's own intrinsic
/// is not stable yet.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn sdot(mut sum: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: the function is compiled for the instruction, which touches nothing but registers.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {a:v}.16b, {b:v}.16b",
            sum = inout(vreg) sum, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// As [`sdot`], with the bytes of `a` unsigned.
#[target_feature(enable = "neon,i8mm")]
#[inline]
fn usdot(mut sum: int32x4_t, a: uint8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: as above.
    unsafe {
        asm!(
            "usdot {sum:v}.4s, {a:v}.16b, {b:v}.16b",
            sum = inout(vreg) sum, a = in(vreg) a, b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}

/// The larger of each two, `b` if either is not a number, which `fmax` would give instead.
macro_rules! larger {
    ($a:expr, $b:expr) => {{
        let (a, b) = ($a, $b);
        vbslq_f32(vcgtq_f32(a, b), a, b)
    }};
}

impl<const I8MM: bool> Simd for Neon<I8MM> {
    type F = [float32x4_t; 4];
    type I = [int32x4_t; 4];
    type B = [uint8x16_t; 4];
    type N = [int32x4_t; 4];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        intrinsic!([vdupq_n_f32(value); 4])
    }
    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> Self::F {
        each!(quarter, vld1q_f32(from.as_ptr().add(4 * quarter)))
    }
    #[inline(always)]
    fn store(self, value: Self::F, to: &mut [f32; 16]) {
        each!(quarter, vst1q_f32(to.as_mut_ptr().add(4 * quarter), value[quarter]));
    }
    #[inline(always)]
    fn load_f16(self, from: &[u16; 16]) -> Self::F {
        each!(quarter, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(from.as_ptr().add(4 * quarter)))))
    }
    #[inline(always)]
    fn store_f16(self, value: Self::F, to: &mut [u16; 16]) {
        each!(quarter, {
            let halves = vreinterpret_u16_f16(vcvt_f16_f32(value[quarter]));
            vst1_u16(to.as_mut_ptr().add(4 * quarter), halves);
        });
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        quarters!(vaddq_f32, a, b)
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        quarters!(vsubq_f32, a, b)
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        quarters!(vmulq_f32, a, b)
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        quarters!(vdivq_f32, a, b)
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        quarters!(vfmaq_f32, c, a, b)
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        each!(quarter, larger!(a[quarter], b[quarter]))
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        self.select_lt(a, b, a, b)
    }
    #[inline(always)]
    fn abs(self, a: Self::F) -> Self::F {
        quarters!(vabsq_f32, a)
    }
    #[inline(always)]
    fn select_lt(self, a: Self::F, b: Self::F, if_below: Self::F, other: Self::F) -> Self::F {
        each!(quarter, vbslq_f32(vcltq_f32(a[quarter], b[quarter]), if_below[quarter], other[quarter]))
    }
    #[inline(always)]
    fn times_exp2(self, a: Self::F, rounded: Self::F) -> Self::F {
        each!(quarter, {
            let power = vshlq_n_s32::<23>(vreinterpretq_s32_f32(rounded[quarter]));
            vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(a[quarter]), power))
        })
    }
    #[inline(always)]
    fn transpose(self, square: &mut [Self::F; 16]) {
        // Squares of four by themselves; then they change places.
        for i in (0..16).step_by(4) {
            for quarter in 0..4 {
                intrinsic!({
                    let [a, b] = [square[i][quarter], square[i + 1][quarter]];
                    let [c, d] = [square[i + 2][quarter], square[i + 3][quarter]];
                    let (even, odd) = (vtrn1q_f32(a, b), vtrn2q_f32(a, b));
                    let (even2, odd2) = (vtrn1q_f32(c, d), vtrn2q_f32(c, d));
                    square[i][quarter] = vcombine_f32(vget_low_f32(even), vget_low_f32(even2));
                    square[i + 1][quarter] = vcombine_f32(vget_low_f32(odd), vget_low_f32(odd2));
                    square[i + 2][quarter] = vcombine_f32(vget_high_f32(even), vget_high_f32(even2));
                    square[i + 3][quarter] = vcombine_f32(vget_high_f32(odd), vget_high_f32(odd2));
                });
            }
        }
        for (i, j) in [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)] {
            for lane in 0..4 {
                let (a, b) = (4 * i + lane, 4 * j + lane);
                (square[a][j], square[b][i]) = (square[b][i], square[a][j]);
            }
        }
    }
    #[inline(always)]
    fn splat_i(self, value: i32) -> Self::I {
        intrinsic!([vdupq_n_s32(value); 4])
    }
    #[inline(always)]
    fn as_f(self, value: Self::I) -> Self::F {
        quarters!(vreinterpretq_f32_s32, value)
    }
    #[inline(always)]
    fn store_i8(self, values: [Self::F; 2], to: &mut [i8; 32]) -> [i32; 2] {
        let (halves, _) = to.as_chunks_mut::<16>();
        let mut sums = [0; 2];
        for half in 0..2 {
            let value = values[half];
            let whole = quarters!(vcvtnq_s32_f32, value);
            intrinsic!({
                let low = vqmovn_high_s32(vqmovn_s32(whole[0]), whole[1]);
                let high = vqmovn_high_s32(vqmovn_s32(whole[2]), whole[3]);
                let bytes = vqmovn_high_s16(vqmovn_s16(low), high);
                vst1q_s8(halves[half].as_mut_ptr(), bytes);
                sums[half] = i32::from(vaddlvq_s8(bytes));
            });
        }
        sums
    }
    #[inline(always)]
    fn load_b(self, from: &[u8; 64]) -> Self::B {
        each!(quarter, vld1q_u8(from.as_ptr().add(16 * quarter)))
    }
    #[inline(always)]
    fn low(self, bytes: Self::B) -> Self::B {
        each!(quarter, vandq_u8(bytes[quarter], vdupq_n_u8(15)))
    }
    #[inline(always)]
    fn high(self, bytes: Self::B) -> Self::B {
        each!(quarter, vshrq_n_u8::<4>(bytes[quarter]))
    }
    #[inline(always)]
    fn start_nibbles(self, start: i32) -> Self::N {
        self.splat_i(start)
    }
    #[inline(always)]
    fn dot_nibbles(self, sum: Self::N, bytes: Self::B, four: i32) -> Self::N {
        each!(quarter, {
            // Codes of four bits are the same as signed bytes.
            let codes = vreinterpretq_s8_u8(bytes[quarter]);
            sdot(sum[quarter], codes, vreinterpretq_s8_s32(vdupq_n_s32(four)))
        })
    }
    #[inline(always)]
    fn end_nibbles(self, sum: Self::N, _start: i32) -> Self::I {
        sum
    }
    #[inline(always)]
    fn start_biased(self, start: i32, less: i32) -> Self::I {
        self.splat_i(if I8MM { less } else { start })
    }
    #[inline(always)]
    fn dot_biased(self, sum: Self::I, bytes: Self::B, four: i32) -> Self::I {
        each!(quarter, {
            let four = vreinterpretq_s8_s32(vdupq_n_s32(four));
            if I8MM {
                usdot(sum[quarter], bytes[quarter], four)
            } else {
                let value = vreinterpretq_s8_u8(veorq_u8(bytes[quarter], vdupq_n_u8(128)));
                sdot(sum[quarter], value, four)
            }
        })
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        intrinsic!({
            let four = vaddq_f32(vaddq_f32(a[0], a[2]), vaddq_f32(a[1], a[3]));
            let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
            vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
        })
    }
    #[inline(always)]
    fn largest(self, a: Self::F) -> f32 {
        intrinsic!({
            let four = larger!(larger!(a[0], a[2]), larger!(a[1], a[3]));
            let two = larger!(four, vextq_f32::<2>(four, four));
            let (a, b) = (vgetq_lane_f32::<0>(two), vgetq_lane_f32::<1>(two));
            if a > b { a } else { b }
        })
    }
}
