//! The size at which a page is read. Tesseract reads letters best whose font size is that of print at
//! 150 to 200 dpi. Chinese suffers in both directions: of text of 44 pixels, 100 % were right as it
//! was, 92 % at twice and 34 % at three times the size; of text of 10 pixels, 64 % as it was and 98 %
//! at twice the size. Latin letters only mind being small.

use super::lines;
use super::readings::Reading;
use crate::message::Drawing;
use image::GrayImage;
use image::imageops::{FilterType, resize};

/// Font size at which a page is read again, in pixels.
const BEST_SIZE: f32 = 26.0;
/// Letters below this font size, in pixels, are always read again: some of them may not even have
/// been seen.
const SMALL_SIZE: f32 = 18.5;
/// A factor nearer to 1 than this, in either direction, changes nothing.
const LEAST_CHANGE: f32 = 1.2;
/// The largest change.
const MOST_CHANGE: f32 = 4.0;
/// Longest side of a page that is enlarged, in pixels: A4 at 340 dpi.
const LONGEST_SIDE: f32 = 4_000.0;
/// A picture on which nothing was seen is read again at twice its size if its longer side, in pixels,
/// is below this: it may be a piece of a screen with small letters.
const SMALL_PICTURE: u32 = 2_000;
/// The same for three times its size.
const TINY_PICTURE: u32 = 800;

/// A change of size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scaling {
    width: u32,
    height: u32,
    factor: f32,
}

impl Scaling {
    /// The size at which a page is to be read again that was read so; `None` if that would gain nothing.
    pub(super) fn for_reading(reading: &Reading, drawing: &Drawing) -> Option<Self> {
        let longer = drawing.width.max(drawing.height);
        if reading.words.is_empty() {
            return match longer {
                0..TINY_PICTURE => Self::by(3.0, drawing),
                TINY_PICTURE..SMALL_PICTURE => Self::by(2.0, drawing),
                _ => None,
            };
        }
        let size = lines::usual_size(&reading.words, reading.direction);
        if reading.is_good() && size >= SMALL_SIZE { None } else { Self::by(BEST_SIZE / size, drawing) }
    }

    fn by(factor: f32, drawing: &Drawing) -> Option<Self> {
        let longer = drawing.width.max(drawing.height).max(1) as f32;
        let most = (LONGEST_SIDE / longer).clamp(1.0, MOST_CHANGE);
        let factor = factor.clamp(1.0 / MOST_CHANGE, most);
        if (1.0 / LEAST_CHANGE..LEAST_CHANGE).contains(&factor) {
            return None;
        }
        let scaled = |side: u32| ((side as f32 * factor).round() as u32).max(1);
        Some(Self { width: scaled(drawing.width), height: scaled(drawing.height), factor })
    }

    /// The page at this size.
    pub(super) fn apply(&self, drawing: &Drawing) -> Drawing {
        let filter = if self.factor > 1.0 { FilterType::CatmullRom } else { FilterType::Triangle };
        let pixels = GrayImage::from_raw(drawing.width, drawing.height, drawing.pixels.clone())
            .map(|picture| resize(&picture, self.width, self.height, filter).into_raw());
        match pixels {
            Some(pixels) => Drawing { width: self.width, height: self.height, pixels, ..drawing.clone() },
            None => drawing.clone(), // checked before: there are as many pixels as width and height say
        }
    }
}

/// Where a box of the scaled page lies on the page as it was drawn.
pub(super) fn unscaled(rect: [f32; 4], drawing: &Drawing, scaling: &Scaling) -> [f32; 4] {
    let across = drawing.width as f32 / scaling.width as f32;
    let down = drawing.height as f32 / scaling.height as f32;
    let [left, top, right, bottom] = rect;
    let (width, height) = (drawing.width as f32, drawing.height as f32);
    [
        (left * across).min(width),
        (top * down).min(height),
        (right * across).min(width),
        (bottom * down).min(height),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::program::Direction;
    use super::super::tsv::TsvWord;
    use super::*;

    fn drawing(width: u32, height: u32) -> Drawing {
        let pixels = vec![255; (width * height) as usize];
        Drawing { width, height, page: [width as f32, height as f32], dpi: 300, label: None, pixels }
    }

    /// A Chinese word of this height in pixels.
    fn read(height: f32, confidence: f32) -> Reading {
        let rect = [10.0, 10.0, 10.0 + 2.0 * height, 10.0 + height];
        let word = TsvWord { line: [1, 1, 1], rect, confidence, text: "文字".to_owned() };
        Reading { words: vec![word], direction: Direction::Across }
    }

    fn factor(reading: &Reading, drawing: &Drawing) -> Option<f32> {
        Scaling::for_reading(reading, drawing).map(|scaling| scaling.factor)
    }

    #[test]
    fn only_small_letters_and_letters_read_badly_are_read_again() {
        let page = drawing(600, 400);
        assert!(factor(&read(9.0, 95.0), &page).is_some_and(|factor| (2.5..2.7).contains(&factor)));
        assert_eq!(factor(&read(40.0, 95.0), &page), None);
        assert!(factor(&read(60.0, 70.0), &page).is_some_and(|factor| (0.38..0.41).contains(&factor)));
        assert_eq!(factor(&read(25.0, 70.0), &page), None);
    }

    #[test]
    fn a_picture_on_which_nothing_was_seen_is_enlarged_if_it_is_small() {
        let nothing = Reading { words: Vec::new(), direction: Direction::Across };
        assert_eq!(factor(&nothing, &drawing(300, 100)), Some(3.0));
        assert_eq!(factor(&nothing, &drawing(1_000, 100)), Some(2.0));
        assert_eq!(factor(&nothing, &drawing(3_000, 10)), None);
    }

    #[test]
    fn a_page_is_never_enlarged_beyond_its_limit() {
        let wide = drawing(3_900, 4);
        assert_eq!(factor(&read(3.0, 95.0), &wide), None);
        let scaling = Scaling::for_reading(&read(3.0, 95.0), &drawing(2_500, 4)).unwrap();
        assert_eq!(scaling.width, 4_000);
    }

    #[test]
    fn boxes_come_back_to_where_they_were() {
        let page = drawing(101, 53);
        let scaling = Scaling::by(3.0, &page).unwrap();
        let scaled = scaling.apply(&page);
        assert_eq!((scaled.width, scaled.height, scaled.pixels.len()), (303, 159, 303 * 159));
        assert_eq!(unscaled([30.0, 15.0, 303.0, 159.0], &page, &scaling), [10.0, 5.0, 101.0, 53.0]);
        assert_eq!(scaled.page, page.page);
    }
}
