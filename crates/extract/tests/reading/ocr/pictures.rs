//! Every kind of picture, whole and broken.

use super::*;
use crate::support::read_bytes;
use docent_extract::{InProcess, Limits};

#[test]
fn every_page_of_a_tiff_is_read_and_one_on_its_side_is_turned() {
    let bytes = fixture("scan_pages.tif");
    let mut heard = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pages.tif");
    std::fs::write(&path, bytes).unwrap();
    let document = reader(recognition(&["eng", "chi_sim"]))
        .extract(&path, &Cancel::new(), &mut |done, of| heard.push((done, of)))
        .unwrap();
    assert_eq!(heard, [(1, Some(2)), (2, Some(2))]);
    assert_eq!((document.metadata.pages, confidences(&document).len()), (Some(2), 2));
    let expected = fixture_text("scan_pages.txt");
    let (chinese, english) = expected.split_once('\u{c}').unwrap();
    for (page, expected) in [(0, chinese), (1, english)] {
        let text: Vec<&str> = document
            .blocks
            .iter()
            .filter(|block| matches!(block.place, Place::Page { page: at, .. } if at == page))
            .map(|block| block.span.of(&document.text).unwrap())
            .collect();
        let f1 = character_f1(&text.join("\n"), expected);
        println!("TIFF, page {page}: F1 by character {f1:.4}");
        assert!(f1 >= MIN_CHINESE, "{page}: {text:?}");
    }
}

#[test]
fn a_photo_is_read_upright_and_shown_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.jpg");
    std::fs::write(&path, fixture("photo_turned.jpg")).unwrap();
    let reader = reader(recognition(&["eng"]));
    let document = reader.extract(&path, &Cancel::new(), &mut |_, _| {}).unwrap();
    let f1 = character_f1(&document.text, &fixture_text("photo_turned.txt"));
    println!("A turned photo: F1 by character {f1:.4}");
    assert!(f1 >= MIN_ENGLISH, "{f1}: {}", document.text);
    let size = boxes(&document)[0].2;
    assert!(size[0] == 640.0 && size[1] < 640.0, "{size:?}");
    let image = reader.render_page(&path, 0, 320, &Cancel::new()).unwrap();
    assert_eq!((image.width, image.height), (320, (size[1] / 2.0).round() as u32));
    assert_eq!(reader.render_page(&path, 1, 320, &Cancel::new()).unwrap_err().code(), "damaged");
}

#[test]
fn every_kind_of_picture_is_read() {
    let picture = image::load_from_memory(&fixture("scan_chinese.png")).unwrap();
    let reader = reader(recognition(&["chi_sim"]));
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.gif", "a.bmp", "a.webp", "a.tiff", "a.jpg"] {
        let path = folder.path().join(name);
        let plain = if name == "a.gif" { picture.to_rgba8().into() } else { picture.to_rgb8().into() };
        image::DynamicImage::save(&plain, &path).unwrap();
        let document = reader.extract(&path, &Cancel::new(), &mut |_, _| {}).unwrap();
        let f1 = character_f1(&document.text, &fixture_text("scan_chinese.txt"));
        assert!(f1 >= MIN_CHINESE, "{name}: {f1}");
    }
}

#[test]
fn a_picture_without_letters_was_looked_through_and_holds_none() {
    let error = read_with(recognition(&["eng"]), "stains.png", &fixture("stains.png")).unwrap_err();
    assert_eq!(error.code(), "nothing_recognized");
    assert!(error.is_permanent());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stains.png");
    std::fs::write(&path, fixture("stains.png")).unwrap();
    let inside = InProcess::new(config().pdfium, Limits::default()).with_recognition(recognition(&["eng"]));
    let error = inside.extract(&path, &Cancel::new(), &mut |_, _| {}).unwrap_err();
    assert_eq!(error.code(), "nothing_recognized");
}

#[test]
fn broken_pictures_are_damaged_and_huge_ones_too_large() {
    let whole = fixture("scan_chinese.png");
    for cut in [20, whole.len() / 2] {
        let error = read_with(recognition(&["eng"]), "cut.png", &whole[..cut]).unwrap_err();
        assert_eq!(error.code(), "damaged", "{cut}: {error:?}");
    }
    // The header of a PNG says how large it is: 60,000 × 60,000 pixels of RGB.
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0".to_vec();
    let checksum = crc32(&bomb[12..]);
    bomb.extend(checksum.to_be_bytes());
    bomb.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    assert_eq!(read_bytes("bomb.png", &bomb).unwrap_err().code(), "too_large");
}

/// CRC-32 as in PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |mut crc: u32, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

#[test]
fn broken_bytes_of_pictures_never_break_the_extractor() {
    let mut seed = 7_u64;
    for name in ["scan_pages.tif", "photo_turned.jpg", "scan_chinese.png"] {
        let whole = fixture(name);
        for _ in 0..25 {
            let mut bytes = whole.clone();
            for _ in 0..10 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Mostly near the beginning, where the structure is.
                let within = if seed & 1 == 0 { bytes.len() } else { 300 };
                let at = (seed >> 33) as usize % within;
                bytes[at] = (seed >> 24) as u8;
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let extractor = crate::support::extractor();
            if let Err(error) = extractor.render_page(&path, 0, 300, &Cancel::new()) {
                let fine = !matches!(error, ExtractError::Crashed { .. } | ExtractError::TimedOut { .. });
                assert!(fine, "{name}: {error:?}");
            }
        }
    }
}
