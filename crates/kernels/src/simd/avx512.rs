//! AVX-512 with the vector neural network instructions: one register holds all lanes.
//!
//! SAFETY of every block here: a value of [`Avx512`] is made only by [`Avx512::detect`], which has
//! asked the processor for the features that the intrinsics need. Loads and stores go through
//! references to arrays of the width that is read or written, and need no alignment.

use std::arch::x86_64::*;

use super::Simd;
use super::avx2::{fold_eight, sums_of_halves};

/// Proof that the processor has AVX-512 F, BW, VL, DQ and VNNI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The proof, if the processor has what it takes.
    pub(crate) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vnni")
            && is_x86_feature_detected!("f16c")
            && is_x86_feature_detected!("fma");
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

impl Simd for Avx512 {
    type F = __m512;
    type I = __m512i;
    type B = __m512i;
    type N = __m512i;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        intrinsic!(_mm512_set1_ps(value))
    }
    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> Self::F {
        intrinsic!(_mm512_loadu_ps(from.as_ptr()))
    }
    #[inline(always)]
    fn store(self, value: Self::F, to: &mut [f32; 16]) {
        intrinsic!(_mm512_storeu_ps(to.as_mut_ptr(), value))
    }
    #[inline(always)]
    fn load_f16(self, from: &[u16; 16]) -> Self::F {
        intrinsic!(_mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().cast())))
    }
    #[inline(always)]
    fn store_f16(self, value: Self::F, to: &mut [u16; 16]) {
        intrinsic!(_mm256_storeu_si256(
            to.as_mut_ptr().cast(),
            _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(value)
        ))
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        intrinsic!(_mm512_add_ps(a, b))
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        intrinsic!(_mm512_sub_ps(a, b))
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        intrinsic!(_mm512_mul_ps(a, b))
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        intrinsic!(_mm512_div_ps(a, b))
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        intrinsic!(_mm512_fmadd_ps(a, b, c))
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        intrinsic!(_mm512_max_ps(a, b))
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        intrinsic!(_mm512_min_ps(a, b))
    }
    #[inline(always)]
    fn abs(self, a: Self::F) -> Self::F {
        intrinsic!(_mm512_abs_ps(a))
    }
    #[inline(always)]
    fn select_lt(self, a: Self::F, b: Self::F, if_below: Self::F, other: Self::F) -> Self::F {
        intrinsic!({
            let below = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b);
            _mm512_mask_blend_ps(below, other, if_below)
        })
    }
    #[inline(always)]
    fn times_exp2(self, a: Self::F, rounded: Self::F) -> Self::F {
        intrinsic!({
            let power = _mm512_slli_epi32::<23>(_mm512_castps_si512(rounded));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), power))
        })
    }
    #[inline(always)]
    fn transpose(self, square: &mut [Self::F; 16]) {
        intrinsic!({
            // Within each 128 bits four vectors are transposed at a time; then the squares of four
            // change places.
            for i in (0..16).step_by(4) {
                let [a, b, c, d] = [square[i], square[i + 1], square[i + 2], square[i + 3]];
                let (low, high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
                let (low2, high2) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
                square[i] = _mm512_shuffle_ps::<0b01_00_01_00>(low, low2);
                square[i + 1] = _mm512_shuffle_ps::<0b11_10_11_10>(low, low2);
                square[i + 2] = _mm512_shuffle_ps::<0b01_00_01_00>(high, high2);
                square[i + 3] = _mm512_shuffle_ps::<0b11_10_11_10>(high, high2);
            }
            for i in 0..4 {
                let [a, b, c, d] = [square[i], square[i + 4], square[i + 8], square[i + 12]];
                let (even, odd) = (
                    _mm512_shuffle_f32x4::<0b10_00_10_00>(a, b),
                    _mm512_shuffle_f32x4::<0b11_01_11_01>(a, b),
                );
                let (even2, odd2) = (
                    _mm512_shuffle_f32x4::<0b10_00_10_00>(c, d),
                    _mm512_shuffle_f32x4::<0b11_01_11_01>(c, d),
                );
                square[i] = _mm512_shuffle_f32x4::<0b10_00_10_00>(even, even2);
                square[i + 4] = _mm512_shuffle_f32x4::<0b10_00_10_00>(odd, odd2);
                square[i + 8] = _mm512_shuffle_f32x4::<0b11_01_11_01>(even, even2);
                square[i + 12] = _mm512_shuffle_f32x4::<0b11_01_11_01>(odd, odd2);
            }
        });
    }
    #[inline(always)]
    fn splat_i(self, value: i32) -> Self::I {
        intrinsic!(_mm512_set1_epi32(value))
    }
    #[inline(always)]
    fn as_f(self, value: Self::I) -> Self::F {
        intrinsic!(_mm512_castsi512_ps(value))
    }
    #[inline(always)]
    fn store_i8(self, values: [Self::F; 2], to: &mut [i8; 32]) -> [i32; 2] {
        intrinsic!({
            let low = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(values[0]));
            let high = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(values[1]));
            let bytes = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high);
            _mm256_storeu_si256(to.as_mut_ptr().cast(), bytes);
            sums_of_halves!(bytes)
        })
    }
    #[inline(always)]
    fn load_b(self, from: &[u8; 64]) -> Self::B {
        intrinsic!(_mm512_loadu_si512(from.as_ptr().cast()))
    }
    #[inline(always)]
    fn low(self, bytes: Self::B) -> Self::B {
        intrinsic!(_mm512_and_si512(bytes, _mm512_set1_epi8(15)))
    }
    #[inline(always)]
    fn high(self, bytes: Self::B) -> Self::B {
        intrinsic!(_mm512_and_si512(_mm512_srli_epi16::<4>(bytes), _mm512_set1_epi8(15)))
    }
    #[inline(always)]
    fn start_nibbles(self, start: i32) -> Self::N {
        self.splat_i(start)
    }
    #[inline(always)]
    fn dot_nibbles(self, sum: Self::N, bytes: Self::B, four: i32) -> Self::N {
        intrinsic!(_mm512_dpbusd_epi32(sum, bytes, _mm512_set1_epi32(four)))
    }
    #[inline(always)]
    fn end_nibbles(self, sum: Self::N, _start: i32) -> Self::I {
        sum
    }
    #[inline(always)]
    fn start_biased(self, _start: i32, less: i32) -> Self::I {
        self.splat_i(less)
    }
    #[inline(always)]
    fn dot_biased(self, sum: Self::I, bytes: Self::B, four: i32) -> Self::I {
        self.dot_nibbles(sum, bytes, four)
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        intrinsic!({
            let (low, high) = (_mm512_castps512_ps256(a), _mm512_extractf32x8_ps::<1>(a));
            fold_eight!(_mm256_add_ps(low, high), _mm_add_ps, _mm_add_ss)
        })
    }
    #[inline(always)]
    fn largest(self, a: Self::F) -> f32 {
        intrinsic!({
            let (low, high) = (_mm512_castps512_ps256(a), _mm512_extractf32x8_ps::<1>(a));
            fold_eight!(_mm256_max_ps(low, high), _mm_max_ps, _mm_max_ss)
        })
    }
}
