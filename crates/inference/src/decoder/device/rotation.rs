//! Rotary positions on a device.

use candle_core::{D, Device, Result, Tensor};
use candle_nn::rotary_emb::{rope, rope_i};
use docent_kernels::Pairs;

use crate::decoder::rope::Speeds;

/// The turns of the rows of a pass.
pub(super) struct Rotation {
    /// `[rows, pairs]`
    cos: Tensor,
    sin: Tensor,
    style: Pairs,
    /// Values of a head that turn.
    rotated: usize,
}

impl Rotation {
    /// Computed on the processor in 64 bits, as for the kernels.
    pub(super) fn new(speeds: &Speeds, positions: &[usize], device: &Device) -> Result<Self> {
        let (cos, sin) = speeds.turns(positions.iter().copied());
        let shape = (positions.len(), speeds.count());
        Ok(Self {
            cos: Tensor::from_vec(cos, shape, device)?,
            sin: Tensor::from_vec(sin, shape, device)?,
            style: speeds.style(),
            rotated: 2 * speeds.count(),
        })
    }

    /// Turns each row of `x`, `[heads, rows, head_len]`, by its own turn. A head may be longer than
    /// its pairs; the rest of it stays.
    pub(super) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        let head_len = x.dim(D::Minus1)?;
        if self.rotated == head_len {
            return self.turn(x);
        }
        let turned = self.turn(&x.narrow(D::Minus1, 0, self.rotated)?)?;
        let rest = x.narrow(D::Minus1, self.rotated, head_len - self.rotated)?;
        Tensor::cat(&[&turned, &rest.contiguous()?], D::Minus1)
    }

    fn turn(&self, x: &Tensor) -> Result<Tensor> {
        let x = x.contiguous()?.unsqueeze(0)?;
        let turned = match self.style {
            Pairs::Interleaved => rope_i(&x, &self.cos, &self.sin),
            Pairs::Halves => rope(&x, &self.cos, &self.sin),
        };
        turned?.squeeze(0)
    }
}
