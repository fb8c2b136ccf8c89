//! What a worker takes from itself before it reads the first byte of a document. Best effort: what a
//! system does not offer is left out, and the list of what is active is told to the parent.
//!
//! First come limits on what it may use ([`limit_resources`]). Then, when all libraries are loaded,
//! limits on what it may touch ([`shut_in`]): Landlock takes the files, TCP and signals to others;
//! a filter of system calls takes everything that reading a document does not need, such as sockets of
//! any kind and other programs. Each stands alone where the other is missing.

#[cfg(target_os = "linux")]
mod files;
#[cfg(unix)]
mod parent;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod system_calls;

/// Limits what this process may use; returns the names of the limits that are active.
#[cfg(unix)]
pub(super) fn limit_resources(memory_bytes: u64) -> Vec<String> {
    let mut active = Vec::new();
    let mut note = |done: bool, name: &str| {
        if done {
            active.push(name.to_owned());
        }
    };
    note(sys::limit(libc::RLIMIT_CORE as _, 0), "no core dumps");
    note(sys::limit(libc::RLIMIT_NOFILE as _, 256), "open files");
    // macOS accepts this limit and does not keep it; the parent watches there.
    note(cfg!(target_os = "linux") && sys::limit(libc::RLIMIT_AS as _, memory_bytes), "memory");
    note(sys::lower_priority(), "low priority");
    #[cfg(target_os = "linux")]
    note(std::fs::write("/proc/self/oom_score_adj", "500").is_ok(), "first to go when memory is short");
    note(sys::die_with_parent() || parent::watch(), "dies with its parent");
    active
}

/// Limits what this process may use; returns the names of the limits that are active.
#[cfg(not(unix))]
pub(super) fn limit_resources(_memory_bytes: u64) -> Vec<String> {
    Vec::new()
}

/// Limits what this process may touch, once and for good; returns the names of the limits that are
/// active. To be called from the only thread, after everything that needs a file was done: Landlock
/// holds for the calling thread and those it starts.
pub(super) fn shut_in() -> Vec<String> {
    let mut active: Vec<String> = Vec::new();
    #[cfg(target_os = "linux")]
    active.extend(files::restrict().into_iter().map(str::to_owned));
    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    if system_calls::restrict().is_ok() {
        active.push(system_calls::NAME.to_owned());
    }
    active
}

/// The system calls. The only unsafe code of this crate: each call takes plain numbers or a pointer
/// to a value on the stack, and touches no memory of ours beyond it.
#[cfg(unix)]
#[allow(unsafe_code)]
mod sys {
    pub(super) fn limit(resource: u32, value: u64) -> bool {
        let value = libc::rlim_t::from(value);
        let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
        // SAFETY: `limit` is a valid `rlimit` that lives through the call, which only reads it.
        unsafe { libc::setrlimit(resource as _, &raw const limit) == 0 }
    }

    pub(super) fn lower_priority() -> bool {
        // SAFETY: takes numbers only; 0 means this process.
        unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 10) == 0 }
    }

    /// The kernel kills this process when the thread that started it ends.
    #[cfg(target_os = "linux")]
    pub(super) fn die_with_parent() -> bool {
        // SAFETY: takes numbers only, and changes only what happens to this process.
        let asked = unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) == 0 };
        // A parent that died before the call is not noticed by it.
        if std::os::unix::process::parent_id() == 1 && std::process::id() != 1 {
            std::process::exit(0);
        }
        asked
    }

    /// Only Linux can be asked for that.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn die_with_parent() -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::sys;

    #[test]
    fn limits_can_be_lowered() {
        // In a test process only a limit that cannot hurt is set.
        assert!(sys::limit(libc::RLIMIT_CORE as _, 0));
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().nth(4), Some("0"));
    }
}
