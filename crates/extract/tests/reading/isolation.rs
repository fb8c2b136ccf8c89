//! Workers that crash, hang, run out of memory or lie: what comes of it, and that the rest goes on.

use crate::pdf_writer::{MadePage, pdf};
use crate::support::{config, extractor};
use docent_corpus::{Cancel, DocumentText, SourceWarning};
use docent_extract::{ExtractError, Extractor, Fault, FaultKind, Limits, WorkerConfig};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

struct Scene {
    _folder: tempfile::TempDir,
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
    Scene { _folder: folder, pdf: pdf_path, text }
}

fn limits() -> Limits {
    Limits { memory_bytes: 1 << 30, ..Limits::default() }
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
