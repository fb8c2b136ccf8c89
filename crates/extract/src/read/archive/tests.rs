//! Packed streams that are damaged, and some that only look so; TAR and ZIP archives of unusual kinds.

use crate::content::Content;
use crate::message::Failure;
use crate::read::testing::{read_named, texts};
use crate::sniff::{Sniffed, sniff_content};
use docent_corpus::{DocumentText, Format, SourceWarning};
use std::io::{Cursor, Write};

/// A TAR archive of files.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ::tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = ::tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, name, *bytes).unwrap();
    }
    archive.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Whose checksum says something else than its content.
fn falsified(mut gzip: Vec<u8>) -> Vec<u8> {
    let checksum = gzip.len() - 8;
    gzip[checksum] ^= 1;
    gzip
}

fn two_files() -> Vec<u8> {
    tar(&[("one.txt", b"The first file."), ("two.txt", b"The second file.")])
}

fn read(name: &str, bytes: &[u8]) -> DocumentText {
    read_named(name, bytes).unwrap()
}

/// What is said of damage; any other warning fails.
fn damage(document: &DocumentText) -> Option<&str> {
    match document.warnings.as_slice() {
        [] => None,
        [SourceWarning::Truncated { reason }] => Some(reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_archive_whose_checksum_does_not_fit_is_read_and_said_to_be_damaged() {
    let whole = read("files.tar.gz", &gzipped(&two_files()));
    assert_eq!(damage(&whole), None);
    let wrong = read("files.tar.gz", &falsified(gzipped(&two_files())));
    assert_eq!(wrong.text, whole.text);
    let reason = damage(&wrong).unwrap();
    assert!(reason.starts_with("the archive is damaged: ") && reason.contains("checksum"), "{reason}");
}

#[test]
fn an_archive_without_its_end_is_verified_too() {
    let archive = two_files();
    let end = archive.len() - 1024; // two empty blocks
    let wrong = read("files.tar.gz", &falsified(gzipped(&archive[..end])));
    assert!(wrong.text.contains("The second file.") && damage(&wrong).is_some(), "{:?}", wrong.warnings);
    let cut = gzipped(&archive);
    let cut = read("files.tar.gz", &cut[..cut.len() - 4]);
    assert!(cut.text.contains("The second file.") && damage(&cut).is_some(), "{:?}", cut.warnings);
}

#[test]
fn an_xz_archive_whose_checksum_does_not_fit_is_said_to_be_damaged() {
    let mut packed = include_bytes!("../../../tests/fixtures/containers/files.tar.xz").to_vec();
    let said = |packed: &[u8]| {
        let document = read("files.tar.xz", packed);
        let truncated = document.warnings.iter().filter_map(|warning| match warning {
            SourceWarning::Truncated { reason } => Some(reason.clone()),
            _ => None,
        });
        (truncated.collect::<Vec<_>>(), document.text)
    };
    let (reasons, whole) = said(&packed);
    assert!(reasons.is_empty(), "{reasons:?}");
    // The checksum of the only block stands before the index, whose length the footer tells.
    let footer = packed.len() - 12;
    let index = u32::from_le_bytes(packed[footer + 4..footer + 8].try_into().unwrap()) as usize * 4 + 4;
    packed[footer - index - 1] ^= 1;
    let (reasons, text) = said(&packed);
    assert_eq!(text, whole);
    assert!(matches!(reasons.as_slice(), [reason] if reason.contains("checksum")), "{reasons:?}");
}

#[test]
fn a_packed_file_whose_checksum_does_not_fit_keeps_its_text() {
    let text = "A note about the harbour.";
    let wrong = read("note.txt.gz", &falsified(gzipped(text.as_bytes())));
    assert_eq!(texts(&wrong)[1..], [text]);
    assert!(damage(&wrong).is_some_and(|reason| reason.contains("checksum")), "{:?}", wrong.warnings);
    // Larger than what is looked at before the whole is unpacked.
    let long = "A line about the harbour.\n\n".repeat(10_000);
    let wrong = read("note.txt.gz", &falsified(gzipped(long.as_bytes())));
    assert_eq!((texts(&wrong).len(), damage(&wrong).is_some()), (10_001, true));
}

#[test]
fn a_packed_file_that_breaks_off_keeps_what_came_before() {
    let numbers: String = (0..20_000).map(|number| format!("Line {}.\n\n", number * 7919 % 10_007)).collect();
    let packed = gzipped(numbers.as_bytes());
    let cut = read("lines.txt.gz", &packed[..packed.len() / 2]);
    let lines = texts(&cut);
    assert!(lines.len() > 5_000 && lines[..3] == ["lines.txt", "Line 0.", "Line 7919."], "{:?}", &lines[..3]);
    assert!(damage(&cut).is_some());
}

/// A sparse file in the manner of GNU, whose text stands behind a hole, and a file behind it.
fn with_hole(hole: u64) -> Vec<u8> {
    let text = b"Behind the hole.";
    let mut header = ::tar::Header::new_gnu();
    header.set_path("sparse.txt").unwrap();
    header.set_size(text.len() as u64);
    header.set_entry_type(::tar::EntryType::GNUSparse);
    let octal = |number: u64| -> [u8; 12] { format!("{number:011o}\0").into_bytes().try_into().unwrap() };
    let gnu = header.as_gnu_mut().unwrap();
    gnu.sparse[0].offset = octal(hole);
    gnu.sparse[0].numbytes = octal(text.len() as u64);
    gnu.realsize = octal(hole + text.len() as u64);
    header.set_cksum();
    let mut archive = ::tar::Builder::new(Vec::new());
    archive.append(&header, &text[..]).unwrap();
    let mut archive = archive.into_inner().unwrap();
    archive.truncate(archive.len() - 1024); // the two empty blocks
    [archive, tar(&[("next.txt", b"The next file.")])].concat()
}

#[test]
fn a_file_with_holes_is_read_or_said_not_to_be() {
    let whole = read("files.tar", &with_hole(0));
    assert_eq!(texts(&whole), ["sparse.txt", "Behind the hole.", "next.txt", "The next file."]);
    // 8 GB of nothing are not gone through.
    let archive = with_hole((1 << 33) - 512);
    for (name, bytes) in [("files.tar", archive.clone()), ("files.tar.gz", gzipped(&archive))] {
        let document = read(name, &bytes);
        assert_eq!(texts(&document), ["next.txt", "The next file."]);
        let told = document.warnings.as_slice();
        assert!(
            matches!(told, [SourceWarning::MemberFailed { path, .. }] if path == "sparse.txt"),
            "{told:?}"
        );
    }
}

#[test]
fn what_a_passed_over_file_with_holes_stores_is_no_description_of_the_next() {
    let mut header = ::tar::Header::new_gnu();
    let stored = vec![b'x'; 2 << 20];
    header.set_path("cache.tmp").unwrap();
    header.set_size(stored.len() as u64);
    header.set_entry_type(::tar::EntryType::GNUSparse);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.sparse[0].offset = *b"00000000000\0";
    gnu.sparse[0].numbytes = *b"00010000000\0";
    gnu.realsize = *b"00010000000\0";
    header.set_cksum();
    let mut archive = ::tar::Builder::new(Vec::new());
    archive.append(&header, &stored[..]).unwrap();
    let mut archive = archive.into_inner().unwrap();
    archive.truncate(archive.len() - 1024);
    archive.extend(tar(&[("next.txt", b"The next file.")]));
    for (name, bytes) in [("files.tar", archive.clone()), ("files.tar.gz", gzipped(&archive))] {
        assert_eq!(texts(&read(name, &bytes)), ["next.txt", "The next file."], "{name}");
    }
}

#[test]
fn an_archive_from_before_the_mark_is_known_by_its_checksum() {
    let mut archive = two_files();
    for start in (0..archive.len()).step_by(512) {
        let header = &mut archive[start..start + 512];
        if header[257..].starts_with(b"ustar") {
            header[257..265].fill(0);
            header[148..156].fill(b' ');
            let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
            header[148..156].copy_from_slice(format!("{sum:6o}\0 ").as_bytes());
        }
    }
    for (name, bytes) in
        [("old.tar", archive.clone()), ("old", archive.clone()), ("old.tgz", gzipped(&archive))]
    {
        let document = read(name, &bytes);
        assert_eq!(texts(&document), ["one.txt", "The first file.", "two.txt", "The second file."], "{name}");
    }
    archive[0] ^= 1;
    let changed = Content::Member { name: "old.tar", bytes: &archive };
    assert!(!matches!(sniff_content(&changed), Ok(Sniffed::Known(Format::Tar))));
}

/// A ZIP archive of files, of which the first so many say that they are packed by bzip2.
fn zip_by_bzip2(files: &[&str], which: usize) -> Vec<u8> {
    let mut archive = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    for name in files {
        archive.start_file(*name, ::zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(b"Some text.").unwrap();
    }
    let mut archive = archive.finish().unwrap().into_inner();
    for (mark, method) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let at: Vec<usize> = (0..archive.len()).filter(|at| archive[*at..].starts_with(mark)).collect();
        at.into_iter().take(which).for_each(|at| archive[at + method] = 12);
    }
    archive
}

#[test]
fn an_archive_packed_by_a_method_that_is_not_read_is_of_an_unknown_type() {
    let files = ["one.txt", "two.txt"];
    let outcome = read_named("all.zip", &zip_by_bzip2(&files, 2));
    assert!(
        matches!(&outcome, Err(Failure::Unsupported(kind)) if kind.contains("another method")),
        "{outcome:?}"
    );
    let half = read("half.zip", &zip_by_bzip2(&files, 1));
    assert_eq!(texts(&half), ["two.txt", "Some text."]);
    let told = half.warnings.as_slice();
    assert!(matches!(told, [SourceWarning::MemberFailed { path, .. }] if path == "one.txt"), "{told:?}");
}

#[test]
fn what_is_damaged_and_has_no_text_is_damaged() {
    let outcome = read_named("none.gz", &falsified(gzipped(b"   \n")));
    assert!(matches!(outcome, Err(Failure::Damaged(_))), "{outcome:?}");
    let outcome = read_named("none.tar.gz", &falsified(gzipped(&tar(&[("empty.txt", b"")]))));
    assert!(matches!(outcome, Err(Failure::Damaged(_))), "{outcome:?}");
}

#[test]
fn pictures_of_a_damaged_archive_can_still_be_recognised() {
    let picture = include_bytes!("../../../tests/fixtures/stains.png");
    let outcome = read_named("photos.tar.gz", &falsified(gzipped(&tar(&[("photo.png", picture)]))));
    // They have no text by themselves; damage would end the matter.
    assert!(matches!(outcome, Err(Failure::NoText)), "{outcome:?}");
}

#[test]
fn members_that_follow_each_other_are_one_file_and_what_follows_them_is_no_damage() {
    let (one, two) = (gzipped(b"Part one.\n\n"), gzipped(b"Part two."));
    for rest in [&b""[..], &[0; 512], b"a signature"] {
        let document = read("parts.txt.gz", &[&one[..], &two, rest].concat());
        assert_eq!(texts(&document)[1..], ["Part one.", "Part two."]);
        assert_eq!(damage(&document), None);
    }
    let archive = two_files();
    let packed: Vec<u8> = archive.chunks(700).flat_map(gzipped).collect();
    let whole = read("files.tar.gz", &gzipped(&archive));
    for rest in [&b""[..], &[0; 512], b"a signature"] {
        let document = read("files.tar.gz", &[&packed[..], rest].concat());
        assert_eq!((&document.text, damage(&document)), (&whole.text, None));
    }
}
