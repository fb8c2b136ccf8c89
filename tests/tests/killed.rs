//! The process is killed at any moment while files come, change, move and go. After each time it starts
//! by itself, what it had acknowledged is found once, and nothing deleted comes back.
//!
//! `DOCENT_KILLS` sets how often (30 without it), `DOCENT_SEED` what happens.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use docent_tests::indexed::{open, runtime};
use docent_tests::weather::{COMMON, Dice, Documents};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Names the folder in a child that is to be killed.
const FOLDER: &str = "DOCENT_TEST_KILLED_FOLDER";
/// What the child says when everything is indexed as it is.
const DONE: &str = "everything is indexed";
/// Every so many times the child is given time to finish.
const PEACE: u64 = 5;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The child: indexes again and again, and says when it has nothing left to do.
#[test]
fn child_that_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    runtime().block_on(async {
        let opened = open(&folder).await;
        loop {
            let report = opened.index(&folder.join("documents")).await;
            if report.indexed + report.copies + report.unsettled == 0 {
                println!("{DONE}");
            }
        }
    });
}

fn start(folder: &Path) -> (Child, Receiver<()>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["child_that_is_killed", "--exact", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (sender, done) = channel();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if line.contains(DONE) && sender.send(()).is_err() {
                return;
            }
        }
    });
    (child, done)
}

#[test]
fn killed_at_any_moment_nothing_acknowledged_is_lost_and_nothing_deleted_returns() {
    let (rounds, seed) = (setting("DOCENT_KILLS", 30), setting("DOCENT_SEED", 4));
    let folder = tempfile::Builder::new().prefix("killed 杀 ").tempdir().unwrap();
    let documents_folder = folder.path().join("documents");
    std::fs::create_dir(&documents_folder).unwrap();
    let (mut dice, mut documents) = (Dice::new(seed), Documents::default());
    for round in 0..rounds {
        documents.change(&documents_folder, &mut dice);
        let (mut child, done) = start(folder.path());
        if round % PEACE == PEACE - 1 {
            done.recv_timeout(Duration::from_secs(120)).expect("the child finishes when it is left alone");
            documents.acknowledge();
            // And is killed in the middle of what comes next.
            documents.change(&documents_folder, &mut dice);
        }
        std::thread::sleep(Duration::from_millis(dice.below(900)));
        child.kill().unwrap();
        child.wait().unwrap();
        let found = runtime().block_on(async { open(folder.path()).await.visible(&[COMMON]).await });
        if let Err(complaint) = documents.judge(&found) {
            panic!("seed {seed}, round {round}: {complaint}");
        }
    }
    let found = runtime().block_on(async {
        let opened = open(folder.path()).await;
        opened.index(&documents_folder).await;
        let rows = opened.store.rows().await.unwrap();
        assert_eq!(rows, opened.library.document_counts().unwrap().chunks, "rows that nobody needs");
        opened.visible(&[COMMON]).await
    });
    documents.acknowledge();
    documents.judge(&found).unwrap();
    assert_eq!(found.len(), documents.now.len());
}
