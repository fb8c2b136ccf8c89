//! How long to wait for a worker.
//!
//! Limits are meant for what a document costs, not for how busy the machine is: where the system
//! tells how much processor time a worker used, a limit is reached by that, and time on the clock
//! counts only as a last resort. A worker that uses none is asleep, and gets no such grace.

use super::process::WorkerProcess;
use std::time::{Duration, Instant};

/// By how much time on the clock may exceed a limit while the worker is kept from computing.
const GRACE: u32 = 6;
/// Less than this share of the time spent computing means that a worker sleeps.
const ASLEEP: f64 = 0.005;

/// A limit that is being watched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    limit: Duration,
    since: Instant,
    cpu_then: Option<Duration>,
}

impl Patience {
    /// Starts to count now.
    pub(super) fn start(limit: Duration, worker: &WorkerProcess) -> Self {
        Self { limit, since: Instant::now(), cpu_then: worker.cpu_time() }
    }

    /// How long nothing has to be looked at: no limit is reached before.
    pub(super) fn rest(&self) -> Duration {
        self.limit.saturating_sub(self.since.elapsed())
    }

    /// Whether the limit is reached.
    pub(super) fn is_over(&self, worker: &WorkerProcess) -> bool {
        let elapsed = self.since.elapsed();
        elapsed >= self.limit && judge(self.limit, elapsed, self.cpu_then.zip(worker.cpu_time()))
    }

    /// The limit itself.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }
}

fn judge(limit: Duration, elapsed: Duration, cpu: Option<(Duration, Duration)>) -> bool {
    let Some((then, now)) = cpu else { return true };
    let used = now.saturating_sub(then);
    let asleep = used.as_secs_f64() < elapsed.as_secs_f64() * ASLEEP;
    asleep || used >= limit || elapsed >= limit * GRACE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_starved_worker_gets_more_time_and_a_sleeping_one_does_not() {
        let seconds = Duration::from_secs;
        let used = |secs| Some((seconds(5), seconds(5) + secs));
        assert!(judge(seconds(20), seconds(20), None));
        assert!(judge(seconds(20), seconds(20), used(Duration::ZERO)));
        assert!(judge(seconds(20), seconds(21), used(seconds(20))));
        assert!(!judge(seconds(20), seconds(40), used(seconds(2))));
        assert!(judge(seconds(20), seconds(120), used(seconds(2))));
    }
}
