//! Sizes and gaps of lines, and what is usual in a document.

use super::furniture::Furniture;
use crate::message::{Line, PageText};

/// What lines of a document usually look like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measure {
    /// Font size of most of the text, in points.
    pub(super) body_size: f32,
    /// Usual distance of two lines of a paragraph, in font sizes.
    pub(super) pitch: f32,
}

/// Distances between lines that are not taken for line spacing, in font sizes.
const PITCH_RANGE: std::ops::Range<f32> = 0.8..2.2;
/// Line spacing assumed when a document has too few lines to tell.
const USUAL_PITCH: f32 = 1.3;

impl Measure {
    /// What is usual in `pages`, furniture apart.
    pub(super) fn of(pages: &[PageText], furniture: &Furniture) -> Self {
        let mut sizes: Vec<(i32, usize)> = Vec::new();
        let mut pitches = Vec::new();
        for (page_at, page) in pages.iter().enumerate() {
            let mut before: Option<&Line> = None;
            for (line_at, line) in page.lines.iter().enumerate() {
                if furniture.contains(page_at, line_at) {
                    continue;
                }
                let key = bucket(line.size);
                let chars = line.text.chars().count();
                match sizes.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, count)) => *count += chars,
                    None => sizes.push((key, chars)),
                }
                if let Some(before) = before
                    && bucket(before.size) == key
                {
                    let pitch = (middle(line) - middle(before)) / line.size.max(1.0);
                    if PITCH_RANGE.contains(&pitch) {
                        pitches.push(pitch);
                    }
                }
                before = Some(line);
            }
        }
        let body =
            sizes.into_iter().max_by_key(|(_, count)| *count).map_or(10.0, |(key, _)| key as f32 / 2.0);
        pitches.sort_by(f32::total_cmp);
        // The lower quartile: gaps between paragraphs are in the list too.
        let pitch = pitches.get(pitches.len() / 4).copied().filter(|_| pitches.len() >= 8);
        Self { body_size: body.max(1.0), pitch: pitch.unwrap_or(USUAL_PITCH) }
    }
}

/// A font size in half points: sizes that are equal to the eye share one.
pub(super) fn bucket(size: f32) -> i32 {
    (size * 2.0).round() as i32
}

/// The box around a line.
pub(super) fn bounds(line: &Line) -> [f32; 4] {
    let mut rects = line.words.iter().map(|word| word.rect);
    let first = rects.next().unwrap_or([0.0; 4]);
    rects.fold(first, |a, b| [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])])
}

/// The middle of a line's height.
pub(super) fn middle(line: &Line) -> f32 {
    let [_, top, _, bottom] = bounds(line);
    (top + bottom) / 2.0
}
