//! What the tests of several modules need: a library in a fresh folder, and a document in it.

use crate::reading::set_state;
use crate::{
    Document, DocumentState, Library, LibraryError, NewChunk, NewRevision, OpenBatch, Seen, SeenFile,
    SourceKind,
};
use docent_corpus::{
    Block, BlockKind, DocumentId, DocumentText, Format, Metadata, Place, Pooling, Profile, ProfileId,
    SourceId, Span,
};
use rusqlite::Transaction;
use std::path::Path;
use tempfile::TempDir;

pub(crate) fn library() -> (TempDir, Library) {
    let folder = tempfile::tempdir().unwrap();
    let (library, opened) = Library::open(folder.path()).unwrap();
    assert!(opened.created);
    (folder, library)
}

pub(crate) fn profile(model: &str) -> Profile {
    Profile {
        model: model.into(),
        weights_sha256: "00".repeat(32),
        dimension: 4,
        pooling: Pooling::Mean,
        normalised: true,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        max_tokens: 256,
        precision: "f32".into(),
    }
}

/// A library with one profile and one source.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) library: Library,
    pub(crate) profile: ProfileId,
    pub(crate) source: SourceId,
}

pub(crate) fn fixture() -> Fixture {
    let (folder, library) = library();
    let (id, _) = library.ensure_profile(&profile("model")).unwrap();
    library.set_active_profile(id).unwrap();
    let source = library.add_source(Path::new("/notes"), SourceKind::Folder, 1).unwrap();
    Fixture { folder, library, profile: id, source }
}

/// One paragraph per line of `text`; each is a block and a chunk.
pub(crate) fn read(text: &str) -> (DocumentText, Vec<NewChunk>) {
    let mut start = 0;
    let mut blocks = Vec::new();
    let mut chunks = Vec::new();
    for (line, paragraph) in (1..).zip(text.split("\n\n")) {
        let span = Span::new(start, start + paragraph.len());
        start = span.end + 2;
        blocks.push(Block {
            kind: BlockKind::Paragraph,
            span,
            place: Place::Lines { first: line, last: line, runs: vec![] },
        });
        chunks.push(NewChunk {
            spans: vec![span],
            headings: vec!["Top".into()],
            sentences: vec![span],
            page: None,
            page_label: None,
            line: Some(line),
            spot: None,
            member: None,
            tokens: 7,
            text: paragraph.into(),
            header: "Top".into(),
        });
    }
    let metadata = Metadata { title: Some("A title".into()), ..Metadata::default() };
    let text =
        DocumentText { format: Format::Markdown, text: text.into(), blocks, metadata, warnings: vec![] };
    (text, chunks)
}

impl Fixture {
    pub(crate) fn file(&self, rel_path: &str, mtime_ns: i64) -> SeenFile {
        SeenFile { source: self.source, rel_path: rel_path.into(), size: 10, mtime_ns, file_id: None }
    }

    pub(crate) fn see(&self, rel_path: &str, mtime_ns: i64) -> Seen {
        self.library.see_file(self.file(rel_path, mtime_ns), 2).unwrap()
    }

    /// Puts a document where no verdict of a reading puts it by itself.
    pub(crate) fn set_state(&self, document: DocumentId, state: DocumentState, error_code: Option<&str>) {
        let set = |tx: &Transaction<'_>| set_state(tx, document, state, error_code, None, 7);
        self.library.write("a test", set).unwrap();
    }

    /// Begins to read what waits.
    pub(crate) fn begin(&self, document: DocumentId) -> Document {
        self.library.begin_reading(document, 3).unwrap().unwrap()
    }

    /// Step 1 of the journal for one document.
    pub(crate) fn stage(&self, document: DocumentId, text: &str) -> OpenBatch {
        self.stage_all(&[(document, text)]).unwrap()
    }

    /// Step 1 of the journal for several documents; a text is its own hash.
    pub(crate) fn stage_all(&self, documents: &[(DocumentId, &str)]) -> Result<OpenBatch, LibraryError> {
        let read: Vec<_> = documents.iter().map(|(_, text)| read(text)).collect();
        let revisions: Vec<NewRevision<'_>> = documents
            .iter()
            .zip(&read)
            .map(|((document, content_hash), (text, chunks))| NewRevision {
                change: None,
                document: *document,
                content_hash,
                extractor: "x1",
                chunker: "c1",
                text,
                chunks,
            })
            .collect();
        self.library.open_batch(self.profile, &revisions, 3)
    }

    /// A document that is indexed with this text.
    pub(crate) fn index(&self, rel_path: &str, text: &str) -> DocumentId {
        let document = self.see(rel_path, 1).document();
        let batch = self.stage(document, text);
        self.library.publish_batch(batch.id, 1, 4).unwrap();
        document
    }

    /// The texts of all live chunks, by reading all text.
    pub(crate) fn live_texts(&self) -> Vec<String> {
        let ids = self.library.search_like("e", 1000).unwrap();
        let mut texts: Vec<String> =
            self.library.live_chunks(&ids).unwrap().into_iter().map(|chunk| chunk.text).collect();
        texts.sort();
        texts
    }

    /// Drops the library as a crash would, and opens it again.
    pub(crate) fn crash(self) -> Fixture {
        let Fixture { folder, library, profile, source } = self;
        drop(library);
        let (library, opened) = Library::open(folder.path()).unwrap();
        assert!(!opened.clean_shutdown);
        Fixture { folder, library, profile, source }
    }
}
