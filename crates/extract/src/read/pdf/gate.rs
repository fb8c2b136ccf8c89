//! Whether a page has text that can be used, or only a picture of text.

use super::geometry::Frame;
use crate::message::Line;
use pdfium_render::prelude::{PdfPage, PdfPageObject, PdfPageObjectCommon, PdfPageObjectsCommon};

/// A page with fewer characters than this, and a large picture, is a scan.
const FEW_CHARS: usize = 20;
/// The share of a page that pictures cover to count as large.
const LARGE_SHARE: f32 = 0.5;
/// Fewer characters than this, all of them in the margins of a page that is a picture, are marks on a
/// scan.
const MARK_CHARS: usize = 300;
/// The share of a page's height that is margin, at either end.
const MARGIN_SHARE: f32 = 0.1;
/// The share of a page that pictures cover when the page is a picture.
const WHOLE_SHARE: f32 = 0.8;
/// Cells along each side of a page when covered area is measured.
const GRID: usize = 40;
/// The share of characters without meaning that makes a text layer useless, in percent.
const BAD_PERCENT: usize = 20;
/// With so many characters that mean something, and no more than this share that does not, in percent,
/// a page is read as far as its text layer goes.
const READABLE_CHARS: usize = 200;
const HALF_READABLE_PERCENT: usize = 60;
/// Most objects looked at on a page.
const MAX_OBJECTS: usize = 5_000;

/// What the text of a page is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    /// It is the text of the page.
    Text,
    /// It is only a part of what the page says: what was put on a scan afterwards (a number, a stamp, the
    /// head of a court's file), or what is set in those fonts whose letters are known. The rest can only
    /// be seen.
    Marks,
    /// It is missing, or means nothing.
    Nothing,
}

/// Judges the text of a page. `meaningless` characters were already left out of the lines.
pub(super) fn judge(page: &PdfPage<'_>, frame: &Frame, lines: &[Line], meaningless: usize) -> Worth {
    let (all, bad) = count(lines);
    let (all, bad) = (all + meaningless, bad + meaningless);
    if all > 0 && bad * 100 > all * BAD_PERCENT {
        let is_half_readable = all - bad >= READABLE_CHARS && bad * 100 <= all * HALF_READABLE_PERCENT;
        return if is_half_readable { Worth::Marks } else { Worth::Nothing };
    }
    let may_be_marks = all < MARK_CHARS && stand_in_margins(lines, frame.height);
    if all >= FEW_CHARS && !may_be_marks {
        return Worth::Text;
    }
    let covered = covered_by_pictures(page, frame);
    if all < FEW_CHARS && covered > LARGE_SHARE {
        return Worth::Nothing;
    }
    if may_be_marks && covered >= WHOLE_SHARE { Worth::Marks } else { Worth::Text }
}

/// Whether all lines stand where heads and feet of pages do.
fn stand_in_margins(lines: &[Line], height: f32) -> bool {
    let margin = height * MARGIN_SHARE;
    let within = |[_, top, _, bottom]: [f32; 4]| bottom <= margin || top >= height - margin;
    lines.iter().flat_map(|line| &line.words).all(|word| within(word.rect))
}

/// Whether a line holds more characters that mean nothing than others.
pub(super) fn is_meaningless_line(line: &Line) -> bool {
    let (all, bad) = count(std::slice::from_ref(line));
    bad * 2 > all
}

/// How many characters other than spaces there are, and how many of them mean nothing.
fn count(lines: &[Line]) -> (usize, usize) {
    let (mut all, mut bad) = (0, 0);
    for c in lines.iter().flat_map(|line| line.text.chars()).filter(|c| !c.is_whitespace()) {
        all += 1;
        bad += usize::from(is_meaningless(c));
    }
    (all, bad)
}

fn is_meaningless(c: char) -> bool {
    c.is_control()
        || c == char::REPLACEMENT_CHARACTER
        || matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
}

/// The share of the page that lies under pictures. Scanners cut a page into strips and tiles, and lay
/// layers over each other, so that the page is looked at by cells of a grid.
fn covered_by_pictures(page: &PdfPage<'_>, frame: &Frame) -> f32 {
    let mut cover = Cover::default();
    for object in page.objects().iter().take(MAX_OBJECTS) {
        let shows_picture = match &object {
            PdfPageObject::Image(_) => true,
            PdfPageObject::XObjectForm(form) => {
                form.iter().take(MAX_OBJECTS).any(|inner| matches!(inner, PdfPageObject::Image(_)))
            }
            _ => false,
        };
        let bounds = object.bounds().ok().filter(|_| shows_picture);
        if let Some(rect) = bounds.and_then(|bounds| frame.show(&bounds.to_rect())) {
            cover.add(rect, frame);
        }
    }
    cover.share()
}

/// The cells of a grid over a page whose middle is covered.
struct Cover([bool; GRID * GRID]);

impl Default for Cover {
    fn default() -> Self {
        Self([false; GRID * GRID])
    }
}

impl Cover {
    fn add(&mut self, [x0, y0, x1, y1]: [f32; 4], frame: &Frame) {
        let cells = |from: f32, to: f32, side: f32| {
            let place = |at: f32| (at / side * GRID as f32 - 0.5).ceil().clamp(0.0, GRID as f32) as usize;
            place(from)..place(to)
        };
        for row in cells(y0, y1, frame.height) {
            for column in cells(x0, x1, frame.width) {
                self.0[row * GRID + column] = true;
            }
        }
    }

    fn share(&self) -> f32 {
        self.0.iter().filter(|covered| **covered).count() as f32 / self.0.len() as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Word;

    fn line(text: &str) -> Line {
        Line { text: text.to_owned(), words: Vec::new(), size: 10.0, ..Line::default() }
    }

    fn frame() -> Frame {
        Frame::upright(600.0, 800.0)
    }

    fn covered(rects: &[[f32; 4]]) -> f32 {
        let mut cover = Cover::default();
        rects.iter().for_each(|rect| cover.add(*rect, &frame()));
        cover.share()
    }

    #[test]
    fn strips_and_tiles_cover_a_page_together_and_layers_do_not_count_twice() {
        let strips: Vec<_> = (0..100).map(|n| [0.0, n as f32 * 8.0, 600.0, n as f32 * 8.0 + 8.0]).collect();
        assert_eq!(covered(&strips), 1.0);
        assert_eq!(covered(&[[0.0, 0.0, 600.0, 400.0]; 3]), 0.5);
        assert_eq!(covered(&[[10.0, 10.0, 11.0, 11.0], [600.0, 800.0, 600.0, 800.0]]), 0.0);
        assert_eq!(covered(&[]), 0.0);
    }

    #[test]
    fn marks_stand_in_the_margins() {
        let at = |top: f32| {
            let word = Word { start: 0, end: 4, rect: [50.0, top, 90.0, top + 10.0] };
            Line { words: vec![word], ..line("Mark") }
        };
        assert!(stand_in_margins(&[at(5.0), at(785.0)], 800.0));
        assert!(!stand_in_margins(&[at(5.0), at(300.0)], 800.0));
    }

    #[test]
    fn private_characters_mean_nothing_and_chinese_does() {
        assert_eq!(count(&[line("中文 text"), line("\u{E000}\u{F8FF}\u{FFFD}")]), (9, 3));
        assert!(is_meaningless_line(&line("\u{E000}\u{E001} a")));
        assert!(!is_meaningless_line(&line("\u{E000} ab")));
    }
}
