//! What a running fetch or import reports.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FetchPhase {
    /// Asking a source for a file, or waiting until another run of docent is done with the model.
    Connecting,
    /// Bytes are coming in.
    Downloading,
    /// The checksum of what came is computed.
    Verifying,
    /// A file is unpacked, copied or put in its place.
    Installing,
}

impl FetchPhase {
    /// A stable name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Downloading => "downloading",
            Self::Verifying => "verifying",
            Self::Installing => "installing",
        }
    }
}

/// Where a fetch or import stands. Within one phase of one file, `done_bytes` only grows, except when a
/// server cannot continue and the file starts again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchProgress {
    /// Name of the model.
    pub model: String,
    /// What is being worked on: a file of the model, or the package it comes in.
    pub file: String,
    /// Where it comes from, in words.
    pub source: String,
    /// What is being done.
    pub phase: FetchPhase,
    /// Bytes of `file` done in this phase, those of an earlier run included.
    pub done_bytes: u64,
    /// Bytes of `file`, if known.
    pub total_bytes: Option<u64>,
    /// Files of the model in place.
    pub files_done: usize,
    /// Files of the model.
    pub files_total: usize,
}

/// Most frequent report within a phase.
const INTERVAL: Duration = Duration::from_millis(100);

/// The caller's callback with what all reports share; drops reports that come too fast.
pub(crate) struct Report<'a> {
    files_total: usize,
    sink: &'a (dyn Fn(FetchProgress) + Send + Sync),
    state: Mutex<State>,
}

struct State {
    progress: FetchProgress,
    sent: Option<Instant>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(
        sink: &'a (dyn Fn(FetchProgress) + Send + Sync),
        model: &str,
        files_total: usize,
    ) -> Self {
        let progress = FetchProgress {
            model: model.to_owned(),
            file: String::new(),
            source: String::new(),
            phase: FetchPhase::Connecting,
            done_bytes: 0,
            total_bytes: None,
            files_done: 0,
            files_total,
        };
        Self { files_total, sink, state: Mutex::new(State { progress, sent: None }) }
    }

    /// A new phase, which is always reported.
    pub(crate) fn phase(&self, phase: FetchPhase, file: &str, source: &str, total: Option<u64>) {
        self.change(true, |progress| {
            progress.phase = phase;
            file.clone_into(&mut progress.file);
            source.clone_into(&mut progress.source);
            progress.done_bytes = 0;
            progress.total_bytes = total;
        });
    }

    /// Bytes done in the present phase.
    pub(crate) fn bytes(&self, done: u64, total: Option<u64>) {
        self.change(total == Some(done), |progress| {
            progress.done_bytes = done;
            if total.is_some() {
                progress.total_bytes = total;
            }
        });
    }

    /// Files of the model in place.
    pub(crate) fn files_done(&self, files: usize) {
        let last = files == self.files_total;
        self.change(last, |progress| progress.files_done = files);
    }

    fn change(&self, always: bool, change: impl FnOnce(&mut FetchProgress)) {
        let progress = {
            let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            change(&mut state.progress);
            let nothing_yet = state.progress.file.is_empty();
            if !always && (nothing_yet || state.sent.is_some_and(|sent| sent.elapsed() < INTERVAL)) {
                return;
            }
            state.sent = Some(Instant::now());
            state.progress.clone()
        };
        (self.sink)(progress);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_and_ends_are_always_reported() {
        let seen = Mutex::new(Vec::new());
        let sink = |progress: FetchProgress| seen.lock().unwrap().push((progress.phase, progress.done_bytes));
        let report = Report::new(&sink, "m", 1);
        report.phase(FetchPhase::Downloading, "f", "s", Some(1000));
        for done in 1..=1000 {
            report.bytes(done, Some(1000));
        }
        report.phase(FetchPhase::Verifying, "f", "s", Some(1000));
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.first(), Some(&(FetchPhase::Downloading, 0)));
        assert_eq!(seen.last(), Some(&(FetchPhase::Verifying, 0)));
        assert!(seen.contains(&(FetchPhase::Downloading, 1000)));
        assert!(seen.len() < 1000, "{} reports", seen.len());
    }
}
