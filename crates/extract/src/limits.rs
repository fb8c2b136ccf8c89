//! What reading one document may cost.

use crate::Recognition;
use std::path::PathBuf;
use std::time::Duration;

/// Limits on reading one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest silence of a worker before it counts as hung.
    pub inactivity: Duration,
    /// Longest time for a document, apart from its size. This and `inactivity` are measured as
    /// processor time of the worker where the system tells it (a busy machine must not cost
    /// documents); twenty times that on the clock counts then, and once for a worker that sleeps.
    pub total_base: Duration,
    /// What each megabyte of the file adds to that.
    pub total_per_mb: Duration,
    /// The most time any document gets.
    pub total_max: Duration,
    /// Address space of a worker in bytes (enforced where the system can).
    pub memory_bytes: u64,
    /// Most text read from one document, in bytes; the rest is left out with a warning.
    pub text_bytes: u64,
    /// Largest file that is read at all, in bytes.
    pub file_bytes: u64,
    /// Deepest nesting of HTML elements that is kept; deeper tags are left out, their text stays.
    pub html_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inactivity: Duration::from_secs(20),
            total_base: Duration::from_secs(30),
            total_per_mb: Duration::from_secs(1),
            total_max: Duration::from_secs(600),
            memory_bytes: 2 << 30,
            text_bytes: 256 << 20,
            file_bytes: 1 << 30,
            html_depth: 512,
        }
    }
}

impl Limits {
    /// The time a file of `size` bytes gets in all.
    pub(crate) fn total(&self, size: u64) -> Duration {
        let megabytes = u32::try_from(size >> 20).unwrap_or(u32::MAX);
        self.total_base.saturating_add(self.total_per_mb.saturating_mul(megabytes)).min(self.total_max)
    }
}

/// How an [`Extractor`](crate::Extractor) starts its workers.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// The executable `docent-extract-worker`.
    pub worker: PathBuf,
    /// The PDFium library; without it PDF files are refused with a clear error.
    pub pdfium: Option<PathBuf>,
    /// Limits per document.
    pub limits: Limits,
    /// How many worker processes may run at once (at least 1).
    pub workers: usize,
    /// How text is recognised on pages that have none; at most `workers` pages at once.
    pub recognition: Recognition,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_files_get_more_time_up_to_a_cap() {
        let limits = Limits::default();
        assert_eq!(limits.total(0), Duration::from_secs(30));
        assert_eq!(limits.total(5 << 20), Duration::from_secs(35));
        assert_eq!(limits.total(u64::MAX), Duration::from_secs(600));
    }
}
