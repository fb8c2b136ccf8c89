//! How fast a run goes and how long it will take. Reading and computing vectors follow each other, at
//! speeds of their own.

use docent_ingest::{IngestProgress, Phase};
use std::time::{Duration, Instant};

/// Fewer files than this say nothing about speed.
const TELLING_FILES: u64 = 3;
/// Less time than this says nothing about speed.
const TELLING_TIME: Duration = Duration::from_secs(1);

/// The times of one run.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Passages per second in earlier runs, if there were any.
    known: Option<f64>,
    /// Files that an earlier run had read.
    read_before: Option<u64>,
    reading: Duration,
    computing: Duration,
    last: Instant,
    /// Whether the last report told of comparing.
    comparing: bool,
}

impl Pace {
    pub(crate) fn new(known: Option<f64>) -> Self {
        Self {
            known,
            read_before: None,
            reading: Duration::ZERO,
            computing: Duration::ZERO,
            last: Instant::now(),
            comparing: false,
        }
    }

    /// Takes the time since the last report for that of the phase that is told.
    pub(crate) fn note(&mut self, progress: &IngestProgress) {
        let now = Instant::now();
        let passed = now.duration_since(self.last);
        self.last = now;
        // Before that nothing is known of the run.
        if progress.phase != Phase::Comparing {
            self.read_before.get_or_insert(progress.read);
        }
        let before = std::mem::replace(&mut self.comparing, progress.phase == Phase::Comparing);
        match progress.phase {
            Phase::Comparing => {}
            // What came after comparing, and is not told, is no reading.
            _ if before => {}
            Phase::Embedding | Phase::Writing => self.computing += passed,
            Phase::Scanning | Phase::Reading | Phase::Idle => self.reading += passed,
        }
    }

    /// Files read per second while files are read.
    pub(crate) fn files_per_second(&self, progress: &IngestProgress) -> Option<f64> {
        match progress.phase {
            Phase::Comparing | Phase::Embedding | Phase::Writing => None,
            Phase::Scanning | Phase::Reading | Phase::Idle => self.reading_speed(progress),
        }
    }

    fn reading_speed(&self, progress: &IngestProgress) -> Option<f64> {
        let before = self.read_before.unwrap_or_default();
        per_second(progress.read.saturating_sub(before), TELLING_FILES, self.reading)
    }

    /// Passages per second while vectors were computed.
    pub(crate) fn passages_per_second(&self, progress: &IngestProgress) -> Option<f64> {
        per_second(progress.chunks_computed, 1, self.computing)
    }

    /// By the speed so far, of earlier runs if there is none yet: the files still to be read, and the
    /// passages still to be computed, those of unread files estimated from the others.
    #[allow(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn seconds_left(&self, progress: &IngestProgress) -> Option<f64> {
        let passages = self.passages_per_second(progress).or(self.known).filter(|speed| *speed > 0.0)?;
        let unread = progress.total.saturating_sub(progress.read) as f64;
        let (reading, more) = if unread > 0.0 {
            let files = self.reading_speed(progress)?;
            (unread / files, unread * progress.chunks_total as f64 / progress.read as f64)
        } else {
            (0.0, 0.0)
        };
        let left = progress.chunks_total.saturating_sub(progress.chunks_done) as f64 + more;
        Some(reading + left / passages).filter(|seconds| *seconds > 0.0)
    }
}

#[allow(clippy::cast_precision_loss, reason = "counts")]
fn per_second(done: u64, least: u64, time: Duration) -> Option<f64> {
    (done >= least && time >= TELLING_TIME).then(|| done as f64 / time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(known: Option<f64>, reading: u64, computing: u64) -> Pace {
        let time = Duration::from_secs;
        Pace {
            known,
            read_before: Some(0),
            reading: time(reading),
            computing: time(computing),
            last: Instant::now(),
            comparing: false,
        }
    }

    fn progress(phase: Phase, read: u64, chunks_done: u64, chunks_total: u64) -> IngestProgress {
        IngestProgress {
            phase,
            read,
            done: 5,
            total: 10,
            chunks_done,
            chunks_computed: chunks_done,
            chunks_total,
            ..Default::default()
        }
    }

    #[test]
    fn too_little_says_nothing() {
        let earlier = Pace { read_before: Some(9_000), ..pace(None, 2, 0) };
        assert_eq!(earlier.files_per_second(&progress(Phase::Reading, 9_002, 0, 4)), None);
        let begun = progress(Phase::Reading, 2, 0, 4);
        assert_eq!(pace(None, 9, 0).files_per_second(&begun), None);
        assert_eq!(pace(Some(4.0), 9, 0).seconds_left(&begun), None, "speed of reading is unknown");
        let all_read = progress(Phase::Embedding, 10, 0, 40);
        assert_eq!(pace(None, 9, 0).seconds_left(&all_read), None, "speed of computing is unknown");
        assert_eq!(pace(Some(4.0), 9, 0).seconds_left(&all_read), Some(10.0), "that of earlier runs");
    }

    #[test]
    fn what_an_earlier_run_read_is_known_once_the_index_is_compared() {
        let mut pace = Pace::new(None);
        pace.note(&progress(Phase::Comparing, 0, 0, 0));
        pace.note(&progress(Phase::Reading, 9_000, 0, 4));
        assert_eq!(pace.read_before, Some(9_000));
        let comparing = progress(Phase::Comparing, 0, 0, 0);
        assert_eq!((pace.files_per_second(&comparing), pace.seconds_left(&comparing)), (None, None));
    }

    #[test]
    fn reading_and_computing_have_speeds_of_their_own() {
        let reading = progress(Phase::Reading, 5, 0, 20);
        assert_eq!(pace(None, 2, 0).files_per_second(&reading), Some(2.5));
        // Five files in two seconds, then forty passages at four a second.
        assert_eq!(pace(Some(4.0), 2, 0).seconds_left(&reading), Some(12.0));
        let computing = progress(Phase::Embedding, 10, 30, 40);
        assert_eq!(pace(Some(4.0), 2, 10).files_per_second(&computing), None);
        assert_eq!(pace(Some(4.0), 2, 10).passages_per_second(&computing), Some(3.0));
        assert_eq!(pace(Some(4.0), 2, 15).seconds_left(&computing), Some(5.0));
        assert_eq!(pace(Some(4.0), 2, 10).seconds_left(&progress(Phase::Idle, 10, 40, 40)), None);
    }
}
