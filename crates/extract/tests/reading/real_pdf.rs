//! Books of Debian as PDF, in English and in Chinese, against `pdftotext`.

use crate::support::{bigram_f1, debian, gunzip, read, run, word_f1};
use docent_corpus::{BlockKind, DocumentText, Place};
use std::path::Path;

/// Word F1 that must be reached (the acceptance threshold for PDF text).
const MIN_F1: f64 = 0.97;
/// The same for pairs of neighbouring words, which tells the order.
const MIN_BIGRAM_F1: f64 = 0.92;
/// Share of words whose box must lie where pdftotext has it.
const MIN_BOXES: f64 = 0.95;

fn check(path: &Path, title: &str) -> DocumentText {
    let document = read(path).unwrap();
    let reference = run("pdftotext", &["-enc", "UTF-8", path.to_str().unwrap(), "-"]);
    let reference = String::from_utf8_lossy(&reference);
    let f1 = word_f1(&document.text, &reference);
    let order = bigram_f1(&document.text, &reference);
    let boxes = check_places(&document);
    println!(
        "{}: word F1 {f1:.4}, bigram F1 {order:.4} against pdftotext, {} pages, {} blocks, {boxes} boxes",
        path.display(),
        document.metadata.pages.unwrap(),
        document.blocks.len()
    );
    assert!(f1 >= MIN_F1, "{}: word F1 {f1:.4}", path.display());
    assert!(order >= MIN_BIGRAM_F1, "{}: bigram F1 {order:.4}", path.display());
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

/// Words with their boxes by page, as `pdftotext -bbox` has them.
fn reference_boxes(path: &Path) -> Vec<Vec<(String, [f32; 4])>> {
    let html = run("pdftotext", &["-bbox", "-enc", "UTF-8", path.to_str().unwrap(), "-"]);
    let html = String::from_utf8(html).unwrap();
    let mut pages = Vec::new();
    for line in html.lines().map(str::trim) {
        if line.starts_with("<page") {
            pages.push(Vec::new());
        } else if let Some(rest) = line.strip_prefix("<word ") {
            let (numbers, text) = rest.split_once('>').unwrap();
            let rect: Vec<f32> = numbers.split('"').skip(1).step_by(2).map(|n| n.parse().unwrap()).collect();
            let text = text.trim_end_matches("</word>");
            pages.last_mut().unwrap().push((text.to_owned(), rect.try_into().unwrap()));
        }
    }
    pages
}

#[test]
fn boxes_lie_where_another_program_has_them() {
    let path = debian("developers-reference", "/usr/share/developers-reference/developers-reference.pdf");
    let document = read(&path).unwrap();
    let reference = reference_boxes(&path);
    let mut ours: Vec<Vec<(&str, [f32; 4])>> = vec![Vec::new(); reference.len()];
    for block in &document.blocks {
        let Place::Page { page, boxes, .. } = &block.place else { panic!() };
        for word in boxes {
            let rect = [word.rect.x0, word.rect.y0, word.rect.x1, word.rect.y1];
            ours[*page as usize].push((word.span.of(&document.text).unwrap(), rect));
        }
    }
    let (mut all, mut found) = (0, 0);
    for (ours, theirs) in ours.iter().zip(&reference) {
        for (text, rect) in theirs.iter().filter(|(text, _)| text.chars().all(char::is_alphanumeric)) {
            all += 1;
            // Edges to the left and right are exact; heights depend on what a program takes for the
            // height of a font, so the middle has to lie inside.
            let middle = (rect[1] + rect[3]) / 2.0;
            found += usize::from(ours.iter().any(|(word, own)| {
                word == text
                    && (own[0] - rect[0]).abs() < 1.5
                    && (own[2] - rect[2]).abs() < 1.5
                    && own[1] < middle
                    && middle < own[3]
            }));
        }
    }
    println!("boxes: {found} of {all} words lie where pdftotext has them");
    assert!(all > 20_000 && found as f64 >= all as f64 * MIN_BOXES, "{found} of {all}");
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
