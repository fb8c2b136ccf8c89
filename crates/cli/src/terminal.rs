//! The terminal as docent's host: progress on the error stream, Ctrl+C as the stop button.

use crate::output::{Output, duration, plain, redraw, tell};
use docent_api::wire::{Event, IndexingPhase, IndexingStatus};
use docent_api::{Api, Host};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Draws progress while something is indexed.
pub(crate) struct Terminal {
    output: Output,
    begun: Instant,
    last: Mutex<Option<IndexingStatus>>,
    /// How long it took until all files were read.
    read: Mutex<Option<Duration>>,
    /// Whether Ctrl+C was pressed.
    interrupted: AtomicBool,
    /// Whether indexing ended for it before it was done.
    stopped: AtomicBool,
}

impl Terminal {
    pub(crate) fn new(output: Output) -> Self {
        Self {
            output,
            begun: Instant::now(),
            last: Mutex::new(None),
            read: Mutex::new(None),
            interrupted: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        }
    }

    /// Ends the line that progress was drawn on.
    pub(crate) fn finish_line(&self) {
        if self.output.draws {
            redraw("");
        }
    }

    /// Whether Ctrl+C was pressed.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Acquire)
    }

    /// To be called when indexing has ended: if it was stopped, something is left to be done.
    pub(crate) fn note_end(&self) {
        self.stopped.fetch_or(self.is_interrupted(), Ordering::AcqRel);
    }

    /// Whether indexing was stopped before it was done.
    pub(crate) fn was_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Says how soon things could be found, if vectors were computed at all.
    pub(crate) fn print_times(&self) {
        let read = *self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(read) = read.filter(|_| !self.output.is_json && !self.was_stopped()) {
            let all = self.begun.elapsed();
            let (read, all) = (read.as_secs_f64(), all.as_secs_f64());
            tell!("Found by words after {read:.1} s, by meaning too after {all:.1} s.");
        }
    }

    /// Vectors are computed when all files are read.
    fn note(&self, status: &IndexingStatus) {
        if status.phase == IndexingPhase::Embedding {
            let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            read.get_or_insert_with(|| self.begun.elapsed());
        }
    }

    fn draw(&self, status: &IndexingStatus) {
        if !self.output.draws {
            return;
        }
        let phase = match status.phase {
            IndexingPhase::Idle => return,
            IndexingPhase::Scanning => "looking for files",
            IndexingPhase::Comparing => "checking the index",
            IndexingPhase::Reading => "reading",
            IndexingPhase::Embedding => "understanding",
            IndexingPhase::Writing => "writing",
            IndexingPhase::WaitingForModel => "waiting for the embedding model",
        };
        let file = status.file.as_deref().unwrap_or_default();
        let short: String = file.chars().rev().take(48).collect::<Vec<_>>().into_iter().rev().collect();
        let page = match (status.page, status.pages) {
            (Some(page), Some(pages)) => format!(" (page {page} of {pages})"),
            _ => String::new(),
        };
        let rate = status.rate.map(|rate| format!("{rate:.1} files/s ")).unwrap_or_default();
        let left = status.seconds_left.map(|left| format!("{} left ", duration(left))).unwrap_or_default();
        let (done, total) = match status.phase {
            IndexingPhase::Reading => (status.read, status.total),
            _ => (status.done, status.total),
        };
        redraw(&format!("{done}/{total} {rate}{left}{phase} {}{page}", plain(&short)));
    }
}

impl Host for Terminal {
    fn emit(&self, event: Event) {
        if let Event::Indexing { status } = event {
            self.note(&status);
            self.draw(&status);
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
        }
    }

    fn open_path(&self, _: &Path, _: bool) -> std::io::Result<()> {
        Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "a terminal does not open files"))
    }
}

/// Stops what runs at the first Ctrl+C, and the program at the second.
pub(crate) fn cancel_on_interrupt(api: Arc<Api>, terminal: Arc<Terminal>) -> JoinHandle<()> {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            terminal.interrupted.store(true, Ordering::Release);
            api.stop();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    })
}
