//! The process is killed after every step of the journal; after a restart everything is there, once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::file_store::FileStore;
use common::flaky::FlakyEmbedder;
use common::plain::PlainExtract;
use common::{DIMENSION, clock, expect_consistent, prose, visible, write};
use docent_corpus::Cancel;
use docent_inference::Embedder;
use docent_ingest::fault::Step;
use docent_ingest::{Ingest, IngestParts, StoreState};
use docent_library::{Library, SourceKind};
use docent_vector_store::VectorStore;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Names the folder in which the child works.
const FOLDER: &str = "DOCENT_TEST_CRASH_FOLDER";
/// `<step>:<n>`: the child stops after that step has happened n times.
const PLACE: &str = "DOCENT_TEST_CRASH_PLACE";

/// The documents at first.
fn lay_first(docs: &Path) {
    write(docs, "stays.txt", &format!("# One\n\n{}\n\n# Two\n\n{}", prose(1, 150), prose(2, 150)));
    write(docs, "changes.txt", &prose(3, 300));
    write(docs, "goes.txt", &prose(4, 120));
    write(docs, "资料/中文 说明.txt", "第一句话。第二句话！第三句话？");
}

/// What a person does to them later.
fn lay_second(docs: &Path) {
    write(docs, "changes.txt", &format!("{}\n\n{}", prose(5, 280), prose(3, 20)));
    write(docs, "new.txt", &prose(6, 90));
    let _ = std::fs::remove_file(docs.join("goes.txt"));
    if docs.join("资料/中文 说明.txt").exists() {
        std::fs::rename(docs.join("资料/中文 说明.txt"), docs.join("moved.txt")).unwrap();
    }
}

/// Opens what is in `folder`, recovers, and indexes the documents twice: as they are at first, unless
/// `late`, and as they are later.
async fn live_through(folder: &Path, late: bool, stop: impl Fn(Step) + Send + Sync + 'static) {
    let docs = folder.join("docs");
    let (library, _) = Library::open(&folder.join("data")).unwrap();
    let library = Arc::new(library);
    let embedder = Arc::new(FlakyEmbedder::new(DIMENSION));
    let (profile, _) = library.ensure_profile(embedder.profile()).unwrap();
    let source = library.add_source(&docs, SourceKind::Folder, 1).unwrap();
    let store = Arc::new(FileStore::open(&folder.join("rows.json"), DIMENSION));
    let version = store.version();
    let ingest = Ingest::new(IngestParts {
        library: Arc::clone(&library),
        store: Arc::clone(&store) as Arc<dyn VectorStore>,
        embedder,
        extract: Arc::new(PlainExtract::default()),
        profile,
        clock: clock(),
    })
    .with_fault(Arc::new(stop));
    ingest.recover(StoreState { replaced: false, version }).await.unwrap();
    if !late {
        lay_first(&docs);
        ingest.scan(source, &Cancel::new()).await.unwrap();
        ingest.run(&Cancel::new(), &|_| {}).await.unwrap();
        lay_second(&docs);
    }
    ingest.scan(source, &Cancel::new()).await.unwrap();
    ingest.run(&Cancel::new(), &|_| {}).await.unwrap();
    expect_consistent(&library, &*store).await;
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

/// Not a test of its own: what the child process does.
#[test]
fn child() {
    let (Ok(folder), Ok(place)) = (std::env::var(FOLDER), std::env::var(PLACE)) else { return };
    let count = AtomicUsize::new(0);
    run(live_through(Path::new(&folder), false, move |step| {
        let happened = if place.starts_with(&format!("{step:?}:")) {
            count.fetch_add(1, Ordering::SeqCst) + 1
        } else {
            0
        };
        if place == format!("{step:?}:{happened}") {
            std::process::abort();
        }
    }));
}

/// What is visible in a folder, opened afresh.
fn seen(folder: &Path) -> BTreeMap<(String, u32), String> {
    visible(&Library::open(&folder.join("data")).unwrap().0)
}

#[test]
fn a_crash_after_any_step_loses_nothing_and_doubles_nothing() {
    let reference = tempfile::tempdir().unwrap();
    let steps: Arc<std::sync::Mutex<BTreeMap<String, usize>>> = Arc::default();
    let counted = Arc::clone(&steps);
    run(live_through(reference.path(), false, move |step| {
        *counted.lock().unwrap().entry(format!("{step:?}")).or_insert(0) += 1;
    }));
    let want = seen(reference.path());
    assert_eq!(want.keys().map(|(path, _)| path.as_str()).filter(|path| *path == "moved.txt").count(), 1);
    assert!(
        want.keys().any(|(path, _)| path == "new.txt") && !want.keys().any(|(path, _)| path == "goes.txt")
    );
    let steps = steps.lock().unwrap().clone();
    for step in Step::ALL {
        let times = *steps.get(&format!("{step:?}")).unwrap_or(&0);
        assert!(times > 0, "{step:?} never happens");
        for n in 1..=times {
            let place = format!("{step:?}:{n}");
            let folder = tempfile::tempdir().unwrap();
            let status = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child", "--test-threads=1"])
                .env(FOLDER, folder.path())
                .env(PLACE, &place)
                .output()
                .unwrap()
                .status;
            assert!(!status.success(), "the child was not stopped after {place}");
            // The person goes on as before, whatever the crash has left.
            lay_second(&folder.path().join("docs"));
            run(live_through(folder.path(), true, |_| {}));
            let found = seen(folder.path());
            assert_eq!(found, want, "after {place}");
        }
    }
}
