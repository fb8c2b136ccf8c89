//! Searches. The engine answers in an order that depends on how rows are spread over files; what
//! leaves here is ordered by score and chunk alone.

use super::{schema, select};
use crate::rank::rank;
use crate::store::Admission;
use crate::{Filter, StoreError, StoreStep, TextQuery};
use docent_corpus::{ChunkId, DocumentId, Hit, SourceId};
use docent_text::{fold, words};
use futures::TryStreamExt;
use lancedb::arrow::SendableRecordBatchStream;
use lancedb::index::scalar::{FtsQuery, FullTextSearchQuery, MatchQuery, PhraseQuery};
use lancedb::query::{ExecutableQuery, QueryBase, Select};
use lancedb::{DistanceType, Table};
use select::Selection;
use std::collections::HashSet;

/// Candidates per fetched row that an approximate search compares exactly when few rows are wanted. With
/// 5-bit codes this brings recall@10 to 1.00 at a million rows; each is a read of its own.
const REFINE: u32 = 3;
/// The same for long lists: the first rows of a list of a hundred come from more candidates than those of
/// a list of ten all the same.
const REFINE_MANY: u32 = 2;
/// Lists are long from here on.
const MANY: usize = 60;
/// How many more rows are fetched than wanted, so that ties at the end are usually settled at once.
const MARGIN: usize = 6;
/// Ties are settled exactly among at most this many rows.
const MOST_TIES: usize = 4_096;
/// Distinct words of a query that are searched for; the rest of a pasted text adds time, not hits.
const MOST_WORDS: usize = 256;

const DISTANCE: &str = "_distance";
const SCORE: &str = "_score";

/// The nearest rows by cosine.
pub(super) async fn by_vector(
    table: &Table,
    vector: &[f32],
    filter: &Filter,
    limit: usize,
) -> Result<Vec<Hit>, StoreError> {
    if filter.lets_nothing_through() || limit == 0 {
        return Ok(Vec::new());
    }
    let selection = Selection::of(filter);
    let condition = selection.condition.as_deref();
    let after = selection.after.as_ref();
    gather(limit, after, |ask| nearest(table, vector, condition, after.is_some(), ask)).await
}

async fn nearest(
    table: &Table,
    vector: &[f32],
    condition: Option<&str>,
    with_sources: bool,
    ask: usize,
) -> Result<Vec<Found>, StoreError> {
    let failed = |error| StoreError::engine(StoreStep::SearchVector, error);
    let mut query = table
        .query()
        .nearest_to(vector)
        .map_err(failed)?
        .column(schema::VECTOR)
        .distance_type(DistanceType::Cosine)
        .refine_factor(if ask < MANY { REFINE } else { REFINE_MANY })
        .select(columns(DISTANCE, with_sources))
        .limit(ask);
    if let Some(condition) = condition {
        query = query.only_if(condition);
    }
    let stream = Box::pin(query.execute()).await.map_err(failed)?;
    read(stream, DISTANCE, |distance| 1.0 - distance, StoreStep::SearchVector).await
}

/// The best rows by BM25.
pub(super) async fn by_words(
    table: &Table,
    query: &TextQuery,
    filter: &Filter,
    limit: usize,
) -> Result<Vec<Hit>, StoreError> {
    let Some(question) = question(query) else { return Ok(Vec::new()) };
    if filter.lets_nothing_through() || limit == 0 {
        return Ok(Vec::new());
    }
    let selection = Selection::of(filter);
    let condition = selection.condition.as_deref();
    let after = selection.after.as_ref();
    gather(limit, after, |ask| matching(table, question.clone(), condition, after.is_some(), ask)).await
}

async fn matching(
    table: &Table,
    question: FtsQuery,
    condition: Option<&str>,
    with_sources: bool,
    ask: usize,
) -> Result<Vec<Found>, StoreError> {
    let failed = |error| StoreError::engine(StoreStep::SearchText, error);
    let search = FullTextSearchQuery::new_query(question);
    let mut query = table.query().full_text_search(search).select(columns(SCORE, with_sources)).limit(ask);
    if let Some(condition) = condition {
        query = query.only_if(condition);
    }
    let stream = Box::pin(query.execute()).await.map_err(failed)?;
    read(stream, SCORE, |score| score, StoreStep::SearchText).await
}

/// What to ask the engine, or `None` when there is no word in the query.
fn question(query: &TextQuery) -> Option<FtsQuery> {
    let column = Some(schema::TEXT.to_owned());
    let text = fold(query.text());
    let found = words(&text);
    if found.is_empty() {
        return None;
    }
    Some(match query {
        TextQuery::Words(_) => {
            let mut seen = HashSet::new();
            let distinct: Vec<&str> = found
                .into_iter()
                .map(|span| &text[span])
                .filter(|word| seen.insert(*word))
                .take(MOST_WORDS)
                .collect();
            FtsQuery::Match(MatchQuery::new(distinct.join(" ")).with_column(column))
        }
        // As it stands, because where Chinese words begin depends on their neighbours.
        TextQuery::Phrase(_) => FtsQuery::Phrase(PhraseQuery::new(text).with_column(column)),
    })
}

/// No more than is needed: each column of each row is a read of its own.
fn columns(score: &str, with_sources: bool) -> Select {
    let mut columns = vec![schema::CHUNK, schema::DOCUMENT, score];
    columns.extend(with_sources.then_some(schema::SOURCE));
    Select::columns(&columns)
}

/// A row as the engine found it.
struct Found {
    hit: Hit,
    /// If it was asked for.
    source: Option<SourceId>,
}

async fn read(
    mut stream: SendableRecordBatchStream,
    column: &'static str,
    score: impl Fn(f32) -> f32,
    step: StoreStep,
) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    while let Some(batch) = stream.try_next().await.map_err(|error| StoreError::engine(step, error))? {
        let chunks = schema::ids(&batch, schema::CHUNK)?;
        let documents = schema::ids(&batch, schema::DOCUMENT)?;
        let sources = batch.column_by_name(schema::SOURCE).map(|_| schema::ids(&batch, schema::SOURCE));
        let sources = sources.transpose()?;
        let values = schema::floats(&batch, column)?;
        for at in 0..batch.num_rows() {
            found.push(Found {
                hit: Hit {
                    chunk: ChunkId(chunks[at]),
                    document: DocumentId(documents[at]),
                    score: score(values[at]),
                },
                source: sources.map(|sources| SourceId(sources[at])),
            });
        }
    }
    Ok(found)
}

/// Fetches more and more rows until the best `limit` that pass are known.
async fn gather<F>(
    limit: usize,
    after: Option<&Admission>,
    fetch: impl Fn(usize) -> F,
) -> Result<Vec<Hit>, StoreError>
where
    F: Future<Output = Result<Vec<Found>, StoreError>>,
{
    // Of rows sorted out afterwards many may be fetched in vain.
    let mut ask =
        if after.is_some() { limit.saturating_mul(4).max(256) } else { limit.saturating_add(MARGIN) };
    loop {
        let found = fetch(ask).await?;
        let (fetched, worst) = (found.len(), worst(&found));
        let passing = found
            .into_iter()
            .filter(|it| {
                let admits =
                    |after: &Admission| it.source.is_some_and(|source| after.admits(source, it.hit.document));
                after.is_none_or(admits)
            })
            .map(|it| it.hit)
            .collect();
        let hits = rank(passing, limit);
        let last = hits.get(limit.saturating_sub(1)).map(|hit| hit.score);
        // Nothing that was not fetched can score higher than the worst that was.
        let settled = last.is_some_and(|score| score > worst || ask >= MOST_TIES.max(4 * limit));
        if settled || fetched < ask {
            return Ok(hits);
        }
        ask = ask.saturating_mul(4);
    }
}

fn worst(found: &[Found]) -> f32 {
    found.iter().map(|it| it.hit.score).fold(f32::INFINITY, f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;

    fn found(chunk: i64, score: f32) -> Found {
        let hit = Hit { chunk: ChunkId(chunk), document: DocumentId(chunk), score };
        Found { hit, source: Some(SourceId(1)) }
    }

    #[tokio::test]
    async fn ties_beyond_the_fetched_rows_are_looked_for() {
        // The engine returns equal scores in an order of its own: the smallest chunk comes last.
        let all: Vec<i64> = (0..300).rev().collect();
        let fetch = |ask: usize| ready(Ok(all.iter().take(ask).map(|id| found(*id, 0.5)).collect()));
        let hits = gather(10, None, fetch).await.unwrap();
        let chunks: Vec<i64> = hits.iter().map(|hit| hit.chunk.0).collect();
        assert_eq!(chunks, (0..10).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn sorting_out_goes_on_until_enough_pass() {
        let filter = Filter { documents: Some(vec![DocumentId(9_999)]), ..Filter::default() };
        let admission = Admission::new(&filter);
        let fetch = |ask: usize| {
            ready(Ok((0..10_000).take(ask).map(|id| found(id, 1.0 - id as f32 / 1e5)).collect()))
        };
        let hits = gather(3, Some(&admission), fetch).await.unwrap();
        assert_eq!(hits.len(), 1);
        assert_eq!(hits[0].chunk, ChunkId(9_999));
    }

    #[test]
    fn a_query_is_words_only() {
        assert!(question(&TextQuery::Words(" +-!\"'".to_owned())).is_none());
        let Some(FtsQuery::Match(query)) = question(&TextQuery::Words("b a B +a 中文".to_owned())) else {
            panic!("words")
        };
        assert_eq!(query.terms, "b a 中文");
        let Some(FtsQuery::Phrase(query)) = question(&TextQuery::Phrase("Ｂ A".to_owned())) else {
            panic!("a phrase")
        };
        assert_eq!(query.terms, "b a");
    }
}
