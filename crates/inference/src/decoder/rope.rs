//! How fast the pairs of a head turn with the position (Su et al. 2021).

use docent_kernels::{Pairs, Rope};

use super::{Shape, plain};
use crate::InferenceError;
use crate::gguf::Gguf;

/// Radians per position, for each pair of a head: `base^(-2i/d)`, divided by the factors that
/// Llama 3.1 and later bring for long contexts.
pub(super) struct Speeds {
    speeds: Vec<f64>,
    pairs: Pairs,
}

impl Speeds {
    pub(super) fn read(file: &Gguf, shape: &Shape) -> Result<Self, InferenceError> {
        let pairs = shape.head_len / 2;
        let factors = match file.shape("rope_freqs.weight") {
            Some(_) => plain(file, "rope_freqs.weight")?,
            None => vec![1.0; pairs],
        };
        let speed = |(pair, factor): (usize, f32)| {
            shape.rope_base.powf(-(pair as f64) / pairs as f64) / f64::from(factor)
        };
        Ok(Self { speeds: factors.into_iter().enumerate().map(speed).collect(), pairs: shape.rope_pairs })
    }

    /// The turns of `count` positions from `start` on.
    pub(super) fn at(&self, start: usize, count: usize) -> Rope {
        Rope::new(start..start + count, &self.speeds, self.pairs, 1.0)
    }
}
