//! A filter of system calls (seccomp): what reading a document needs is allowed, everything else fails
//! as if the kernel did not know it (`ENOSYS`), which libraries are prepared for; `clone3` then becomes
//! `clone`, whose arguments a filter can see.

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    apply_filter_all_threads,
};
use std::collections::BTreeMap;

/// What the parent is told when the filter is active.
pub(super) const NAME: &str = "few system calls";

type Failure = Box<dyn std::error::Error>;

/// Restricts all threads of this process.
pub(super) fn restrict() -> Result<(), Failure> {
    Ok(apply_filter_all_threads(&program()?)?)
}

/// Allowed whatever the arguments: none of them can open, change or reach anything new.
const FREE: &[c_long] = &[
    // Files and pipes that are open.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_dup,
    libc::SYS_ppoll,
    libc::SYS_recvmsg,
    libc::SYS_getdents64,
    libc::SYS_fadvise64,
    // What is at a path; whether that may be opened is another question.
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    // Memory.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    // Threads and signals of this process.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_set_tid_address,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_membarrier,
    libc::SYS_getcpu,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Facts.
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrlimit,
    libc::SYS_getrusage,
    libc::SYS_times,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_getrandom,
    // Time.
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
];

/// Older forms that newer architectures left out.
#[cfg(target_arch = "x86_64")]
const FREE_OLD: &[c_long] =
    &[libc::SYS_stat, libc::SYS_lstat, libc::SYS_access, libc::SYS_readlink, libc::SYS_poll, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const FREE_OLD: &[c_long] = &[];

fn program() -> Result<BpfProgram, Failure> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        FREE.iter().chain(FREE_OLD).map(|call| (*call, Vec::new())).collect();
    for (call, argument, mask, value) in conditional() {
        let operator = SeccompCmpOp::MaskedEq(mask);
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, operator, value)?;
        rules.entry(call).or_default().push(SeccompRule::new(vec![condition])?);
    }
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let filter =
        SeccompFilter::new(rules, unknown, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?;
    Ok(filter.try_into()?)
}

/// Allowed when an argument, masked, has a value: call, number of the argument, mask, value. Several
/// lines for one call are alternatives.
fn conditional() -> Vec<(c_long, u8, u64, u64)> {
    const WHOLE: u64 = u32::MAX as u64;
    let flags = |flags: libc::c_int| u64::from(flags.unsigned_abs());
    let writing = flags(libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC);
    let new_world = libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET;
    let own = u64::from(std::process::id());
    let mut list = vec![
        // Threads, not processes.
        (libc::SYS_clone, 0, flags(libc::CLONE_THREAD | new_world), flags(libc::CLONE_THREAD)),
        // For reading only.
        (libc::SYS_openat, 2, writing, flags(libc::O_RDONLY)),
        // No memory that holds new code.
        (libc::SYS_mmap, 2, flags(libc::PROT_EXEC), 0),
        (libc::SYS_mprotect, 2, flags(libc::PROT_EXEC), 0),
        // `abort` signals its own thread.
        (libc::SYS_tgkill, 0, WHOLE, own),
        // Asking for limits, not setting them.
        (libc::SYS_prlimit64, 2, u64::MAX, 0),
        (libc::SYS_prctl, 0, WHOLE, flags(libc::PR_SET_NAME)),
    ];
    for command in [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_DUPFD_CLOEXEC] {
        list.push((libc::SYS_fcntl, 1, WHOLE, flags(command)));
    }
    #[cfg(target_arch = "x86_64")]
    list.push((libc::SYS_open, 1, writing, flags(libc::O_RDONLY)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io;
    use std::net::{TcpListener, UdpSocket};
    use std::os::unix::net::{UnixDatagram, UnixStream};
    use std::process::Command;

    /// The filter on one thread, so that the others of the test process stay free.
    fn restricted<T: Send>(work: impl FnOnce() -> T + Send) -> T {
        let program = program().unwrap();
        std::thread::scope(|scope| {
            let confined = scope.spawn(move || {
                seccompiler::apply_filter(&program).unwrap();
                work()
            });
            confined.join().unwrap()
        })
    }

    fn attempts(folder: &std::path::Path) -> Vec<(&'static str, io::Result<()>)> {
        vec![
            ("tcp", TcpListener::bind("127.0.0.1:0").map(drop)),
            ("udp", UdpSocket::bind("127.0.0.1:0").map(drop)),
            ("unix socket", UnixDatagram::unbound().map(drop)),
            ("socket pair", UnixStream::pair().map(drop)),
            ("program", Command::new("true").status().map(drop)),
            ("write", std::fs::write(folder.join("new"), "x")),
            ("append", File::options().append(true).open(folder.join("old")).map(drop)),
            ("rename", std::fs::rename(folder.join("old"), folder.join("moved"))),
            ("rename back", std::fs::rename(folder.join("moved"), folder.join("old"))),
            ("hard link", std::fs::hard_link(folder.join("old"), folder.join("link"))),
            ("permissions", std::fs::set_permissions(folder.join("old"), PermissionsExt::from_mode(0o600))),
            ("pipe", io::pipe().map(drop)),
            ("remove", std::fs::remove_file(folder.join("old"))),
        ]
    }
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_reading_does_not_need_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("old"), "x").unwrap();
        for (what, outcome) in restricted(|| attempts(folder.path())) {
            assert_eq!(outcome.map_err(|error| error.raw_os_error()), Err(Some(libc::ENOSYS)), "{what}");
        }
        // Each of them works without the filter.
        for (what, outcome) in attempts(folder.path()) {
            assert!(outcome.is_ok(), "{what}: {outcome:?}");
        }
    }

    #[test]
    fn what_reading_needs_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("文件");
        std::fs::write(&path, "words").unwrap();
        restricted(|| {
            assert_eq!(std::fs::read(&path).unwrap(), b"words");
            assert_eq!(std::fs::metadata(&path).unwrap().len(), 5);
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
            let file = File::open(&path).unwrap();
            let copy = file.try_clone().unwrap();
            assert_eq!(std::os::unix::fs::FileExt::read_at(&copy, &mut [0; 9], 1).unwrap(), 4);
            // Threads with stacks of their own, time, large memory and panics.
            let thread = std::thread::Builder::new().name("inner".to_owned()).stack_size(8 << 20);
            let sum = thread.spawn(|| vec![1u8; 64 << 20].iter().map(|n| u64::from(*n)).sum::<u64>());
            assert_eq!(sum.unwrap().join().unwrap(), 64 << 20);
            std::thread::sleep(std::time::Duration::from_millis(2));
            assert!(std::time::Instant::now().elapsed().as_secs() < 5);
            assert!(std::panic::catch_unwind(|| std::panic::panic_any(1)).is_err());
            assert!(std::thread::available_parallelism().is_ok());
        });
    }
}
