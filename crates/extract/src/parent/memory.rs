//! How much memory a worker holds. The second line behind the limit a worker puts on itself, and the
//! only one where the system has no such limit.

use std::time::{Duration, Instant};

/// How often the system is asked.
const INTERVAL: Duration = Duration::from_millis(250);
/// Why a document failed that needed more than allowed.
pub(super) const OVER_MEMORY: &str = "it needed more memory than allowed";

/// Watches one process.
#[derive(Debug)]
pub(super) struct MemoryWatch {
    process: u32,
    limit: u64,
    asked: Instant,
}

impl MemoryWatch {
    /// Watches `process`, which may hold `limit` bytes.
    pub(super) fn new(process: u32, limit: u64) -> Self {
        Self { process, limit, asked: Instant::now() }
    }

    /// Whether it holds more than allowed. Asks the system at most every quarter of a second, and
    /// says no in between.
    pub(super) fn is_over(&mut self) -> bool {
        if self.asked.elapsed() < INTERVAL {
            return false;
        }
        self.asked = Instant::now();
        resident_bytes(self.process).is_some_and(|bytes| bytes > self.limit)
    }
}

/// How much memory a process holds, in bytes, where the system tells.
#[cfg(target_os = "linux")]
pub(super) fn resident_bytes(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    kilobytes(line.trim_end_matches("kB"))
}

/// How much memory a process holds, in bytes, where the system tells.
#[cfg(all(unix, not(target_os = "linux")))]
pub(super) fn resident_bytes(process: u32) -> Option<u64> {
    let output =
        std::process::Command::new("/bin/ps").args(["-o", "rss=", "-p", &process.to_string()]).output();
    kilobytes(&String::from_utf8_lossy(&output.ok()?.stdout))
}

/// How much memory a process holds, in bytes, where the system tells.
#[cfg(not(unix))]
pub(super) fn resident_bytes(_process: u32) -> Option<u64> {
    None
}

#[cfg(unix)]
fn kilobytes(number: &str) -> Option<u64> {
    number.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_over_its_limit_is_noticed() {
        let own = std::process::id();
        let held = vec![1u8; 32 << 20];
        assert!(resident_bytes(own).is_some_and(|bytes| bytes > held.len() as u64));
        assert_eq!(resident_bytes(u32::MAX), None);
        let mut small = MemoryWatch::new(own, 1 << 20);
        assert!(!small.is_over()); // not asked yet
        std::thread::sleep(INTERVAL);
        assert!(small.is_over());
        assert!(!small.is_over()); // asked just now
        let mut large = MemoryWatch::new(own, 1 << 50);
        std::thread::sleep(INTERVAL);
        assert!(!large.is_over());
    }
}
