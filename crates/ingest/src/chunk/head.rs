//! Heads: what a piece of a table or of code is not understood without. They are repeated in the
//! header of the chunks that go on with it, never in their text.

use super::{COUNTED_AT_ONCE, Count};
use docent_corpus::{BlockKind, CellRange, DocumentText, Format, Place};
use std::ops::Range;
use std::sync::Arc;

/// A head takes at most this part of a chunk.
const SHARE: usize = 4;
/// Longest first line of code that is repeated, in bytes.
const SIGNATURE_BYTES: usize = 300;
/// How many lines of code are looked at for the first one that is no comment.
const SIGNATURE_WITHIN: usize = 40;
/// Most rows from the end of a block of a table to the block that goes on with it.
const ROW_GAP: u32 = 2;

/// Header rows of a table, or the first line of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) text: String,
    pub(super) tokens: usize,
}

/// A head, and how many units of the block it is made of or stands behind.
pub(super) struct HeadRows {
    pub(super) head: Arc<Head>,
    pub(super) rows: usize,
}

/// The first `rows` lines of a table, if they leave most of a chunk of `max` tokens to its rows.
pub(super) fn table_head<E>(
    content: &str,
    lines: &[Range<usize>],
    rows: usize,
    max: usize,
    count: Count<'_, E>,
) -> Result<Option<HeadRows>, E> {
    match rows.checked_sub(1).and_then(|last| lines.get(last)) {
        Some(last) => bounded(&content[..last.end], rows, max, count),
        None => Ok(None),
    }
}

/// The line of code that says what it is: the first one that is neither comment nor attribute.
pub(super) fn code_head<E>(
    content: &str,
    lines: &[Range<usize>],
    max: usize,
    count: Count<'_, E>,
) -> Result<Option<HeadRows>, E> {
    let found =
        lines.iter().take(SIGNATURE_WITHIN).position(|line| !introduces(content[line.clone()].trim_start()));
    match found.map(|index| (index, content[lines[index].clone()].trim())) {
        Some((index, line)) if line.len() <= SIGNATURE_BYTES => bounded(line, index + 1, max, count),
        _ => Ok(None),
    }
}

/// Whether a line of code only leads to what follows it.
fn introduces(line: &str) -> bool {
    let starts = |signs: &[&str]| signs.iter().any(|sign| line.starts_with(sign));
    starts(&["//", "/*", "*", "#", "@", "--", ";", "\"\"\"", "'''", "%", "<!--"])
        && !line.starts_with("#define")
}

fn bounded<E>(text: &str, rows: usize, max: usize, count: Count<'_, E>) -> Result<Option<HeadRows>, E> {
    if text.len() > COUNTED_AT_ONCE {
        return Ok(None);
    }
    let tokens = count(text)?;
    let head = || HeadRows { head: Arc::new(Head { text: text.to_owned(), tokens }), rows };
    Ok((tokens <= max / SHARE).then(head))
}

/// Whether a block goes on with the table of the block before it.
pub(super) fn continues(text: &DocumentText, before: usize, block: usize) -> bool {
    let (Some(before), Some(block)) = (text.blocks.get(before), text.blocks.get(block)) else { return false };
    let tables = matches!(before.kind, BlockKind::Table { .. })
        && matches!(block.kind, BlockKind::Table { header_rows: 0 });
    tables && follows(&before.place, &block.place, text.format)
}

fn follows(before: &Place, place: &Place, format: Format) -> bool {
    match (before, place) {
        (Place::Cells { sheet: a, range: above, .. }, Place::Cells { sheet: b, range: below, .. }) => {
            let columns = |range: &CellRange| (range.first_column, range.last_column);
            let next = below.first_row > above.last_row && below.first_row - above.last_row <= ROW_GAP;
            a == b && columns(above) == columns(below) && next
        }
        // A file of values is one table; elsewhere only what stands in the very next line.
        (Place::Lines { last, .. }, Place::Lines { first, .. }) => {
            first > last && (format == Format::Csv || first - last == 1)
        }
        (Place::Member { path: a, place: before }, Place::Member { path: b, place }) => {
            a == b && follows(before, place, format)
        }
        _ => false,
    }
}
