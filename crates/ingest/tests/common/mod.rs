//! What the tests of this crate share: a library and documents in temporary folders, and parts that
//! count, fail and persist on request.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub)]

pub mod file_store;
pub mod flaky;
pub mod plain;

use docent_corpus::{Cancel, DocumentId, ProfileId, SourceId};
use docent_inference::Embedder;
use docent_ingest::fault::Step;
use docent_ingest::{Ingest, IngestParts, IngestReport, ScanReport, StoreState};
use docent_library::{Document, DocumentFilter, DocumentState, Library, SourceKind, UnindexedQuery};
use docent_vector_store::{Filter, TextQuery, VectorStore};
use flaky::{FlakyEmbedder, FlakyStore};
use plain::PlainExtract;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;

pub const DIMENSION: usize = 64;

/// A library, a folder of documents that is its only source, and everything to index it.
pub struct World {
    pub data: TempDir,
    pub docs: TempDir,
    pub library: Arc<Library>,
    pub store: Arc<FlakyStore>,
    pub embedder: Arc<FlakyEmbedder>,
    pub extract: Arc<PlainExtract>,
    pub profile: ProfileId,
    pub source: SourceId,
    pub ingest: Ingest,
}

impl World {
    pub fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let docs = tempfile::tempdir().unwrap();
        let (library, _) = Library::open(data.path()).unwrap();
        let library = Arc::new(library);
        let embedder = Arc::new(FlakyEmbedder::new(DIMENSION));
        let (profile, _) = library.ensure_profile(embedder.profile()).unwrap();
        let source = library.add_source(docs.path(), SourceKind::Folder, 1).unwrap();
        let store = Arc::new(FlakyStore::new(DIMENSION));
        let extract = Arc::new(PlainExtract::default());
        let ingest = ingest(&library, &store, &embedder, &extract, profile);
        Self { data, docs, library, store, embedder, extract, profile, source, ingest }
    }

    pub fn path(&self, rel_path: &str) -> PathBuf {
        self.docs.path().join(rel_path)
    }

    pub fn write(&self, rel_path: &str, text: &str) {
        write(self.docs.path(), rel_path, text);
    }

    pub async fn scan(&self) -> ScanReport {
        self.ingest.scan(self.source, &Cancel::new()).await.unwrap()
    }

    pub async fn run(&self) -> IngestReport {
        self.ingest.run(&Cancel::new(), &|_| {}).await.unwrap()
    }

    /// A scan and a run.
    pub async fn index(&self) -> (ScanReport, IngestReport) {
        let scan = self.scan().await;
        (scan, self.run().await)
    }

    pub fn document(&self, rel_path: &str) -> Document {
        self.library.document_by_path(self.source, rel_path).unwrap().expect(rel_path)
    }

    pub fn state(&self, rel_path: &str) -> DocumentState {
        self.document(rel_path).state
    }

    /// Paths of the documents found by words, and of their copies, without repeats, sorted.
    pub async fn find(&self, words: &str) -> Vec<String> {
        let hits =
            self.store.search_text(&TextQuery::Words(words.into()), &Filter::default(), 100).await.unwrap();
        let ids: Vec<_> = hits.iter().map(|hit| hit.chunk).collect();
        let chunks = self.library.live_chunks(&ids).unwrap();
        let copies = chunks.iter().flat_map(|chunk| self.library.copies_of(chunk.document).unwrap());
        let mut paths: Vec<String> = copies.map(|copy| copy.rel_path).collect();
        paths.extend(chunks.iter().map(|chunk| chunk.rel_path.clone()));
        paths.sort();
        paths.dedup();
        paths
    }

    /// Paths of the documents that are found by words beside the index.
    pub fn find_unindexed(&self, text: &str) -> Vec<String> {
        let query = UnindexedQuery { text, phrase: false, sources: None, documents: None };
        let hits = self.library.search_unindexed(&query, 100).unwrap();
        let ids: Vec<_> = hits.iter().map(|hit| hit.chunk).collect();
        let mut paths: Vec<String> =
            self.library.live_chunks(&ids).unwrap().into_iter().map(|chunk| chunk.rel_path).collect();
        paths.sort();
        paths.dedup();
        paths
    }

    /// Indexing over the same parts that calls `hook` after every step.
    pub fn with_hook(&self, hook: Arc<dyn Fn(Step) + Send + Sync>) -> Ingest {
        ingest(&self.library, &self.store, &self.embedder, &self.extract, self.profile).with_fault(hook)
    }

    /// An index that lost everything, and indexing over it, as after a restart.
    pub fn with_empty_store(&mut self) {
        self.store = Arc::new(FlakyStore::new(DIMENSION));
        self.ingest = ingest(&self.library, &self.store, &self.embedder, &self.extract, self.profile);
    }
}

/// Indexing over these parts, with a clock that goes on by a second with every look.
pub fn ingest(
    library: &Arc<Library>,
    store: &Arc<FlakyStore>,
    embedder: &Arc<FlakyEmbedder>,
    extract: &Arc<PlainExtract>,
    profile: ProfileId,
) -> Ingest {
    Ingest::new(IngestParts {
        library: Arc::clone(library),
        store: Arc::clone(store) as Arc<dyn VectorStore>,
        embedder: Arc::clone(embedder) as Arc<dyn Embedder>,
        extract: Arc::clone(extract) as Arc<dyn docent_extract::Extract>,
        profile,
        clock: clock(),
    })
}

pub fn clock() -> Arc<dyn Fn() -> i64 + Send + Sync> {
    let time = AtomicI64::new(1_700_000_000_000);
    Arc::new(move || time.fetch_add(1_000, Ordering::Relaxed))
}

pub fn write(root: &Path, rel_path: &str, text: &str) {
    let path = root.join(rel_path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub fn all_documents(library: &Library) -> Vec<Document> {
    library.documents(DocumentFilter { limit: 100_000, ..Default::default() }).unwrap().0
}

/// Every chunk that readers see: path and place give its text.
pub fn visible(library: &Library) -> BTreeMap<(String, u32), String> {
    let live = all_documents(library).into_iter().filter_map(|document| document.live_revision);
    let chunks = live.flat_map(|revision| library.chunks_of(revision).unwrap());
    chunks.map(|chunk| ((chunk.rel_path.clone(), chunk.ord), chunk.text)).collect()
}

/// Expects library and index to agree exactly: every visible chunk has one row, and no other row is
/// there.
pub async fn expect_consistent(library: &Library, store: &dyn VectorStore) {
    let mut want: BTreeMap<_, usize> = BTreeMap::new();
    for document in all_documents(library) {
        if let Some(revision) = document.live_revision {
            want.insert(revision, document.chunks as usize);
        }
    }
    want.retain(|_, chunks| *chunks > 0);
    let have: BTreeMap<_, usize> = store.revision_counts().await.unwrap().into_iter().collect();
    assert_eq!(have, want, "rows of the index by revision");
    let hits =
        store.search_vector(&vec![1.0; store.dimension()], &Filter::default(), 1_000_000).await.unwrap();
    let mut chunks: Vec<_> = hits.iter().map(|hit| hit.chunk).collect();
    chunks.sort();
    let rows = chunks.len();
    chunks.dedup();
    assert_eq!(chunks.len(), rows, "a chunk has more than one row");
    assert_eq!(library.live_chunks(&chunks).unwrap().len(), rows);
}

pub fn lost() -> StoreState {
    StoreState { replaced: true, version: 0 }
}

/// Texts of `count` words that no other text has.
pub fn prose(seed: u32, count: usize) -> String {
    (0..count).map(|word| format!("w{seed}x{word}")).collect::<Vec<_>>().join(" ")
}

pub fn ids(documents: &[Document]) -> Vec<DocumentId> {
    documents.iter().map(|document| document.id).collect()
}
