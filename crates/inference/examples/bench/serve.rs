//! Requests on standard input, replies on standard output.

use std::io::{BufRead, Write};
use std::time::Instant;

use docent_inference::{Precision, device_report};
use serde_json::{Value, json};

use crate::Failure;
use crate::docent::config;
use crate::engine::Engine;

/// Answers requests until standard input ends.
pub(crate) fn serve(open: &dyn Fn() -> Result<Engine, Failure>) -> Result<(), Failure> {
    let mut engine = None;
    let mut replies = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        let reply = reply(&mut engine, open, &request);
        let reply = reply.unwrap_or_else(|error| json!({ "error": error.to_string() }));
        writeln!(replies, "{reply}")?;
        replies.flush()?;
    }
    Ok(())
}

fn reply(
    engine: &mut Option<Engine>,
    open: &dyn Fn() -> Result<Engine, Failure>,
    request: &Value,
) -> Result<Value, Failure> {
    match request["op"].as_str().ok_or("a request needs an op")? {
        "about" => {
            let report = device_report(&config(0, Precision::default()), None);
            let about = format!("{} with {}; {}", report.device, report.features.join(", "), report.reason);
            Ok(json!({ "about": about }))
        }
        "memory" => Ok(json!({ "bytes": peak_memory() })),
        "load" => {
            let started = Instant::now();
            engine.insert(open()?).wake()?;
            Ok(json!({ "seconds": started.elapsed().as_secs_f64() }))
        }
        op => engine.as_mut().ok_or("nothing is loaded")?.answer(op, request),
    }
}

/// The most memory this process ever held, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
