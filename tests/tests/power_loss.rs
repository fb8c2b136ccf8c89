//! The power fails at any moment. What a real docent writes is recorded, with every flush; then the disk
//! is put together as it might be found after a power cut, in three ways, and docent is started on it.
//!
//! `DOCENT_CUTS` sets at how many moments (12 without it), `DOCENT_SEED` at which.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use docent_tests::disk::{After, Disk, Record, read_log};
use docent_tests::indexed::{open, runtime};
use docent_tests::weather::{COMMON, Dice, Documents};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names the folder in a child whose writes are recorded.
const FOLDER: &str = "DOCENT_TEST_POWER_FOLDER";
/// A file that the child creates when everything is indexed; the number of the generation follows.
const ACKNOWLEDGED: &str = "acknowledged-";
const GENERATIONS: usize = 6;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The generations of documents, each after the one before, the same in parent and child.
fn generations(folder: &Path, mut each: impl FnMut(usize, &Documents)) {
    let (mut dice, mut documents) = (Dice::new(7), Documents::default());
    for generation in 0..GENERATIONS {
        for _ in 0..3 {
            documents.change(folder, &mut dice);
        }
        each(generation, &documents);
        documents.acknowledge();
    }
}

/// The child: indexes one generation after the other and says so.
#[test]
fn child_that_is_recorded() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let documents = folder.join("documents");
    let runtime = runtime();
    let opened = runtime.block_on(open(&folder));
    generations(&documents, |generation, _| {
        runtime.block_on(async {
            opened.index(&documents).await;
            opened.index(&documents).await;
        });
        std::fs::write(folder.join("library").join(format!("{ACKNOWLEDGED}{generation}")), "").unwrap();
    });
}

/// Runs the child with everything recorded that it does below its library.
fn recorded(folder: &Path) -> Vec<Record> {
    let shim = folder.join("recorder.so");
    let source = docent_tests::root().join("tests/power_loss/recorder.c");
    let built = Command::new("cc")
        .args(["-O1", "-shared", "-fPIC", "-o"])
        .args([shim.as_os_str(), source.as_os_str()])
        .arg("-lpthread")
        .status()
        .expect("a C compiler is there");
    assert!(built.success());
    let log = folder.join("log");
    std::fs::create_dir_all(folder.join("world/documents")).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["child_that_is_recorded", "--exact", "--nocapture"])
        .env(FOLDER, folder.join("world"))
        .env("DOCENT_RECORD_ROOT", folder.join("world/library"))
        .env("DOCENT_RECORD_LOG", &log)
        .env("LD_PRELOAD", &shim)
        .status()
        .unwrap();
    assert!(status.success());
    read_log(&log, &folder.join("world/library"))
}

#[test]
fn a_power_cut_at_any_moment_loses_nothing_that_was_acknowledged() {
    let (cuts, seed) = (setting("DOCENT_CUTS", 12), setting("DOCENT_SEED", 4));
    let folder = tempfile::Builder::new().prefix("power").tempdir().unwrap();
    let records = recorded(folder.path());
    let flushes = records.iter().filter(|record| matches!(record, Record::Flush(_))).count();
    assert!(flushes > 20, "{flushes} flushes in {} records", records.len());
    // What the documents were in each generation.
    let replayed = folder.path().join("again");
    std::fs::create_dir(&replayed).unwrap();
    let mut states = Vec::new();
    generations(&replayed, |_, documents| states.push(documents.clone()));

    let mut dice = Dice::new(seed);
    let mut moments: Vec<usize> = (0..cuts).map(|_| dice.below(records.len() as u64 + 1) as usize).collect();
    moments.push(records.len());
    for moment in moments {
        let acknowledged = acknowledged_before(&records[..moment]);
        for after in After::ALL {
            let found = started_after(&records[..moment], after, folder.path());
            let allowed = judge(&states, acknowledged, &found);
            if let Err(complaint) = allowed {
                panic!(
                    "seed {seed}, power cut after {moment} of {} records, {after:?}, {acknowledged:?} acknowledged: {complaint}",
                    records.len()
                );
            }
        }
    }
}

/// The last generation that was acknowledged, if one was.
fn acknowledged_before(records: &[Record]) -> Option<usize> {
    records.iter().rev().find_map(|record| match record {
        Record::Create(path) => path.to_str()?.strip_prefix(ACKNOWLEDGED)?.parse().ok(),
        _ => None,
    })
}

/// What docent finds when it is started on the disk as it may be after the cut. Nothing is indexed
/// again: the documents themselves are not there.
fn started_after(
    records: &[Record],
    after: After,
    folder: &Path,
) -> std::collections::BTreeMap<String, usize> {
    let mut disk = Disk::default();
    records.iter().for_each(|record| disk.apply(record));
    let world = tempfile::Builder::new().prefix("after").tempdir_in(folder).unwrap();
    disk.write(after, &world.path().join("library"));
    runtime().block_on(async {
        let opened = open(world.path()).await;
        // What was stored and not indexed is finished; no file is read.
        opened.ingest.run(&docent_corpus::Cancel::new(), &|_| {}).await.expect("a run goes through");
        opened.visible(&[COMMON]).await
    })
}

/// Everything of the acknowledged generation that the next one did not touch is found once; nothing
/// is found that belongs to neither.
fn judge(
    states: &[Documents],
    acknowledged: Option<usize>,
    found: &std::collections::BTreeMap<String, usize>,
) -> Result<(), String> {
    let next = acknowledged.map_or(0, |generation| (generation + 1).min(states.len() - 1));
    let now = states[next].now.clone();
    let mut documents = states[next].clone();
    documents.now = now;
    documents.acknowledged =
        acknowledged.map(|generation| states[generation].now.clone()).unwrap_or_default();
    documents.judge(found)
}
