//! Books of Debian as PDF, in English and in Chinese, against `pdftotext`.

use crate::support::{debian, gunzip, read, run, word_f1};
use docent_corpus::{BlockKind, DocumentText, Place};
use std::path::Path;

/// Word F1 that must be reached (the acceptance threshold for PDF text).
const MIN_F1: f64 = 0.97;

fn check(path: &Path, title: &str) -> DocumentText {
    let document = read(path).unwrap();
    let reference = run("pdftotext", &["-enc", "UTF-8", path.to_str().unwrap(), "-"]);
    let f1 = word_f1(&document.text, &String::from_utf8_lossy(&reference));
    let boxes = check_places(&document);
    println!(
        "{}: word F1 {f1:.4} against pdftotext, {} pages, {} blocks, {boxes} boxes",
        path.display(),
        document.metadata.pages.unwrap(),
        document.blocks.len()
    );
    assert!(f1 >= MIN_F1, "{}: word F1 {f1:.4}", path.display());
    assert_eq!(document.metadata.title.as_deref(), Some(title));
    assert_eq!(document.warnings, []);
    document
}

/// Every block cuts out text, every box holds a word of its block and lies on the page.
fn check_places(document: &DocumentText) -> usize {
    let (mut after, mut count, mut last_page) = (0, 0, 0);
    for block in &document.blocks {
        assert!(block.span.start >= after && !block.span.of(&document.text).unwrap().trim().is_empty());
        after = block.span.end;
        let Place::Page { page, width, height, boxes, .. } = &block.place else { panic!("{block:?}") };
        assert!(*page >= last_page);
        last_page = *page;
        assert!(!boxes.is_empty());
        let mut word_after = block.span.start;
        for word in boxes {
            assert!(word.span.start >= word_after && block.span.contains(word.span));
            assert!(!word.span.of(&document.text).unwrap().contains(char::is_whitespace));
            let rect = word.rect;
            assert!(0.0 <= rect.x0 && rect.x0 <= rect.x1 && rect.x1 <= *width, "{word:?}");
            assert!(0.0 <= rect.y0 && rect.y0 <= rect.y1 && rect.y1 <= *height, "{word:?}");
            word_after = word.span.end;
        }
        count += boxes.len();
    }
    count
}

fn heading<'d>(document: &'d DocumentText, text: &str) -> Option<&'d BlockKind> {
    let block = document.blocks.iter().find(|block| {
        matches!(block.kind, BlockKind::Heading { .. }) && block.span.of(&document.text) == Some(text)
    })?;
    Some(&block.kind)
}

#[test]
fn the_developers_reference() {
    let path = debian("developers-reference", "/usr/share/developers-reference/developers-reference.pdf");
    let document = check(&path, "Debian Developer's Reference");
    assert!(heading(&document, "2.2 Debian mentors and sponsors").is_some());
    // Running heads must not stand between paragraphs.
    let head = "Debian Developer’s Reference, Release";
    let stray = document.blocks.iter().filter(|block| {
        block.kind != BlockKind::Furniture
            && block.span.of(&document.text).is_some_and(|text| text.starts_with(head))
    });
    assert_eq!(stray.count(), 0);
}

#[test]
fn the_policy_manual() {
    let packed = debian("debian-policy", "/usr/share/doc/debian-policy/policy.pdf.gz");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy manual 政策.pdf");
    std::fs::write(&path, gunzip(&packed)).unwrap();
    let document = check(&path, "Debian Policy Manual");
    assert!(heading(&document, "4.15 Reproducibility").is_some());
    assert!(document.blocks.iter().any(|block| matches!(block.kind, BlockKind::Code { .. })));
}

#[test]
fn the_debian_reference_in_english() {
    let path = debian("debian-reference-en", "/usr/share/debian-reference/debian-reference.en.pdf");
    let document = check(&path, "Debian Reference");
    assert!(heading(&document, "1.4.8 Using vim").is_some());
}

#[test]
fn the_debian_reference_in_chinese() {
    let path = debian("debian-reference-zh-cn", "/usr/share/debian-reference/debian-reference.zh-cn.pdf");
    let document = check(&path, "Debian 参考手册");
    assert!(heading(&document, "1.5 简单 shell 命令").is_some());
    // Lines of a paragraph are joined without a space inside Chinese.
    assert!(document.text.contains("因为它们都相当简洁，尤其是比较老旧、非常传统的那些手册。"));
}
