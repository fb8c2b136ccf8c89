//! Rotary positions (Su et al. 2021): pairs of values of a head are turned by an angle that grows
//! with the position.

use candle_core::{Device, Result, Tensor};
use candle_nn::rotary_emb;

use super::{Shape, plain};
use crate::InferenceError;
use crate::gguf::Gguf;

/// Which values make a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// Neighbours, as in files of the architecture `llama`, whose rows are permuted for it.
    Interleaved,
    /// The first with the middle one, and so on, as in Qwen.
    Halves,
}

/// Angles of one model.
pub(super) struct Rope {
    /// Radians per position, for each pair of a head.
    speeds: Vec<f64>,
    style: Style,
}

/// The turn of each position of a run.
pub(super) struct Rotation {
    /// `[positions, pairs]`
    cos: Tensor,
    /// `[positions, pairs]`
    sin: Tensor,
    style: Style,
}

impl Rope {
    /// `base^(-2i/d)`, divided by the factors that Llama 3.1 and later bring for long contexts.
    pub(super) fn read(file: &Gguf, shape: &Shape) -> std::result::Result<Self, InferenceError> {
        let pairs = shape.head_len / 2;
        let factors = match file.shape("rope_freqs.weight") {
            Some(_) => plain(file, "rope_freqs.weight")?
                .to_vec1::<f32>()
                .map_err(|source| super::compute("rope_freqs.weight", source))?,
            None => vec![1.0; pairs],
        };
        let speed = |(pair, factor): (usize, f32)| {
            shape.rope_base.powf(-(pair as f64) / pairs as f64) / f64::from(factor)
        };
        Ok(Self { speeds: factors.into_iter().enumerate().map(speed).collect(), style: shape.rope_style })
    }

    /// The turns of `count` positions from `start` on.
    pub(super) fn at(&self, start: usize, count: usize) -> Result<Rotation> {
        let angles = (start..start + count)
            .flat_map(|position| self.speeds.iter().map(move |speed| position as f64 * speed));
        let (sin, cos): (Vec<f32>, Vec<f32>) =
            angles.map(|angle| (angle.sin() as f32, angle.cos() as f32)).unzip();
        let dims = (count, self.speeds.len());
        Ok(Rotation {
            cos: Tensor::from_vec(cos, dims, &Device::Cpu)?,
            sin: Tensor::from_vec(sin, dims, &Device::Cpu)?,
            style: self.style,
        })
    }
}

impl Rotation {
    /// Turns `x`, which is `[heads, positions, head length]`.
    pub(super) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.contiguous()?.unsqueeze(0)?;
        let turned = match self.style {
            Style::Interleaved => rotary_emb::rope_i(&x, &self.cos, &self.sin),
            Style::Halves => rotary_emb::rope(&x, &self.cos, &self.sin),
        };
        turned?.squeeze(0)
    }
}
