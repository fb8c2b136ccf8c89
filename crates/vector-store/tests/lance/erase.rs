//! Erasing: no byte of a deleted row stays in any file.

use crate::{Numbers, fresh, rows};
use docent_corpus::RevisionId;
use docent_vector_store::{Filter, LanceStore, Maintenance, Row, TextQuery, VectorStore, contract};
use std::path::Path;

const SECRET: &str = "zirconiumquokka";

/// The row of a document of its own that holds the secret, with a vector that no other row has.
fn secret(id: i64) -> Row {
    let vector = Numbers(4_711).vector(contract::DIMENSION);
    Row { vector, ..contract::row(id, &format!("the {SECRET} of {id}"), contract::axis(0)) }
}

fn holds(folder: &Path, bytes: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        std::fs::read(&path).unwrap().windows(bytes.len()).any(|part| part == bytes)
    })
}

/// Deletes the secret's document, erases, and looks at every file.
async fn expect_gone(store: &LanceStore, folder: &Path, row: &Row, left: usize) {
    let vector: Vec<u8> = row.vector.iter().flat_map(|x| x.to_le_bytes()).collect();
    assert!(holds(folder, SECRET.as_bytes()) && holds(folder, &vector), "or the test shows nothing");
    store.delete_revisions(&[row.revision]).await.unwrap();
    let aside = store.folder().with_file_name("chunks_p1_g1.lance.bad-1");
    std::fs::create_dir(&aside).unwrap();
    std::fs::write(aside.join("data"), SECRET).unwrap();
    let report = store.maintain(Maintenance::Erase).await.unwrap();
    assert!(report.has_erased(), "{:?} {:?}", report.done, report.failures);
    assert!(!holds(folder, SECRET.as_bytes()), "the text is still there");
    assert!(!holds(folder, &vector), "the vector is still there");
    assert_eq!((report.rows, store.rows().await.unwrap()), (left, left));
    // It goes on as before.
    store.append(rows(900, 904, contract::DIMENSION)).await.unwrap();
    for id in [900, 903] {
        let own = TextQuery::Words(format!("unique{id}"));
        let found = store.search_text(&own, &Filter::default(), 9).await.unwrap();
        assert_eq!(found.iter().map(|hit| hit.chunk.0).collect::<Vec<_>>(), [id]);
    }
    assert!(store.maintain(Maintenance::Now).await.unwrap().is_sound());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_among_others() {
    let (folder, store) = fresh().await;
    let mut all = rows(0, 40, contract::DIMENSION);
    all.push(secret(100));
    store.append(all).await.unwrap();
    expect_gone(&store, folder.path(), &secret(100), 40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_row() {
    let (folder, store) = fresh().await;
    store.append(vec![secret(100)]).await.unwrap();
    expect_gone(&store, folder.path(), &secret(100), 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_in_versions_that_are_kept() {
    let (folder, store) = fresh().await;
    store.append(vec![secret(100)]).await.unwrap();
    for round in 0..3 {
        store.append(rows(round * 10, round * 10 + 10, contract::DIMENSION)).await.unwrap();
        assert!(store.maintain(Maintenance::Now).await.unwrap().is_sound());
    }
    expect_gone(&store, folder.path(), &secret(100), 30).await;
    let revisions = store.revision_counts().await.unwrap();
    assert!(revisions.iter().all(|(revision, _)| *revision != RevisionId(1050)));
}
