//! From the coordinates of a page's content to those of the page as displayed.

use pdfium_render::prelude::{PdfPage, PdfPageRenderRotation, PdfRect};

/// Two letters that stand farther apart than those of one word usually do, by this share of their
/// height, belong to two words.
pub(super) const SPACE: f32 = 0.15;

/// How far two boxes stand apart, across the page (axis 0) or down it (axis 1); negative when they overlap.
pub(super) fn apart(a: [f32; 4], b: [f32; 4], axis: usize) -> f32 {
    (b[axis] - a[axis + 2]).max(a[axis] - b[axis + 2])
}

/// A page's visible part and how it is turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    left: f32,
    bottom: f32,
    right: f32,
    top: f32,
    /// Quarter turns clockwise.
    turns: u8,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Frame {
    /// The frame of `page`.
    pub(super) fn of(page: &PdfPage<'_>) -> Self {
        let (width, height) = (page.width().value, page.height().value);
        let turns = match page.rotation() {
            Ok(PdfPageRenderRotation::Degrees90) => 1,
            Ok(PdfPageRenderRotation::Degrees180) => 2,
            Ok(PdfPageRenderRotation::Degrees270) => 3,
            _ => 0,
        };
        let (across, up) = if turns % 2 == 1 { (height, width) } else { (width, height) };
        let bounds = page.boundaries().bounding().map(|boundary| boundary.bounds);
        let (left, bottom, right, top) = match bounds {
            Ok(rect) => (rect.left().value, rect.bottom().value, rect.right().value, rect.top().value),
            Err(_) => (0.0, 0.0, across, up),
        };
        Self { left, bottom, right, top, turns, width: sane(width), height: sane(height) }
    }

    /// By how much the page is turned clockwise.
    pub(super) fn degrees(&self) -> f32 {
        f32::from(self.turns) * 90.0
    }

    /// The frame of a page that is not turned.
    #[cfg(test)]
    pub(super) fn upright(width: f32, height: f32) -> Self {
        Self { left: 0.0, bottom: 0.0, right: width, top: height, turns: 0, width, height }
    }

    /// A rectangle of the content as displayed: left, top, right, bottom, cut to the page. `None`
    /// when it lies wholly outside.
    pub(super) fn show(&self, rect: &PdfRect) -> Option<[f32; 4]> {
        let corners = [
            self.point(rect.left().value, rect.bottom().value),
            self.point(rect.right().value, rect.top().value),
        ];
        let [(ax, ay), (bx, by)] = corners;
        let [x0, y0, x1, y1] = [ax.min(bx), ay.min(by), ax.max(bx), ay.max(by)];
        if ![x0, y0, x1, y1].iter().all(|value| value.is_finite()) {
            return None;
        }
        if x1 < 0.0 || y1 < 0.0 || x0 > self.width || y0 > self.height {
            return None;
        }
        Some([x0.max(0.0), y0.max(0.0), x1.min(self.width), y1.min(self.height)])
    }

    fn point(&self, x: f32, y: f32) -> (f32, f32) {
        let (x, y) = match self.turns {
            1 => (y - self.bottom, x - self.left),
            2 => (self.right - x, y - self.bottom),
            3 => (self.top - y, self.right - x),
            _ => (x - self.left, self.top - y),
        };
        // A page may have a unit other than the point.
        let (across, up) = (self.right - self.left, self.top - self.bottom);
        let natural = if self.turns % 2 == 1 { up } else { across };
        let scale = if natural > 0.0 { self.width / natural } else { 1.0 };
        (x * scale, y * scale)
    }
}

fn sane(length: f32) -> f32 {
    if length.is_finite() && length > 0.0 { length } else { 1.0 }
}

/// The smallest rectangle around both.
pub(super) fn union(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

#[cfg(test)]
mod tests {
    use super::*;
    use pdfium_render::prelude::PdfRect;

    fn frame(turns: u8) -> Frame {
        let (width, height) = if turns % 2 == 1 { (800.0, 600.0) } else { (600.0, 800.0) };
        Frame { left: 10.0, bottom: 20.0, right: 610.0, top: 820.0, turns, width, height }
    }

    #[test]
    fn a_box_at_the_lower_left_turns_with_the_page() {
        let rect = PdfRect::new_from_values(20.0, 10.0, 30.0, 15.0); // bottom, left, top, right
        assert_eq!(frame(0).show(&rect), Some([0.0, 790.0, 5.0, 800.0]));
        assert_eq!(frame(1).show(&rect), Some([0.0, 0.0, 10.0, 5.0]));
        assert_eq!(frame(2).show(&rect), Some([595.0, 0.0, 600.0, 10.0]));
        assert_eq!(frame(3).show(&rect), Some([790.0, 595.0, 800.0, 600.0]));
    }

    #[test]
    fn what_lies_outside_is_not_shown() {
        let rect = PdfRect::new_from_values(-50.0, 10.0, -40.0, 15.0);
        assert_eq!(frame(0).show(&rect), None);
    }
}
