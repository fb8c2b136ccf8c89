//! What recognition adds to a page that has a few lines of text already: marks on a scan are known
//! exactly, and are not to stand there a second time as they were recognised.

use crate::message::{Line, PageText};

/// By how much a mark may lie beside its picture, in points.
const SLACK: f32 = 3.0;

/// The recognised page without the lines that the page has.
pub(crate) fn beside(has: &PageText, mut recognized: PageText) -> PageText {
    let known: Vec<[f32; 4]> = has.lines.iter().filter_map(bounds).collect();
    recognized.lines.retain(|line| {
        let Some([x0, y0, x1, y1]) = bounds(line) else { return false };
        let middle = (y0 + y1) / 2.0;
        !known.iter().any(|[left, top, right, bottom]| {
            (top - SLACK..=bottom + SLACK).contains(&middle) && x0 < right + SLACK && left - SLACK < x1
        })
    });
    recognized
}

fn bounds(line: &Line) -> Option<[f32; 4]> {
    let rects = line.words.iter().map(|word| word.rect);
    rects.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
}
