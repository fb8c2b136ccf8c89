//! Where something stands in the original file.

use crate::Span;
use serde::{Deserialize, Serialize};
use std::fmt;

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

/// A rectangle of cells of a sheet, both corners included, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CellRange {
    /// First row.
    pub first_row: u32,
    /// First column.
    pub first_column: u32,
    /// Last row.
    pub last_row: u32,
    /// Last column.
    pub last_column: u32,
}

impl fmt::Display for CellRange {
    /// In A1 notation: `B2:D17`, or `B2` for a single cell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        cell(f, self.first_row, self.first_column)?;
        if (self.first_row, self.first_column) != (self.last_row, self.last_column) {
            f.write_str(":")?;
            cell(f, self.last_row, self.last_column)?;
        }
        Ok(())
    }
}

/// Columns are numbers to the base of 26 without a zero: A to Z, AA to ZZ, …
fn cell(f: &mut fmt::Formatter<'_>, row: u32, column: u32) -> fmt::Result {
    let (mut letters, mut rest) = ([0_u8; 7], u64::from(column) + 1);
    let mut at = letters.len();
    while rest > 0 {
        rest -= 1;
        at -= 1;
        letters[at] = b'A' + (rest % 26) as u8;
        rest /= 26;
    }
    for letter in &letters[at..] {
        write!(f, "{}", char::from(*letter))?;
    }
    write!(f, "{}", u64::from(row) + 1)
}

/// Where a block stands in the original file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Place {
    /// In a file of lines: plain text, Markdown, code, tables of values.
    Lines {
        /// First line, counted from 1.
        first: u32,
        /// Last line, counted from 1.
        last: u32,
        /// The pieces of the block that stand verbatim in the file, in order.
        runs: Vec<Run>,
    },
    /// On a page of a PDF, or on a picture (then page 0, one point for each pixel).
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
    /// In a text that gets its pages only when it is printed: DOCX, DOC, ODT, RTF.
    Paragraph {
        /// Which block of the document, counted from 1.
        number: u32,
        /// The page on which it stood when it was last saved, counted from 1, where the file tells.
        page: Option<u32>,
    },
    /// On a slide of a presentation.
    Slide {
        /// Slide, counted from 1.
        slide: u32,
        /// Which shape of the slide, counted from 1, where the file tells.
        shape: Option<u32>,
        /// Whether it stands in the speaker's notes.
        notes: bool,
    },
    /// In cells of a sheet.
    Cells {
        /// The sheet's name.
        sheet: String,
        /// All cells of the block. Line n of its text is row `first_row + n`, unless `rows` says otherwise.
        range: CellRange,
        /// The row of each line of text, counted from 0, where rows without text were left out.
        rows: Vec<u32>,
    },
    /// In a chapter of a book.
    Chapter {
        /// Which item of the book's reading order, counted from 1.
        chapter: u32,
        /// The chapter's title in the table of contents.
        title: Option<String>,
        /// `id` of the element or of the nearest one before it.
        anchor: Option<String>,
        /// Path of the element from the body, such as `div[2]/p[1]`.
        path: String,
    },
    /// In a mail message.
    Mail {
        /// Which message of a mailbox, counted from 1.
        message: u32,
        /// Which part of the message, as IMAP numbers them (`1.2`); empty for the header.
        part: String,
        /// First line within the decoded part, counted from 1.
        line: u32,
    },
    /// In a file within the file: a member of an archive, an attachment.
    Member {
        /// Path of the inner file, as the archive or the attachment names it.
        path: String,
        /// Where it stands in the inner file.
        place: Box<Place>,
    },
}

/// Where a chunk begins in an original that has neither pages nor lines, short enough for a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Spot {
    /// On a slide.
    Slide {
        /// Slide, counted from 1.
        slide: u32,
        /// Whether it stands in the speaker's notes.
        notes: bool,
    },
    /// In cells of a sheet.
    Cells {
        /// The sheet's name.
        sheet: String,
        /// The cells in A1 notation.
        range: String,
    },
    /// In a chapter of a book.
    Chapter {
        /// Counted from 1, in reading order.
        chapter: u32,
        /// Title in the table of contents.
        title: Option<String>,
    },
    /// In a text without fixed pages.
    Paragraph {
        /// Which block, counted from 1.
        number: u32,
        /// The page on which it stood when it was last saved, counted from 1.
        page: Option<u32>,
    },
    /// In a mail message.
    Mail {
        /// Which message of a mailbox, counted from 1.
        message: u32,
        /// Which part; empty for the header.
        part: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_as_in_a_spreadsheet() {
        let range = |first_row, first_column, last_row, last_column| {
            CellRange { first_row, first_column, last_row, last_column }.to_string()
        };
        assert_eq!(range(0, 0, 0, 0), "A1");
        assert_eq!(range(1, 1, 16, 3), "B2:D17");
        assert_eq!(range(0, 25, 0, 26), "Z1:AA1");
        assert_eq!(range(1_048_575, 16_383, 1_048_575, 16_383), "XFD1048576");
        assert_eq!(range(0, 701, 0, 702), "ZZ1:AAA1");
        assert!(range(u32::MAX, u32::MAX, 0, 0).starts_with("MWLQKWV4294967296"));
    }
}
