//! How documents stand, are told and queued.

use super::*;
use crate::Verdict;
use crate::testing::fixture;

#[test]
fn states_survive_their_names() {
    for state in DocumentState::ALL {
        assert_eq!(DocumentState::parse(state.as_str()), Some(state));
    }
    assert_eq!(DocumentState::parse("other"), None);
}

#[test]
fn what_waits_below_a_folder_is_found_without_looking_at_the_rest() {
    let world = fixture();
    for path in ["a/b.md", "a/c/d.md", "a.md", "ab.md", "e.md", "文/件.md"] {
        world.see(path, 1);
    }
    world.index("a/done.md", "text");
    let within = |parts: &[&str], limit| -> Vec<String> {
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        let found = world.library.waiting_within(world.source, &parts, limit).unwrap();
        found.into_iter().map(|document| document.rel_path).collect()
    };
    assert_eq!(within(&["a"], 9), ["a/b.md", "a/c/d.md"]);
    assert_eq!(within(&["a/c", "a", "文"], 9), ["a/c/d.md", "a/b.md", "文/件.md"]);
    assert_eq!(within(&["e.md"], 9), ["e.md"]);
    assert_eq!(within(&["."], 9).len(), 6);
    assert_eq!(within(&["a"], 1).len(), 1);
    assert!(within(&["none"], 9).is_empty());
}

#[test]
fn a_failure_says_why_and_can_be_tried_again() {
    let world = fixture();
    let id = world.see("a.pdf", 1).document();
    let why = Verdict::Failed {
        code: "encrypted",
        detail: "needs a password".to_owned(),
        extractor: "x1".to_owned(),
    };
    assert!(world.library.end_reading(&world.begin(id), why, 7).unwrap());
    let document = world.library.document(id).unwrap();
    assert_eq!(document.state, DocumentState::Failed);
    assert_eq!(document.error_code.as_deref(), Some("encrypted"));
    assert_eq!(document.error_detail.as_deref(), Some("needs a password"));
    assert_eq!(document.updated_ms, 7);
    assert!(world.library.next_waiting(9, None).unwrap().is_empty());
    assert_eq!(world.library.retry_failed(Some(SourceId(99)), 8).unwrap(), 0);
    assert_eq!(world.library.retry_failed_for(world.source, "damaged", 8).unwrap(), 0);
    assert_eq!(world.library.retry_failed(None, 8).unwrap(), 1);
    let document = world.library.document(id).unwrap();
    assert_eq!((document.state, document.error_code), (DocumentState::Waiting, None));
}

#[test]
fn what_lacked_recognition_is_read_again_and_nothing_else() {
    let world = fixture();
    let scan = world.see("scan.pdf", 1).document();
    world.set_state(scan, DocumentState::Failed, Some("no_text"));
    let photo = world.see("photo.jpg", 1).document();
    world.set_state(photo, DocumentState::Failed, Some("nothing_recognized"));
    let broken = world.see("b.pdf", 1).document();
    world.set_state(broken, DocumentState::Failed, Some("damaged"));
    let whole = world.index("whole.md", "text");
    assert_eq!(world.library.queue_for_recognition(8).unwrap(), 2);
    let state = |id| world.library.document(id).unwrap().state;
    assert_eq!((state(scan), state(photo)), (DocumentState::Waiting, DocumentState::Waiting));
    assert_eq!((state(broken), state(whole)), (DocumentState::Failed, DocumentState::Indexed));
}

#[test]
fn a_newer_extractor_tries_failures_and_older_readings_again() {
    let world = fixture();
    let indexed = world.index("a.md", "text");
    let failed = world.see("b.md", 1).document();
    let why = Verdict::Failed { code: "damaged", detail: String::new(), extractor: "x1".to_owned() };
    assert!(world.library.end_reading(&world.begin(failed), why, 5).unwrap());
    assert_eq!(world.library.queue_outdated("x1", "c1", "k1", 6).unwrap(), 0);
    assert_eq!(
        world.library.queue_outdated("x1", "c2", "k1", 6).unwrap(),
        1,
        "a new chunker cannot mend a failure"
    );
    world.set_state(indexed, DocumentState::Indexed, None);
    assert_eq!(world.library.queue_outdated("x2", "c1", "k1", 8).unwrap(), 2);
    assert_eq!(world.library.next_waiting(9, None).unwrap().len(), 2);
    assert_eq!(world.live_texts(), ["text"], "what is live stays live until it is read again");
}

#[test]
fn what_was_of_an_unknown_kind_is_looked_at_again_once_other_kinds_are_read() {
    let world = fixture();
    let unknown = world.see("a.xyz", 1).document();
    let why = Verdict::Unsupported { kind: "text of an unknown type".to_owned(), kinds: "k1".to_owned() };
    assert!(world.library.end_reading(&world.begin(unknown), why, 5).unwrap());
    let large = world.see("b.md", 1).document();
    world.set_state(large, DocumentState::Skipped, Some("over_size_rule"));
    let queued = |kinds: &str| world.library.queue_outdated("x1", "c1", kinds, 6).unwrap();
    assert_eq!((queued("k1"), queued("k2")), (0, 1));
    let state = |id| world.library.document(id).unwrap().state;
    assert_eq!((state(unknown), state(large)), (DocumentState::Waiting, DocumentState::Skipped));
    // Nobody wrote down then what was read.
    let skipped = DocumentState::Skipped;
    let earlier = world.see("c.xyz", 1).document();
    world.set_state(earlier, skipped, Some("unsupported"));
    assert_eq!(queued("k2"), 1);
}

#[test]
fn large_files_wait_for_all_others() {
    let world = fixture();
    let large = LARGE_FILE as u64;
    for (path, size) in [("a huge.txt", large + 1), ("b.txt", large), ("c.txt", 1)] {
        world.library.see_file(crate::SeenFile { size, ..world.file(path, 1) }, 2).unwrap();
    }
    let waiting = |limit| {
        let found = world.library.next_waiting(limit, None).unwrap();
        found.into_iter().map(|document| document.rel_path).collect::<Vec<_>>()
    };
    assert_eq!(waiting(9), ["b.txt", "c.txt", "a huge.txt"]);
    assert_eq!(waiting(2), ["b.txt", "c.txt"]);
}

#[test]
fn copies_are_found_by_their_hash() {
    let world = fixture();
    let first = world.index("a.md", "same text");
    let second = world.index("b.md", "same text");
    world.index("c.md", "other text");
    let copies: Vec<DocumentId> = world
        .library
        .document_by_hash("same text")
        .unwrap()
        .into_iter()
        .map(|document| document.id)
        .collect();
    assert_eq!(copies, [first, second]);
    assert!(world.library.document_by_hash("nothing").unwrap().is_empty());
}

#[test]
fn a_document_carries_what_its_live_revision_says() {
    let world = fixture();
    let id = world.index("a.md", "one\n\ntwo");
    let document = world.library.document_by_path(world.source, "a.md").unwrap().unwrap();
    assert_eq!(document, world.library.document(id).unwrap());
    assert_eq!((document.state, document.chunks), (DocumentState::Indexed, 2));
    assert_eq!(document.title.as_deref(), Some("A title"));
    assert_eq!(document.format, Some(Format::Markdown));
    assert_eq!(document.extractor.as_deref(), Some("x1"));
    assert_eq!(document.content_hash.as_deref(), Some("one\n\ntwo"));
    assert!(document.live_revision.is_some());
    assert_eq!(world.library.document_by_path(world.source, "b.md").unwrap(), None);
    let gone = DocumentId(99);
    assert_eq!(world.library.document(gone).unwrap_err().code(), "not_found");
}

#[test]
fn what_was_being_read_at_a_crash_waits_again_unless_it_lies_in_a_batch() {
    let world = fixture();
    let reading = world.see("a.md", 1).document();
    world.set_state(reading, DocumentState::Reading, None);
    let staged = world.see("b.md", 1).document();
    let batch = world.stage(staged, "text");
    let world = world.crash();
    assert_eq!(world.library.document(reading).unwrap().state, DocumentState::Waiting);
    assert_eq!(world.library.document(staged).unwrap().state, DocumentState::Reading);
    world.library.abort_batch(batch.id, 5).unwrap();
    assert_eq!(world.library.document(staged).unwrap().state, DocumentState::Waiting);
}
