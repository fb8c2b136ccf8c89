//! Made PDF files, in which every place is known.

use crate::pdf_writer::{MadePage, pdf};
use crate::support::{config, extractor, read_bytes, texts};
use docent_corpus::{BlockKind, Cancel, DocumentText, Place, SourceWarning, TextBox};
use docent_extract::{Extract, ExtractError, Extractor, InProcess, Limits};

fn book() -> Vec<u8> {
    let body =
        |page: MadePage| {
            page.lines(10.0, 72.0, 650.0, &["The first paragraph has two lines of text", "and ends here."])
                .lines(10.0, 72.0, 600.0, &["The second paragraph stands below a gap."])
        };
    let pages = [
        body(MadePage::new().text("F1", 20.0, 72.0, 700.0, "A Made Book")),
        MadePage::new()
            .text("F2", 10.0, 72.0, 700.0, "Bold heading")
            .lines(10.0, 72.0, 650.0, &["left column one,", "left column two."])
            .lines(10.0, 320.0, 650.0, &["right column one,", "right column two."])
            .text("F3", 10.0, 72.0, 500.0, "let code = 1;"),
    ];
    pdf("A Made Book", &pages)
}

fn boxes(document: &DocumentText, block: usize) -> &[TextBox] {
    let Place::Page { boxes, .. } = &document.blocks[block].place else { panic!() };
    boxes
}

#[test]
fn headings_paragraphs_columns_and_code_are_told_apart() {
    let document = read_bytes("book.pdf", &book()).unwrap();
    assert_eq!(
        texts(&document),
        [
            "A Made Book",
            "The first paragraph has two lines of text and ends here.",
            "The second paragraph stands below a gap.",
            "Bold heading",
            "left column one, left column two.",
            "right column one, right column two.",
            "let code = 1;",
        ]
    );
    assert_eq!(document.blocks[0].kind, BlockKind::Heading { level: 1 });
    assert_eq!(document.blocks[3].kind, BlockKind::Heading { level: 2 });
    assert_eq!(document.blocks[6].kind, BlockKind::Code { language: None });
    assert_eq!(document.metadata.title.as_deref(), Some("A Made Book"));
    assert_eq!(document.metadata.author.as_deref(), Some("A. Writer"));
    assert_eq!(document.metadata.date.as_deref(), Some("2026-11-21"));
    assert_eq!(document.metadata.pages, Some(2));
}

#[test]
fn a_box_stands_where_the_word_was_written() {
    let document = read_bytes("book.pdf", &book()).unwrap();
    let first = boxes(&document, 1)[0];
    assert_eq!(first.span.of(&document.text), Some("The"));
    // Written at 72 from the left with its base line 650 above the lower edge of 792.
    assert!((first.rect.x0 - 72.0).abs() < 1.5, "{first:?}");
    assert!(first.rect.y0 < 142.0 && first.rect.y1 >= 141.0 && first.rect.y1 < 147.0, "{first:?}");
    assert!(first.rect.x1 > 85.0 && first.rect.x1 < 95.0, "{first:?}");
}

#[test]
fn turned_and_cropped_pages_are_placed_as_displayed() {
    let word = |rotate: u16, crop| {
        let page = MadePage { rotate, crop, ..MadePage::new() };
        let page = page.lines(12.0, 100.0, 500.0, &["Corner word with company"]);
        let document = read_bytes("turned.pdf", &pdf("t", &[page])).unwrap();
        let Place::Page { width, height, .. } = document.blocks[0].place else { panic!() };
        (boxes(&document, 0)[0].rect, width, height)
    };
    let near = |a: f32, b: f32| (a - b).abs() < 4.0;
    let (rect, width, height) = word(0, Some([50.0, 100.0, 550.0, 700.0]));
    assert_eq!((width, height), (500.0, 600.0));
    assert!(near(rect.x0, 50.0) && near(rect.y1, 203.0), "{rect:?}");
    // Turned by a quarter clockwise: up becomes right.
    let (rect, width, height) = word(90, None);
    assert_eq!((width, height), (792.0, 612.0));
    assert!(near(rect.x0, 497.0) && near(rect.y0, 100.0), "{rect:?}");
    let (rect, ..) = word(180, None);
    assert!(near(rect.x1, 512.0) && near(rect.y0, 497.0), "{rect:?}");
    let (rect, ..) = word(270, None);
    assert!(near(rect.x1, 295.0) && near(rect.y1, 512.0), "{rect:?}");
}

#[test]
fn running_heads_are_furniture_on_every_page() {
    let pages: Vec<MadePage> = (1..=4)
        .map(|number| {
            MadePage::new()
                .text("F1", 9.0, 72.0, 760.0, "Manual of Things")
                .lines(10.0, 72.0, 600.0, &[&format!("Page {number} speaks of matter {number} at length.")])
                .text("F1", 9.0, 300.0, 30.0, &number.to_string())
        })
        .collect();
    let document = read_bytes("heads.pdf", &pdf("t", &pages)).unwrap();
    let furniture = document.blocks.iter().filter(|block| block.kind == BlockKind::Furniture).count();
    assert_eq!((document.blocks.len(), furniture), (12, 8));
}

#[test]
fn scans_are_named_and_a_document_of_scans_has_no_text() {
    let scan = || MadePage::new().picture(0.0, 0.0, 612.0, 792.0).text("F1", 8.0, 10.0, 10.0, "Scanner");
    let text = MadePage::new().lines(10.0, 72.0, 650.0, &["This page has real text that can be read."]);
    let document = read_bytes("mixed.pdf", &pdf("t", &[text, scan()])).unwrap();
    assert_eq!(document.warnings, [SourceWarning::PageWithoutText { page: 1 }]);
    assert_eq!(document.blocks.len(), 1);
    let error = read_bytes("scans.pdf", &pdf("t", &[scan(), scan()])).unwrap_err();
    assert_eq!(error.code(), "no_text");
}

#[test]
fn marks_on_a_scan_are_no_text_of_the_page() {
    let strips =
        |page: MadePage| (0..33).fold(page, |page, n| page.picture(0.0, n as f32 * 24.0, 612.0, 24.0));
    let mark = "DocuSign Envelope ID: 3F2504E0-4F89-11D3-9A0C-0305E82C3301";
    let marked = strips(MadePage::new()).text("F1", 8.0, 20.0, 775.0, mark);
    let written =
        strips(MadePage::new()).text("F1", 12.0, 90.0, 400.0, "Text upon a background of pictures.");
    let document = read_bytes("a.pdf", &pdf("t", &[marked, written])).unwrap();
    assert_eq!(document.warnings, [SourceWarning::PageWithoutText { page: 0 }]);
    assert!(document.text.contains(mark) && document.text.contains("Text upon"), "{}", document.text);
}

#[test]
fn a_text_layer_without_meaning_counts_as_none() {
    let codes: String = (1u8..8).map(char::from).collect();
    let page = MadePage::new().lines(10.0, 72.0, 650.0, &[&codes.repeat(12)]);
    assert_eq!(read_bytes("codes.pdf", &pdf("t", &[page])).unwrap_err().code(), "no_text");
}

#[test]
fn stamps_and_typed_notes_are_part_of_the_page() {
    let mut page = MadePage::new().lines(10.0, 72.0, 650.0, &["Printed words."]);
    page.annotations = vec![
        "<< /Type /Annot /Subtype /Stamp /Rect [72 500 272 520] /F 4 /AP << /N 8 0 R >> >>",
        "<< /Type /Annot /Subtype /FreeText /Rect [72 400 272 420] /F 4 /Contents (A typed note.) /DA (/F1 12 Tf) >>",
        "<< /Type /Annot /Subtype /Link /Rect [72 640 272 660] /A << /S /URI /URI (http://x/) >> >>",
    ];
    let document = read_bytes("notes.pdf", &pdf("t", &[page])).unwrap();
    assert_eq!(texts(&document), ["Printed words.", "Stamped words", "A typed note."]);
    let stamp = boxes(&document, 1)[0].rect;
    assert!((stamp.x0 - 74.0).abs() < 2.0 && stamp.y0 > 270.0 && stamp.y1 < 294.0, "{stamp:?}");
    let note = boxes(&document, 2)[0].rect;
    assert_eq!((note.x0, note.y1), (72.0, 392.0));
}

#[test]
fn comments_are_read_whatever_they_hang_on() {
    let mut page = MadePage::new().lines(10.0, 72.0, 650.0, &["Printed words."]);
    page.annotations = vec![
        "<< /Type /Annot /Subtype /Text /Rect [300 640 320 660] /F 4 /T (Ann) /Contents (Sticky note words.) >>",
        "<< /Type /Annot /Subtype /Highlight /Rect [72 645 140 660] /QuadPoints [72 660 140 660 72 645 140 645] \
         /F 4 /Contents (Why so?) >>",
        "<< /Type /Annot /Subtype /Underline /Rect [72 645 140 660] /QuadPoints [72 660 140 660 72 645 140 645] \
         /F 4 /Contents (Printed words.) >>",
        "<< /Type /Annot /Subtype /Square /Rect [72 500 272 520] /F 4 /Contents (Boxed.) >>",
        "<< /Type /Annot /Subtype /Popup /Rect [300 500 400 520] /Contents (Sticky note words.) >>",
    ];
    let document = read_bytes("comments.pdf", &pdf("t", &[page])).unwrap();
    assert_eq!(texts(&document), ["Printed words.", "[Ann] Sticky note words.", "Why so?", "Boxed."]);
}

#[test]
fn fields_of_a_form_stand_beside_their_labels() {
    let mut page = MadePage::new()
        .text("F1", 10.0, 72.0, 700.0, "Application form")
        .text("F1", 10.0, 72.0, 650.0, "Name:")
        .text("F1", 10.0, 72.0, 630.0, "Agree:")
        .text("F1", 10.0, 72.0, 500.0, "The end of the form.");
    page.annotations = vec![
        "<< /Type /Annot /Subtype /Widget /FT /Tx /T (n) /V (Ann) /Rect [120 646 200 660] /F 4 >>",
        "<< /Type /Annot /Subtype /Widget /FT /Btn /T (c) /V /On /AS /On /Rect [120 626 134 640] /F 4 \
         /AP << /N << /On 6 0 R /Off 6 0 R >> >> >>",
        "<< /Type /Annot /Subtype /Widget /FT /Btn /T (d) /AS /Off /Rect [140 626 154 640] /F 4 \
         /AP << /N << /On 6 0 R /Off 6 0 R >> >> >>",
        "<< /Type /Annot /Subtype /Widget /FT /Ch /Ff 131072 /Opt [(Red) (Blue)] /T (s) /V (Blue) \
         /Rect [120 606 200 620] /F 4 >>",
    ];
    let document = read_bytes("form.pdf", &pdf("Form", &[page])).unwrap();
    let expected = ["Application form", "Name: Ann", "Agree: [x]", "[ ]", "Blue", "The end of the form."];
    assert_eq!(texts(&document), expected);
}

#[test]
fn words_aslant_over_a_page_are_no_heading() {
    let mut page = MadePage::new().lines(
        10.0,
        72.0,
        650.0,
        &["The first paragraph has two lines of text", "and ends here."],
    );
    page.content.push_str("BT /F1 60 Tf 0.7071 0.7071 -0.7071 0.7071 150 150 Tm (DRAFT) Tj ET\n");
    let page = page.lines(10.0, 72.0, 100.0, &["The last one stands below."]);
    let document = read_bytes("draft.pdf", &pdf("", &[page])).unwrap();
    let kinds: Vec<&BlockKind> = document.blocks.iter().map(|block| &block.kind).collect();
    assert_eq!(kinds, [&BlockKind::Paragraph, &BlockKind::Furniture, &BlockKind::Paragraph]);
    assert_eq!(texts(&document)[1], "DRAFT");
    assert_eq!(document.metadata.title, None);
}

#[test]
fn turned_text_is_read_in_its_order() {
    let words: Vec<String> = (1..=6).map(|n| format!("Line {n} of the text that is turned")).collect();
    let lines: Vec<&str> = words.iter().map(String::as_str).collect();
    let text = words.join(" ");
    let turned = |matrix: &dyn Fn(f32) -> String| {
        let mut page = MadePage::new();
        for (at, line) in lines.iter().enumerate() {
            let matrix = matrix(at as f32 * 12.0);
            page.content.push_str(&format!("BT /F1 10 Tf {matrix} Tm ({line}) Tj ET\n"));
        }
        page
    };
    let right = turned(&|step| format!("0 -1 1 0 {} 700", 400.0 - step));
    let left = turned(&|step| format!("0 1 -1 0 {} 100", 200.0 + step));
    let over = turned(&|step| format!("-1 0 0 -1 400 {}", 300.0 + step));
    let sideways = MadePage { rotate: 90, ..MadePage::new().lines(10.0, 72.0, 650.0, &lines) };
    let upright = MadePage { rotate: 90, ..turned(&|step| format!("0 1 -1 0 {} 100", 200.0 + step)) };
    for (at, page) in [right, left, over, sideways, upright].into_iter().enumerate() {
        let document = read_bytes("turned.pdf", &pdf("t", &[page])).unwrap();
        assert_eq!(texts(&document), [text.as_str()], "{at}");
    }
}

#[test]
fn words_set_close_to_each_other_are_told_apart() {
    let page = |step: f32| {
        let mut page = MadePage::new();
        let mut x = 72.0;
        for (word, width) in [("if", 5.0), ("there", 22.79), ("is", 7.22), ("a", 5.56), ("file", 12.78)] {
            page = page.text("F1", 10.0, x, 700.0, word);
            x += width + step;
        }
        page
    };
    // Narrower than what PDFium takes for a space, and wider than what kerning moves letters.
    let document = read_bytes("tight.pdf", &pdf("t", &[page(2.0)])).unwrap();
    assert_eq!(texts(&document), ["if there is a file"]);
    let lefts: Vec<f32> = boxes(&document, 0).iter().map(|word| word.rect.x0.round()).collect();
    assert_eq!(lefts, [72.0, 79.0, 104.0, 113.0, 121.0]);
    let document = read_bytes("kerned.pdf", &pdf("t", &[page(0.5)])).unwrap();
    assert_eq!(texts(&document), ["ifthereisafile"]);
}

#[test]
fn numbers_in_a_turned_row_are_told_apart() {
    let mut page = MadePage::new();
    for (at, number) in ["8", "10", "14", "73", "120"].iter().enumerate() {
        let y = 100.0 + at as f32 * 40.0;
        page.content.push_str(&format!("BT /F1 10 Tf 0 1 -1 0 300 {y} Tm ({number}) Tj ET\n"));
    }
    let document = read_bytes("turned.pdf", &pdf("t", &[page])).unwrap();
    assert_eq!(document.text.split_whitespace().collect::<Vec<_>>(), ["8", "10", "14", "73", "120"]);
}

#[test]
fn letters_of_a_title_that_are_spaced_out_are_words() {
    let mut page = MadePage::new().lines(10.0, 72.0, 650.0, &["The paper says what it says."]);
    let mut x = 72.0;
    for c in "WHITE PAPER".chars() {
        if c == ' ' {
            x += 5.0;
        } else {
            page.content.push_str(&format!("BT /F1 10 Tf 1 0 0 1 {x} 700 Tm ({c}) Tj ET\n"));
            let width = match c {
                'W' => 9.44,
                'H' => 7.22,
                'I' => 2.78,
                'T' => 6.11,
                'R' => 7.22,
                _ => 6.67,
            };
            x += width + 3.0;
        }
    }
    let document = read_bytes("title.pdf", &pdf("t", &[page])).unwrap();
    assert_eq!(texts(&document), ["The paper says what it says.", "WHITE PAPER"]);
}

/// A page in a font of dots, and a form whose fields are left to be drawn by who shows it. Without a
/// table of objects: readers look for them then.
fn form_in_a_font_without_names() -> Vec<u8> {
    let widths = "6 ".repeat(116 - 28 + 1);
    let names = "28 /a28 101 /a101 114 /a114 115 /a115 116 /a116";
    let drawn = "6 0 0 0 5 7 d1 0 0 5 7 re f";
    let page = "BT /F1 1 Tf 12 0 0 12 72 700 Tm (\\034rst rst\\034 e) Tj ET";
    let procs: String = [28, 101, 114, 115, 116].iter().map(|code| format!("/a{code} 5 0 R ")).collect();
    let field = |kind: &str, bottom: u32, more: &str| {
        let rect = format!("[72 {bottom} 300 {}]", bottom + 20);
        format!(
            "<< /Type /Annot /Subtype /Widget /FT /{kind} /T (f{bottom}) /Rect {rect} /F 4 /P 3 0 R {more} >>"
        )
    };
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [7 0 R 8 0 R 9 0 R] /NeedAppearances true >> >>"
            .to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 6 0 R /Annots [7 0 R 8 0 R 9 0 R] \
         /Resources << /Font << /F1 4 0 R >> >> >>"
            .to_owned(),
        format!(
            "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 6 7] /FontMatrix [0.1 0 0 0.1 0 0] /FirstChar 28 \
             /LastChar 116 /Widths [{widths}] /CharProcs << {procs} >> /Resources << >> \
             /Encoding << /Type /Encoding /Differences [{names}] >> >>"
        ),
        format!("<< /Length {} >>\nstream\n{drawn}\nendstream", drawn.len()),
        format!("<< /Length {} >>\nstream\n{page}\nendstream", page.len()),
        field("Tx", 600, "/V (Alice Liddell)"),
        field("Ch", 500, "/Ff 131072 /Opt [(Red) (Blue)] /V (Blue)"),
        field("Tx", 400, "/Ff 8192 /V (hidden)"),
    ];
    let mut file = "%PDF-1.7\n".to_owned();
    for (index, object) in objects.iter().enumerate() {
        file += &format!("{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    (file + "trailer\n<< /Size 10 /Root 1 0 R >>\n%%EOF\n").into_bytes()
}

#[test]
fn ligatures_without_names_and_fields_that_nothing_draws_are_read() {
    let document = read_bytes("form.pdf", &form_in_a_font_without_names()).unwrap();
    let words: Vec<&str> = document.text.split_whitespace().collect();
    assert_eq!(words, ["first", "rstfi", "e", "Alice", "Liddell", "Blue"]);
}

#[test]
fn truncated_and_encrypted_files_are_told_apart() {
    let whole = book();
    for cut in [whole.len() / 3, 60, 9] {
        let error = read_bytes("cut.pdf", &whole[..cut]).unwrap_err();
        assert!(matches!(error, ExtractError::Damaged { .. }), "{cut}: {error:?}");
        assert!(error.is_permanent());
    }
    let encrypted = include_bytes!("../fixtures/encrypted.pdf");
    assert_eq!(read_bytes("secret.pdf", encrypted).unwrap_err().code(), "encrypted");
}

#[test]
fn broken_bytes_never_break_the_extractor() {
    let whole = book();
    let mut seed = 42u64;
    for _ in 0..60 {
        let mut bytes = whole.clone();
        for _ in 0..20 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] = (seed >> 24) as u8;
        }
        if let Err(error) = read_bytes("mutant.pdf", &bytes) {
            assert!(!error.to_string().is_empty());
            assert!(
                !matches!(error, ExtractError::Crashed { .. } | ExtractError::TimedOut { .. }),
                "{error:?}"
            );
        }
    }
}

#[test]
fn names_may_hold_spaces_and_any_script() {
    for name in ["with spaces and 中文 名.pdf", "-rf --help.pdf", "a'b\"c$(x).pdf", "weird\u{202E}fdp.pdf"]
    {
        assert_eq!(read_bytes(name, &book()).unwrap().blocks.len(), 7, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn names_need_not_be_unicode() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(std::ffi::OsStr::from_bytes(b"latin-\xE9.pdf"));
    std::fs::write(&path, book()).unwrap();
    assert_eq!(crate::support::read(&path).unwrap().blocks.len(), 7);
}

#[test]
fn pages_are_drawn_at_the_width_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.pdf");
    std::fs::write(&path, book()).unwrap();
    let cancel = Cancel::new();
    let image = extractor().render_page(&path, 0, 306, &cancel).unwrap();
    assert_eq!((image.width, image.height), (306, 396));
    let mut reader = png::Decoder::new(std::io::Cursor::new(&image.png)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (306, 396, png::ColorType::Rgb));
    let dark = pixels.chunks(3).filter(|pixel| pixel[0] < 128).count();
    assert!(dark > 100 && dark < pixels.len() / 6, "{dark} dark pixels");
    assert_eq!(extractor().render_page(&path, 1, 100_000, &cancel).unwrap().width, 2400);
    assert_eq!(extractor().render_page(&path, 9, 300, &cancel).unwrap_err().code(), "damaged");
}

#[test]
fn the_same_text_comes_out_with_and_without_isolation() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.pdf");
    std::fs::write(&path, book()).unwrap();
    let cancel = Cancel::new();
    let apart = extractor().extract(&path, &cancel, &mut |_, _| {}).unwrap();
    let inside = InProcess::new(config().pdfium, Limits::default());
    assert_eq!(inside.extract(&path, &cancel, &mut |_, _| {}).unwrap(), apart);
    assert_eq!(inside.render_page(&path, 0, 200, &cancel).unwrap().width, 200);
}

#[test]
fn without_pdfium_only_pdf_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (pdf_path, text) = (folder.path().join("a.pdf"), folder.path().join("a.txt"));
    std::fs::write(&pdf_path, book()).unwrap();
    std::fs::write(&text, "words").unwrap();
    for pdfium in [None, Some(folder.path().join("nowhere.so"))] {
        let bare = Extractor::new(docent_extract::WorkerConfig { pdfium, ..config() });
        let cancel = Cancel::new();
        assert_eq!(bare.extract(&pdf_path, &cancel, &mut |_, _| {}).unwrap_err().code(), "pdfium_missing");
        assert_eq!(bare.extract(&text, &cancel, &mut |_, _| {}).unwrap().text, "words");
    }
}

/// The paragraphs of `scripts.html`, of which a browser made `scripts.pdf`.
#[test]
fn scripts_from_right_to_left_and_from_top_to_bottom_come_as_they_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let source = std::fs::read_to_string(folder.join("scripts.html")).unwrap();
    let paragraphs: Vec<&str> = source
        .lines()
        .filter_map(|line| line.strip_prefix("<p")?.split_once('>')?.1.strip_suffix("</p>"))
        .collect();
    assert_eq!(paragraphs.len(), 4);
    let document = crate::support::read(&folder.join("scripts.pdf")).unwrap();
    let found = texts(&document);
    assert_eq!(found[..2], paragraphs[..2]);
    // What stands in a column of its own may be a paragraph or the end of one.
    assert_eq!(found[2..].concat(), paragraphs[2..].concat());
}
