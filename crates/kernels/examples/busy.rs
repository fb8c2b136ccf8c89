//! Prints what a busy neighbour costs the pool: the matrices and the attention of a small chat model
//! (30 layers 576 wide, as SmolLM2-135M), a token at a time and a prompt at a time, with nothing
//! beside it and beside a process that keeps a core busy, in turn. With the fall in speed goes the
//! fall in processor time that this process got, which is the share that it cannot help.
//!
//! `cargo run -p docent-kernels --example busy -- [SECONDS] [ROUNDS] [THREADS] [CORE]`
//!
//! `SECONDS` go to each measurement, `ROUNDS` of each are made; the neighbour may be held on `CORE`.
#![allow(clippy::print_stdout)]

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use docent_kernels::{
    Activation, Activations, Cpu, Epilogue, Format, Kept, KeyValues, Matrix, Norm, Queries, Stored, attend,
    gated_matmul, matmul,
};

const LAYERS: usize = 30;
const WIDTH: usize = 576;
const INNER: usize = 1536;
const HEADS: usize = 9;
const KV_HEADS: usize = 3;
const HEAD_LEN: usize = 64;
const VOCABULARY: usize = 49_152;
const DEPTH: usize = 512;
/// A neighbour whose end nobody sees to ends by itself.
const NEIGHBOUR_LIFE: Duration = Duration::from_secs(60);
/// In which the system notices that a process has come or gone.
const SETTLE: Duration = Duration::from_millis(200);

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "neighbour") {
        let began = Instant::now();
        while began.elapsed() < NEIGHBOUR_LIFE {}
        return Ok(());
    }
    let number = |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (seconds, rounds, threads) = (number(0, 1)?, number(1, 5)?, number(2, 2)?);
    let (length, core) = (Duration::from_secs(seconds as u64), arguments.get(3).map(String::as_str));
    let mut model = Model::new(&Cpu::new(threads));
    println!("{:?}", model.cpu);
    for (name, rows) in [("a token at a time", 1), ("a prompt of 512 at a time", 512)] {
        let (mut quiet, mut busy) = (Vec::new(), Vec::new());
        model.pace(rows, length / 4);
        for _ in 0..rounds {
            std::thread::sleep(SETTLE);
            quiet.push(model.pace(rows, length));
            let neighbour = Neighbour::start(core)?;
            std::thread::sleep(SETTLE);
            busy.push(model.pace(rows, length));
            drop(neighbour);
        }
        let (quiet, busy) = (middle(&quiet), middle(&busy));
        println!(
            "{name}: {:.0} tokens/s, beside a neighbour {:.0}: speed {:+.0} %, processor time {:+.0} % ({:.2} of {:.2} cores)",
            quiet.speed,
            busy.speed,
            (busy.speed / quiet.speed - 1.0) * 100.0,
            (busy.cores / quiet.cores - 1.0) * 100.0,
            busy.cores,
            quiet.cores,
        );
    }
    Ok(())
}

/// What a while of computing came to.
#[derive(Clone, Copy)]
struct Pace {
    /// Tokens a second.
    speed: f64,
    /// Processor seconds a second; not a number where the system does not tell.
    cores: f64,
}

/// The middle of both, each by itself.
fn middle(paces: &[Pace]) -> Pace {
    let of = |figure: &dyn Fn(&Pace) -> f64| {
        let mut figures: Vec<f64> = paces.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    };
    Pace { speed: of(&|pace| pace.speed), cores: of(&|pace| pace.cores) }
}

/// Processor time of all threads of this process so far.
fn processor_time() -> Option<Duration> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    let mut nanoseconds = 0;
    for thread in threads.flatten() {
        let report = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        nanoseconds += report.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(nanoseconds))
}

/// A process that keeps a core busy while this value lives.
struct Neighbour(Child);

impl Neighbour {
    fn start(core: Option<&str>) -> Result<Self, Failure> {
        let own = std::env::current_exe()?;
        let mut command = match core {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", core]).arg(own);
                command
            }
            None => Command::new(own),
        };
        Ok(Self(command.arg("neighbour").stdin(Stdio::null()).spawn()?))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Layer {
    project: Matrix,
    output: Matrix,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
    cache: KeyValues,
}

struct Model {
    cpu: Cpu,
    layers: Vec<Layer>,
    head: Matrix,
    norm: Vec<f32>,
}

impl Model {
    fn new(cpu: &Cpu) -> Self {
        let projected = (HEADS + 2 * KV_HEADS) * HEAD_LEN;
        let layer = |_| {
            let q4 = |outputs, inputs| matrix(cpu, Format::Q4_1, outputs, inputs);
            let mut cache = KeyValues::new(KV_HEADS, HEAD_LEN, Stored::F16);
            cache.append(cpu, &vec![0.1; DEPTH * projected], projected, HEADS * HEAD_LEN, 12 * HEAD_LEN);
            Layer {
                project: q4(projected, WIDTH),
                output: q4(WIDTH, HEADS * HEAD_LEN),
                gate: q4(INNER, WIDTH),
                up: q4(INNER, WIDTH),
                down: q4(WIDTH, INNER),
                cache,
            }
        };
        Self {
            cpu: cpu.clone(),
            layers: (0..LAYERS).map(layer).collect(),
            head: matrix(cpu, Format::Q8_0, VOCABULARY, WIDTH),
            norm: vec![1.0; WIDTH],
        }
    }

    /// Goes through the model again and again for about `length`.
    fn pace(&mut self, rows: usize, length: Duration) -> Pace {
        let (began, processor) = (Instant::now(), processor_time());
        let mut tokens = 0;
        while began.elapsed() < length {
            self.forward(rows);
            tokens += rows;
        }
        let seconds = began.elapsed().as_secs_f64();
        let processor = processor_time().zip(processor).map(|(now, then)| (now - then).as_secs_f64());
        Pace { speed: tokens as f64 / seconds, cores: processor.unwrap_or(f64::NAN) / seconds }
    }

    fn forward(&mut self, rows: usize) {
        let (cpu, stride) = (&self.cpu, (HEADS + 2 * KV_HEADS) * HEAD_LEN);
        let write = Epilogue::Write(Activation::Identity);
        let mut x = vec![0.1; rows * WIDTH];
        let mut projected = vec![0.0; rows * stride];
        let mut attended = vec![0.0; rows * HEADS * HEAD_LEN];
        let mut inner = vec![0.0; rows * INNER];
        let norm = Norm::Rms(&self.norm, 1e-5);
        for layer in &mut self.layers {
            let normed = Activations::new(cpu, &x, WIDTH, norm, Kept::default());
            matmul(cpu, &normed, &[&layer.project], write, &mut projected);
            let queries = Queries {
                rows: &projected,
                stride,
                offset: 0,
                heads: HEADS,
                scale: 0.125,
                causal_from: Some(DEPTH - rows),
                window: None,
            };
            attend(cpu, &queries, &layer.cache, &mut attended);
            let quantised = Activations::new(cpu, &attended, HEADS * HEAD_LEN, Norm::None, Kept::default());
            matmul(cpu, &quantised, &[&layer.output], Epilogue::Add, &mut x);
            let normed = Activations::new(cpu, &x, WIDTH, norm, Kept::default());
            gated_matmul(cpu, &normed, &layer.gate, &layer.up, Activation::Silu, &mut inner);
            let quantised = Activations::new(cpu, &inner, INNER, Norm::None, Kept::default());
            matmul(cpu, &quantised, &[&layer.down], Epilogue::Add, &mut x);
        }
        // Only the last position is asked what comes next.
        let normed = Activations::new(cpu, &x[(rows - 1) * WIDTH..], WIDTH, norm, Kept::default());
        matmul(cpu, &normed, &[&self.head], write, &mut vec![0.0; VOCABULARY]);
    }
}

/// Codes of any kind: what they are does not change how long they take.
fn matrix(cpu: &Cpu, format: Format, outputs: usize, inputs: usize) -> Matrix {
    let (block, bytes) = format.block();
    let data = vec![0x11; outputs * inputs / block * bytes];
    match Matrix::pack(cpu, format, &data, outputs, inputs) {
        Some(matrix) => matrix,
        None => unreachable!("{format:?} takes rows of {inputs}"),
    }
}
