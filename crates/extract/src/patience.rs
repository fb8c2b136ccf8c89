//! How long to wait for another process.
//!
//! Limits are meant for what a document costs, not for how busy the machine is: where the system
//! tells how much processor time a process used, a limit is reached by that, and time on the clock
//! counts only as a last resort. A process that uses none and waits for nothing but others is asleep,
//! and gets no such grace; one that waits for the disk, or for its turn, does.

use std::path::PathBuf;
use std::time::{Duration, Instant};

/// By how much time on the clock may exceed a limit while a process is kept from computing.
const GRACE: u32 = 20;
/// The same where the system does not tell what a process does, and a hang looks like hard work.
const BLIND_GRACE: u32 = 6;
/// Less than this share of the time spent computing means that a process sleeps.
const ASLEEP: f64 = 0.005;

/// Most processes that are looked at together.
const MAX_FAMILY: usize = 16;

/// A limit that is being watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    limit: Duration,
    since: Instant,
    process: u32,
    cpu_then: Option<Duration>,
}

/// How a limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// By work, or by waiting for a turn to work.
    Slow,
    /// By doing nothing.
    Asleep,
}

impl Patience {
    /// Starts to count what `process` does from now on.
    pub(crate) fn start(limit: Duration, process: u32) -> Self {
        Self { limit, since: Instant::now(), process, cpu_then: cpu_time(process) }
    }

    /// How long nothing has to be looked at: no limit is reached before.
    pub(crate) fn rest(&self) -> Duration {
        self.limit.saturating_sub(self.since.elapsed())
    }

    /// Whether the limit is reached, and how.
    pub(crate) fn over(&self) -> Option<Over> {
        let elapsed = self.since.elapsed();
        if elapsed < self.limit {
            return None;
        }
        let used = self.cpu_then.zip(cpu_time(self.process)).map(|(then, now)| now.saturating_sub(then));
        judge(self.limit, elapsed, used, || wants_to_work(self.process))
    }

    /// Whether the limit is reached.
    pub(crate) fn is_over(&self) -> bool {
        self.over().is_some()
    }

    /// The limit itself.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }
}

fn judge(
    limit: Duration,
    elapsed: Duration,
    used: Option<Duration>,
    wants_to_work: impl FnOnce() -> bool,
) -> Option<Over> {
    let Some(used) = used else { return (elapsed >= limit * BLIND_GRACE).then_some(Over::Slow) };
    if used >= limit || elapsed >= limit * GRACE {
        return Some(Over::Slow);
    }
    let idle = used.as_secs_f64() < elapsed.as_secs_f64() * ASLEEP;
    (idle && !wants_to_work()).then_some(Over::Asleep)
}

/// How much processor time a process has used with all that it started, where the system tells: the
/// program may stand behind a script.
fn cpu_time(process: u32) -> Option<Duration> {
    let own = used_ticks(process)?;
    let ticks =
        family(process).iter().skip(1).filter_map(|child| used_ticks(*child)).fold(own, u64::saturating_add);
    Some(Duration::from_millis(ticks.saturating_mul(10))) // Linux counts in hundredths of a second
}

/// What a process and the children that ended have used.
fn used_ticks(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold spaces; the counters are the 12th to 15th value behind it.
    let values = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(4);
    values.map(|value| value.parse::<u64>().ok()).sum()
}

/// A process and what it started that still runs, as far as the system tells.
fn family(process: u32) -> Vec<u32> {
    let mut family = vec![process];
    let mut next = 0;
    while let Some(parent) = family.get(next).copied().filter(|_| family.len() < MAX_FAMILY) {
        next += 1;
        for thread in threads(parent) {
            let children = std::fs::read_to_string(thread.join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    family
}

/// Where the system tells of the threads of a process.
fn threads(process: u32) -> Vec<PathBuf> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    threads.map(|thread| thread.path()).collect()
}

/// Whether a thread of the process waits for the disk or for its turn. The work is not done by the
/// first thread, which is all that the state of a process speaks of.
fn wants_to_work(process: u32) -> bool {
    family(process).into_iter().flat_map(threads).any(|thread| {
        let stat = std::fs::read_to_string(thread.join("stat")).unwrap_or_default();
        let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().next());
        matches!(state, Some("D" | "R"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_starved_process_gets_more_time_and_a_sleeping_one_does_not() {
        let seconds = Duration::from_secs;
        let of = |elapsed, used: Option<u64>, wants| {
            judge(seconds(20), seconds(elapsed), used.map(seconds), || wants)
        };
        assert_eq!(of(20, Some(0), false), Some(Over::Asleep));
        assert_eq!(of(300, Some(0), true), None);
        assert_eq!(of(21, Some(20), true), Some(Over::Slow));
        assert_eq!(of(300, Some(2), false), None);
        assert_eq!(of(400, Some(2), true), Some(Over::Slow));
        // Where nothing is known of the process.
        assert_eq!(of(30, None, false), None);
        assert_eq!(of(120, None, false), Some(Over::Slow));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_that_computes_is_told_from_one_that_sleeps() {
        let start = |program: &str, argument: &str| {
            std::process::Command::new(program).args(["-c", argument]).spawn().unwrap()
        };
        // The one that computes is the child of a script that waits for it.
        let (mut busy, mut idle) =
            (start("sh", "timeout 20 sh -c 'while :; do :; done'; :"), start("sh", "timeout 20 sleep 60; :"));
        let begun = Instant::now();
        let used = |process| cpu_time(process).unwrap();
        while used(busy.id()) < Duration::from_millis(200) && begun.elapsed() < Duration::from_secs(15) {
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(used(busy.id()) >= Duration::from_millis(200) && wants_to_work(busy.id()));
        assert!(used(idle.id()) < Duration::from_millis(200) && !wants_to_work(idle.id()));
        for child in [&mut busy, &mut idle] {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        assert!(cpu_time(u32::MAX).is_none() && !wants_to_work(u32::MAX));
    }
}
