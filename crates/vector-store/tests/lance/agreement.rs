//! Whatever is done to both, the store that lasts and the exact one hold and find the same.

use crate::{Numbers, config, fresh, open_with};
use docent_corpus::{BatchId, DocumentId, RevisionId, SourceId};
use docent_vector_store::{
    Filter, Hit, LanceStore, Maintenance, MemoryStore, Row, TextQuery, VectorStore, contract,
};
use proptest::prelude::*;
use std::collections::HashMap;

const WORDS: [&str; 8] = ["garden", "roof", "kitchen", "中文", "检索", "数据", "search", "42"];

#[derive(Clone, Debug)]
enum Step {
    Append { batch: i64, rows: usize },
    DeleteBatch(i64),
    DeleteRevisions(Vec<i64>),
    Maintain,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..6i64, 0..25usize).prop_map(|(batch, rows)| Step::Append { batch, rows }),
        1 => (0..6i64).prop_map(Step::DeleteBatch),
        2 => prop::collection::vec(0..12i64, 0..4).prop_map(Step::DeleteRevisions),
        1 => Just(Step::Maintain),
        1 => Just(Step::Reopen),
    ]
}

fn filter() -> impl Strategy<Value = Filter> {
    let some = |most: i64| prop::option::weighted(0.4, prop::collection::vec(0..most, 0..5));
    (some(4), some(12), prop::collection::vec(0..12i64, 0..3)).prop_map(|(sources, documents, exclude)| {
        Filter {
            sources: sources.map(|ids| ids.into_iter().map(SourceId).collect()),
            documents: documents.map(|ids| ids.into_iter().map(DocumentId).collect()),
            exclude_documents: exclude.into_iter().map(DocumentId).collect(),
        }
    })
}

/// A row whose ids and words follow from a random number.
fn row(id: i64, batch: i64, numbers: &mut Numbers) -> Row {
    let document = (numbers.next() % 12) as i64;
    let text: Vec<&str> = (0..6).map(|_| WORDS[(numbers.next() % 8) as usize]).collect();
    Row {
        batch: BatchId(batch),
        document: DocumentId(document),
        revision: RevisionId(document),
        source: SourceId(document / 3),
        vector: numbers.vector(contract::DIMENSION),
        ..contract::row(id, &text.join(" "), contract::axis(0))
    }
}

/// Every score is the true one, and no better row was left out.
fn agree(found: &[Hit], exact: &[Hit], truth: &HashMap<i64, f32>) {
    assert_eq!(found.len(), exact.len());
    for (found, exact) in found.iter().zip(exact) {
        assert!((found.score - exact.score).abs() < 1e-5, "{found:?} in place of {exact:?}");
        assert!((found.score - truth[&found.chunk.0]).abs() < 1e-5, "{found:?}");
    }
}

async fn compare(store: &LanceStore, exact: &MemoryStore, filters: &[Filter], numbers: &mut Numbers) {
    assert_eq!(store.rows().await.unwrap(), exact.rows().await.unwrap());
    assert_eq!(store.revision_counts().await.unwrap(), exact.revision_counts().await.unwrap());
    for batch in (0..6).map(BatchId) {
        assert_eq!(store.count_batch(batch).await.unwrap(), exact.count_batch(batch).await.unwrap());
    }
    for filter in filters {
        let query = numbers.vector(contract::DIMENSION);
        let all = exact.search_vector(&query, &Filter::default(), 10_000).await.unwrap();
        let truth: HashMap<i64, f32> = all.iter().map(|hit| (hit.chunk.0, hit.score)).collect();
        for limit in [3, 10_000] {
            let found = store.search_vector(&query, filter, limit).await.unwrap();
            agree(&found, &exact.search_vector(&query, filter, limit).await.unwrap(), &truth);
        }
        let word = WORDS[(numbers.next() % 8) as usize];
        for query in [TextQuery::Words(format!("{word} roof")), TextQuery::Phrase(format!("{word} 检索"))] {
            let sorted = |mut hits: Vec<Hit>| {
                hits.sort_by_key(|hit| hit.chunk);
                hits.into_iter().map(|hit| (hit.chunk, hit.document)).collect::<Vec<_>>()
            };
            let found = sorted(store.search_text(&query, filter, 10_000).await.unwrap());
            let expected = sorted(exact.search_text(&query, filter, 10_000).await.unwrap());
            assert_eq!(found, expected, "{query:?} with {filter:?}");
        }
    }
}

async fn play(steps: Vec<Step>, filters: Vec<Filter>, seed: u64) {
    let (folder, mut store) = fresh().await;
    let exact = MemoryStore::new(contract::DIMENSION);
    let mut numbers = Numbers(seed | 1);
    let mut next = 0;
    for step in steps {
        match step {
            Step::Append { batch, rows } => {
                let rows: Vec<Row> = (0..rows as i64).map(|n| row(next + n, batch, &mut numbers)).collect();
                next += rows.len() as i64;
                store.append(rows.clone()).await.unwrap();
                exact.append(rows).await.unwrap();
            }
            Step::DeleteBatch(batch) => {
                store.delete_batch(BatchId(batch)).await.unwrap();
                exact.delete_batch(BatchId(batch)).await.unwrap();
            }
            Step::DeleteRevisions(ids) => {
                let ids: Vec<RevisionId> = ids.into_iter().map(RevisionId).collect();
                store.delete_revisions(&ids).await.unwrap();
                exact.delete_revisions(&ids).await.unwrap();
            }
            Step::Maintain => {
                let report = store.maintain(Maintenance::Now).await.unwrap();
                assert!(report.is_sound(), "{:?}", report.failures);
            }
            Step::Reopen => {
                drop(store);
                store = open_with(config(folder.path(), contract::DIMENSION)).await.unwrap().0;
            }
        }
    }
    compare(&store, &exact, &filters, &mut numbers).await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// Random writes, deletes, maintenance and restarts: the same rows, the same answers.
    #[test]
    fn both_stores_agree(
        steps in prop::collection::vec(step(), 1..14),
        filters in prop::collection::vec(filter(), 1..4),
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(play(steps, filters, seed));
    }
}

/// Below the size of the vector index the ten nearest are exactly the ten nearest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recall_is_perfect_without_an_index() {
    const DIMENSION: usize = 64;
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = open_with(config(folder.path(), DIMENSION)).await.unwrap();
    let exact = MemoryStore::new(DIMENSION);
    let mut numbers = Numbers(99);
    for batch in 0..4i64 {
        let rows: Vec<Row> = (batch * 500..(batch + 1) * 500)
            .map(|id| Row {
                vector: numbers.vector(DIMENSION),
                ..contract::row(id, "text", contract::axis(0))
            })
            .collect();
        exact.append(rows.clone()).await.unwrap();
        store.append(rows).await.unwrap();
    }
    store.maintain(Maintenance::Now).await.unwrap();
    for _ in 0..50 {
        let query = numbers.vector(DIMENSION);
        let all = Filter::default();
        let found = store.search_vector(&query, &all, 10).await.unwrap();
        let expected = exact.search_vector(&query, &all, 10).await.unwrap();
        let chunks = |hits: &[Hit]| hits.iter().map(|hit| hit.chunk.0).collect::<Vec<_>>();
        assert_eq!(chunks(&found), chunks(&expected));
    }
}
