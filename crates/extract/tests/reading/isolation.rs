//! Workers that crash, hang, run out of memory or lie: what comes of it, and that the rest goes on.

use crate::pdf_writer::{MadePage, pdf};
use crate::support::{config, extractor};
use docent_corpus::{Cancel, DocumentText, SourceWarning};
use docent_extract::{Extract, ExtractError, Extractor, Fault, FaultKind, InProcess, Limits, WorkerConfig};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

struct Scene {
    folder: tempfile::TempDir,
    pdf: PathBuf,
    text: PathBuf,
}

fn scene() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let pages: Vec<MadePage> = (0..5)
        .map(|number| {
            MadePage::new().lines(10.0, 72.0, 600.0, &[&format!("Page {number} has words of its own.")])
        })
        .collect();
    let (pdf_path, text) = (folder.path().join("a.pdf"), folder.path().join("a.txt"));
    std::fs::write(&pdf_path, pdf("t", &pages)).unwrap();
    std::fs::write(&text, "Words of a text.").unwrap();
    Scene { folder, pdf: pdf_path, text }
}

fn limits() -> Limits {
    // Enough for every document here, and soon used up.
    Limits { memory_bytes: 512 << 20, ..Limits::default() }
}

fn short_limits() -> Limits {
    Limits { inactivity: Duration::from_millis(1500), ..limits() }
}

fn with_fault(kind: FaultKind, after_pages: u32) -> Extractor {
    let limits = if kind == FaultKind::Hang { short_limits() } else { limits() };
    let config = WorkerConfig { limits, ..config() };
    Extractor::with_fault(config, Fault { kind, after_pages }, true)
}

fn extract(extractor: &Extractor, path: &Path) -> Result<DocumentText, ExtractError> {
    extractor.extract(path, &Cancel::new(), &mut |_, _| {})
}

#[test]
fn every_way_to_die_becomes_a_reason() {
    let scene = scene();
    for (kind, words) in [
        (FaultKind::Crash, "gave up"),
        (FaultKind::OutOfMemory, "more memory than allowed"),
        (FaultKind::Overflow, "too deeply"),
        (FaultKind::Garbage, "said something wrong"),
        (FaultKind::Lie, "said something wrong: span of a block"),
        (FaultKind::Panic, "told to panic"),
    ] {
        match extract(&with_fault(kind, 0), &scene.text) {
            Err(ExtractError::Crashed { reason }) => assert!(reason.contains(words), "{kind:?}: {reason}"),
            other => panic!("{kind:?}: {other:?}"),
        }
    }
}

#[test]
fn a_hang_is_ended_and_named() {
    let scene = scene();
    let error = extract(&with_fault(FaultKind::Hang, 0), &scene.text).unwrap_err();
    assert!(
        matches!(error, ExtractError::TimedOut { after } if after == short_limits().inactivity),
        "{error:?}"
    );
}

#[test]
fn the_total_time_ends_a_document_too() {
    let scene = scene();
    let limits = Limits { total_base: Duration::from_millis(700), ..limits() };
    let fault = Fault { kind: FaultKind::Spin, after_pages: 0 };
    let slow = Extractor::with_fault(WorkerConfig { limits, ..config() }, fault, true);
    let error = extract(&slow, &scene.text).unwrap_err();
    assert!(
        matches!(error, ExtractError::TimedOut { after } if after == Duration::from_millis(700)),
        "{error:?}"
    );
}

#[test]
fn pages_read_before_a_crash_are_kept() {
    let scene = scene();
    for kind in [FaultKind::Crash, FaultKind::Hang] {
        let broken = with_fault(kind, 3);
        let mut seen = Vec::new();
        let document =
            broken.extract(&scene.pdf, &Cancel::new(), &mut |done, of| seen.push((done, of))).unwrap();
        assert!(document.text.contains("Page 2 has") && !document.text.contains("Page 3 has"));
        assert!(
            matches!(document.warnings.as_slice(), [SourceWarning::Truncated { .. }]),
            "{:?}",
            document.warnings
        );
        // The second attempt does not count the pages again.
        assert_eq!(seen, [(1, Some(5)), (2, Some(5)), (3, Some(5))]);
    }
}

#[test]
fn faults_are_not_obeyed_by_ordinary_workers() {
    let scene = scene();
    let fault = Fault { kind: FaultKind::Crash, after_pages: 0 };
    let ordinary = Extractor::with_fault(config(), fault, false);
    assert_eq!(extract(&ordinary, &scene.text).unwrap().text, "Words of a text.");
}

#[test]
fn cancelling_ends_a_hanging_document_at_once() {
    let scene = scene();
    let hanging = Extractor::with_fault(config(), Fault { kind: FaultKind::Hang, after_pages: 2 }, true);
    let cancel = Cancel::new();
    let error = std::thread::scope(|scope| {
        let reading = scope.spawn(|| hanging.extract(&scene.pdf, &cancel, &mut |_, _| {}));
        std::thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        cancel.cancel();
        let outcome = reading.join().unwrap();
        // Without cancelling it would take the 20 s of the inactivity limit, twice.
        assert!(asked.elapsed() < Duration::from_secs(10));
        outcome.unwrap_err()
    });
    assert!(matches!(error, ExtractError::Cancelled));
    assert_eq!(extract(extractor(), &scene.text).unwrap().text, "Words of a text.");
}

#[test]
fn a_full_pool_makes_callers_wait_and_serves_all() {
    let scene = scene();
    let small = Extractor::new(WorkerConfig { workers: 1, ..config() });
    let done = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                assert_eq!(extract(&small, &scene.text).unwrap().text, "Words of a text.");
                assert_eq!(extract(&small, &scene.pdf).unwrap().blocks.len(), 5);
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(done.into_inner(), 6);
}

#[test]
fn more_documents_than_a_worker_may_serve() {
    let scene = scene();
    let small = Extractor::new(WorkerConfig { workers: 1, ..config() });
    for _ in 0..205 {
        assert_eq!(extract(&small, &scene.text).unwrap().blocks.len(), 1);
    }
}

#[test]
fn blocks_told_before_a_crash_are_kept() {
    let scene = scene();
    let paragraphs: String = (0..300).map(|number| format!("Message {number} 第{number}条.\n\n")).collect();
    let page: String = (0..300).map(|number| format!("<p>Message {number} 第{number}条.</p>")).collect();
    let all = [
        (FaultKind::Crash, "gave up"),
        (FaultKind::Hang, "nothing came for"),
        (FaultKind::OutOfMemory, "more memory than allowed"),
        (FaultKind::Overflow, "too deeply"),
        (FaultKind::Garbage, "said something wrong"),
        (FaultKind::Lie, "said something wrong"),
    ];
    for (name, content, faults) in [
        ("mail.txt", &paragraphs, &all[..]),
        ("mail.md", &paragraphs, &all[..1]),
        ("mail.html", &page, &all[..1]),
    ] {
        let path = scene.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        for (kind, words) in faults {
            let document = extract(&with_fault(*kind, 200), &path).unwrap();
            let count = document.blocks.len();
            assert!((200..260).contains(&count), "{name}, {kind:?}: {count} blocks");
            assert!(document.text.contains("Message 199 第199条.") && !document.text.contains("Message 299"));
            let [SourceWarning::Truncated { reason }] = document.warnings.as_slice() else {
                panic!("{name}, {kind:?}: {:?}", document.warnings)
            };
            assert!(reason.contains(words), "{name}, {kind:?}: {reason}");
        }
    }
}

#[test]
fn pages_read_before_a_panic_are_kept_with_its_words() {
    // A worker that panicked tells so by itself; what came before is not trusted less than after a
    // crash.
    let scene = scene();
    let document = extract(&with_fault(FaultKind::Panic, 3), &scene.pdf).unwrap();
    assert!(document.text.contains("Page 2 has") && !document.text.contains("Page 3 has"));
    let [SourceWarning::Truncated { reason }] = document.warnings.as_slice() else {
        panic!("{:?}", document.warnings)
    };
    assert!(reason.contains("told to panic"), "{reason}");
}

#[test]
fn neighbours_of_a_broken_document_are_not_lost() {
    let scene = scene();
    for kind in [FaultKind::Crash, FaultKind::Overflow, FaultKind::OutOfMemory, FaultKind::Garbage] {
        // Every request of this extractor breaks its worker, every request of the other is healthy;
        // both read at the same time, again and again.
        let (broken, healthy) = (with_fault(kind, 0), Extractor::new(config()));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..3 {
                        assert!(matches!(extract(&broken, &scene.text), Err(ExtractError::Crashed { .. })));
                    }
                });
                scope.spawn(|| {
                    for _ in 0..20 {
                        assert_eq!(extract(&healthy, &scene.text).unwrap().text, "Words of a text.");
                        assert_eq!(extract(&healthy, &scene.pdf).unwrap().blocks.len(), 5);
                    }
                });
            }
        });
    }
}

#[test]
fn one_pool_serves_broken_and_healthy_documents_side_by_side() {
    let scene = scene();
    // The fault strikes after the second page: the text, which has one block, is never hit.
    let pool = with_fault(FaultKind::Crash, 2);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let document = extract(&pool, &scene.pdf).unwrap();
                    assert!(document.text.contains("Page 1 has") && !document.text.contains("Page 2 has"));
                    assert_eq!(extract(&pool, &scene.text).unwrap().text, "Words of a text.");
                }
            });
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_can_reach_nothing_but_its_document() {
    let scene = scene();
    let neighbour = scene.folder.path().join("neighbour");
    std::fs::write(&neighbour, "a secret").unwrap();
    let told = extract(&with_fault(FaultKind::Probe, 0), &scene.text).unwrap().text;
    let outcomes: HashMap<&str, &str> = told.lines().filter_map(|line| line.split_once(": ")).collect();
    let active: Vec<&str> = outcomes["limits"].split(", ").collect();
    println!("{told}");
    for limit in ["no core dumps", "open files", "memory", "dies with its parent", "few system calls"] {
        assert!(active.contains(&limit), "{limit} is not active: {active:?}");
    }
    // Linux with seccomp, as every distribution has it: refused whatever else is there.
    for attempt in
        ["connect over TCP", "open a UDP socket", "start a program", "write a file", "change a file"]
    {
        assert!(outcomes[attempt].contains("not implemented"), "{attempt}: {}", outcomes[attempt]);
    }
    assert_ne!(outcomes["remove a file"], "done");
    assert_eq!(outcomes["start a thread"], "done");
    assert!(neighbour.exists() && !scene.folder.path().join("written").exists());
    // Landlock is in kernels since 5.13, if it was not left out.
    let reads = [
        "read a neighbour",
        "open the document by its path",
        "read the users of the system",
        "read its own environment",
    ];
    if active.contains(&"no files") {
        for attempt in reads {
            assert!(outcomes[attempt].contains("ermission denied"), "{attempt}: {}", outcomes[attempt]);
        }
    } else {
        println!("this kernel has no Landlock: reading other files was not refused");
    }
    // Without the limits each attempt succeeds: they prove something.
    std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(std::process::Command::new("/bin/true").status().unwrap().success());
    for path in [neighbour.as_path(), &scene.text, Path::new("/etc/passwd"), Path::new("/proc/self/environ")]
    {
        std::fs::read(path).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn fonts_that_a_document_does_not_bring_are_found_in_the_sandbox() {
    // Helvetica is not embedded: PDFium looks for it, or takes its own.
    let scene = scene();
    let cancel = Cancel::new();
    let inside = extractor().render_page(&scene.pdf, 0, 300, &cancel).unwrap();
    let outside = InProcess::new(Some(crate::support::pdfium()), Limits::default());
    assert_eq!(inside, outside.render_page(&scene.pdf, 0, 300, &cancel).unwrap());
}

#[test]
fn a_pdf_that_takes_all_memory_is_an_error_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.pdf");
    std::fs::write(&path, crate::pdf_writer::flate_bomb(600 << 20)).unwrap();
    // Far less than the stream unpacks to.
    let limits = Limits { memory_bytes: 400 << 20, ..Limits::default() };
    let small = Extractor::new(WorkerConfig { limits, workers: 1, ..config() });
    let outcome = extract(&small, &path);
    println!("{outcome:?}");
    match outcome {
        Err(ExtractError::Crashed { reason }) => assert!(reason.contains("memory"), "{reason}"),
        other => panic!("{other:?}"),
    }
    // The pool goes on.
    assert_eq!(extract(&small, &scene().text).unwrap().text, "Words of a text.");
}

#[cfg(target_os = "linux")]
mod processes {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::process::{Command, Stdio};

    /// The worker under a name of its own, by which its processes are told from those of other tests.
    fn named(folder: &Path, name: &str) -> WorkerConfig {
        let worker = folder.join(name);
        symlink(config().worker, &worker).unwrap();
        WorkerConfig { worker, workers: 2, limits: limits(), ..config() }
    }

    /// Number and state (`Z`: a zombie) of all processes of a name.
    fn running(name: &str) -> Vec<(u32, char)> {
        let folders = std::fs::read_dir("/proc").unwrap().filter_map(Result::ok);
        let numbers = folders.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        numbers
            .filter_map(|number| {
                let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).ok()?;
                let (head, tail) = stat.rsplit_once(") ")?;
                head.ends_with(&format!("({name}")).then(|| (number, tail.chars().next().unwrap()))
            })
            .collect()
    }

    fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
        let patience = Instant::now() + Duration::from_secs(30);
        while !holds() {
            assert!(Instant::now() < patience, "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn broken_workers_leave_no_zombies() {
        let scene = scene();
        let config = named(scene.folder.path(), "dxw-zombies");
        for kind in [FaultKind::Crash, FaultKind::Garbage, FaultKind::Panic, FaultKind::OutOfMemory] {
            let broken = Extractor::with_fault(config.clone(), Fault { kind, after_pages: 0 }, true);
            for _ in 0..3 {
                assert!(extract(&broken, &scene.text).is_err());
            }
            // While the extractor lives, and no document is being read.
            assert_eq!(running("dxw-zombies"), [], "{kind:?}");
        }
        let healthy = Extractor::new(config);
        assert!(extract(&healthy, &scene.text).is_ok());
        assert_eq!(running("dxw-zombies").len(), 1);
        drop(healthy);
        assert_eq!(running("dxw-zombies"), []);
    }

    #[test]
    fn a_worker_killed_from_outside_is_replaced() {
        let scene = scene();
        let healthy = Extractor::new(named(scene.folder.path(), "dxw-replaced"));
        assert!(extract(&healthy, &scene.text).is_ok());
        let [(worker, _)] = running("dxw-replaced")[..] else { panic!() };
        crate::support::run("sh", &["-c", &format!("kill -KILL {worker}")]);
        wait_until("the end of the worker", || {
            running("dxw-replaced").iter().all(|(number, state)| *number != worker || *state == 'Z')
        });
        assert_eq!(extract(&healthy, &scene.text).unwrap().text, "Words of a text.");
        let [(other, state)] = running("dxw-replaced")[..] else { panic!() };
        assert!(other != worker && state != 'Z');
    }

    #[test]
    fn a_worker_is_replaced_after_200_documents() {
        let scene = scene();
        let mut config = named(scene.folder.path(), "dxw-used-up");
        config.workers = 1;
        let healthy = Extractor::new(config);
        let mut seen = Vec::new();
        for _ in 0..202 {
            extract(&healthy, &scene.text).unwrap();
            seen.extend(running("dxw-used-up").into_iter().map(|(number, _)| number));
        }
        let first = seen.iter().filter(|number| **number == seen[0]).count();
        seen.dedup();
        // After the 200th it is gone already.
        assert_eq!((first, seen.len()), (199, 2));
    }

    const FOLDER: &str = "DOCENT_TEST_PARENT_FOLDER";

    /// Not a test by itself: the parent that the next test kills.
    #[test]
    #[ignore = "started by `workers_die_with_a_killed_parent`"]
    fn parent_to_be_killed() {
        let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
        let config = WorkerConfig { limits: Limits::default(), ..named(&folder, "dxw-orphans") };
        let hanging = Extractor::with_fault(config, Fault { kind: FaultKind::Hang, after_pages: 0 }, true);
        let _ = extract(&hanging, &folder.join("a.txt"));
    }

    #[test]
    fn workers_die_with_a_killed_parent() {
        let scene = scene();
        let mut parent = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "isolation::processes::parent_to_be_killed", "--ignored"])
            .env(FOLDER, scene.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        wait_until("a worker", || !running("dxw-orphans").is_empty());
        // It hangs, so that it does not read the end of its input.
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(running("dxw-orphans").len(), 1);
        parent.kill().unwrap();
        parent.wait().unwrap();
        wait_until("the end of the worker", || running("dxw-orphans").iter().all(|(_, state)| *state == 'Z'));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn workers_are_confined_and_end_with_their_extractor() {
    let scene = scene();
    // A limit that no other test uses tells these workers from theirs.
    let limits = Limits { memory_bytes: (1 << 30) + (7 << 12), ..limits() };
    let needle = limits.memory_bytes.to_string();
    let mine = Extractor::new(WorkerConfig { workers: 1, limits, ..config() });
    // Started from a thread that is gone afterwards: the worker must stay.
    std::thread::scope(|scope| {
        scope.spawn(|| extract(&mine, &scene.text).unwrap());
    });
    let running = || -> Vec<PathBuf> {
        let own = std::process::id().to_string();
        std::fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                let status = std::fs::read_to_string(path.join("status")).unwrap_or_default();
                let limits = std::fs::read_to_string(path.join("limits")).unwrap_or_default();
                status.contains(&format!("PPid:\t{own}\n"))
                    && status.starts_with("Name:\tdocent-extract")
                    && limits
                        .lines()
                        .any(|line| line.starts_with("Max address space") && line.contains(&needle))
            })
            .collect()
    };
    let workers = running();
    assert!(!workers.is_empty());
    for worker in &workers {
        let limits = std::fs::read_to_string(worker.join("limits")).unwrap_or_default();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).map(str::to_owned);
        assert!(core.is_some_and(|line| line.split_whitespace().nth(4) == Some("0")));
    }
    drop(mine);
    assert!(running().is_empty());
}

#[cfg(unix)]
#[test]
fn a_worker_killed_from_outside_is_no_fault_of_the_document() {
    use std::os::unix::fs::PermissionsExt;
    let scene = scene();
    let (worker, starts) = (scene.folder.path().join("worker"), scene.folder.path().join("starts"));
    std::fs::write(&worker, format!("#!/bin/sh\necho start >> {}\nkill -9 $$\n", starts.display())).unwrap();
    std::fs::set_permissions(&worker, std::fs::Permissions::from_mode(0o755)).unwrap();
    let begun = Instant::now();
    let error = extract(&Extractor::new(WorkerConfig { worker, ..config() }), &scene.text).unwrap_err();
    assert!(matches!(error, ExtractError::Interrupted { .. }) && !error.is_permanent(), "{error:?}");
    assert_eq!(std::fs::read_to_string(starts).unwrap().lines().count(), 2);
    assert!(begun.elapsed() >= Duration::from_secs(2)); // memory gets a moment to become free
}
