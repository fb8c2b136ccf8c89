//! `cargo xtask bench ingest` is in [`ingest`]. `cargo xtask bench inference`: docent's models beside
//! llama.cpp and ONNX Runtime on this machine.
//!
//! Every engine is a process that answers one request at a time. For each figure they take turns,
//! A, B, C, A, B, C, so that whatever else the machine does meets all alike, and a ratio is that of
//! neighbours in time.

mod answers;
mod engine;
mod ingest;
mod machine;
mod options;
mod passages;
mod reference;
mod report;

use crate::packages::Need;
use crate::{product, shell};
use anyhow::{Context, Result, bail, ensure};
use engine::{Engine, Start};
use machine::Neighbour;
use options::{Options, USAGE};
use report::{Metric, Report, Series, Unit};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How the engines are called in the output.
const DOCENT: &str = "docent";
const SAME_FILE: &str = "llama.cpp, same file";
const Q4_0: &str = "llama.cpp, Q4_0";
const FLOATS: &str = "ONNX Runtime, f32";
const INT8: &str = "ONNX Runtime, int8";
const CANDLE: &str = "candle";

/// The environment variable that holds docent's kernels to lower instructions.
const TIER: &str = "DOCENT_CPU";

/// What docent's figure divided by a reference's should reach.
const PREFILL_GOALS: &[(&str, f64)] = &[(SAME_FILE, 4.0), (Q4_0, 1.5)];
const DECODE_GOALS: &[(&str, f64)] = &[(SAME_FILE, 1.3)];
const EMBED_GOALS: &[(&str, f64)] = &[(INT8, 1.2)];

/// A pass over all passages takes a minute and is steady by its length.
const MOST_BULK_REPETITIONS: usize = 3;

/// Longest input of the embedding model in tokens, as the catalogue has it.
const EMBED_TOKENS: usize = 256;

/// The command line after `bench`.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    match arguments.split_first() {
        Some((what, rest)) if what == "inference" => inference(Options::parse(rest)?),
        Some((what, rest)) if what == "ingest" => ingest::ingest(ingest::Options::parse(rest)?),
        _ => bail!("what is to be measured?\n\n{USAGE}\n{}", ingest::USAGE),
    }
}

fn inference(options: Options) -> Result<()> {
    let program = match &options.program {
        Some(program) => program.canonicalize().with_context(|| format!("{}", program.display()))?,
        None => product::build(Need::Run)?.join("examples/bench"),
    };
    let models = shell::cache()?.join("models");
    if !models.join(reference::GGUF).is_file() || !models.join(reference::MINILM).is_dir() {
        product::models()?;
    }
    let python = reference::python()?;
    println!("\n{}, {} threads for every engine", machine::processor(), options.threads);
    if let Some(tier) = &options.tier {
        println!(
            "docent is held to its {tier} kernels; every other engine uses the best instructions it has"
        );
    }
    let mut session = Session { options, program, models, python, report: Report::default() };
    if session.options.wants("generator") {
        session.generator()?;
    }
    if session.options.wants("embedder") {
        session.embedder()?;
    }
    session.report.summary();
    Ok(())
}

/// One run of the benchmark.
struct Session {
    options: Options,
    program: PathBuf,
    models: PathBuf,
    python: PathBuf,
    report: Report,
}

impl Session {
    fn generator(&mut self) -> Result<()> {
        let quick = self.options.quick;
        let lengths: &[usize] = if quick { &[128, 512] } else { &[128, 512, 1500, 4000] };
        let depths: &[usize] = if quick { &[0, 512] } else { &[0, 512, 1500, 4000] };
        let made = if quick { 32 } else { 64 };
        // llama.cpp takes the memory for all of it at once.
        let context = lengths.iter().chain(depths).max().map_or(0, |longest| longest + made);
        let gguf = self.models.join(reference::GGUF);
        let requantised = reference::requantised(&self.python, &gguf)?;
        let mut starts = vec![
            self.own("generator", DOCENT, "docent"),
            self.llama_cpp(SAME_FILE, &gguf, context),
            self.llama_cpp(Q4_0, &requantised, context),
        ];
        if self.options.candle {
            starts.push(self.own("generator", CANDLE, "candle"));
        }
        println!("\n══ chat model: {}", reference::GGUF);
        let mut engines = self.load(&starts, "chat model")?;
        // Nothing is counted yet: what is made at the first use is made here.
        ask_all(&mut engines, &json!({ "op": "prefill", "tokens": 256, "seed": 0 }))?;
        for &tokens in lengths {
            let metric = Metric {
                name: format!("prefill, {tokens} tokens"),
                unit: Unit::TokensPerSecond,
                goals: PREFILL_GOALS,
            };
            let request = |seed: usize| json!({ "op": "prefill", "tokens": tokens, "seed": seed });
            self.measure(&mut engines, metric, self.options.repetitions, &request)?;
        }
        for &depth in depths {
            let metric = Metric {
                name: format!("decode after {depth} tokens"),
                unit: Unit::TokensPerSecond,
                goals: DECODE_GOALS,
            };
            let request = |_| json!({ "op": "decode", "depth": depth, "tokens": made });
            // The first request reads the prompt, which all later ones continue.
            ask_all(&mut engines, &request(0))?;
            self.measure(&mut engines, metric, self.options.repetitions, &request)?;
        }
        self.follow_up(&mut engines)?;
        if let Some(docent) = engines.first_mut() {
            self.drafts(docent)?;
        }
        self.memory(&mut engines, "chat model")
    }

    fn embedder(&mut self) -> Result<()> {
        let folder = self.models.join(reference::MINILM);
        let [floats, int8] = reference::exported(&self.python, &folder)?;
        let passages = passages::write(self.options.passages, &reference::folder()?)?;
        let mut starts = vec![
            self.own("embedder", DOCENT, "docent"),
            self.onnx(FLOATS, &floats, &folder),
            self.onnx(INT8, &int8, &folder),
        ];
        if self.options.candle {
            starts.push(self.own("embedder", CANDLE, "candle"));
        }
        println!("\n══ embedding model: {}", reference::MINILM);
        let mut engines = self.load(&starts, "embedding model")?;
        agreement(&mut engines)?;

        let metric = Metric { name: "one short question".into(), unit: Unit::Milliseconds, goals: &[] };
        let request = |seed: usize| {
            let texts: Vec<String> =
                (0..20).map(|n| format!("How damp is shelf {} at most?", seed * 20 + n)).collect();
            json!({ "op": "query", "texts": texts })
        };
        ask_all(&mut engines, &request(0))?;
        self.measure(&mut engines, metric, self.options.repetitions, &request)?;

        println!("\nPassages: {} of {}", passages.count, passages.from);
        let metric = Metric {
            name: format!("{} passages", passages.count),
            unit: Unit::TokensPerSecond,
            goals: EMBED_GOALS,
        };
        let repetitions = self.options.repetitions.min(MOST_BULK_REPETITIONS);
        let request = |_| json!({ "op": "embed", "file": passages.file });
        let replies = self.measure(&mut engines, metric, repetitions, &request)?;
        let tokens: Vec<Option<u64>> = replies.iter().map(|reply| reply["tokens"].as_u64()).collect();
        match tokens.as_slice() {
            [Some(first), rest @ ..] if rest.iter().all(|other| *other == Some(*first)) => {
                println!("  {first} tokens in every engine");
            }
            _ => println!("  THE ENGINES DO NOT COUNT THE SAME TOKENS: {tokens:?}"),
        }
        self.memory(&mut engines, "embedding model")
    }

    /// Starts every engine in turn, times how long it takes to be of use, and keeps the last ones.
    fn load(&mut self, starts: &[Start], what: &str) -> Result<Vec<Engine>> {
        let mut series = vec![Series::default(); starts.len()];
        let mut engines = Vec::new();
        // The first round, which is not counted, brings the files into memory.
        for round in 0..=self.options.repetitions {
            for (start, series) in starts.iter().zip(&mut series) {
                let mut engine = start.start()?;
                let about = engine.ask(&json!({ "op": "about" }))?;
                let reply = engine.ask(&json!({ "op": "load" }))?;
                if round == 0 {
                    introduce(&engine, &about);
                    self.check_tier(&engine, &about)?;
                } else {
                    series.quiet.push(Unit::Milliseconds.read(&reply)?);
                }
                // Those of the earlier rounds end here.
                if round == self.options.repetitions {
                    engines.push(engine);
                }
            }
        }
        let metric = Metric {
            name: format!("{what}: load (from nothing to a first result, files in memory)"),
            unit: Unit::Milliseconds,
            goals: &[],
        };
        self.report.add(&metric, &names(&engines), &series);
        Ok(engines)
    }

    /// Asks all engines the same in turn, as often as wanted, and prints what came out. Gives the
    /// last reply of each.
    fn measure(
        &mut self,
        engines: &mut [Engine],
        metric: Metric,
        repetitions: usize,
        request: &dyn Fn(usize) -> Value,
    ) -> Result<Vec<Value>> {
        eprintln!("… {}", metric.name);
        let mut series = vec![Series::default(); engines.len()];
        let mut replies = Vec::new();
        for round in 1..=repetitions {
            replies = ask_all(engines, &request(2 * round))?;
            for (reply, series) in replies.iter().zip(&mut series) {
                series.quiet.push(metric.unit.read(reply)?);
            }
            for (engine, series) in engines.iter().zip(&mut series) {
                series.quiet_cores.extend(engine.cores());
            }
            if self.options.busy {
                let neighbour = Neighbour::start()?;
                let busy = ask_all(engines, &request(2 * round + 1))?;
                drop(neighbour);
                for (reply, series) in busy.iter().zip(&mut series) {
                    series.busy.push(metric.unit.read(reply)?);
                }
                for (engine, series) in engines.iter().zip(&mut series) {
                    series.busy_cores.extend(engine.cores());
                }
            }
        }
        self.report.add(&metric, &names(engines), &series);
        Ok(replies)
    }

    /// The most memory that each engine held, everything above included.
    fn memory(&mut self, engines: &mut [Engine], what: &str) -> Result<()> {
        let metric = Metric { name: format!("{what}: peak memory"), unit: Unit::Mebibytes, goals: &[] };
        let mut series = Vec::new();
        for reply in ask_all(engines, &json!({ "op": "memory" }))? {
            if reply["bytes"].is_null() {
                return Ok(());
            }
            series.push(Series::of(vec![metric.unit.read(&reply)?]));
        }
        self.report.add(&metric, &names(engines), &series);
        Ok(())
    }

    fn own(&self, model: &str, name: &str, whose: &str) -> Start {
        let mut start = Start::new(name, &self.program, self.options.threads);
        if let Some(tier) = self.options.tier.as_deref().filter(|_| name == DOCENT) {
            start = start.env(TIER, tier);
        }
        start.arg("serve").arg(model).arg(whose).arg(&self.models).arg(self.options.threads.to_string())
    }

    /// A tier that the processor lacks, or whose name nobody knows, leaves docent as it was.
    fn check_tier(&self, engine: &Engine, about: &Value) -> Result<()> {
        let about = about["about"].as_str().unwrap_or_default();
        if let Some(tier) = self.options.tier.as_deref().filter(|_| engine.name() == DOCENT) {
            ensure!(about.contains(&format!(" {tier} instructions")), "{DOCENT} has no {tier} here: {about}");
        }
        Ok(())
    }

    fn llama_cpp(&self, name: &str, gguf: &Path, context: usize) -> Start {
        let start = Start::new(name, &self.python, self.options.threads);
        let start = start.arg(reference::script("llama_cpp_engine.py")).arg("serve").arg(gguf);
        start.arg(context.to_string()).arg(self.options.threads.to_string())
    }

    fn onnx(&self, name: &str, model: &Path, folder: &Path) -> Start {
        let start = Start::new(name, &self.python, self.options.threads);
        let start = start.arg(reference::script("onnx_engine.py")).arg(model);
        let start = start.arg(folder.join("tokenizer.json")).arg(EMBED_TOKENS.to_string());
        start.arg(self.options.threads.to_string())
    }
}

fn names(engines: &[Engine]) -> Vec<&str> {
    engines.iter().map(Engine::name).collect()
}

fn ask_all(engines: &mut [Engine], request: &Value) -> Result<Vec<Value>> {
    engines.iter_mut().map(|engine| engine.ask(request)).collect()
}

/// Prints what an engine is and whether it was built for this processor.
fn introduce(engine: &Engine, about: &Value) {
    let about = about["about"].as_str().unwrap_or_default();
    println!("{}: {about}", engine.name());
    if about.starts_with("llama") && machine::offers("avx512f") && !about.contains("AVX512") {
        println!("  NOT BUILT FOR THIS PROCESSOR: it leaves AVX-512 unused, its figures are too low");
    }
}

/// How close every engine's vectors are to docent's: engines that compute different things cannot
/// be compared.
fn agreement(engines: &mut [Engine]) -> Result<()> {
    let texts = [
        "The stacks are kept between forty and fifty per cent relative humidity.".to_owned(),
        "Who built the harbour of Genoa?".to_owned(),
        "Ships come and go while the keeper of the light writes their names down. ".repeat(30),
    ];
    let replies = ask_all(engines, &json!({ "op": "vectors", "texts": texts }))?;
    let read =
        |reply: &Value| -> Result<Vec<Vec<f64>>> { Ok(serde_json::from_value(reply["vectors"].clone())?) };
    let vectors = replies.iter().map(read).collect::<Result<Vec<_>>>()?;
    let Some((ours, others)) = vectors.split_first() else { return Ok(()) };
    println!("\nLeast cosine of {} vectors with docent's:", texts.len());
    for (engine, theirs) in engines.iter().skip(1).zip(others) {
        let cosines = ours.iter().zip(theirs).map(|(a, b)| report::cosine(a, b));
        println!("  {:24} {:.5}", engine.name(), cosines.fold(f64::INFINITY, f64::min));
    }
    Ok(())
}
