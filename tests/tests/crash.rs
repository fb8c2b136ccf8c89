//! The process dies after each step of the journal; the next start finishes or redoes the work, and
//! everything can be found exactly once. Real SQLite, real LanceDB, the real reader; only the
//! vectors are made up, since what they mean does not matter here.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use docent_corpus::{Cancel, Pooling, Profile};
use docent_extract::{InProcess, Limits};
use docent_inference::fake::FakeEmbedder;
use docent_ingest::fault::Step;
use docent_ingest::{Ingest, IngestParts, StoreState};
use docent_library::{Library, SourceKind};
use docent_vector_store::{Filter, LanceConfig, LanceStore, TextQuery, VectorStore};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// Names the library in a child that is to crash.
const FOLDER: &str = "DOCENT_TEST_CRASH_FOLDER";
/// Names the step after which it is to crash.
const STEP: &str = "DOCENT_TEST_CRASH_STEP";
const DIMENSION: usize = 32;

struct Opened {
    library: Arc<Library>,
    store: Arc<dyn VectorStore>,
    ingest: Ingest,
}

async fn open(folder: &Path) -> Opened {
    let (library, _) = Library::open(&folder.join("library")).expect("the library opens after a crash");
    let library = Arc::new(library);
    let embedder = Arc::new(FakeEmbedder::new(DIMENSION));
    let profile = Profile {
        model: "made up".to_owned(),
        weights_sha256: String::new(),
        dimension: DIMENSION,
        pooling: Pooling::Mean,
        normalised: true,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        max_tokens: 256,
        precision: "f32".to_owned(),
    };
    let (id, table) = library.ensure_profile(&profile).unwrap();
    if library.active_profile().unwrap().is_none() {
        library.set_active_profile(id).unwrap();
    }
    let config = LanceConfig {
        folder: folder.join("library/lance"),
        table,
        dimension: DIMENSION,
        index_cache_bytes: 32 << 20,
        metadata_cache_bytes: 8 << 20,
        durable_version: Some(library.index_state(id).unwrap().durable_version),
    };
    let (store, report) = LanceStore::open(config).await.expect("the index opens after a crash");
    let store: Arc<dyn VectorStore> = Arc::new(store);
    let ingest = Ingest::new(IngestParts {
        library: Arc::clone(&library),
        store: Arc::clone(&store),
        embedder,
        extract: Arc::new(InProcess::new(None, Limits::default())),
        profile: id,
        clock: Arc::new(|| 1_700_000_000_000),
    });
    ingest
        .recover(StoreState { replaced: report.replaced, version: report.version })
        .await
        .expect("recovery");
    Opened { library, store, ingest }
}

async fn index(opened: &Opened, documents: &Path) {
    let source = opened.library.add_source(documents, SourceKind::Folder, 1).unwrap();
    opened.ingest.scan(source, &Cancel::new()).await.unwrap();
    opened.ingest.run(&Cancel::new(), &|_| {}).await.unwrap();
}

/// Every chunk that a search can reach, with how often it was found.
async fn visible(opened: &Opened, words: &[&str]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for word in words {
        let query = TextQuery::Words((*word).to_owned());
        let hits = opened.store.search_text(&query, &Filter::default(), 100).await.unwrap();
        let ids: Vec<_> = hits.iter().map(|hit| hit.chunk).collect();
        let live = opened.library.live_chunks(&ids).unwrap();
        for hit in &hits {
            if let Some(chunk) = live.iter().find(|chunk| chunk.id == hit.chunk) {
                *found.entry(chunk.text.clone()).or_default() += 1;
            }
        }
    }
    found
}

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
        index(&opened, &folder.join("documents")).await;
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
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
        runtime().block_on(async { index(&open(folder.path()).await, &documents).await });
        write_documents(&documents, 22);
        crash_after(step, folder.path());

        let (found, rows) = runtime().block_on(async {
            let opened = open(folder.path()).await;
            index(&opened, &documents).await;
            (visible(&opened, &words).await, opened.store.rows().await.unwrap())
        });
        let versions: Vec<&String> = found.keys().filter(|text| text.contains("version")).collect();
        assert_eq!(versions.len(), 3, "after {step:?}: {found:?}");
        assert!(versions.iter().all(|text| text.contains("version 22")), "after {step:?}: {found:?}");
        assert_eq!(found.len(), 4, "after {step:?}: {found:?}");
        assert!(found.values().all(|count| *count == 1), "after {step:?}: {found:?}");
        assert_eq!(rows, 4, "after {step:?} the index holds rows that nobody needs");
    }
}
