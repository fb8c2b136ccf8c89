//! How fast the pairs of a head turn with the position (Su et al. 2021), and the ways in which
//! models stretch this for contexts longer than they were first trained for.

use std::f64::consts::PI;

use docent_kernels::{Pairs, Rope};

use super::Shape;
use super::shape::RopeShape;
use crate::InferenceError;
use crate::tensors::{Tensors, vector};

/// Factors for each pair that speeds are divided by: of Llama 3.1, and of LongRoPE.
pub(super) const FACTORS: &str = "rope_freqs.weight";
pub(super) const LONG_FACTORS: &str = "rope_factors_long.weight";
pub(super) const SHORT_FACTORS: &str = "rope_factors_short.weight";

/// How turning is slowed down for long contexts, beside the factors for each pair that some models
/// bring. A factor of 1 leaves it as it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scaling {
    /// Every speed divided by the factor (Chen et al. 2023).
    Linear(f64),
    /// Fast pairs stay, slow pairs are slowed down by the factor, those between by something between
    /// (Peng et al. 2023).
    Yarn(f64),
}

/// Turns over the original context above which YaRN leaves a pair as it is, and below which it is
/// slowed down in full; the values of the paper.
const YARN_FAST: f64 = 32.0;
const YARN_SLOW: f64 = 1.0;

/// What YaRN multiplies the speed of `pair` with.
fn yarn_slowing(rope: &RopeShape, factor: f64, pair: usize) -> f64 {
    let rotated = rope.rotated as f64;
    // The number of the pair that turns so many times over the original context.
    let pair_of =
        |turns: f64| rotated / 2.0 * (rope.original as f64 / (turns * 2.0 * PI)).ln() / rope.base.ln();
    let first = pair_of(YARN_FAST).floor().max(0.0);
    let last = pair_of(YARN_SLOW).ceil().min(rotated - 1.0);
    let slowed = ((pair as f64 - first) / (last - first).max(0.001)).clamp(0.0, 1.0);
    slowed / factor + (1.0 - slowed)
}

/// Radians per position, for each pair of a head.
pub(super) struct Speeds {
    speeds: Vec<f64>,
    pairs: Pairs,
    /// What turned queries and keys are multiplied with.
    scale: f64,
}

impl Speeds {
    /// Those of layers that see everything.
    pub(super) fn global(tensors: &dyn Tensors, shape: &Shape) -> Result<Self, InferenceError> {
        let rope = &shape.rope;
        let count = rope.rotated / 2;
        let factors = if tensors.shape(LONG_FACTORS).is_some() {
            // LongRoPE (Ding et al. 2024): one set for the whole session, by what it may grow to.
            let long = shape.context > rope.original;
            vector(tensors, if long { LONG_FACTORS } else { SHORT_FACTORS })?
        } else if tensors.shape(FACTORS).is_some() {
            vector(tensors, FACTORS)?
        } else {
            vec![1.0; count]
        };
        let mut speeds = plain(rope.base, count);
        for (pair, (speed, factor)) in speeds.iter_mut().zip(factors).enumerate() {
            *speed /= f64::from(factor);
            *speed *= match rope.scaling {
                Scaling::Linear(factor) => factor.recip(),
                Scaling::Yarn(factor) => yarn_slowing(rope, factor, pair),
            };
        }
        let scale = match rope.scaling {
            Scaling::Linear(_) => rope.attention,
            Scaling::Yarn(factor) => rope.attention * (1.0 + 0.1 * factor.ln()),
        };
        Ok(Self { speeds, pairs: rope.pairs, scale })
    }

    /// Those of layers with a window, if there are any.
    pub(super) fn local(shape: &Shape) -> Option<Self> {
        let speeds = plain(shape.local?.rope_base, shape.rope.rotated / 2);
        Some(Self { speeds, pairs: shape.rope.pairs, scale: 1.0 })
    }

    /// The turns of these positions.
    pub(super) fn at(&self, positions: impl Iterator<Item = usize>) -> Rope {
        Rope::new(positions, &self.speeds, self.pairs, self.scale)
    }

    /// Cosines and sines of the turns of these positions, `[positions, pairs]`, times the scale.
    pub(super) fn turns(&self, positions: impl Iterator<Item = usize>) -> (Vec<f32>, Vec<f32>) {
        let angles = positions.flat_map(|at| self.speeds.iter().map(move |speed| at as f64 * speed));
        angles.map(|angle| ((angle.cos() * self.scale) as f32, (angle.sin() * self.scale) as f32)).unzip()
    }

    /// Pairs of a head that turn.
    pub(super) fn count(&self) -> usize {
        self.speeds.len()
    }

    /// Which values of a head make a pair.
    pub(super) fn style(&self) -> Pairs {
        self.pairs
    }
}

/// `base^(-2i/d)` for each pair `i` of `d / 2`.
fn plain(base: f64, count: usize) -> Vec<f64> {
    (0..count).map(|pair| base.powf(-(pair as f64) / count as f64)).collect()
}
