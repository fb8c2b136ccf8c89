//! Searching.

use super::{TextSpan, wire};

wire! {
    /// Where to search.
    #[derive(Default)]
    #[serde(default)]
    pub struct Scope {
        /// Only in this collection.
        pub collection: Option<i64>,
        /// Only in these sources.
        pub sources: Option<Vec<i64>>,
        /// Only in these documents.
        pub documents: Option<Vec<i64>>,
    }

    /// Searches, without any chat model.
    pub struct SearchReq {
        /// What to look for; words, or "an exact phrase".
        pub query: String,
        /// Where.
        #[serde(default)]
        pub scope: Scope,
        /// How many passages; 0 means 10.
        #[serde(default)]
        pub limit: u32,
    }

    /// What was found.
    pub struct SearchRes {
        /// Best first.
        pub passages: Vec<Passage>,
        /// Whether the documents seem to hold an answer.
        pub verdict: Verdict,
        /// How long it took, in milliseconds.
        pub milliseconds: f64,
        /// Whether a part of the search was not available (no embedding model, index being rebuilt).
        pub degraded: bool,
    }

    /// Whether the documents seem to hold an answer.
    #[derive(Copy, Eq)]
    #[serde(rename_all = "snake_case")]
    pub enum Verdict {
        /// They do.
        Found,
        /// Perhaps: see the passages.
        Weak,
        /// They do not.
        NotInDocuments,
    }

    /// A passage of a document.
    pub struct Passage {
        /// The chunk's id.
        pub chunk: i64,
        /// The document.
        pub document: i64,
        /// The revision that the spans index.
        pub revision: i64,
        /// The source.
        pub source: i64,
        /// Title of the document.
        pub title: String,
        /// Path relative to the source.
        pub path: String,
        /// Headings above it, outermost first.
        pub headings: Vec<String>,
        /// Page, counted from 0.
        pub page: Option<u32>,
        /// The page's own label.
        pub page_label: Option<String>,
        /// First line, counted from 1.
        pub line: Option<u32>,
        /// Where it stands in an original without pages and lines.
        pub spot: Option<super::Spot>,
        /// The file within the file that it stands in.
        pub member: Option<String>,
        /// The text.
        pub text: String,
        /// Where the text stands in the canonical text.
        pub spans: Vec<TextSpan>,
        /// Parts of `text` that match the query's words, in UTF-16 units, for highlighting.
        pub matches: Vec<TextSpan>,
        /// Fused score.
        pub score: f32,
        /// Rank by meaning, from 1.
        pub vector_rank: Option<u32>,
        /// Rank by words, from 1.
        pub text_rank: Option<u32>,
    }
}
