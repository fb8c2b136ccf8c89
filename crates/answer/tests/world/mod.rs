//! A library and an index in a temporary folder, filled the way ingest fills them.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "shared by test binaries, each of which uses a part"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use docent_answer::{AnswerParts, Answerer, Retrieval};
use docent_corpus::{
    Block, BlockKind, Cancel, DocumentId, DocumentText, Format, Metadata, Place, ProfileId, SourceId, Span,
};
use docent_inference::{EmbedKind, Embedder, Generator, Priority};
use docent_library::{Library, NewChunk, NewRevision, OpenBatch, SeenFile, SourceKind};
use docent_vector_store::{MemoryStore, Row, VectorStore};
use tempfile::TempDir;

/// Everything an answer needs except a chat model.
pub struct World {
    _folder: TempDir,
    pub library: Arc<Library>,
    pub store: Arc<dyn VectorStore>,
    pub embedder: Arc<dyn Embedder>,
    pub profile: ProfileId,
    pub source: SourceId,
    clock: AtomicI64,
}

/// A document to be added: sections of a heading and paragraphs, each paragraph a chunk.
pub struct Paper<'p> {
    pub path: &'p str,
    pub title: &'p str,
    pub sections: &'p [(&'p str, &'p [&'p str])],
}

impl World {
    pub fn new(embedder: Arc<dyn Embedder>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (library, _) = Library::open(&folder.path().join("data")).unwrap();
        let (profile, _) = library.ensure_profile(embedder.profile()).unwrap();
        library.set_active_profile(profile).unwrap();
        let root = folder.path().join("papers");
        std::fs::create_dir(&root).unwrap();
        let source = library.add_source(&root, SourceKind::Folder, 1).unwrap();
        Self {
            library: Arc::new(library),
            store: Arc::new(MemoryStore::new(embedder.profile().dimension)),
            embedder,
            profile,
            source,
            clock: AtomicI64::new(10),
            _folder: folder,
        }
    }

    fn now(&self) -> i64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds another folder of documents.
    pub fn another_source(&self, name: &str) -> SourceId {
        let root = self._folder.path().join(name);
        std::fs::create_dir(&root).unwrap();
        self.library.add_source(&root, SourceKind::Folder, self.now()).unwrap()
    }

    pub async fn add(&self, paper: &Paper<'_>) -> DocumentId {
        self.add_to(self.source, paper).await
    }

    pub async fn add_to(&self, source: SourceId, paper: &Paper<'_>) -> DocumentId {
        let (text, chunks) = read(paper);
        self.add_all(source, vec![(paper.path.to_owned(), text, chunks)]).await[0]
    }

    /// Step 1 of the journal.
    fn journal(
        &self,
        source: SourceId,
        documents: &[(String, DocumentText, Vec<NewChunk>)],
    ) -> (Vec<DocumentId>, OpenBatch) {
        let mut ids = Vec::new();
        for (path, text, _) in documents {
            let seen = SeenFile {
                source,
                rel_path: path.clone(),
                size: text.text.len() as u64,
                mtime_ns: self.now(),
                file_id: None,
            };
            ids.push(self.library.see_file(seen, self.now()).unwrap().document());
        }
        let revisions: Vec<NewRevision<'_>> = documents
            .iter()
            .zip(&ids)
            .map(|((path, text, chunks), id)| NewRevision {
                change: None,
                document: *id,
                content_hash: path,
                extractor: "test",
                chunker: "test",
                text,
                chunks,
            })
            .collect();
        let batch = self.library.open_batch(self.profile, &revisions, self.now()).unwrap();
        (ids, batch)
    }

    /// Only journals a document: its vectors are still to be computed.
    pub fn store(&self, paper: &Paper<'_>) -> DocumentId {
        let (text, chunks) = read(paper);
        self.journal(self.source, &[(paper.path.to_owned(), text, chunks)]).0[0]
    }

    /// Journals, embeds, indexes and publishes documents as one batch.
    pub async fn add_all(
        &self,
        source: SourceId,
        documents: Vec<(String, DocumentText, Vec<NewChunk>)>,
    ) -> Vec<DocumentId> {
        let (ids, batch) = self.journal(source, &documents);
        let texts: Vec<String> =
            batch.chunks.iter().map(|chunk| format!("{}\n{}", chunk.header, chunk.text)).collect();
        let vectors = self
            .embedder
            .embed(texts.clone(), EmbedKind::Passage, Priority::Bulk, Cancel::new())
            .await
            .unwrap();
        let rows = batch.chunks.iter().zip(texts).zip(vectors).map(|((chunk, text), vector)| Row {
            chunk: chunk.id,
            revision: chunk.revision,
            document: chunk.document,
            source: chunk.source,
            batch: batch.id,
            text,
            title: chunk.title.clone(),
            vector,
        });
        let version = self.store.append(rows.collect()).await.unwrap();
        self.library.publish_batch(batch.id, version, self.now()).unwrap();
        ids
    }

    pub fn delete(&self, document: DocumentId) {
        self.library.delete_document(document, self.now()).unwrap();
    }

    pub fn parts(&self, generator: Option<Arc<dyn Generator>>) -> AnswerParts {
        AnswerParts {
            library: Arc::clone(&self.library),
            store: Arc::clone(&self.store),
            embedder: Some(Arc::clone(&self.embedder)),
            generator,
        }
    }

    pub fn retrieval(&self) -> Retrieval {
        Retrieval::new(&self.parts(None))
    }

    pub fn answerer(&self, generator: Option<Arc<dyn Generator>>) -> Answerer {
        Answerer::new(self.parts(generator))
    }
}

/// A paper as an extractor and a chunker would give it.
pub fn read(paper: &Paper<'_>) -> (DocumentText, Vec<NewChunk>) {
    let mut text = String::new();
    let mut blocks = Vec::new();
    let mut chunks = Vec::new();
    for (heading, paragraphs) in paper.sections {
        if !heading.is_empty() {
            push(&mut text, &mut blocks, BlockKind::Heading { level: 2 }, heading);
        }
        for paragraph in *paragraphs {
            let span = push(&mut text, &mut blocks, BlockKind::Paragraph, paragraph);
            let headings: Vec<String> =
                Some(*heading).filter(|heading| !heading.is_empty()).map(str::to_owned).into_iter().collect();
            chunks.push(chunk(paper.title, headings, span, paragraph));
        }
    }
    let metadata = Metadata { title: Some(paper.title.to_owned()), ..Metadata::default() };
    let format = Format::Markdown;
    (DocumentText { format, text, blocks, metadata, warnings: vec![] }, chunks)
}

fn push(text: &mut String, blocks: &mut Vec<Block>, kind: BlockKind, piece: &str) -> Span {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    let span = Span::new(text.len(), text.len() + piece.len());
    text.push_str(piece);
    let line = blocks.len() as u32 + 1;
    blocks.push(Block { kind, span, place: Place::Lines { first: line, last: line, runs: vec![] } });
    span
}

fn chunk(title: &str, headings: Vec<String>, span: Span, text: &str) -> NewChunk {
    let sentences = docent_text::sentences(text);
    let sentences = sentences.into_iter().map(|s| Span::new(span.start + s.start, span.start + s.end));
    let header: Vec<&str> = std::iter::once(title).chain(headings.iter().map(String::as_str)).collect();
    NewChunk {
        spans: vec![span],
        sentences: sentences.collect(),
        page: None,
        page_label: None,
        line: Some(1),
        spot: None,
        member: None,
        tokens: text.chars().count() as u32,
        text: text.to_owned(),
        header: header.join(" › "),
        headings,
    }
}
