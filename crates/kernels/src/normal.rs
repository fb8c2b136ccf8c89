//! Norms of rows.

use crate::simd::Simd;
use crate::tier::{Kernel, Tier};

/// The sum of `term` over a row, sixteen lanes at a time; the rest of a row is padded with zeros.
#[inline(always)]
fn sum_of<S: Simd>(s: S, row: &[f32], term: impl Fn(S::F) -> S::F) -> f32 {
    let (whole, rest) = row.as_chunks::<16>();
    let mut total = s.splat(0.0);
    for lanes in whole {
        total = s.add(total, term(s.load(lanes)));
    }
    let mut sum = s.sum(total);
    if !rest.is_empty() {
        for &value in rest {
            let mut one = [0.0; 16];
            s.store(term(s.splat(value)), &mut one);
            sum += one[0];
        }
    }
    sum
}

/// Writes `(x - mean) * factor * weight + bias` of `row` to `out`.
#[inline(always)]
fn scale_row<S: Simd>(
    s: S,
    row: &[f32],
    mean: f32,
    factor: f32,
    weight: &[f32],
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    let (mean_lanes, factor_lanes) = (s.splat(mean), s.splat(factor));
    let whole = row.len() / 16;
    let (rows, _) = row.as_chunks::<16>();
    let (weights, _) = weight.as_chunks::<16>();
    let (outs, _) = out.as_chunks_mut::<16>();
    for i in 0..whole {
        let x = s.mul(s.sub(s.load(&rows[i]), mean_lanes), factor_lanes);
        let w = s.load(&weights[i]);
        let y = match bias {
            Some(bias) => s.fma(x, w, s.load(&bias.as_chunks::<16>().0[i])),
            None => s.mul(x, w),
        };
        s.store(y, &mut outs[i]);
    }
    for i in 16 * whole..row.len() {
        let x = (row[i] - mean) * factor;
        out[i] = match bias {
            Some(bias) => x.mul_add(weight[i], bias[i]),
            None => x * weight[i],
        };
    }
}

/// One row of [`rms_norm`].
#[inline(always)]
pub(crate) fn rms_norm_row<S: Simd>(s: S, row: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    let square = sum_of(s, row, |x| s.mul(x, x)) / row.len() as f32;
    scale_row(s, row, 0.0, 1.0 / (square + epsilon).sqrt(), weight, None, out);
}

/// `x / sqrt(mean(x^2) + epsilon) * weight` of each row of `rows`, as wide as `weight` is long
/// (Zhang and Sennrich 2019). `out` is as long as `rows`.
pub fn rms_norm(tier: Tier, rows: &[f32], weight: &[f32], epsilon: f32, out: &mut [f32]) {
    tier.run(RmsNorm { rows, weight, epsilon, out });
}

struct RmsNorm<'a> {
    rows: &'a [f32],
    weight: &'a [f32],
    epsilon: f32,
    out: &'a mut [f32],
}

impl Kernel for RmsNorm<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.weight.len();
        for (row, out) in self.rows.chunks_exact(width).zip(self.out.chunks_exact_mut(width)) {
            rms_norm_row(s, row, self.weight, self.epsilon, out);
        }
    }
}

/// `(x - mean) / sqrt(variance + epsilon) * weight + bias` of each row of `rows`, in place
/// (Ba et al. 2016). The bias may be missing.
pub fn layer_norm(tier: Tier, rows: &mut [f32], weight: &[f32], bias: Option<&[f32]>, epsilon: f32) {
    tier.run(LayerNorm { rows, weight, bias, epsilon });
}

struct LayerNorm<'a> {
    rows: &'a mut [f32],
    weight: &'a [f32],
    bias: Option<&'a [f32]>,
    epsilon: f32,
}

impl Kernel for LayerNorm<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.weight.len();
        let mut normed = vec![0.0; width];
        for row in self.rows.chunks_exact_mut(width) {
            let mean = sum_of(s, row, |x| x) / width as f32;
            let center = s.splat(mean);
            let variance = sum_of(s, row, |x| {
                let off = s.sub(x, center);
                s.mul(off, off)
            }) / width as f32;
            let factor = 1.0 / (variance + self.epsilon).sqrt();
            scale_row(s, row, mean, factor, self.weight, self.bias, &mut normed);
            row.copy_from_slice(&normed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wave(len: usize, speed: f32) -> Vec<f32> {
        (0..len).map(|i| (i as f32 * speed).sin() * 3.0 + 0.2).collect()
    }

    proptest! {
        #[test]
        fn norms_are_what_they_say(width in 1usize..100, rows in 1usize..5) {
            let x = wave(width * rows, 0.7);
            let (weight, bias) = (wave(width, 0.3), wave(width, 1.1));
            let mut first: Option<(Vec<f32>, Vec<f32>)> = None;
            for tier in Tier::all() {
                let mut rms = vec![0.0; x.len()];
                rms_norm(tier, &x, &weight, 1e-5, &mut rms);
                let mut layer = x.clone();
                layer_norm(tier, &mut layer, &weight, Some(&bias), 1e-5);
                for (row, (rms, layer)) in x.chunks(width).zip(rms.chunks(width).zip(layer.chunks(width))) {
                    let n = width as f64;
                    let mean = row.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
                    let square = row.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / n;
                    let variance = row.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
                    for i in 0..width {
                        let (x, w, b) = (f64::from(row[i]), f64::from(weight[i]), f64::from(bias[i]));
                        let exact = x / (square + 1e-5).sqrt() * w;
                        prop_assert!((f64::from(rms[i]) - exact).abs() < 1e-5 * exact.abs().max(1.0));
                        let exact = (x - mean) / (variance + 1e-5).sqrt() * w + b;
                        prop_assert!((f64::from(layer[i]) - exact).abs() < 2e-3 * exact.abs().max(1.0));
                    }
                }
                let (rms_first, layer_first) = first.get_or_insert((rms.clone(), layer.clone()));
                prop_assert!(*rms_first == rms && *layer_first == layer, "{tier:?} differs");
            }
        }
    }
}
