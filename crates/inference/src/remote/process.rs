//! A started program: lines to it, lines from it, and what it said of its end.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::EngineProgram;
use super::protocol::{LONGEST_LINE, Reply, Request};

/// What is kept of what a program says of its troubles.
const LAST_WORDS: usize = 2048;

/// How long a program whose output has ended may take to end itself, before it is ended.
const LAST_BREATH: Duration = Duration::from_millis(500);

/// How long a program that was killed is waited for: its GPU's memory is free then. One that a driver
/// holds on to does not end, and nobody may wait for it.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// The program does not run on Windows' console.
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// A reply, or why no more will come.
pub(super) type Heard = Result<Reply, String>;

/// A running program. Dropping it ends it.
pub(super) struct Process {
    /// Taken by the thread that waits for its end, if that takes long.
    child: Option<Child>,
    /// To the thread that writes: a program that does not read must not hold up anybody.
    lines: Sender<String>,
    troubles: Arc<Mutex<Vec<u8>>>,
    /// Whoever reads them.
    listener: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts `program` and calls `hear` with `epoch` and every reply, and at last with the end.
    ///
    /// # Errors
    /// What the system said, in words.
    pub(super) fn start(
        program: &EngineProgram,
        epoch: u64,
        hear: impl Fn(u64, Heard) + Send + 'static,
    ) -> Result<Self, String> {
        let mut command = Command::new(&program.path);
        command.args(&program.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
        let mut child = command.spawn().map_err(|error| format!("it cannot be started: {error}"))?;
        let troubles = Arc::new(Mutex::new(Vec::new()));
        let listener = child.stderr.take().and_then(|errors| {
            let troubles = Arc::clone(&troubles);
            thread("its troubles", move || keep_last(errors, &troubles))
        });
        if let Some(output) = child.stdout.take() {
            thread("its replies", move || read_replies(output, |heard| hear(epoch, heard)));
        }
        let (lines, taken) = channel::<String>();
        if let Some(mut input) = child.stdin.take() {
            thread("its requests", move || {
                // Ends, and closes the program's input, when nobody can send any more.
                while let Ok(line) = taken.recv() {
                    if input.write_all(line.as_bytes()).and_then(|()| input.flush()).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { child: Some(child), lines, troubles, listener })
    }

    /// Sends a request, without waiting for it to be read.
    ///
    /// # Errors
    /// If it cannot be put in a line or the program takes nothing any more.
    pub(super) fn send(&mut self, request: &Request) -> Result<(), String> {
        let mut line = serde_json::to_string(request).map_err(|error| error.to_string())?;
        line.push('\n');
        self.lines.send(line).map_err(|_| "it takes no requests".to_owned())
    }

    /// What the end of the program's output means: with how it ended, and its last words.
    pub(super) fn explain(&mut self, ended: &str) -> String {
        let until = Instant::now() + LAST_BREATH;
        let mut status = None;
        let heard_out = || self.listener.as_ref().is_none_or(JoinHandle::is_finished);
        while (status.is_none() || !heard_out()) && Instant::now() < until {
            status = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            std::thread::sleep(Duration::from_millis(10));
        }
        let ended = status.map_or_else(|| ended.to_owned(), |status| format!("it ended with {status}"));
        let troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let troubles = String::from_utf8_lossy(&troubles);
        // After the words of a panic stands a note for whoever debugs it.
        let says = |line: &&str| !line.is_empty() && !line.starts_with("note: ");
        match troubles.lines().map(str::trim).rfind(says) {
            Some(last) => format!("{ended}: {last}"),
            None => ended,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        // If it has ended by itself, there is nothing to end.
        let _ = child.kill();
        let until = Instant::now() + LAST_WAIT;
        while let Ok(None) = child.try_wait() {
            if Instant::now() >= until {
                tracing::warn!("a program that was killed does not end");
                thread("its end", move || drop(child.wait()));
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Starts a thread. Without it a pipe is closed, and the program is found not to answer.
fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Option<JoinHandle<()>> {
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    started.inspect_err(|error| tracing::warn!(%error, "no thread for {name}")).ok()
}

fn read_replies(output: impl Read, hear: impl Fn(Heard)) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        let ended = match output.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) => "its output ended".to_owned(),
            Ok(_) => match serde_json::from_slice(&line) {
                Ok(reply) => {
                    hear(Ok(reply));
                    continue;
                }
                Err(_) => "it said something that is not understood".to_owned(),
            },
            Err(error) => format!("it cannot be heard: {error}"),
        };
        hear(Err(ended));
        return;
    }
}

fn keep_last(mut errors: impl Read, troubles: &Mutex<Vec<u8>>) {
    let mut piece = [0; 512];
    while let Ok(count @ 1..) = errors.read(&mut piece) {
        let mut kept = troubles.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&piece[..count]);
        let surplus = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..surplus);
    }
}
