//! The chat model in a process of its own. With the feature `cuda` it computes on an NVIDIA GPU, which
//! docent itself cannot: a program built for CUDA does not start where CUDA is missing.
//!
//! docent starts it, speaks to it over its standard streams
//! ([`docent_inference::remote::protocol`]), and closes its input to end it. `--device cpu` lets it
//! compute on the processor, as a GPU would, slowly: that is for tests.

mod server;
mod voice;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use docent_inference::{ComputeDevice, NoGpu};
use server::Server;

const USAGE: &str = "docent-engine computes chat models for docent, which starts it.\n\
                     usage: docent-engine [--device gpu|cpu]";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let open: fn() -> Result<ComputeDevice, NoGpu> = match arguments.as_slice() {
        [] | ["--device", "gpu"] => ComputeDevice::gpu,
        ["--device", "cpu"] => || Ok(ComputeDevice::processor()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match Server::new(open, now_ms).map(|mut server| server.serve(std::io::stdin().lock())) {
        // Not by returning: what is being computed need not come to its end.
        Ok(Ok(())) => std::process::exit(0),
        Ok(Err(reason)) | Err(reason) => {
            eprintln!("docent-engine: {reason}");
            std::process::exit(1)
        }
    }
}

/// Milliseconds since 1970-01-01, UTC.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
