//! Lines of PDF pages into blocks: headings, paragraphs, list items, code, furniture. A PDF says
//! where characters stand and not what they are, so this is judged from sizes, gaps and repetition,
//! with the whole document in view. Runs in the parent, on lines that have been checked.
//!
//! Lines are never reordered: PDFium hands them out in content order, which is right for columns.

mod furniture;
mod group;
mod headings;
mod shape;
mod table;
mod write;

use crate::message::{OutlineEntry, PageText};
use docent_corpus::Block;

/// The canonical text and the blocks of a document.
pub(crate) fn assemble(pages: &[PageText], outline: &[OutlineEntry]) -> (String, Vec<Block>) {
    let furniture = furniture::find(pages);
    let measure = shape::Measure::of(pages, &furniture);
    let groups = group::groups(pages, &furniture, &measure);
    let levels = headings::Levels::of(pages, &groups, outline, &measure);
    write::write(pages, &groups, &levels)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
