//! Search by vector.

use super::{DIMENSION, angle, axis, chunks, fill, row, sorted};
use crate::{Filter, Maintenance, Row, TextQuery, VectorStore};
use docent_corpus::{DocumentId, SourceId};

/// Order and scores are those of the cosine, whatever the length of the vectors.
pub async fn nearest_come_first_with_their_cosine(store: &dyn VectorStore) {
    let rows = [60.0f32, 10.0, 0.0, 150.0, 90.0, 30.0];
    fill(
        store,
        rows.iter()
            .enumerate()
            .map(|(at, degrees)| {
                // Longer vectors must not rank higher.
                row(at as i64, "text", angle(*degrees).map(|x| x * (at + 1) as f32))
            })
            .collect(),
    )
    .await;
    let found =
        store.search_vector(&angle(0.0).map(|x| x * 5.0), &Filter::default(), 10).await.expect("search");
    assert_eq!(chunks(&found), [2, 1, 5, 0, 4, 3]);
    for hit in &found {
        let expected = rows[hit.chunk.0 as usize].to_radians().cos();
        assert!((hit.score - expected).abs() < 1e-5, "chunk {}: {} for {expected}", hit.chunk, hit.score);
        assert_eq!(hit.document, DocumentId(hit.chunk.0 / 2));
    }
}

/// Only what the filter admits is found, and all of it, however far away.
pub async fn filters_hold(store: &dyn VectorStore) {
    fill(store, (0..60).map(|at| row(at, "text", angle(at as f32))).collect()).await;
    let search =
        async |filter: Filter| sorted(&store.search_vector(&angle(0.0), &filter, 100).await.expect("search"));
    let documents = |ids: &[i64]| ids.iter().copied().map(DocumentId).collect::<Vec<_>>();

    let sources = |ids: &[i64]| Some(ids.iter().copied().map(SourceId).collect::<Vec<_>>());
    let found = search(Filter { sources: sources(&[2]), ..Filter::default() }).await;
    assert_eq!(found, (40..60).collect::<Vec<_>>());
    let found = search(Filter { sources: sources(&[0, 2, 77]), ..Filter::default() }).await;
    assert_eq!(found, (0..20).chain(40..60).collect::<Vec<_>>());
    assert!(search(Filter { sources: sources(&[]), ..Filter::default() }).await.is_empty());

    let found = search(Filter { documents: Some(documents(&[29, 3, 500])), ..Filter::default() }).await;
    assert_eq!(found, [6, 7, 58, 59]);
    assert!(search(Filter { documents: Some(vec![]), ..Filter::default() }).await.is_empty());

    let filter = Filter {
        sources: sources(&[0]),
        documents: Some(documents(&[1, 2, 11])),
        exclude_documents: documents(&[2]),
    };
    assert_eq!(search(filter).await, [2, 3]);
    let filter = Filter { exclude_documents: documents(&(1..30).collect::<Vec<_>>()), ..Filter::default() };
    assert_eq!(search(filter).await, [0, 1]);

    // More documents than a store may want to put into a query, of which only the farthest exist.
    let many: Vec<i64> = (28..6000).collect();
    let filter = Filter { documents: Some(documents(&many)), ..Filter::default() };
    assert_eq!(search(filter).await, [56, 57, 58, 59]);
    let filter = Filter { exclude_documents: documents(&many), ..Filter::default() };
    assert_eq!(search(filter).await, (0..56).collect::<Vec<_>>());
}

/// Never more than asked for, and the best of them.
pub async fn limits_hold(store: &dyn VectorStore) {
    fill(store, (0..50).map(|at| row(at, "shared", angle(at as f32))).collect()).await;
    let all = Filter::default();
    for limit in [0usize, 1, 7, 50, 500] {
        let found = store.search_vector(&angle(0.0), &all, limit).await.expect("vector");
        assert_eq!(chunks(&found), (0..limit.min(50) as i64).collect::<Vec<_>>());
        let found = store.search_text(&TextQuery::Words("shared".into()), &all, limit).await.expect("text");
        assert_eq!(found.len(), limit.min(50));
    }
}

/// A chunk that was written twice is found once; equal scores come in the order of the chunks.
pub async fn doubles_collapse_and_ties_are_stable(store: &dyn VectorStore) {
    let rows: Vec<Row> = (0..30).rev().map(|at| row(at, "same words here", axis(0))).collect();
    fill(store, rows.clone()).await;
    fill(store, rows[..10].to_vec()).await;
    let all = Filter::default();
    for limit in [5usize, 30] {
        let expected: Vec<i64> = (0..limit as i64).collect();
        let found = store.search_vector(&axis(0), &all, limit).await.expect("vector");
        assert_eq!(chunks(&found), expected, "by vector");
    }
    let found = store.search_text(&TextQuery::Words("same".into()), &all, 30).await.expect("text");
    assert_eq!(sorted(&found), (0..30).collect::<Vec<_>>(), "by words");
}

/// A vector of another length or without direction is an error with a code, in rows and in queries.
pub async fn unusable_vectors_are_refused(store: &dyn VectorStore) {
    fill(store, vec![row(1, "text", axis(0))]).await;
    let all = Filter::default();
    let code = async |vector: Vec<f32>| {
        let query = store.search_vector(&vector, &all, 5).await.expect_err("query").code();
        let stored = store.append(vec![Row { vector, ..row(2, "text", axis(1)) }]).await;
        assert_eq!(stored.expect_err("row").code(), query);
        query
    };
    assert_eq!(code(vec![1.0; DIMENSION - 1]).await, "vector_dimension");
    assert_eq!(code(vec![1.0; DIMENSION + 8]).await, "vector_dimension");
    assert_eq!(code(Vec::new()).await, "vector_dimension");
    assert_eq!(code(vec![0.0; DIMENSION]).await, "vector_unusable");
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut vector = vec![0.5; DIMENSION];
        vector[3] = bad;
        assert_eq!(code(vector).await, "vector_unusable");
    }
    assert_eq!(store.rows().await.expect("rows"), 1);
}

/// Rows written before and after maintenance are found alike, by vector and by words.
pub async fn indexed_and_new_rows_are_both_found(store: &dyn VectorStore) {
    let all = Filter::default();
    fill(store, (0..20).map(|at| row(at, &format!("common only{at}"), angle(at as f32))).collect()).await;
    let report = store.maintain(Maintenance::Now).await.expect("maintain");
    assert!(report.is_sound(), "{:?}", report.failures);
    assert_eq!((report.rows, report.unindexed_rows), (20, 0));
    fill(store, (20..40).map(|at| row(at, &format!("common only{at}"), angle(at as f32))).collect()).await;

    for round in 0..2 {
        let found = store.search_vector(&angle(19.4), &all, 3).await.expect("vector");
        assert_eq!(chunks(&found), [19, 20, 18], "round {round}");
        let words = TextQuery::Words("common".into());
        let found = store.search_text(&words, &all, 100).await.expect("text");
        assert_eq!(sorted(&found), (0..40).collect::<Vec<_>>(), "round {round}");
        let words = TextQuery::Words("only3 only33".into());
        let found = store.search_text(&words, &all, 100).await.expect("text");
        assert_eq!(sorted(&found), [3, 33], "round {round}");
        let phrase = TextQuery::Phrase("common only25".into());
        let found = store.search_text(&phrase, &all, 100).await.expect("phrase");
        assert_eq!(sorted(&found), [25], "round {round}");
        let report = store.maintain(Maintenance::Now).await.expect("maintain");
        assert!(report.is_sound(), "{:?}", report.failures);
        assert_eq!((report.rows, report.unindexed_rows), (40, 0));
    }
}
