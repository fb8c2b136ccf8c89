//! What is read of files, as lines of JSON for comparing with other programs:
//! `blocks WORKER LIBPDFIUM [LANGUAGES] < LIST` reads each file of a list in the worker process and
//! prints its blocks with their kinds and pages. With languages ("eng,chi_sim"), Tesseract reads
//! the pages that are pictures.

#![allow(clippy::print_stdout)]

use docent_corpus::{BlockKind, Cancel, DocumentText, Place};
use docent_extract::{Extractor, Limits, Recognition, WorkerConfig};
use serde_json::{Value, json};
use std::io::BufRead;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let usage = "usage: blocks WORKER LIBPDFIUM [LANGUAGES] < LIST";
    let worker = PathBuf::from(arguments.next().ok_or(usage)?);
    let pdfium = PathBuf::from(arguments.next().ok_or(usage)?);
    let languages = arguments.next().and_then(|list| list.into_string().ok());
    let recognition = match languages {
        Some(list) => Recognition {
            program: Some(PathBuf::from("/usr/bin/tesseract")),
            languages: list.split(',').map(str::to_owned).collect(),
            ..Recognition::default()
        },
        None => Recognition { program: None, ..Recognition::default() },
    };
    let pdfium = Some(pdfium);
    let extractor =
        Extractor::new(WorkerConfig { worker, pdfium, limits: Limits::default(), workers: 1, recognition });
    for file in std::io::stdin().lock().lines() {
        let file = file?;
        let read = extractor.extract(Path::new(&file), &Cancel::new(), &mut |_, _| {});
        let (blocks, warnings, error) = match &read {
            Ok(document) => (blocks(document), format!("{:?}", document.warnings), None),
            Err(error) => (Vec::new(), String::new(), Some(error.to_string())),
        };
        println!("{}", json!({ "file": file, "blocks": blocks, "warnings": warnings, "error": error }));
    }
    Ok(())
}

/// Each block as its kind, where it stands, and its text.
fn blocks(document: &DocumentText) -> Vec<Value> {
    let told = document.blocks.iter().map(|block| {
        let kind = match block.kind {
            BlockKind::Heading { .. } => "heading",
            BlockKind::Paragraph => "paragraph",
            BlockKind::ListItem { .. } => "item",
            BlockKind::Table { .. } => "table",
            BlockKind::Code { .. } => "code",
            BlockKind::Quote => "quote",
            BlockKind::Furniture => "furniture",
            _ => "other",
        };
        let place = match &block.place {
            Place::Page { page, .. } => json!(page),
            Place::Element { path, .. } => json!(path),
            other => json!(format!("{other:?}").chars().take(80).collect::<String>()),
        };
        json!([kind, place, block.span.of(&document.text)])
    });
    told.collect()
}
