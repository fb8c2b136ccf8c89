//! Recognition of text with the installed Tesseract, and with programs that only claim to be it.

use crate::pdf_writer::{MadePage, pdf, scan};
use crate::support::{config, read_bytes, run, texts, word_f1};
use docent_corpus::{Cancel, DocumentText, Format, Place, SourceWarning, TextBox};
use docent_extract::{
    Extract, ExtractError, Extractor, InProcess, Limits, Recognition, RecognizerStatus, WorkerConfig,
    find_recognizer,
};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Word F1 that clean English print must reach.
const MIN_ENGLISH: f64 = 0.97;
/// F1 by character that clean Chinese print must reach.
const MIN_CHINESE: f64 = 0.85;
/// How far a box may be from the one of the text layer, in pixels at 300 dpi.
const BOX_PIXELS: f32 = 5.0;

const LINES: [&str; 8] = [
    "The keeper of the lighthouse wrote a letter every evening",
    "before the lamp was lit. He told of ships that passed at noon,",
    "of fog that stayed for seven days, and of a grey cat that came",
    "to sit beside the stove when the wind was strong enough to",
    "rattle the windows. Nobody answered these letters, because he",
    "never sent them: they lay in a drawer, sorted by the weather,",
    "until the summer of 1931, when a visitor from the mainland",
    "found all 4,017 of them and asked whether she might read one.",
];

fn tesseract() -> PathBuf {
    match find_recognizer(None, std::env::var_os("PATH").as_deref()) {
        RecognizerStatus::Ready { program, languages, .. } => {
            for language in ["eng", "chi_sim"] {
                assert!(languages.iter().any(|has| has == language), "tesseract lacks {language}");
            }
            program
        }
        other => panic!("install tesseract-ocr, tesseract-ocr-eng and tesseract-ocr-chi-sim: {other:?}"),
    }
}

fn recognition(languages: &[&str]) -> Recognition {
    Recognition {
        program: Some(tesseract()),
        languages: languages.iter().map(|name| (*name).to_owned()).collect(),
        ..Recognition::default()
    }
}

fn reader(recognition: Recognition) -> Extractor {
    Extractor::new(WorkerConfig { recognition, ..config() })
}

fn read_with(recognition: Recognition, name: &str, bytes: &[u8]) -> Result<DocumentText, ExtractError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    reader(recognition).extract(&path, &Cancel::new(), &mut |_, _| {})
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).unwrap()
}

fn fixture_text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn english_pdf() -> Vec<u8> {
    pdf("t", &[MadePage::new().lines(12.0, 90.0, 680.0, &LINES)])
}

/// A PDF's first page as poppler draws it: by another program than the one that reads it.
fn drawn(pdf: &[u8], arguments: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.pdf");
    std::fs::write(&path, pdf).unwrap();
    run("pdftoppm", &[&["-singlefile"], arguments, &[path.to_str().unwrap()]].concat())
}

fn boxes(document: &DocumentText) -> Vec<(&str, [f32; 4], [f32; 2])> {
    let mut all = Vec::new();
    for block in &document.blocks {
        let Place::Page { width, height, boxes, .. } = &block.place else { panic!("{:?}", block.place) };
        for TextBox { span, rect } in boxes {
            assert!(0.0 <= rect.x0 && rect.x0 <= rect.x1 && rect.x1 <= *width, "{rect:?}");
            assert!(0.0 <= rect.y0 && rect.y0 <= rect.y1 && rect.y1 <= *height, "{rect:?}");
            let text = span.of(&document.text).unwrap();
            all.push((text, [rect.x0, rect.y0, rect.x1, rect.y1], [*width, *height]));
        }
    }
    all
}

/// Confidences of the pages that were recognised; any other warning fails.
fn confidences(document: &DocumentText) -> Vec<u8> {
    let confidence = |(at, warning): (usize, &SourceWarning)| match warning {
        SourceWarning::PageRecognized { page, confidence } if *page as usize == at => *confidence,
        other => panic!("{other:?}"),
    };
    document.warnings.iter().enumerate().map(confidence).collect()
}

/// Harmonic mean over characters other than white space and punctuation.
fn character_f1(a: &str, b: &str) -> f64 {
    let apart = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(|c| [c, ' ']).collect()
    };
    word_f1(&apart(a), &apart(b))
}

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
fn every_page_of_a_tiff_is_read_and_one_on_its_side_is_turned() {
    let bytes = fixture("scan_pages.tif");
    let mut heard = Vec::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pages.tif");
    std::fs::write(&path, bytes).unwrap();
    let document = reader(recognition(&["eng", "chi_sim"]))
        .extract(&path, &Cancel::new(), &mut |done, of| heard.push((done, of)))
        .unwrap();
    assert_eq!(heard, [(1, Some(2)), (2, Some(2))]);
    assert_eq!((document.metadata.pages, confidences(&document).len()), (Some(2), 2));
    let expected = fixture_text("scan_pages.txt");
    let (chinese, english) = expected.split_once('\u{c}').unwrap();
    for (page, expected) in [(0, chinese), (1, english)] {
        let text: Vec<&str> = document
            .blocks
            .iter()
            .filter(|block| matches!(block.place, Place::Page { page: at, .. } if at == page))
            .map(|block| block.span.of(&document.text).unwrap())
            .collect();
        let f1 = character_f1(&text.join("\n"), expected);
        println!("TIFF, page {page}: F1 by character {f1:.4}");
        assert!(f1 >= MIN_CHINESE, "{page}: {text:?}");
    }
}

#[test]
fn a_photo_is_read_upright_and_shown_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("photo.jpg");
    std::fs::write(&path, fixture("photo_turned.jpg")).unwrap();
    let reader = reader(recognition(&["eng"]));
    let document = reader.extract(&path, &Cancel::new(), &mut |_, _| {}).unwrap();
    let f1 = character_f1(&document.text, &fixture_text("photo_turned.txt"));
    println!("A turned photo: F1 by character {f1:.4}");
    assert!(f1 >= MIN_ENGLISH, "{f1}: {}", document.text);
    let size = boxes(&document)[0].2;
    assert!(size[0] == 640.0 && size[1] < 640.0, "{size:?}");
    let image = reader.render_page(&path, 0, 320, &Cancel::new()).unwrap();
    assert_eq!((image.width, image.height), (320, (size[1] / 2.0).round() as u32));
    assert_eq!(reader.render_page(&path, 1, 320, &Cancel::new()).unwrap_err().code(), "damaged");
}

#[test]
fn every_kind_of_picture_is_read() {
    let picture = image::load_from_memory(&fixture("scan_chinese.png")).unwrap();
    let reader = reader(recognition(&["chi_sim"]));
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.gif", "a.bmp", "a.webp", "a.tiff", "a.jpg"] {
        let path = folder.path().join(name);
        let plain = if name == "a.gif" { picture.to_rgba8().into() } else { picture.to_rgb8().into() };
        image::DynamicImage::save(&plain, &path).unwrap();
        let document = reader.extract(&path, &Cancel::new(), &mut |_, _| {}).unwrap();
        let f1 = character_f1(&document.text, &fixture_text("scan_chinese.txt"));
        assert!(f1 >= MIN_CHINESE, "{name}: {f1}");
    }
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn scans_within_files_are_recognised_in_their_place() {
    let picture = fixture("scan_chinese.png");
    let inner = zipped(&[("other.png", &fixture("stains.png")), ("letters/scan.png", &picture)]);
    let outer = zipped(&[("note.txt", b"Only a note."), ("inner.zip", &inner)]);
    let recognition = || recognition(&["chi_sim"]);
    let document = read_with(recognition(), "outer.zip", &outer).unwrap();
    let recognised = |block: &&docent_corpus::Block| {
        let Place::Member { path, place } = &block.place else { return false };
        let Place::Member { path: below, place } = &**place else { return false };
        let Place::Page { page: 0, .. } = &**place else { return false };
        (path.as_str(), below.as_str()) == ("inner.zip", "letters/scan.png")
    };
    let blocks: Vec<_> = document.blocks.iter().filter(recognised).collect();
    assert_eq!(blocks[0].span.of(&document.text), Some("letters/scan.png"));
    let text: String = blocks[1..].iter().map(|block| block.span.of(&document.text).unwrap()).collect();
    let f1 = character_f1(&text, &fixture_text("scan_chinese.txt"));
    assert!(f1 >= MIN_CHINESE && document.text.starts_with("note.txt\n\nOnly a note."), "{f1}");
    // The picture without letters is still told of, the other one is not.
    assert_eq!(document.warnings.len(), 1, "{:?}", document.warnings);

    let alone = zipped(&[("scan.png", &picture)]);
    assert!(read_with(recognition(), "alone.zip", &alone).is_ok());
    assert!(matches!(read_bytes("alone.zip", &alone), Err(ExtractError::NoText)));
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (at, three) in bytes.chunks(3).enumerate() {
        let joined =
            three.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let sign = |place: usize| char::from(SIGNS[(joined >> (18 - 6 * place)) as usize & 63]);
        text.extend((0..4).map(|place| if place <= three.len() { sign(place) } else { '=' }));
        text.push_str(if at % 18 == 17 { "\r\n" } else { "" });
    }
    text
}

#[test]
fn scans_in_the_mails_of_a_mailbox_are_recognised() {
    let scan = base64(&fixture("scan_chinese.png"));
    let mail = |subject: &str, part: &str| {
        format!(
            "From a@b Sat Nov 21 10:00:00 2026\r\nFrom: a@b\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nAttached.\r\n\
             {part}--x--\r\n\r\n"
        )
    };
    let attached = format!(
        "--x\r\nContent-Type: image/png; name=scan.png\r\nContent-Disposition: attachment; filename=scan.png\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{scan}\r\n"
    );
    let mailbox = mail("one", "") + &mail("two", &attached);
    let document = read_with(recognition(&["chi_sim"]), "box.mbox", mailbox.as_bytes()).unwrap();
    let recognised = |block: &&docent_corpus::Block| matches!(&block.place, Place::Member { path, .. } if path == "scan.png");
    let blocks = document.blocks.iter().filter(recognised);
    let text: String = blocks.skip(1).map(|block| block.span.of(&document.text).unwrap()).collect();
    let f1 = character_f1(&text, &fixture_text("scan_chinese.txt"));
    assert!(f1 >= MIN_CHINESE, "{f1}: {}", document.text);
}

#[test]
fn a_picture_without_letters_was_looked_through_and_holds_none() {
    let error = read_with(recognition(&["eng"]), "stains.png", &fixture("stains.png")).unwrap_err();
    assert_eq!(error.code(), "nothing_recognized");
    assert!(error.is_permanent());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stains.png");
    std::fs::write(&path, fixture("stains.png")).unwrap();
    let inside = InProcess::new(config().pdfium, Limits::default()).with_recognition(recognition(&["eng"]));
    let error = inside.extract(&path, &Cancel::new(), &mut |_, _| {}).unwrap_err();
    assert_eq!(error.code(), "nothing_recognized");
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
fn without_the_program_pages_stay_unread_and_nothing_fails() {
    let scan = fixture("scan_chinese.png");
    for program in [None, Some(PathBuf::from("/nowhere/tesseract"))] {
        let recognition = Recognition { program, ..Recognition::default() };
        let error = read_with(recognition, "a.png", &scan).unwrap_err();
        assert!(matches!(error, ExtractError::NoText), "{error:?}");
    }
    let missing = find_recognizer(Some(Path::new("/nowhere/tesseract")), None);
    assert!(matches!(missing, RecognizerStatus::Missing { .. }), "{missing:?}");
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

/// A program that lists English and then does `what` with a page.
#[cfg(unix)]
fn fake(folder: &Path, what: &str) -> Recognition {
    use std::os::unix::fs::PermissionsExt;
    let program = folder.join("tesseract");
    let script = format!(
        "#!/bin/sh\ncase $1 in --list-langs) echo 'List (1):'; echo eng; exit;; esac\n/bin/echo run >> {}\n{what}\n",
        folder.join("runs").display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Recognition { program: Some(program), page_time: Duration::from_secs(2), ..Recognition::default() }
}

#[cfg(unix)]
#[test]
fn programs_that_hang_lie_or_flood_are_ended_and_refused() {
    let table = "level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext\\n";
    let outside = format!(
        "/bin/cat >/dev/null; printf '{table}5\\t1\\t1\\t1\\t1\\t1\\t9\\t9\\t99999\\t9\\t95\\tword\\n'"
    );
    let inside =
        format!("/bin/cat >/dev/null; printf '{table}5\\t1\\t1\\t1\\t1\\t1\\t9\\t9\\t99\\t9\\t95\\tword\\n'");
    for (what, reads) in [
        ("exec /bin/sleep 1000", false),
        ("/bin/sleep 1000", false),
        ("exec /bin/cat /dev/urandom", false),
        ("exec /usr/bin/head -c 1000000000 /dev/zero", false),
        ("exec /usr/bin/yes complaint >&2", false),
        ("exit 3", false),
        (outside.as_str(), false),
        (inside.as_str(), true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let started = Instant::now();
        let outcome = read_with(fake(folder.path(), what), "a.png", &fixture("stains.png"));
        // Far below the 1,000 s that it sleeps, on however busy a machine.
        assert!(started.elapsed() < Duration::from_secs(300), "{what}");
        match outcome {
            Ok(document) => assert!(reads && document.text == "word", "{what}: {}", document.text),
            Err(error) => assert!(!reads && error.code() == "no_text", "{what}: {error:?}"),
        }
    }
}

#[cfg(unix)]
#[test]
fn a_program_that_always_fails_is_not_asked_for_every_page() {
    let folder = tempfile::tempdir().unwrap();
    let pages: Vec<MadePage> = (0..20).map(|_| MadePage::new().picture(0.0, 0.0, 612.0, 792.0)).collect();
    let error = read_with(fake(folder.path(), "exit 1"), "a.pdf", &pdf("t", &pages)).unwrap_err();
    assert_eq!(error.code(), "no_text");
    let runs = std::fs::read_to_string(folder.path().join("runs")).unwrap().lines().count();
    assert!((3..=5).contains(&runs), "{runs} runs");
}

#[cfg(target_os = "linux")]
#[test]
fn pages_that_were_only_slow_are_tried_again_with_more_time() {
    let folder = tempfile::tempdir().unwrap();
    let table = "level\\tpage_num\\tblock_num\\tpar_num\\tline_num\\tword_num\\tleft\\ttop\\twidth\\theight\\tconf\\ttext\\n";
    // In the middle of the page: at its edge it would be a running head.
    // The first four runs, which is one for each page, take far more time than they get.
    let what = format!(
        "/bin/cat > /dev/null\nif [ $(/usr/bin/wc -l < {}) -le 4 ]; then while :; do :; done; fi\nprintf '{table}5\\t1\\t1\\t1\\t1\\t1\\t900\\t1500\\t300\\t50\\t95\\tword\\n'",
        folder.path().join("runs").display()
    );
    let pages: Vec<MadePage> = (0..4).map(|_| MadePage::new().picture(0.0, 0.0, 612.0, 792.0)).collect();
    let recognition = Recognition { page_time: Duration::from_millis(300), ..fake(folder.path(), &what) };
    let document = read_with(recognition, "a.pdf", &pdf("t", &pages)).unwrap();
    assert_eq!(document.warnings.len(), 4);
    assert!(
        document.warnings.iter().all(|warning| matches!(warning, SourceWarning::PageRecognized { .. })),
        "{:?}",
        document.warnings
    );
}

#[cfg(unix)]
#[test]
fn only_as_many_pages_as_allowed_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let pages: Vec<MadePage> = (0..4).map(|_| MadePage::new().picture(0.0, 0.0, 612.0, 792.0)).collect();
    let recognition = Recognition { max_pages: 2, ..fake(folder.path(), "/bin/cat > /dev/null; exit 1") };
    let error = read_with(recognition, "a.pdf", &pdf("t", &pages)).unwrap_err();
    assert_eq!(error.code(), "no_text");
    let runs = std::fs::read_to_string(folder.path().join("runs")).unwrap().lines().count();
    assert_eq!(runs, 2);
}

#[cfg(unix)]
#[test]
fn recognition_stops_soon_after_it_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    std::fs::write(&path, fixture("stains.png")).unwrap();
    let slow = fake(folder.path(), "exec /bin/sleep 1000");
    let reader = reader(Recognition { page_time: Duration::from_secs(60), ..slow });
    let cancel = Cancel::new();
    let (outcome, waited) = std::thread::scope(|scope| {
        let work = scope.spawn(|| reader.extract(&path, &cancel, &mut |_, _| {}));
        let runs = folder.path().join("runs");
        while !runs.exists() && !work.is_finished() {
            std::thread::sleep(Duration::from_millis(10));
        }
        cancel.cancel();
        let cancelled = Instant::now();
        (work.join().unwrap(), cancelled.elapsed())
    });
    assert!(matches!(outcome, Err(ExtractError::Cancelled)), "{outcome:?}");
    assert!(waited < Duration::from_secs(10), "{waited:?}"); // usually 30 ms, if the machine is not busy
}

#[test]
fn broken_pictures_are_damaged_and_huge_ones_too_large() {
    let whole = fixture("scan_chinese.png");
    for cut in [20, whole.len() / 2] {
        let error = read_with(recognition(&["eng"]), "cut.png", &whole[..cut]).unwrap_err();
        assert_eq!(error.code(), "damaged", "{cut}: {error:?}");
    }
    // The header of a PNG says how large it is: 60,000 × 60,000 pixels of RGB.
    let mut bomb = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\x02\0\0\0".to_vec();
    let checksum = crc32(&bomb[12..]);
    bomb.extend(checksum.to_be_bytes());
    bomb.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    assert_eq!(read_bytes("bomb.png", &bomb).unwrap_err().code(), "too_large");
}

/// CRC-32 as in PNG (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |mut crc: u32, byte| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    })
}

#[test]
fn broken_bytes_of_pictures_never_break_the_extractor() {
    let mut seed = 7_u64;
    for name in ["scan_pages.tif", "photo_turned.jpg", "scan_chinese.png"] {
        let whole = fixture(name);
        for _ in 0..25 {
            let mut bytes = whole.clone();
            for _ in 0..10 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                // Mostly near the beginning, where the structure is.
                let within = if seed & 1 == 0 { bytes.len() } else { 300 };
                let at = (seed >> 33) as usize % within;
                bytes[at] = (seed >> 24) as u8;
            }
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let extractor = crate::support::extractor();
            if let Err(error) = extractor.render_page(&path, 0, 300, &Cancel::new()) {
                let fine = !matches!(error, ExtractError::Crashed { .. } | ExtractError::TimedOut { .. });
                assert!(fine, "{name}: {error:?}");
            }
        }
    }
}
