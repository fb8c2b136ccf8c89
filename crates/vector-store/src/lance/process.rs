//! Settings of LanceDB that it reads from the process's environment.

use std::path::Path;

/// Reads and writes under way at once; more does not help on one local disk.
const IO_THREADS: usize = 8;

/// Limits LanceDB's threads, unless the environment has numbers for them already, and sends its spill
/// files to `temp_dir`, a folder on the disk that holds the data (the system's own folder for
/// temporary files may be memory).
///
/// To be called once, by `main`, before any thread is started and before a store is opened.
pub fn configure_process(lance_cpu_threads: usize, temp_dir: &Path) {
    set("LANCE_CPU_THREADS", &lance_cpu_threads.max(1).to_string(), is_count);
    set("LANCE_IO_THREADS", &IO_THREADS.to_string(), is_count);
    // Where `std::env::temp_dir` looks, and with it the engine.
    for name in if cfg!(windows) { ["TMP", "TEMP"].as_slice() } else { ["TMPDIR"].as_slice() } {
        if let Some(folder) = temp_dir.to_str() {
            set(name, folder, |_| false);
        }
    }
}

/// LanceDB panics on these variables when they hold anything but a number above zero.
fn is_count(value: &str) -> bool {
    value.parse::<usize>().is_ok_and(|count| count > 0)
}

fn set(name: &str, value: &str, keep: impl Fn(&str) -> bool) {
    if std::env::var(name).is_ok_and(|present| keep(&present)) {
        return;
    }
    // Changing the environment races with other threads that read it; the caller promises that
    // there are none yet, and LanceDB offers no other way to set these.
    #[allow(unsafe_code)]
    // SAFETY: called from `main` before any other thread exists, as `configure_process` demands.
    unsafe {
        std::env::set_var(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_numbers_are_kept() {
        assert!(is_count("4"));
        assert!(!is_count("0") && !is_count("many") && !is_count(""));
    }
}
