//! The driver of every encoder: looks tokens up and takes them through the layers.

use docent_corpus::Pooling;
use docent_kernels::{Cpu, Rows};

use super::layer::{Layer, LayerNorm, Pass, Turns};
use super::load::Loader;
use super::settings::Settings;
use crate::InferenceError;

/// The ids of a text, or of two texts that are read together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) ids: Vec<u32>,
    /// The type of each token; empty if all are of the first.
    pub(crate) types: Vec<u32>,
}

/// What tokens are looked up in.
pub(crate) struct Embeddings {
    /// `[vocabulary, width]`
    pub(super) words: Vec<f32>,
    /// `[positions, width]`, if positions are learned.
    pub(super) positions: Option<Vec<f32>>,
    /// `[types, width]`, if tokens have types.
    pub(super) types: Option<Vec<f32>>,
    pub(super) norm: LayerNorm,
}

/// A loaded encoder.
pub(crate) struct Encoder {
    pub(super) cpu: Cpu,
    settings: Settings,
    embeddings: Embeddings,
    turns: Vec<Turns>,
    layers: Vec<Layer>,
    last_norm: Option<LayerNorm>,
    /// Whether activations are kept in 16 bits.
    residual: bool,
}

impl Encoder {
    /// Reads all parts.
    pub(crate) fn load(load: &Loader<'_>) -> Result<Self, InferenceError> {
        let settings = load.settings.clone();
        let architecture = &settings.architecture;
        Ok(Self {
            cpu: load.cpu.clone(),
            embeddings: architecture.embeddings(load)?,
            turns: architecture.turns(),
            layers: (0..settings.layers)
                .map(|layer| architecture.layer(load, layer))
                .collect::<Result<_, _>>()?,
            last_norm: architecture.last_norm(load)?,
            residual: load.precision.keeps_residual(),
            settings,
        })
    }

    /// One vector per sequence, none of which is empty: `[sequences, width]`.
    ///
    /// # Errors
    /// [`InferenceError::Compute`] if a token is outside of the model's tables.
    pub(crate) fn pooled(&self, sequences: &[Tokens], pooling: Pooling) -> Result<Vec<f32>, InferenceError> {
        let width = self.settings.width;
        let hidden = self.hidden(sequences)?;
        let mut rows: &[f32] = &hidden;
        let mut pooled = Vec::with_capacity(sequences.len() * width);
        for sequence in sequences {
            let (own, others) = rows.split_at(sequence.ids.len() * width);
            pool(own, width, pooling, &mut pooled);
            rows = others;
        }
        Ok(pooled)
    }

    /// The last layer's rows, sequence after sequence: `[tokens, width]`.
    fn hidden(&self, sequences: &[Tokens]) -> Result<Rows, InferenceError> {
        let mut rows = self.look_up(sequences)?;
        self.embeddings.norm.apply(&self.cpu, &mut rows);
        let lengths: Vec<usize> = sequences.iter().map(|tokens| tokens.ids.len()).collect();
        let ropes = self.turns.iter().map(|turns| turns.of(&lengths)).collect();
        let mut pass = Pass::new(&self.cpu, &self.settings, &lengths, ropes, self.residual);
        for layer in &self.layers {
            layer.apply(&mut rows, &mut pass);
        }
        if let Some(norm) = &self.last_norm {
            norm.apply(&self.cpu, &mut rows);
        }
        Ok(rows)
    }

    fn look_up(&self, sequences: &[Tokens]) -> Result<Rows, InferenceError> {
        let tokens: usize = sequences.iter().map(|tokens| tokens.ids.len()).sum();
        let mut rows = Rows::zeros(tokens * self.settings.width);
        let mut places = rows.chunks_exact_mut(self.settings.width);
        for sequence in sequences {
            for (place, &id) in sequence.ids.iter().enumerate() {
                let kind = sequence.types.get(place).copied().unwrap_or(0);
                let row = places.next().unwrap_or_default();
                self.look_up_token(id, kind, place, row).ok_or_else(|| InferenceError::Compute {
                    step: format!(
                        "token {id} of type {kind} at place {place} is outside of the model's tables"
                    ),
                    source: None,
                })?;
            }
        }
        Ok(rows)
    }

    /// Adds up the vectors of a token; `None` if a table has no place for it.
    fn look_up_token(&self, id: u32, kind: u32, place: usize, sum: &mut [f32]) -> Option<()> {
        let width = self.settings.width;
        let row = |index: usize| index * width..(index + 1) * width;
        if place >= self.settings.positions {
            return None;
        }
        let Embeddings { words, positions, types, .. } = &self.embeddings;
        if let Some(positions) = positions {
            sum.copy_from_slice(positions.get(row(place))?);
        }
        if let Some(types) = types {
            add(sum, types.get(row(kind as usize))?);
        }
        add(sum, words.get(row(id as usize))?);
        Some(())
    }
}

fn add(sum: &mut [f32], values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
}

/// `[tokens, width]` to one row of `pooled`.
fn pool(rows: &[f32], width: usize, pooling: Pooling, pooled: &mut Vec<f32>) {
    let start = pooled.len();
    pooled.extend_from_slice(&rows[..width]);
    if pooling == Pooling::Mean {
        let mean = &mut pooled[start..];
        rows[width..].chunks_exact(width).for_each(|row| add(mean, row));
        let count = (rows.len() / width) as f32;
        mean.iter_mut().for_each(|sum| *sum /= count);
    }
}
