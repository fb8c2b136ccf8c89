//! Notes and pages in markup against what independent programs read of them (see
//! `fixtures/make_markup.py`).

use crate::support::{bigram_f1, read, texts, word_f1};
use docent_corpus::{BlockKind, DocumentText, Place};
use std::path::{Path, PathBuf};

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/markup").join(name)
}

pub(crate) fn golden(name: &str) -> String {
    std::fs::read_to_string(fixture(&format!("{name}.txt"))).unwrap()
}

fn check_runs(document: &DocumentText, name: &str) {
    let source = std::fs::read(fixture(name)).unwrap();
    let mut covered = 0;
    for block in &document.blocks {
        let Place::Lines { runs, .. } = &block.place else { panic!("{:?}", block.place) };
        for run in runs {
            let file = &source[run.file_start as usize..run.file_end as usize];
            assert_eq!(run.span.of(&document.text).unwrap().as_bytes(), file);
            covered += file.len();
        }
    }
    assert!(covered * 10 > document.text.len() * 8, "{covered} of {}", document.text.len());
}

#[test]
fn restructured_text_reads_as_docutils_reads_it() {
    let document = read(&fixture("notes.rst")).unwrap();
    let expected = golden("notes.rst");
    // The title of the note, which docutils leaves to the writer.
    let told = document.text.replacen("Note\n\n", "", 1);
    assert!(word_f1(&told, &expected) >= 0.995, "{told}");
    assert!(bigram_f1(&told, &expected) >= 0.97, "{}", bigram_f1(&told, &expected));
    check_runs(&document, "notes.rst");
    let tables = document.blocks.iter().filter(|block| block.kind == BlockKind::Table { header_rows: 1 });
    assert_eq!(tables.count(), 2);
}

#[test]
fn org_reads_as_pandoc_reads_it() {
    let document = read(&fixture("notes.org")).unwrap();
    let expected = golden("notes.org");
    assert!(word_f1(&document.text, &expected) >= 0.995, "{}", document.text);
    assert!(bigram_f1(&document.text, &expected) >= 0.97, "{}", bigram_f1(&document.text, &expected));
    check_runs(&document, "notes.org");
    assert_eq!(document.metadata.tags, ["sea"]);
    assert_eq!(document.metadata.title.as_deref(), Some("Harbour notes"));
}

#[test]
fn the_article_of_a_page_comes_first_and_the_rest_follows() {
    let document = read(&fixture("page.html")).unwrap();
    let expected = golden("page.html");
    let blocks = texts(&document);
    let count = expected.lines().count();
    assert_eq!(blocks[..count], expected.lines().collect::<Vec<_>>());
    let rest = &document.blocks[count..];
    assert_eq!(rest.len(), 9);
    assert!(rest[..8].iter().all(|block| block.kind == BlockKind::Furniture));
    assert_eq!(rest[8].kind, BlockKind::Paragraph);
    assert_eq!(document.metadata.tags, ["sea", "潮水"]);
    assert_eq!(document.metadata.language.as_deref(), Some("en"));
    assert_eq!(document.metadata.date.as_deref(), Some("2026-11-20"));
}
