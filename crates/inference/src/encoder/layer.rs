//! One layer: attention, then the feed-forward part, each added to what comes in (Vaswani et al.
//! 2017).
//!
//! Sequences lie one after the other without padding; only attention knows where each ends.

use docent_kernels::{
    Activation, Activations, Cpu, Epilogue, Kept, Matrix, Norm, Pairs, Rope, Rows, Sequences,
    attend_sequences, layer_norm, matmul, matmul_quantised,
};

use super::settings::Settings;

/// The scale and, if it has one, the bias of a norm (Ba et al. 2016).
pub(crate) struct LayerNorm {
    pub(super) weight: Vec<f32>,
    pub(super) bias: Option<Vec<f32>>,
    pub(super) epsilon: f32,
}

impl LayerNorm {
    /// Norms each row in place.
    pub(super) fn apply(&self, cpu: &Cpu, rows: &mut [f32]) {
        let width = self.weight.len();
        let step = (rows.len() / width).div_ceil(4 * cpu.pool.threads()).max(8) * width;
        cpu.pool.run_chunks(rows, step, &|rows| {
            layer_norm(cpu.tier, rows, &self.weight, self.bias.as_deref(), self.epsilon);
        });
    }
}

/// A layer. The first encoders norm what comes out of each part (`norm_out`), later ones what goes
/// into it (`norm_in`).
pub(crate) struct Layer {
    pub(super) attention: Attention,
    pub(super) feed_forward: FeedForward,
}

pub(super) struct Attention {
    pub(super) norm_in: Option<LayerNorm>,
    /// Queries, keys and values side by side.
    pub(super) project: Matrix,
    /// Which of the architecture's turns queries and keys are given.
    pub(super) turns: Option<usize>,
    /// How many tokens away, on either side, a token sees; all if missing.
    pub(super) window: Option<usize>,
    pub(super) output: Matrix,
    pub(super) norm_out: Option<LayerNorm>,
}

pub(super) struct FeedForward {
    pub(super) norm_in: Option<LayerNorm>,
    /// Multiplied with the activated rows of `up` if present (Shazeer 2020).
    pub(super) factor: Option<Matrix>,
    pub(super) up: Matrix,
    pub(super) activation: Activation,
    pub(super) down: Matrix,
    pub(super) norm_out: Option<LayerNorm>,
}

/// Rotary positions by `base` (Su et al. 2021): of the `turned` first values of a head, pair `i`
/// turns by `base^(-2i / turned)` radians per position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turns {
    pub(super) base: f64,
    pub(super) turned: usize,
    pub(super) pairs: Pairs,
}

impl Turns {
    /// The turns of sequences of these lengths, one after the other.
    pub(super) fn of(self, lengths: &[usize]) -> Rope {
        let speeds: Vec<f64> =
            (0..self.turned).step_by(2).map(|i| self.base.powf(-(i as f64) / self.turned as f64)).collect();
        Rope::new(lengths.iter().flat_map(|&length| 0..length), &speeds, self.pairs, 1.0)
    }
}

/// What the layers share while they compute: the sequences, and room for what lies between steps.
pub(super) struct Pass<'a> {
    pub(super) cpu: &'a Cpu,
    pub(super) lengths: &'a [usize],
    pub(super) ropes: Vec<Rope>,
    heads: usize,
    head_len: usize,
    residual: bool,
    x: Activations,
    normed: Vec<f32>,
    projected: Rows,
    attended: Rows,
    inner: Activations,
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        cpu: &'a Cpu,
        settings: &Settings,
        lengths: &'a [usize],
        ropes: Vec<Rope>,
        residual: bool,
    ) -> Self {
        let tokens: usize = lengths.iter().sum();
        Self {
            cpu,
            lengths,
            ropes,
            heads: settings.heads,
            head_len: settings.head_len(),
            residual,
            x: Activations::empty(),
            normed: Vec::new(),
            projected: Rows::zeros(tokens * 3 * settings.width),
            attended: Rows::zeros(tokens * settings.width),
            inner: Activations::empty(),
        }
    }

    /// Prepares the rows, normed if there is a norm, for `matrix`.
    fn set(&mut self, rows: &[f32], norm: Option<&LayerNorm>, matrix: &Matrix) {
        let rows = match norm {
            None => rows,
            Some(norm) => {
                self.normed.clear();
                self.normed.extend_from_slice(rows);
                norm.apply(self.cpu, &mut self.normed);
                &self.normed
            }
        };
        self.x.set(self.cpu, rows, matrix.inputs(), Norm::None, kept(self.residual, matrix));
    }
}

/// What rows are kept as for `matrix`.
fn kept(residual: bool, matrix: &Matrix) -> Kept {
    Kept { residual, floats: matrix.is_float() }
}

impl Layer {
    /// Takes the rows of all tokens, `[tokens, width]`, to those after this layer.
    pub(super) fn apply(&self, rows: &mut [f32], pass: &mut Pass<'_>) {
        self.attention.apply(rows, pass);
        self.feed_forward.apply(rows, pass);
    }
}

impl Attention {
    fn apply(&self, rows: &mut [f32], pass: &mut Pass<'_>) {
        let cpu = pass.cpu;
        let (heads, head_len) = (pass.heads, pass.head_len);
        pass.set(rows, self.norm_in.as_ref(), &self.project);
        let identity = Epilogue::Write(Activation::Identity);
        matmul(cpu, &pass.x, &[&self.project], identity, &mut pass.projected);
        if let Some(rope) = self.turns.map(|turns| &pass.ropes[turns]) {
            // Queries and keys lie side by side.
            rope.apply(cpu, &mut pass.projected, 3 * heads * head_len, 0, 2 * heads, head_len);
        }
        let sequences = Sequences {
            rows: &pass.projected,
            heads,
            head_len,
            scale: (head_len as f32).sqrt().recip(),
            lengths: pass.lengths,
            window: self.window,
        };
        attend_sequences(cpu, &sequences, &mut pass.attended);
        let form = kept(pass.residual, &self.output);
        pass.x.set(cpu, &pass.attended, self.output.inputs(), Norm::None, form);
        matmul(cpu, &pass.x, &[&self.output], Epilogue::Add, rows);
        if let Some(norm) = &self.norm_out {
            norm.apply(cpu, rows);
        }
    }
}

impl FeedForward {
    fn apply(&self, rows: &mut [f32], pass: &mut Pass<'_>) {
        let cpu = pass.cpu;
        pass.set(rows, self.norm_in.as_ref(), &self.up);
        let form = kept(pass.residual, &self.down);
        // What the kernel activates it calls the gate.
        let (gate, up) = match &self.factor {
            None => (None, &self.up),
            Some(factor) => (Some(&self.up), factor),
        };
        matmul_quantised(cpu, &pass.x, gate, up, self.activation, form, &mut pass.inner);
        matmul(cpu, &pass.inner, &[&self.down], Epilogue::Add, rows);
        if let Some(norm) = &self.norm_out {
            norm.apply(cpu, rows);
        }
    }
}
