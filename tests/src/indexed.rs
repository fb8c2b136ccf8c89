//! An index over real SQLite, real LanceDB and the real readers; only the vectors are made up, since
//! what they mean does not matter where nothing must be lost.

use docent_corpus::{Cancel, Pooling, Profile, ProfileId};
use docent_extract::{InProcess, Limits};
use docent_inference::fake::FakeEmbedder;
use docent_ingest::{Ingest, IngestParts, IngestReport, StoreState};
use docent_library::{Library, SourceKind};
use docent_vector_store::{CacheSizes, Filter, LanceConfig, LanceStore, StoreError, TextQuery, VectorStore};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

const DIMENSION: usize = 32;

/// An opened library with its index.
pub struct Opened {
    /// The truth.
    pub library: Arc<Library>,
    /// The index.
    pub store: Arc<dyn VectorStore>,
    /// What fills it.
    pub ingest: Ingest,
    /// Whose index it is.
    pub profile: ProfileId,
}

/// Opens the library below `folder`, as at a start of docent: whatever happened before.
pub async fn open(folder: &Path) -> Opened {
    open_at(folder, 1_700_000_000_000).await
}

/// As [`open`], at this time by the clock, in milliseconds since 1970.
pub async fn open_at(folder: &Path, now_ms: i64) -> Opened {
    let (library, _) = Library::open(&folder.join("library")).expect("the library opens after a fault");
    let library = Arc::new(library);
    let embedder = Arc::new(FakeEmbedder::new(DIMENSION));
    let profile = Profile {
        model: "made up".to_owned(),
        weights_sha256: String::new(),
        dimension: DIMENSION,
        pooling: Pooling::Mean,
        normalised: true,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        max_tokens: 256,
        precision: "f32".to_owned(),
    };
    let (id, table) = library.ensure_profile(&profile).unwrap();
    if library.active_profile().unwrap().is_none() {
        library.set_active_profile(id).unwrap();
    }
    let config = LanceConfig {
        folder: folder.join("library/lance"),
        table,
        dimension: DIMENSION,
        caches: CacheSizes { index_bytes: 32 << 20, metadata_bytes: 8 << 20 },
        durable_version: Some(library.index_state(id).unwrap().durable_version),
        read_only: false,
    };
    let (store, report) = LanceStore::open(config).await.expect("the index opens after a fault");
    let store: Arc<dyn VectorStore> = Arc::new(store);
    let ingest = Ingest::new(IngestParts {
        library: Arc::clone(&library),
        store: Arc::clone(&store),
        embedder,
        extract: Arc::new(InProcess::new(None, Limits::default())),
        profile: id,
        clock: Arc::new(move || now_ms),
    });
    ingest
        .recover(StoreState { replaced: report.replaced, version: report.version })
        .await
        .expect("recovery");
    Opened { library, store, ingest, profile: id }
}

impl Opened {
    /// Looks at every document below `documents` and indexes what changed.
    pub async fn index(&self, documents: &Path) -> IngestReport {
        let source = self.library.add_source(documents, SourceKind::Folder, 1).unwrap();
        self.ingest.scan(source, &Cancel::new()).await.unwrap();
        self.ingest.run(&Cancel::new(), &|_| {}).await.unwrap()
    }

    /// How many different live chunks are among the `limit` nearest ones to any vector.
    ///
    /// # Errors
    /// When the index fails.
    pub async fn near(&self, limit: usize) -> Result<usize, StoreError> {
        let hits = self.store.search_vector(&[0.1; DIMENSION], &Filter::default(), limit).await?;
        let ids: Vec<_> = hits.iter().map(|hit| hit.chunk).collect();
        Ok(self.library.live_chunks(&ids).unwrap().len())
    }

    /// Every chunk that a search for one of these words can reach, with how often it was found.
    pub async fn visible(&self, words: &[&str]) -> BTreeMap<String, usize> {
        self.found(words).await.unwrap()
    }

    /// As [`Opened::visible`].
    ///
    /// # Errors
    /// When the index fails.
    pub async fn found(&self, words: &[&str]) -> Result<BTreeMap<String, usize>, StoreError> {
        let mut found = BTreeMap::new();
        for word in words {
            let query = TextQuery::Words((*word).to_owned());
            let hits = self.store.search_text(&query, &Filter::default(), 10_000).await?;
            let ids: Vec<_> = hits.iter().map(|hit| hit.chunk).collect();
            let live = self.library.live_chunks(&ids).unwrap();
            for hit in &hits {
                if let Some(chunk) = live.iter().find(|chunk| chunk.id == hit.chunk) {
                    *found.entry(chunk.text.clone()).or_default() += 1;
                }
            }
        }
        Ok(found)
    }
}

/// A runtime with threads, for tests that are not asynchronous themselves.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap()
}
