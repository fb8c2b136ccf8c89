//! What can be asked of the benchmark on the command line.

use super::machine;
use anyhow::{Context, Result, bail, ensure};
use std::path::PathBuf;

/// Shown when something else was asked.
pub(crate) const USAGE: &str = "\
cargo xtask bench inference
  --quick                    fewer repetitions, short prompts, 200 passages
  --busy                     measure everything again beside a process that keeps one core busy; says
                             by how much the speed falls, and the processor time that an engine gets
  --threads N                threads of every engine; one per physical core if not given
  --repetitions N            5 if not given, 3 when quick
  --passages N               how many are embedded: 2,000 if not given, 200 when quick
  --tier NAME                lower instructions for docent alone: avx512, avxvnni, avx2, portable
  --only generator|embedder  one half of it
  --candle                   also candle's own models
  --program PATH             the `bench` example of docent-inference, built already

DOCENT_BENCH_VENV names a Python environment that has the reference engines already.
";

/// What was asked for on the command line.
pub(crate) struct Options {
    pub(crate) quick: bool,
    pub(crate) busy: bool,
    pub(crate) candle: bool,
    pub(crate) threads: usize,
    pub(crate) repetitions: usize,
    pub(crate) passages: usize,
    /// Instructions that docent is held to, by the kernels' name for them.
    pub(crate) tier: Option<String>,
    only: Option<String>,
    pub(crate) program: Option<PathBuf>,
}

impl Options {
    /// Reads what follows `bench inference`.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            quick: false,
            busy: false,
            candle: false,
            threads: machine::physical_cores(),
            repetitions: 0,
            passages: 0,
            tier: None,
            only: None,
            program: None,
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().with_context(|| format!("{argument} needs a value\n\n{USAGE}"));
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--busy" => options.busy = true,
                "--candle" => options.candle = true,
                "--threads" => options.threads = value()?.parse().context("--threads")?,
                "--repetitions" => options.repetitions = value()?.parse().context("--repetitions")?,
                "--passages" => options.passages = value()?.parse().context("--passages")?,
                "--tier" => options.tier = Some(value()?.clone()),
                "--only" => options.only = Some(value()?.clone()),
                "--program" => options.program = Some(PathBuf::from(value()?)),
                other => bail!("`bench inference` knows no {other}\n\n{USAGE}"),
            }
        }
        if options.repetitions == 0 {
            options.repetitions = if options.quick { 3 } else { 5 };
        }
        if options.passages == 0 {
            options.passages = if options.quick { 200 } else { 2000 };
        }
        ensure!(options.threads > 0, "there must be a thread");
        if let Some(only) = options.only.as_deref() {
            ensure!(["generator", "embedder"].contains(&only), "--only takes generator or embedder");
        }
        Ok(options)
    }

    /// Whether a half, `generator` or `embedder`, is to be measured.
    pub(crate) fn wants(&self, half: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == half)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        Options::parse(&arguments)
    }

    #[test]
    fn what_is_not_said_depends_on_the_hurry() {
        let (slow, quick) = (parse("").unwrap(), parse("--quick").unwrap());
        assert_eq!((slow.repetitions, slow.passages), (5, 2000));
        assert_eq!((quick.repetitions, quick.passages), (3, 200));
        let said = parse("--quick --passages 2000 --repetitions 7 --tier avx2").unwrap();
        assert_eq!((said.repetitions, said.passages, said.tier.as_deref()), (7, 2000, Some("avx2")));
    }

    #[test]
    fn one_half_can_be_asked_for_and_nothing_unknown() {
        let half = parse("--only embedder").unwrap();
        assert!(half.wants("embedder") && !half.wants("generator"));
        assert!(parse("--only translator").is_err());
        assert!(parse("--fast").is_err());
        assert!(parse("--passages").is_err());
    }
}
