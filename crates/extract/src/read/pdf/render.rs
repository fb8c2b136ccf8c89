//! A page as a picture, for the viewer.

use crate::content::Content;
use super::library::{Library, one_line};
use crate::PageImage;
use crate::message::Failure;
use pdfium_render::prelude::PdfRenderConfig;
use std::path::Path;

/// Widest picture made, in pixels.
const MAX_WIDTH_PX: u32 = 2400;
/// Narrowest picture made, in pixels.
const MIN_WIDTH_PX: u32 = 16;
/// Most pixels of a picture, whatever the shape of the page.
const MAX_PIXELS: f32 = 24e6;

/// Draws the page at `index`, `width_px` wide, with its forms and notes.
pub(crate) fn render(
    path: &Path,
    library: &Library,
    index: u32,
    width_px: u32,
) -> Result<PageImage, Failure> {
    let document = library.open(&Content::File(path))?;
    let number = i32::try_from(index).map_err(|_| no_such_page(index))?;
    if number >= document.pages().len() {
        return Err(no_such_page(index));
    }
    let page = document.pages().get(number).map_err(|error| Failure::Damaged(one_line(&error)))?;
    let shape = page.height().value.max(1.0) / page.width().value.max(1.0);
    let width = width_px.clamp(MIN_WIDTH_PX, MAX_WIDTH_PX) as f32;
    let width = width.min((MAX_PIXELS / shape).sqrt()).max(1.0).floor();
    let height = (width * shape).max(1.0).round();
    let config = PdfRenderConfig::new().set_fixed_size(width as i32, height as i32);
    let bitmap = page.render_with_config(&config).map_err(|error| Failure::Damaged(one_line(&error)))?;
    let (width, height) = (bitmap.width().max(1) as u32, bitmap.height().max(1) as u32);
    let png = encode(width, height, &bitmap.as_rgba_bytes())?;
    Ok(PageImage { png, width, height })
}

fn no_such_page(index: u32) -> Failure {
    Failure::Damaged(format!("it has no page {}", u64::from(index) + 1))
}

/// PNG without transparency: pages are drawn on white.
fn encode(width: u32, height: u32, rgba: &[u8]) -> Result<Vec<u8>, Failure> {
    let rgb: Vec<u8> = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let failed = |error: png::EncodingError| Failure::Read(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&rgb).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(png)
}
