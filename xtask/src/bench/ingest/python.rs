//! The usual Python pipeline, `xtask/bench/pipeline.py`, in an environment of its own.

use super::docent::limit_threads;
use super::watch::{self, Outcome};
use crate::bench::reference;
use crate::product;
use crate::shell::{self, command, step};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The pipeline's parts. ONNX Runtime and its tokenizer as in `bench inference`.
const PACKAGES: &[&str] = &[
    "beautifulsoup4==4.15.0",
    "chromadb==1.5.9",
    "lxml==6.1.3",
    "numpy==2.4.6",
    "onnxruntime==1.31.1",
    "pymupdf==1.26.3",
    "tokenizers==0.23.3",
];

/// The pipeline and the two models it can work with.
pub(crate) struct Pipeline {
    python: PathBuf,
    tokenizer: PathBuf,
    /// 32-bit floats, as Chroma has them, then 8-bit weights.
    models: [PathBuf; 2],
    threads: usize,
}

impl Pipeline {
    /// Installs what is missing.
    pub(crate) fn new(threads: usize) -> Result<Self> {
        let folder = shell::cache()?.join("models").join(reference::MINILM);
        if !folder.is_dir() {
            product::models()?;
        }
        let kept = ["f32", "int8"].map(|kind| {
            reference::folder().map(|folder| folder.join(format!("{}.{kind}.onnx", reference::MINILM)))
        });
        let models = match kept {
            // Making them anew needs the environment of the other benchmark, and llama.cpp with it.
            [Ok(floats), Ok(int8)] if floats.is_file() && int8.is_file() => [floats, int8],
            _ => reference::exported(&reference::python()?, &folder)?,
        };
        Ok(Self { python: environment()?, tokenizer: folder.join("tokenizer.json"), models, threads })
    }

    /// The versions of its parts.
    pub(crate) fn about(&self) -> Result<String> {
        let output = self.command("about")?.output()?;
        let reply: Value = serde_json::from_slice(&output.stdout).context("pipeline.py about")?;
        Ok(reply["about"].as_str().unwrap_or_default().to_owned())
    }

    /// Reads, splits, embeds and stores the documents of `folder`. Gives what it says of that, too.
    pub(crate) fn add(
        &self,
        folder: &Path,
        store: &Path,
        int8: bool,
        logs: &Path,
    ) -> Result<(Outcome, Value)> {
        let [floats, small] = &self.models;
        let mut command = self.command("add")?;
        command.arg(folder).arg(store).arg(if int8 { small } else { floats });
        command.arg(&self.tokenizer).arg(self.threads.to_string());
        let outcome = watch::run("pipeline-add", &mut command, logs)?;
        let reply = last_line(&outcome.output)?;
        Ok((outcome, reply))
    }

    /// Reads each file by itself, nothing more.
    pub(crate) fn read(&self, files: &[PathBuf], logs: &Path) -> Result<Value> {
        let outcome = watch::run("pipeline-read", self.command("read")?.args(files), logs)?;
        last_line(&outcome.output)
    }

    fn command(&self, operation: &str) -> Result<Command> {
        let mut python = command(&self.python)?;
        limit_threads(&mut python, self.threads);
        python.env("PYTHONDONTWRITEBYTECODE", "1").env("ANONYMIZED_TELEMETRY", "False");
        python.arg(reference::script("pipeline.py")).arg(operation);
        Ok(python)
    }
}

/// What a program said last.
fn last_line(output: &str) -> Result<Value> {
    let Some(line) = output.lines().next_back() else { bail!("pipeline.py printed nothing") };
    serde_json::from_str(line).with_context(|| format!("pipeline.py printed {line:?}"))
}

/// The Python that has the pipeline's parts. Not that of `bench inference`, which compiles llama.cpp.
fn environment() -> Result<PathBuf> {
    if let Some(own) = std::env::var_os("DOCENT_INGEST_VENV") {
        return Ok(PathBuf::from(own).join("bin/python"));
    }
    let folder = shell::cache()?.join("ingest-venv");
    let python = folder.join("bin/python");
    let stamp = folder.join(".docent-packages");
    let wanted = PACKAGES.join(" ");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(python);
    }
    step("Python environment", command("python3")?.args(["-m", "venv"]).arg(&folder))?;
    let mut pip = command(&python)?;
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"]);
    step("the Python pipeline's parts", pip.args(PACKAGES))?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}
