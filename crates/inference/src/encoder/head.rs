//! What makes an encoder a cross-encoder: from the rows of a sequence to one number.

use docent_corpus::Pooling;
use docent_kernels::{Activation, Activations, Cpu, Epilogue, Kept, Matrix, Norm, matmul};

use super::layer::LayerNorm;
use super::load::Loader;
use super::model::{Encoder, Tokens};
use crate::InferenceError;

/// The activation between the two matrices of a head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum HeadActivation {
    /// The hyperbolic tangent.
    Tanh,
    /// One that the kernels know.
    Of(Activation),
}

/// A classifier with one label. It sees one row of a sequence, so it is kept in 32 bits.
pub(crate) struct Head {
    pub(super) pooling: Pooling,
    /// `[width, width]`
    pub(super) dense: Matrix,
    pub(super) activation: HeadActivation,
    pub(super) norm: Option<LayerNorm>,
    /// `[width]`
    pub(super) classifier: Vec<f32>,
    pub(super) bias: f32,
}

impl Head {
    /// The logit of each row of `pooled`.
    fn logits(&self, cpu: &Cpu, pooled: &[f32]) -> Vec<f32> {
        let width = self.dense.inputs();
        let kept = Kept { residual: false, floats: self.dense.is_float() };
        let x = Activations::new(cpu, pooled, width, Norm::None, kept);
        let mut rows = vec![0.0; pooled.len()];
        let activation = match self.activation {
            HeadActivation::Tanh => Activation::Identity,
            HeadActivation::Of(activation) => activation,
        };
        matmul(cpu, &x, &[&self.dense], Epilogue::Write(activation), &mut rows);
        if self.activation == HeadActivation::Tanh {
            rows.iter_mut().for_each(|value| *value = value.tanh());
        }
        if let Some(norm) = &self.norm {
            norm.apply(cpu, &mut rows);
        }
        let logit = |row: &[f32]| row.iter().zip(&self.classifier).map(|(a, b)| a * b).sum::<f32>();
        rows.chunks_exact(width).map(|row| logit(row) + self.bias).collect()
    }
}

/// An encoder with a classifier (Nogueira and Cho 2019).
pub(crate) struct CrossEncoder {
    encoder: Encoder,
    head: Head,
}

impl CrossEncoder {
    /// Reads all parts.
    pub(crate) fn load(load: &Loader<'_>) -> Result<Self, InferenceError> {
        // The head first: a file without one is told before the rest is read.
        let head = load.settings.architecture.head(load)?;
        Ok(Self { encoder: Encoder::load(load)?, head })
    }

    /// The logit of each pair, none of which is empty.
    ///
    /// # Errors
    /// [`InferenceError::Compute`] if a token is outside of the model's tables.
    pub(crate) fn logits(&self, pairs: &[Tokens]) -> Result<Vec<f32>, InferenceError> {
        let pooled = self.encoder.pooled(pairs, self.head.pooling)?;
        Ok(self.head.logits(&self.encoder.cpu, &pooled))
    }
}
