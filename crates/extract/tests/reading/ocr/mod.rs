//! Recognition of text with the installed Tesseract, and with programs that only claim to be it.

mod pictures;
mod printed;
mod programs;
mod sizes;
mod vertical;
mod within;

use crate::pdf_writer::{MadePage, pdf};
use crate::support::{config, run, word_f1};
use docent_corpus::{Cancel, DocumentText, Place, SourceWarning, TextBox};
use docent_extract::{
    Extract, ExtractError, Extractor, Recognition, RecognizerStatus, WorkerConfig, find_recognizer,
};
use std::path::{Path, PathBuf};

/// Word F1 that clean English print must reach.
const MIN_ENGLISH: f64 = 0.97;
/// F1 by character that clean Chinese print must reach.
const MIN_CHINESE: f64 = 0.85;

const LINES: [&str; 8] = [
    "The keeper of the lighthouse wrote a letter every evening",
    "before the lamp was lit. He told of ships that passed at noon,",
    "of fog that stayed for seven days, and of a grey cat that came",
    "to sit beside the stove when the wind was strong enough to",
    "rattle the windows. Nobody answered these letters, because he",
    "never sent them: they lay in a drawer, sorted by the weather,",
    "until the summer of 1931, when a visitor from the mainland",
    "found all 4,017 of them and asked whether she might read one.",
];

fn tesseract() -> PathBuf {
    match find_recognizer(None, std::env::var_os("PATH").as_deref()) {
        RecognizerStatus::Ready { program, languages, .. } => {
            for language in ["eng", "chi_sim", "chi_sim_vert"] {
                assert!(languages.iter().any(|has| has == language), "tesseract lacks {language}");
            }
            program
        }
        other => {
            panic!("install tesseract-ocr and, of its languages, eng, chi-sim and chi-sim-vert: {other:?}")
        }
    }
}

fn recognition(languages: &[&str]) -> Recognition {
    Recognition {
        program: Some(tesseract()),
        languages: languages.iter().map(|name| (*name).to_owned()).collect(),
        ..Recognition::default()
    }
}

fn reader(recognition: Recognition) -> Extractor {
    Extractor::new(WorkerConfig { recognition, ..config() })
}

fn read_with(recognition: Recognition, name: &str, bytes: &[u8]) -> Result<DocumentText, ExtractError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    reader(recognition).extract(&path, &Cancel::new(), &mut |_, _| {})
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn fixture_text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn english_pdf() -> Vec<u8> {
    pdf("t", &[MadePage::new().lines(12.0, 90.0, 680.0, &LINES)])
}

/// A PDF's first page as poppler draws it: by another program than the one that reads it.
fn drawn(pdf: &[u8], arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.pdf");
    std::fs::write(&path, pdf).unwrap();
    run("pdftoppm", &[&["-singlefile"], arguments, &[path.to_str().unwrap()]].concat())
}

fn boxes(document: &DocumentText) -> Vec<(&str, [f32; 4], [f32; 2])> {
    let mut all = Vec::new();
    for block in &document.blocks {
        let Place::Page { width, height, boxes, .. } = &block.place else { panic!("{:?}", block.place) };
        for TextBox { span, rect } in boxes {
            assert!(0.0 <= rect.x0 && rect.x0 <= rect.x1 && rect.x1 <= *width, "{rect:?}");
            assert!(0.0 <= rect.y0 && rect.y0 <= rect.y1 && rect.y1 <= *height, "{rect:?}");
            let text = span.of(&document.text).unwrap();
            all.push((text, [rect.x0, rect.y0, rect.x1, rect.y1], [*width, *height]));
        }
    }
    all
}

/// Confidences of the pages that were recognised; any other warning fails.
fn confidences(document: &DocumentText) -> Vec<u8> {
    let confidence = |(at, warning): (usize, &SourceWarning)| match warning {
        SourceWarning::PageRecognized { page, confidence } if *page as usize == at => *confidence,
        other => panic!("{other:?}"),
    };
    document.warnings.iter().enumerate().map(confidence).collect()
}

/// Harmonic mean over characters other than white space and punctuation.
fn character_f1(a: &str, b: &str) -> f64 {
    let apart = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(|c| [c, ' ']).collect()
    };
    word_f1(&apart(a), &apart(b))
}
