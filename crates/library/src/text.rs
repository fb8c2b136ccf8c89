//! The stored text of a revision.

use crate::Library;
use crate::codec::decode_blocks;
use crate::error::{LibraryError, Step};
use crate::row::{named, unreadable};
use docent_corpus::{Block, DocumentId, Format, RevisionId};
use rusqlite::{OptionalExtension, Row};
use std::collections::HashMap;

/// The whole text of a revision, as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct RevisionText {
    /// Its document.
    pub document: DocumentId,
    /// The canonical text, exactly as it was read.
    pub text: String,
    /// Its blocks; lengths on pages within 0.05 pt, everything else exactly as it was read.
    pub blocks: Vec<Block>,
    /// What the file was.
    pub format: Format,
    /// Whether this is the revision that readers see.
    pub live: bool,
}

impl Library {
    /// The text of a revision in any state. A replaced revision keeps its text as long as a message
    /// cites it and its document exists; one that is gone is [`LibraryError::NotFound`].
    pub fn revision_text(&self, revision: RevisionId) -> Result<RevisionText, LibraryError> {
        let step = "reading a text";
        let sql = "SELECT v.document_id, v.format, v.state = 'live' AS live, t.text, t.blocks
                   FROM revision v JOIN revision_text t ON t.revision_id = v.id WHERE v.id = ?1";
        self.read(step, |db| db.query_row(sql, [revision.0], text_of).optional().step(step))?
            .ok_or_else(|| LibraryError::not_found(format_args!("revision {revision}")))
    }

    /// All revisions that readers see, with how many chunks each has.
    pub fn live_revisions(&self) -> Result<HashMap<RevisionId, usize>, LibraryError> {
        let step = "reading revisions";
        self.read(step, |db| {
            let sql = "SELECT id, n_chunks FROM revision WHERE state = 'live'";
            let mut statement = db.prepare(sql).step(step)?;
            let rows = statement
                .query_map([], |row| Ok((RevisionId(row.get(0)?), row.get::<_, i64>(1)? as usize)))
                .step(step)?;
            rows.collect::<rusqlite::Result<_>>().step(step)
        })
    }

    /// Whether readers see this revision.
    pub fn is_live(&self, revision: RevisionId) -> Result<bool, LibraryError> {
        let step = "reading a revision";
        let sql = "SELECT EXISTS (SELECT 1 FROM revision WHERE id = ?1 AND state = 'live')";
        self.read(step, |db| db.query_row(sql, [revision.0], |row| row.get(0)).step(step))
    }
}

fn text_of(row: &Row<'_>) -> rusqlite::Result<RevisionText> {
    let blocks = row.get_ref("blocks")?.as_blob().map_err(|source| unreadable("blocks", source))?;
    Ok(RevisionText {
        document: DocumentId(row.get("document_id")?),
        text: row.get("text")?,
        blocks: decode_blocks(blocks).map_err(|source| unreadable("blocks", source))?,
        format: named(row, "format", Format::parse)?,
        live: row.get("live")?,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::{fixture, read};
    use docent_corpus::{Format, RevisionId};

    #[test]
    fn a_text_comes_back_with_its_blocks() {
        let world = fixture();
        let text = "第一段\n\nsecond 😀 paragraph";
        let id = world.index("a.md", text);
        let revision = world.library.document(id).unwrap().live_revision.unwrap();
        let stored = world.library.revision_text(revision).unwrap();
        assert_eq!((stored.document, stored.format, stored.live), (id, Format::Markdown, true));
        assert_eq!(stored.text, text);
        assert_eq!(stored.blocks, read(text).0.blocks);
        assert!(world.library.is_live(revision).unwrap());
        assert!(!world.library.is_live(RevisionId(99)).unwrap());
        assert_eq!(world.library.revision_text(RevisionId(99)).unwrap_err().code(), "not_found");
    }

    #[test]
    fn damaged_blocks_are_reported_and_not_guessed() {
        let world = fixture();
        let id = world.index("a.md", "text");
        let revision = world.library.document(id).unwrap().live_revision.unwrap();
        let damage = "UPDATE revision_text SET blocks = x'01FFFFFF'";
        world.library.with_writer(|db| db.execute_batch(damage)).unwrap();
        assert_eq!(world.library.revision_text(revision).unwrap_err().code(), "damaged");
    }
}
