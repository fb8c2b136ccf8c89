//! Running a program: input by pipe, a limit on time and output, no shell, no environment.

use crate::patience::{Over, Patience};
use docent_corpus::Cancel;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// How often the caller looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(30);
/// How much of what the program complains of is kept, in bytes.
const COMPLAINT_BYTES: u64 = 16 << 10;
/// How long to wait for a complaint after the program has ended.
const COMPLAINT_TIME: Duration = Duration::from_millis(500);
/// Windows: no console window for a program without one.
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// Why a run gave nothing.
#[derive(Debug)]
pub(super) enum RunError {
    /// It could not be started.
    Start(io::Error),
    /// It worked longer than this and was killed.
    Slow(Duration),
    /// It did nothing for this long and was killed.
    Asleep(Duration),
    /// It wrote more than this many bytes and was killed.
    TooMuch(usize),
    /// It ended by itself with an error.
    Failed(String),
    Cancelled,
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "it cannot be started: {error}"),
            Self::Slow(time) => write!(f, "it took longer than {} s", time.as_secs_f32()),
            Self::Asleep(time) => write!(f, "it did nothing for {} s", time.as_secs_f32()),
            Self::TooMuch(bytes) => write!(f, "it wrote more than {} MB", bytes >> 20),
            Self::Failed(reason) => write!(f, "it failed: {reason}"),
            Self::Cancelled => write!(f, "stopped"),
        }
    }
}

/// What a program wrote.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) stdout: Vec<u8>,
    /// The beginning of what it wrote to standard error.
    pub(super) stderr: Vec<u8>,
}

/// One run of a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run<'r> {
    pub(super) program: &'r Path,
    pub(super) arguments: &'r [OsString],
    /// Of the processor, where the system tells.
    pub(super) time: Duration,
    /// Most bytes it may write to standard output.
    pub(super) output_bytes: usize,
    pub(super) cancel: &'r Cancel,
}

impl Run<'_> {
    /// Runs the program with `input` and waits for its end.
    pub(super) fn with_input(&self, input: Vec<u8>) -> Result<Output, RunError> {
        let mut child = Guard(self.command().spawn().map_err(RunError::Start)?);
        let patience = Patience::start(self.time, child.0.id());
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.0.stdin.take(), child.0.stdout.take(), child.0.stderr.take())
        else {
            return Err(RunError::Start(io::Error::other("a program without pipes")));
        };
        // These threads are not waited for: a process that the program left behind may hold the
        // pipes open.
        std::thread::spawn(move || {
            let _ = stdin.write_all(&input); // a program that ends early reads no further
        });
        let written = listen(stdout, self.output_bytes as u64 + 1);
        let complaint = listen(stderr, COMPLAINT_BYTES);
        let stdout = self.wait(&written, &patience)?;
        if stdout.len() > self.output_bytes {
            return Err(RunError::TooMuch(self.output_bytes));
        }
        let status = self.end(&mut child.0, &patience)?;
        let stderr = complaint.recv_timeout(COMPLAINT_TIME).unwrap_or_default();
        if status.success() { Ok(Output { stdout, stderr }) } else { Err(failed(status, &stderr)) }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args(self.arguments).env_clear();
        // More threads than free cores make Tesseract slower by a factor of ten and more.
        command.env("OMP_THREAD_LIMIT", "1").env("LC_ALL", "C");
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn check(&self, patience: &Patience) -> Result<(), RunError> {
        if self.cancel.is_cancelled() {
            return Err(RunError::Cancelled);
        }
        match patience.over() {
            None => Ok(()),
            Some(Over::Slow) => Err(RunError::Slow(self.time)),
            Some(Over::Asleep) => Err(RunError::Asleep(self.time)),
        }
    }

    /// What the program writes, once it has closed its output.
    fn wait(&self, written: &Receiver<Vec<u8>>, patience: &Patience) -> Result<Vec<u8>, RunError> {
        loop {
            self.check(patience)?;
            match written.recv_timeout(LOOK) {
                Ok(bytes) => return Ok(bytes),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(RunError::Failed("its output cannot be read".to_owned()));
                }
            }
        }
    }

    fn end(&self, child: &mut Child, patience: &Patience) -> Result<ExitStatus, RunError> {
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                Err(error) => return Err(RunError::Failed(error.to_string())),
            }
            self.check(patience)?;
        }
    }
}

/// Reads up to `limit` bytes on a thread of its own.
fn listen(from: impl Read + Send + 'static, limit: u64) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if from.take(limit).read_to_end(&mut bytes).is_ok() {
            let _ = sender.send(bytes);
        }
    });
    receiver
}

fn failed(status: ExitStatus, stderr: &[u8]) -> RunError {
    let complaint = String::from_utf8_lossy(stderr);
    let line = complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let line: String = line.chars().filter(|c| !c.is_control()).take(200).collect();
    RunError::Failed(if line.is_empty() { status.to_string() } else { line })
}

/// Kills the program when dropped.
#[derive(Debug)]
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run(script: &str, time: u64, cancel: &Cancel) -> Result<Output, RunError> {
        let arguments = ["-c".into(), script.into()];
        let time = Duration::from_millis(time);
        Run { program: Path::new("/bin/sh"), arguments: &arguments, time, output_bytes: 1 << 20, cancel }
            .with_input(vec![b'x'; 3 << 20])
    }

    #[test]
    fn output_comes_back_and_the_environment_is_ours_alone() {
        let output = run("cat | wc -c; env >&2", 20_000, &Cancel::new()).unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), (3 << 20).to_string());
        let environment = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(environment.contains("OMP_THREAD_LIMIT=1") && !environment.contains("HOME="));
    }

    #[test]
    fn too_long_too_much_and_failure_are_told_apart() {
        let started = std::time::Instant::now();
        let ended = |script| match run(script, 200, &Cancel::new()) {
            // Which of the two cannot be told everywhere.
            Err(RunError::Asleep(_)) => true,
            Err(RunError::Slow(_)) => cfg!(not(target_os = "linux")),
            other => panic!("{other:?}"),
        };
        assert!(ended("sleep 30") && ended("exec >&-; sleep 30"));
        assert!(matches!(run("while :; do :; done", 200, &Cancel::new()), Err(RunError::Slow(_))));
        assert!(matches!(run("yes", 20_000, &Cancel::new()), Err(RunError::TooMuch(_))));
        match run("echo first >&2; echo reason >&2; exit 3", 20_000, &Cancel::new()) {
            Err(RunError::Failed(reason)) => assert_eq!(reason, "reason"),
            other => panic!("{other:?}"),
        }
        let cancel = Cancel::new();
        cancel.cancel();
        assert!(matches!(run("sleep 30", 60_000, &cancel), Err(RunError::Cancelled)));
        assert!(started.elapsed() < Duration::from_secs(25));
    }
}
