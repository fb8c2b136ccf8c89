//! A program run to its end, with its time and what its processes held and computed.
//!
//! Memory is looked up in `/proc` many times a second, for the program and all processes below it:
//! resident memory, in which pages that several processes share count for each of them. What lives
//! shorter than [`PAUSE`] may be missed. Elsewhere than on Linux only the time is known.

use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Between two looks at the processes.
const PAUSE: Duration = Duration::from_millis(25);

/// A program that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(2 * 3600);

/// Clock ticks per second in `/proc`, the same on every Linux that Rust's programs run on.
const TICKS: f64 = 100.0;

/// Bytes of a page where the benchmark runs.
const PAGE: u64 = 4096;

/// What a run took.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// From the start of the process to its end.
    pub(crate) seconds: f64,
    /// Most memory of all its processes at one moment, in bytes.
    pub(crate) memory: u64,
    /// Most memory of the first process alone.
    pub(crate) own_memory: u64,
    /// Most memory of the processes below it, at one moment.
    pub(crate) child_memory: u64,
    /// Processor time of the first process.
    pub(crate) own_processor: f64,
    /// Processor time of the processes below it.
    pub(crate) child_processor: f64,
    /// What it printed.
    pub(crate) output: String,
    /// What it said on the error stream.
    pub(crate) said: String,
}

/// Runs a command to its end. What it says apart from output goes to `logs`, and its last words into
/// the error.
pub(crate) fn run(name: &str, command: &mut Command, logs: &Path) -> Result<Outcome> {
    let (out, err) = (logs.join(format!("{name}.out")), logs.join(format!("{name}.err")));
    let create = |path: &Path| File::create(path).with_context(|| format!("creating {}", path.display()));
    command.stdin(Stdio::null()).stdout(create(&out)?).stderr(create(&err)?);
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("starting {:?}", command.get_program()))?;
    let mut family = Family::new(child.id());
    let status = loop {
        family.look();
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if started.elapsed() > LONGEST {
            child.kill()?;
            child.wait()?;
            bail!("{name} did not end within {} s", LONGEST.as_secs());
        }
        std::thread::sleep(PAUSE);
    };
    let seconds = started.elapsed().as_secs_f64();
    let output = std::fs::read_to_string(&out).unwrap_or_default();
    let said = std::fs::read_to_string(&err).unwrap_or_default();
    if !status.success() {
        bail!("{name} failed ({status}):\n{}\n{}", last_lines(&output, 3), last_lines(&said, 12));
    }
    Ok(Outcome { seconds, output, said, ..family.found })
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
}

/// A process and all below it.
struct Family {
    head: u32,
    /// Processor time of every process that was ever seen, in ticks.
    processor: HashMap<u32, u64>,
    found: Outcome,
}

/// A line of `/proc/PID/stat`.
struct Process {
    parent: u32,
    ticks: u64,
    resident: u64,
}

impl Family {
    fn new(head: u32) -> Self {
        Self { head, processor: HashMap::new(), found: Outcome::default() }
    }

    fn look(&mut self) {
        let all = processes();
        let (mut own, mut below) = (0, 0);
        for (id, process) in &all {
            if !self.belongs(*id, &all) {
                continue;
            }
            self.processor.insert(*id, process.ticks);
            if *id == self.head { own += process.resident } else { below += process.resident }
        }
        let found = &mut self.found;
        found.memory = found.memory.max(own + below);
        found.own_memory = found.own_memory.max(own);
        found.child_memory = found.child_memory.max(below);
        let ticks = |of_head: bool| -> u64 {
            self.processor.iter().filter(|(id, _)| (**id == self.head) == of_head).map(|(_, t)| t).sum()
        };
        found.own_processor = ticks(true) as f64 / TICKS;
        found.child_processor = ticks(false) as f64 / TICKS;
    }

    fn belongs(&self, id: u32, all: &HashMap<u32, Process>) -> bool {
        // One whose parent has ended belongs to whom it belonged before.
        let mut id = id;
        for _generation in 0..32 {
            if id == self.head || self.processor.contains_key(&id) {
                return true;
            }
            match all.get(&id) {
                Some(process) if process.parent > 1 => id = process.parent,
                _ => return false,
            }
        }
        false
    }
}

fn processes() -> HashMap<u32, Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return HashMap::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let line = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            Some((id, process(&line)?))
        })
        .collect()
}

fn process(line: &str) -> Option<Process> {
    // The name before it may hold anything, brackets too.
    let (_, fields) = line.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Process {
        parent: u32::try_from(number(1)?).ok()?,
        ticks: number(11)? + number(12)?,
        resident: number(21)? * PAGE,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_is_understood() {
        let line = "42 (a (b) c) S 7 42 42 0 -1 4194304 9 0 0 0 150 50 0 0 20 0 1 0 5 1000 300 18446";
        let process = process(line).unwrap();
        assert_eq!((process.parent, process.ticks, process.resident), (7, 200, 300 * PAGE));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn children_are_counted_and_failures_told() {
        let folder = std::env::temp_dir();
        let name = format!("docent-watch-{}", std::process::id());
        let script = "sh -c 'sleep 0.2; echo done'; true";
        let outcome = run(&name, Command::new("sh").args(["-c", script]), &folder).unwrap();
        assert_eq!(outcome.output, "done\n");
        assert!(outcome.seconds >= 0.2 && outcome.own_memory > 0 && outcome.child_memory > 0);
        let error = run(&name, Command::new("sh").args(["-c", "echo why >&2; exit 3"]), &folder);
        assert!(error.unwrap_err().to_string().contains("why"));
        for ending in ["out", "err"] {
            std::fs::remove_file(folder.join(format!("{name}.{ending}"))).unwrap();
        }
    }
}
