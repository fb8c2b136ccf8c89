//! What every [`VectorStore`] must do, as checks that panic with a reason. Each takes a store that
//! is empty and holds vectors of length [`DIMENSION`]; [`contract_tests!`](crate::contract_tests)
//! makes one test of each.

// These are tests that live in the library, so that every implementation can run them.
#![allow(clippy::expect_used, clippy::missing_panics_doc)]

mod rows;
mod search;
mod words;

use crate::{Row, VectorStore};
use docent_corpus::{BatchId, ChunkId, DocumentId, Hit, RevisionId, SourceId};

pub use rows::{
    an_empty_store_answers, appends_are_all_or_nothing, batches_are_counted_and_redone, deletes_are_exact,
    revisions_are_counted,
};
pub use search::{
    doubles_collapse_and_ties_are_stable, filters_hold, indexed_and_new_rows_are_both_found, limits_hold,
    nearest_come_first_with_their_cosine, unusable_vectors_are_refused,
};
pub use words::{
    a_phrase_needs_its_order, any_word_finds_and_more_words_rank_higher, chinese_words_are_found,
    filters_hold_for_words, query_syntax_has_no_meaning,
};

/// Length of the vectors of the stores that the checks take.
pub const DIMENSION: usize = 8;

/// A row whose ids follow from the chunk's: two chunks per document, one revision per document,
/// ten documents per source; the batch is the source's number.
pub fn row(chunk: i64, text: &str, vector: [f32; DIMENSION]) -> Row {
    let document = chunk / 2;
    Row {
        chunk: ChunkId(chunk),
        revision: RevisionId(1000 + document),
        document: DocumentId(document),
        source: SourceId(document / 10),
        batch: BatchId(document / 10),
        text: text.to_owned(),
        title: format!("document {document}"),
        vector: vector.to_vec(),
    }
}

/// A vector that points along axis `axis`.
pub fn axis(axis: usize) -> [f32; DIMENSION] {
    std::array::from_fn(|at| if at == axis % DIMENSION { 1.0 } else { 0.0 })
}

/// A vector in the plane of the first two axes, `degrees` away from the first.
pub fn angle(degrees: f32) -> [f32; DIMENSION] {
    let (sin, cos) = degrees.to_radians().sin_cos();
    [cos, sin, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
}

fn chunks(hits: &[Hit]) -> Vec<i64> {
    hits.iter().map(|hit| hit.chunk.0).collect()
}

fn sorted(hits: &[Hit]) -> Vec<i64> {
    let mut ids = chunks(hits);
    ids.sort_unstable();
    ids
}

async fn fill(store: &dyn VectorStore, rows: Vec<Row>) {
    store.append(rows).await.expect("append");
}

/// Makes one test of each check. `$fresh` is an async function that returns a guard (kept until the
/// test is over) and an empty store of dimension [`DIMENSION`].
#[macro_export]
macro_rules! contract_tests {
    ($fresh:path) => {
        $crate::contract_tests!(@each $fresh:
            an_empty_store_answers,
            appends_are_all_or_nothing,
            batches_are_counted_and_redone,
            deletes_are_exact,
            revisions_are_counted,
            nearest_come_first_with_their_cosine,
            filters_hold,
            limits_hold,
            doubles_collapse_and_ties_are_stable,
            unusable_vectors_are_refused,
            indexed_and_new_rows_are_both_found,
            any_word_finds_and_more_words_rank_higher,
            chinese_words_are_found,
            a_phrase_needs_its_order,
            query_syntax_has_no_meaning,
            filters_hold_for_words,
        );
    };
    (@each $fresh:path: $($check:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $check() {
            let (_guard, store) = $fresh().await;
            $crate::contract::$check(&store).await;
        }
    )*};
}
