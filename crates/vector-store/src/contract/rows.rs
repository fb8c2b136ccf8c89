//! Rows come and go as whole batches and revisions.

use super::{axis, chunks, fill, row};
use crate::{Filter, Maintenance, Row, TextQuery, VectorStore};
use docent_corpus::{BatchId, RevisionId};

/// Nothing is found in an empty store, and nothing fails.
pub async fn an_empty_store_answers(store: &dyn VectorStore) {
    let all = Filter::default();
    assert_eq!(store.dimension(), super::DIMENSION);
    assert_eq!(store.rows().await.expect("rows"), 0);
    assert!(store.search_vector(&axis(0), &all, 10).await.expect("vector").is_empty());
    let words = TextQuery::Words("anything 中文".to_owned());
    assert!(store.search_text(&words, &all, 10).await.expect("text").is_empty());
    let phrase = TextQuery::Phrase("any thing".to_owned());
    assert!(store.search_text(&phrase, &all, 10).await.expect("phrase").is_empty());
    assert!(store.revision_counts().await.expect("counts").is_empty());
    assert_eq!(store.count_batch(BatchId(1)).await.expect("batch"), 0);
    store.delete_batch(BatchId(1)).await.expect("delete batch");
    store.delete_revisions(&[RevisionId(1)]).await.expect("delete revisions");
    store.delete_revisions(&[]).await.expect("delete nothing");
    store.append(Vec::new()).await.expect("append nothing");
    let report = store.maintain(Maintenance::Now).await.expect("maintain");
    assert!(report.is_sound(), "maintenance of an empty store: {:?}", report.failures);
    assert_eq!(report.rows, 0);
}

/// One bad row keeps all the others out; a good append is there at once and moves the version on.
pub async fn appends_are_all_or_nothing(store: &dyn VectorStore) {
    let before = store.append(Vec::new()).await.expect("version");
    let mut rows: Vec<Row> = (0..20).map(|at| row(at, "good", axis(at as usize))).collect();
    rows[13].vector[2] = f32::NAN;
    assert!(store.append(rows.clone()).await.is_err());
    rows[13].vector = vec![1.0; super::DIMENSION + 1];
    assert!(store.append(rows.clone()).await.is_err());
    assert_eq!(store.rows().await.expect("rows"), 0, "a refused append left rows behind");

    rows[13].vector = axis(13).to_vec();
    let after = store.append(rows).await.expect("append");
    assert!(after > before, "version {after} after {before}");
    assert_eq!(store.rows().await.expect("rows"), 20);
}

/// A writer that does not know whether its write landed can ask, and redo it without doubles.
pub async fn batches_are_counted_and_redone(store: &dyn VectorStore) {
    let rows: Vec<Row> = (0..20).map(|at| row(at, "first", axis(at as usize))).collect();
    let others: Vec<Row> = (20..30).map(|at| row(at, "second", axis(at as usize))).collect();
    fill(store, rows.clone()).await;
    fill(store, others).await;
    assert_eq!(store.count_batch(BatchId(0)).await.expect("count"), 20);
    assert_eq!(store.count_batch(BatchId(1)).await.expect("count"), 10);
    assert_eq!(store.count_batch(BatchId(2)).await.expect("count"), 0);

    store.delete_batch(BatchId(0)).await.expect("delete");
    assert_eq!(store.count_batch(BatchId(0)).await.expect("count"), 0);
    fill(store, rows).await;
    assert_eq!(store.count_batch(BatchId(0)).await.expect("count"), 20);
    assert_eq!(store.rows().await.expect("rows"), 30);

    // Those of two documents with two chunks each, and of one that is not there.
    let asked = [1000, 1003, 9999].map(RevisionId);
    let mut vectors = store.vectors(&asked).await.expect("vectors");
    vectors.sort_by_key(|(chunk, _)| *chunk);
    let expected = [0, 1, 6, 7].map(|at| (docent_corpus::ChunkId(at), axis(at as usize).to_vec()));
    assert_eq!(vectors, expected);
}

/// A delete takes what it names, nothing else, and may be repeated.
pub async fn deletes_are_exact(store: &dyn VectorStore) {
    fill(store, (0..40).map(|at| row(at, &format!("word{at} shared"), axis(at as usize))).collect()).await;
    let gone = [RevisionId(1003), RevisionId(1007), RevisionId(9999)];
    for _ in 0..2 {
        store.delete_revisions(&gone).await.expect("delete");
        assert_eq!(store.rows().await.expect("rows"), 36);
    }
    let all = Filter::default();
    let found = store.search_vector(&axis(6), &all, 40).await.expect("vector");
    assert!(!chunks(&found).contains(&6), "a deleted row was found by its vector");
    let found =
        store.search_text(&TextQuery::Words("word14 word16".to_owned()), &all, 40).await.expect("text");
    assert_eq!(chunks(&found), [16], "words of deleted rows must be gone, others must stay");

    store.delete_batch(BatchId(1)).await.expect("delete batch");
    store.delete_batch(BatchId(1)).await.expect("delete batch again");
    assert_eq!(store.rows().await.expect("rows"), 16);
}

/// Every revision with rows is listed once with its number of rows.
pub async fn revisions_are_counted(store: &dyn VectorStore) {
    fill(store, (0..5).map(|at| row(at, "text", axis(at as usize))).collect()).await;
    fill(store, vec![row(4, "text", axis(1))]).await;
    store.delete_revisions(&[RevisionId(1001)]).await.expect("delete");
    let counts = store.revision_counts().await.expect("counts");
    assert_eq!(counts, [(RevisionId(1000), 2), (RevisionId(1002), 2)]);
}
