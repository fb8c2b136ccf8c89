//! The program `docent`, as a person would type it, on a library of its own.

use super::watch::{self, Outcome};
use crate::shell;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// More documents than any library here has.
const ALL: &str = "1000000";

/// A library in a folder of its own.
pub(crate) struct Library<'a> {
    pub(crate) program: &'a Path,
    pub(crate) data: PathBuf,
    pub(crate) threads: usize,
    pub(crate) logs: &'a Path,
}

/// What came of reading documents.
pub(crate) struct Read {
    pub(crate) indexed: u64,
    pub(crate) passages: u64,
    /// Those that could not be read, with the reason.
    pub(crate) failed: Vec<String>,
}

impl Library<'_> {
    /// Runs one command of docent's and times it.
    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Result<Outcome> {
        let mut command = self.command()?;
        command.arg("--json").args(arguments);
        watch::run(&format!("docent-{name}"), &mut command, self.logs)
    }

    /// `docent add FOLDER`, and after how many seconds all documents were found by words.
    pub(crate) fn add(&self, folder: &Path) -> Result<(Outcome, Option<f64>)> {
        let mut command = self.command()?;
        let outcome = watch::run("docent-add", command.arg("add").arg(folder), self.logs)?;
        let words = words_after(&outcome.said);
        Ok((outcome, words))
    }

    fn command(&self) -> Result<Command> {
        let mut command = shell::command(self.program)?;
        limit_threads(&mut command, self.threads);
        command.env("DOCENT_OFFLINE", "1").arg("--data-dir").arg(&self.data);
        Ok(command)
    }

    /// What it holds now.
    pub(crate) fn holds(&self) -> Result<Read> {
        let outcome = self.run("documents", &["documents", "--limit", ALL])?;
        let page: Value = serde_json::from_str(&outcome.output).context("docent documents --json")?;
        let documents = page["documents"].as_array().map(Vec::as_slice).unwrap_or_default();
        let failed = documents.iter().filter(|one| one["state"] != "indexed").map(|one| {
            let text = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
            format!("{} is {}: {}", text("path"), text("state"), text("reason_detail"))
        });
        Ok(Read {
            indexed: page["counts"]["indexed"].as_u64().context("no count of documents")?,
            passages: documents.iter().filter_map(|one| one["passages"].as_u64()).sum(),
            failed: failed.collect(),
        })
    }
}

/// "Found by words after 2.3 s, by meaning too after 29.1 s."
fn words_after(said: &str) -> Option<f64> {
    let line = said.lines().rev().find_map(|line| line.split("Found by words after ").nth(1))?;
    line.split(' ').next()?.parse().ok()
}

/// The same threads for every program: what they are told is understood by rayon, by docent's
/// engine, by OpenMP and by Chroma's Tokio.
pub(crate) fn limit_threads(command: &mut Command, threads: usize) {
    let variables = [
        "RAYON_NUM_THREADS",
        "CANDLE_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "TOKIO_WORKER_THREADS",
    ];
    for variable in variables {
        command.env(variable, threads.to_string());
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_docent_says_of_time_is_understood() {
        let said = "x\nFound by words after 2.3 s, by meaning too after 29.1 s.\n";
        assert_eq!(super::words_after(said), Some(2.3));
        assert_eq!(super::words_after("nothing"), None);
    }
}
