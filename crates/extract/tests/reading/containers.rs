//! Mail and archives, against what Python's own readers find in the same files
//! (`fixtures/make_containers.py`).

use crate::support::{read, read_bytes, texts};
use docent_corpus::{Block, BlockKind, DocumentText, Format, Place, SourceWarning};
use docent_extract::ExtractError;
use proptest::prelude::*;
use serde_json::Value;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/containers").join(name)
}

fn expected() -> Value {
    serde_json::from_slice(&std::fs::read(fixture("expected.json")).unwrap()).unwrap()
}

fn heading(document: &DocumentText, index: usize) -> Option<(u8, &str)> {
    let block = &document.blocks[index];
    match block.kind {
        BlockKind::Heading { level } => Some((level, block.span.of(&document.text).unwrap())),
        _ => None,
    }
}

fn headings(document: &DocumentText) -> Vec<(u8, &str)> {
    (0..document.blocks.len()).filter_map(|index| heading(document, index)).collect()
}

/// The paths of the files around a block, outermost first, and its place in the innermost.
fn unfolded(place: &Place) -> (Vec<&str>, &Place) {
    let (mut paths, mut at) = (Vec::new(), place);
    while let Place::Member { path, place } = at {
        paths.push(path.as_str());
        at = place;
    }
    (paths, at)
}

/// The texts of the blocks that stand in a member, without its heading.
fn member_texts<'d>(document: &'d DocumentText, path: &[&str]) -> Vec<&'d str> {
    let inside = |block: &&Block| unfolded(&block.place).0 == path;
    let blocks = document.blocks.iter().filter(inside);
    let found: Vec<_> = blocks.map(|block| block.span.of(&document.text).unwrap()).collect();
    let heading = found.iter().position(|text| text == path.last().unwrap());
    heading.map_or_else(Vec::new, |at| found[at + 1..].to_vec())
}

fn failures(document: &DocumentText) -> Vec<(&str, &str)> {
    let warnings = document.warnings.iter();
    warnings
        .filter_map(|warning| match warning {
            SourceWarning::MemberFailed { path, reason } => Some((path.as_str(), reason.as_str())),
            _ => None,
        })
        .collect()
}

/// Words of a text, without marks of quotation and of headings.
fn plain_words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .filter(|word| !matches!(*word, ">" | "#" | "##" | "--"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_mail_reads_as_its_parts() {
    let document = read(&fixture("letter.eml")).unwrap();
    let expected = &expected()["letter"];
    assert_eq!(document.format, Format::Mail);
    assert_eq!(document.metadata.title.as_deref(), expected["subject"].as_str());
    assert_eq!(document.metadata.author.as_deref(), expected["from"].as_str());
    assert_eq!(document.metadata.date.as_deref(), expected["date"].as_str());
    let found = headings(&document);
    assert_eq!(found[0], (1, expected["subject"].as_str().unwrap()));
    let attachments: Vec<_> = found.iter().filter(|(level, _)| *level == 2).map(|(_, name)| *name).collect();
    assert_eq!(attachments[..2], ["报告 2026.pdf", "amounts.txt"]);
    assert!(
        found.contains(&(2, "Inner message, 内部邮件")) && found.contains(&(5, "Inner notes")),
        "{found:?}"
    );
    let lines = "From: Wei Li <wei@example.cn>\nTo: Zoë <zoe@example.org>\nCc: Doe, John <john@example.com>\nDate: 2026-11-21 10:30:00+08:00";
    assert_eq!(texts(&document)[1], lines);
    let body: Vec<_> = document
        .blocks
        .iter()
        .filter(|block| matches!(&block.place, Place::Mail { part, .. } if part == "1.1"))
        .map(|block| (block.kind.clone(), block.span.of(&document.text).unwrap()))
        .collect();
    let words: Vec<_> = body.iter().flat_map(|(_, text)| plain_words(text)).collect();
    assert_eq!(words, plain_words(expected["body"].as_str().unwrap()));
    assert_eq!(body[2], (BlockKind::Quote, "When is the\nnext meeting?"));
    assert_eq!(body[4], (BlockKind::Paragraph, "Wei Li"));
    assert_eq!(member_texts(&document, &["报告 2026.pdf"]), ["A page within a mail"]);
    let deep = document
        .blocks
        .iter()
        .find(|block| block.span.of(&document.text) == Some("Deep text 深处。"))
        .unwrap();
    let (paths, place) = unfolded(&deep.place);
    assert_eq!(paths, ["Inner message, 内部邮件", "inner.md"]);
    assert!(matches!(place, Place::Lines { first: 3, last: 3, .. }), "{place:?}");
    assert!(document.warnings.is_empty(), "{:?}", document.warnings);
}

#[test]
fn a_page_of_a_pdf_in_a_mail_keeps_its_boxes() {
    let document = read(&fixture("letter.eml")).unwrap();
    let block =
        document.blocks.iter().find(|block| block.span.of(&document.text) == Some("A page within a mail"));
    let (_, place) = unfolded(&block.unwrap().place);
    let Place::Page { page: 0, boxes, .. } = place else { panic!("{place:?}") };
    let words: Vec<_> = boxes.iter().map(|word| word.span.of(&document.text).unwrap()).collect();
    assert_eq!(words, ["A", "page", "within", "a", "mail"]);
}

#[test]
fn a_mailbox_without_an_ending_gives_every_message() {
    let document = read(&fixture("Inbox")).unwrap();
    assert_eq!((document.format, document.metadata.title.as_deref()), (Format::Mbox, Some("Inbox")));
    let expected = expected();
    let messages = expected["inbox"].as_array().unwrap();
    assert_eq!(headings(&document).iter().filter(|(level, _)| *level == 1).count(), messages.len());
    for (index, message) in messages.iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap();
        let blocks: Vec<_> = document
            .blocks
            .iter()
            .filter(|block| matches!(block.place, Place::Mail { message, .. } if message == number))
            .map(|block| block.span.of(&document.text).unwrap())
            .collect();
        assert_eq!(blocks[0], message["subject"].as_str().unwrap());
        let named = |name: &str| format!("{name}: {}", message[&name.to_lowercase()].as_str().unwrap());
        assert_eq!(blocks[1], format!("{}\n{}\n{}", named("From"), named("To"), named("Date")));
        let words: Vec<_> = blocks[2..].iter().flat_map(|text| plain_words(text)).collect();
        if message["kind"] == "text/html" {
            assert_eq!(blocks[2..], ["Part one", "First paragraph 第一段。", "Quoted text.", "item"]);
        } else {
            assert_eq!(words, plain_words(message["body"].as_str().unwrap()), "message {number}");
        }
    }
    assert!(document.text.contains("This line goes on in the next.\nThis does not."));
    let quote =
        document.blocks.iter().find(|block| block.span.of(&document.text) == Some("quoted text")).unwrap();
    assert_eq!(quote.kind, BlockKind::Quote);
    assert_eq!(quote.place, Place::Mail { message: 9, part: "1".to_owned(), line: 4 });
}

fn check_archive(name: &str, format: Format, strip: &str, key: &str) -> DocumentText {
    let document = read(&fixture(name)).unwrap();
    assert_eq!((document.format, document.metadata.title.as_deref()), (format, Some("files")));
    let expected = expected();
    for (path, text) in expected[key].as_object().unwrap() {
        let path = path.strip_prefix(strip).unwrap_or(path);
        let skipped = path.contains("/._") || path.starts_with("..");
        let words: Vec<_> =
            member_texts(&document, &[path]).iter().flat_map(|text| plain_words(text)).collect();
        assert_eq!(words, if skipped { Vec::new() } else { plain_words(text.as_str().unwrap()) }, "{path}");
    }
    assert_eq!(member_texts(&document, &["a/page.pdf"]), ["A page within an archive"]);
    assert_eq!(member_texts(&document, &["b/inner.zip", "deep.txt"]), ["Deep 深."]);
    assert_eq!(member_texts(&document, &["b/mail.eml", "报告 2026.pdf"]), ["A page within a mail"]);
    assert!(failures(&document).contains(&("b/song.mp3", "files of this type are not read: MP3 audio")));
    document
}

#[test]
fn a_zip_archive_reads_folder_by_folder() {
    let document = check_archive("files.zip", Format::Zip, "", "zip");
    assert_eq!(failures(&document).len(), 1);
    let order: Vec<_> =
        headings(&document).into_iter().filter(|(level, _)| *level == 1).map(|(_, path)| path).collect();
    let folders_together =
        ["readme.md", "a/one.txt", "a/two.html", "a/page.pdf", "b/报告.txt", "b/inner.zip", "b/mail.eml"];
    assert_eq!(order, folders_together);
    let found = headings(&document);
    assert!(
        found.contains(&(2, "Read me"))
            && found.contains(&(3, "Details"))
            && found.contains(&(2, "deep.txt"))
    );
}

#[test]
fn a_tar_archive_is_read_and_its_links_are_not_followed() {
    let document = check_archive("files.tar.gz", Format::Tar, "./", "tar");
    assert_eq!(failures(&document)[1..], [("../outside.txt", "its name leads out of the archive")]);
    assert_eq!(document.text.matches("The first file.").count(), 1);
    assert!(headings(&document).iter().any(|(_, path)| path.contains(&"很长的名字".repeat(12))));
    let unpacked = crate::support::gunzip(&fixture("files.tar.gz"));
    assert_eq!(read_bytes("files.tar", &unpacked).unwrap().text, document.text);
    let xz = std::fs::read(fixture("files.tar.xz")).unwrap();
    for name in ["files.tar.xz", "files.txz", "files.xz"] {
        let packed = read_bytes(name, &xz).unwrap();
        assert_eq!((packed.format, &packed.text), (Format::Tar, &document.text), "{name}");
        assert_eq!(packed.blocks, document.blocks, "{name}");
        assert_eq!(packed.metadata.title.as_deref(), Some("files"), "{name}");
    }
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

#[test]
fn a_single_packed_file_reads_as_what_is_in_it() {
    let document = read(&fixture("readme.md.xz")).unwrap();
    assert_eq!(document.format, Format::Packed);
    assert!(headings(&document).contains(&(2, "Read me")), "{:?}", headings(&document));
    let csv = read_bytes("ports.CSV.gz", &gzipped("港口,ships\nOslo,27\n".as_bytes())).unwrap();
    assert_eq!(member_texts(&csv, &["ports.CSV"]), ["港口 | ships\nOslo | 27"]);
    let inner = zipped(&[("deep.txt", b"deep within")]);
    let document = read_bytes("files.zip.gz", &gzipped(&inner)).unwrap();
    assert_eq!(member_texts(&document, &["files.zip", "deep.txt"]), ["deep within"]);
}

/// A line packed by xz whose header asks for a dictionary of that size, and has that checksum.
fn packed_with_dictionary(size: u8, checksum: [u8; 4]) -> Vec<u8> {
    let stream = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, 0x00, 0x01, 0x69, 0x22, 0xDE, 0x36];
    let block = [0x02, 0x00, 0x21, 0x01, size, 0x00, 0x00, 0x00];
    let content = b"\x01\x00\x08Harbour.\n\x00\x00\x00\x00\xF9\x96\xED\x5A";
    let index = [0x00, 0x01, 0x1D, 0x09, 0x93, 0x61, 0x36, 0xA6];
    let footer = [0x90, 0x42, 0x99, 0x0D, 0x01, 0x00, 0x00, 0x00, 0x00, 0x01, 0x59, 0x5A];
    [&stream[..], &block[..], &checksum[..], &content[..], &index[..], &footer[..]].concat()
}

#[test]
fn a_large_dictionary_is_taken_and_a_huge_one_is_named_as_the_reason() {
    let large = packed_with_dictionary(32, [0x09, 0x88, 0xA5, 0x76]); // 256 MB
    let document = read_bytes("note.txt.xz", &large).unwrap();
    assert_eq!(member_texts(&document, &["note.txt"]), ["Harbour."]);
    let huge = packed_with_dictionary(34, [0x82, 0x40, 0xAC, 0xDC]); // 512 MB
    let outcome = read_bytes("note.txt.xz", &huge);
    let named = |limit: &str| limit == "unpacking it takes too much memory";
    assert!(matches!(&outcome, Err(ExtractError::TooLarge { limit }) if named(limit)), "{outcome:?}");
}

#[test]
fn what_is_packed_and_not_read_is_named() {
    let song = gzipped(b"ID3\x03\0\0\0\0\0\x0F\x00\xFF\xFB\x90\x64\x00\x01");
    let Err(ExtractError::Unsupported { kind }) = read_bytes("song.mp3.gz", &song) else { panic!() };
    assert_eq!(kind, "MP3 audio, packed by gzip");
    for name in ["readme.md.xz", "files.tar.xz"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        let outcome = read_bytes(name, &whole[..30]);
        assert!(matches!(outcome, Err(ExtractError::Damaged { .. })), "{name}: {outcome:?}");
    }
    let outcome = read(&fixture("bomb.txt.xz"));
    assert!(matches!(outcome, Err(ExtractError::TooLarge { .. })), "{outcome:?}");
    let archive = std::fs::read(fixture("files.tar.xz")).unwrap();
    let cut = read_bytes("cut.tar.xz", &archive[..archive.len() * 3 / 4]);
    assert!(matches!(cut, Ok(_) | Err(ExtractError::Damaged { .. })), "{cut:?}");
}

#[test]
fn names_of_every_age_are_read() {
    let expected = expected();
    for encoding in ["gbk", "shift_jis", "cp437"] {
        let document = read(&fixture(&format!("names-{encoding}.zip"))).unwrap();
        let found: Vec<_> = headings(&document).into_iter().map(|(_, name)| name.to_owned()).collect();
        let names: Vec<_> = expected["names"][encoding]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        assert_eq!(found, names);
    }
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Sets the flag of encryption wherever a header of a file stands.
fn locked(mut archive: Vec<u8>, which: usize) -> Vec<u8> {
    for (mark, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at: Vec<_> = (0..archive.len()).filter(|at| archive[*at..].starts_with(mark)).collect();
        for at in at.into_iter().take(which) {
            archive[at + flags] |= 1;
        }
    }
    archive
}

#[test]
fn locked_members_are_named_and_a_locked_archive_says_so() {
    let archive = zipped(&[("secret.txt", b"locked away"), ("open.txt", b"open to all")]);
    let document = read_bytes("half.zip", &locked(archive.clone(), 1)).unwrap();
    assert_eq!(failures(&document), [("secret.txt", "it is encrypted and needs a password")]);
    assert_eq!(member_texts(&document, &["open.txt"]), ["open to all"]);
    assert!(matches!(read_bytes("all.zip", &locked(archive, 2)), Err(ExtractError::Encrypted)));
}

#[test]
fn bombs_are_refused() {
    let zeros = vec![b'0'; 30 << 20];
    let document = read_bytes("bomb.zip", &zipped(&[("a.txt", &zeros), ("b.txt", b"good")])).unwrap();
    assert_eq!(failures(&document), [("a.txt", "it unpacks to more than 200 times its size")]);
    assert_eq!(member_texts(&document, &["b.txt"]), ["good"]);
    let mut nested = zipped(&[("deep.txt", b"too deep")]);
    for level in 0..4 {
        nested = zipped(&[(format!("{level}.zip").as_str(), &nested), ("here.txt", b"here")]);
    }
    let document = read_bytes("nested.zip", &nested).unwrap();
    let too_deep = "it lies in more than 3 files";
    assert_eq!(
        failures(&document)[..2],
        [("3.zip/2.zip/1.zip/0.zip", too_deep), ("3.zip/2.zip/1.zip/here.txt", too_deep)]
    );
    assert_eq!(member_texts(&document, &["3.zip", "2.zip", "here.txt"]), ["here"]);
    assert!(!document.text.contains("too deep"));
}

#[test]
fn overlapping_files_are_refused() {
    let archive = zipped(&[("a.txt", b"shared by two"), ("b.txt", b"shared by two")]);
    // The second entry of the directory is made to name the bytes of the first.
    let entries: Vec<_> = (0..archive.len()).filter(|at| archive[*at..].starts_with(b"PK\x01\x02")).collect();
    let mut archive = archive;
    archive[entries[1] + 42..entries[1] + 46].fill(0);
    let Err(ExtractError::Damaged { reason }) = read_bytes("overlap.zip", &archive) else { panic!() };
    assert_eq!(reason, "files in the archive overlap");
}

#[test]
fn too_many_files_are_counted() {
    let names: Vec<String> = (0..10_005).map(|number| format!("{number}.txt")).collect();
    let files: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let document = read_bytes("many.zip", &zipped(&files)).unwrap();
    assert_eq!(headings(&document).len(), 10_000);
    let [SourceWarning::Truncated { reason }] = document.warnings.as_slice() else {
        panic!("{:?}", document.warnings)
    };
    assert!(reason.ends_with("; 5 more files were left out"), "{reason}");
}

#[test]
fn damaged_archives_keep_what_can_be_read() {
    let whole = crate::support::gunzip(&fixture("files.tar.gz"));
    let document = read_bytes("cut.tar", &whole[..4096]).unwrap();
    assert!(document.text.contains("The first file."));
    let archive = std::fs::read(fixture("files.tar.gz")).unwrap();
    let document = read_bytes("cut.tar.gz", &archive[..archive.len() / 2]).unwrap();
    assert!(document.warnings.iter().any(|warning| matches!(warning, SourceWarning::Truncated { .. })));
    let zip = std::fs::read(fixture("files.zip")).unwrap();
    assert!(matches!(read_bytes("cut.zip", &zip[..zip.len() / 2]), Err(ExtractError::Damaged { .. })));
}

#[test]
fn a_saved_page_reads_as_html() {
    let page = b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://example.org/\r\nSubject: A page\r\nDate: Sat, 21 Nov 2026 10:30:00 +0800\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; type=\"text/html\"; boundary=\"x\"\r\n\r\n\r\n--x\r\nContent-Type: text/html\r\nContent-ID: <frame>\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Location: https://example.org/\r\n\r\n<html><head><meta charset=3D\"utf-8\"></head><body><h1>=E6=A0=87=E9=A2=98</h=\r\n1><p id=3D\"p\">Text of the page.</p></body></html>\r\n--x\r\nContent-Type: image/png\r\n\r\nno picture\r\n--x--\r\n";
    let document = read_bytes("page.mhtml", page).unwrap();
    assert_eq!(texts(&document), ["标题", "Text of the page."]);
    assert_eq!(document.metadata.title.as_deref(), Some("A page"));
    assert_eq!(
        document.blocks[1].place,
        Place::Element { anchor: Some("p".to_owned()), path: "p[1]".to_owned() }
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_a_member_reads_as_is_what_it_reads_as_alone(
        texts in prop::collection::vec("(# [a-z中文]{1,8}\n\n)?([a-z中文é👋 ]{1,30}\n\n?){1,4}", 1..4),
    ) {
        let names: Vec<String> = (0..texts.len()).map(|number| format!("f/{number}.md")).collect();
        let files: Vec<(&str, &[u8])> = names.iter().zip(&texts).map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
        match read_bytes("some.zip", &zipped(&files)) {
            Ok(document) => for (name, text) in &files {
                let Ok(alone) = read_bytes("alone.md", text) else { continue };
                let inside = document.blocks.iter().filter(|block| unfolded(&block.place).0 == [*name]).skip(1);
                let inside: Vec<_> = inside.collect();
                prop_assert_eq!(inside.len(), alone.blocks.len());
                for (block, other) in inside.iter().zip(&alone.blocks) {
                    prop_assert_eq!(block.span.of(&document.text), other.span.of(&alone.text));
                    let (Place::Lines { runs, first, .. }, Place::Lines { first: other, .. }) = (unfolded(&block.place).1, &other.place) else { panic!() };
                    prop_assert_eq!(first, other);
                    for run in runs {
                        let bytes = &text[run.file_start as usize..run.file_end as usize];
                        prop_assert_eq!(std::str::from_utf8(bytes).unwrap(), run.span.of(&document.text).unwrap());
                    }
                }
            },
            Err(error) => prop_assert!(matches!(error.code(), "empty" | "no_text"), "{error:?}"),
        }
    }

    #[test]
    fn mutated_containers_end_in_text_or_a_reason(
        which in 0usize..6, at in prop::collection::vec((0.0f64..1.0, any::<u8>()), 1..20), keep in 0.2f64..1.0,
    ) {
        let name = ["letter.eml", "Inbox", "files.zip", "files.tar.gz", "files.tar.xz", "readme.md.xz"][which];
        let mut bytes = std::fs::read(fixture(name)).unwrap();
        let length = bytes.len();
        for (place, byte) in at {
            bytes[(place * length as f64) as usize] = byte;
        }
        bytes.truncate((keep * 1.2 * length as f64) as usize);
        if let Err(error) = read_bytes(name, &bytes) {
            prop_assert!(!matches!(error, ExtractError::Crashed { .. } | ExtractError::TimedOut { .. }), "{error:?}");
        }
    }
}
