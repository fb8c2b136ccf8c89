//! Many small writes, searches meanwhile, and the approximate index.

use crate::{Numbers, config, fresh, open, open_with, rows};
use docent_vector_store::{
    Filter, LanceStore, Maintenance, MaintenanceStep, MemoryStore, Row, TextQuery, VectorStore, contract,
};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

async fn each_found_once(store: &LanceStore, ids: impl Iterator<Item = i64>) {
    for id in ids {
        let own = TextQuery::Words(format!("unique{id}"));
        let found = store.search_text(&own, &Filter::default(), 10).await.unwrap();
        assert_eq!(found.iter().map(|hit| hit.chunk.0).collect::<Vec<_>>(), [id]);
    }
}

/// Three hundred small writes leave hundreds of files; maintenance leaves few, and every row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_small_writes_become_few_files() {
    let (folder, store) = fresh().await;
    for n in 0..300 {
        store.append(rows(n * 3, n * 3 + 3, contract::DIMENSION)).await.unwrap();
    }
    let before = files(folder.path());
    let report = store.maintain(Maintenance::IfDue).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.failures);
    assert!(report.done.contains(&MaintenanceStep::Compact) && report.done.contains(&MaintenanceStep::Prune));
    assert_eq!((report.rows, report.unindexed_rows, report.consecutive_failures), (900, 0, 0));
    assert_eq!(report.fragments, 1);
    let after = files(folder.path());
    assert!(before > 900 && after < before / 5, "{before} files became {after}");
    each_found_once(&store, (0..900).step_by(37)).await;
    let all = store.search_vector(&contract::axis(0), &Filter::default(), 2_000).await.unwrap();
    assert_eq!(all.iter().map(|hit| hit.chunk).collect::<HashSet<_>>().len(), 900);

    let again = store.maintain(Maintenance::IfDue).await.unwrap();
    assert!(again.done.is_empty(), "nothing is due: {:?}", again.done);
    assert_eq!(again.version, report.version);
    drop(store);
    let (store, opened) = open(folder.path()).await;
    assert_eq!((opened.rolled_back, opened.replaced), (false, false));
    assert_eq!(store.rows().await.unwrap(), 900);
}

/// Indexes are folded again and again, between deletes: every living row is found once by its own
/// word, no dead one is (the pattern of lance-format/lance#7653).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_folding_loses_and_doubles_nothing() {
    let (folder, store) = fresh().await;
    let mut alive: HashSet<i64> = HashSet::new();
    for round in 0..12i64 {
        let (from, to) = (round * 50, round * 50 + 50);
        store.append(rows(from, to, contract::DIMENSION)).await.unwrap();
        alive.extend(from..to);
        // Two of the documents before it are gone; a document has two chunks.
        let gone: Vec<_> = [from / 3, from / 2].map(|id| id / 2).to_vec();
        alive.retain(|id| !gone.contains(&(id / 2)));
        let revisions: Vec<_> =
            gone.iter().map(|document| contract::row(document * 2, "", contract::axis(0)).revision).collect();
        store.delete_revisions(&revisions).await.unwrap();
        let report = store.maintain(Maintenance::Now).await.unwrap();
        assert!(report.is_sound(), "round {round}: {:?}", report.failures);
        assert_eq!(report.rows, alive.len(), "round {round}");
        let files = files(folder.path());
        assert!(files < 150, "round {round}: {files} files");
    }
    let shared = TextQuery::Words("shared".to_owned());
    let found = store.search_text(&shared, &Filter::default(), 2_000).await.unwrap();
    assert_eq!(found.iter().map(|hit| hit.chunk.0).collect::<HashSet<_>>(), alive);
    assert_eq!(found.len(), alive.len());
    let mut some: Vec<i64> = alive.into_iter().collect();
    some.sort_unstable();
    each_found_once(&store, some.into_iter().step_by(29)).await;
}

/// Searches go on, without an error and without missing anything, while rows are written, deleted and
/// maintained.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn searches_go_on_during_writes_and_maintenance() {
    let (_folder, store) = fresh().await;
    store.append(rows(0, 20, contract::DIMENSION)).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let searching: Vec<_> = (0..3)
        .map(|_| {
            let (store, stop) = (store.clone(), stop.clone());
            tokio::spawn(async move {
                let mut searches = 0;
                while !stop.load(Ordering::Relaxed) {
                    each_found_once(&store, [3, 17].into_iter()).await;
                    let found =
                        store.search_vector(&contract::axis(0), &Filter::default(), 20).await.unwrap();
                    assert_eq!(found.len(), 20);
                    searches += 1;
                }
                searches
            })
        })
        .collect();
    for n in 1..5 {
        for part in 0..5 {
            let from = n * 100 + part * 20;
            store.append(rows(from, from + 20, contract::DIMENSION)).await.unwrap();
        }
        let doomed = contract::row(n * 100, "", contract::axis(0)).revision;
        store.delete_revisions(&[doomed]).await.unwrap();
        let report = store.maintain(Maintenance::Now).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.failures);
    }
    stop.store(true, Ordering::Relaxed);
    for task in searching {
        assert!(task.await.unwrap() > 0);
    }
}

/// From fifty thousand rows on the vector index is used, with the answers of comparing with each row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_approximate_index_agrees_with_the_exact_store() {
    const DIMENSION: usize = 32;
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open_with(config(folder.path(), DIMENSION)).await.unwrap();
    let exact = MemoryStore::new(DIMENSION);
    let mut numbers = Numbers(7);
    // Topics, as real embeddings have: an index by cells is worst where there are none.
    let topics: Vec<Vec<f32>> = (0..200).map(|_| numbers.vector(DIMENSION)).collect();
    let near = |numbers: &mut Numbers| -> Vec<f32> {
        let topic = &topics[(numbers.next() % 200) as usize];
        topic.iter().map(|x| x + 0.4 * numbers.unit()).collect()
    };
    for batch in 0..10i64 {
        let rows: Vec<Row> = (batch * 5_200..(batch + 1) * 5_200)
            .map(|id| Row { vector: near(&mut numbers), ..contract::row(id, "text", contract::axis(0)) })
            .collect();
        exact.append(rows.clone()).await.unwrap();
        store.append(rows).await.unwrap();
    }
    let report = store.maintain(Maintenance::IfDue).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.failures);
    assert!(report.done.contains(&MaintenanceStep::VectorIndex), "{:?}", report.done);

    let all = Filter::default();
    let (mut common, queries) = (0, 50);
    for _ in 0..queries {
        let query = near(&mut numbers);
        let expected = exact.search_vector(&query, &all, 10).await.unwrap();
        let found = store.search_vector(&query, &all, 10).await.unwrap();
        let expected: HashSet<_> = expected.iter().map(|hit| hit.chunk).collect();
        common += found.iter().filter(|hit| expected.contains(&hit.chunk)).count();
    }
    let recall = common as f64 / (10 * queries) as f64;
    assert!(recall >= 0.99, "recall@10 is {recall}");
    // Rows written after it are found too.
    let own = near(&mut numbers);
    let row = Row { vector: own.clone(), ..contract::row(900_000, "text", contract::axis(0)) };
    store.append(vec![row]).await.unwrap();
    assert_eq!(store.search_vector(&own, &all, 1).await.unwrap()[0].chunk.0, 900_000);
}
