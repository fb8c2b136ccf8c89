//! Prints how long the parts of one layer of an encoder take on this machine: the shapes of MiniLM
//! (width 384, inner width 1536, 12 heads of 32), sequences of 215 tokens, on each tier.
//!
//! `cargo run -p docent-kernels --example encoder -- [THREADS] [SEQUENCES] [TIER]`
#![allow(clippy::print_stdout)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use docent_kernels::{
    Activation, Activations, Cpu, Epilogue, Kept, Matrix, Norm, Pool, Sequences, Tier, attend_sequences,
    layer_norm, matmul, matmul_quantised,
};

const WIDTH: usize = 384;
const INNER: usize = 1536;
const HEADS: usize = 12;
const TOKENS: usize = 215;
const ROUNDS: usize = 60;
const PARTS: [&str; 6] = ["quantise", "project", "attend", "up", "down", "norm"];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse().ok());
    let (threads, sequences) = (number(1).unwrap_or(1), number(2).unwrap_or(15));
    let asked = |tier: &Tier| match arguments.get(3) {
        Some(name) => tier.name() == name,
        None => tier.name() != "portable",
    };
    let pool = Arc::new(Pool::new(threads));
    for tier in Tier::all().into_iter().filter(asked) {
        let cpu = Cpu { tier, pool: Arc::clone(&pool) };
        let mut layer = Layer::new(&cpu, &vec![TOKENS; sequences], Arc::new(matrices(&cpu)));
        let mut best = [Duration::MAX; PARTS.len()];
        for _ in 0..ROUNDS {
            let times = layer.run();
            for (best, time) in best.iter_mut().zip(times) {
                *best = time.min(*best);
            }
        }
        let tokens = (sequences * TOKENS) as f64;
        print!("{tier:?}: us a token:");
        for (part, best) in PARTS.iter().zip(best) {
            print!("  {part} {:.2}", best.as_secs_f64() * 1e6 / tokens);
        }
        println!("  all {:.2}", best.iter().sum::<Duration>().as_secs_f64() * 1e6 / tokens);
        let matrices = Arc::clone(&layer.matrices);
        let each = |_| Mutex::new(Layer::new(&cpu, &[TOKENS], Arc::clone(&matrices)));
        let each: Vec<_> = (0..sequences).map(each).collect();
        let one = |index: usize| drop(each[index].lock().map(|mut layer| layer.run()));
        let (mut together, mut apart) = (Duration::MAX, Duration::MAX);
        for _ in 0..ROUNDS {
            together = together.min(time(|| {
                layer.run();
            }));
            apart = apart.min(time(|| pool.run(sequences, &one)));
        }
        let [together, apart] = [together, apart].map(|time| time.as_secs_f64() * 1e6 / tokens);
        println!("{tier:?}: us a token:  as one batch {together:.2}  sequence by sequence {apart:.2}");
    }
}

struct Layer<'a> {
    cpu: &'a Cpu,
    lengths: Vec<usize>,
    matrices: Arc<[Matrix; 4]>,
    weight: Vec<f32>,
    x: Activations,
    rows: Vec<f32>,
    projected: Vec<f32>,
    attended: Vec<f32>,
    inner: Activations,
}

impl<'a> Layer<'a> {
    fn new(cpu: &'a Cpu, lengths: &[usize], matrices: Arc<[Matrix; 4]>) -> Self {
        let tokens: usize = lengths.iter().sum();
        Self {
            cpu,
            lengths: lengths.to_vec(),
            matrices,
            weight: vec![1.0; WIDTH],
            x: Activations::empty(),
            rows: noise(tokens * WIDTH),
            projected: vec![0.0; tokens * 3 * WIDTH],
            attended: vec![0.0; tokens * WIDTH],
            inner: Activations::empty(),
        }
    }

    /// The time of each of the [`PARTS`].
    fn run(&mut self) -> [Duration; PARTS.len()] {
        let Self { cpu, lengths, matrices, weight, x, rows, projected, attended, inner } = self;
        let mut times = [Duration::ZERO; PARTS.len()];
        let mut took = |part: usize, work: &mut dyn FnMut()| {
            let began = Instant::now();
            work();
            times[part] += began.elapsed();
        };
        let identity = Epilogue::Write(Activation::Identity);
        let norm = |rows: &mut Vec<f32>| {
            let step = (rows.len() / WIDTH).div_ceil(4 * cpu.pool.threads()).max(8) * WIDTH;
            cpu.pool.run_chunks(rows, step, &|rows| {
                layer_norm(cpu.tier, rows, weight, Some(weight), 1e-12);
            });
        };
        took(0, &mut || x.set(cpu, rows, WIDTH, Norm::None, Kept::default()));
        took(1, &mut || matmul(cpu, x, &[&matrices[0]], identity, projected));
        let sequences = Sequences {
            rows: projected,
            heads: HEADS,
            head_len: WIDTH / HEADS,
            scale: 0.17,
            lengths,
            window: None,
        };
        took(2, &mut || attend_sequences(cpu, &sequences, attended));
        took(0, &mut || x.set(cpu, attended, WIDTH, Norm::None, Kept::default()));
        took(1, &mut || matmul(cpu, x, &[&matrices[1]], Epilogue::Add, rows));
        took(5, &mut || norm(rows));
        took(0, &mut || x.set(cpu, rows, WIDTH, Norm::None, Kept::default()));
        took(3, &mut || {
            matmul_quantised(cpu, x, None, &matrices[2], Activation::GeluErf, Kept::default(), inner);
        });
        took(4, &mut || matmul(cpu, inner, &[&matrices[3]], Epilogue::Add, rows));
        took(5, &mut || norm(rows));
        times
    }
}

fn matrices(cpu: &Cpu) -> [Matrix; 4] {
    let shapes = [(3 * WIDTH, WIDTH), (WIDTH, WIDTH), (INNER, WIDTH), (WIDTH, INNER)];
    shapes.map(|(outputs, inputs)| {
        Matrix::quantise(cpu, &noise(outputs * inputs), outputs, inputs).with_bias(&noise(outputs))
    })
}

fn time(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn noise(len: usize) -> Vec<f32> {
    (0..len).map(|i| ((i as u64 * 2_654_435_761) % 10_007) as f32 / 50_035.0 - 0.1).collect()
}
