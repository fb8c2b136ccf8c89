//! What a rescan follows: unchanged, changed, moved, deleted and copied files.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{World, expect_consistent, prose};
use docent_corpus::Cancel;
use docent_inference::Embedder;
use docent_library::{DocumentState, SourceKind, Verdict};
use docent_vector_store::VectorStore;
use std::fs;
use std::sync::{Arc, Mutex};

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_files_are_not_read_again() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("子 目录/说明 书.txt", "苹果很好吃。");
    let (scan, run) = world.index().await;
    assert_eq!((scan.seen, scan.new, run.indexed, run.chunks), (2, 2, 2, 2));
    assert_eq!(world.find("苹果").await, ["子 目录/说明 书.txt"]);
    world.extract.forget();
    let (scan, run) = world.index().await;
    assert_eq!((scan.seen, scan.new, scan.changed, run), (2, 0, 0, Default::default()));
    assert!(world.extract.read().is_empty());
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_only_touched_is_not_embedded_again() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.index().await;
    let embedded = world.embedder.inner.embedded();
    world.extract.forget();
    // An atomic save of the same content: another file, another time.
    fs::write(world.path("b"), "apples").unwrap();
    let later = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(2_000_000_000);
    fs::File::options().write(true).open(world.path("b")).unwrap().set_modified(later).unwrap();
    fs::rename(world.path("b"), world.path("a.txt")).unwrap();
    let (scan, run) = world.index().await;
    assert_eq!((scan.changed, run.unchanged, run.indexed), (1, 1, 0));
    assert!(world.extract.read().is_empty());
    assert_eq!(world.embedder.inner.embedded(), embedded);
    assert_eq!(world.state("a.txt"), DocumentState::Indexed);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_leaves_size_and_time_as_they_were_is_noticed() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.index().await;
    let time = fs::metadata(world.path("a.txt")).unwrap().modified().unwrap();
    world.write("a.txt", "olives");
    fs::File::options().write(true).open(world.path("a.txt")).unwrap().set_modified(time).unwrap();
    let (scan, run) = world.index().await;
    assert_eq!((scan.changed, run.indexed), (1, 1));
    assert_eq!(world.find("olives").await, ["a.txt"]);
    assert_eq!(world.scan().await.changed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_files_are_replaced_as_a_whole() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("b.txt", "bananas");
    world.index().await;
    world.write("a.txt", "cherries and plums");
    let (scan, run) = world.index().await;
    assert_eq!((scan.changed, run.indexed, run.purged), (1, 1, 1));
    assert!(world.find("apples").await.is_empty());
    assert_eq!(world.find("cherries").await, ["a.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_edited_file_only_what_changed_is_embedded() {
    let world = World::new();
    let parts: Vec<String> = (0..20).map(|part| format!("# Part {part}\n\n{}", prose(part, 200))).collect();
    world.write("book.txt", &parts.join("\n\n"));
    let (_, run) = world.index().await;
    let (before, first) = (world.embedder.inner.embedded(), run.chunks);
    assert_eq!(before, first);
    let mut edited = parts.clone();
    edited[7] = format!("# Part 7\n\n{}", prose(99, 200));
    world.write("book.txt", &edited.join("\n\n"));
    let (_, run) = world.index().await;
    let embedded = world.embedder.inner.embedded() - before;
    assert!((1..=run.chunks / 5).contains(&embedded), "{embedded} of {}", run.chunks);
    assert_eq!(world.find("w99x7").await, ["book.txt"]);
    assert_eq!(world.find("w3x7").await, ["book.txt"]);
    assert!(world.find("w7x7").await.is_empty());
    expect_consistent(&world.library, &*world.store).await;
    // Each row has the vector of its own text.
    let revision = world.document("book.txt").live_revision.unwrap();
    let vectors = world.store.vectors(&[revision]).await.unwrap();
    let chunks = world.library.chunks_of(revision).unwrap();
    assert_eq!(vectors.len(), chunks.len());
    for chunk in chunks {
        let text =
            if chunk.header.is_empty() { chunk.text } else { format!("{}\n{}", chunk.header, chunk.text) };
        let own = world.embedder.inner.embed(
            vec![text],
            docent_inference::EmbedKind::Passage,
            docent_inference::Priority::Bulk,
            Cancel::new(),
        );
        let own = own.await.unwrap().remove(0);
        assert!(vectors.iter().any(|(id, vector)| *id == chunk.id && *vector == own), "{}", chunk.ord);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn moved_files_keep_their_document_and_vectors() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("b.txt", "bananas");
    world.write("c.txt", "cherries");
    world.index().await;
    let before: Vec<_> = ["a.txt", "b.txt"].map(|path| world.document(path)).into();
    let embedded = world.embedder.inner.embedded();
    world.extract.forget();
    // Renamed: the same file. Copied and deleted: the same content.
    fs::create_dir(world.path("新 夹")).unwrap();
    fs::rename(world.path("a.txt"), world.path("新 夹/苹果.txt")).unwrap();
    fs::write(world.path("新 夹/b2.txt"), "bananas").unwrap();
    fs::remove_file(world.path("b.txt")).unwrap();
    let (scan, run) = world.index().await;
    assert_eq!((scan.moved, scan.deleted, scan.new, run.indexed), (2, 0, 0, 0));
    for (document, path) in before.iter().zip(["新 夹/苹果.txt", "新 夹/b2.txt"]) {
        let now = world.document(path);
        assert_eq!(
            (now.id, now.live_revision, now.state),
            (document.id, document.live_revision, DocumentState::Indexed)
        );
    }
    assert!(world.extract.read().is_empty());
    assert_eq!(world.embedder.inner.embedded(), embedded);
    assert_eq!(world.find("apples").await, ["新 夹/苹果.txt"]);
    expect_consistent(&world.library, &*world.store).await;
    // Afterwards they are where they are.
    assert_eq!(world.scan().await.changed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_extension_is_no_move() {
    let world = World::new();
    world.write("a.txt", "# apples");
    world.index().await;
    fs::rename(world.path("a.txt"), world.path("a.md")).unwrap();
    let (scan, run) = world.index().await;
    assert_eq!((scan.moved, scan.deleted, scan.new, run.indexed), (0, 1, 1, 1));
    assert_eq!(world.find("apples").await, ["a.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_files_disappear_and_are_known_when_they_come_back() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("b.txt", "bananas");
    world.index().await;
    let id = world.document("a.txt").id;
    fs::remove_file(world.path("a.txt")).unwrap();
    let scan = world.scan().await;
    assert_eq!((scan.deleted, scan.seen), (1, 1));
    assert!(world.find("apples").await.is_empty());
    assert_eq!(world.run().await.purged, 1);
    assert_eq!(world.state("a.txt"), DocumentState::Missing);
    expect_consistent(&world.library, &*world.store).await;
    assert_eq!(world.scan().await.deleted, 0);
    // It comes back in another folder.
    world.write("back/a.txt", "apples");
    let (scan, run) = world.index().await;
    assert_eq!((scan.moved, run.indexed), (1, 1));
    assert_eq!(world.document("back/a.txt").id, id);
    assert_eq!(world.find("apples").await, ["back/a.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_documents_of_their_own_and_embedded_once() {
    let world = World::new();
    world.write("one/a.txt", &prose(1, 50));
    world.write("two/a.txt", &prose(1, 50));
    world.index().await;
    assert_eq!(world.find("w1x7").await, ["one/a.txt", "two/a.txt"]);
    assert_eq!(world.embedder.inner.embedded(), 1);
    world.write("three/a.txt", &prose(1, 50));
    let (scan, _) = world.index().await;
    assert_eq!((scan.new, scan.moved), (1, 0));
    assert_eq!(world.find("w1x7").await.len(), 3);
    fs::remove_file(world.path("one/a.txt")).unwrap();
    world.index().await;
    assert_eq!(world.find("w1x7").await, ["three/a.txt", "two/a.txt"]);
    assert_eq!(world.embedder.inner.embedded(), 1, "also after the original is gone");
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_an_edited_file_is_a_copy() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.index().await;
    world.write("a.txt", "bananas and cherries");
    world.scan().await;
    world.write("b.txt", "bananas and cherries");
    world.scan().await;
    let run = world.run().await;
    assert_eq!((run.indexed, run.copies), (1, 1));
    // Two files are read at a time; the first to be read is the original.
    let (a, b) = (world.document("a.txt"), world.document("b.txt"));
    let pairs = [(a.copy_of, b.copy_of), (Some(b.id), None), (None, Some(a.id))];
    assert!(pairs[1..].contains(&pairs[0]), "{:?}", pairs[0]);
    assert!(world.find("apples").await.is_empty());
    assert_eq!(world.find("cherries").await, ["a.txt", "b.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_cannot_be_reached_loses_nothing() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.index().await;
    world.extract.forget();
    let away = world.docs.path().with_extension("away");
    fs::rename(world.docs.path(), &away).unwrap();
    let scan = world.scan().await;
    assert!(!scan.reachable && scan.deleted == 0 && scan.unreadable.len() == 1);
    assert!(!world.library.source(world.source).unwrap().reachable);
    assert_eq!(world.find("apples").await, ["a.txt"]);
    fs::rename(&away, world.docs.path()).unwrap();
    let (scan, run) = world.index().await;
    assert!(scan.reachable && scan.changed == 0 && run.indexed == 0);
    assert!(world.library.source(world.source).unwrap().reachable);
    assert!(world.extract.read().is_empty());
}

/// Has the source remember another device and another file system than those it lies in. Gives what it did,
/// on systems that tell.
fn as_if_moved(world: &World) -> Option<(u64, Option<String>)> {
    let [device, file_system] = keys(world);
    let was: Option<u64> = world.library.get_setting(&device).unwrap();
    let was_in: Option<String> = world.library.get_setting(&file_system).unwrap();
    world.library.set_setting(&device, &was.map(|number| number ^ 1)).unwrap();
    world.library.set_setting(&file_system, &was_in.as_ref().map(|_| "another")).unwrap();
    was.map(|was| (was, was_in))
}

fn keys(world: &World) -> [String; 2] {
    ["device", "file_system"].map(|name| format!("scan.{name}.{}", world.source))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_mount_point_is_not_an_emptied_folder() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.index().await;
    fs::remove_file(world.path("a.txt")).unwrap();
    let Some((device, file_system)) = as_if_moved(&world) else { return };
    let scan = world.scan().await;
    assert!(!scan.reachable && scan.deleted == 0);
    let keys = keys(&world);
    if file_system.is_some() {
        // The same file system under another number, as btrfs has after each start.
        world.library.set_setting(&keys[1], &file_system).unwrap();
    } else {
        world.library.set_setting(&keys[0], &device).unwrap();
    }
    let scan = world.scan().await;
    assert!(scan.reachable && scan.deleted == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mount_point_with_a_file_of_its_own_is_not_an_emptied_folder() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.index().await;
    fs::remove_file(world.path("a.txt")).unwrap();
    world.write("README-not-mounted.txt", "nothing is mounted here");
    let Some((device, _)) = as_if_moved(&world) else { return };
    // Twice: what lies there must not become known by looking.
    for _ in 0..2 {
        let scan = world.scan().await;
        assert_eq!((scan.reachable, scan.deleted, scan.new), (false, 0, 0));
    }
    assert!(!world.library.source(world.source).unwrap().reachable);
    assert_eq!(world.find("apples").await, ["a.txt"]);
    // The drive is back, under another number.
    fs::remove_file(world.path("README-not-mounted.txt")).unwrap();
    world.write("a.txt", "apples");
    let scan = world.scan().await;
    assert!(scan.reachable && scan.deleted == 0);
    assert_eq!(world.library.get_setting::<u64>(&keys(&world)[0]).unwrap(), Some(device));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drive_within_a_source_that_is_away_takes_nothing_along() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("usb/b.txt", "bananas");
    world.write("other/c.txt", "cherries");
    world.index().await;
    // As if a drive had been mounted there.
    let key = format!("scan.mounts.{}", world.source);
    world.library.set_setting(&key, &["usb"]).unwrap();
    fs::remove_dir_all(world.path("usb")).unwrap();
    fs::remove_dir_all(world.path("other")).unwrap();
    for left in [None, Some("usb/README-not-mounted.txt")] {
        if let Some(left) = left {
            world.write(left, "nothing is mounted here");
        }
        let scan = world.scan().await;
        assert!(scan.reachable && scan.new == 0);
        assert_eq!(scan.unreadable, [("usb".to_owned(), "the drive that was here is away".to_owned())]);
    }
    assert_eq!(world.state("other/c.txt"), DocumentState::Missing);
    assert_eq!(world.find("bananas").await, ["usb/b.txt"]);
    let source = world.library.sources().unwrap().remove(0);
    assert_eq!((source.unreadable.count, source.unreadable.places[0].path.as_str()), (1, "usb"));
    let within = ["usb/b.txt".to_owned()].to_vec();
    let scan = world.ingest.scan_within(world.source, within, &Cancel::new()).await.unwrap();
    assert_eq!(scan.deleted, 0);
    // The files were copied to where the drive was: a folder like any other from now on.
    world.write("usb/b.txt", "bananas");
    assert!(world.scan().await.unreadable.is_empty());
    fs::remove_file(world.path("usb/b.txt")).unwrap();
    assert_eq!(world.scan().await.deleted, 1);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_told() {
    let world = World::new();
    world.write("real/a.txt", "apples");
    std::os::unix::fs::symlink("nowhere", world.path("dangling.txt")).unwrap();
    std::os::unix::fs::symlink(world.path("real"), world.path("link")).unwrap();
    world.index().await;
    let places = || world.library.unreadable(world.source).unwrap().places;
    let told: Vec<String> = places().into_iter().map(|place| place.path).collect();
    assert_eq!(told, ["dangling.txt", "link"]);
    fs::remove_file(world.path("dangling.txt")).unwrap();
    fs::remove_file(world.path("link")).unwrap();
    world.scan().await;
    assert!(places().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_file_does_not_come_back_under_another_name() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("b.txt", "bananas");
    world.index().await;
    world.library.forget_document(world.document("a.txt").id, None, 5).unwrap();
    fs::rename(world.path("a.txt"), world.path("c.txt")).unwrap();
    let (_, run) = world.index().await;
    assert_eq!((run.indexed, run.skipped), (0, 1));
    assert!(world.find("apples").await.is_empty());
    let renamed = world.document("c.txt");
    assert_eq!((renamed.state, renamed.error_code.as_deref()), (DocumentState::Skipped, Some("forgotten")));
    // Until it is wanted again.
    world.library.set_source_rules(world.source, &Default::default()).unwrap();
    assert_eq!(world.run().await.indexed, 1);
    assert_eq!(world.find("apples").await, ["c.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_an_unknown_kind_is_looked_at_again_once_other_kinds_are_read() {
    let world = World::new();
    world.write("a.xyz", "apples");
    assert_eq!(world.index().await.1.skipped, 1);
    let recover = || world.ingest.recover(Default::default());
    assert_eq!(recover().await.unwrap().outdated, 0, "nothing has changed");
    // As if that had been found out when other kinds were read.
    world.write("a.xyz", "other apples");
    world.scan().await;
    let begun = world.library.begin_reading(world.document("a.xyz").id, 5).unwrap().unwrap();
    let kinds = "what was read earlier".to_owned();
    assert!(
        world
            .library
            .end_reading(&begun, Verdict::Unsupported { kind: "text".to_owned(), kinds }, 5)
            .unwrap()
    );
    assert_eq!(recover().await.unwrap().outdated, 1);
    assert_eq!(world.run().await.skipped, 1);
    assert_eq!(recover().await.unwrap().outdated, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_listed_before_anything_can_be_read() {
    let world = World::new();
    world.write("a.txt", "apples");
    let report = docent_ingest::list_files(&world.library, world.source, 1, &Cancel::new()).unwrap();
    assert_eq!((report.new, report.reachable), (1, true));
    assert_eq!(world.state("a.txt"), DocumentState::Waiting);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_file_is_a_source_too() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("数据 1.json");
    fs::write(&file, "{\"fruit\": \"apples\"}").unwrap();
    let source = world.library.add_source(&file, SourceKind::File, 1).unwrap();
    let reports = world.ingest.rescan_all(&Cancel::new()).await.unwrap();
    assert_eq!(reports.len(), 2);
    assert_eq!(world.run().await.indexed, 1);
    assert_eq!(world.find("apples").await, ["数据 1.json"]);
    fs::remove_file(&file).unwrap();
    let scan = world.ingest.scan(source, &Cancel::new()).await.unwrap();
    assert!(!scan.reachable && scan.deleted == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_is_read_is_read_again() {
    let world = World::new();
    world.write("a.txt", "apples");
    let left = Mutex::new(1);
    world.extract.during(move |path| {
        let mut left = left.lock().unwrap();
        if *left > 0 {
            *left -= 1;
            fs::write(path, "bananas and more").unwrap();
        }
    });
    let (_, run) = world.index().await;
    assert_eq!((run.indexed, run.unsettled), (1, 0));
    assert_eq!(world.extract.read().len(), 2);
    assert!(world.find("apples").await.is_empty());
    assert_eq!(world.find("bananas").await, ["a.txt"]);
    assert_eq!(world.scan().await.changed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_never_rests_waits_and_holds_nobody_up() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("b.txt", "bananas");
    let count = Mutex::new(0);
    world.extract.during(move |path| {
        if path.ends_with("a.txt") {
            *count.lock().unwrap() += 1;
            fs::write(path, "x".repeat(10 + *count.lock().unwrap())).unwrap();
        }
    });
    let (_, run) = world.index().await;
    assert_eq!((run.indexed, run.unsettled), (1, 1));
    assert_eq!(world.state("a.txt"), DocumentState::Waiting);
    world.extract.during(|_| {});
    assert_eq!(world.run().await.indexed, 1);
    assert_eq!(world.state("a.txt"), DocumentState::Indexed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_indexed_file_that_never_rests_and_nothing_else_to_do_ends_a_run() {
    let world = World::new();
    world.write("a.txt", "apples");
    assert_eq!(world.index().await.1.indexed, 1);
    let count = Mutex::new(0);
    world.extract.during(move |path| {
        *count.lock().unwrap() += 1;
        fs::write(path, "x".repeat(10 + *count.lock().unwrap())).unwrap();
    });
    world.write("a.txt", "apples and pears");
    let (_, run) = world.index().await;
    assert_eq!((run.indexed, run.unsettled), (0, 1));
    assert_eq!(world.find("apples").await, ["a.txt"], "what is live stays live");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_document_counts_as_to_be_done() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.index().await;
    world.write("a.txt", "pears and plums");
    world.scan().await;
    let told = Mutex::new(0);
    let note = |progress: docent_ingest::IngestProgress| {
        let mut most = told.lock().unwrap();
        *most = progress.total.max(*most);
    };
    assert_eq!(world.ingest.run(&Cancel::new(), &note).await.unwrap().indexed, 1);
    assert_eq!(*told.lock().unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_deleted_while_it_is_read_does_not_come_back() {
    let world = World::new();
    world.write("a.txt", "apples");
    world.write("b.txt", "bananas");
    world.scan().await;
    let (library, id) = (Arc::clone(&world.library), world.document("a.txt").id);
    world.extract.during(move |path| {
        if path.ends_with("a.txt") {
            library.delete_document(id, 1).unwrap();
        }
    });
    let run = world.run().await;
    assert_eq!((run.indexed, run.failed), (1, 0));
    assert!(world.find("apples").await.is_empty());
    assert_eq!(world.find("bananas").await, ["b.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_small_files() {
    let world = World::new();
    for file in 0..1_000 {
        world.write(&format!("dir{}/file {file}.txt", file % 10), &format!("common text and number{file}"));
    }
    let last = Arc::new(Mutex::new(docent_ingest::IngestProgress::default()));
    let told = Arc::clone(&last);
    world.scan().await;
    let progress = move |progress: docent_ingest::IngestProgress| {
        let mut last = told.lock().unwrap();
        assert!(progress.done >= last.done && progress.done <= progress.total.max(1));
        assert!(progress.chunks_done <= progress.chunks_total);
        *last = progress;
    };
    let run = world.ingest.run(&Cancel::new(), &progress).await.unwrap();
    assert_eq!((run.indexed, run.failed, run.chunks), (1_000, 0, 1_000));
    let last = last.lock().unwrap().clone();
    assert_eq!((last.done, last.total, last.chunks_done), (1_000, 1_000, 1_000));
    assert_eq!(last.phase, docent_ingest::Phase::Idle);
    assert_eq!(world.find("number577").await, ["dir7/file 577.txt"]);
    expect_consistent(&world.library, &*world.store).await;
}
