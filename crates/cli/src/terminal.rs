//! The terminal as docent's host: progress on the error stream, Ctrl+C as the stop button.

use crate::output::Output;
use docent_api::wire::{Event, IndexingPhase, IndexingStatus};
use docent_api::{Api, Host};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::task::JoinHandle;

/// Draws progress while something is indexed.
pub(crate) struct Terminal {
    output: Output,
    last: Mutex<Option<IndexingStatus>>,
}

impl Terminal {
    pub(crate) fn new(output: Output) -> Self {
        Self { output, last: Mutex::new(None) }
    }

    /// Ends the line that progress was drawn on.
    pub(crate) fn finish_line(&self) {
        if self.output.draws {
            eprint!("\r\x1b[2K");
            let _ = std::io::stderr().flush();
        }
    }

    fn draw(&self, status: &IndexingStatus) {
        if !self.output.draws {
            return;
        }
        let phase = match status.phase {
            IndexingPhase::Idle => return,
            IndexingPhase::Scanning => "looking for files",
            IndexingPhase::Reading => "reading",
            IndexingPhase::Embedding => "indexing",
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
        let left = status.seconds_left.map(|left| format!("{} left ", time(left))).unwrap_or_default();
        eprint!("\r\x1b[2K{}/{} {rate}{left}{phase} {short}{page}", status.done, status.total);
        let _ = std::io::stderr().flush();
    }
}

/// `40 s`, `12 min`, `3 h`.
fn time(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 90.0 => format!("{seconds:.0} s"),
        seconds if seconds < 5_400.0 => format!("{:.0} min", seconds / 60.0),
        seconds => format!("{:.1} h", seconds / 3_600.0),
    }
}

impl Host for Terminal {
    fn emit(&self, event: Event) {
        if let Event::Indexing { status } = event {
            self.draw(&status);
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
        }
    }

    fn open_path(&self, _: &Path, _: bool) -> std::io::Result<()> {
        Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "a terminal does not open files"))
    }
}

/// Stops what runs at the first Ctrl+C, and the program at the second.
pub(crate) fn cancel_on_interrupt(api: Arc<Api>) -> JoinHandle<()> {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            api.stop();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    })
}
