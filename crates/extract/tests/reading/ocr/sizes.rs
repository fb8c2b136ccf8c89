//! The same text in letters of any size.

use super::*;
use image::imageops::{FilterType, resize};

/// Font size of the picture that is drawn smaller and larger here, in pixels.
const DRAWN: u32 = 42;
/// F1 by character that clean print must reach, whatever its size.
const MIN_ANY_SIZE: f64 = 0.96;

/// The picture `name` in letters of `size` pixels, and by how much its sides were changed.
fn sized(name: &str, size: u32) -> (Vec<u8>, [f32; 2]) {
    let picture = image::load_from_memory(&fixture(name)).unwrap().into_luma8();
    let [width, height] = [picture.width(), picture.height()].map(|side| side * size / DRAWN);
    let scaled = resize(&picture, width, height, FilterType::CatmullRom);
    let mut file = std::io::Cursor::new(Vec::new());
    scaled.write_to(&mut file, image::ImageFormat::Png).unwrap();
    let factors = [width as f32 / picture.width() as f32, height as f32 / picture.height() as f32];
    (file.into_inner(), factors)
}

#[test]
fn letters_of_any_size_are_read_and_their_boxes_lie_on_the_picture_as_it_is() {
    let expected = fixture_text("scan_chinese.txt");
    let read = |size| {
        let (picture, factors) = sized("scan_chinese.png", size);
        let document = read_with(recognition(&["chi_sim", "eng"]), "a.png", &picture).unwrap();
        let f1 = character_f1(&document.text, &expected);
        println!("Chinese in letters of {size} pixels: F1 by character {f1:.4}");
        assert!(f1 >= MIN_ANY_SIZE, "{size} pixels: {f1}: {}", document.text);
        (document, factors)
    };
    let (reference, _) = read(DRAWN);
    let places = |document: &DocumentText, [across, down]: [f32; 2]| -> Vec<(String, [f32; 4])> {
        let unscaled = |[x0, y0, x1, y1]: [f32; 4]| [x0 / across, y0 / down, x1 / across, y1 / down];
        boxes(document).iter().map(|(text, rect, _)| ((*text).to_owned(), unscaled(*rect))).collect()
    };
    let known = places(&reference, [1.0, 1.0]);
    for size in [11, 16, 24, 60, 84] {
        let (document, factors) = read(size);
        let found = places(&document, factors);
        // Where words are divided differs from size to size: those that are the same are compared.
        let same: Vec<_> =
            found.iter().filter(|(text, _)| known.iter().any(|(own, _)| own == text)).collect();
        let within = |letters: f32| {
            let near = |(text, rect): &&&(String, [f32; 4])| {
                let close = |own: &[f32; 4]| {
                    own.iter().zip(rect).all(|(a, b)| (a - b).abs() <= DRAWN as f32 * letters)
                };
                known.iter().any(|(own, place)| own == text && close(place))
            };
            same.iter().filter(near).count()
        };
        let (half, whole) = (within(0.5), within(1.0));
        println!("{size} pixels: {half} of {} words within half a letter, {whole} within one", same.len());
        // Tesseract guesses where one Chinese character ends and the next begins.
        assert!(same.len() >= 20 && whole * 10 >= same.len() * 9, "{size}: {whole} of {}", same.len());
    }
}

#[cfg(unix)]
#[test]
fn a_page_that_is_read_well_is_read_once() {
    let (picture, _) = sized("scan_chinese.png", 30);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("tesseract");
    let runs = folder.path().join("runs");
    let script = format!(
        "#!/bin/sh\ncase $1 in --list-langs) ;; *) /bin/echo run >> {};; esac\nexec {} \"$@\"\n",
        runs.display(),
        tesseract().display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let recognition = Recognition { program: Some(program), ..recognition(&["chi_sim"]) };
    read_with(recognition, "a.png", &picture).unwrap();
    assert_eq!(std::fs::read_to_string(runs).unwrap().lines().count(), 1);
}
