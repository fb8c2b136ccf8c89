//! The machine that all models share: who may use it, how many threads compute, what it offers.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use docent_kernels::Cpu;

/// Longest that a step of bulk work waits for interactive work to end: indexing goes on, slowly,
/// during a long answer.
const BULK_PATIENCE: Duration = Duration::from_secs(2);

/// How often a waiting bulk step looks whether it is needed elsewhere.
const BULK_LOOK: Duration = Duration::from_millis(20);

/// Interactive tasks now queued or running, over all models of the process. There is one because
/// there is one processor: two models computing at once slow each other down by far more than half.
static INTERACTIVE: Mutex<usize> = Mutex::new(0);
static FEWER: Condvar = Condvar::new();

/// An interactive task exists while this does.
pub(crate) struct Presence(());

impl Presence {
    pub(crate) fn enter() -> Self {
        *INTERACTIVE.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(())
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        *INTERACTIVE.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        FEWER.notify_all();
    }
}

/// Waits, before a step of bulk work, while interactive work is going on anywhere, but not for
/// ever. Returns true at once when `interrupted` says that the step must be thought over.
pub(crate) fn yield_to_interactive(interrupted: &dyn Fn() -> bool) -> bool {
    let since = Instant::now();
    let mut present = INTERACTIVE.lock().unwrap_or_else(PoisonError::into_inner);
    while *present > 0 && since.elapsed() < BULK_PATIENCE {
        drop(present);
        if interrupted() {
            return true;
        }
        let again = INTERACTIVE.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = FEWER.wait_timeout(again, BULK_LOOK);
        present = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
    false
}

/// Threads that were asked for; 0 if none were.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Most threads that are started, whatever is asked for.
const MOST_THREADS: usize = 1024;

/// Made when the first model computes.
static CPU: OnceLock<Cpu> = OnceLock::new();

/// Instructions and threads of this process; one pool for all models.
pub(crate) fn cpu() -> Cpu {
    CPU.get_or_init(|| Cpu::new(asked_threads())).clone()
}

/// Threads that compute, or will.
pub(crate) fn threads() -> usize {
    CPU.get().map_or_else(asked_threads, |cpu| cpu.pool.threads())
}

/// So many threads compute, unless a model of this process has computed already; 0 changes nothing.
pub(crate) fn ask_for_threads(threads: usize) {
    if threads > 0 {
        THREADS.store(threads.min(MOST_THREADS), Ordering::Relaxed);
    }
}

fn asked_threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        // One per physical core, by candle's count.
        0 => candle_core::utils::get_num_threads(),
        asked => asked,
    }
}

/// Sets how many threads compute, for the whole process. candle and rayon read this from the
/// environment when they first compute, and from nowhere else; so call it first thing in `main`,
/// before any thread is started. 0 leaves the default, one thread per physical core; variables
/// that the user has set are left alone.
pub fn configure_process(threads: usize) {
    if threads == 0 {
        return;
    }
    THREADS.store(threads, Ordering::Relaxed);
    for variable in ["RAYON_NUM_THREADS", "CANDLE_NUM_THREADS"] {
        if std::env::var_os(variable).is_none() {
            #[allow(
                unsafe_code,
                reason = "no other thread runs yet, as the documentation asks of the caller; the \
                          libraries offer no other way"
            )]
            unsafe {
                std::env::set_var(variable, threads.to_string());
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
/// Instruction sets that the processor offers and the kernels can use.
pub(crate) fn features() -> Vec<String> {
    let found = [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("fma", is_x86_feature_detected!("fma")),
        ("f16c", is_x86_feature_detected!("f16c")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512vnni", is_x86_feature_detected!("avx512vnni")),
        ("avxvnni", is_x86_feature_detected!("avxvnni")),
    ];
    named(&found)
}

#[cfg(target_arch = "aarch64")]
/// Instruction sets that the processor offers and the kernels can use.
pub(crate) fn features() -> Vec<String> {
    let found = [
        ("neon", std::arch::is_aarch64_feature_detected!("neon")),
        ("dotprod", std::arch::is_aarch64_feature_detected!("dotprod")),
        ("i8mm", std::arch::is_aarch64_feature_detected!("i8mm")),
    ];
    named(&found)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
/// Instruction sets that the processor offers and the kernels can use.
pub(crate) fn features() -> Vec<String> {
    Vec::new()
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn named(found: &[(&str, bool)]) -> Vec<String> {
    let there = found.iter().filter(|(_, there)| *there);
    there.map(|(name, _)| (*name).to_owned()).collect()
}

/// Bytes that can be allocated without swapping, where the system says.
pub(crate) fn available_memory() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let report = std::fs::read_to_string("/proc/meminfo").ok()?;
        let line = report.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kib * 1024)
    }
    #[cfg(not(target_os = "linux"))]
    {
        None
    }
}

/// Gives memory that has been freed back to the system, where the allocator would keep it.
pub(crate) fn return_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(
        unsafe_code,
        reason = "a call into the C library without arguments that could be wrong; glibc keeps \
                  freed weights otherwise"
    )]
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threads_that_compute_are_told_and_not_those_that_were_asked_for_later() {
        let computing = cpu().pool.threads();
        ask_for_threads(computing + 1);
        assert_eq!((threads(), cpu().pool.threads()), (computing, computing));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn memory_is_known() {
        let available = available_memory().unwrap();
        assert!(available > 1 << 20, "{available}");
    }
}
