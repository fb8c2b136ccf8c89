//! The ruled lines of a page: what is drawn straight across or straight down, for finding tables.

use super::geometry::Frame;
use pdfium_render::prelude::{
    PdfPage, PdfPageObject, PdfPageObjectsCommon, PdfPagePathObject, PdfPathFillMode, PdfPathSegmentType,
    PdfPathSegments, PdfRect,
};

/// Most objects of a page looked at; with more it is a drawing.
const MAX_OBJECTS: usize = 20_000;
/// Most lines of a page; with more they are a drawing and no table.
const MAX_RULES: usize = 2_000;
/// Most points of one drawn path; tables are made of simple ones.
const MAX_SEGMENTS: u32 = 400;
/// A filled rectangle that is thinner than this is a line, in points.
const THIN: f32 = 3.0;
/// Shorter lines are marks, in points.
const SHORTEST: f32 = 5.0;
/// By how much a line may slant and still be straight, in points.
const SLANT: f32 = 0.5;

/// Lines as left, top, right, bottom in points of the page as displayed; none when there are so many
/// that they must be a drawing.
pub(super) fn rules(page: &PdfPage<'_>, frame: &Frame) -> Vec<[f32; 4]> {
    let mut rules = Vec::new();
    for object in page.objects().iter().take(MAX_OBJECTS) {
        if let PdfPageObject::Path(path) = &object {
            rules.extend(lines_of(path).iter().filter_map(|rect| frame.show(rect)));
            if rules.len() > MAX_RULES {
                return Vec::new();
            }
        }
    }
    rules
}

fn lines_of(path: &PdfPagePathObject<'_>) -> Vec<PdfRect> {
    let stroked = path.is_stroked().unwrap_or(false);
    let filled = path.fill_mode().is_ok_and(|mode| mode != PdfPathFillMode::None);
    let outlines = outlines(path);
    if stroked {
        return outlines.iter().flat_map(|points| straight_sides(points)).collect();
    }
    if filled { outlines.iter().filter_map(|points| thin_box(points)).collect() } else { Vec::new() }
}

type Point = (f32, f32);

/// The corners of each closed or open line of a path; curves are left out with what they belong to.
fn outlines(path: &PdfPagePathObject<'_>) -> Vec<Vec<Point>> {
    let Ok(matrix) = path.matrix() else { return Vec::new() };
    let segments = path.segments().transform(matrix);
    if segments.len() > MAX_SEGMENTS {
        return Vec::new();
    }
    let mut outlines: Vec<Vec<Point>> = Vec::new();
    for index in 0..segments.len() {
        let Ok(segment) = segments.get(index) else { continue };
        let point = (segment.x().value, segment.y().value);
        match (segment.segment_type(), outlines.last_mut()) {
            (PdfPathSegmentType::LineTo, Some(points)) => {
                points.push(point);
                if segment.is_close()
                    && let Some(first) = points.first().copied()
                {
                    points.push(first);
                }
            }
            (PdfPathSegmentType::MoveTo, _) => outlines.push(vec![point]),
            _ => return Vec::new(),
        }
    }
    outlines
}

/// The sides of an outline that go straight across or down.
fn straight_sides(points: &[Point]) -> Vec<PdfRect> {
    let sides = points.windows(2).map(|pair| (pair[0], pair[1]));
    sides
        .filter(|((x0, y0), (x1, y1))| {
            let (across, up) = ((x1 - x0).abs(), (y1 - y0).abs());
            across.min(up) <= SLANT && across.max(up) >= SHORTEST
        })
        .map(|((x0, y0), (x1, y1))| PdfRect::new_from_values(y0.min(y1), x0.min(x1), y0.max(y1), x0.max(x1)))
        .collect()
}

/// A thin filled rectangle as the line in its middle.
fn thin_box(points: &[Point]) -> Option<PdfRect> {
    let (mut left, mut bottom) = *points.first()?;
    let (mut right, mut top) = (left, bottom);
    for (x, y) in points {
        (left, right) = (left.min(*x), right.max(*x));
        (bottom, top) = (bottom.min(*y), top.max(*y));
    }
    let (across, up) = (right - left, top - bottom);
    if across.min(up) > THIN || across.max(up) < SHORTEST {
        return None;
    }
    let (x, y) = ((left + right) / 2.0, (bottom + top) / 2.0);
    let line = if across > up { [y, left, y, right] } else { [bottom, x, top, x] };
    Some(PdfRect::new_from_values(line[0], line[1], line[2], line[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_of_a_cell_are_lines_and_slanted_ones_are_not() {
        let cell = [(0.0, 0.0), (50.0, 0.0), (50.0, 20.0), (0.0, 20.0), (0.0, 0.0)];
        assert_eq!(straight_sides(&cell).len(), 4);
        assert!(straight_sides(&[(0.0, 0.0), (50.0, 20.0)]).is_empty());
        assert!(straight_sides(&[(0.0, 0.0), (2.0, 0.0)]).is_empty());
    }

    #[test]
    fn a_thin_box_is_a_line_and_a_shaded_one_is_not() {
        let rule = thin_box(&[(0.0, 10.0), (90.0, 10.0), (90.0, 11.0), (0.0, 11.0)]).unwrap();
        assert_eq!((rule.bottom().value, rule.top().value, rule.right().value), (10.5, 10.5, 90.0));
        assert!(thin_box(&[(0.0, 0.0), (90.0, 0.0), (90.0, 20.0), (0.0, 20.0)]).is_none());
    }
}
