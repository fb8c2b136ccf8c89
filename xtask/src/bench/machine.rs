//! What the benchmark must know of the machine, and how it disturbs it.

use anyhow::{Context, Result};
use std::collections::HashSet;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Time in which the scheduler notices the neighbour.
const SETTLE: Duration = Duration::from_millis(200);

/// Cores that compute on their own: two hardware threads of one core count once.
pub(crate) fn physical_cores() -> usize {
    let logical = std::thread::available_parallelism().map_or(1, usize::from);
    let siblings: HashSet<String> = (0..4096)
        .map_while(|cpu| {
            let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
            std::fs::read_to_string(path).ok()
        })
        .collect();
    if siblings.is_empty() { logical } else { siblings.len().min(logical) }
}

/// The processor's name, where the system tells.
pub(crate) fn processor() -> String {
    field("model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

/// Whether the processor has an instruction set, by Linux's name for it.
pub(crate) fn offers(flag: &str) -> bool {
    field("flags").is_some_and(|flags| flags.split(' ').any(|one| one == flag))
}

fn field(name: &str) -> Option<String> {
    let report = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = report.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}

/// Processor time that all threads of a process have had, where the system tells: by Linux's
/// scheduler, to the nanosecond. What /proc/PID/stat has is in hundredths of a second, too coarse for
/// a short prompt.
pub(crate) fn processor_time(process: u32) -> Option<Duration> {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let mut spent = Duration::ZERO;
    for thread in threads {
        // A thread may end while we read.
        if let Ok(report) = std::fs::read_to_string(thread.ok()?.path().join("schedstat")) {
            spent += Duration::from_nanos(report.split_whitespace().next()?.parse().ok()?);
        }
    }
    Some(spent)
}

/// A process that keeps one core busy while this value lives.
pub(crate) struct Neighbour(Child);

impl Neighbour {
    /// Starts it. It looks now and then whether this process still lives, so that it cannot stay
    /// behind.
    pub(crate) fn start() -> Result<Self> {
        let work = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
        let script = format!("while kill -0 $PPID; do {work}; done");
        let child = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting the busy neighbour")?;
        std::thread::sleep(SETTLE);
        Ok(Self(child))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_computes_is_seen_to_get_processor_time() {
        let before = processor_time(std::process::id()).unwrap();
        let began = std::time::Instant::now();
        while processor_time(std::process::id()).unwrap() <= before {
            assert!(began.elapsed() < Duration::from_secs(60), "no time was counted");
        }
        assert_eq!(processor_time(u32::MAX), None);
    }
}
