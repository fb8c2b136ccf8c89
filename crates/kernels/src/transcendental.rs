//! Exponentials and the activation functions made of them.

use crate::simd::Simd;
use crate::tier::{Kernel, Tier};

/// 1.5 * 2^23: a small number added to it is rounded to the nearest whole one, which its last bits
/// then hold.
pub(crate) const ROUNDER: f32 = 12_582_912.0;

/// `e^x`, relative error below 2e-7 from -87 to 88; what is below counts as -87, above as 88.
///
/// `2^n * e^r` with `n` the nearest integer to `x / ln 2`, and `e^r` by a minimax polynomial.
#[inline(always)]
pub(crate) fn exp<S: Simd>(s: S, x: S::F) -> S::F {
    let x = s.min(s.max(x, s.splat(-87.0)), s.splat(88.0));
    let rounded = s.fma(x, s.splat(std::f32::consts::LOG2_E), s.splat(ROUNDER));
    let n = s.sub(rounded, s.splat(ROUNDER));
    // ln 2 in two parts, of which the first has few enough bits for the product to be exact.
    let r = s.fma(n, s.splat(-0.693_359_4), x);
    let r = s.fma(n, s.splat(2.121_944_4e-4), r);
    let mut p = s.splat(1.381_456e-3);
    for coefficient in [8.368_735e-3, 4.166_839e-2, 1.666_652_1e-1, 0.499_999_94, 1.0, 1.0] {
        p = s.fma(p, r, s.splat(coefficient));
    }
    s.times_exp2(p, rounded)
}

/// `2^x` of what is not above 0, relative error below 2e-7; below -125 counts as -125. Exactly 1
/// of 0. Cheaper than [`exp`], by a minimax polynomial too.
#[inline(always)]
pub(crate) fn exp2_negative<S: Simd>(s: S, x: S::F) -> S::F {
    let x = s.max(x, s.splat(-125.0));
    let rounded = s.add(x, s.splat(ROUNDER));
    let r = s.sub(x, s.sub(rounded, s.splat(ROUNDER)));
    let mut p = s.splat(EXP2[0]);
    for coefficient in &EXP2[1..] {
        p = s.fma(p, r, s.splat(*coefficient));
    }
    s.times_exp2(p, rounded)
}

/// The highest power first.
// The second but last is near ln 2, but a better polynomial than with it.
#[allow(clippy::approx_constant)]
const EXP2: [f32; 6] = [1.326_472_7e-3, 9.671_513e-3, 5.550_733_6e-2, 0.240_222_42, 0.693_147, 1.0];

/// `x / (1 + e^-x)` (Elfwing et al. 2017).
#[inline(always)]
pub(crate) fn silu<S: Simd>(s: S, x: S::F) -> S::F {
    let e = exp(s, s.sub(s.splat(0.0), x));
    s.div(x, s.add(s.splat(1.0), e))
}

/// `x (1 + erf(x / sqrt 2)) / 2` (Hendrycks and Gimpel 2016): absolute error of erf below 6e-7.
///
/// erf is `x P(x^2)` up to 5.1, where it is 1 but for 4e-7, and constant from there on. `P` is a
/// minimax polynomial in `x^2` moved to -1..=1, which keeps the rounding errors of its terms small;
/// it gives exactly 1 at the end, so that GELU of what is far below is 0.
#[inline(always)]
pub(crate) fn gelu_erf<S: Simd>(s: S, x: S::F) -> S::F {
    const END: f32 = 5.1;
    let z = s.min(s.max(x, s.splat(-END)), s.splat(END));
    let t = s.fma(s.mul(z, z), s.splat(2.0 / (END * END)), s.splat(-1.0));
    let mut p = s.splat(ERF[0]);
    for coefficient in &ERF[1..] {
        p = s.fma(p, t, s.splat(*coefficient));
    }
    let half = s.mul(x, s.splat(0.5));
    s.fma(half, s.mul(p, z), half)
}

/// The highest power first.
const ERF: [f32; 13] = [
    1.624_088_3e-3,
    -4.187_866e-3,
    4.048_523e-3,
    -5.822_283_7e-3,
    1.438_673_7e-2,
    -0.024_577_9,
    3.467_162_3e-2,
    -4.784_419_8e-2,
    0.063_475_24,
    -0.080_464_12,
    0.101_563_49,
    -0.138_005_5,
    0.277_210_6,
];

/// The approximation of the above by `tanh` that Gemma was trained with.
#[inline(always)]
pub(crate) fn gelu_tanh<S: Simd>(s: S, x: S::F) -> S::F {
    let cubic = s.fma(s.mul(s.mul(x, x), s.splat(0.044_715)), x, x);
    let e = exp(s, s.mul(cubic, s.splat(-2.0 * 0.797_884_6)));
    s.div(x, s.add(s.splat(1.0), e))
}

macro_rules! in_place {
    ($(#[$doc:meta])* $visible:vis $name:ident, $kernel:ident, $function:ident) => {
        $(#[$doc])*
        $visible fn $name(tier: Tier, values: &mut [f32]) {
            tier.run($kernel(values));
        }

        struct $kernel<'a>(&'a mut [f32]);

        impl Kernel for $kernel<'_> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, s: S) {
                let (whole, rest) = self.0.as_chunks_mut::<16>();
                for lanes in whole {
                    let value = $function(s, s.load(lanes));
                    s.store(value, lanes);
                }
                let mut last = [0.0; 16];
                last[..rest.len()].copy_from_slice(rest);
                let value = $function(s, s.load(&last));
                s.store(value, &mut last);
                rest.copy_from_slice(&last[..rest.len()]);
            }
        }
    };
}

in_place!(
    /// `e^x` of each value; values outside -87 to 88 count as these.
    pub exp_in_place, Exp, exp
);
in_place!(
    /// SiLU of each value.
    pub silu_in_place, Silu, silu
);
in_place!(
    /// GELU of each value, by the error function.
    pub gelu_erf_in_place, GeluErf, gelu_erf
);
in_place!(
    /// GELU of each value, by the hyperbolic tangent.
    pub gelu_tanh_in_place, GeluTanh, gelu_tanh
);

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Vec<f32> {
        (-2000..2000).map(|i| i as f32 * 0.0431 + 0.007).collect()
    }

    /// erf by its series and, far out, by its continued fraction, in 64 bits.
    fn erf(x: f64) -> f64 {
        if x.abs() > 3.0 {
            let fraction = (1..60).rev().fold(0.0, |rest, n| f64::from(n) / 2.0 / (x.abs() + rest));
            let tail = (-x * x).exp() / (std::f64::consts::PI.sqrt() * (x.abs() + fraction));
            return x.signum() * (1.0 - tail);
        }
        let mut term = x;
        let mut sum = x;
        for n in 1..80 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        2.0 / std::f64::consts::PI.sqrt() * sum
    }

    #[test]
    fn each_is_near_its_definition_on_every_tier() {
        for tier in Tier::all() {
            let mut values = grid();
            exp_in_place(tier, &mut values);
            for (x, y) in grid().into_iter().zip(values) {
                let exact = f64::from(x.clamp(-87.0, 88.0)).exp();
                assert!((f64::from(y) / exact - 1.0).abs() < 2e-7, "{tier:?} exp {x}: {y}");
            }
            let mut values = grid();
            gelu_erf_in_place(tier, &mut values);
            for (x, y) in grid().into_iter().zip(values) {
                let wide = f64::from(x);
                let exact = 0.5 * wide * (1.0 + erf(wide / std::f64::consts::SQRT_2));
                let bound = 4e-7 * wide.abs().max(1.0);
                assert!((f64::from(y) - exact).abs() < bound, "{tier:?} gelu {x}: {y} {exact}");
            }
            let mut values = grid();
            gelu_tanh_in_place(tier, &mut values);
            for (x, y) in grid().into_iter().zip(values) {
                let wide = f64::from(x);
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (wide + 0.044715 * wide.powi(3));
                let exact = 0.5 * wide * (1.0 + inner.tanh());
                assert!((f64::from(y) - exact).abs() < 1e-6 * wide.abs().max(1.0), "{tier:?} {x}: {y}");
            }
            let mut values = grid();
            silu_in_place(tier, &mut values);
            for (x, y) in grid().into_iter().zip(values) {
                let exact = f64::from(x) / (1.0 + (-f64::from(x)).exp());
                assert!((f64::from(y) - exact).abs() < 1e-6 * f64::from(x.abs()).max(1.0), "{x}: {y}");
            }
        }
    }

    in_place!(exp2_negative_in_place, Exp2Negative, exp2_negative);

    #[test]
    fn powers_of_two_are_near_theirs_on_every_tier() {
        let exponents: Vec<f32> = (0..40_000).map(|i| i as f32 * -0.0037).collect();
        for tier in Tier::all() {
            let mut values = exponents.clone();
            exp2_negative_in_place(tier, &mut values);
            assert_eq!(values[0], 1.0);
            for (x, y) in exponents.iter().zip(values) {
                let exact = f64::from(x.max(-125.0)).exp2();
                assert!((f64::from(y) / exact - 1.0).abs() < 2e-7, "{tier:?} {x}: {y}");
            }
        }
    }

    #[test]
    fn tiers_agree_to_the_bit() {
        for function in
            [exp_in_place, exp2_negative_in_place, gelu_erf_in_place, gelu_tanh_in_place, silu_in_place]
        {
            let outcomes: Vec<Vec<u32>> = Tier::all()
                .into_iter()
                .map(|tier| {
                    let mut values = grid();
                    function(tier, &mut values);
                    values.into_iter().map(f32::to_bits).collect()
                })
                .collect();
            assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]));
        }
    }
}
