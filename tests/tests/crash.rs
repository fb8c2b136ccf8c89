//! The process dies after each step of the journal; the next start finishes or redoes the work, and
//! everything can be found exactly once. Real SQLite, real LanceDB, the real reader; only the
//! vectors are made up, since what they mean does not matter here.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use docent_ingest::fault::Step;
use docent_tests::indexed::{open, runtime};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Names the library in a child that is to crash.
const FOLDER: &str = "DOCENT_TEST_CRASH_FOLDER";
/// Names the step after which it is to crash.
const STEP: &str = "DOCENT_TEST_CRASH_STEP";

fn write_documents(folder: &Path, version: usize) {
    std::fs::create_dir_all(folder).unwrap();
    for (name, word) in [("a.md", "aardvark"), ("b.md", "bandicoot"), ("c.txt", "capybara")] {
        std::fs::write(folder.join(name), format!("The {word} of version {version} sleeps.\n")).unwrap();
    }
    // Another size, so that a change is seen whatever the clock's resolution.
    std::fs::write(folder.join("v.txt"), "veery ".repeat(version)).unwrap();
}

/// The child: indexes until its step, then dies without a farewell.
#[test]
fn child_that_crashes() {
    let (Some(folder), Ok(step)) = (std::env::var_os(FOLDER), std::env::var(STEP)) else { return };
    let folder = PathBuf::from(folder);
    runtime().block_on(async {
        let mut opened = open(&folder).await;
        opened.ingest = opened.ingest.with_fault(Arc::new(move |done| {
            if format!("{done:?}") == step {
                std::process::abort();
            }
        }));
        opened.index(&folder.join("documents")).await;
    });
}

fn crash_after(step: Step, folder: &Path) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["child_that_crashes", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .env(STEP, format!("{step:?}"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success(), "the child was to die after {step:?}");
}

#[test]
fn a_crash_after_any_step_loses_nothing_and_shows_nothing_twice() {
    let words = ["aardvark", "bandicoot", "capybara", "veery"];
    for step in Step::ALL {
        let folder = tempfile::Builder::new().prefix("crash 崩溃 ").tempdir().unwrap();
        let documents = folder.path().join("documents");
        // A first version that is indexed in peace, then a change during which the process dies:
        // so that the steps after publishing have something to remove.
        write_documents(&documents, 1);
        runtime().block_on(async { drop(open(folder.path()).await.index(&documents).await) });
        write_documents(&documents, 22);
        crash_after(step, folder.path());

        let (found, rows) = runtime().block_on(async {
            let opened = open(folder.path()).await;
            opened.index(&documents).await;
            (opened.visible(&words).await, opened.store.rows().await.unwrap())
        });
        let versions: Vec<&String> = found.keys().filter(|text| text.contains("version")).collect();
        assert_eq!(versions.len(), 3, "after {step:?}: {found:?}");
        assert!(versions.iter().all(|text| text.contains("version 22")), "after {step:?}: {found:?}");
        assert_eq!(found.len(), 4, "after {step:?}: {found:?}");
        assert!(found.values().all(|count| *count == 1), "after {step:?}: {found:?}");
        assert_eq!(rows, 4, "after {step:?} the index holds rows that nobody needs");
    }
}
