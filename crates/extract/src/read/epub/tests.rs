use super::super::testing::{kinds, read_book, texts};
use crate::message::Failure;
use docent_corpus::{BlockKind, Place, SourceWarning};
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const PACKAGE: &str = "<?xml version='1.0'?><package xmlns='http://www.idpf.org/2007/opf' version='3.0' unique-identifier='id'>\
    <metadata xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:identifier id='id'>x</dc:identifier>\
    <dc:title>A book</dc:title><dc:creator>Ann</dc:creator><dc:creator>李雷</dc:creator><dc:language>zh</dc:language>\
    <dc:date>2026-01-02</dc:date><dc:subject>Tea</dc:subject>\
    <meta property='dcterms:modified'>2026-11-21T00:00:00Z</meta></metadata>\
    <manifest><item id='nav' href='nav.xhtml' media-type='application/xhtml+xml' properties='nav'/>\
    <item id='a' href='a%20one.xhtml' media-type='application/xhtml+xml'/>\
    <item id='b' href='b.xhtml' media-type='application/xhtml+xml'/>\
    <item id='p' href='p.png' media-type='image/png'/>\
    <item id='gone' href='gone.xhtml' media-type='application/xhtml+xml'/></manifest>\
    <spine><itemref idref='a'/><itemref idref='p'/><itemref idref='gone'/><itemref idref='b'/></spine></package>";
const CONTENTS: &str = "<html xmlns:epub='http://www.idpf.org/2007/ops'><body><nav epub:type='toc'><ol>\
    <li><a href='a%20one.xhtml'>One</a></li><li><a href='b.xhtml'>Two</a><ol><li><a href='b.xhtml#s'>Second \
    part</a></li></ol></li></ol></nav></body></html>";

/// A book with these files more than the usual ones.
fn book(more: &[(&str, &str)]) -> Vec<u8> {
    book_named(CONTENTS, more)
}

/// The same with other contents.
fn book_named(contents: &str, more: &[(&str, &str)]) -> Vec<u8> {
    book_of(PACKAGE, contents, more)
}

/// The same with another package.
fn book_of(package: &str, contents: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let container = "<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfiles>\
        <rootfile full-path='O/p.opf' media-type='application/oebps-package+xml'/></rootfiles></container>";
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let usual = [
        ("mimetype", "application/epub+zip"),
        ("META-INF/container.xml", container),
        ("O/p.opf", package),
        ("O/nav.xhtml", contents),
        (
            "O/a one.xhtml",
            "<html><head><title/></head><body><h1 id='t'>One</h1><p>First<a id='x'/> words.</p></body></html>",
        ),
        (
            "O/b.xhtml",
            "<html><body><h1>Two</h1><p>中文</p><section id='s'><h2>Second part</h2><p>End</p></section></body></html>",
        ),
    ];
    for (name, text) in usual.iter().chain(more) {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn a_first_paragraph_that_the_contents_name_is_a_heading() {
    let contents =
        CONTENTS.replace("<li><a href='b", "<li><a href='gone.xhtml'>The Third</a></li><li><a href='b");
    let third = "<html><body><p>The <b>Third</b></p><p>The Third</p><p>Words.</p></body></html>";
    let document = read_book(&book_named(&contents, &[("O/gone.xhtml", third)])).unwrap();
    assert_eq!(texts(&document)[2..5], ["The Third", "The Third", "Words."]);
    assert_eq!(kinds(&document)[2..4], [BlockKind::Heading { level: 1 }, BlockKind::Paragraph]);
}

#[test]
fn items_of_unusual_types_are_read_or_missed_with_a_warning() {
    let of_type = |kind: &str, text: &str| {
        let before = "href='gone.xhtml' media-type='application/xhtml+xml'";
        let package = PACKAGE.replace(before, &format!("href='gone.xhtml' media-type='{kind}'"));
        read_book(&book_of(&package, CONTENTS, &[("O/gone.xhtml", text)])).unwrap()
    };
    let page = "<html><body><p>The third.</p></body></html>";
    for kind in ["text/xhtml", "application/vnd.x+xml", "text/plain", "TEXT/HTML; charset=utf-8"] {
        let document = of_type(kind, page);
        assert_eq!((texts(&document)[2], document.warnings.len()), ("The third.", 0), "{kind}");
    }
    let plain = of_type("text/plain", "a < b & c\r\nin two lines\r\n\r\nNext");
    assert_eq!(texts(&plain)[2..4], ["a < b & c in two lines", "Next"]);
    for kind in ["image/svg+xml", "application/x-dtbncx+xml", "text/css"] {
        let document = of_type(kind, page);
        assert!(!texts(&document).contains(&"The third.") && document.warnings.is_empty(), "{kind}");
    }
    let unknown = of_type("application/pdf", page);
    assert!(
        matches!(unknown.warnings.as_slice(), [SourceWarning::MemberFailed { path, .. }] if path.contains("gone")),
        "{:?}",
        unknown.warnings
    );
}

#[test]
fn chapters_are_read_in_order_with_their_titles() {
    let document = read_book(&book(&[])).unwrap();
    assert_eq!(texts(&document), ["One", "First words.", "Two", "中文", "Second part", "End"]);
    assert_eq!(kinds(&document)[4], BlockKind::Heading { level: 2 });
    let places: Vec<_> = document
        .blocks
        .iter()
        .map(|block| match &block.place {
            Place::Chapter { chapter, title, anchor, path } => {
                (*chapter, title.as_deref().unwrap(), anchor.as_deref(), path.as_str())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(places[1], (1, "One", Some("t"), "p[1]"));
    assert_eq!(places[3], (4, "Two", None, "p[1]"));
    assert_eq!(places[5], (4, "Second part", Some("s"), "section[1]/p[1]"));
}

#[test]
fn the_package_tells_of_the_book() {
    let metadata = read_book(&book(&[])).unwrap().metadata;
    assert_eq!(metadata.title.as_deref(), Some("A book"));
    assert_eq!(metadata.author.as_deref(), Some("Ann, 李雷"));
    assert_eq!((metadata.date.as_deref(), metadata.language.as_deref()), (Some("2026-01-02"), Some("zh")));
    assert_eq!(metadata.modified.as_deref(), Some("2026-11-21T00:00:00Z"));
    assert_eq!(metadata.tags, ["Tea"]);
}

#[test]
fn an_item_that_is_missing_costs_only_itself() {
    let warnings = read_book(&book(&[])).unwrap().warnings;
    assert_eq!(warnings.len(), 1);
    assert!(matches!(&warnings[0], SourceWarning::MemberFailed { path, .. } if path == "O/gone.xhtml"));
}

#[test]
fn a_locked_book_is_said_to_be_locked() {
    let lock = |algorithm: &str| {
        let xml = format!(
            "<encryption><EncryptedData><EncryptionMethod Algorithm='{algorithm}'/></EncryptedData></encryption>"
        );
        read_book(&book(&[("META-INF/encryption.xml", &xml)])).err()
    };
    assert_eq!(lock("http://www.w3.org/2001/04/xmlenc#aes128-cbc"), Some(Failure::Encrypted));
    assert_eq!(lock("http://www.idpf.org/2008/embedding"), None);
}

#[test]
fn damage_anywhere_ends_in_a_reason_or_a_document() {
    let whole = book(&[]);
    for at in (0..whole.len()).step_by(7) {
        let mut broken = whole.clone();
        broken[at] ^= 0x55;
        let _ = read_book(&broken);
        let _ = read_book(&whole[..at]);
    }
}

#[test]
fn a_bomb_in_the_package_is_refused() {
    let bomb = " ".repeat(80 << 20);
    assert!(matches!(read_book(&book(&[("O/toc.ncx", &bomb)])), Err(Failure::TooLarge(_))));
}
