//! From the bytes of a picture to its pixels, upright, within limits.

use super::tiff::{self, Rebased};
use crate::content::{Content, ReadSeek};
use crate::message::Failure;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};
use std::io::{BufReader, Read, Seek};

/// Most bytes that the pixels of a page may take: twice that (turning copies them) and the rest of
/// the work stay within the 2 GB of a worker.
const MAX_BYTES: u64 = 400 << 20;
/// Longest side of a picture, in pixels.
const MAX_SIDE: u32 = 100_000;

/// Whether a page can be decoded, as far as its header tells; `starts` is what [`tiff::pages`] found.
pub(super) fn check(content: &Content<'_>, starts: &[u32], page: u32) -> Result<(), Failure> {
    open(content, starts, page).map(drop)
}

/// The pixels of a page, turned as the camera says.
pub(super) fn decode(content: &Content<'_>, page: u32) -> Result<DynamicImage, Failure> {
    let starts = tiff::pages(content)?;
    let mut decoder = open(content, &starts, page)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn open<'c>(content: &Content<'c>, starts: &[u32], page: u32) -> Result<impl ImageDecoder + 'c, Failure> {
    let file = content.open()?;
    let source: Box<dyn ReadSeek + 'c> = match starts.get(page as usize) {
        Some(start) => Box::new(Rebased::new(file, *start)?),
        None if page == 0 => file,
        None => return Err(no_such_page(page)),
    };
    let decoder = decoder(source)?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > MAX_BYTES || width > MAX_SIDE || height > MAX_SIDE {
        return Err(Failure::TooLarge(format!("a picture of {width} × {height} pixels")));
    }
    if width == 0 || height == 0 {
        return Err(Failure::Damaged("a picture without pixels".to_owned()));
    }
    Ok(decoder)
}

fn decoder<'s>(source: impl Read + Seek + 's) -> Result<impl ImageDecoder + 's, Failure> {
    let mut reader = ImageReader::new(BufReader::new(source)).with_guessed_format()?;
    let mut limits = Limits::default();
    (limits.max_alloc, limits.max_image_width, limits.max_image_height) =
        (Some(2 * MAX_BYTES), Some(MAX_SIDE), Some(MAX_SIDE));
    reader.limits(limits);
    reader.into_decoder().map_err(refused)
}

fn refused(error: ImageError) -> Failure {
    match error {
        ImageError::Limits(error) => Failure::TooLarge(error.to_string()),
        ImageError::Unsupported(error) => Failure::Unsupported(error.to_string()),
        ImageError::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => error.into(),
        other => Failure::Damaged(other.to_string()),
    }
}

fn no_such_page(page: u32) -> Failure {
    Failure::Damaged(format!("it has no page {}", u64::from(page) + 1))
}
