//! Books of Debian as HTML, against the plain text that their publisher made from the same source.

use crate::support::{debian, gunzip, read, word_f1, words};
use docent_corpus::{BlockKind, DocumentText, Place};
use std::path::{Path, PathBuf};

fn check(path: &Path) -> DocumentText {
    let document = read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut after = 0;
    for block in &document.blocks {
        assert!(block.span.start >= after);
        let text = block.span.of(&document.text).unwrap();
        assert_eq!(text.trim_matches('\n'), text);
        assert!(matches!(block.place, Place::Element { .. }));
        after = block.span.end;
    }
    document
}

fn pages(folder: &str, ends: &str) -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().is_some_and(|name| name.ends_with(ends)))
        .collect();
    pages.sort();
    assert!(pages.len() > 5, "{folder}");
    pages
}

#[test]
fn the_policy_manual() {
    let reference = gunzip(&debian("debian-policy", "/usr/share/doc/debian-policy/policy.txt.gz"));
    let (mut whole, mut code) = (String::new(), 0);
    for page in pages("/usr/share/doc/debian-policy/policy.html", ".html") {
        let name = page.file_name().unwrap().to_str().unwrap();
        if matches!(name, "search.html" | "genindex.html") {
            continue;
        }
        let document = check(&page);
        assert!(!document.text.contains('¶'), "{name}");
        assert!(document.metadata.title.as_deref().unwrap().contains("Debian Policy Manual"), "{name}");
        code += document.blocks.iter().filter(|block| matches!(block.kind, BlockKind::Code { .. })).count();
        whole.push_str(&document.text);
        whole.push('\n');
    }
    let f1 = word_f1(&whole, &String::from_utf8_lossy(&reference));
    println!("Policy Manual HTML: word F1 {f1:.4} against its text");
    assert!(f1 >= 0.95, "{f1}");
    assert!(code > 20, "{code}");
}

#[test]
fn the_debian_reference_in_two_languages() {
    for (language, package) in [("en", "debian-reference-en"), ("zh-cn", "debian-reference-zh-cn")] {
        let text =
            debian(package, &format!("/usr/share/debian-reference/debian-reference.{language}.txt.gz"));
        let reference = String::from_utf8(gunzip(&text)).unwrap();
        let mut whole = String::new();
        for page in pages("/usr/share/debian-reference", &format!(".{language}.html")) {
            whole.push_str(&check(&page).text);
            whole.push('\n');
        }
        let f1 = word_f1(&whole, &reference);
        println!("debian-reference {language} HTML: word F1 {f1:.4} against its text");
        assert!(f1 >= 0.93, "{language}: {f1}");
    }
}

#[test]
fn the_developers_reference_leaves_out_its_navigation() {
    debian("developers-reference", "/usr/share/developers-reference/index.html");
    for page in pages("/usr/share/developers-reference", ".html") {
        let name = page.file_name().unwrap().to_str().unwrap();
        if matches!(name, "search.html" | "genindex.html" | "developers-reference.html") {
            continue;
        }
        let document = check(&page);
        assert!(words(&document.text).len() > 20, "{name}");
        assert!(!document.text.contains("Quick search"), "{name}");
    }
}
