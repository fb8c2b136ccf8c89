//! What every store can do, and the values that go in.

use crate::{Maintenance, MaintenanceReport, StoreError};
use docent_corpus::{BatchId, ChunkId, DocumentId, Hit, RevisionId, SourceId};
use std::collections::HashSet;

/// One chunk as it is indexed. Holds only what never changes during the life of its revision.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The chunk.
    pub chunk: ChunkId,
    /// Its revision.
    pub revision: RevisionId,
    /// Its document.
    pub document: DocumentId,
    /// Its source.
    pub source: SourceId,
    /// The batch it was written with; how a writer finds out whether a write has landed.
    pub batch: BatchId,
    /// What is searched by words: header and text of the chunk.
    pub text: String,
    /// Title of the document, as it was when the chunk was indexed.
    pub title: String,
    /// The embedding, as long as the store's dimension. Need not be of length 1.
    pub vector: Vec<f32>,
}

/// Which rows a search may return. The default lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of these sources; an empty list lets nothing through.
    pub sources: Option<Vec<SourceId>>,
    /// Only of these documents; an empty list lets nothing through.
    pub documents: Option<Vec<DocumentId>>,
    /// Not of these documents.
    pub exclude_documents: Vec<DocumentId>,
}

impl Filter {
    /// Whether no row at all can pass.
    pub fn lets_nothing_through(&self) -> bool {
        self.sources.as_ref().is_some_and(Vec::is_empty) || self.documents.as_ref().is_some_and(Vec::is_empty)
    }

    /// Whether every row passes.
    pub fn lets_all_through(&self) -> bool {
        self.sources.is_none() && self.documents.is_none() && self.exclude_documents.is_empty()
    }
}

/// A filter made ready to be asked many times.
pub(crate) struct Admission {
    sources: Option<HashSet<SourceId>>,
    documents: Option<HashSet<DocumentId>>,
    exclude: HashSet<DocumentId>,
}

impl Admission {
    pub(crate) fn new(filter: &Filter) -> Self {
        Self {
            sources: filter.sources.as_ref().map(|ids| ids.iter().copied().collect()),
            documents: filter.documents.as_ref().map(|ids| ids.iter().copied().collect()),
            exclude: filter.exclude_documents.iter().copied().collect(),
        }
    }

    pub(crate) fn admits(&self, source: SourceId, document: DocumentId) -> bool {
        self.sources.as_ref().is_none_or(|ids| ids.contains(&source)) && self.admits_document(document)
    }

    pub(crate) fn admits_document(&self, document: DocumentId) -> bool {
        self.documents.as_ref().is_none_or(|ids| ids.contains(&document)) && !self.exclude.contains(&document)
    }
}

/// A search by words. Characters with a meaning in some query language have none here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextQuery {
    /// Rows with any of the words; more and rarer words rank higher.
    Words(String),
    /// Rows in which the words stand next to each other in this order.
    Phrase(String),
}

/// Pairs of quotation marks that ask for a phrase.
const QUOTES: [(char, char); 6] =
    [('"', '"'), ('“', '”'), ('„', '“'), ('«', '»'), ('「', '」'), ('『', '』')];

impl TextQuery {
    /// What a person typed: a phrase when all of it stands in one pair of quotation marks, else words.
    pub fn parse(typed: &str) -> Self {
        let typed = typed.trim();
        for (open, close) in QUOTES {
            if let Some(inner) = typed.strip_prefix(open).and_then(|rest| rest.strip_suffix(close))
                && !inner.trim().is_empty()
                && !inner.contains([open, close])
            {
                return TextQuery::Phrase(inner.trim().to_owned());
            }
        }
        TextQuery::Words(typed.to_owned())
    }

    /// The words as given.
    pub fn text(&self) -> &str {
        match self {
            TextQuery::Words(text) | TextQuery::Phrase(text) => text,
        }
    }
}

/// Vectors and words of chunks of one profile. Shared between threads; writes wait for each other,
/// searches wait for nobody and see the last finished write.
#[async_trait::async_trait]
pub trait VectorStore: Send + Sync {
    /// Length of every vector.
    fn dimension(&self) -> usize;

    /// Adds rows in one commit: all or none, on the disk on return. Returns the version after it.
    /// It does not look whether a batch is there already: ask [`VectorStore::count_batch`] first
    /// when a write may have been cut short.
    ///
    /// # Errors
    /// [`StoreError::Dimension`] and [`StoreError::Vector`] before anything is written;
    /// [`StoreError::Full`] or [`StoreError::Engine`] when the write failed: then nothing is visible,
    /// or, if the engine lost track, all of it, which `count_batch` tells.
    async fn append(&self, rows: Vec<Row>) -> Result<u64, StoreError>;

    /// How many rows were written with this batch and are still there.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    async fn count_batch(&self, batch: BatchId) -> Result<usize, StoreError>;

    /// Deletes the rows of a batch. May be repeated.
    ///
    /// # Errors
    /// [`StoreError::Engine`] or [`StoreError::Full`].
    async fn delete_batch(&self, batch: BatchId) -> Result<(), StoreError>;

    /// Deletes the rows of these revisions. May be repeated. Better few calls with many than many with one.
    ///
    /// # Errors
    /// [`StoreError::Engine`] or [`StoreError::Full`].
    async fn delete_revisions(&self, revisions: &[RevisionId]) -> Result<(), StoreError>;

    /// The nearest rows by cosine similarity, best first, ties by chunk; each chunk once, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Dimension`], [`StoreError::Vector`], [`StoreError::Engine`].
    async fn search_vector(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError>;

    /// The best rows by BM25, best first, ties by chunk; each chunk once, at most `limit`. A query
    /// without any word finds nothing.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    async fn search_text(
        &self,
        query: &TextQuery,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError>;

    /// How many rows there are.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    async fn rows(&self) -> Result<usize, StoreError>;

    /// A number that every change of the rows raises and that lasts as they do; `None` if the store keeps
    /// no such number.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    async fn version(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }

    /// How many rows each revision has, by revision; revisions without rows are not listed. Reads all rows.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    async fn revision_counts(&self) -> Result<Vec<(RevisionId, usize)>, StoreError>;

    /// The vectors of all rows of these revisions, in no particular order.
    ///
    /// # Errors
    /// [`StoreError::Engine`].
    async fn vectors(&self, revisions: &[RevisionId]) -> Result<Vec<(ChunkId, Vec<f32>)>, StoreError>;

    /// Keeps the store small and fast. Failures of single steps are in the report, not an error.
    ///
    /// # Errors
    /// [`StoreError::Engine`] when not even the table's state could be read.
    async fn maintain(&self, level: Maintenance) -> Result<MaintenanceReport, StoreError>;
}

/// Checks a vector before it is stored or searched with.
pub(crate) fn check_vector(
    vector: &[f32],
    dimension: usize,
    chunk: Option<ChunkId>,
) -> Result<(), StoreError> {
    if vector.len() != dimension {
        return Err(StoreError::Dimension { expected: dimension, found: vector.len() });
    }
    if vector.iter().any(|x| !x.is_finite()) {
        return Err(StoreError::Vector { chunk, reason: "it holds a value that is not a number" });
    }
    if vector.iter().all(|x| *x == 0.0) {
        return Err(StoreError::Vector { chunk, reason: "it is all zero" });
    }
    Ok(())
}

/// Checks all rows before any is written.
pub(crate) fn check_rows(rows: &[Row], dimension: usize) -> Result<(), StoreError> {
    rows.iter().try_for_each(|row| check_vector(&row.vector, dimension, Some(row.chunk)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pair_of_quotation_marks_asks_for_a_phrase() {
        let phrase = |text: &str| TextQuery::Phrase(text.to_owned());
        let words = |text: &str| TextQuery::Words(text.to_owned());
        assert_eq!(TextQuery::parse(" \"full text\" "), phrase("full text"));
        assert_eq!(TextQuery::parse("“全文检索”"), phrase("全文检索"));
        assert_eq!(TextQuery::parse("「長江大橋」"), phrase("長江大橋"));
        assert_eq!(TextQuery::parse("\"a\" or \"b\""), words("\"a\" or \"b\""));
        assert_eq!(TextQuery::parse("\"\""), words("\"\""));
        assert_eq!(TextQuery::parse("\""), words("\""));
        assert_eq!(TextQuery::parse("plain"), words("plain"));
    }

    #[test]
    fn an_empty_list_lets_nothing_through_and_no_list_everything() {
        let none = Filter { sources: Some(vec![]), ..Filter::default() };
        assert!(none.lets_nothing_through());
        assert!(!Admission::new(&none).admits(SourceId(1), DocumentId(1)));
        let all = Filter::default();
        assert!(all.lets_all_through() && !all.lets_nothing_through());
        assert!(Admission::new(&all).admits(SourceId(1), DocumentId(1)));
    }

    #[test]
    fn excluding_wins_over_listing() {
        let filter = Filter {
            documents: Some(vec![DocumentId(1), DocumentId(2)]),
            exclude_documents: vec![DocumentId(2)],
            ..Filter::default()
        };
        let admission = Admission::new(&filter);
        assert!(admission.admits(SourceId(9), DocumentId(1)));
        assert!(!admission.admits(SourceId(9), DocumentId(2)));
        assert!(!admission.admits(SourceId(9), DocumentId(3)));
    }

    #[test]
    fn a_vector_without_direction_is_refused() {
        assert!(check_vector(&[0.5, -0.5], 2, None).is_ok());
        assert_eq!(check_vector(&[0.5], 2, None).unwrap_err().code(), "vector_dimension");
        for bad in [[f32::NAN, 0.0], [f32::INFINITY, 0.0], [0.0, -0.0]] {
            assert_eq!(check_vector(&bad, 2, None).unwrap_err().code(), "vector_unusable");
        }
    }
}
