//! A document's text, its blocks, and where each stands in the original.

use crate::{Format, Place};
use serde::{Deserialize, Serialize};

/// A byte range `start..end` of a revision's canonical text; both ends lie on character borders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`; `end` is raised to `start` if it lies before it.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether the range holds nothing.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether `other` lies wholly inside.
    pub fn contains(&self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether both share at least one byte.
    pub fn overlaps(&self, other: Span) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The text at this span, or `None` when it is out of range or cuts a character.
    pub fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.get(self.start..self.end)
    }
}

/// What a block is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BlockKind {
    /// A heading; 1 is the outermost level.
    Heading {
        /// 1 to 6.
        level: u8,
    },
    /// Running text.
    Paragraph,
    /// One item of a list.
    ListItem {
        /// 0 for an outermost list.
        depth: u8,
    },
    /// A table: one line of text per row, cells separated by ` | `.
    Table {
        /// How many of the first rows are headers.
        header_rows: u32,
    },
    /// Code or other preformatted text.
    Code {
        /// The language as named in the document.
        language: Option<String>,
    },
    /// A quotation.
    Quote,
    /// Running heads, page numbers: kept, shown, but not indexed.
    Furniture,
}

/// One block of a document. Blocks are in reading order and do not overlap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its text, in the canonical text.
    pub span: Span,
    /// Where it stands in the original.
    pub place: Place,
}

/// What a document says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Title, from the document's own metadata or its first heading.
    pub title: Option<String>,
    /// Author as written.
    pub author: Option<String>,
    /// Creation or publication date as written.
    pub date: Option<String>,
    /// Date of the last change as written.
    #[serde(default)]
    pub modified: Option<String>,
    /// Language as a BCP 47 tag, where the document names it.
    #[serde(default)]
    pub language: Option<String>,
    /// Tags that the document gives itself (`#tag`, front matter, keywords), each once.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Notes that it links to by name (`[[name]]`), each once.
    #[serde(default)]
    pub links: Vec<String>,
    /// Number of pages, for formats that have pages.
    pub pages: Option<u32>,
    /// Where in the canonical text the article of a web page ends, in bytes; what follows is the rest of
    /// the page. `None` where a page has no clear article, and for other formats.
    #[serde(default)]
    pub article_end: Option<usize>,
}

/// Something that was read only in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceWarning {
    /// A page has an image but no usable text (needs character recognition).
    PageWithoutText {
        /// Page, counted from 0.
        page: u32,
    },
    /// A page could not be read at all.
    PageFailed {
        /// Page, counted from 0.
        page: u32,
        /// Why.
        reason: String,
    },
    /// Reading stopped here because a limit was reached.
    Truncated {
        /// Which limit.
        reason: String,
    },
    /// The text of a page was recognised from its picture.
    PageRecognized {
        /// Page, counted from 0.
        page: u32,
        /// How sure the recognition was of its words on average, 0 to 100.
        confidence: u8,
    },
    /// A file inside the file could not be read.
    MemberFailed {
        /// Path of the inner file.
        path: String,
        /// Why.
        reason: String,
    },
    /// Some bytes were not valid in the detected encoding and were replaced.
    Encoding {
        /// The encoding's name.
        encoding: String,
        /// How many characters were replaced.
        replaced: u32,
    },
}

/// Everything read from one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DocumentText {
    /// What the file turned out to be.
    pub format: Format,
    /// The canonical text.
    pub text: String,
    /// Its blocks, in reading order.
    pub blocks: Vec<Block>,
    /// What the document says of itself.
    pub metadata: Metadata,
    /// What was read only in part.
    pub warnings: Vec<SourceWarning>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_never_cuts_a_character() {
        let text = "ab中文";
        assert_eq!(Span::new(2, 5).of(text), Some("中"));
        assert_eq!(Span::new(2, 4).of(text), None);
        assert_eq!(Span::new(0, 99).of(text), None);
    }

    #[test]
    fn spans_compare_by_bytes() {
        assert!(Span::new(0, 4).contains(Span::new(1, 4)));
        assert!(!Span::new(0, 4).overlaps(Span::new(4, 8)));
        assert!(Span::new(5, 3).is_empty());
    }
}
