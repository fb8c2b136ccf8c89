//! Processes that die or run out of disk while writing, and writes that nobody waits for.

use crate::{config, fresh, open, open_with, rows};
use docent_corpus::{BatchId, RevisionId};
use docent_vector_store::{Filter, Maintenance, TextQuery, VectorStore, contract};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "DOCENT_TEST_CHILD_FOLDER";
const APPENDS: &str = "DOCENT_TEST_CHILD_APPENDS";
const SMALL_DISK: &str = "DOCENT_TEST_CHILD_SMALL_DISK";
const BATCH: i64 = 20;

/// Not a test by itself: what the child processes of the tests below run. Without their variables it
/// does nothing.
#[test]
fn child_appends() {
    let (Ok(folder), Ok(appends)) = (std::env::var(FOLDER), std::env::var(APPENDS)) else { return };
    let appends: i64 = appends.parse().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (store, _) = open(Path::new(&folder)).await;
        let mut next = store.rows().await.unwrap() as i64;
        println!("\nacknowledged {next}");
        for _ in 0..appends {
            store.append(rows(next, next + BATCH, contract::DIMENSION)).await.unwrap();
            next += BATCH;
            println!("acknowledged {next}");
        }
    });
}

fn child(folder: &Path, appends: usize, wrapped_in: &[&str]) -> Command {
    let this = std::env::current_exe().unwrap();
    let mut words = wrapped_in.iter().map(std::ffi::OsStr::new).chain([this.as_os_str()]);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).args(["--exact", "killed::child_appends", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).env(APPENDS, appends.to_string());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// Not a test by itself: what runs on the small disk of the test below.
#[test]
fn child_fills_the_disk() {
    const DIMENSION: usize = 256;
    let Ok(folder) = std::env::var(SMALL_DISK) else { return };
    let folder = Path::new(&folder);
    // Room that is given back later.
    let filler = folder.join("filler");
    std::fs::write(&filler, vec![0u8; 8 << 20]).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (store, _) = open_with(config(&folder.join("lance"), DIMENSION)).await.unwrap();
        let mut written = 0;
        let error = loop {
            match store.append(rows(written, written + 500, DIMENSION)).await {
                Ok(_) => written += 500,
                Err(error) => break error,
            }
            assert!(written < 100_000, "the disk never became full");
        };
        assert_eq!(error.code(), "disk_full", "{error}");
        assert!(written > 0);
        // Nothing of the failed write is there, all of the others is.
        assert_eq!(store.rows().await.unwrap() as i64, written);
        let own = TextQuery::Words(format!("unique{}", written - 1));
        assert_eq!(store.search_text(&own, &Filter::default(), 5).await.unwrap().len(), 1);
        let report = store.maintain(Maintenance::Now).await.unwrap();
        assert!(!report.is_sound(), "there is no room to join files");
        assert_eq!((report.consecutive_failures, report.rows as i64), (1, written));
        assert!(report.done.contains(&docent_vector_store::MaintenanceStep::Prune), "{report:?}");

        std::fs::remove_file(&filler).unwrap();
        store.delete_revisions(&[RevisionId(1000)]).await.unwrap();
        store.append(rows(written, written + 500, DIMENSION)).await.unwrap();
        assert_eq!(store.rows().await.unwrap() as i64, written + 500 - 2);
        assert_eq!(store.count_batch(BatchId(0)).await.unwrap(), 18);
        drop(store);
        let (store, report) = open_with(config(&folder.join("lance"), DIMENSION)).await.unwrap();
        assert!(!report.replaced && !report.rolled_back && report.quarantined_manifests == 0, "{report:?}");
        assert_eq!(store.rows().await.unwrap() as i64, written + 500 - 2);
    });
    println!("\nwritten to the last byte");
}

/// A full disk costs the write that did not fit and nothing else. Needs `unshare` and the right to
/// mount a small disk for the child alone.
#[test]
fn a_full_disk_costs_only_the_write_that_did_not_fit() {
    let base = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=24m none \"$1\" || exit 77; shift; exec \"$@\"";
    let output = Command::new("unshare")
        .args(["-r", "-m", "sh", "-c", mount, "sh"])
        .arg(base.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child_fills_the_disk", "--nocapture"])
        .env(SMALL_DISK, base.path())
        .output();
    let Ok(output) = output else { return eprintln!("not checked: there is no `unshare`") };
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || complained.contains("unshare") {
        return eprintln!("not checked: no disk may be mounted: {complained}");
    }
    assert!(output.status.success() && said.contains("written to the last byte"), "{said}\n{complained}");
}

/// A process that is killed at any moment leaves whole batches, and all that it was told are written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_writer_leaves_whole_batches() {
    let base = tempfile::tempdir().unwrap();
    for round in 0..5u64 {
        let mut child = child(base.path(), 100_000, &[]).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (mut acknowledged, mut seen) = (0, 0);
        while let Some(Ok(line)) = lines.next() {
            if let Some((_, count)) = line.split_once("acknowledged ") {
                acknowledged = count.parse().unwrap();
                seen += 1;
            }
            if seen == 4 {
                break;
            }
        }
        assert_eq!(seen, 4, "the child wrote nothing");
        // Somewhere inside the next write.
        std::thread::sleep(Duration::from_millis(3 + 7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines.map_while(Result::ok) {
            if let Some((_, count)) = line.split_once("acknowledged ") {
                acknowledged = count.parse().unwrap();
            }
        }

        let (store, report) = open(base.path()).await;
        assert!(!report.created && !report.replaced && !report.rolled_back, "round {round}: {report:?}");
        assert_eq!(report.quarantined_manifests, 0, "round {round}");
        let rows = store.rows().await.unwrap();
        assert!(rows.is_multiple_of(BATCH as usize), "round {round}: {rows} rows");
        assert!(rows >= acknowledged, "round {round}: {rows} rows, {acknowledged} acknowledged");
        let counted: usize = store.revision_counts().await.unwrap().iter().map(|(_, n)| n).sum();
        assert_eq!(counted, rows, "round {round}");
    }
}

/// Every file of an append is synced before it returns. Needs `strace` and the right to trace.
#[test]
fn appends_are_synced() {
    let base = tempfile::tempdir().unwrap();
    let log = base.path().join("syncs");
    let trace = |appends: usize| {
        let folder = base.path().join(format!("data-{appends}"));
        let tracer = ["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", log.to_str().unwrap()];
        let status = child(&folder, appends, &tracer).status();
        let traced = status.is_ok_and(|status| status.success());
        let calls = std::fs::read_to_string(&log).unwrap_or_default();
        traced.then(|| calls.lines().filter(|line| line.contains("sync(") && line.contains("= 0")).count())
    };
    let (Some(none), Some(ten)) = (trace(0), trace(10)) else {
        eprintln!("not checked: strace is not there or may not trace");
        return;
    };
    // The data, the transaction and the description of the version, each with its folder.
    assert!(ten >= none + 10 * 3, "{} syncs for ten appends", ten - none);
}

/// A caller that stops waiting does not stop the write half-way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_write_is_whole_or_absent() {
    let (_folder, store) = fresh().await;
    for n in 0..6 {
        let write = store.append(rows(n * BATCH, (n + 1) * BATCH, contract::DIMENSION));
        let patience = Duration::from_micros(400 * n as u64);
        let finished = tokio::time::timeout(patience, write).await.is_ok();
        // The next write waits for the abandoned one.
        store.append(rows(1_000 + n, 1_001 + n, contract::DIMENSION)).await.unwrap();
        let rows = store.rows().await.unwrap() as i64;
        assert_eq!((rows - (n + 1)) % BATCH, 0, "{rows} rows, finished: {finished}");
    }
    let counted: usize = store.revision_counts().await.unwrap().iter().map(|(_, n)| n).sum();
    assert_eq!(counted, store.rows().await.unwrap());
}
