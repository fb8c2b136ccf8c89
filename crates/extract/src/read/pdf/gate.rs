//! Whether a page has text that can be used, or only a picture of text.

use super::geometry::Frame;
use crate::message::Line;
use pdfium_render::prelude::{PdfPage, PdfPageObject, PdfPageObjectCommon, PdfPageObjectsCommon, PdfRect};

/// A page with fewer characters than this, and a large picture, is a scan.
const FEW_CHARS: usize = 20;
/// The share of a page that a picture covers to count as large.
const LARGE_SHARE: f32 = 0.5;
/// The share of characters without meaning that makes a text layer useless, in percent.
const BAD_PERCENT: usize = 20;
/// Most objects looked at on a page.
const MAX_OBJECTS: usize = 5_000;

/// Whether the page shows something whose text cannot be read. `meaningless` characters were already
/// left out of the lines.
pub(super) fn is_unreadable(page: &PdfPage<'_>, frame: &Frame, lines: &[Line], meaningless: usize) -> bool {
    let (all, bad) = count(lines);
    let (all, bad) = (all + meaningless, bad + meaningless);
    if all > 0 && bad * 100 > all * BAD_PERCENT {
        return true;
    }
    all < FEW_CHARS && has_large_picture(page, frame)
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

fn has_large_picture(page: &PdfPage<'_>, frame: &Frame) -> bool {
    let large = |bounds: &PdfRect| {
        frame
            .show(bounds)
            .is_some_and(|[x0, y0, x1, y1]| (x1 - x0) * (y1 - y0) > frame.width * frame.height * LARGE_SHARE)
    };
    page.objects().iter().take(MAX_OBJECTS).any(|object| {
        let shows_picture = match &object {
            PdfPageObject::Image(_) => true,
            PdfPageObject::XObjectForm(form) => {
                form.iter().take(MAX_OBJECTS).any(|inner| matches!(inner, PdfPageObject::Image(_)))
            }
            _ => false,
        };
        shows_picture && object.bounds().is_ok_and(|bounds| large(&bounds.to_rect()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { text: text.to_owned(), words: Vec::new(), size: 10.0, bold: false, mono: false, hyphen: false }
    }

    #[test]
    fn private_characters_mean_nothing_and_chinese_does() {
        assert_eq!(count(&[line("中文 text"), line("\u{E000}\u{F8FF}\u{FFFD}")]), (9, 3));
    }
}
