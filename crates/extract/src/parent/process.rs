//! One worker process: its pipes, its end.

use super::memory::{MemoryWatch, OVER_MEMORY, resident_bytes};
use super::spawner::Spawner;
use crate::WorkerConfig;
use crate::frame::{Frame, read_frame};
use crate::message::Request;
use crate::request_channel::{RequestSender, request_channel};
use crate::worker::argument;
use std::fs::File;
use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How many frames may wait between the pipe and their taker.
const WAITING_FRAMES: usize = 8;
/// How much of a worker's last words is kept, in bytes.
const LAST_WORDS: usize = 2048;
/// Windows: no console window for a program without one.
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;
/// How long a worker that closed its pipe may take to end.
const END_TIME: Duration = Duration::from_millis(500);

/// A running worker. Dropping it kills it.
#[derive(Debug)]
pub(super) struct WorkerProcess {
    child: Child,
    requests: RequestSender,
    pub(super) frames: Receiver<io::Result<Frame>>,
    last_words: Arc<Mutex<String>>,
    /// Collects them; ends with the process.
    listener: JoinHandle<()>,
    memory: MemoryWatch,
    /// Documents given to it so far.
    pub(super) documents: u32,
    /// Whether it has told its version.
    pub(super) greeted: bool,
}

impl WorkerProcess {
    /// Starts a worker.
    pub(super) fn start(config: &WorkerConfig, faults: bool, spawner: &Spawner) -> io::Result<Self> {
        let mut command = Command::new(&config.worker);
        command.arg(argument::MEMORY).arg(config.limits.memory_bytes.to_string());
        if let Some(pdfium) = &config.pdfium {
            command.arg(argument::PDFIUM).arg(pdfium);
        }
        if faults {
            command.arg(argument::FAULTS);
        }
        // A backtrace would push what it said at last out of what is kept.
        command.env("RUST_BACKTRACE", "0");
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
        let (requests, stdin) = request_channel()?;
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawner.spawn(command)?;
        let (Some(mut stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("a worker without pipes"));
        };
        let (sender, frames) = sync_channel(WAITING_FRAMES);
        std::thread::Builder::new().name("extract-frames".to_owned()).spawn(move || {
            loop {
                let Some(frame) = read_frame(&mut stdout).transpose() else { return };
                let last = frame.is_err();
                if sender.send(frame).is_err() || last {
                    return;
                }
            }
        })?;
        let last_words = Arc::new(Mutex::new(String::new()));
        let words = Arc::clone(&last_words);
        let listener = std::thread::Builder::new()
            .name("extract-words".to_owned())
            .spawn(move || keep_last_words(stderr, &words))?;
        Ok(Self {
            memory: MemoryWatch::new(child.id(), config.limits.memory_bytes),
            child,
            requests,
            frames,
            last_words,
            listener,
            documents: 0,
            greeted: false,
        })
    }

    /// Sends a request, with the document it is about.
    pub(super) fn ask(&mut self, request: &Request, document: &File) -> io::Result<()> {
        self.requests.send(request, document)
    }

    /// Whether the process still runs.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills the worker and says in words how it ended; its pipe is already closed.
    pub(super) fn obituary(&mut self) -> Death {
        let patience = std::time::Instant::now() + END_TIME;
        while self.is_alive() && std::time::Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        let ended = !self.is_alive();
        let _ = self.child.kill();
        let status = self.child.wait().ok();
        // The thread that reads them may be behind, on a busy machine by more than a moment.
        let patience = std::time::Instant::now() + 4 * END_TIME;
        while !self.listener.is_finished() && std::time::Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(1));
        }
        let words = self.last_words.lock().map(|words| words.clone()).unwrap_or_default();
        let reason = cause(status, &words);
        if ended && was_killed(status) { Death::Killed(reason) } else { Death::ByItself(reason) }
    }

    /// Its number in the system.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How much memory the worker holds, in bytes, where the system tells.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        resident_bytes(self.child.id())
    }

    /// Whether the worker holds more memory than allowed. Asks the system only now and then.
    pub(super) fn is_over_memory(&mut self) -> bool {
        self.memory.is_over()
    }
}

/// How a worker ended, in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Death {
    /// By what it did with the document.
    ByItself(String),
    /// By a signal that cannot be heard and that was not ours: the system sends it to some process when
    /// memory is short, which says nothing of the document.
    Killed(String),
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep_last_words(mut from: impl Read, words: &Mutex<String>) {
    let mut piece = [0u8; 512];
    while let Ok(length) = from.read(&mut piece) {
        if length == 0 {
            return;
        }
        if let Ok(mut words) = words.lock() {
            words.push_str(&String::from_utf8_lossy(&piece[..length]));
            let start = crate::script::floor_char(&words, words.len().saturating_sub(LAST_WORDS));
            words.drain(..start);
        }
    }
}

#[cfg(unix)]
fn was_killed(status: Option<std::process::ExitStatus>) -> bool {
    status.and_then(|status| std::os::unix::process::ExitStatusExt::signal(&status)) == Some(libc::SIGKILL)
}

#[cfg(not(unix))]
fn was_killed(_status: Option<std::process::ExitStatus>) -> bool {
    false
}

/// How a process ended, in words.
fn cause(status: Option<std::process::ExitStatus>, words: &str) -> String {
    if words.contains("memory allocation of") {
        return OVER_MEMORY.to_owned();
    }
    if words.contains("overflowed its stack") {
        return "it nests too deeply".to_owned();
    }
    let Some(status) = status else { return "the reading process ended".to_owned() };
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match signal {
            libc::SIGSEGV | libc::SIGBUS => "the reading process touched memory it should not".to_owned(),
            // C++ aborts without a word when it gets no memory; a check of PDFium that fails traps.
            libc::SIGABRT => "the reading process gave up, most likely for want of memory".to_owned(),
            libc::SIGKILL => {
                "the reading process was killed, most likely because the system ran out of memory".to_owned()
            }
            libc::SIGILL | libc::SIGTRAP | libc::SIGFPE => "the reading process stopped itself".to_owned(),
            other => format!("the reading process ended by signal {other}"),
        };
    }
    match status.code() {
        Some(code) => format!("the reading process ended with code {code}"),
        None => "the reading process ended".to_owned(),
    }
}
