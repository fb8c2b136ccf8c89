//! Pages whose lines run from top to bottom.

use super::*;
use crate::support::texts;

#[test]
fn vertical_chinese_is_read_line_by_line_from_the_right() {
    let document =
        read_with(recognition(&["eng", "chi_sim"]), "page.png", &fixture("scan_vertical.png")).unwrap();
    let expected = fixture_text("scan_vertical.txt");
    let f1 = character_f1(&document.text, &expected);
    println!("Vertical Chinese: F1 by character {f1:.4}, confidence {}", confidences(&document)[0]);
    assert!(f1 >= MIN_CHINESE, "{f1}: {}", document.text);
    // The columns make one text, in their order and without breaks between them.
    let text: String = texts(&document).concat();
    assert!(text.contains("不会发送到网络") && text.contains("标明出处"), "{text}");
    let [first, last] = ["所有文件", "然后才能搜索"].map(|words| text.find(words).unwrap_or(usize::MAX));
    assert!(first < last && last < usize::MAX, "{text}");
    assert!(!text.contains(' '), "{text}");
    // The first column stands at the right.
    let boxes = boxes(&document);
    assert!(boxes[0].1[0] > boxes[boxes.len() - 1].1[2], "{boxes:?}");
}

#[test]
fn without_the_vertical_language_nothing_fails() {
    let outcome = read_with(recognition(&["eng"]), "page.png", &fixture("scan_vertical.png"));
    assert!(matches!(outcome, Ok(_) | Err(ExtractError::NothingRecognized)), "{outcome:?}");
}
