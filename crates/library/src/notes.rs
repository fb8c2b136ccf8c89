//! What belongs to notes beside their text: earlier versions, tags, links from one to another.

use crate::Library;
use crate::error::{LibraryError, Step};
use docent_corpus::{DocumentId, SourceId};
use rusqlite::{Connection, params};

/// Versions kept of a note at most; of those in between the older ones go first.
const VERSIONS: i64 = 100;
/// Saves within this time of each other leave one version: a person types on.
const SAME_SITTING_MS: i64 = 10 * 60 * 1_000;

/// What a note held before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteVersion {
    /// Its id.
    pub id: i64,
    /// Path below the notes' folder.
    pub path: String,
    /// When it was saved over.
    pub saved_ms: i64,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A document that links to a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backlink {
    /// The document.
    pub document: DocumentId,
    /// Its path below its source's root.
    pub rel_path: String,
    /// Its title, if it has one.
    pub title: Option<String>,
}

impl Library {
    /// Keeps what a note holds before it is saved over, renamed or deleted. Within ten minutes of the
    /// version before, only with `always`: else each pause in typing would leave one.
    pub fn keep_note_version(
        &self,
        path: &str,
        text: &str,
        always: bool,
        now_ms: i64,
    ) -> Result<(), LibraryError> {
        let step = "keeping a version";
        self.write(step, |tx| {
            let sql = "SELECT EXISTS (SELECT 1 FROM note_version WHERE path = ?1 AND (text = ?2
                           OR (saved_ms > ?3 AND NOT ?4)) AND id = (SELECT max(id) FROM note_version WHERE path = ?1))";
            let kept: bool = tx
                .query_row(sql, params![path, text, now_ms - SAME_SITTING_MS, always], |row| row.get(0))
                .step(step)?;
            if kept {
                return Ok(());
            }
            let sql = "INSERT INTO note_version (path, saved_ms, text) VALUES (?1, ?2, ?3)";
            tx.execute(sql, params![path, now_ms, text]).step(step)?;
            let sql = "DELETE FROM note_version WHERE path = ?1 AND id NOT IN (
                           SELECT id FROM note_version WHERE path = ?1 ORDER BY id DESC LIMIT ?2)";
            tx.execute(sql, params![path, VERSIONS]).step(step)?;
            Ok(())
        })
    }

    /// The versions of a note, latest first; also of one that was deleted.
    pub fn note_versions(&self, path: &str) -> Result<Vec<NoteVersion>, LibraryError> {
        let step = "reading versions";
        self.read(step, |db| {
            let sql =
                "SELECT id, path, saved_ms, length(CAST(text AS BLOB)) FROM note_version WHERE path = ?1
                       ORDER BY id DESC";
            let mut statement = db.prepare(sql).step(step)?;
            let rows = statement.query_map([path], |row| {
                Ok(NoteVersion {
                    id: row.get(0)?,
                    path: row.get(1)?,
                    saved_ms: row.get(2)?,
                    bytes: row.get::<_, i64>(3)? as u64,
                })
            });
            rows.step(step)?.collect::<rusqlite::Result<_>>().step(step)
        })
    }

    /// The text of a version.
    pub fn note_version_text(&self, id: i64) -> Result<String, LibraryError> {
        let step = "reading a version";
        self.read(step, |db| {
            use rusqlite::OptionalExtension;
            db.query_row("SELECT text FROM note_version WHERE id = ?1", [id], |row| row.get(0))
                .optional()
                .step(step)?
                .ok_or_else(|| LibraryError::not_found(format_args!("version {id}")))
        })
    }

    /// Versions follow a note that gets another name.
    pub fn rename_note_versions(&self, from: &str, to: &str) -> Result<(), LibraryError> {
        let step = "renaming versions";
        self.write(step, |tx| {
            tx.execute("UPDATE note_version SET path = ?2 WHERE path = ?1", [from, to]).step(step)?;
            Ok(())
        })
    }

    /// The tags of all documents that can be found, or of those of one source, each with how many
    /// carry it; the most used first.
    pub fn tags(&self, source: Option<SourceId>) -> Result<Vec<(String, usize)>, LibraryError> {
        let step = "reading tags";
        self.read(step, |db| {
            let sql = "SELECT t.tag, COUNT(*) FROM document_tag t JOIN document d ON d.id = t.document_id
                       WHERE d.deleted_ms IS NULL AND d.live_rev IS NOT NULL AND (?1 IS NULL OR d.source_id = ?1)
                       GROUP BY t.tag ORDER BY COUNT(*) DESC, t.tag";
            let mut statement = db.prepare(sql).step(step)?;
            let rows = statement.query_map([source.map(|id| id.0)], |row| {
                Ok((row.get(0)?, row.get::<_, i64>(1)? as usize))
            });
            rows.step(step)?.collect::<rusqlite::Result<_>>().step(step)
        })
    }

    /// The documents of a source whose links name one of `targets`; upper and lower case are the same.
    pub fn backlinks(&self, source: SourceId, targets: &[String]) -> Result<Vec<Backlink>, LibraryError> {
        let step = "reading links";
        let targets: Vec<String> = targets.iter().map(|target| target.to_lowercase()).collect();
        let targets = serde_json::to_string(&targets).step(step)?;
        self.read(step, |db| {
            let sql = "SELECT DISTINCT d.id, d.rel_path, d.title FROM document_link l
                       JOIN document d ON d.id = l.document_id
                       WHERE d.deleted_ms IS NULL AND d.live_rev IS NOT NULL AND d.source_id = ?1
                         AND l.target IN (SELECT value FROM json_each(?2)) ORDER BY d.rel_path";
            let mut statement = db.prepare(sql).step(step)?;
            let rows = statement.query_map(params![source.0, targets], |row| {
                Ok(Backlink { document: DocumentId(row.get(0)?), rel_path: row.get(1)?, title: row.get(2)? })
            });
            rows.step(step)?.collect::<rusqlite::Result<_>>().step(step)
        })
    }
}

/// Makes the tags and links of a document those of its live revision. Links are compared without
/// regard to upper and lower case, so they are stored in lower case; SQLite's own `lower` knows only
/// ASCII.
pub(crate) fn record(tx: &Connection, document: i64, metadata: &str) -> Result<(), LibraryError> {
    let step = "recording tags";
    for table in ["document_tag", "document_link"] {
        tx.execute(&format!("DELETE FROM {table} WHERE document_id = ?1"), [document]).step(step)?;
    }
    let metadata: docent_corpus::Metadata = serde_json::from_str(metadata).step(step)?;
    for tag in &metadata.tags {
        tx.execute("INSERT OR IGNORE INTO document_tag VALUES (?1, ?2)", params![document, tag])
            .step(step)?;
    }
    for link in &metadata.links {
        let values = params![document, link.to_lowercase()];
        tx.execute("INSERT OR IGNORE INTO document_link VALUES (?1, ?2)", values).step(step)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::NewRevision;
    use crate::testing::{Fixture, fixture, read};
    use docent_corpus::DocumentId;

    fn index_with(world: &Fixture, path: &str, tags: &[&str], links: &[&str]) -> DocumentId {
        let document = world.see(path, 1).document();
        let (mut text, chunks) = read("words here");
        text.metadata.tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        text.metadata.links = links.iter().map(|link| (*link).to_owned()).collect();
        let revision = NewRevision {
            change: None,
            document,
            content_hash: path,
            extractor: "x1",
            chunker: "c1",
            text: &text,
            chunks: &chunks,
        };
        let batch = world.library.open_batch(world.profile, &[revision], 3).unwrap();
        world.library.publish_batch(batch.id, 1, 4).unwrap();
        document
    }

    #[test]
    fn tags_are_counted_and_links_lead_back() {
        let world = fixture();
        let a = index_with(&world, "a.md", &["work", "工作/项目"], &["Ünder Weg", "b"]);
        index_with(&world, "b.md", &["work"], &[]);
        let tags = world.library.tags(Some(world.source)).unwrap();
        assert_eq!(tags, [("work".to_owned(), 2), ("工作/项目".to_owned(), 1)]);
        let back = world.library.backlinks(world.source, &["ünder weg".into()]).unwrap();
        assert_eq!((back.len(), back[0].document, back[0].rel_path.as_str()), (1, a, "a.md"));
        // What is said later counts, what is gone does not.
        world.see("a.md", 5);
        index_with(&world, "a.md", &["home"], &[]);
        assert!(world.library.backlinks(world.source, &["b".into()]).unwrap().is_empty());
        world.library.delete_document(a, 9).unwrap();
        assert_eq!(world.library.tags(None).unwrap(), [("work".to_owned(), 1)]);
    }

    #[test]
    fn versions_are_kept_once_a_sitting_and_whenever_asked() {
        let world = fixture();
        let keep =
            |text: &str, always, now| world.library.keep_note_version("n.md", text, always, now).unwrap();
        keep("one", false, 0);
        keep("two", false, 1_000);
        keep("three", true, 2_000);
        keep("three", true, 3_000);
        keep("four", false, 3_000_000);
        let versions = world.library.note_versions("n.md").unwrap();
        let texts: Vec<String> =
            versions.iter().map(|version| world.library.note_version_text(version.id).unwrap()).collect();
        assert_eq!(texts, ["four", "three", "one"]);
        assert_eq!(versions[0].bytes, 4);
        world.library.rename_note_versions("n.md", "m.md").unwrap();
        assert_eq!(world.library.note_versions("m.md").unwrap().len(), 3);
        for n in 0..150 {
            world.library.keep_note_version("m.md", &format!("{n}"), true, n).unwrap();
        }
        assert_eq!(world.library.note_versions("m.md").unwrap().len(), 100);
        assert_eq!(world.library.note_version_text(1).unwrap_err().code(), "not_found");
    }
}
