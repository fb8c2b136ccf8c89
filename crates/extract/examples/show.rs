//! Prints what is read of a file, block by block: `show <file> [path of libpdfium]`.

#![allow(clippy::print_stdout)]

use docent_corpus::{Cancel, Place};
use docent_extract::{Extract, InProcess, Limits};
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let file = arguments.next().ok_or("usage: show <file> [libpdfium]")?;
    let extract = InProcess::new(arguments.next().map(PathBuf::from), Limits::default());
    let document = extract.extract(Path::new(&file), &Cancel::new(), &mut |_, _| {})?;
    println!("{:?} {:?}", document.format, document.metadata);
    for warning in &document.warnings {
        println!("{warning:?}");
    }
    let mut article_end = document.metadata.article_end;
    for block in &document.blocks {
        if article_end.take_if(|end| *end <= block.span.start).is_some() {
            println!("=== the rest of the page");
        }
        let place = match &block.place {
            Place::Lines { first, last, runs } => format!("lines {first}-{last}, {} runs", runs.len()),
            Place::Page { page, boxes, .. } => format!("page {}, {} boxes", page + 1, boxes.len()),
            Place::Element { anchor, path } => format!("#{} {path}", anchor.as_deref().unwrap_or_default()),
            other => format!("{other:?}"),
        };
        println!("--- {:?} [{place}]\n{}", block.kind, block.span.of(&document.text).unwrap_or_default());
    }
    Ok(())
}
