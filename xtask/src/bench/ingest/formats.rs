//! Reading alone, per format: docent's example program `read_speed` beside the pipeline's readers.

use super::corpus::Corpus;
use super::python::Pipeline;
use super::{Session, watch};
use crate::bench::report::{Metric, Series, Unit};
use crate::packages::PDFIUM_VERSION;
use crate::shell;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::path::PathBuf;

const OURS: &str = "docent's reader";
const PYTHON: &str = "Python's";

/// Measures every format that `corpus` has, the largest part of the time first lost to nothing: both
/// programs say themselves what each file took, and starting them is not counted.
pub(crate) fn measure(session: &mut Session, corpus: &Corpus, pipeline: Option<&Pipeline>) -> Result<()> {
    let reader = session.program.with_file_name("examples").join("read_speed");
    let worker = session.program.with_file_name("docent-extract-worker");
    ensure!(
        reader.is_file(),
        "{} is missing; `cargo build -p docent-extract --example read_speed` makes it",
        reader.display()
    );
    let pdfium = shell::cache()?.join("pdfium").join(PDFIUM_VERSION).join("libpdfium.so");
    for (kind, files) in corpus.by_kind() {
        let mut series = [vec![Series::default(); 2], vec![Series::default(); 2]];
        let mut pages = 0;
        for _round in 0..session.options.repetitions {
            let mut command = shell::command(&reader)?;
            command.arg(&worker).arg(&pdfium).args(&files);
            let ours = watch::run("read_speed", &mut command, &session.logs)?;
            let ours: Vec<Value> = ours.output.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
            let mut replies = vec![total(&ours)?];
            pages = replies.first().and_then(|reply| reply["pages"].as_u64()).unwrap_or_default();
            if let Some(pipeline) = pipeline {
                let theirs = pipeline.read(&files, &session.logs)?;
                replies.push(total(theirs["files"].as_array().context("no files")?)?);
            }
            for (reply, place) in replies.iter().zip(0..) {
                for (unit, series) in units().into_iter().zip(&mut series) {
                    if let Some(series) = series.get_mut(place) {
                        series.quiet.push(unit.read(reply)?);
                    }
                }
            }
        }
        let engines = if pipeline.is_some() { vec![OURS, PYTHON] } else { vec![OURS] };
        for (unit, series) in units().into_iter().zip(series) {
            // Only some formats have pages.
            if unit == Unit::PerSecond("pages") && pages == 0 {
                continue;
            }
            let metric = Metric { name: format!("reading {} {kind}", files.len()), unit, goals: &[] };
            session.report.add(&metric, &engines, series.get(..engines.len()).unwrap_or_default());
        }
    }
    Ok(())
}

fn units() -> [Unit; 2] {
    [Unit::PerSecond("megabytes"), Unit::PerSecond("pages")]
}

/// The sum over files. Prints those that could not be read.
fn total(files: &[Value]) -> Result<Value> {
    let mut sum = [0.0; 3];
    for file in files {
        if let Some(error) = file["error"].as_str() {
            let path = file["file"].as_str().map(PathBuf::from).unwrap_or_default();
            println!("  NOT READ: {}: {error}", path.display());
        }
        for (field, sum) in ["bytes", "pages", "milliseconds"].iter().zip(&mut sum) {
            *sum += file[*field].as_f64().unwrap_or_default();
        }
    }
    let [bytes, pages, milliseconds] = sum;
    ensure!(milliseconds > 0.0, "nothing was read");
    Ok(json!({ "megabytes": bytes / 1e6, "pages": pages as u64, "seconds": milliseconds / 1e3 }))
}
