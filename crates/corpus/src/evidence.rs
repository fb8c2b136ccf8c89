//! What a search finds and what an answer rests on.

use crate::{ChunkId, DocumentId, RevisionId, SourceId, Span, Spot};
use serde::{Deserialize, Serialize};

/// One way of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leg {
    /// By meaning: nearest vectors.
    Vector,
    /// By words: full text.
    Text,
}

/// One chunk as a store found it, best first within a result. It counts only while the library says that
/// the chunk's revision is live.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The chunk.
    pub chunk: ChunkId,
    /// The document.
    pub document: DocumentId,
    /// Cosine similarity (vector leg) or BM25 (text leg); higher is better, not comparable across legs.
    pub score: f32,
}

/// A chunk as it is shown to a person and given to the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// The chunk.
    pub chunk: ChunkId,
    /// Its revision.
    pub revision: RevisionId,
    /// Its document.
    pub document: DocumentId,
    /// Its source.
    pub source: SourceId,
    /// Title of the document (or its file name).
    pub title: String,
    /// Path of the document, relative to its source.
    pub path: String,
    /// Headings above the chunk, outermost first.
    pub headings: Vec<String>,
    /// Page, counted from 0, for formats that have pages.
    pub page: Option<u32>,
    /// The page's own label.
    pub page_label: Option<String>,
    /// First line, counted from 1, for formats that have lines.
    pub line: Option<u32>,
    /// Where it begins in an original that has neither pages nor lines.
    pub spot: Option<Spot>,
    /// The file within the file that it stands in: a member of an archive, an attachment.
    pub member: Option<String>,
    /// The pieces of the canonical text that make the chunk, in order.
    pub spans: Vec<Span>,
    /// The sentences of the chunk, in order.
    pub sentences: Vec<Span>,
    /// The pieces joined by a newline.
    pub text: String,
    /// Fused score; higher is better, comparable within one result only.
    pub score: f32,
    /// Rank by meaning, from 1, if that leg found it.
    pub vector_rank: Option<u32>,
    /// Rank by words, from 1, if that leg found it.
    pub text_rank: Option<u32>,
    /// Cosine similarity to the question, if that leg found it.
    pub cosine: Option<f32>,
}

/// A sentence of an answer tied to the sentence of a document it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// Number shown in the answer, from 1, by passage.
    pub number: u32,
    /// Which sentence of the answer, as a byte range of the answer's text.
    pub answer: Span,
    /// The chunk.
    pub chunk: ChunkId,
    /// Its revision.
    pub revision: RevisionId,
    /// Its document.
    pub document: DocumentId,
    /// The cited sentence, in the revision's canonical text.
    pub span: Span,
    /// The cited sentence itself.
    pub quote: String,
    /// How well it supports the sentence, 0 to 1.
    pub support: f32,
}
