//! Files and folders that move from one source to another: neither read nor embedded again.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::flaky::Append;
use common::{World, expect_consistent, prose};
use docent_corpus::Cancel;
use docent_ingest::StoreState;
use docent_library::{DocumentState, SourceKind};
use docent_vector_store::VectorStore;
use std::fs;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_moves_to_another_source_is_neither_read_nor_embedded_again() {
    for arrives_first in [false, true] {
        let world = World::new();
        let other = tempfile::tempdir().unwrap();
        let second = world.library.add_source(other.path(), SourceKind::Folder, 1).unwrap();
        world.write("deep/a.txt", &prose(1, 600));
        world.index().await;
        let embedded = world.embedder.inner.embedded();
        assert!(embedded > 1);
        world.extract.forget();
        fs::rename(world.path("deep/a.txt"), other.path().join("a.txt")).unwrap();
        let sources = if arrives_first { [second, world.source] } else { [world.source, second] };
        for source in sources {
            world.ingest.scan(source, &Cancel::new()).await.unwrap();
            if arrives_first {
                // As events come: each source by itself.
                world.run().await;
            }
        }
        world.run().await;
        assert_eq!(world.find("w1x7").await, ["a.txt"]);
        let moved = world.library.document_by_path(second, "a.txt").unwrap().unwrap();
        assert_eq!((moved.state, moved.copy_of), (DocumentState::Indexed, None));
        assert!(world.extract.read().is_empty(), "arrives first: {arrives_first}");
        assert_eq!(world.embedder.inner.embedded(), embedded, "arrives first: {arrives_first}");
        expect_consistent(&world.library, &*world.store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_moves_to_another_source_keeps_the_vectors_of_all_its_files() {
    let world = World::new();
    let other = tempfile::tempdir().unwrap();
    let second = world.library.add_source(other.path(), SourceKind::Folder, 1).unwrap();
    // More than one batch, and more files than are purged at once.
    let files = 1_200;
    for number in 0..files {
        world.write(&format!("folder/{number}.txt"), &prose(number, 20));
    }
    world.index().await;
    let embedded = world.embedder.inner.embedded();
    fs::rename(world.path("folder"), other.path().join("folder")).unwrap();
    world.scan().await;
    world.ingest.scan(second, &Cancel::new()).await.unwrap();
    assert_eq!(world.run().await.indexed, files as usize);
    assert_eq!(world.embedder.inner.embedded(), embedded);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_a_restart_interrupts_keeps_its_vectors() {
    let world = World::new();
    let other = tempfile::tempdir().unwrap();
    let second = world.library.add_source(other.path(), SourceKind::Folder, 1).unwrap();
    world.write("a.txt", &prose(1, 600));
    world.index().await;
    let embedded = world.embedder.inner.embedded();
    fs::rename(world.path("a.txt"), other.path().join("a.txt")).unwrap();
    world.scan().await;
    world.ingest.scan(second, &Cancel::new()).await.unwrap();
    world.store.then(&[Append::Full]);
    assert!(world.ingest.run(&Cancel::new(), &|_| {}).await.is_err());
    let again = common::ingest(&world.library, &world.store, &world.embedder, &world.extract, world.profile);
    again.recover(StoreState::default()).await.unwrap();
    again.run(&Cancel::new(), &|_| {}).await.unwrap();
    assert_eq!(world.embedder.inner.embedded(), embedded);
    assert_eq!(world.find("w1x7").await, ["a.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_wait_for_a_move_are_not_taken_for_those_of_another_document() {
    let world = World::new();
    let other = tempfile::tempdir().unwrap();
    let second = world.library.add_source(other.path(), SourceKind::Folder, 1).unwrap();
    world.write("a.txt", &prose(1, 600));
    world.write("b.txt", &prose(2, 600));
    world.index().await;
    assert_eq!(world.document("a.txt").chunks, world.document("b.txt").chunks);
    // Of a batch that is not through yet the index holds the first half: as many rows as are wanted of it
    // once the first document has moved.
    let lost = world.document("b.txt").live_revision.unwrap();
    for (batch, _, _) in world.library.done_batches_after(world.profile, 0).unwrap() {
        world.library.reopen_batch(batch).unwrap();
    }
    world.store.delete_revisions(&[lost]).await.unwrap();
    fs::rename(world.path("a.txt"), other.path().join("a.txt")).unwrap();
    world.scan().await;
    world.ingest.scan(second, &Cancel::new()).await.unwrap();
    world.run().await;
    assert_eq!(world.find("w1x7").await, ["a.txt"]);
    assert_eq!(world.find("w2x7").await, ["b.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_moves_and_is_edited_is_read_as_it_is() {
    let world = World::new();
    let other = tempfile::tempdir().unwrap();
    let second = world.library.add_source(other.path(), SourceKind::Folder, 1).unwrap();
    world.write("a.txt", "apples");
    world.index().await;
    fs::remove_file(world.path("a.txt")).unwrap();
    common::write(other.path(), "a.txt", "olives");
    world.scan().await;
    world.ingest.scan(second, &Cancel::new()).await.unwrap();
    world.run().await;
    assert!(world.find("apples").await.is_empty());
    assert_eq!(world.find("olives").await, ["a.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}
