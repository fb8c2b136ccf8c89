//! What drawings of pages have in common, whatever they are drawn from.

use crate::message::Failure;

/// Widest picture made for the viewer, in pixels.
pub(super) const MAX_WIDTH_PX: u32 = 2400;
/// Narrowest picture made for the viewer, in pixels.
pub(super) const MIN_WIDTH_PX: u32 = 16;

/// A PNG of 8-bit RGB pixels.
pub(super) fn encode(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let failed = |error: png::EncodingError| Failure::Read(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(rgb).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(png)
}
