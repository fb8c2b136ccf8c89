//! The BERT encoder (Devlin et al. 2018) with pooling, on the kernels.
//!
//! Sequences lie one after the other without padding; only attention knows where each ends.

use std::path::Path;

use docent_corpus::Pooling;
use docent_kernels::{
    Activation, Activations, Cpu, Epilogue, Matrix, Norm, Sequences, attend_sequences, layer_norm, matmul,
};

use super::settings::Settings;
use super::weights::{Tensors, Weights};
use crate::{InferenceError, Precision, processor};

/// Room asked for beside the weights before loading.
const WORKING_MEMORY: u64 = 64 << 20;

/// Added to a vector's length before dividing by it, as sentence-transformers does.
const LEAST_LENGTH: f32 = 1e-12;

/// The loaded model.
pub(super) struct Bert {
    cpu: Cpu,
    settings: Settings,
    pooling: Pooling,
    normalise: bool,
    /// `[vocabulary, width]`
    words: Vec<f32>,
    /// `[positions, width]`, the first token type added.
    positions: Vec<f32>,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

struct LayerNorm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

struct Layer {
    /// Queries, keys and values side by side.
    attention: Matrix,
    output: Matrix,
    output_norm: LayerNorm,
    up: Matrix,
    down: Matrix,
    norm: LayerNorm,
}

impl Bert {
    /// Loads the weights; matrices in the precision that is asked for, the rest in 32 bits.
    pub(super) fn load(
        path: &Path,
        settings: &Settings,
        pooling: Pooling,
        normalise: bool,
        precision: Precision,
    ) -> Result<Self, InferenceError> {
        fits(path)?;
        let cpu = processor::cpu();
        Weights::open(path)?.read(|file| {
            let (width, rows) = (settings.width, settings.position_rows);
            let words = file.get("embeddings.word_embeddings.weight", &[settings.vocabulary, width])?;
            let table = file.get("embeddings.position_embeddings.weight", &[rows, width])?;
            let types = file.get("embeddings.token_type_embeddings.weight", &[settings.types, width])?;
            let first = settings.first_position.min(rows) * width;
            let positions =
                table[first..].iter().zip(types[..width].iter().cycle()).map(|(a, b)| a + b).collect();
            let loader = Loader { file, cpu: &cpu, settings, precision };
            Ok(Self {
                words,
                positions,
                norm: loader.norm("embeddings.LayerNorm")?,
                layers: (0..settings.layers).map(|layer| loader.layer(layer)).collect::<Result<_, _>>()?,
                cpu: cpu.clone(),
                settings: settings.clone(),
                pooling,
                normalise,
            })
        })
    }

    /// One vector per sequence of token ids, none of which is empty.
    pub(super) fn embed(&self, sequences: &[Vec<u32>]) -> Result<Vec<Vec<f32>>, InferenceError> {
        let hidden = self.hidden(sequences)?;
        let width = self.settings.width;
        let mut start = 0;
        let mut vectors = Vec::with_capacity(sequences.len());
        for sequence in sequences {
            let rows = &hidden[start * width..][..sequence.len() * width];
            vectors.push(self.pool(rows));
            start += sequence.len();
        }
        if vectors.iter().flatten().any(|value| !value.is_finite()) {
            return Err(InferenceError::Compute {
                step: "the embedding is not made of numbers".into(),
                source: None,
            });
        }
        Ok(vectors)
    }

    /// The last layer's rows, sequence after sequence: `[tokens, width]`.
    fn hidden(&self, sequences: &[Vec<u32>]) -> Result<Vec<f32>, InferenceError> {
        let mut rows = self.look_up(sequences)?;
        self.normalise_rows(&mut rows, &self.norm);
        let lengths: Vec<usize> = sequences.iter().map(Vec::len).collect();
        let mut room = Room::new(rows.len() / self.settings.width, &self.settings);
        for layer in &self.layers {
            self.layer(layer, &lengths, &mut rows, &mut room);
        }
        Ok(rows)
    }

    fn look_up(&self, sequences: &[Vec<u32>]) -> Result<Vec<f32>, InferenceError> {
        let width = self.settings.width;
        let tokens = sequences.iter().map(Vec::len).sum::<usize>();
        let mut rows = Vec::with_capacity(tokens * width);
        for sequence in sequences {
            for (place, &id) in sequence.iter().enumerate() {
                let word = self.words.get(id as usize * width..(id as usize + 1) * width);
                let position = self.positions.get(place * width..(place + 1) * width);
                let (Some(word), Some(position)) = (word, position) else {
                    return Err(InferenceError::Compute {
                        step: format!("token {id} at place {place} is outside of the model's tables"),
                        source: None,
                    });
                };
                rows.extend(word.iter().zip(position).map(|(word, position)| word + position));
            }
        }
        Ok(rows)
    }

    fn normalise_rows(&self, rows: &mut [f32], norm: &LayerNorm) {
        let width = self.settings.width;
        let step = (rows.len() / width).div_ceil(4 * self.cpu.pool.threads()).max(8) * width;
        self.cpu.pool.run_chunks(rows, step, &|rows| {
            layer_norm(self.cpu.tier, rows, &norm.weight, Some(&norm.bias), self.settings.epsilon);
        });
    }

    fn layer(&self, layer: &Layer, lengths: &[usize], rows: &mut [f32], room: &mut Room) {
        let (width, heads) = (self.settings.width, self.settings.heads);
        let Room { x, projected, attended, inner } = room;
        let identity = Epilogue::Write(Activation::Identity);
        self.multiply(&layer.attention, rows, x, identity, projected);
        let sequences = Sequences {
            rows: projected,
            heads,
            head_len: width / heads,
            scale: ((width / heads) as f32).sqrt().recip(),
            lengths,
            window: None,
        };
        attend_sequences(&self.cpu, &sequences, attended);
        self.multiply(&layer.output, attended, x, Epilogue::Add, rows);
        self.normalise_rows(rows, &layer.output_norm);
        self.multiply(&layer.up, rows, x, Epilogue::Write(self.settings.activation), inner);
        self.multiply(&layer.down, inner, x, Epilogue::Add, rows);
        self.normalise_rows(rows, &layer.norm);
    }

    fn multiply(
        &self,
        matrix: &Matrix,
        rows: &[f32],
        x: &mut Activations,
        epilogue: Epilogue,
        out: &mut [f32],
    ) {
        x.set(&self.cpu, rows, matrix.inputs(), Norm::None, matrix.is_float());
        matmul(&self.cpu, x, &[matrix], epilogue, out);
    }

    /// `[tokens, width]` to one vector.
    fn pool(&self, rows: &[f32]) -> Vec<f32> {
        let width = self.settings.width;
        let mut vector = rows[..width].to_vec();
        if self.pooling == Pooling::Mean {
            for row in rows[width..].chunks_exact(width) {
                vector.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
            }
            let count = (rows.len() / width) as f32;
            vector.iter_mut().for_each(|sum| *sum /= count);
        }
        if self.normalise {
            let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt().max(LEAST_LENGTH);
            vector.iter_mut().for_each(|value| *value /= length);
        }
        vector
    }
}

/// Room for what lies between the steps of a layer; every layer uses the same.
struct Room {
    x: Activations,
    projected: Vec<f32>,
    attended: Vec<f32>,
    inner: Vec<f32>,
}

impl Room {
    fn new(tokens: usize, settings: &Settings) -> Self {
        Self {
            x: Activations::empty(),
            projected: vec![0.0; tokens * 3 * settings.width],
            attended: vec![0.0; tokens * settings.width],
            inner: vec![0.0; tokens * settings.inner],
        }
    }
}

/// Reads the parts of a model.
struct Loader<'a> {
    file: &'a Tensors<'a>,
    cpu: &'a Cpu,
    settings: &'a Settings,
    precision: Precision,
}

impl Loader<'_> {
    fn layer(&self, index: usize) -> Result<Layer, InferenceError> {
        let (width, inner) = (self.settings.width, self.settings.inner);
        let name = |part: &str| format!("encoder.layer.{index}.{part}");
        let attention = ["query", "key", "value"].map(|part| name(&format!("attention.self.{part}")));
        Ok(Layer {
            attention: self.matrix(&attention, width, width)?,
            output: self.matrix(&[name("attention.output.dense")], width, width)?,
            output_norm: self.norm(&name("attention.output.LayerNorm"))?,
            up: self.matrix(&[name("intermediate.dense")], inner, width)?,
            down: self.matrix(&[name("output.dense")], width, inner)?,
            norm: self.norm(&name("output.LayerNorm"))?,
        })
    }

    /// The matrices of these names above one another, each of `outputs` rows.
    fn matrix(&self, names: &[String], outputs: usize, inputs: usize) -> Result<Matrix, InferenceError> {
        let (mut weights, mut bias) = (Vec::new(), Vec::new());
        for name in names {
            weights.extend(self.file.get(&format!("{name}.weight"), &[outputs, inputs])?);
            bias.extend(self.file.get(&format!("{name}.bias"), &[outputs])?);
        }
        let matrix = match self.precision {
            Precision::F32 => Matrix::exact(self.cpu, &weights, bias.len(), inputs),
            Precision::Int8 => Matrix::quantise(self.cpu, &weights, bias.len(), inputs),
        };
        Ok(matrix.with_bias(&bias))
    }

    fn norm(&self, name: &str) -> Result<LayerNorm, InferenceError> {
        let width = self.settings.width;
        Ok(LayerNorm {
            weight: self.file.get(&format!("{name}.weight"), &[width])?,
            bias: self.file.get(&format!("{name}.bias"), &[width])?,
        })
    }
}

/// Whether a file can be held once as it is and once packed.
fn fits(path: &Path) -> Result<(), InferenceError> {
    let length = std::fs::metadata(path)
        .map_err(|source| InferenceError::Read { path: path.to_owned(), source })?
        .len();
    let need = 2 * length + WORKING_MEMORY;
    match processor::available_memory().filter(|&free| free < need) {
        Some(available) => Err(InferenceError::NotEnoughMemory { need, available }),
        None => Ok(()),
    }
}
