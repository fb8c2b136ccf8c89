//! A page of a picture at another size: for the viewer in colour, for recognition in grey.

use super::decode::decode;
use crate::PageImage;
use crate::content::Content;
use crate::message::{Drawing, Failure};
use crate::read::drawing::{MAX_WIDTH_PX, MIN_WIDTH_PX, encode};
use image::imageops::{FilterType, resize};
use image::{DynamicImage, GrayImage, RgbImage, RgbaImage};

/// Longest side of a picture given to recognition: a page of A4 at 340 dpi.
const LONGEST_SIDE: u32 = 4_000;
/// Resolution told for a picture, whose size on paper is not known: that of a scan.
const ASSUMED_DPI: u32 = 300;
/// Highest picture made for the viewer, in pixels.
const MAX_HEIGHT_PX: u32 = 10_000;

/// Draws the page at `index` for the viewer, `width_px` wide.
pub(crate) fn render(content: &Content<'_>, index: u32, width_px: u32) -> Result<PageImage, Failure> {
    let picture = opaque(decode(content, index)?);
    let width = width_px.clamp(MIN_WIDTH_PX, MAX_WIDTH_PX);
    let shape = f64::from(picture.height()) / f64::from(picture.width());
    let width = width.min((f64::from(MAX_HEIGHT_PX) / shape).max(1.0) as u32).max(1);
    let height = ((f64::from(width) * shape).round() as u32).max(1);
    let scaled = resize(&picture.into_rgb8(), width, height, FilterType::Triangle);
    Ok(PageImage { png: encode(width, height, scaled.as_raw())?, width, height })
}

/// Draws the page at `index` for recognition. One point of the page is one pixel of the picture.
pub(crate) fn draw(content: &Content<'_>, index: u32) -> Result<Drawing, Failure> {
    let picture = opaque(decode(content, index)?);
    let page = [picture.width() as f32, picture.height() as f32];
    let scaled = within_limits(picture.into_luma8());
    let (width, height) = scaled.dimensions();
    Ok(Drawing { width, height, page, dpi: ASSUMED_DPI, label: None, pixels: scaled.into_raw() })
}

/// The picture, smaller if it is huge. Whether letters are too small to be read only shows when they are
/// read.
fn within_limits(picture: GrayImage) -> GrayImage {
    let (width, height) = picture.dimensions();
    let longer = width.max(height);
    if longer <= LONGEST_SIDE {
        return picture;
    }
    let factor = f64::from(LONGEST_SIDE) / f64::from(longer);
    let scaled = |side: u32| ((f64::from(side) * factor).round() as u32).max(1);
    resize(&picture, scaled(width), scaled(height), FilterType::Triangle)
}

/// The picture on white, where it is transparent.
fn opaque(picture: DynamicImage) -> DynamicImage {
    if picture.color().has_alpha() { on_white(&picture.into_rgba8()).into() } else { picture }
}

fn on_white(picture: &RgbaImage) -> RgbImage {
    let blend = |colour: u8, alpha: u8| {
        let (colour, alpha) = (u32::from(colour), u32::from(alpha));
        ((colour * alpha + 255 * (255 - alpha)) / 255) as u8
    };
    let mut white = RgbImage::new(picture.width(), picture.height());
    for (to, from) in white.pixels_mut().zip(picture.pixels()) {
        let [red, green, blue, alpha] = from.0;
        to.0 = [blend(red, alpha), blend(green, alpha), blend(blue, alpha)];
    }
    white
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_pictures_shrink_and_others_stay() {
        for (side, expected) in [(100, 100), (3_000, 3_000), (8_000, 4_000)] {
            let scaled = within_limits(GrayImage::new(side, 10));
            assert_eq!(scaled.width(), expected);
            assert!(scaled.height() >= 5);
        }
    }

    #[test]
    fn what_is_transparent_becomes_white() {
        let picture = RgbaImage::from_raw(2, 1, vec![0, 0, 0, 0, 10, 20, 30, 255]).unwrap();
        assert_eq!(on_white(&picture).into_raw(), [255, 255, 255, 10, 20, 30]);
    }
}
