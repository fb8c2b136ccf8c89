//! An engine as a child process: one line of JSON in, one line of JSON out.

use crate::bench::{machine, reference};
use crate::shell;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

/// Threads of the engine that computed last may still turn round in wait for more; they give up
/// within a few milliseconds.
const SETTLE: Duration = Duration::from_millis(50);

/// How an engine is started.
pub(crate) struct Start {
    name: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    threads: usize,
    variables: Vec<(&'static str, String)>,
}

impl Start {
    /// An engine called `name` in the output.
    pub(crate) fn new(name: &str, program: &Path, threads: usize) -> Self {
        let (name, program) = (name.to_owned(), program.to_owned());
        Self { name, program, arguments: Vec::new(), threads, variables: Vec::new() }
    }

    /// One environment variable more.
    pub(crate) fn env(mut self, variable: &'static str, value: &str) -> Self {
        self.variables.push((variable, value.to_owned()));
        self
    }

    /// One argument more.
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Starts it. What it says apart from replies goes to a file.
    pub(crate) fn start(&self) -> Result<Engine> {
        let plain: String = self.name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let log = reference::folder()?.join(format!("{plain}.log"));
        let mut command = shell::command(&self.program)?;
        for variable in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"]
        {
            command.env(variable, self.threads.to_string());
        }
        let mut child = command
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(variable, value)| (variable, value)))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).with_context(|| format!("creating {}", log.display()))?)
            .spawn()
            .with_context(|| format!("starting {}: {}", self.name, self.program.display()))?;
        let requests = child.stdin.take().context("no standard input")?;
        let replies = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Engine { name: self.name.clone(), child, requests, replies, log, cores: None })
    }
}

/// A running engine. Ends with this value.
pub(crate) struct Engine {
    name: String,
    child: Child,
    requests: ChildStdin,
    replies: BufReader<ChildStdout>,
    log: PathBuf,
    cores: Option<f64>,
}

impl Engine {
    /// What it is called in the output.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Processor seconds a second that it got from the last request to its reply, where the system
    /// tells.
    pub(crate) fn cores(&self) -> Option<f64> {
        self.cores
    }

    /// Sends a request and waits for the reply.
    pub(crate) fn ask(&mut self, request: &Value) -> Result<Value> {
        std::thread::sleep(SETTLE);
        let mut reply = String::new();
        let (started, spent) = (Instant::now(), machine::processor_time(self.child.id()));
        // A process that has ended refuses the request or gives no reply: the same to us.
        let sent = writeln!(self.requests, "{request}").and_then(|()| self.requests.flush());
        if sent.is_err() || self.replies.read_line(&mut reply)? == 0 {
            bail!("{} ended at {request}; its last words:\n{}", self.name, self.last_words());
        }
        let spent = machine::processor_time(self.child.id()).zip(spent);
        self.cores = spent.map(|(now, then)| now.saturating_sub(then).div_duration_f64(started.elapsed()));
        let reply: Value =
            serde_json::from_str(&reply).with_context(|| format!("{} replied {reply:?}", self.name))?;
        match reply["error"].as_str() {
            Some(error) => bail!("{} at {request}: {error}\n{}", self.name, self.last_words()),
            None => Ok(reply),
        }
    }

    fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
