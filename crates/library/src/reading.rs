//! Reading a document's file: when it begins, and what it came to.
//!
//! While a long run reads an earlier state of a file, a small change may read a later one at once. Which
//! of them a verdict is about is therefore part of it: the count of the states the file was seen in
//! ([`Document::change`]) when reading began.

use crate::Library;
use crate::documents::{Document, DocumentState, require_document, select_documents};
use crate::error::{LibraryError, Step};
use crate::unindexed;
use docent_corpus::DocumentId;
use rusqlite::{Connection, params};

/// Why a file of a kind that is not read is left out.
pub(crate) const UNSUPPORTED: &str = "unsupported";

/// What reading a file came to, other than text for a batch ([`Library::store_batch`]) or another
/// document's bytes ([`Library::mark_copy`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What is live was read from these very bytes.
    Same,
    /// It could not be read.
    Failed {
        /// Which error.
        code: &'static str,
        /// Particulars of it.
        detail: String,
        /// Which extractor failed: a newer one tries again ([`Library::queue_outdated`]).
        extractor: String,
    },
    /// It is not wanted.
    Skipped {
        /// Why.
        code: &'static str,
        /// Particulars of it.
        detail: String,
    },
    /// It is of a kind that is not read.
    Unsupported {
        /// Which kind.
        kind: String,
        /// Which kinds are read: when there are others it is looked at again ([`Library::queue_outdated`]).
        kinds: String,
    },
    /// It is to be read again.
    Again,
}

impl Library {
    /// Takes a waiting document to read it now, and gives it as it is now; `None` if it waits no more.
    /// Call it *before* opening the file: then a change that is seen while it is being read queues it
    /// again.
    pub fn begin_reading(&self, id: DocumentId, now_ms: i64) -> Result<Option<Document>, LibraryError> {
        self.write_relaxed("beginning to read", |tx| {
            let Some(document) = select_documents(tx, "id = ?1 AND state = 'waiting'", [id.0])?.pop() else {
                return Ok(None);
            };
            set_state(tx, id, DocumentState::Reading, None, None, now_ms)?;
            Ok(Some(Document { state: DocumentState::Reading, updated_ms: now_ms, ..document }))
        })
    }

    /// Records what reading a document came to that [`Library::begin_reading`] gave. Gives `false` if
    /// that counts no more: the file was seen in another state since, which waits, is being read or
    /// was.
    pub fn end_reading(
        &self,
        document: &Document,
        verdict: Verdict,
        now_ms: i64,
    ) -> Result<bool, LibraryError> {
        self.write_relaxed("recording what reading came to", |tx| {
            require_document(tx, document.id)?;
            let counts = is_under_way(tx, document)?;
            if counts {
                record(tx, document.id, verdict, now_ms)?;
            }
            Ok(counts)
        })
    }
}

/// Whether a document is being read, and what is being read of it is this state of its file. A file
/// that is seen in another state waits from then on, so it is not being read.
pub(crate) const UNDER_WAY: &str =
    "(document.state = 'reading' AND document.reading_change = ?2 AND document.change = ?2)";

fn is_under_way(tx: &Connection, document: &Document) -> Result<bool, LibraryError> {
    let sql = format!("SELECT {UNDER_WAY} IS TRUE FROM document WHERE id = ?1");
    tx.query_row(&sql, params![document.id.0, document.change], |row| row.get(0)).step("reading a state")
}

fn record(tx: &Connection, id: DocumentId, verdict: Verdict, now_ms: i64) -> Result<(), LibraryError> {
    match verdict {
        Verdict::Same => {
            set_state(tx, id, DocumentState::Indexed, None, None, now_ms)?;
            unindexed::keep_by_words(tx, id)
        }
        Verdict::Failed { code, detail, extractor } => fail(tx, id, code, Some(&detail), &extractor, now_ms),
        Verdict::Skipped { code, detail } => {
            set_state(tx, id, DocumentState::Skipped, Some(code), Some(&detail), now_ms)
        }
        Verdict::Unsupported { kind, kinds } => {
            set_state(tx, id, DocumentState::Skipped, Some(UNSUPPORTED), Some(&kind), now_ms)?;
            set_extractor(tx, id, &kinds)
        }
        Verdict::Again => set_state(tx, id, DocumentState::Waiting, None, None, now_ms),
    }
}

pub(crate) fn fail(
    tx: &Connection,
    id: DocumentId,
    error_code: &str,
    detail: Option<&str>,
    extractor: &str,
    now_ms: i64,
) -> Result<(), LibraryError> {
    set_state(tx, id, DocumentState::Failed, Some(error_code), detail, now_ms)?;
    set_extractor(tx, id, extractor)
}

fn set_extractor(tx: &Connection, id: DocumentId, extractor: &str) -> Result<(), LibraryError> {
    tx.execute("UPDATE document SET extractor = ?2 WHERE id = ?1", params![id.0, extractor])
        .step("recording who read a document")?;
    Ok(())
}

pub(crate) fn set_state(
    tx: &Connection,
    id: DocumentId,
    state: DocumentState,
    error_code: Option<&str>,
    detail: Option<&str>,
    now_ms: i64,
) -> Result<(), LibraryError> {
    let sql = "UPDATE document SET state = ?2, error_code = ?3, error_detail = ?4, updated_ms = ?5,
                   reading_change = iif(?2 = 'reading', change, NULL) WHERE id = ?1";
    tx.execute(sql, params![id.0, state.as_str(), error_code, detail, now_ms]).step("recording a state")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;

    fn failed() -> Verdict {
        Verdict::Failed { code: "damaged", detail: "ab".to_owned(), extractor: "x9".to_owned() }
    }

    fn skipped() -> Verdict {
        Verdict::Skipped { code: "backup", detail: "ab".to_owned() }
    }

    #[test]
    fn only_what_waits_is_taken() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let begun = world.library.begin_reading(id, 3).unwrap().unwrap();
        assert_eq!(begun, world.library.document(id).unwrap());
        assert_eq!(begun.state, DocumentState::Reading);
        assert_eq!(world.library.begin_reading(id, 4).unwrap(), None, "it is being read");
        assert_eq!(world.library.begin_reading(DocumentId(99), 4).unwrap(), None);
        world.library.delete_document(id, 5).unwrap();
        assert_eq!(world.library.end_reading(&begun, Verdict::Again, 6).unwrap_err().code(), "not_found");
    }

    #[test]
    fn a_verdict_says_where_a_document_stands() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let end = |verdict| {
            let begun = world.library.begin_reading(id, 3).unwrap().unwrap();
            assert!(world.library.end_reading(&begun, verdict, 4).unwrap());
            let is = world.library.document(id).unwrap();
            world.set_state(id, DocumentState::Waiting, None);
            (is.state, is.error_code, is.error_detail, is.extractor)
        };
        let (code, said) = (|code: &str| Some(code.to_owned()), Some("ab".to_owned()));
        assert_eq!(end(Verdict::Again), (DocumentState::Waiting, None, None, None));
        assert_eq!(end(skipped()), (DocumentState::Skipped, code("backup"), said.clone(), None));
        assert_eq!(end(failed()), (DocumentState::Failed, code("damaged"), said.clone(), code("x9")));
        let unsupported = Verdict::Unsupported { kind: "ab".to_owned(), kinds: "k1".to_owned() };
        assert_eq!(end(unsupported), (DocumentState::Skipped, code("unsupported"), said, code("k1")));
        assert_eq!(end(Verdict::Same), (DocumentState::Indexed, None, None, code("k1")));
    }

    #[test]
    fn a_verdict_on_the_state_before_a_change_does_not_count() {
        let world = fixture();
        let id = world.see("a.md", 1).document();
        let begun = world.library.begin_reading(id, 3).unwrap().unwrap();
        world.see("a.md", 2);
        assert!(!world.library.end_reading(&begun, failed(), 4).unwrap());
        let document = world.library.document(id).unwrap();
        assert_eq!((document.state, document.error_code), (DocumentState::Waiting, None));
    }

    #[test]
    fn a_verdict_on_an_earlier_state_does_not_touch_a_later_one() {
        for verdict in [failed(), Verdict::Same, Verdict::Again, skipped()] {
            let world = fixture();
            let id = world.see("a.md", 1).document();
            let slow = world.library.begin_reading(id, 3).unwrap().unwrap();
            world.see("a.md", 2);
            // A small change is read at once, while the earlier state is still being read.
            let quick = world.library.begin_reading(id, 4).unwrap().unwrap();
            assert!(quick.change > slow.change);
            assert!(
                !world.library.end_reading(&slow, verdict.clone(), 5).unwrap(),
                "the later one is being read"
            );
            assert_eq!(world.library.document(id).unwrap().state, DocumentState::Reading);
            let batch = world.stage(id, "the later text");
            world.library.publish_batch(batch.id, 1, 6).unwrap();
            assert!(!world.library.end_reading(&slow, verdict, 7).unwrap(), "the later one is indexed");
            let document = world.library.document(id).unwrap();
            assert_eq!((document.state, document.error_code), (DocumentState::Indexed, None));
            assert_eq!(document.extractor.as_deref(), Some("x1"));
        }
    }

    #[test]
    fn an_earlier_state_makes_no_copy_of_a_later_one() {
        let world = fixture();
        let original = world.index("a.md", "text here");
        let id = world.see("b.md", 1).document();
        let slow = world.library.begin_reading(id, 3).unwrap().unwrap();
        world.see("b.md", 2);
        let quick = world.library.begin_reading(id, 4).unwrap().unwrap();
        assert!(!world.library.mark_copy(&slow, original, "text here", 5).unwrap());
        assert!(world.library.mark_copy(&quick, original, "text here", 5).unwrap());
    }
}
