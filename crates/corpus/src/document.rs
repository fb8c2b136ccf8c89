//! A document's text, its blocks, and where each stands in the original.

use serde::{Deserialize, Serialize};

/// What a file is, decided by its content first and its name second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Format {
    /// Text without markup, in any encoding.
    PlainText,
    /// Markdown (CommonMark with tables and front matter).
    Markdown,
    /// HTML or XHTML.
    Html,
    /// Portable Document Format.
    Pdf,
}

impl Format {
    /// Stable name used in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::PlainText => "plain_text",
            Format::Markdown => "markdown",
            Format::Html => "html",
            Format::Pdf => "pdf",
        }
    }

    /// The inverse of [`Format::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        [Format::PlainText, Format::Markdown, Format::Html, Format::Pdf]
            .into_iter()
            .find(|format| format.as_str() == name)
    }
}

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

/// A rectangle in page points (1/72 inch), origin at the top left of the page as displayed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

/// The box of one word or run of text on a page.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextBox {
    /// What stands in the box, in the canonical text.
    pub span: Span,
    /// Where it stands.
    pub rect: Rect,
}

/// A piece of canonical text that stands unchanged (after decoding) at a byte range of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The piece, in the canonical text.
    pub span: Span,
    /// First byte in the file on disk.
    pub file_start: u64,
    /// One past the last byte in the file on disk.
    pub file_end: u64,
}

/// Where a block stands in the original file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Place {
    /// In a file of lines: plain text, Markdown.
    Lines {
        /// First line, counted from 1.
        first: u32,
        /// Last line, counted from 1.
        last: u32,
        /// The pieces of the block that stand verbatim in the file, in order.
        runs: Vec<Run>,
    },
    /// On a page of a PDF.
    Page {
        /// Page, counted from 0.
        page: u32,
        /// The page's own label ("iv", "A-3") where it has one.
        label: Option<String>,
        /// Page width in points, as displayed.
        width: f32,
        /// Page height in points, as displayed.
        height: f32,
        /// One box per word, in reading order.
        boxes: Vec<TextBox>,
    },
    /// In a tree of elements: HTML.
    Element {
        /// `id` of the element or of the nearest one before it.
        anchor: Option<String>,
        /// Path from the body, such as `div[2]/p[1]`, counted from 1.
        path: String,
    },
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
    /// Number of pages, for formats that have pages.
    pub pages: Option<u32>,
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
    fn formats_survive_their_names() {
        for format in [Format::PlainText, Format::Markdown, Format::Html, Format::Pdf] {
            assert_eq!(Format::parse(format.as_str()), Some(format));
        }
        assert_eq!(Format::parse("exe"), None);
    }

    #[test]
    fn spans_compare_by_bytes() {
        assert!(Span::new(0, 4).contains(Span::new(1, 4)));
        assert!(!Span::new(0, 4).overlaps(Span::new(4, 8)));
        assert!(Span::new(5, 3).is_empty());
    }
}
