//! Bad input: each a clear message with a code; the rest goes on; nothing is lost.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use docent_tests::{Docent, programs, ran, sample};
use serde_json::Value;
use std::process::Command;

/// State and reason of a document by its name.
fn document(docent: &Docent, name: &str) -> (String, String) {
    let list = docent.run(["documents"]).ok().json();
    let documents = list["documents"].as_array().unwrap();
    let found = documents.iter().find(|document| document["path"].as_str().unwrap().ends_with(name));
    let found = found.unwrap_or_else(|| panic!("{name} is not in {list}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&found["state"]), text(&found["reason"]))
}

#[test]
fn a_missing_path_is_refused_and_the_others_are_added() {
    let docent = Docent::new();
    docent.write("good.txt", "The good file is about heliotrope.\n");
    let missing = docent.documents().join("not here");
    let ran = docent.run([std::ffi::OsStr::new("add"), missing.as_os_str(), docent.documents().as_os_str()]);
    assert_eq!(ran.code, Some(1));
    let result = ran.json();
    assert_eq!(result["rejected"][0]["code"], "path_not_found");
    assert_eq!(result["added"][0]["counts"]["indexed"], 1);
}

#[test]
fn each_unreadable_file_has_its_reason_and_the_neighbours_are_found() {
    let docent = Docent::new();
    docent.write("neighbour.md", "# Neighbour\n\nHeliotrope grows by the wall.\n");
    docent.write("empty.txt", "");
    let binary: Vec<u8> = (0..40_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    docent.write("binary.txt", binary);
    docent.write("broken.pdf", b"%PDF-1.7\nthis is not a document\n%%EOF".as_slice());
    docent
        .write("picture.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0".as_slice());
    docent.write("program.txt", b"\x7fELF\x02\x01\x01\0\0\0\0\0\x03\xff".as_slice());
    docent.add_documents();
    assert_eq!(document(&docent, "neighbour.md").0, "indexed");
    assert_eq!(document(&docent, "empty.txt").1, "empty_file");
    assert_eq!(document(&docent, "binary.txt").1, "unsupported_file");
    assert_eq!(document(&docent, "broken.pdf"), ("failed".to_owned(), "damaged_file".to_owned()));
    assert_eq!(document(&docent, "picture.png"), ("failed".to_owned(), "damaged_file".to_owned()));
    assert_eq!(document(&docent, "program.txt"), ("skipped".to_owned(), "unsupported_file".to_owned()));
    let found = docent.run(["search", "heliotrope"]).ok().json();
    assert_eq!(found["passages"][0]["path"], "neighbour.md");
}

#[test]
fn an_encrypted_pdf_asks_for_its_password() {
    let docent = Docent::new();
    let fixture = docent_tests::root().join("crates/extract/tests/fixtures/encrypted.pdf");
    docent.write("secret.pdf", std::fs::read(&fixture).expect("the encrypted fixture"));
    docent.add_documents();
    assert_eq!(document(&docent, "secret.pdf"), ("needs_password".to_owned(), "password_needed".to_owned()));
}

#[test]
fn chinese_encodings_and_names_are_read() {
    let docent = Docent::new();
    let sentence = "南京市长江大桥于一九六八年建成通车，全长六千七百七十二米。";
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain("武汉长江二桥的索塔高九十米。".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    docent.write("笔 记/大桥.txt", gb18030(sentence));
    docent.write("utf16.txt", utf16);
    docent.add_documents().ok();
    let found = docent.run(["search", "长江大桥 建成"]).ok().json();
    assert!(found["passages"][0]["text"].as_str().unwrap().contains(sentence), "{found}");
    assert_eq!(found["passages"][0]["path"], "笔 记/大桥.txt");
    let found = docent.run(["search", "索塔"]).ok().json();
    assert!(found["passages"][0]["text"].as_str().unwrap().contains("索塔高九十米"), "{found}");
}

/// By an independent program.
fn gb18030(text: &str) -> Vec<u8> {
    let script = "import sys; sys.stdout.buffer.write(sys.argv[1].encode('gb18030'))";
    let output = Command::new("python3").args(["-c", script, text]).output().expect("python3");
    assert!(output.status.success());
    output.stdout
}

#[test]
fn a_text_of_300_megabytes_is_told_and_does_not_stop_the_rest() {
    let docent = Docent::new();
    let line = "The quick brown fox jumps over the lazy dog near the river bank today.\n";
    let mut big = String::with_capacity(300 << 20);
    while big.len() < 300 << 20 {
        big.push_str(line);
    }
    docent.write("big.txt", big);
    docent.write("small.txt", "Heliotrope is small.\n");
    // Indexing 300 MB takes hours on two cores; what is asked is that the small file is found first,
    // although its name comes later, and that the run can be stopped without loss.
    let mut child = docent.command().arg("add").arg(docent.documents()).spawn().expect("docent starts");
    std::thread::sleep(std::time::Duration::from_secs(20));
    let _ = child.kill();
    let _ = child.wait();
    let found = docent.run(["search", "heliotrope"]).ok().json();
    assert_eq!(found["passages"][0]["path"], "small.txt", "{found}");
    assert_eq!(document(&docent, "small.txt").0, "indexed");
    assert_eq!(document(&docent, "big.txt").0, "waiting");
}

/// `docent add` for its documents, by a user whom permissions bind: root without the right to
/// overrule them.
fn add_as_bound(docent: &Docent) -> docent_tests::Ran {
    let command = docent.command();
    let mut bound = std::process::Command::new("setpriv");
    bound.args(["--bounding-set", "-dac_override,-dac_read_search"]).arg(command.get_program());
    bound.args(command.get_args()).arg("add").arg(docent.documents());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            bound.env(name, value);
        }
    }
    ran(bound.output().expect("setpriv of util-linux"))
}

#[test]
fn what_may_not_be_read_is_told_and_read_once_it_may_be() {
    use std::os::unix::fs::PermissionsExt;
    let docent = Docent::new();
    docent.write("open.txt", "Heliotrope is open.\n");
    let closed = docent.write("closed.txt", "Gentian is closed.\n");
    let inside = docent.write("folder 夹/inside.txt", "Edelweiss is inside.\n");
    let folder = inside.parent().unwrap();
    let allow = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    allow(&closed, 0o000);
    allow(folder, 0o000);
    let added = add_as_bound(&docent).json();
    assert_eq!(added["added"][0]["counts"]["indexed"], 1, "{added}");
    assert_eq!(document(&docent, "closed.txt"), ("failed".to_owned(), "permission_denied".to_owned()));
    let told = &added["added"][0]["unreadable"][0];
    assert_eq!((&told["path"], &told["reason"]), (&"folder 夹".into(), &"no permission".into()), "{added}");
    allow(&closed, 0o600);
    allow(folder, 0o700);
    docent.add_documents().ok();
    for (word, path) in [("gentian", "closed.txt"), ("edelweiss", "folder 夹/inside.txt")] {
        let found = docent.run(["search", word]).ok().json();
        assert_eq!(found["passages"][0]["path"], path, "{found}");
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let docent = Docent::new();
    for number in 0..40 {
        let text = format!("Chapter {number}. Heliotrope number {number} grows by the wall.\n").repeat(60);
        docent.write(&format!("{number}.txt"), text);
    }
    // The library lies on a disk of a few megabytes, which becomes larger after the first attempt.
    let script = r#"
        mount -t tmpfs -o size=1m tmpfs "$DISK" || exit 9
        "$DOCENT" --json --data-dir "$DISK/library" add "$DOCUMENTS"; echo "code $?"
        mount -o remount,size=200m "$DISK" || exit 9
        "$DOCENT" --json --data-dir "$DISK/library" add "$DOCUMENTS"; echo "code $?"
        "$DOCENT" --json --data-dir "$DISK/library" search "heliotrope number 39"
    "#;
    let disk = tempfile::tempdir().unwrap();
    let output = std::process::Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .env("DISK", disk.path())
        .env("DOCENT", programs().join("docent"))
        .env("DOCUMENTS", docent.documents())
        .env("DOCENT_MODELS", docent_tests::models())
        .env("DOCENT_OFFLINE", "1")
        .output()
        .expect("unshare of util-linux");
    let text = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    let codes: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("code ")).collect();
    assert_eq!(codes, ["1", "0"], "{text}\n{complaints}");
    assert!(text.contains("disk_full"), "{text}\n{complaints}");
    let found: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(found["passages"][0]["path"], "39.txt", "{found}");
}

#[test]
fn a_library_that_cannot_be_written_is_searched_all_the_same() {
    let docent = Docent::new();
    docent.write("old.txt", "Heliotrope grows by the wall.\n");
    // Two times: on a full disk, and on one that may not be written.
    let script = r#"
        mount -t tmpfs -o size=100m tmpfs "$DISK" || exit 9
        docent() { "$DOCENT" --json --data-dir "$DISK/library" "$@"; }
        docent add "$DOCUMENTS" > "$SAID/added"; echo "code $?"
        dd if=/dev/zero of="$DISK/filler" bs=4k 2> /dev/null
        echo "Saxifrage grows on it." > "$DOCUMENTS/new.txt"
        docent search "heliotrope" > "$SAID/full"; echo "code $?"
        docent documents >> "$SAID/full"; echo "code $?"
        docent add "$DOCUMENTS" > "$SAID/refused-full" 2>&1; echo "code $?"
        rm "$DISK/filler"
        mount -o remount,ro "$DISK" || exit 9
        docent search "heliotrope" > "$SAID/sealed"; echo "code $?"
        docent documents >> "$SAID/sealed"; echo "code $?"
        docent add "$DOCUMENTS" > "$SAID/refused-sealed" 2>&1; echo "code $?"
        mount -o remount,rw "$DISK" || exit 9
        docent add "$DOCUMENTS" > "$SAID/again"; echo "code $?"
        docent search "saxifrage" > "$SAID/found"; echo "code $?"
    "#;
    let (disk, said) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let output = std::process::Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .env("DISK", disk.path())
        .env("SAID", said.path())
        .env("DOCENT", programs().join("docent"))
        .env("DOCUMENTS", docent.documents())
        .env("DOCENT_MODELS", docent_tests::models())
        .env("DOCENT_OFFLINE", "1")
        .output()
        .expect("unshare of util-linux");
    let text = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    let said = |name: &str| std::fs::read_to_string(said.path().join(name)).unwrap_or_default();
    let codes: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("code ")).collect();
    let all = ["full", "refused-full", "sealed", "refused-sealed"].map(said).join("\n");
    assert_eq!(codes, ["0", "0", "0", "1", "0", "0", "1", "0", "0"], "{all}\n{complaints}");
    for name in ["full", "sealed"] {
        assert!(said(name).contains("old.txt"), "{name}: {all}");
    }
    assert!(said("refused-full").contains("disk_full"), "{all}");
    assert!(said("refused-sealed").contains("read_only"), "{all}");
    assert!(said("found").contains("new.txt"), "nothing is lost by it");
}

#[test]
fn a_model_of_another_architecture_is_named() {
    let docent = Docent::new();
    let text = |text: &str| [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat();
    // A GGUF header with one entry: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    let file = [
        b"GGUF".as_slice(),
        &3u32.to_le_bytes(),
        &0u64.to_le_bytes(),
        &1u64.to_le_bytes(),
        &text("general.architecture"),
        &8u32.to_le_bytes(),
        &text("rwkv7"),
    ]
    .concat();
    let path = docent.write("other.gguf", file);
    let models = docent.documents().join("models");
    let ran = ran(docent
        .command()
        .env("DOCENT_MODELS", models)
        .args(["models", "import"])
        .arg(path)
        .output()
        .unwrap());
    assert_eq!(ran.error_code(), "model_unsupported", "{}", ran.stdout);
    assert!(ran.stdout.contains("rwkv7"), "{}", ran.stdout);
}

#[test]
fn a_second_docent_is_told_that_the_library_is_in_use() {
    let docent = Docent::new();
    docent.write("note.txt", "Heliotrope.\n");
    docent.add_documents().ok();
    let mut first = docent
        .command()
        .arg("chat")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the first docent");
    std::thread::sleep(std::time::Duration::from_secs(3));
    let second = docent.run(["sources"]);
    assert_eq!(second.code, Some(1));
    assert_eq!(second.error_code(), "library_in_use");
    drop(first.stdin.take());
    assert!(first.wait().unwrap().success());
    docent.run(["sources"]).ok();
}

#[test]
fn a_question_may_not_be_empty_or_longer_than_the_context() {
    let docent = Docent::new();
    docent.run([std::ffi::OsStr::new("add"), sample().as_os_str()]).ok();
    assert_eq!(docent.run(["ask", "  ?! "]).error_code(), "question_empty");
    let long = "Why are the stacks kept at a steady humidity in the reading room? ".repeat(1_000);
    assert_eq!(docent.run(["ask", &long]).error_code(), "question_too_long");
}

#[test]
fn a_damaged_model_is_named_and_the_library_still_works() {
    let docent = Docent::new();
    docent.write("note.txt", "Heliotrope grows by the wall.\n");
    docent.add_documents().ok();
    let models = docent.data().parent().unwrap().join("models");
    let real =
        docent_tests::cache().join("models/SmolLM2-135M-Instruct-Q4_1/SmolLM2-135M-Instruct.Q4_1.gguf");
    let content = std::fs::read(&real).expect("the chat model is installed");
    for (cut, code) in [(1_000_000, "model_damaged"), (0, "model_damaged")] {
        let cut_short = docent.data().parent().unwrap().join("cut.gguf");
        std::fs::write(&cut_short, &content[..cut]).unwrap();
        let ran = ran(docent
            .command()
            .env("DOCENT_MODELS", &models)
            .args(["models", "import", "--name", "SmolLM2-135M-Instruct-Q4_1"])
            .arg(&cut_short)
            .output()
            .unwrap());
        assert_eq!(ran.code, Some(1), "{} {}", ran.stdout, code);
        assert!(
            ["checksum_mismatch", "model_damaged", "model_unsupported"].contains(&ran.error_code().as_str())
        );
    }
    docent.run(["search", "heliotrope"]).ok();
}

#[test]
fn doctor_fails_when_something_needed_is_missing() {
    let docent = Docent::new();
    docent.run(["doctor"]).ok();
    let without =
        ran(docent.command().env("DOCENT_MODELS", docent.documents()).arg("doctor").output().unwrap());
    assert_eq!(without.code, Some(1));
    assert_eq!(without.json()["healthy"], false);
    assert!(programs().join("docent-extract-worker").is_file());
}
