//! The table's indexes: which there are, how each is made, brought up to date and tried.

use super::schema;
use crate::{StoreError, StoreStep};
use lancedb::index::Index;
use lancedb::index::scalar::{BTreeIndexBuilder, BitmapIndexBuilder, FtsIndexBuilder, MatchQuery};
use lancedb::index::scalar::{FtsQuery, FullTextSearchQuery};
use lancedb::index::vector::{IvfRqIndexBuilder, IvfSqIndexBuilder};
use lancedb::query::{ExecutableQuery, QueryBase, Select};
use lancedb::table::{OptimizeAction, OptimizeOptions};
use lancedb::{DistanceType, Error, Table};

/// Rows from which on an approximate index is faster than comparing with every row (30 ms there on
/// two cores).
pub(super) const EXACT_BELOW: usize = 50_000;
/// Parts an index may be in before they are merged: more cost every search, merging costs once.
const MOST_PARTS: u32 = 6;
/// Memory for making the full-text index, in MiB; the engine's own default is 2 GiB per worker.
const TEXT_INDEX_MIB: u64 = 512;
/// Where the number of rows the vector index was made from is remembered, in the table's settings.
const TRAINED_ROWS: &str = "docent.vector_index_rows";

/// One index of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Indexed {
    pub(super) column: &'static str,
    pub(super) name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Ordered,
    Few,
    Words,
    Nearest,
}

/// Over ids: deleting by revision, counting by batch, filtering by document and source.
pub(super) const SCALARS: [Indexed; 4] = [
    Indexed { column: schema::REVISION, name: "rev_id_idx", kind: Kind::Ordered },
    Indexed { column: schema::DOCUMENT, name: "doc_id_idx", kind: Kind::Ordered },
    Indexed { column: schema::BATCH, name: "batch_id_idx", kind: Kind::Ordered },
    Indexed { column: schema::SOURCE, name: "source_id_idx", kind: Kind::Few },
];
/// Over words.
pub(super) const WORDS: Indexed = Indexed { column: schema::TEXT, name: "text_idx", kind: Kind::Words };
/// Over vectors; absent in small tables.
pub(super) const NEAREST: Indexed =
    Indexed { column: schema::VECTOR, name: "vector_idx", kind: Kind::Nearest };

/// Those that every table has.
fn always() -> impl Iterator<Item = Indexed> {
    SCALARS.into_iter().chain([WORDS])
}

impl Indexed {
    fn definition(self, dimension: usize) -> Index {
        match self.kind {
            Kind::Ordered => Index::BTree(BTreeIndexBuilder::default()),
            Kind::Few => Index::Bitmap(BitmapIndexBuilder::default()),
            Kind::Words => Index::FTS(words()),
            // Five bits per dimension, the engine's default; it packs eight dimensions at a time.
            Kind::Nearest if dimension.is_multiple_of(8) => {
                Index::IvfRq(IvfRqIndexBuilder::default().distance_type(DistanceType::Cosine))
            }
            Kind::Nearest => Index::IvfSq(IvfSqIndexBuilder::default().distance_type(DistanceType::Cosine)),
        }
    }

    /// Makes the index from all rows, in place of one that is there.
    pub(super) async fn make(self, table: &Table, dimension: usize) -> Result<(), Error> {
        let builder = table.create_index(&[self.column], self.definition(dimension));
        builder.name(self.name.to_owned()).replace(true).execute().await?;
        if self == NEAREST {
            let rows = table.count_rows(None).await?;
            if let Some(native) = table.as_native() {
                native.update_config([(TRAINED_ROWS.to_owned(), rows.to_string())]).await?;
            }
        }
        Ok(())
    }

    /// Makes the index without any rows; searches look through the rows themselves until
    /// maintenance has taken them in.
    pub(super) async fn make_empty(self, table: &Table, dimension: usize) -> Result<(), Error> {
        let builder = table.create_index(&[self.column], self.definition(dimension));
        builder.name(self.name.to_owned()).replace(true).train(false).execute().await
    }

    /// Takes new rows in: as a further part, or by merging all parts when there are many.
    pub(super) async fn fold(self, table: &Table) -> Result<(), Error> {
        let parts = table
            .list_indices()
            .await?
            .into_iter()
            .find(|index| index.name == self.name)
            .and_then(|index| index.num_segments)
            .unwrap_or(0);
        let options = if parts >= MOST_PARTS {
            OptimizeOptions::merge(parts as usize)
        } else {
            OptimizeOptions::append()
        };
        table.optimize(OptimizeAction::Index(options.index_names(vec![self.name.to_owned()]))).await?;
        Ok(())
    }

    /// Asks the index something, so that it is read from disk.
    async fn probe(self, table: &Table, dimension: usize) -> Result<(), Error> {
        match self.kind {
            Kind::Ordered | Kind::Few => {
                table.count_rows(Some(super::select::equals(self.column, -1))).await?;
            }
            Kind::Words => {
                let query = MatchQuery::new("docent".to_owned()).with_column(Some(self.column.to_owned()));
                let search = FullTextSearchQuery::new_query(FtsQuery::Match(query));
                // Not only the rows it holds: where it holds none that would leave it unread.
                let query = table.query().full_text_search(search);
                drain(query.select(Select::columns(&[schema::CHUNK, "_score"])).limit(1)).await?;
            }
            Kind::Nearest => {
                let mut vector = vec![0.0f32; dimension];
                vector.first_mut().into_iter().for_each(|x| *x = 1.0);
                let query = table.query().nearest_to(vector)?.distance_type(DistanceType::Cosine);
                let query = query.select(Select::columns(&[schema::CHUNK, "_distance"]));
                drain(query.limit(1)).await?;
            }
        }
        Ok(())
    }
}

async fn drain(query: impl ExecutableQuery) -> Result<(), Error> {
    use futures::TryStreamExt;
    let mut stream = Box::pin(query.execute()).await?;
    while stream.try_next().await?.is_some() {}
    Ok(())
}

/// Words are cut by the Unicode rules with a dictionary for Chinese and Japanese, then at every sign
/// that is neither letter nor digit, as `docent_text::words` does. No stemming and no stop words: a
/// collection has more than one language.
fn words() -> FtsIndexBuilder {
    FtsIndexBuilder::default()
        .base_tokenizer("icu/split".to_owned())
        .stem(false)
        .remove_stop_words(false)
        .with_position(true)
        .max_token_length(Some(64))
        .memory_limit_mb(TEXT_INDEX_MIB)
        .num_workers(1)
}

/// How far the indexes are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Coverage {
    /// Indexes every table has but this one has not.
    pub(super) missing: Vec<&'static str>,
    /// Rows that some index does not hold yet, the largest number over all.
    pub(super) unindexed: usize,
    /// How many rows the vector index was made from, if there is one.
    pub(super) vector_trained: Option<usize>,
}

/// Looks at the indexes of a table.
pub(super) async fn coverage(table: &Table) -> Result<Coverage, Error> {
    let present = table.list_indices().await?;
    let vector = present.iter().any(|index| index.name == NEAREST.name);
    let mut trained = None;
    if vector && let Some(dataset) = table.dataset() {
        let dataset = dataset.get().await?;
        trained = Some(dataset.manifest().config.get(TRAINED_ROWS).and_then(|n| n.parse().ok()).unwrap_or(0));
    }
    Ok(Coverage {
        missing: always()
            .filter(|it| present.iter().all(|index| index.name != it.name))
            .map(|it| it.name)
            .collect(),
        unindexed: present.iter().filter_map(|index| index.num_unindexed_rows).max().unwrap_or(0) as usize,
        vector_trained: trained,
    })
}

/// Makes the indexes that are missing, without rows.
pub(super) async fn ensure(table: &Table, dimension: usize) -> Result<(), StoreError> {
    let failed = |error| StoreError::engine(StoreStep::Index, error);
    let missing = coverage(table).await.map_err(failed)?.missing;
    for index in always().filter(|it| missing.contains(&it.name)) {
        index.make_empty(table, dimension).await.map_err(failed)?;
    }
    Ok(())
}

/// Tries every index and empties those that cannot be read; returns their names.
pub(super) async fn reset_unreadable(table: &Table, dimension: usize) -> Result<Vec<String>, StoreError> {
    let failed = |error| StoreError::engine(StoreStep::Index, error);
    let present = table.list_indices().await.map_err(failed)?;
    let mut reset = Vec::new();
    for index in always().chain([NEAREST]) {
        if present.iter().all(|it| it.name != index.name) {
            continue;
        }
        // In a task of its own: a damaged file has made the engine panic before.
        let probed = tokio::spawn({
            let table = table.clone();
            async move { index.probe(&table, dimension).await }
        });
        let reason = match probed.await {
            Ok(Ok(())) => continue,
            Ok(Err(error)) => error.to_string(),
            Err(panic) => panic.to_string(),
        };
        tracing::warn!(index = index.name, reason, "an index cannot be read; it is emptied");
        table.drop_index(index.name).await.map_err(failed)?;
        if index != NEAREST {
            index.make_empty(table, dimension).await.map_err(failed)?;
        }
        reset.push(index.name.to_owned());
    }
    Ok(reset)
}
