//! A few rows that must find themselves: the check that indexes hold what they claim to hold.

use super::{schema, select};
use crate::{BoxError, StoreError};
use docent_text::words;
use futures::TryStreamExt;
use lancedb::index::scalar::{FtsQuery, FullTextSearchQuery, MatchQuery};
use lancedb::query::{ExecutableQuery, QueryBase, Select};
use lancedb::{DistanceType, Table};

/// How many rows are tried.
const ROWS: u64 = 10;
/// How many characters of a row it is looked for by.
const CHARACTERS: usize = 120;
/// Longer words, in bytes, may not be in the index.
const LONGEST_WORD: usize = 60;
/// How far a vector may be from itself, as cosine distance.
const NEAR: f32 = 1e-3;

/// Looks rows up by their own words and their own vector, spread evenly over the table.
///
/// # Errors
/// The first row that did not find itself, or the engine's error.
pub(super) async fn check(table: &Table) -> Result<(), BoxError> {
    let wrapper = table.dataset().ok_or("the table is not a local one")?;
    let dataset = wrapper.get().await?;
    let rows = dataset.count_rows(None).await? as u64;
    let offsets: Vec<u64> = (0..rows.min(ROWS)).map(|n| n * rows / rows.min(ROWS)).collect();
    if offsets.is_empty() {
        return Ok(());
    }
    let columns = [schema::CHUNK, schema::TEXT, schema::VECTOR];
    let projection = lance::dataset::ProjectionRequest::from_columns(columns, dataset.schema());
    let batch = Box::pin(dataset.take(&offsets, projection)).await?;
    let (chunks, texts) = (schema::ids(&batch, schema::CHUNK)?, schema::texts(&batch)?);
    for (at, chunk) in chunks.iter().enumerate() {
        by_words(table, *chunk, texts.value(at)).await?;
        by_vector(table, *chunk, schema::vector(&batch, at)?).await?;
    }
    Ok(())
}

async fn by_words(table: &Table, chunk: i64, text: &str) -> Result<(), BoxError> {
    // From a word on as it stands, so that the engine cuts it as it cut the whole text.
    let Some(word) = words(text).into_iter().find(|word| word.len() <= LONGEST_WORD) else {
        return Ok(());
    };
    let part: String = text[word.start..].chars().take(CHARACTERS).collect();
    let query = MatchQuery::new(part).with_column(Some(schema::TEXT.to_owned()));
    let search = FullTextSearchQuery::new_query(FtsQuery::Match(query));
    let query = table.query().full_text_search(search).only_if(select::equals(schema::CHUNK, chunk));
    if rows(query.select(Select::columns(&[schema::CHUNK, "_score"])).limit(1)).await?.is_empty() {
        return Err(format!("chunk {chunk} is not found by its own words").into());
    }
    Ok(())
}

async fn by_vector(table: &Table, chunk: i64, vector: Vec<f32>) -> Result<(), BoxError> {
    let query = table
        .query()
        .nearest_to(vector)?
        .column(schema::VECTOR)
        .distance_type(DistanceType::Cosine)
        .only_if(select::equals(schema::CHUNK, chunk))
        .refine_factor(1)
        .select(Select::columns(&[schema::CHUNK, "_distance"]))
        .limit(1);
    match rows(query).await?.first() {
        Some(distance) if *distance <= NEAR => Ok(()),
        Some(distance) => Err(format!("chunk {chunk} is {distance} away from its own vector").into()),
        None => Err(format!("chunk {chunk} is not found by its own vector").into()),
    }
}

/// The distances, or scores, of what a query finds.
async fn rows(query: impl ExecutableQuery) -> Result<Vec<f32>, BoxError> {
    let mut stream = Box::pin(query.execute()).await?;
    let mut values = Vec::new();
    while let Some(batch) = stream.try_next().await? {
        let column = if batch.column_by_name("_distance").is_some() { "_distance" } else { "_score" };
        let floats: Result<&[f32], StoreError> = schema::floats(&batch, column);
        values.extend_from_slice(floats?);
    }
    Ok(values)
}
