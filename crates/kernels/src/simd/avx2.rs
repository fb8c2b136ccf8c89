//! AVX2 with FMA and F16C: two registers hold the lanes. With `VNNI`, AVX-VNNI as well.
//!
//! SAFETY of every block here: a value of [`Avx2`] is made only by [`Avx2::detect`], which has
//! asked the processor for the features that the intrinsics need, AVX-VNNI among them where
//! `VNNI` is true. Loads and stores stay within the arrays that are referred to, and need no
//! alignment.

use std::arch::x86_64::*;

use super::Simd;

/// Proof that the processor has AVX2, FMA and F16C, and AVX-VNNI if `VNNI`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2<const VNNI: bool>(());

impl<const VNNI: bool> Avx2<VNNI> {
    /// The proof, if the processor has what it takes.
    pub(crate) fn detect() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c")
            && (!VNNI || is_x86_feature_detected!("avxvnni"));
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

/// An expression for each half; without a closure, which might not be compiled for the processor.
macro_rules! both {
    ($half:ident, $value:expr) => {{
        // SAFETY: see the module.
        unsafe {
            [
                {
                    let $half = 0;
                    $value
                },
                {
                    let $half = 1;
                    $value
                },
            ]
        }
    }};
}

/// The same value, opaque to the compiler: it would add the products of many dots to each other
/// before it adds them to their sums, and run out of registers.
#[target_feature(enable = "avx2")]
#[inline]
fn in_order(mut sum: __m256i) -> __m256i {
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", inout(ymm_reg) sum, options(pure, nomem, nostack, preserves_flags));
    }
    sum
}

/// The same intrinsic on both halves.
macro_rules! halves {
    ($name:ident, $($value:ident),+) => {
        // SAFETY: see the module.
        unsafe { [$name($($value[0]),+), $name($($value[1]),+)] }
    };
}

/// The last halvings of a reduction, from eight lanes on.
macro_rules! fold_eight {
    ($a:expr, $four:ident, $one:ident) => {{
        let a = $a;
        let a = $four(_mm256_castps256_ps128(a), _mm256_extractf128_ps::<1>(a));
        let a = $four(a, _mm_movehl_ps(a, a));
        _mm_cvtss_f32($one(a, _mm_shuffle_ps::<1>(a, a)))
    }};
}

/// The sums of the signed bytes of each half of 32.
macro_rules! sums_of_halves {
    ($bytes:expr) => {{
        // Sums of eight, of bytes that have had 128 added to them.
        let sums = _mm256_sad_epu8(_mm256_xor_si256($bytes, _mm256_set1_epi8(-128)), _mm256_setzero_si256());
        let sums = _mm256_add_epi32(sums, _mm256_shuffle_epi32::<0b11_10>(sums));
        [
            _mm_cvtsi128_si32(_mm256_castsi256_si128(sums)) - 16 * 128,
            _mm_cvtsi128_si32(_mm256_extracti128_si256::<1>(sums)) - 16 * 128,
        ]
    }};
}

pub(super) use {fold_eight, sums_of_halves};

impl<const VNNI: bool> Simd for Avx2<VNNI> {
    type F = [__m256; 2];
    type I = [__m256i; 2];
    type B = [__m256i; 2];
    type N = [__m256i; 2];

    #[inline(always)]
    fn splat(self, value: f32) -> Self::F {
        intrinsic!([_mm256_set1_ps(value); 2])
    }
    #[inline(always)]
    fn load(self, from: &[f32; 16]) -> Self::F {
        intrinsic!([_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))])
    }
    #[inline(always)]
    fn store(self, value: Self::F, to: &mut [f32; 16]) {
        intrinsic!({
            _mm256_storeu_ps(to.as_mut_ptr(), value[0]);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), value[1]);
        })
    }
    #[inline(always)]
    fn load_f16(self, from: &[u16; 16]) -> Self::F {
        intrinsic!([
            _mm256_cvtph_ps(_mm_loadu_si128(from.as_ptr().cast())),
            _mm256_cvtph_ps(_mm_loadu_si128(from.as_ptr().add(8).cast())),
        ])
    }
    #[inline(always)]
    fn store_f16(self, value: Self::F, to: &mut [u16; 16]) {
        intrinsic!({
            _mm_storeu_si128(to.as_mut_ptr().cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(value[0]));
            _mm_storeu_si128(
                to.as_mut_ptr().add(8).cast(),
                _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(value[1]),
            );
        })
    }
    #[inline(always)]
    fn add(self, a: Self::F, b: Self::F) -> Self::F {
        halves!(_mm256_add_ps, a, b)
    }
    #[inline(always)]
    fn sub(self, a: Self::F, b: Self::F) -> Self::F {
        halves!(_mm256_sub_ps, a, b)
    }
    #[inline(always)]
    fn mul(self, a: Self::F, b: Self::F) -> Self::F {
        halves!(_mm256_mul_ps, a, b)
    }
    #[inline(always)]
    fn div(self, a: Self::F, b: Self::F) -> Self::F {
        halves!(_mm256_div_ps, a, b)
    }
    #[inline(always)]
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        halves!(_mm256_fmadd_ps, a, b, c)
    }
    #[inline(always)]
    fn max(self, a: Self::F, b: Self::F) -> Self::F {
        halves!(_mm256_max_ps, a, b)
    }
    #[inline(always)]
    fn min(self, a: Self::F, b: Self::F) -> Self::F {
        halves!(_mm256_min_ps, a, b)
    }
    #[inline(always)]
    fn abs(self, a: Self::F) -> Self::F {
        let sign = self.splat(-0.0);
        halves!(_mm256_andnot_ps, sign, a)
    }
    #[inline(always)]
    fn select_lt(self, a: Self::F, b: Self::F, if_below: Self::F, other: Self::F) -> Self::F {
        both!(half, {
            let below = _mm256_cmp_ps::<_CMP_LT_OQ>(a[half], b[half]);
            _mm256_blendv_ps(other[half], if_below[half], below)
        })
    }
    #[inline(always)]
    fn times_exp2(self, a: Self::F, rounded: Self::F) -> Self::F {
        both!(half, {
            let power = _mm256_slli_epi32::<23>(_mm256_castps_si256(rounded[half]));
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a[half]), power))
        })
    }
    #[inline(always)]
    fn transpose(self, square: &mut [Self::F; 16]) {
        // Each quarter, eight vectors of one half, by itself; then two quarters change places.
        for at in [0, 8] {
            for half in [0, 1] {
                intrinsic!({
                    for i in (at..at + 8).step_by(4) {
                        let [a, b] = [square[i][half], square[i + 1][half]];
                        let [c, d] = [square[i + 2][half], square[i + 3][half]];
                        let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                        let (low2, high2) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                        square[i][half] = _mm256_shuffle_ps::<0b01_00_01_00>(low, low2);
                        square[i + 1][half] = _mm256_shuffle_ps::<0b11_10_11_10>(low, low2);
                        square[i + 2][half] = _mm256_shuffle_ps::<0b01_00_01_00>(high, high2);
                        square[i + 3][half] = _mm256_shuffle_ps::<0b11_10_11_10>(high, high2);
                    }
                    for i in at..at + 4 {
                        let (a, b) = (square[i][half], square[i + 4][half]);
                        square[i][half] = _mm256_permute2f128_ps::<0x20>(a, b);
                        square[i + 4][half] = _mm256_permute2f128_ps::<0x31>(a, b);
                    }
                });
            }
        }
        for i in 0..8 {
            (square[i][1], square[i + 8][0]) = (square[i + 8][0], square[i][1]);
        }
    }
    #[inline(always)]
    fn splat_i(self, value: i32) -> Self::I {
        intrinsic!([_mm256_set1_epi32(value); 2])
    }
    #[inline(always)]
    fn as_f(self, value: Self::I) -> Self::F {
        halves!(_mm256_castsi256_ps, value)
    }
    #[inline(always)]
    fn store_i8(self, values: [Self::F; 2], to: &mut [i8; 32]) -> [i32; 2] {
        intrinsic!({
            let [low, high] = values;
            let low = _mm256_packs_epi32(_mm256_cvtps_epi32(low[0]), _mm256_cvtps_epi32(low[1]));
            let high = _mm256_packs_epi32(_mm256_cvtps_epi32(high[0]), _mm256_cvtps_epi32(high[1]));
            // The packs work within 128 bits; the permutation puts fours of bytes back in order.
            let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
            let bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
            _mm256_storeu_si256(to.as_mut_ptr().cast(), bytes);
            sums_of_halves!(bytes)
        })
    }
    #[inline(always)]
    fn load_b(self, from: &[u8; 64]) -> Self::B {
        intrinsic!([
            _mm256_loadu_si256(from.as_ptr().cast()),
            _mm256_loadu_si256(from.as_ptr().add(32).cast()),
        ])
    }
    #[inline(always)]
    fn low(self, bytes: Self::B) -> Self::B {
        both!(half, _mm256_and_si256(bytes[half], _mm256_set1_epi8(15)))
    }
    #[inline(always)]
    fn high(self, bytes: Self::B) -> Self::B {
        both!(half, _mm256_and_si256(_mm256_srli_epi16::<4>(bytes[half]), _mm256_set1_epi8(15)))
    }
    #[inline(always)]
    fn start_nibbles(self, start: i32) -> Self::N {
        self.splat_i(if VNNI { start } else { 0 })
    }
    #[inline(always)]
    fn dot_nibbles(self, sum: Self::N, bytes: Self::B, four: i32) -> Self::N {
        let four = intrinsic!(_mm256_set1_epi32(four));
        if VNNI {
            return both!(half, _mm256_dpbusd_avx_epi32(sum[half], bytes[half], four));
        }
        // Sixteen products are added in 16 bits: 16 * 15 * 127 fits.
        both!(half, in_order(_mm256_add_epi16(sum[half], _mm256_maddubs_epi16(bytes[half], four))))
    }
    #[inline(always)]
    fn end_nibbles(self, sum: Self::N, start: i32) -> Self::I {
        if VNNI {
            return sum;
        }
        both!(half, {
            let pairs = _mm256_madd_epi16(sum[half], _mm256_set1_epi16(1));
            _mm256_add_epi32(pairs, _mm256_set1_epi32(start))
        })
    }
    #[inline(always)]
    fn start_biased(self, start: i32, less: i32) -> Self::I {
        self.splat_i(if VNNI { less } else { start })
    }
    #[inline(always)]
    fn dot_biased(self, sum: Self::I, bytes: Self::B, four: i32) -> Self::I {
        if VNNI {
            return self.dot_nibbles(sum, bytes, four);
        }
        let four = intrinsic!(_mm256_set1_epi32(four));
        // |value| * (four with the sign of value): 2 * 128 * 127 fits 16 bits, where the biased
        // bytes would not.
        both!(half, {
            let value = _mm256_xor_si256(bytes[half], _mm256_set1_epi8(-128));
            let signed = _mm256_sign_epi8(four, value);
            let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(value), signed);
            in_order(_mm256_add_epi32(sum[half], _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))))
        })
    }
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        intrinsic!(fold_eight!(_mm256_add_ps(a[0], a[1]), _mm_add_ps, _mm_add_ss))
    }
    #[inline(always)]
    fn largest(self, a: Self::F) -> f32 {
        intrinsic!(fold_eight!(_mm256_max_ps(a[0], a[1]), _mm_max_ps, _mm_max_ss))
    }
}
