//! What needs a second process: the lock, a kill in the middle of writing, a disk that is full or
//! read-only. The test binary starts itself again as that process.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod common;

use common::{profile, read};
use docent_library::{Library, NewRevision, SeenFile, SourceKind};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const ROLE: &str = "DOCENT_LIBRARY_TEST_ROLE";
const FOLDER: &str = "DOCENT_LIBRARY_TEST_FOLDER";

/// Does nothing in an ordinary run; in a started process, what its role says.
#[test]
fn role() {
    let (Ok(role), Some(folder)) = (std::env::var(ROLE), std::env::var_os(FOLDER)) else {
        return;
    };
    let folder = PathBuf::from(folder);
    match role.as_str() {
        "hold" => hold(&folder),
        "write" => write_for_ever(&folder),
        "disk" => on_a_small_disk(&folder),
        other => panic!("unknown role {other}"),
    }
}

fn command(role: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "role", "--nocapture"]).env(ROLE, role).env(FOLDER, folder);
    command
}

/// Starts a role and waits until it says that it is ready.
fn start(role: &str, folder: &Path) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = command(role, folder).stdout(Stdio::piped()).stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the {role} process ended early");
    }
    (child, lines)
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn hold(folder: &Path) {
    let (_library, _) = Library::open(folder).unwrap();
    say("ready");
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn a_second_process_is_refused_until_the_first_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, _lines) = start("hold", folder.path());
    let refused = Library::open(folder.path()).map(|_| ()).unwrap_err();
    assert_eq!(refused.code(), "in_use");
    assert!(refused.to_string().contains("another docent"), "{refused}");
    child.kill().unwrap();
    child.wait().unwrap();
    let (library, opened) = Library::open(folder.path()).unwrap();
    assert!(!opened.clean_shutdown, "a killed process leaves no lock behind, and its end is noticed");
    let again = Library::open(folder.path()).map(|_| ()).unwrap_err();
    assert_eq!(again.code(), "in_use", "nor twice in one process");
    drop(library);
}

/// Publishes one document after another and says each once it is published.
fn write_for_ever(folder: &Path) {
    let (library, _) = Library::open(folder).unwrap();
    let (profile, _) = library.ensure_profile(&profile("model")).unwrap();
    let source = library.add_source(Path::new("/files"), SourceKind::Folder, 1).unwrap();
    let done = library.document_counts().unwrap().documents;
    say("ready");
    for number in done + 1.. {
        let seen = SeenFile { source, rel_path: format!("{number:06}"), size: 1, mtime_ns: 1, file_id: None };
        let document = library.see_file(seen, 1).unwrap().document();
        let content = format!("document {number}\nwith two lines");
        let (text, chunks) = read(&content);
        let revision = NewRevision {
            change: None,
            document,
            content_hash: &content,
            extractor: "x",
            chunker: "c",
            text: &text,
            chunks: &chunks,
        };
        let batch = library.open_batch(profile, &[revision], 1).unwrap();
        library.publish_batch(batch.id, number as u64, 1).unwrap();
        say(&format!("published {number}"));
    }
}

#[test]
fn a_kill_in_the_middle_of_writing_loses_nothing_that_was_published() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=6 {
        let (mut child, mut lines) = start("write", folder.path());
        let mut published = 0;
        for _ in 0..round * 7 {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            published = line.trim().strip_prefix("published ").unwrap().parse().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let (library, opened) = Library::open(folder.path()).unwrap();
        assert!(!opened.clean_shutdown);
        let counts = library.document_counts().unwrap();
        assert!(counts.indexed >= published, "{published} were published, {} are there", counts.indexed);
        assert!(counts.words <= 1, "the one that was being indexed is found by its words");
        assert_eq!(counts.chunks, (counts.indexed + counts.words) * 2);
        let (profile, _) = library.ensure_profile(&profile("model")).unwrap();
        let open = library.open_batches(profile).unwrap();
        assert!(open.len() <= 1 && open.iter().all(|batch| batch.chunks.len() == 2), "whole or not at all");
        for batch in open {
            library.abort_batch(batch.id, 5).unwrap();
        }
        for document in library.next_waiting(9, None).unwrap() {
            library.delete_document(document.id, 1).unwrap();
        }
    }
}

/// Runs a shell script in a mount namespace of its own, where it may mount a small disk. `None` where
/// the system does not allow that.
#[cfg(target_os = "linux")]
fn with_small_disk(folder: &Path) -> Option<std::process::ExitStatus> {
    let allowed = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none"]).arg(folder).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let script = "mount -t tmpfs -o size=6m none \"$DOCENT_LIBRARY_TEST_FOLDER\" && exec \"$0\" \"$@\"";
    let mut inner = Command::new("unshare");
    inner.args(["-rm", "sh", "-c", script]).arg(std::env::current_exe().unwrap());
    inner.args(["--exact", "role", "--nocapture"]).env(ROLE, "disk").env(FOLDER, folder);
    Some(inner.status().unwrap())
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_and_a_read_only_disk_are_said_as_such() {
    let folder = tempfile::tempdir().unwrap();
    match with_small_disk(folder.path()) {
        Some(status) => assert!(status.success(), "see the output of the inner process"),
        None => say("not tried: this system does not allow mounting in a namespace"),
    }
}

fn on_a_small_disk(disk: &Path) {
    let data = disk.join("data");
    let (library, _) = Library::open(&data).unwrap();
    let (profile, _) = library.ensure_profile(&profile("model")).unwrap();
    let source = library.add_source(Path::new("/files"), SourceKind::Folder, 1).unwrap();
    let content = "words that fill the disk\n".repeat(2_000);
    let (text, chunks) = read(&content);
    let mut kept = 0;
    let refused = loop {
        let seen = SeenFile { source, rel_path: format!("{kept}"), size: 1, mtime_ns: 1, file_id: None };
        let written = library.see_file(seen, 1).and_then(|seen| {
            let document = seen.document();
            let revision = NewRevision {
                change: None,
                document,
                content_hash: "h",
                extractor: "x",
                chunker: "c",
                text: &text,
                chunks: &chunks,
            };
            let batch = library.open_batch(profile, &[revision], 1)?;
            library.publish_batch(batch.id, 1, 1)
        });
        match written {
            Ok(()) => kept += 1,
            Err(refused) => break refused,
        }
        assert!(kept < 1_000, "the disk never fills");
    };
    assert_eq!(refused.code(), "full", "{refused:?}");
    assert!(kept > 0);
    let filler = disk.join("filler");
    let _ = std::fs::write(&filler, vec![0; 8 << 20]);
    // Reading goes on, and so does opening again: what was published is all there.
    assert_eq!(library.document_counts().unwrap().indexed, kept);
    drop(library);
    match Library::open(&data) {
        Ok(opened) => drop(opened),
        Err(refused) => {
            assert_eq!(refused.code(), "full", "{refused:?}");
            let library = Library::open_for_reading(&data, refused).unwrap();
            assert_eq!(library.document_counts().unwrap().indexed, kept, "it can be read");
            assert_eq!(library.set_setting("k", &1).unwrap_err().code(), "full");
        }
    }
    std::fs::remove_file(&filler).unwrap();
    let (library, _) = Library::open(&data).unwrap();
    assert_eq!(library.document_counts().unwrap().indexed, kept);
    let waiting = library.next_waiting(9, None).unwrap();
    assert!(waiting.len() <= 1, "what did not fit waits, or was not seen yet");
    drop(library);

    let remount = Command::new("mount").args(["-o", "remount,ro"]).arg(disk).status().unwrap();
    assert!(remount.success());
    let refused = Library::open(&data).map(|_| ()).unwrap_err();
    assert_eq!(refused.code(), "read_only");
    let library = Library::open_for_reading(&data, refused).unwrap();
    assert_eq!(library.document_counts().unwrap().indexed, kept, "it can be read");
    assert_eq!(library.set_setting("k", &1).unwrap_err().code(), "read_only");
    assert_eq!(Library::open(&disk.join("other")).map(|_| ()).unwrap_err().code(), "read_only");
}
