//! Chunks as they are stored, with what a reader needs beside them.

use crate::Library;
use crate::error::{LibraryError, Step};
use crate::row::{json, optional_json, spans};
use docent_corpus::{ChunkId, DocumentId, RevisionId, SourceId, Span, Spot};
use rusqlite::{Connection, Params, Row};

/// A chunk with its place in a revision, a document and a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChunk {
    /// Its id.
    pub id: ChunkId,
    /// Its revision.
    pub revision: RevisionId,
    /// Its document.
    pub document: DocumentId,
    /// Its source.
    pub source: SourceId,
    /// Its place in the revision, counted from 0.
    pub ord: u32,
    /// The pieces of the canonical text that make the chunk, in order.
    pub spans: Vec<Span>,
    /// Headings above it, outermost first.
    pub headings: Vec<String>,
    /// Its sentences, in the canonical text, in order.
    pub sentences: Vec<Span>,
    /// Page it begins on, counted from 0, for formats that have pages.
    pub page: Option<u32>,
    /// The page's own label.
    pub page_label: Option<String>,
    /// Line it begins on, counted from 1, for formats that have lines.
    pub line: Option<u32>,
    /// Where it begins in an original that has neither pages nor lines.
    pub spot: Option<Spot>,
    /// The file within the file that it stands in.
    pub member: Option<String>,
    /// Its length in tokens of the embedder, header included.
    pub tokens: u32,
    /// The pieces joined by a newline.
    pub text: String,
    /// What is embedded before the text: title and headings.
    pub header: String,
    /// Title of the revision, or the file's name.
    pub title: String,
    /// Path of the document below its source's root.
    pub rel_path: String,
}

/// Chunks that fulfil `condition` (on c chunk, v revision, d document; may go on with ORDER BY).
pub(crate) fn select_chunks(
    db: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<StoredChunk>, LibraryError> {
    let step = "reading chunks";
    let mut statement = db.prepare(&selection(condition)).step(step)?;
    let rows = statement.query_map(params, chunk_of).step(step)?;
    rows.collect::<rusqlite::Result<_>>().step(step)
}

fn selection(condition: &str) -> String {
    format!(
        "SELECT c.id, c.revision_id, c.ord, c.text, c.header, c.headings, c.spans, c.sentences, c.page, c.page_label,
                c.line, c.spot, c.member, c.tokens, v.document_id, v.title, d.source_id, d.rel_path
         FROM chunk c JOIN revision v ON v.id = c.revision_id JOIN document d ON d.id = v.document_id
         WHERE {condition}"
    )
}

/// Those of the ids in ?1 whose revision is live. The sign keeps the index of states out: nearly all
/// revisions are live, and few chunks are asked for.
const LIVE_ONES: &str = "c.id IN (SELECT value FROM json_each(?1)) AND +v.state = 'live'";

fn chunk_of(row: &Row<'_>) -> rusqlite::Result<StoredChunk> {
    let rel_path: String = row.get("rel_path")?;
    let file_name = || rel_path.rsplit('/').next().unwrap_or(&rel_path).to_owned();
    Ok(StoredChunk {
        id: ChunkId(row.get("id")?),
        revision: RevisionId(row.get("revision_id")?),
        document: DocumentId(row.get("document_id")?),
        source: SourceId(row.get("source_id")?),
        ord: row.get("ord")?,
        spans: spans(row, "spans")?,
        headings: json(row, "headings")?,
        sentences: spans(row, "sentences")?,
        page: row.get("page")?,
        page_label: row.get("page_label")?,
        line: row.get("line")?,
        spot: optional_json(row, "spot")?,
        member: row.get("member")?,
        tokens: row.get("tokens")?,
        text: row.get("text")?,
        header: row.get("header")?,
        title: row.get::<_, Option<String>>("title")?.unwrap_or_else(file_name),
        rel_path,
    })
}

impl Library {
    /// The chunks of a revision in any state, in reading order; none once it is purged.
    pub fn chunks_of(&self, revision: RevisionId) -> Result<Vec<StoredChunk>, LibraryError> {
        self.read("reading chunks", |db| select_chunks(db, "c.revision_id = ?1 ORDER BY c.ord", [revision.0]))
    }

    /// Those of `ids` whose revision is live, each once, in no particular order. What an index finds
    /// counts only if it is among them.
    pub fn live_chunks(&self, ids: &[ChunkId]) -> Result<Vec<StoredChunk>, LibraryError> {
        let ids = serde_json::to_string(ids).step("reading chunks")?;
        self.read("reading chunks", |db| select_chunks(db, LIVE_ONES, [ids]))
    }

    /// Up to `before` chunks before and `after` chunks after this one in its revision, in reading
    /// order, without itself. None if the chunk does not exist.
    pub fn neighbours(
        &self,
        chunk: ChunkId,
        before: u32,
        after: u32,
    ) -> Result<Vec<StoredChunk>, LibraryError> {
        self.read("reading chunks", |db| {
            let condition = "c.revision_id = (SELECT revision_id FROM chunk WHERE id = ?1) AND c.id <> ?1
                AND c.ord BETWEEN (SELECT ord FROM chunk WHERE id = ?1) - ?2 AND (SELECT ord FROM chunk WHERE id = ?1) + ?3
                ORDER BY c.ord";
            select_chunks(db, condition, [chunk.0, i64::from(before), i64::from(after)])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{fixture, read};

    #[test]
    fn chunks_come_back_as_they_were_given() {
        let world = fixture();
        let text = "第一段 with a\0 zero\n\nsecond here";
        let id = world.index("folder/笔记.md", text);
        let revision = world.library.document(id).unwrap().live_revision.unwrap();
        let stored = world.library.chunks_of(revision).unwrap();
        let (document, given) = read(text);
        assert_eq!(stored.len(), given.len());
        for (ord, (stored, given)) in (0..).zip(stored.iter().zip(&given)) {
            assert_eq!((stored.ord, stored.document, stored.source), (ord, id, world.source));
            assert_eq!((&stored.spans, &stored.sentences), (&given.spans, &given.sentences));
            assert_eq!(
                (&stored.text, &stored.header, &stored.headings),
                (&given.text, &given.header, &given.headings)
            );
            assert_eq!((stored.page, stored.line, stored.tokens), (given.page, given.line, given.tokens));
            assert_eq!((stored.title.as_str(), stored.rel_path.as_str()), ("A title", "folder/笔记.md"));
            assert_eq!(stored.spans[0].of(&document.text), Some(stored.text.as_str()));
        }
    }

    #[test]
    fn neighbours_stay_inside_the_revision() {
        let world = fixture();
        world.index("a.md", "one\n\ntwo\n\nthree\n\nfour\n\nfive");
        world.index("b.md", "other one\n\nother two");
        let one = |text: &str| world.library.search_like(text, 1).unwrap()[0];
        let around = |text: &str, before, after| -> Vec<String> {
            let chunks = world.library.neighbours(one(text), before, after).unwrap();
            chunks.into_iter().map(|chunk| chunk.text).collect()
        };
        assert_eq!(around("three", 1, 1), ["two", "four"]);
        assert_eq!(around("three", 9, 0), ["one", "two"]);
        assert_eq!(around("five", 0, 3), Vec::<String>::new());
        assert_eq!(around("three", u32::MAX, u32::MAX), ["one", "two", "four", "five"]);
        assert!(world.library.neighbours(ChunkId(999), 1, 1).unwrap().is_empty());
    }

    #[test]
    fn unknown_and_repeated_ids_do_no_harm() {
        let world = fixture();
        world.index("a.md", "one");
        let id = world.library.search_like("one", 1).unwrap()[0];
        assert_eq!(world.library.live_chunks(&[id, ChunkId(77), id, ChunkId(-1)]).unwrap().len(), 1);
        assert!(world.library.live_chunks(&[]).unwrap().is_empty());
    }

    #[test]
    fn a_title_of_blanks_gives_way_to_the_file_name() {
        let world = fixture();
        let id = world.see("folder/name.txt", 1).document();
        let (mut text, chunks) = read("words");
        text.metadata.title = Some(" \u{3000} ".into());
        let revision = crate::NewRevision {
            change: None,
            document: id,
            content_hash: "h",
            extractor: "x",
            chunker: "c",
            text: &text,
            chunks: &chunks,
        };
        let batch = world.library.open_batch(world.profile, &[revision], 1).unwrap();
        assert_eq!(batch.chunks[0].title, "name.txt");
        world.library.publish_batch(batch.id, 1, 1).unwrap();
        assert_eq!(world.library.document(id).unwrap().title, None);
    }

    /// With one live revision for each of many documents, a search must not look at all of them.
    #[test]
    fn what_is_asked_often_goes_by_keys() {
        let world = fixture();
        let plan = |sql: &str| -> Vec<String> {
            let explain = |db: &Connection| {
                let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).step("explaining")?;
                let values = vec![1; statement.parameter_count()];
                let values = rusqlite::params_from_iter(values);
                let rows = statement.query_map(values, |row| row.get("detail")).step("explaining")?;
                rows.collect::<rusqlite::Result<_>>().step("explaining")
            };
            world.library.read("explaining", explain).unwrap()
        };
        let live = plan(&selection(LIVE_ONES));
        assert!(live[0].starts_with("SEARCH c USING INTEGER PRIMARY KEY"), "{live:?}");
        assert!(live.iter().all(|step| !step.contains("revision_state")), "{live:?}");
        let lacking = plan(crate::journal::LACKING);
        let batches = lacking.iter().position(|step| step.contains(" r USING")).unwrap();
        assert!(lacking[batches + 1].contains("b USING INTEGER PRIMARY KEY"), "{lacking:?}");
    }
}
