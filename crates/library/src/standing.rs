//! How a document stands, as a person sees it: its state, and what can be done about it.

use crate::DocumentState;
use crate::unindexed::by_words;

/// How a document stands. Finer than [`DocumentState`], from which it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// To be read for the first time.
    Waiting,
    /// Being read for the first time.
    Reading,
    /// Was read and is found by words; its vectors are still to be computed.
    Words,
    /// Can be found.
    Indexed,
    /// Changed since, and waits, is being read or waits for the index; what it held before can still be
    /// found.
    Stale,
    /// It has only pictures: of text that no program was there to recognise, or ones that were looked
    /// through and hold no text.
    NeedsOcr,
    /// It is behind a password.
    NeedsPassword,
    /// Could not be read.
    Failed,
    /// Of a kind that is not read.
    Skipped,
    /// The file is gone.
    Missing,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Standing; 10] = [
        Standing::Waiting,
        Standing::Reading,
        Standing::Words,
        Standing::Indexed,
        Standing::Stale,
        Standing::NeedsOcr,
        Standing::NeedsPassword,
        Standing::Failed,
        Standing::Skipped,
        Standing::Missing,
    ];

    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Reading => "reading",
            Standing::Words => "words",
            Standing::Indexed => "indexed",
            Standing::Stale => "stale",
            Standing::NeedsOcr => "needs_ocr",
            Standing::NeedsPassword => "needs_password",
            Standing::Failed => "failed",
            Standing::Skipped => "skipped",
            Standing::Missing => "missing",
        }
    }

    /// The inverse of [`Standing::as_str`].
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == name)
    }

    /// What follows from a document's state, error code, path, and whether it has a live revision, or is
    /// found by words alone. The same rule as [`SQL`].
    pub(crate) fn of(
        state: DocumentState,
        error_code: Option<&str>,
        rel_path: &str,
        live: bool,
        by_words: bool,
    ) -> Self {
        match (state, error_code) {
            (DocumentState::Reading, _) if by_words => Standing::Words,
            (DocumentState::Waiting | DocumentState::Reading, _) if live => Standing::Stale,
            (DocumentState::Waiting, _) => Standing::Waiting,
            (DocumentState::Reading, _) => Standing::Reading,
            (DocumentState::Indexed, _) => Standing::Indexed,
            (DocumentState::Failed, Some("no_text")) if may_be_a_picture(rel_path) => Standing::NeedsOcr,
            (DocumentState::Failed, Some("nothing_recognized")) => Standing::NeedsOcr,
            (DocumentState::Failed, Some("encrypted")) => Standing::NeedsPassword,
            (DocumentState::Failed, _) => Standing::Failed,
            (DocumentState::Skipped, _) => Standing::Skipped,
            (DocumentState::Missing, _) => Standing::Missing,
        }
    }
}

/// Endings of files that may hold pictures of text; others without text are simply empty. [`SQL`] has
/// the same.
const PICTURES: [&str; 9] = ["pdf", "png", "jpg", "jpeg", "tif", "tiff", "webp", "bmp", "gif"];

fn may_be_a_picture(rel_path: &str) -> bool {
    let ending = rel_path.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| PICTURES.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}

/// The standing of a row of `document`, as SQL.
pub(crate) const SQL: &str = concat!(
    "CASE WHEN ",
    by_words!(),
    " THEN 'words'
     WHEN state IN ('waiting', 'reading') AND live_rev IS NOT NULL THEN 'stale'
     WHEN state = 'failed' AND error_code = 'no_text'
         AND (rel_path LIKE '%.pdf' OR rel_path LIKE '%.png' OR rel_path LIKE '%.jpg' OR rel_path LIKE '%.jpeg'
             OR rel_path LIKE '%.tif' OR rel_path LIKE '%.tiff' OR rel_path LIKE '%.webp'
             OR rel_path LIKE '%.bmp' OR rel_path LIKE '%.gif') THEN 'needs_ocr'
     WHEN state = 'failed' AND error_code = 'nothing_recognized' THEN 'needs_ocr'
     WHEN state = 'failed' AND error_code = 'encrypted' THEN 'needs_password'
     ELSE state END"
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fixture;
    use crate::{DocumentFilter, DocumentState};

    #[test]
    fn rust_and_sql_agree_on_every_row() {
        let world = fixture();
        for (at, ending) in PICTURES.iter().enumerate() {
            let id = world.see(&format!("picture {at}.{ending}"), 1).document();
            world.set_state(id, DocumentState::Failed, Some("no_text"));
        }
        let stale = world.index("stale.md", "one");
        world.see("stale.md", 9);
        let read_again = world.index("read again.md", "four");
        world.see("read again.md", 9);
        world.begin(read_again);
        world.begin(world.see("reading.md", 1).document());
        for (path, code) in [
            ("a.PDF", Some("no_text")),
            ("b", Some("encrypted")),
            ("c", Some("damaged")),
            ("d", None),
            ("e.html", Some("no_text")),
            ("f.zip", Some("nothing_recognized")),
            ("g.png", Some("nothing_recognized")),
        ] {
            let id = world.see(path, 1).document();
            world.set_state(id, DocumentState::Failed, code);
        }
        world.index("indexed.md", "two");
        world.see("waiting.md", 1);
        world.stage(world.see("words.md", 1).document(), "three");
        let (all, _) = world.library.documents(DocumentFilter::default()).unwrap();
        for standing in Standing::ALL {
            let filter = DocumentFilter { standings: vec![standing], ..DocumentFilter::default() };
            let (listed, total) = world.library.documents(&filter).unwrap();
            let expected: Vec<_> = all.iter().filter(|document| document.standing() == standing).collect();
            assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{standing:?}");
            assert_eq!(total, expected.len());
        }
        for edited in [stale, read_again] {
            assert_eq!(world.library.document(edited).unwrap().standing(), Standing::Stale);
        }
        let counts = world.library.document_counts().unwrap();
        assert_eq!(
            (counts.stale, counts.needs_ocr, counts.needs_password, counts.failed),
            (2, 3 + PICTURES.len(), 1, 3)
        );
        assert_eq!(
            (counts.indexed, counts.waiting, counts.reading, counts.words, counts.documents),
            (1, 1, 1, 1, 13 + PICTURES.len())
        );
        for standing in Standing::ALL {
            assert_eq!(Standing::parse(standing.as_str()), Some(standing));
        }
    }
}
