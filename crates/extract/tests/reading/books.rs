//! Electronic books: a made one against its own XHTML, and one of Debian against the HTML of the same
//! text.

use crate::markup::{fixture, golden};
use crate::support::{debian, read, texts, word_f1};
use docent_corpus::Place;
use std::path::Path;

#[test]
fn a_book_reads_as_its_chapters_say() {
    let document = read(&fixture("book.epub")).unwrap();
    assert_eq!(texts(&document), golden("book.epub").lines().collect::<Vec<_>>());
    for block in &document.blocks {
        let Place::Chapter { chapter, title, .. } = &block.place else { panic!("{:?}", block.place) };
        assert_eq!(title.as_deref(), Some(format!("Part {chapter}").as_str()));
    }
    assert_eq!(document.metadata.title.as_deref(), Some("港口 The harbour"));
    assert_eq!(document.metadata.tags, ["sea"]);
}

#[test]
fn the_policy_manual_is_one_book() {
    let path = debian("debian-policy", "/usr/share/doc/debian-policy/policy.epub");
    let document = read(&path).unwrap();
    assert!(document.warnings.is_empty(), "{:?}", document.warnings);
    let mut pages = String::new();
    let mut chapters = 0;
    for block in &document.blocks {
        let Place::Chapter { chapter, title, .. } = &block.place else { panic!("{:?}", block.place) };
        assert!(title.is_some());
        chapters = chapters.max(*chapter);
    }
    assert!(chapters > 10);
    let folder = Path::new("/usr/share/doc/debian-policy/policy.html");
    for entry in std::fs::read_dir(folder).unwrap() {
        let page = entry.unwrap().path();
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".html") && !matches!(name.as_str(), "search.html" | "genindex.html") {
            pages.push_str(&read(&page).unwrap().text);
            pages.push('\n');
        }
    }
    let f1 = word_f1(&document.text, &pages);
    println!("Policy Manual EPUB: word F1 {f1:.4} against its HTML");
    assert!(f1 >= 0.95, "{f1}");
}
