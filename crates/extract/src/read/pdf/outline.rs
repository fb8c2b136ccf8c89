//! A PDF's own table of contents.

use crate::message::OutlineEntry;
use pdfium_render::prelude::{PdfBookmark, PdfDocument};

/// Most entries read.
const MAX_ENTRIES: usize = 20_000;
/// Longest title kept, in characters.
const TITLE_CHARS: usize = 300;

/// The entries of the outline, in order.
pub(super) fn outline(document: &PdfDocument<'_>) -> Vec<OutlineEntry> {
    let mut entries = Vec::new();
    let mut waiting: Vec<(PdfBookmark<'_>, u8)> =
        document.bookmarks().root().map(|root| (root, 1)).into_iter().collect();
    while let Some((bookmark, level)) = waiting.pop() {
        // A cyclic outline ends here too: the number of steps is bounded.
        if entries.len() >= MAX_ENTRIES {
            break;
        }
        waiting.extend(bookmark.next_sibling().map(|next| (next, level)));
        if level < 6 {
            waiting.extend(bookmark.first_child().map(|child| (child, level + 1)));
        }
        entries.push(OutlineEntry {
            title: bookmark.title().unwrap_or_default().chars().take(TITLE_CHARS).collect(),
            level,
            page: page_of(&bookmark),
        });
    }
    entries.retain(|entry| !entry.title.trim().is_empty());
    entries
}

fn page_of(bookmark: &PdfBookmark<'_>) -> Option<u32> {
    let page = bookmark.destination()?.page_index().ok()?;
    u32::try_from(page).ok()
}
