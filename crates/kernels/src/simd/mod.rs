//! The instructions that the kernels are written in: sixteen lanes, whatever the processor has.
//!
//! A kernel is one generic function over [`Simd`]. The lanes, the order of every reduction and the
//! rounding of every operation are the same in each implementation, so that all tiers give the
//! same bits. A value of an implementation exists only where the processor was asked first
//! ([`Tier::detect`](crate::Tier)); that is what makes its safe methods sound.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
#[cfg(target_arch = "aarch64")]
pub(crate) mod neon;
pub(crate) mod portable;

/// Lanes of a vector.
pub(crate) const LANES: usize = 16;

/// Operations on sixteen lanes at a time.
pub(crate) trait Simd: Copy {
    /// Sixteen 32-bit floats.
    type F: Copy;
    /// Sixteen 32-bit integers.
    type I: Copy;
    /// Sixty-four bytes: sixteen lanes of four.
    type B: Copy;
    /// Sums of products of codes of four bits, which need fewer bits than other sums.
    type N: Copy;

    fn splat(self, value: f32) -> Self::F;
    fn load(self, from: &[f32; 16]) -> Self::F;
    fn store(self, value: Self::F, to: &mut [f32; 16]);
    /// Half-precision floats, exactly widened.
    fn load_f16(self, from: &[u16; 16]) -> Self::F;
    /// Rounded to the nearest, ties to even.
    fn store_f16(self, value: Self::F, to: &mut [u16; 16]);
    fn add(self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    fn div(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The larger; `b` if either is not a number.
    fn max(self, a: Self::F, b: Self::F) -> Self::F;
    /// The smaller; `b` if either is not a number.
    fn min(self, a: Self::F, b: Self::F) -> Self::F;
    fn abs(self, a: Self::F) -> Self::F;
    /// `if_below` in lanes where `a < b`, else `other`.
    fn select_lt(self, a: Self::F, b: Self::F, if_below: Self::F, other: Self::F) -> Self::F;
    /// `a * 2^n` by a sum of bits, where `rounded` is the whole number `n` plus 1.5 * 2^23, and
    /// neither `a` nor the result is too small or too large for a normal number.
    fn times_exp2(self, a: Self::F, rounded: Self::F) -> Self::F;
    /// Lane `i` of vector `j` becomes lane `j` of vector `i`.
    fn transpose(self, square: &mut [Self::F; 16]);

    fn splat_i(self, value: i32) -> Self::I;
    /// The same bits as a float.
    fn as_f(self, value: Self::I) -> Self::F;
    /// The nearest integers, ties to even, of values from -127 to 127, as bytes; and the sum of the
    /// bytes of each half.
    fn store_i8(self, values: [Self::F; 2], to: &mut [i8; 32]) -> [i32; 2];

    fn load_b(self, from: &[u8; 64]) -> Self::B;
    /// The lower four bits of each byte.
    fn low(self, bytes: Self::B) -> Self::B;
    /// The upper four bits of each byte.
    fn high(self, bytes: Self::B) -> Self::B;
    /// What [`Simd::dot_nibbles`] starts from, to end at `start` plus the products.
    fn start_nibbles(self, start: i32) -> Self::N;
    /// Adds to each lane the sum of the products of its four bytes, 0 to 15, with the four signed
    /// bytes of `four`, -127 to 127; at most eight times.
    fn dot_nibbles(self, sum: Self::N, bytes: Self::B, four: i32) -> Self::N;
    /// The sums that began with `start`.
    fn end_nibbles(self, sum: Self::N, start: i32) -> Self::I;
    /// What [`Simd::dot_biased`] starts from, to end at `start` plus the products, when the bytes of
    /// `four` that will come sum to `less / -128`.
    fn start_biased(self, start: i32, less: i32) -> Self::I;
    /// As [`Simd::dot_nibbles`], as often as wanted, for bytes that hold a value from -128 to 127,
    /// plus 128. The result is that of the values once all of these bytes have been seen.
    fn dot_biased(self, sum: Self::I, bytes: Self::B, four: i32) -> Self::I;

    /// The sum of all lanes: halves are added until one is left.
    #[inline(always)]
    fn sum(self, a: Self::F) -> f32 {
        let mut lanes = [0.0; 16];
        self.store(a, &mut lanes);
        fold(lanes, |a, b| a + b)
    }

    /// The largest of all lanes.
    #[inline(always)]
    fn largest(self, a: Self::F) -> f32 {
        let mut lanes = [0.0; 16];
        self.store(a, &mut lanes);
        fold(lanes, |a, b| if a > b { a } else { b })
    }
}

#[inline(always)]
fn fold(mut lanes: [f32; 16], join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = 8;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = join(lanes[lane], lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests;
