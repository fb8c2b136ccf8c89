//! Where something stands in an original that has neither pages nor lines.

use super::wire;
use docent_corpus as corpus;

wire! {
    /// Where a passage begins, in an original without pages and lines.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Spot {
        /// On a slide of a presentation.
        Slide {
            /// Counted from 1.
            slide: u32,
            /// Whether it stands in the speaker's notes.
            notes: bool,
        },
        /// In cells of a sheet.
        Cells {
            /// The sheet's name.
            sheet: String,
            /// In A1 notation, such as `B2:D17`.
            range: String,
        },
        /// In a chapter of a book.
        Chapter {
            /// Counted from 1, in reading order.
            chapter: u32,
            /// Its title in the table of contents.
            title: Option<String>,
        },
        /// In a text that gets its pages only when it is printed.
        Paragraph {
            /// Counted from 1.
            number: u32,
            /// The page on which it stood when the file was last saved, counted from 1.
            page: Option<u32>,
        },
        /// In a mail message.
        Mail {
            /// Which message of a mailbox, counted from 1.
            message: u32,
            /// Which part, as IMAP numbers them; empty for the header.
            part: String,
        },
        /// Somewhere that this version of the window has no words for.
        Elsewhere,
    }
}

impl From<corpus::Spot> for Spot {
    fn from(spot: corpus::Spot) -> Self {
        match spot {
            corpus::Spot::Slide { slide, notes } => Self::Slide { slide, notes },
            corpus::Spot::Cells { sheet, range } => Self::Cells { sheet, range },
            corpus::Spot::Chapter { chapter, title } => Self::Chapter { chapter, title },
            corpus::Spot::Paragraph { number, page } => Self::Paragraph { number, page },
            corpus::Spot::Mail { message, part } => Self::Mail { message, part },
            _ => Self::Elsewhere,
        }
    }
}
