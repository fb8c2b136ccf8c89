//! Prints how fast the integer tiles are on this machine: billions of operations (two for each
//! weight and row) and of bytes of weights per second, for each tier and number of rows.
//!
//! `cargo run -p docent-kernels --example matmul -- [THREADS] [TIER]`
#![allow(clippy::print_stdout)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use docent_kernels::{
    Activation, Activations, Cpu, Epilogue, Format, Kept, Matrix, Norm, Pool, Tier, matmul,
};

const OUTPUTS: usize = 1536;

fn main() {
    let threads = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let pool = Arc::new(Pool::new(threads));
    let asked = std::env::args().nth(2);
    let is_asked = |tier: &Tier| asked.as_deref().is_none_or(|name| tier.name() == name);
    for tier in Tier::all().into_iter().filter(is_asked) {
        let cpu = Cpu { tier, pool: Arc::clone(&pool) };
        for (format, width) in
            [(Format::Q4_0, 576), (Format::Q4_1, 576), (Format::Q8_0, 576), (Format::Q6K, 768)]
        {
            let (block, bytes) = format.block();
            let data = vec![0x11; OUTPUTS * width / block * bytes];
            let Some(matrix) = Matrix::pack(&cpu, format, &data, OUTPUTS, width) else { continue };
            print!("{tier:?} {format:?}:");
            for rows in [1, 4, 8, 128] {
                let x: Vec<f32> = (0..rows * width).map(|i| (i as f32).sin()).collect();
                let x = Activations::new(&cpu, &x, width, Norm::None, Kept::default());
                let mut out = vec![0.0; rows * OUTPUTS];
                let best =
                    best_of(|| matmul(&cpu, &x, &[&matrix], Epilogue::Write(Activation::Identity), &mut out));
                let operations = 2.0 * (rows * width * OUTPUTS) as f64;
                print!("  {rows} rows {:6.1} GOP/s", operations / best.as_secs_f64() / 1e9);
                if rows == 1 {
                    print!(" {:5.1} GB/s", matrix.bytes() as f64 / best.as_secs_f64() / 1e9);
                }
            }
            println!();
        }
    }
}

fn best_of(mut work: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    let began = Instant::now();
    let mut runs = 0;
    while runs < 5 || (began.elapsed() < Duration::from_millis(300) && runs < 2000) {
        let started = Instant::now();
        work();
        best = best.min(started.elapsed());
        runs += 1;
    }
    best
}
