//! What goes wrong: with files, which stops nothing; with model, index and disk, which stops the run
//! and loses nothing.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::flaky::Append;
use common::{World, expect_consistent, lost, prose, visible};
use docent_corpus::Cancel;
use docent_extract::ExtractError;
use docent_ingest::fault::Step;
use docent_ingest::{Ingest, StoreState};
use docent_library::DocumentState;
use docent_vector_store::VectorStore;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_says_why_and_the_rest_goes_on() {
    let world = World::new();
    for name in ["good.txt", "broken.txt", "locked.txt", "panic.txt", "blank.txt"] {
        world.write(name, if name == "blank.txt" { "  \n" } else { name });
    }
    world.write("empty.txt", "");
    std::fs::write(world.path("program.txt"), [0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0xd, 0xff])
        .unwrap();
    world.write("data.unknown", "?");
    world.extract.fail("broken.txt", || ExtractError::Damaged { reason: "no end".into() });
    world.extract.fail("locked.txt", || ExtractError::PermissionDenied);
    let (_, run) = world.index().await;
    assert_eq!((run.indexed, run.failed, run.skipped), (1, 5, 2));
    let why = |name: &str| {
        let document = world.document(name);
        (document.state, document.error_code.unwrap_or_default())
    };
    use DocumentState::{Failed, Skipped};
    assert_eq!(why("broken.txt"), (Failed, "damaged".into()));
    assert_eq!(why("locked.txt"), (Failed, "permission_denied".into()));
    assert_eq!(why("panic.txt"), (Failed, "crashed".into()));
    assert_eq!(why("blank.txt"), (Failed, "no_text".into()));
    assert_eq!(why("empty.txt"), (Failed, "empty".into()));
    assert_eq!(why("program.txt"), (Skipped, "unsupported".into()));
    assert_eq!(why("data.unknown"), (Skipped, "unsupported".into()));
    assert!(world.document("broken.txt").error_detail.unwrap().contains("no end"));
    assert_eq!(world.find("good").await, ["good.txt"]);

    // A file that was readable and no longer is stays findable as it was.
    world.write("good.txt", "good and better");
    world.extract.fail("good.txt", || ExtractError::Damaged { reason: "torn".into() });
    world.index().await;
    assert_eq!(world.state("good.txt"), Failed);
    assert_eq!(world.find("good").await, ["good.txt"]);

    world.extract.heal();
    assert_eq!(world.library.retry_failed(None, 1).unwrap(), 6);
    assert_eq!(world.run().await.indexed, 3);
    assert_eq!(world.find("better").await, ["good.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_model_stops_the_run_and_loses_nothing() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.embedder.missing.store(true, Ordering::Release);
    world.scan().await;
    let error = world.ingest.run(&Cancel::new(), &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "model_file_invalid");
    world.write("b.txt", "bananas");
    world.scan().await;
    assert!(world.ingest.run(&Cancel::new(), &|_| {}).await.is_err());
    assert_eq!(world.find_unindexed("apples"), ["a.txt"], "words need no model");
    assert_eq!(world.find_unindexed("bananas"), ["b.txt"]);
    world.embedder.missing.store(false, Ordering::Release);
    let run = world.run().await;
    assert_eq!((run.indexed, run.resumed), (2, 2));
    assert_eq!(world.extract.read(), ["a.txt", "b.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_reader_stops_the_run_and_loses_nothing() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("b.txt", "bananas");
    world.extract.fail("a.txt", || ExtractError::WorkerMissing { path: PathBuf::from("worker") });
    world.scan().await;
    let error = world.ingest.run(&Cancel::new(), &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "worker_missing");
    assert_eq!(world.state("a.txt"), DocumentState::Waiting);
    assert_eq!(world.state("b.txt"), DocumentState::Waiting);
    world.extract.heal();
    assert_eq!(world.run().await.indexed, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_leaves_documents_waiting() {
    let world = World::new();
    for file in 0..20 {
        world.write(&format!("{file}.txt"), &prose(file, 400));
    }
    world.scan().await;
    // While vectors are computed.
    let cancel = Cancel::new();
    *world.embedder.stop_after.lock().unwrap() = Some((0, cancel.clone()));
    let report = world.ingest.run(&cancel, &|_| {}).await.unwrap();
    assert!(report.cancelled && report.indexed == 0);
    let counts = world.library.document_counts().unwrap();
    assert_eq!((counts.words, counts.waiting), (20, 0), "they are read and found by words");
    assert_eq!(world.find_unindexed("w7x3"), ["7.txt"]);
    *world.embedder.stop_after.lock().unwrap() = None;
    world.extract.forget();
    let report = world.run().await;
    assert_eq!((report.indexed, report.resumed), (20, 1));
    assert!(world.extract.read().is_empty(), "no file is read again");
    assert!(world.find_unindexed("w7x3").is_empty());
    expect_consistent(&world.library, &*world.store).await;
    // While files are read.
    for file in 20..40 {
        world.write(&format!("{file}.txt"), &prose(file, 400));
    }
    world.scan().await;
    let cancel = Cancel::new();
    let signal = cancel.clone();
    world.extract.during(move |_| signal.cancel());
    assert!(world.ingest.run(&cancel, &|_| {}).await.unwrap().cancelled);
    assert!(world.extract.read().len() < 20);
    assert_eq!(world.library.document_counts().unwrap().waiting, 20);
    world.extract.during(|_| {});
    // Before anything: a scan and a run.
    let scan = world.ingest.scan(world.source, &cancel).await.unwrap();
    assert!(scan.cancelled && scan.deleted == 0);
    assert!(world.ingest.run(&cancel, &|_| {}).await.unwrap().cancelled);
    let report = world.run().await;
    assert_eq!((report.indexed, report.cancelled), (20, false));
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_that_fails_is_looked_at_before_it_is_repeated() {
    for script in [vec![Append::Fails], vec![Append::WorksAndReportsFailure]] {
        let world = World::new();
        world.write("a.txt", "apples");
        world.store.then(&script);
        let (_, run) = world.index().await;
        assert_eq!(run.indexed, 1, "{script:?}");
        expect_consistent(&world.library, &*world.store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_run_and_the_next_one_goes_on() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.store.then(&[Append::Full]);
    world.scan().await;
    let error = world.ingest.run(&Cancel::new(), &|_| {}).await.unwrap_err();
    assert_eq!(error.code(), "disk_full");
    assert_eq!(world.state("a.txt"), DocumentState::Reading);
    let run = world.run().await;
    assert_eq!((run.indexed, run.resumed, world.extract.read().len()), (1, 1, 1));
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_document_goes_on_where_it_stopped() {
    let world = World::new();
    let paragraphs: Vec<String> = (0..5_000).map(|number| prose(number, 150)).collect();
    world.write("large.txt", &paragraphs.join("\n\n"));
    world.store.then(&[Append::Works, Append::Full]);
    world.scan().await;
    assert!(world.ingest.run(&Cancel::new(), &|_| {}).await.is_err());
    let there = world.store.rows().await.unwrap();
    assert!(there > 0);
    let embedded = world.embedder.inner.embedded();
    let run = world.run().await;
    assert_eq!((run.indexed, run.chunks), (1, 5_000));
    assert_eq!(world.embedder.inner.embedded() - embedded, 5_000 - there);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_half_written_batch_are_written_again() {
    let world = World::new();
    world.write("a.txt", &prose(1, 1_000));
    world.store.then(&[Append::Full]);
    world.scan().await;
    assert!(world.ingest.run(&Cancel::new(), &|_| {}).await.is_err());
    // Some rows of it are there, as no sound append leaves them.
    let batch = world
        .library
        .open_batches(
            world.library.ensure_profile(docent_inference::Embedder::profile(&*world.embedder)).unwrap().0,
        )
        .unwrap()
        .remove(0);
    let chunk = &batch.chunks[0];
    let row = docent_vector_store::Row {
        chunk: chunk.id,
        revision: chunk.revision,
        document: chunk.document,
        source: chunk.source,
        batch: batch.id,
        text: "x".into(),
        title: "x".into(),
        vector: vec![1.0; common::DIMENSION],
    };
    world.store.append(vec![row]).await.unwrap();
    let recovery = world.ingest.recover(StoreState::default()).await.unwrap();
    assert_eq!((recovery.published, recovery.open), (0, 1));
    assert_eq!(world.run().await.resumed, 1);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_without_meaning_fail_their_document_only() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("bad.txt", &format!("{}\n\nPOISON\n\n{}", prose(1, 200), prose(2, 200)));
    let (_, run) = world.index().await;
    assert_eq!((run.indexed, run.failed), (1, 1));
    assert_eq!(world.document("bad.txt").error_code.as_deref(), Some("vector_unusable"));
    assert_eq!(world.find("apples").await, ["a.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_without_meaning_say_nothing_of_a_file_that_was_edited_meanwhile() {
    for indexed_at_once in [true, false] {
        let world = World::new();
        world.embedder.small_changes.store(true, Ordering::Release);
        world.write("bad.txt", "POISON");
        world.write("a.txt", "apples");
        // Once vectors were computed of what it held: it is mended, and perhaps indexed before the run
        // finds that they mean nothing.
        let (sender, receiver) = std::sync::mpsc::channel::<Arc<Ingest>>();
        let (receiver, mended) = (std::sync::Mutex::new(receiver), world.path("bad.txt"));
        let source = world.source;
        let ingest = Arc::new(world.with_hook(Arc::new(move |step: Step| {
            if step != Step::Embedded {
                return;
            }
            let Ok(ingest) = receiver.lock().unwrap().try_recv() else { return };
            std::fs::write(&mended, "mended at last").unwrap();
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(async {
                    ingest.scan(source, &Cancel::new()).await.unwrap();
                    if indexed_at_once {
                        let within = ["bad.txt".to_owned()];
                        let report = ingest.index_now(source, &within, &Cancel::new()).await.unwrap();
                        assert_eq!(report.indexed, 1);
                    }
                });
            });
        })));
        ingest.scan(source, &Cancel::new()).await.unwrap();
        sender.send(Arc::clone(&ingest)).unwrap();
        let report = ingest.run(&Cancel::new(), &|_| {}).await.unwrap();
        assert_eq!(report.failed, 0);
        let document = world.document("bad.txt");
        assert_eq!((document.state, document.error_code), (DocumentState::Indexed, None));
        assert_eq!(world.find("mended").await, ["bad.txt"]);
        assert_eq!(world.find("apples").await, ["a.txt"]);
        expect_consistent(&world.library, &*world.store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_is_lost_is_written_again_from_the_library() {
    let mut world = World::new();
    for file in 0..30 {
        world.write(&format!("{file}.txt"), &prose(file, 100));
    }
    world.index().await;
    let before = visible(&world.library);
    world.extract.forget();
    world.with_empty_store();
    let recovery = world.ingest.recover(lost()).await.unwrap();
    assert!(recovery.open > 0);
    assert_eq!(visible(&world.library), before);
    world.run().await;
    assert!(world.extract.read().is_empty());
    assert_eq!(visible(&world.library), before);
    expect_consistent(&world.library, &*world.store).await;

    // The same when nobody noticed that it was lost.
    world.with_empty_store();
    let recovery = world.ingest.recover(StoreState::default()).await.unwrap();
    assert!(recovery.reopened > 0);
    world.run().await;
    expect_consistent(&world.library, &*world.store).await;
    let recovery = world.ingest.recover(StoreState::default()).await.unwrap();
    assert_eq!(recovery, Default::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_nothing_needs_are_removed_at_start() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.index().await;
    let row = docent_vector_store::Row {
        chunk: docent_corpus::ChunkId(9_000),
        revision: docent_corpus::RevisionId(9_000),
        document: docent_corpus::DocumentId(9_000),
        source: world.source,
        batch: docent_corpus::BatchId(9_000),
        text: "apples".into(),
        title: "ghost".into(),
        vector: vec![1.0; common::DIMENSION],
    };
    world.store.append(vec![row]).await.unwrap();
    assert_eq!(world.ingest.recover(StoreState::default()).await.unwrap().purged, 1);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_another_model_is_refused() {
    let mut world = World::new();
    world.store = std::sync::Arc::new(common::flaky::FlakyStore::new(common::DIMENSION + 1));
    world.ingest =
        common::ingest(&world.library, &world.store, &world.embedder, &world.extract, world.profile);
    assert_eq!(world.ingest.recover(StoreState::default()).await.unwrap_err().code(), "vector_dimension");
    assert_eq!(world.ingest.run(&Cancel::new(), &|_| {}).await.unwrap_err().code(), "vector_dimension");
}
