//! How much memory this machine has.

/// All memory of this machine in bytes, where the system tells without being asked by unsafe means.
pub fn total_memory() -> Option<u64> {
    total_of(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// The line `MemTotal` of `/proc/meminfo`, which is in KiB (proc_meminfo(5)).
fn total_of(table: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_its_line() {
        let table = "MemFree:          200 kB\nMemTotal:       16384256 kB\nSwapTotal:  5 kB\n";
        assert_eq!(total_of(table), Some(16_384_256 * 1024));
        assert_eq!(total_of("MemTotal: many kB"), None);
        assert_eq!(total_of(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_memory() {
        assert!(total_memory().is_some_and(|bytes| bytes > 64 << 20));
    }
}
