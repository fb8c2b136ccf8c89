//! The low-rank terms of an adapter on a device.

use candle_core::{Device, Result, Tensor};

use crate::decoder::adapter::{Factors, Term};

/// `up (down x)`, scaled.
pub(crate) struct LowRank {
    /// `[inputs, rank]`
    down: Tensor,
    /// `[rank, outputs]`
    up: Tensor,
}

impl LowRank {
    pub(super) fn new(device: &Device, factors: &Factors, scale: f32) -> Result<Self> {
        let Factors { rank, inputs, outputs, ref down, ref up } = *factors;
        let down = Tensor::from_slice(down, (rank, inputs), device)?;
        let up = Tensor::from_slice(up, (outputs, rank), device)?;
        Ok(Self { down: down.t()?.contiguous()?, up: (up.t()?.contiguous()? * f64::from(scale))? })
    }

    /// The term of each row of `x`, `[rows, inputs]`: `[rows, outputs]`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        x.matmul(&self.down)?.matmul(&self.up)
    }
}

impl Term for LowRank {
    fn bytes(&self) -> usize {
        (self.down.elem_count() + self.up.elem_count()) * self.down.dtype().size_in_bytes()
    }
}
