//! How fast files are read: `read_speed WORKER LIBPDFIUM FILE...` reads each file in the worker
//! process, one after another, and prints a line of JSON for each. Without recognition of pictures.

#![allow(clippy::print_stdout)]

use docent_corpus::Cancel;
use docent_extract::{Extractor, Limits, Recognition, WorkerConfig};
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let usage = "usage: read_speed WORKER LIBPDFIUM FILE...";
    let extractor = Extractor::new(WorkerConfig {
        worker: arguments.next().ok_or(usage)?,
        pdfium: Some(arguments.next().ok_or(usage)?),
        limits: Limits::default(),
        workers: 1,
        recognition: Recognition { program: None, ..Recognition::default() },
    });
    let files: Vec<PathBuf> = arguments.collect();
    // The first reading starts the worker and loads PDFium, which is no part of reading.
    if let Some(first) = files.first() {
        let _ = extractor.extract(first, &Cancel::new(), &mut |_, _| {});
    }
    for file in &files {
        let bytes = std::fs::metadata(file)?.len();
        let started = Instant::now();
        let outcome = extractor.extract(file, &Cancel::new(), &mut |_, _| {});
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        let (pages, characters, error) = match outcome {
            Ok(document) => (document.metadata.pages, document.text.chars().count(), None),
            Err(error) => (None, 0, Some(error.to_string())),
        };
        println!(
            "{}",
            json!({
                "file": file,
                "bytes": bytes,
                "pages": pages,
                "characters": characters,
                "milliseconds": milliseconds,
                "error": error,
            })
        );
    }
    Ok(())
}
