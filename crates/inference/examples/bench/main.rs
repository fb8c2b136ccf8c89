//! Serves the engine to `cargo xtask bench inference`, or prints how fast it is on this machine.
//!
//! By hand: `cargo run -p docent-inference --features candle --example bench -- MODELS_FOLDER [THREADS [f32|int16|int8]]`.
//! Each figure is the best of three runs, the first of which also loads the model.
//!
//! For the benchmark: `bench serve generator|embedder docent|candle MODELS_FOLDER THREADS` reads a
//! request per line of standard input and writes a reply per line of standard output, all in JSON.
//!
//! Both read `all-MiniLM-L6-v2/` and `SmolLM2-135M-Instruct-Q4_1/` in the folder.
#![allow(clippy::print_stdout)]

mod docent;
mod engine;
mod serve;
mod stock;
mod table;

use std::path::Path;

use docent_inference::{Precision, configure_process};
use engine::Engine;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const GGUF: &str = "SmolLM2-135M-Instruct-Q4_1/SmolLM2-135M-Instruct.Q4_1.gguf";
const MINILM: &str = "all-MiniLM-L6-v2";

/// Longest text of the embedding model, special tokens included.
const EMBED_TOKENS: usize = 256;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["serve", model, whose, folder, threads] => {
            let threads = threads.parse()?;
            configure_process(threads);
            serve::serve(&|| Engine::open(model, whose, Path::new(folder), threads))
        }
        [folder, rest @ ..] if rest.len() < 3 => {
            let threads = rest.first().map_or(Ok(0), |threads| threads.parse())?;
            let name = rest.get(1).copied().unwrap_or(Precision::default().name());
            let all = [Precision::F32, Precision::Int16, Precision::Int8];
            let precision = all.into_iter().find(|precision| precision.name() == name);
            configure_process(threads);
            let config = docent::config(threads, precision.ok_or("precisions are f32, int16 and int8")?);
            table::print_table(Path::new(folder), &config)
        }
        _ => Err("usage: bench MODELS_FOLDER [THREADS [f32|int16|int8]]".into()),
    }
}
