//! Tables in PDF pages, made by reportlab from cells that are known, and books without tables.

use crate::support::{read, texts};
use docent_corpus::{BlockKind, DocumentText, Place};
use std::path::Path;

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The tables of each page, a line per row.
fn tables(document: &DocumentText) -> Vec<String> {
    let mut pages = vec![String::new(); document.metadata.pages.unwrap() as usize];
    for (block, text) in document.blocks.iter().zip(texts(document)) {
        let Place::Page { page, .. } = block.place else { panic!("{:?}", block.place) };
        if matches!(block.kind, BlockKind::Table { .. }) {
            let text_of_page = &mut pages[page as usize];
            if !text_of_page.is_empty() {
                text_of_page.push_str("\n\n");
            }
            text_of_page.push_str(text);
        }
    }
    pages
}

#[test]
fn ruled_and_aligned_tables_have_the_cells_they_were_made_of() {
    let document = read(&fixture("tables.pdf")).unwrap();
    let expected = std::fs::read_to_string(fixture("tables.txt")).unwrap();
    let found = tables(&document);
    let expected: Vec<&str> = expected.trim_end_matches('\n').split('\u{c}').collect();
    assert_eq!(found.len(), expected.len());
    for (page, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, expected, "page {page}");
    }
}

#[test]
fn the_first_row_is_a_header_where_it_names_the_columns() {
    let document = read(&fixture("tables.pdf")).unwrap();
    let headers: Vec<u32> = document
        .blocks
        .iter()
        .filter_map(|block| match block.kind {
            BlockKind::Table { header_rows } => Some(header_rows),
            _ => None,
        })
        .collect();
    assert_eq!(headers, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
}

#[test]
fn words_of_a_table_keep_their_boxes() {
    let document = read(&fixture("tables.pdf")).unwrap();
    let block = document.blocks.iter().find(|block| matches!(block.kind, BlockKind::Table { .. })).unwrap();
    let Place::Page { boxes, .. } = &block.place else { panic!() };
    let words: Vec<&str> = boxes.iter().map(|word| word.span.of(&document.text).unwrap()).collect();
    let text = block.span.of(&document.text).unwrap();
    let cells: Vec<&str> = text.split([' ', '\n']).filter(|word| *word != "|").collect();
    assert_eq!(words, cells);
    // A column has one left edge: "Germany" stands below "Country".
    let edge = |word: &str| boxes[words.iter().position(|known| *known == word).unwrap()].rect.x0;
    assert!((edge("Country") - edge("Germany")).abs() < 1.0);
    assert!(edge("Germany") > edge("Berlin") + 20.0);
}
