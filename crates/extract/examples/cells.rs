//! throw-away: prints cells of a sheet file as JSON
#![allow(clippy::print_stdout)]
use docent_corpus::{BlockKind, Cancel, Place};
use docent_extract::{Extract, InProcess, Limits};
use std::path::Path;
fn main() {
    let file = std::env::args_os().nth(1).unwrap();
    let extract = InProcess::new(None, Limits::default());
    let started = std::time::Instant::now();
    let result = extract.extract(Path::new(&file), &Cancel::new(), &mut |_, _| {});
    let ms = started.elapsed().as_millis();
    match result {
        Err(error) => println!(
            "{}",
            serde_json::json!({"ms": ms as u64, "error": error.code(), "reason": error.to_string()})
        ),
        Ok(document) => {
            let mut cells = Vec::new();
            let mut headers = 0;
            for block in &document.blocks {
                let text = block.span.of(&document.text).unwrap();
                if let (BlockKind::Table { header_rows }, Place::Cells { sheet, range, rows }) =
                    (&block.kind, &block.place)
                {
                    headers += header_rows;
                    for (index, line) in text.split('\n').enumerate() {
                        let row = rows.get(index).copied().unwrap_or(range.first_row + index as u32);
                        for (column, cell) in line.split(" | ").enumerate() {
                            if !cell.is_empty() {
                                cells.push(serde_json::json!([
                                    sheet,
                                    row,
                                    range.first_column + column as u32,
                                    cell
                                ]));
                            }
                        }
                    }
                }
            }
            let warnings: Vec<String> = document.warnings.iter().map(|w| format!("{w:?}")).collect();
            println!(
                "{}",
                serde_json::json!({"ms": ms as u64, "title": document.metadata.title, "headers": headers, "warnings": warnings, "cells": cells})
            );
        }
    }
}
