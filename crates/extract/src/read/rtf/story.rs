//! A story: the text of the document, or one that stands beside it (a note, a head of pages, a text
//! box), as blocks.

use crate::read::office::running::{one_line, preformatted, running};
use crate::read::office::styles::Role;
use crate::read::rows::TableRows;
use docent_corpus::BlockKind;

/// What a story is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StoryKind {
    Document,
    Footnote,
    Endnote,
    Comment,
    TextBox,
    Furniture,
}

/// How the paragraph that ends looks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Look {
    /// Level of a heading, from 1.
    pub(super) heading: Option<u8>,
    pub(super) role: Option<Role>,
    pub(super) in_table: bool,
    /// Depth in a list.
    pub(super) depth: Option<u8>,
}

/// A story while it is gathered.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) kind: StoryKind,
    /// What begins its first block.
    pub(super) mark: Option<String>,
    /// Blocks that are finished.
    pub(super) blocks: Vec<(BlockKind, String)>,
    /// Stories that hang on the block being gathered.
    pub(super) behind: Vec<Story>,
    /// The paragraph.
    pub(super) raw: String,
    /// The number or bullet in front of it.
    pub(super) marker: String,
    cell: String,
    cells: Vec<String>,
    rows: TableRows,
    single_column: bool,
    /// Whether the row being gathered is a header.
    pub(super) header_row: bool,
}

impl Story {
    pub(super) fn new(kind: StoryKind, mark: Option<String>) -> Self {
        Self {
            kind,
            mark,
            blocks: Vec::new(),
            behind: Vec::new(),
            raw: String::new(),
            marker: String::new(),
            cell: String::new(),
            cells: Vec::new(),
            rows: TableRows::default(),
            single_column: true,
            header_row: false,
        }
    }

    /// Whether nothing is open: what hangs on the last block may follow.
    pub(super) fn is_between_blocks(&self) -> bool {
        self.rows.is_empty() && self.cells.is_empty() && self.cell.is_empty() && self.raw.is_empty()
    }

    /// Ends a paragraph.
    pub(super) fn end_paragraph(&mut self, look: Look) {
        if look.in_table || !self.cells.is_empty() {
            let text = std::mem::take(&mut self.raw);
            self.cell.push_str(std::mem::take(&mut self.marker).trim());
            self.cell.push(' ');
            self.cell.push_str(&text);
            self.cell.push('\n');
            return;
        }
        self.end_table();
        self.end_stray();
        let raw = std::mem::take(&mut self.raw);
        let marker = std::mem::take(&mut self.marker);
        let (kind, text) = kind_and_text(look, &raw, &marker);
        self.push(kind, text);
    }

    /// Ends a cell of a table.
    pub(super) fn end_cell(&mut self) {
        let text = std::mem::take(&mut self.raw);
        let marker = std::mem::take(&mut self.marker);
        self.cell.push_str(marker.trim());
        self.cell.push(' ');
        self.cell.push_str(&text);
        self.cells.push(one_line(&std::mem::take(&mut self.cell)));
    }

    /// Ends a row of a table.
    pub(super) fn end_row(&mut self) {
        if !self.raw.trim().is_empty() {
            self.end_cell();
        }
        let cells = std::mem::take(&mut self.cells);
        let is_header = std::mem::take(&mut self.header_row);
        if cells.iter().any(|cell| !cell.is_empty()) {
            self.single_column &= cells.len() == 1;
            self.rows.push(cells, is_header);
        }
    }

    /// Ends everything that is open.
    pub(super) fn end(&mut self, look: Look) {
        if !self.cells.is_empty() {
            self.end_row();
        }
        self.end_table();
        self.end_paragraph(Look { in_table: false, ..look });
    }

    /// Begins a row of a table. Paragraphs before it that no cell took stand between two tables.
    pub(super) fn begin_row(&mut self) {
        if self.cells.is_empty() && !self.cell.trim().is_empty() {
            self.end_table();
            self.end_stray();
        }
    }

    /// Paragraphs that no cell took: the table had ended before them, though nothing said so.
    fn end_stray(&mut self) {
        for paragraph in std::mem::take(&mut self.cell).split('\n') {
            self.push(BlockKind::Paragraph, running(paragraph));
        }
    }

    fn end_table(&mut self) {
        let rows = std::mem::take(&mut self.rows);
        let single_column = std::mem::replace(&mut self.single_column, true);
        if single_column {
            rows.into_lines().into_iter().for_each(|row| self.push(BlockKind::Paragraph, row));
        } else {
            self.push(BlockKind::Table { header_rows: rows.header_rows() }, rows.text());
        }
    }

    fn push(&mut self, kind: BlockKind, text: String) {
        if !text.is_empty() || matches!(kind, BlockKind::Code { .. }) {
            self.blocks.push((kind, text));
        }
    }

    /// All of it as lines, for a head of pages.
    pub(super) fn plain(&self) -> String {
        let lines: Vec<&str> = self.blocks.iter().map(|(_, text)| text.as_str()).collect();
        lines.join("\n").trim().to_owned()
    }
}

fn kind_and_text(look: Look, raw: &str, marker: &str) -> (BlockKind, String) {
    if look.heading.is_none() && look.role == Some(Role::Code) {
        return (BlockKind::Code { language: None }, preformatted(raw));
    }
    let text = if look.heading.is_some() { one_line(raw) } else { running(raw) };
    if text.is_empty() {
        return (BlockKind::Paragraph, text);
    }
    let marker = one_line(marker);
    let listed = look.depth.or((!marker.is_empty()).then_some(0));
    let kind = match (look.heading, listed, look.role) {
        (Some(level), _, _) => BlockKind::Heading { level },
        (None, Some(depth), _) => BlockKind::ListItem { depth },
        (None, None, Some(Role::Quote)) => BlockKind::Quote,
        _ => BlockKind::Paragraph,
    };
    // A bullet says nothing that the kind of the block does not; a number does.
    if marker.chars().any(char::is_alphanumeric) && marker != "o" {
        (kind, format!("{marker} {text}"))
    } else {
        (kind, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_that_no_cell_took_follow_the_table() {
        let mut story = Story::new(StoryKind::Document, None);
        let inside = Look { in_table: true, ..Look::default() };
        for texts in [["a", "b"], ["c", "d"]] {
            story.begin_row();
            for cell in texts {
                story.raw.push_str(cell);
                story.end_cell();
            }
            story.end_row();
            // Nothing has said that the table is over.
            for paragraph in ["after", "more"] {
                story.raw.push_str(paragraph);
                story.end_paragraph(inside);
            }
        }
        story.end(inside);
        let table = |text: &str| (BlockKind::Table { header_rows: 0 }, text.to_owned());
        let paragraph = |text: &str| (BlockKind::Paragraph, text.to_owned());
        let after = || [paragraph("after"), paragraph("more")];
        let expected: Vec<_> =
            [table("a | b")].into_iter().chain(after()).chain([table("c | d")]).chain(after()).collect();
        assert_eq!(story.blocks, expected);
    }

    #[test]
    fn cells_and_paragraphs_make_rows() {
        let mut story = Story::new(StoryKind::Document, None);
        let inside = Look { in_table: true, ..Look::default() };
        story.header_row = true;
        for cell in ["a", "b"] {
            story.raw.push_str(cell);
            story.end_cell();
        }
        story.end_row();
        story.raw.push_str("one");
        story.end_paragraph(inside);
        story.raw.push_str("two");
        story.end_cell();
        story.end_cell();
        story.end_row();
        story.raw.push_str("after");
        story.end(Look::default());
        assert_eq!(
            story.blocks,
            [
                (BlockKind::Table { header_rows: 1 }, "a | b\none two | ".to_owned()),
                (BlockKind::Paragraph, "after".to_owned())
            ]
        );
    }
}
