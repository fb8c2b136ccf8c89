//! What more documents cost: synthetic texts, one passage each, in growing libraries.

use super::docent::Library;
use super::synthetic;
use super::{Session, note};
use crate::bench::report::Spread;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// How many contents the files of the second scan share.
const CONTENTS: usize = 100;

/// How long looking at 100,000 unchanged files may take.
const RESCAN_GOAL: f64 = 5.0;

/// What was measured at one size; seconds of whole processes.
struct Row {
    passages: u64,
    add: f64,
    edit: f64,
    rescan: f64,
    start: f64,
    search: f64,
    memory: u64,
}

/// Measures growing libraries, then the scan of very many unchanged files.
pub(crate) fn measure(session: &mut Session) -> Result<()> {
    let most = session.options.scale;
    let mut rows: Vec<Row> = Vec::new();
    // A tenth and, if that is still enough to be measured, a hundredth.
    for size in [most / 100, most / 10, most].into_iter().filter(|size| *size >= 100 || *size == most) {
        eprintln!("… {size} passages");
        match row(session, size) {
            Ok(row) => rows.push(row),
            Err(error) => println!("\n{size} passages: NOT MEASURED: {error:#}"),
        }
    }
    print(&rows);
    let files = if session.options.quick { 2000 } else { 100_000 };
    eprintln!("… {files} unchanged files");
    note("unchanged files", unchanged(session, files));
    Ok(())
}

fn row(session: &Session, size: usize) -> Result<Row> {
    let place = session.place(&format!("scale-{size}"))?;
    let documents = place.join("documents");
    synthetic::write(&documents, size, size)?;
    let library = session.library(&place.join("library"))?;
    let (added, _) = library.add(&documents)?;
    let holds = library.holds()?;
    super::print_failed("docent", &holds.failed);
    let mut memory = added.memory;
    let mut times = |name: &str, arguments: &[&str], before: &dyn Fn(usize) -> Result<()>| -> Result<f64> {
        let mut seconds = Vec::new();
        for round in 0..session.options.repetitions.max(3) {
            before(round)?;
            let outcome = library.run(name, arguments)?;
            memory = memory.max(outcome.memory);
            seconds.push(outcome.seconds);
        }
        Ok(Spread::of(&seconds).median)
    };
    let nothing = |_| Ok(());
    let rescan = times("rescan", &["scan"], &nothing)?;
    let edit = times("edit", &["scan"], &|round| change(&documents, round))?;
    // Opens everything and lists little; `doctor` looks through the whole database.
    let start = times("start", &["sources"], &nothing)?;
    let search = times("search", &["search", &synthetic::question()], &nothing)?;
    let row = Row { passages: holds.passages, add: added.seconds, edit, rescan, start, search, memory };
    session.clean(&place);
    Ok(row)
}

/// Adds a line to one file, another one in every round.
fn change(documents: &Path, round: usize) -> Result<()> {
    let path = documents.join(synthetic::name(round));
    let mut file = File::options().append(true).open(&path).with_context(|| format!("{}", path.display()))?;
    writeln!(file, "\nA line was added in round {round}.")?;
    Ok(())
}

fn print(rows: &[Row]) {
    println!("\n══ scale: seconds of whole processes, medians (adding: once); memory with workers");
    println!(
        "{:>9} {:>9} {:>12} {:>13} {:>9} {:>9} {:>9} {:>10}",
        "passages", "add", "add per 1000", "edit and scan", "re-scan", "start", "search", "peak MiB"
    );
    for row in rows {
        let each = row.add * 1e3 / row.passages as f64;
        println!(
            "{:>9} {:>9.2} {each:>12.2} {:>13.2} {:>9.2} {:>9.2} {:>9.2} {:>10.0}",
            row.passages,
            row.add,
            row.edit,
            row.rescan,
            row.start,
            row.search,
            row.memory as f64 / f64::from(1 << 20),
        );
    }
    for (small, large) in rows.iter().zip(rows.iter().skip(1)) {
        println!(
            "{:>8.1}x {:>8.1}x {:>12} {:>12.1}x {:>8.1}x {:>8.1}x {:>8.1}x {:>9.1}x",
            large.passages as f64 / small.passages as f64,
            large.add / small.add,
            "",
            large.edit / small.edit,
            large.rescan / small.rescan,
            large.start / small.start,
            large.search / small.search,
            large.memory as f64 / small.memory as f64,
        );
    }
}

/// Scans `files` tiny files again, of which none has changed. They share few contents, and docent
/// stores copies once, so that adding them takes little of the benchmark's time.
fn unchanged(session: &Session, files: usize) -> Result<()> {
    let place = session.place("unchanged")?;
    let documents = place.join("documents");
    synthetic::write(&documents, files, CONTENTS)?;
    let library: Library<'_> = session.library(&place.join("library"))?;
    let (added, _) = library.add(&documents)?;
    let mut seconds = Vec::new();
    let mut memory = 0;
    for _round in 0..session.options.repetitions.max(3) {
        let outcome = library.run("rescan", &["scan"])?;
        seconds.push(outcome.seconds);
        memory = memory.max(outcome.memory);
    }
    let spread = Spread::of(&seconds);
    println!("\n══ {files} unchanged files of {CONTENTS} contents (start of the process included)");
    println!("  adding them                        {:.2} s", added.seconds);
    let goal = match files {
        100_000 if spread.median <= RESCAN_GOAL => format!("  goal {RESCAN_GOAL} s: reached"),
        100_000 => format!("  goal {RESCAN_GOAL} s: MISSED"),
        _ => format!("  (the goal of {RESCAN_GOAL} s is for 100000 files)"),
    };
    println!("  docent scan, s          {}{goal}", spread.figures().trim_end());
    println!("  peak memory, MiB                   {:.0}", memory as f64 / f64::from(1 << 20));
    session.clean(&place);
    Ok(())
}
