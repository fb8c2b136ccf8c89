//! `cargo xtask bench ingest`: what adding documents costs, beside programs that do the like.
//!
//! Three parts. *Corpus*: `docent add` of real documents into an empty library, beside the usual
//! Python pipeline ([`python`]) and beside Recoll ([`recoll`]); whole processes, from start to end.
//! *Formats*: reading alone ([`formats`]). *Scale*: how the cost grows ([`scale`]). The programs take
//! turns, and a ratio is that of the same round. What a reference cannot do is printed and never ends
//! the benchmark; nothing here fails because of a figure.

mod corpus;
mod docent;
mod formats;
mod options;
mod python;
mod recoll;
mod scale;
mod synthetic;
mod watch;
mod words;

pub(super) use options::{Options, USAGE};

use super::machine;
use super::reference;
use super::report::{Metric, Report, Series, Unit};
use crate::packages::Need;
use crate::product;
use anyhow::{Context, Result, bail};
use corpus::Corpus;
use docent::Library;
use python::Pipeline;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use watch::Outcome;

/// How the programs are called in the output.
const DOCENT: &str = "docent add";
const PYTHON: &str = "Python pipeline, f32";
const PYTHON_INT8: &str = "Python pipeline, int8";
const RECOLL: &str = "Recoll (words only)";
/// docent until everything is found by words; it goes on with vectors.
const DOCENT_WORDS: &str = "docent, until found by words";

/// In replies: megabytes of documents, as far as their text is in a vector.
const FOUND_BY_MEANING: &str = "megabytes found by meaning";

/// What docent's documents per second divided by a reference's should reach.
const GOALS: &[(&str, f64)] = &[(PYTHON, 3.0)];
/// The same without vectors: within twice Recoll's time.
const WORDS_GOALS: &[(&str, f64)] = &[(RECOLL, 0.5)];

/// Most files that are named when they could not be read.
const NAMED: usize = 5;

/// The command line after `bench ingest`.
pub(super) fn ingest(options: Options) -> Result<()> {
    let program = match &options.program {
        Some(program) => program.canonicalize().with_context(|| format!("{}", program.display()))?,
        None => product::build(Need::Test)?.join("docent"),
    };
    let mut session = Session::new(options, program)?;
    session.introduce();
    if session.options.wants("corpus") || session.options.wants("formats") {
        session.documents()?;
    }
    if session.options.wants("scale") {
        scale::measure(&mut session)?;
    }
    session.report.summary();
    Ok(())
}

/// Goes on after what did not work, and says so.
fn note<T>(what: &str, outcome: Result<T>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(error) => {
            println!("\n{what}: NOT MEASURED: {error:#}");
            None
        }
    }
}

/// A run as a reply that figures are taken from.
fn reply(outcome: &Outcome, documents: u64, bytes: u64, passages: Option<u64>) -> Value {
    json!({
        "seconds": outcome.seconds,
        "documents": documents,
        "megabytes": bytes as f64 / 1e6,
        "passages": passages,
        "bytes": outcome.memory,
        "processor": outcome.own_processor + outcome.child_processor,
        "reading": outcome.child_processor,
    })
}

/// Names documents that could not be read: a program that reads less is faster for no merit.
fn print_failed(program: &str, failed: &[String]) {
    if failed.is_empty() {
        return;
    }
    println!("  {} DOCUMENTS WERE NOT READ BY {program}; its figures are of no use", failed.len());
    failed.iter().take(NAMED).for_each(|one| println!("    {one}"));
}

/// One run of the benchmark.
struct Session {
    options: Options,
    program: PathBuf,
    report: Report,
    /// Everything that it makes; removed at the end.
    root: PathBuf,
    logs: PathBuf,
}

/// A program of the corpus part, and what each round gave.
struct Turn {
    name: &'static str,
    replies: Vec<Value>,
    lost: bool,
}

impl Session {
    fn new(options: Options, program: PathBuf) -> Result<Self> {
        // Not the system's folder for temporary files: it may be memory, where no write waits.
        let root = reference::folder()?.join(format!("ingest-{}", std::process::id()));
        let logs = root.join("logs");
        std::fs::create_dir_all(&logs)?;
        Ok(Self { options, program, report: Report::default(), root, logs })
    }

    fn introduce(&self) {
        let system = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let version = Command::new(&self.program).arg("--version").output();
        let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        println!("\n{}, {cores} processors, Linux {}", machine::processor(), system.trim());
        println!("Load before the benchmark: {}", load.split(' ').next().unwrap_or_default());
        println!("{}: {}", version.unwrap_or_default(), self.program.display());
        println!("{} threads for every program, rounds: {}", self.options.threads, self.options.repetitions);
        println!("Files in {}", self.root.display());
    }

    /// An empty folder of this name.
    fn place(&self, name: &str) -> Result<PathBuf> {
        let place = self.root.join(name);
        self.clean(&place);
        std::fs::create_dir_all(&place)?;
        Ok(place)
    }

    /// Removes what is no longer needed; what cannot be removed goes at the end.
    fn clean(&self, place: &Path) {
        std::fs::remove_dir_all(place).ok();
    }

    /// An empty library that computes with the threads of this benchmark.
    fn library(&self, data: &Path) -> Result<Library<'_>> {
        let library = Library {
            program: &self.program,
            data: data.to_owned(),
            threads: self.options.threads,
            logs: &self.logs,
        };
        let settings = json!({ "threads": self.options.threads }).to_string();
        library.run("settings", &["call", "update_settings", &settings])?;
        Ok(library)
    }

    /// The parts on real documents.
    fn documents(&mut self) -> Result<()> {
        let corpus = corpus::write(&self.place("documents")?, self.options.quick)?;
        println!("\n══ corpus: Debian's documentation, {}", corpus.describe());
        let pipeline = note("Python pipeline", Pipeline::new(self.options.threads));
        if let Some(about) = pipeline.as_ref().and_then(|pipeline| note("versions", pipeline.about())) {
            println!("Python pipeline: {about}");
        }
        if self.options.wants("corpus") {
            self.corpus(&corpus, pipeline.as_ref())?;
        }
        if self.options.wants("formats") {
            println!("\n══ reading alone");
            note("reading alone", formats::measure(self, &corpus, pipeline.as_ref()));
        }
        Ok(())
    }

    /// `docent add` and its references in turn.
    fn corpus(&mut self, corpus: &Corpus, pipeline: Option<&Pipeline>) -> Result<()> {
        let recoll = note("Recoll", recoll::prepare());
        println!("Recoll: {}", recoll.as_deref().unwrap_or("not there"));
        println!("Commands: docent add FOLDER; pipeline.py add FOLDER …; recollindex -c PLACE -z");
        let mut names = vec![DOCENT];
        if pipeline.is_some() {
            names.push(PYTHON);
            if !self.options.quick {
                names.push(PYTHON_INT8);
            }
        }
        if recoll.is_some() {
            names.push(RECOLL);
        }
        let turn = |name| Turn { name, replies: Vec::new(), lost: false };
        let mut turns: Vec<Turn> = names.into_iter().map(turn).collect();
        for round in 0..self.options.repetitions {
            for turn in turns.iter_mut().filter(|turn| !turn.lost) {
                eprintln!("… {}, round {}", turn.name, round + 1);
                let place = self.place("turn")?;
                let outcome = match (turn.name, pipeline) {
                    (DOCENT, _) => self.own(corpus, &place, round == 0),
                    (RECOLL, _) => self.recoll(corpus, &place),
                    (name, Some(pipeline)) => {
                        self.python(corpus, pipeline, &place, name == PYTHON_INT8, round == 0)
                    }
                    (name, None) => bail!("{name} without a pipeline"),
                };
                self.clean(&place);
                match note(turn.name, outcome) {
                    Some(reply) => turn.replies.push(reply),
                    None => turn.lost = true,
                }
            }
        }
        turns.retain(|turn| !turn.lost);
        self.compare(&turns)
    }

    fn own(&self, corpus: &Corpus, place: &Path, first: bool) -> Result<Value> {
        let library = self.library(place)?;
        let (outcome, words) = library.add(&corpus.folder)?;
        let holds = library.holds()?;
        if first {
            let mebibytes = |bytes: u64| bytes >> 20;
            println!(
                "\ndocent: {} documents, {} passages; memory {} MiB itself, {} MiB its workers; \
                 processor time {:.1} s itself, {:.1} s its workers",
                holds.indexed,
                holds.passages,
                mebibytes(outcome.own_memory),
                mebibytes(outcome.child_memory),
                outcome.own_processor,
                outcome.child_processor,
            );
        }
        print_failed("docent", &holds.failed);
        let mut reply = reply(&outcome, holds.indexed, corpus.bytes, Some(holds.passages));
        reply["words"] = words.context("docent did not say when all was found by words")?.into();
        // Its passages are never longer than the model reads.
        reply[FOUND_BY_MEANING] = reply["megabytes"].clone();
        Ok(reply)
    }

    fn python(
        &self,
        corpus: &Corpus,
        pipeline: &Pipeline,
        place: &Path,
        int8: bool,
        first: bool,
    ) -> Result<Value> {
        let (outcome, said) = pipeline.add(&corpus.folder, &place.join("store"), int8, &self.logs)?;
        let number = |field: &str| said[field].as_u64().with_context(|| format!("no {field} in {said}"));
        let (documents, passages) = (number("documents")?, number("passages")?);
        if first {
            println!("pipeline: {documents} documents, {passages} passages; seconds: {}", said["seconds"]);
        }
        let failed = said["failed"].as_array().map(Vec::as_slice).unwrap_or_default();
        let failed: Vec<String> = failed.iter().map(ToString::to_string).collect();
        print_failed("the pipeline", &failed);
        let seen = said["seen"].as_f64().with_context(|| format!("no share of what was seen in {said}"))?;
        let mut reply = reply(&outcome, documents, corpus.bytes, Some(passages));
        reply[FOUND_BY_MEANING] = (seen * corpus.bytes as f64 / 1e6).into();
        if first {
            println!("  {:.0} % of its characters are in a vector", 100.0 * seen);
        }
        // Counting was not asked of it.
        let counting = said["seconds"]["count what the model saw"].as_f64().unwrap_or_default();
        reply["seconds"] = (outcome.seconds - counting).into();
        Ok(reply)
    }

    fn recoll(&self, corpus: &Corpus, place: &Path) -> Result<Value> {
        let index = place.join("index");
        let (outcome, counted) = recoll::add(&corpus.folder, &index, self.options.threads, &self.logs)?;
        let given = corpus.files.len() as u64;
        let documents = counted.unwrap_or(given).min(given);
        if documents < given {
            println!("  Recoll counts {documents} of {given} documents");
        }
        Ok(reply(&outcome, documents, corpus.bytes, None))
    }

    /// Prints what the rounds gave. The first program is docent, unless it did not run.
    fn compare(&mut self, turns: &[Turn]) -> Result<()> {
        if turns.first().is_none_or(|turn| turn.name != DOCENT) {
            println!("\ndocent did not run: there is nothing to compare with");
            return Ok(());
        }
        let with_vectors: Vec<&Turn> = turns.iter().filter(|turn| turn.name != RECOLL).collect();
        let all: Vec<&Turn> = turns.iter().collect();
        let rate = |what: &'static str| Unit::PerSecond(what);
        self.show("adding a library", rate("documents"), "", &all, GOALS)?;
        self.show("adding a library", rate("megabytes"), "", &all, &[])?;
        self.show("adding a library", rate("passages"), "", &with_vectors, &[])?;
        self.show("adding a library", rate(FOUND_BY_MEANING), "", &with_vectors, &[])?;
        self.show("adding: peak memory (all processes at once)", Unit::Mebibytes, "", &all, &[])?;
        self.show("adding: processor time (all processes)", Unit::Seconds, "processor", &all, &[])?;
        if let [own, .., recoll] = turns
            && recoll.name == RECOLL
        {
            self.words(own, recoll)?;
            println!(
                "\nWhat docent's workers computed is reading alone, without its index of words; all that \
                 Recoll computed is reading and an index of words:"
            );
            let metric = Metric {
                name: "reading: processor time (docent's workers, Recoll whole)".into(),
                unit: Unit::Seconds,
                goals: &[],
            };
            let series =
                [figures(own, Unit::Seconds, "reading")?, figures(recoll, Unit::Seconds, "processor")?];
            self.report.add(&metric, &["docent's workers", RECOLL], &series);
        }
        Ok(())
    }

    /// Until everything is found by words, beside Recoll, which does nothing else.
    fn words(&mut self, own: &Turn, recoll: &Turn) -> Result<()> {
        let until_words = |reply: &Value| {
            let mut reply = reply.clone();
            reply["seconds"] = reply["words"].clone();
            reply
        };
        let words =
            Turn { name: DOCENT_WORDS, replies: own.replies.iter().map(until_words).collect(), lost: false };
        let unit = Unit::PerSecond("documents");
        self.show("without vectors", unit, "", &[&words, recoll], WORDS_GOALS)
    }

    /// One metric of all `turns`. `field` names what counts as seconds, if not the time on the clock.
    fn show(
        &mut self,
        name: &str,
        unit: Unit,
        field: &str,
        turns: &[&Turn],
        goals: &'static [(&'static str, f64)],
    ) -> Result<()> {
        let names: Vec<&str> = turns.iter().map(|turn| turn.name).collect();
        let series = turns.iter().map(|turn| figures(turn, unit, field)).collect::<Result<Vec<_>>>()?;
        self.report.add(&Metric { name: name.to_owned(), unit, goals }, &names, &series);
        Ok(())
    }
}

fn figures(turn: &Turn, unit: Unit, field: &str) -> Result<Series> {
    let read = |reply: &Value| match field {
        "" => unit.read(reply),
        other => unit.read(&json!({ "seconds": reply[other] })),
    };
    Ok(Series::of(turn.replies.iter().map(read).collect::<Result<_>>()?))
}

impl Drop for Session {
    fn drop(&mut self) {
        // Large, and of no use to anyone.
        std::fs::remove_dir_all(&self.root).ok();
    }
}
