//! Documents between being read and being in the index, as readers find them.

use super::*;
use crate::testing::{Fixture, fixture};
use crate::{DocumentState, Standing, Verdict};

fn found(world: &Fixture, text: &str, phrase: bool) -> Vec<DocumentId> {
    let query = UnindexedQuery { text, phrase, sources: None, documents: None };
    world.library.search_unindexed(&query, 9).unwrap().into_iter().map(|hit| hit.document).collect()
}

fn has_words(world: &Fixture) -> bool {
    world.library.read("a test", is_empty).map(|empty| !empty).unwrap()
}

#[test]
fn a_new_document_is_found_by_words_from_storing_to_publishing() {
    let world = fixture();
    let id = world.see("a.md", 1).document();
    let batch = world.stage(id, "Zebras and Ärzte\n\n全文检索 works");
    let document = world.library.document(id).unwrap();
    assert_eq!((document.state, document.standing()), (DocumentState::Reading, Standing::Words));
    assert_eq!(document.live_revision, Some(batch.revisions[0].0));
    for text in ["zebra", "ÄRZTE", "全文检索", "nothing OR zebras", "\"zebras\" *"] {
        assert_eq!(found(&world, text, false), [id], "{text}");
    }
    assert_eq!(found(&world, "zebras and", true), [id]);
    assert!(found(&world, "and zebras", true).is_empty());
    assert!(found(&world, "giraffe", false).is_empty() && found(&world, " \"*\" ", false).is_empty());
    assert!(has_words(&world));
    let counts = world.library.document_counts().unwrap();
    assert_eq!((counts.words, counts.indexed, counts.chunks), (1, 0, 2));
    let world = world.crash();
    assert_eq!(found(&world, "zebra", false), [id], "also after a crash");
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Words);
    world.library.publish_batch(batch.id, 1, 5).unwrap();
    assert!(found(&world, "zebra", false).is_empty(), "the index finds it now");
    assert_eq!(world.library.document(id).unwrap().state, DocumentState::Indexed);
    assert!(!has_words(&world));
}

#[test]
fn what_the_index_holds_already_is_not_found_twice() {
    let world = fixture();
    let (a, b) = (world.see("a.md", 1).document(), world.see("b.md", 1).document());
    let first = world.stage(a, "zebra one");
    let second = world.stage(b, "zebra two");
    world.library.set_active_profile(world.profile).unwrap();
    world.library.publish_batch(first.id, 1, 5).unwrap();
    assert_eq!(found(&world, "zebra", false), [b]);
    assert!(has_words(&world), "the other still needs its words");
    world.library.publish_batch(second.id, 2, 6).unwrap();
    assert!(!has_words(&world));
}

#[test]
fn scope_and_limit_are_kept() {
    let world = fixture();
    let (a, b) = (world.see("a.md", 1).document(), world.see("b.md", 1).document());
    world.stage_all(&[(a, "zebra"), (b, "zebra zebra")]).unwrap();
    let hits = |sources: Option<&[SourceId]>, documents: Option<&[DocumentId]>, limit| {
        let query = UnindexedQuery { text: "zebra", phrase: false, sources, documents };
        world.library.search_unindexed(&query, limit).unwrap().len()
    };
    assert_eq!((hits(None, None, 9), hits(None, None, 1)), (2, 1));
    assert_eq!((hits(Some(&[world.source]), None, 9), hits(Some(&[SourceId(99)]), None, 9)), (2, 0));
    assert_eq!((hits(None, Some(&[b]), 9), hits(None, Some(&[]), 9)), (1, 0));
}

#[test]
fn an_edited_document_shows_what_it_held_until_the_index_has_the_new() {
    let world = fixture();
    let id = world.index("a.md", "older text");
    world.see("a.md", 2);
    world.set_state(id, DocumentState::Reading, None);
    let batch = world.stage(id, "newer text");
    assert!(found(&world, "newer", false).is_empty());
    assert_eq!(world.live_texts(), ["older text"]);
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Stale);
    world.library.publish_batch(batch.id, 1, 5).unwrap();
    assert_eq!(world.live_texts(), ["newer text"]);
}

#[test]
fn what_changes_before_its_vectors_are_there_waits_and_stays_found() {
    let world = fixture();
    let id = world.see("a.md", 1).document();
    let batch = world.stage(id, "first text");
    world.see("a.md", 2);
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Stale);
    world.set_state(id, DocumentState::Reading, None);
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Stale);
    world.library.publish_batch(batch.id, 1, 5).unwrap();
    assert_eq!(world.library.document(id).unwrap().state, DocumentState::Reading, "it is read again");
    assert_eq!(world.live_texts(), ["first text"]);
}

#[test]
fn a_batch_that_is_given_up_takes_its_documents_out_of_sight() {
    let world = fixture();
    let id = world.see("a.md", 1).document();
    let batch = world.stage(id, "zebra text");
    world.library.abort_batch(batch.id, 5).unwrap();
    assert!(found(&world, "zebra", false).is_empty() && world.live_texts().is_empty());
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Waiting);
    assert!(!has_words(&world));
}

#[test]
fn what_was_only_touched_is_still_found_by_words_alone() {
    let world = fixture();
    let id = world.see("a.md", 1).document();
    let batch = world.stage(id, "zebra text");
    world.see("a.md", 2);
    // Its bytes are the same.
    assert!(world.library.end_reading(&world.begin(id), Verdict::Same, 4).unwrap());
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Words);
    world.library.abort_batch(batch.id, 5).unwrap();
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Waiting);
    assert!(world.live_texts().is_empty());
}

#[test]
fn what_is_edited_before_its_vectors_are_there_is_found_as_it_is_now_and_computed_once() {
    let world = fixture();
    let id = world.see("a.md", 1).document();
    let first = world.stage(id, "zebra text");
    world.see("a.md", 2);
    world.set_state(id, DocumentState::Reading, None);
    let second = world.stage(id, "giraffe text");
    assert!(found(&world, "zebra", false).is_empty());
    assert_eq!(found(&world, "giraffe", false), [id]);
    assert_eq!(world.live_texts(), ["giraffe text"]);
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Words);
    assert_eq!(world.library.size_of_batch(first.id).unwrap(), (0, 0), "nothing is left to compute");
    assert_eq!(world.library.size_of_batch(second.id).unwrap(), (1, 1));
    let world = world.crash();
    for batch in [first.id, second.id] {
        world.library.publish_batch(batch, 1, 5).unwrap();
    }
    assert_eq!(world.live_texts(), ["giraffe text"]);
    assert_eq!(world.library.document(id).unwrap().state, DocumentState::Indexed);
    let due = world.library.pending_purges(world.profile, 9).unwrap();
    assert_eq!(due, [first.revisions[0].0], "its rows may have been under way");
    world.library.finish_purges(world.profile, &due).unwrap();
    assert!(world.library.chunks_of(due[0]).unwrap().is_empty());
}

#[test]
fn of_two_edits_that_wait_for_the_index_only_the_later_is_computed() {
    let world = fixture();
    let id = world.index("a.md", "indexed text");
    let edit = |time: i64, text: &str| {
        world.see("a.md", time);
        world.set_state(id, DocumentState::Reading, None);
        world.stage(id, text)
    };
    let (first, second) = (edit(2, "first edit"), edit(3, "second edit"));
    assert_eq!(world.library.size_of_batch(first.id).unwrap(), (0, 0));
    assert_eq!(world.live_texts(), ["indexed text"], "as long as the index holds nothing newer");
    world.library.publish_batch(first.id, 2, 5).unwrap();
    assert_eq!(world.live_texts(), ["indexed text"]);
    world.library.publish_batch(second.id, 3, 6).unwrap();
    assert_eq!(world.live_texts(), ["second edit"]);
    assert_eq!(world.library.document(id).unwrap().state, DocumentState::Indexed);
}

#[test]
fn an_older_state_of_a_file_is_not_stored_once_a_later_one_waits_for_the_index() {
    let world = fixture();
    let id = world.index("a.md", "indexed text");
    world.see("a.md", 2);
    let older = world.library.document(id).unwrap().change;
    world.see("a.md", 3);
    let later = world.stage(id, "later text");
    let (text, chunks) = crate::testing::read("older text");
    let revision = crate::NewRevision {
        document: id,
        change: Some(older),
        content_hash: "h",
        extractor: "x1",
        chunker: "c1",
        text: &text,
        chunks: &chunks,
    };
    assert_eq!(world.library.store_batch(world.profile, &[revision], 6).unwrap().1, 0);
    world.library.publish_batch(later.id, 2, 7).unwrap();
    assert_eq!(world.live_texts(), ["later text"]);
}

#[test]
fn what_was_read_again_at_a_crash_waits_and_stays_found() {
    let world = fixture();
    let id = world.see("a.md", 1).document();
    let batch = world.stage(id, "first text");
    world.see("a.md", 2);
    world.set_state(id, DocumentState::Reading, None);
    let world = world.crash();
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Stale);
    world.library.publish_batch(batch.id, 1, 5).unwrap();
    assert_eq!(world.library.document(id).unwrap().standing(), Standing::Stale);
    assert_eq!(world.live_texts(), ["first text"]);
}

#[test]
fn an_older_state_of_a_file_is_not_stored_once_a_later_one_is_live() {
    let world = fixture();
    let id = world.see("a.md", 1).document();
    let older = world.library.document(id).unwrap().change;
    world.see("a.md", 2);
    let batch = world.stage(id, "later text");
    world.library.publish_batch(batch.id, 1, 5).unwrap();
    let (text, chunks) = crate::testing::read("older text");
    let revision = crate::NewRevision {
        document: id,
        change: Some(older),
        content_hash: "h",
        extractor: "x1",
        chunker: "c1",
        text: &text,
        chunks: &chunks,
    };
    let (batch, stored) = world.library.store_batch(world.profile, &[revision], 6).unwrap();
    assert_eq!(stored, 0);
    world.library.publish_batch(batch, 2, 7).unwrap();
    assert_eq!(world.live_texts(), ["later text"]);
    assert_eq!(world.library.document(id).unwrap().state, DocumentState::Indexed);
}

#[test]
fn the_index_of_another_model_does_not_keep_words_alive() {
    let world = fixture();
    world.library.set_active_profile(world.profile).unwrap();
    let batch = world.stage(world.see("a.md", 1).document(), "zebra");
    let (other, _) = world.library.ensure_profile(&crate::testing::profile("other")).unwrap();
    let building = world.library.queue_unindexed(other).unwrap();
    world.library.publish_batch(building[0], 1, 4).unwrap();
    assert_eq!(found(&world, "zebra", false).len(), 1, "the other index answers nothing yet");
    world.library.publish_batch(batch.id, 1, 5).unwrap();
    assert!(!has_words(&world));
}

#[test]
fn a_forgotten_document_leaves_no_words_while_others_wait() {
    let world = fixture();
    let (a, b) = (world.see("a.md", 1).document(), world.see("b.md", 1).document());
    let batch = world.stage_all(&[(a, "quokka zirconium"), (b, "zebra")]).unwrap();
    world.library.forget_document(a, None, 5).unwrap();
    world.library.release_unwanted(world.profile, &[batch.id]).unwrap();
    assert_eq!(world.library.batch(batch.id).unwrap().revisions.len(), 1);
    world.library.release_unwanted(world.profile, &[]).unwrap();
    let due = world.library.pending_purges(world.profile, 9).unwrap();
    world.library.finish_purges(world.profile, &due).unwrap();
    assert_eq!(found(&world, "zebra", false), [b]);
    assert!(world.library.chunks_of(due[0]).unwrap().is_empty());
    let database = world.library.data_folder().join(crate::DATABASE);
    world.library.close().unwrap();
    let bytes = std::fs::read(database).unwrap();
    assert!(!bytes.windows(6).any(|part| part == b"quokka"));
}

#[test]
fn a_deleted_document_leaves_no_words_behind() {
    let world = fixture();
    let id = world.see("a.md", 1).document();
    let batch = world.stage(id, "quokka zirconium");
    world.library.forget_document(id, None, 5).unwrap();
    assert!(found(&world, "quokka", false).is_empty());
    world.library.publish_batch(batch.id, 1, 6).unwrap();
    let due = world.library.pending_purges(world.profile, 9).unwrap();
    world.library.finish_purges(world.profile, &due).unwrap();
    assert!(!has_words(&world));
    let database = world.library.data_folder().join(crate::DATABASE);
    world.library.close().unwrap();
    let bytes = std::fs::read(database).unwrap();
    assert!(!bytes.windows(6).any(|part| part == b"quokka"));
}
