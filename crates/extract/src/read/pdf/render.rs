//! A page as a picture: for the viewer in colour, for recognition in grey.

use super::library::{Library, one_line};
use crate::PageImage;
use crate::content::Content;
use crate::message::{Drawing, Failure};
use crate::read::drawing::{MAX_WIDTH_PX, MIN_WIDTH_PX, encode};
use pdfium_render::prelude::{PdfBitmap, PdfDocument, PdfPage, PdfRenderConfig};

/// Most pixels of a picture, whatever the shape of the page.
const MAX_PIXELS: f32 = 24e6;
/// Resolution of a picture for recognition, in dots per inch. 150 suffice for clean print in Latin
/// letters, Chinese needs more, and 300 gained nothing that could be measured.
const RECOGNITION_DPI: f32 = 200.0;
/// Points per inch.
const POINTS: f32 = 72.0;

/// Draws the page at `index`, `width_px` wide, with its forms and notes.
pub(crate) fn render(
    content: &Content<'_>,
    library: &Library,
    index: u32,
    width_px: u32,
) -> Result<PageImage, Failure> {
    let document = library.open(content)?;
    let page = page(&document, index)?;
    let bitmap = bitmap(&page, width_px.clamp(MIN_WIDTH_PX, MAX_WIDTH_PX) as f32)?;
    let (width, height) = size(&bitmap);
    let rgb: Vec<u8> =
        bitmap.as_rgba_bytes().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    Ok(PageImage { png: encode(width, height, &rgb)?, width, height })
}

/// Draws the page at `index` for recognition.
pub(crate) fn draw(content: &Content<'_>, library: &Library, index: u32) -> Result<Drawing, Failure> {
    let document = library.open(content)?;
    let page = page(&document, index)?;
    let points = [page.width().value.max(1.0), page.height().value.max(1.0)];
    let label = page.label().map(str::trim).filter(|label| !label.is_empty()).map(str::to_owned);
    let wanted = points[0] * RECOGNITION_DPI / POINTS;
    let bitmap = bitmap(&page, wanted.clamp(MIN_WIDTH_PX as f32, MAX_WIDTH_PX as f32))?;
    let (width, height) = size(&bitmap);
    let pixels = bitmap.as_rgba_bytes().chunks_exact(4).map(luminance).collect();
    let dpi = (width as f32 / points[0] * POINTS).round() as u32;
    Ok(Drawing { width, height, page: points, dpi, label, pixels })
}

fn page<'d>(document: &PdfDocument<'d>, index: u32) -> Result<PdfPage<'d>, Failure> {
    let missing = || Failure::Damaged(format!("it has no page {}", u64::from(index) + 1));
    let number = i32::try_from(index).map_err(|_| missing())?;
    if number >= document.pages().len() {
        return Err(missing());
    }
    document.pages().get(number).map_err(|error| Failure::Damaged(one_line(&error)))
}

/// The page on white, about `width` pixels wide.
fn bitmap<'p>(page: &'p PdfPage<'_>, width: f32) -> Result<PdfBitmap<'p>, Failure> {
    let shape = page.height().value.max(1.0) / page.width().value.max(1.0);
    let width = width.min((MAX_PIXELS / shape).sqrt()).max(1.0).floor();
    let height = (width * shape).max(1.0).round();
    let config = PdfRenderConfig::new().set_fixed_size(width as i32, height as i32);
    page.render_with_config(&config).map_err(|error| Failure::Damaged(one_line(&error)))
}

fn size(bitmap: &PdfBitmap<'_>) -> (u32, u32) {
    (bitmap.width().max(1) as u32, bitmap.height().max(1) as u32)
}

/// Brightness of a pixel as the eye weighs its colours (ITU-R BT.601).
fn luminance(pixel: &[u8]) -> u8 {
    let weighed = 299 * u32::from(pixel[0]) + 587 * u32::from(pixel[1]) + 114 * u32::from(pixel[2]);
    (weighed / 1000) as u8
}
