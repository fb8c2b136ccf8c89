//! Printed pages: how well they are read, and where their words are said to stand.

use super::*;
use crate::pdf_writer::scan;
use crate::support::{read_bytes, texts};
use docent_corpus::Format;
use docent_extract::{InProcess, Limits};

/// How far a box may be from the one of the text layer, in pixels at 300 dpi.
const BOX_PIXELS: f32 = 5.0;

#[test]
fn clean_english_print_is_read_and_its_boxes_lie_where_pdfium_has_them() {
    let source = english_pdf();
    let picture = drawn(&source, &["-r", "300", "-png"]);
    let document = read_with(recognition(&["eng"]), "page.png", &picture).unwrap();
    assert_eq!(document.format, Format::Image);
    let f1 = word_f1(&document.text, &LINES.join(" "));
    let confidence = confidences(&document)[0];
    println!("English at 300 dpi: word F1 {f1:.4}, confidence {confidence}");
    assert!(f1 >= MIN_ENGLISH && confidence > 80, "{f1}: {}", document.text);
    assert_eq!(document.blocks.len(), 1, "lines make one paragraph: {:?}", texts(&document));

    // One pixel of the picture is one point of its page.
    let scale = 300.0 / 72.0;
    let layer = read_bytes("page.pdf", &source).unwrap();
    let (theirs, ours) = (boxes(&layer), boxes(&document));
    assert_eq!(ours[0].2, [(612.0_f32 * scale).ceil(), (792.0_f32 * scale).ceil()]);
    let mut near = 0;
    for (word, rect, _) in &ours {
        near += usize::from(theirs.iter().any(|(text, own, _)| {
            let own = own.map(|point| point * scale);
            // PDFium's boxes are as high as the font, Tesseract's as the letters: the sides are
            // compared, and the height has to lie inside.
            text == word
                && (own[0] - rect[0]).abs() <= BOX_PIXELS
                && (own[2] - rect[2]).abs() <= BOX_PIXELS
                && own[1] - BOX_PIXELS <= rect[1]
                && rect[3] <= own[3] + BOX_PIXELS
        }));
    }
    println!("boxes: {near} of {} within {BOX_PIXELS} pixels", ours.len());
    assert!(near * 100 >= ours.len() * 97, "{near} of {}", ours.len());
}

#[test]
fn a_scan_in_a_pdf_is_read_in_page_points() {
    let (width, height) = (1654, 2339); // A4 at 200 dpi
    let page = MadePage { width: 595.0, height: 842.0, ..MadePage::new() };
    let source = pdf("t", &[page.lines(12.0, 90.0, 680.0, &LINES)]);
    let jpeg = drawn(&source, &["-jpeg", "-scale-to-x", "1654", "-scale-to-y", "2339"]);
    let document = read_with(recognition(&["eng"]), "scan.pdf", &scan(&jpeg, width, height)).unwrap();
    let f1 = word_f1(&document.text, &LINES.join(" "));
    println!("A scan at 200 dpi: word F1 {f1:.4}, confidence {}", confidences(&document)[0]);
    assert!(f1 >= MIN_ENGLISH, "{f1}: {}", document.text);
    let boxes = boxes(&document);
    let (word, rect, page) = &boxes[0];
    assert_eq!((*word, *page), ("The", [595.0, 842.0]));
    assert!((rect[0] - 90.0).abs() < 2.0 && (rect[3] - 162.0).abs() < 2.0, "{rect:?}");
}

#[test]
fn chinese_is_read_without_spaces() {
    let document =
        read_with(recognition(&["chi_sim", "eng"]), "扫描.png", &fixture("scan_chinese.png")).unwrap();
    let f1 = character_f1(&document.text, &fixture_text("scan_chinese.txt"));
    println!("Chinese: F1 by character {f1:.4}, confidence {}", confidences(&document)[0]);
    assert!(f1 >= MIN_CHINESE, "{f1}: {}", document.text);
    assert!(document.text.contains("图书馆里的旧书"), "{}", document.text);
    assert!(!document.text.contains(' '), "{}", document.text);
}

#[test]
fn a_page_of_a_chinese_book_is_read() {
    let path = crate::support::debian(
        "debian-reference-zh-cn",
        "/usr/share/debian-reference/debian-reference.zh-cn.pdf",
    );
    let at = ["-f", "30", "-l", "30"];
    let path = path.to_str().unwrap();
    let picture = run("pdftoppm", &[&at, &["-singlefile", "-r", "200", "-png"][..], &[path]].concat());
    let reference = run("pdftotext", &[&at, &["-enc", "UTF-8"][..], &[path, "-"]].concat());
    let reference = String::from_utf8(reference).unwrap();
    let document = read_with(recognition(&["chi_sim", "eng"]), "page.png", &picture).unwrap();
    let f1 = character_f1(&document.text, &reference);
    println!("A page of a Chinese book at 200 dpi: F1 by character {f1:.4}");
    assert!(f1 >= MIN_CHINESE, "{f1}: {}", document.text);
}

#[test]
fn recognised_pages_stand_among_the_others() {
    let text = |words: &str| MadePage::new().lines(12.0, 72.0, 650.0, &[words]);
    let empty_scan = MadePage::new().picture(0.0, 0.0, 612.0, 792.0);
    let bytes = pdf("t", &[text("First page with words."), empty_scan, text("Last page with words.")]);
    let document = read_with(recognition(&["eng"]), "mixed.pdf", &bytes).unwrap();
    assert_eq!(texts(&document), ["First page with words.", "Last page with words."]);
    assert_eq!(document.warnings, [SourceWarning::PageWithoutText { page: 1 }]);
}

#[test]
fn the_same_words_come_out_with_and_without_isolation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    std::fs::write(&path, fixture("scan_chinese.png")).unwrap();
    let cancel = Cancel::new();
    let apart = reader(recognition(&["chi_sim"])).extract(&path, &cancel, &mut |_, _| {}).unwrap();
    let inside =
        InProcess::new(config().pdfium, Limits::default()).with_recognition(recognition(&["chi_sim"]));
    assert_eq!(inside.extract(&path, &cancel, &mut |_, _| {}).unwrap(), apart);
}
