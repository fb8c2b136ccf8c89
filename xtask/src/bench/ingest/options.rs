//! What can be asked of `bench ingest` on the command line.

use crate::bench::machine;
use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;

/// Shown when something else was asked.
pub(crate) const USAGE: &str = "\
cargo xtask bench ingest
  --quick                      a few documents, a small scale, one round
  --repetitions N              rounds; 3 if not given, 1 when quick
  --threads N                  threads of every program; one per physical core if not given
  --scale N                    most passages of the scale part; 10000 if not given, 1000 when quick
  --only corpus|formats|scale  one part of it
  --program PATH               the program `docent`, built already (its worker beside it)

DOCENT_INGEST_VENV names a Python environment that has the reference pipeline already.
";

/// What was asked for on the command line.
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) repetitions: usize,
    pub(crate) threads: usize,
    /// Most passages of the scale part.
    pub(crate) scale: usize,
    only: Option<String>,
    pub(crate) program: Option<PathBuf>,
}

impl Options {
    /// Reads what follows `bench ingest`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            quick: false,
            repetitions: 0,
            threads: machine::physical_cores(),
            scale: 0,
            only: None,
            program: None,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{argument} needs a value\n\n{USAGE}"));
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--repetitions" => options.repetitions = value()?.parse().context("--repetitions")?,
                "--threads" => options.threads = value()?.parse().context("--threads")?,
                "--scale" => options.scale = value()?.parse().context("--scale")?,
                "--only" => options.only = Some(value()?.clone()),
                "--program" => options.program = Some(PathBuf::from(value()?)),
                other => bail!("`bench ingest` knows no {other}\n\n{USAGE}"),
            }
        }
        if options.repetitions == 0 {
            options.repetitions = if options.quick { 1 } else { 3 };
        }
        if options.scale == 0 {
            options.scale = if options.quick { 1000 } else { 10_000 };
        }
        ensure!(options.threads > 0, "there must be a thread");
        if let Some(only) = options.only.as_deref() {
            ensure!(["corpus", "formats", "scale"].contains(&only), "--only takes corpus, formats or scale");
        }
        Ok(options)
    }

    /// Whether a part, `corpus`, `formats` or `scale`, is to be measured.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}
