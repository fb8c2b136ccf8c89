//! What a start compares: nothing if library and index are as they were left, everything if either lost
//! what was written last.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::file_store::FileStore;
use common::flaky::FlakyEmbedder;
use common::plain::PlainExtract;
use common::{DIMENSION, clock, expect_consistent, write};
use docent_corpus::{Cancel, DocumentId, DocumentText, Format, Metadata, ProfileId, SourceId};
use docent_inference::Embedder;
use docent_ingest::{Ingest, IngestParts, IngestProgress, Phase, StoreState};
use docent_library::{DATABASE, DocumentState, Library, NewRevision, SourceKind};
use docent_vector_store::{Filter, TextQuery, VectorStore};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

struct Started {
    library: Arc<Library>,
    store: Arc<FileStore>,
    ingest: Ingest,
    source: SourceId,
    docs: PathBuf,
}

/// Opens what is in `folder`, as a start does.
fn start(folder: &Path) -> Started {
    let docs = folder.join("docs");
    std::fs::create_dir_all(&docs).unwrap();
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
    .recovering_first(StoreState { replaced: false, version });
    Started { library, store, ingest, source, docs }
}

impl Started {
    async fn index(&self) {
        self.ingest.scan(self.source, &Cancel::new()).await.unwrap();
        self.ingest.run(&Cancel::new(), &|_| {}).await.unwrap();
    }

    /// Ends the session as docent does.
    async fn end(self) {
        assert!(self.ingest.note_agreement().await.unwrap());
        self.library.close().unwrap();
    }

    fn counted(&self) -> usize {
        self.store.counted.load(Ordering::Relaxed)
    }

    async fn is_found(&self, word: &str) -> bool {
        let query = TextQuery::Words(word.to_owned());
        !self.store.search_text(&query, &Filter::default(), 9).await.unwrap().is_empty()
    }

    fn profile(&self) -> ProfileId {
        self.library.ensure_profile(FlakyEmbedder::new(DIMENSION).profile()).unwrap().0
    }

    fn document(&self, rel_path: &str) -> DocumentId {
        self.library.document_by_path(self.source, rel_path).unwrap().unwrap().id
    }
}

/// A first session that indexes one file.
async fn first_session(folder: &Path) {
    let started = start(folder);
    write(&started.docs, "a.txt", "apples");
    started.index().await;
    assert_eq!(started.counted(), 1, "nothing is known of a new library");
    started.end().await;
}

/// A second session, in which the file is edited; it has as many passages as before.
async fn second_session(folder: &Path) {
    let started = start(folder);
    write(&started.docs, "a.txt", "bananas");
    started.index().await;
    started.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_after_a_clean_end_compares_nothing() {
    let folder = tempfile::tempdir().unwrap();
    first_session(folder.path()).await;
    for _ in 0..2 {
        let started = start(folder.path());
        write(&started.docs, "b.txt", "cherries");
        started.index().await;
        assert_eq!(started.counted(), 0);
        assert!(started.is_found("apples").await && started.is_found("cherries").await);
        started.end().await;
    }
}

/// A session that ended well, and one after it that did not.
async fn crash(folder: &Path) {
    first_session(folder).await;
    let started = start(folder);
    write(&started.docs, "b.txt", "cherries");
    started.index().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_after_a_crash_compares_once() {
    let folder = tempfile::tempdir().unwrap();
    crash(folder.path()).await;
    for counted in [1, 0] {
        let started = start(folder.path());
        started.index().await;
        assert_eq!(started.counted(), counted);
        expect_consistent(&started.library, &*started.store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn comparing_is_told_and_can_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    crash(folder.path()).await;
    let started = start(folder.path());
    let told = |progress: &IngestProgress| progress.phase == Phase::Comparing;
    let cancel = Cancel::new();
    let signal = cancel.clone();
    let last = Mutex::new(IngestProgress::default());
    let stop = |progress: IngestProgress| {
        if told(&progress) {
            signal.cancel();
        }
        *last.lock().unwrap() = progress;
    };
    assert!(started.ingest.run(&cancel, &stop).await.unwrap().cancelled);
    assert_eq!(last.into_inner().unwrap(), IngestProgress::default(), "nothing is told to go on");
    assert_eq!(started.counted(), 0, "it was stopped before it had come far");
    assert!(!started.ingest.note_agreement().await.unwrap());

    // The next run does it, and the one after has nothing to compare.
    for (times, is_told) in [(1, true), (1, false)] {
        let heard = AtomicBool::new(false);
        let listen = |progress: IngestProgress| {
            heard.fetch_or(told(&progress), Ordering::Relaxed);
        };
        assert!(!started.ingest.run(&Cancel::new(), &listen).await.unwrap().cancelled);
        assert_eq!((started.counted(), heard.into_inner()), (times, is_told));
    }
    expect_consistent(&started.library, &*started.store).await;
    started.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_library_that_lost_its_last_writes_is_noticed_even_where_the_numbers_of_rows_agree() {
    let folder = tempfile::tempdir().unwrap();
    first_session(folder.path()).await;
    let database = folder.path().join("data").join(DATABASE);
    let earlier = std::fs::read(&database).unwrap();
    second_session(folder.path()).await;
    std::fs::write(&database, earlier).unwrap();
    let started = start(folder.path());
    started.ingest.run(&Cancel::new(), &|_| {}).await.unwrap();
    assert!(started.counted() > 0);
    assert!(started.is_found("apples").await && !started.is_found("bananas").await);
    expect_consistent(&started.library, &*started.store).await;
    started.index().await;
    assert!(started.is_found("bananas").await && !started.is_found("apples").await);
    expect_consistent(&started.library, &*started.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_lost_its_last_writes_gets_them_again() {
    let folder = tempfile::tempdir().unwrap();
    first_session(folder.path()).await;
    let earlier = std::fs::read(folder.path().join("rows.json")).unwrap();
    second_session(folder.path()).await;
    std::fs::write(folder.path().join("rows.json"), earlier).unwrap();
    let started = start(folder.path());
    started.ingest.run(&Cancel::new(), &|_| {}).await.unwrap();
    assert!(started.counted() > 0);
    assert!(started.is_found("bananas").await && !started.is_found("apples").await);
    expect_consistent(&started.library, &*started.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_gone_is_filled_again() {
    let folder = tempfile::tempdir().unwrap();
    first_session(folder.path()).await;
    std::fs::remove_file(folder.path().join("rows.json")).unwrap();
    let started = start(folder.path());
    started.ingest.run(&Cancel::new(), &|_| {}).await.unwrap();
    assert!(started.is_found("apples").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_just_before_the_end_leaves_the_index_without_a_comparison() {
    let folder = tempfile::tempdir().unwrap();
    first_session(folder.path()).await;
    let started = start(folder.path());
    started.library.delete_document(started.document("a.txt"), 5).unwrap();
    assert!(!started.ingest.note_agreement().await.unwrap(), "nobody has looked yet");
    drop(started);
    let started = start(folder.path());
    assert_eq!(started.ingest.purge().await.unwrap(), 0, "it is done before");
    assert_eq!((started.store.rows().await.unwrap(), started.counted()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_taken_for_agreed_while_something_waits_for_the_index() {
    let folder = tempfile::tempdir().unwrap();
    first_session(folder.path()).await;
    let started = start(folder.path());
    write(&started.docs, "b.txt", "cherries");
    started.index().await;
    started.library.delete_document(started.document("b.txt"), 5).unwrap();
    assert!(!started.ingest.note_agreement().await.unwrap(), "its rows are still there");
    started.ingest.purge().await.unwrap();
    assert!(started.ingest.note_agreement().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_doubted_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    first_session(folder.path()).await;
    let started = start(folder.path());
    // As after a search that met a damaged file.
    started.library.set_durable_version(started.profile(), 0).unwrap();
    started.index().await;
    assert_eq!(started.counted(), 1);
    started.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_upkeep_failed_on_is_not_taken_for_sound() {
    let folder = tempfile::tempdir().unwrap();
    first_session(folder.path()).await;
    let started = start(folder.path());
    write(&started.docs, "b.txt", "cherries");
    started.index().await;
    started.library.record_maintenance(started.profile(), Some("a file cannot be read"), 5).unwrap();
    assert!(!started.ingest.note_agreement().await.unwrap());
    started.library.record_maintenance(started.profile(), None, 6).unwrap();
    started.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_reader_read_is_read_again_also_if_it_was_indexed_after_the_comparison() {
    let folder = tempfile::tempdir().unwrap();
    first_session(folder.path()).await;
    let started = start(folder.path());
    started.index().await;
    // A batch that an earlier docent left open, and that this one finishes.
    let document = started.document("a.txt");
    let text = DocumentText {
        format: Format::PlainText,
        text: "apples".to_owned(),
        blocks: Vec::new(),
        metadata: Metadata::default(),
        warnings: Vec::new(),
    };
    let earlier = NewRevision {
        document,
        change: None,
        content_hash: "of other bytes",
        extractor: "an earlier one",
        chunker: "an earlier one",
        text: &text,
        chunks: &[],
    };
    let batch = started.library.open_batch(started.profile(), &[earlier], 5).unwrap();
    started.library.publish_batch(batch.id, 1, 6).unwrap();
    started.ingest.purge().await.unwrap();
    assert!(!started.is_found("apples").await);
    started.end().await;
    let started = start(folder.path());
    assert_eq!(started.library.document(document).unwrap().state, DocumentState::Waiting);
    started.index().await;
    assert!(started.is_found("apples").await);
}
