//! Searching: both legs, fused, only what is live, with a verdict.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use docent_corpus::{Cancel, ChunkId, DocumentId, Hit, Leg, Passage, SourceId};
use docent_inference::{EmbedKind, Embedder, InferenceError, Priority};
use docent_library::{Library, StoredChunk};
use docent_text::Language;
use docent_vector_store::{Filter, VectorStore};
use tokio::sync::OnceCell;

use crate::cancel::blocking;
use crate::evidence::{self, Evidence};
use crate::followup::{self, Plan};
use crate::idf::{Idf, term_set};
use crate::legs::{self, Legs, Vectors};
use crate::rank::{Fused, Ranking, cap_per_document, fuse};
use crate::scale::Scale;
use crate::{AnswerError, AnswerParts, passage, unindexed};

/// Least number of hits per list.
const LEAST_HITS: usize = 100;

/// How often the number of hits is doubled when too few of them are live.
const ROUNDS: usize = 5;

/// Chunks that are loaded at a time, and over which terms are counted.
const POOL: usize = 60;

/// Weight of vectors from an embedder that does not read the question's language: their order is
/// noise, so they only fill up behind what words found.
const UNREAD_WEIGHT: f32 = 0.01;

/// Words that are looked for in the library when there is no index.
const MOST_LIKE_WORDS: usize = 8;

/// Tokens of an embedder's input that are kept free for its control tokens.
const CONTROL_TOKENS: usize = 2;

/// Where to look. The default is everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Only in these sources.
    pub sources: Option<Vec<SourceId>>,
    /// Only in these documents.
    pub documents: Option<Vec<DocumentId>>,
}

impl Scope {
    fn filter(&self) -> Filter {
        Filter { sources: self.sources.clone(), documents: self.documents.clone(), ..Filter::default() }
    }

    fn admits(&self, chunk: &StoredChunk) -> bool {
        self.sources.as_ref().is_none_or(|ids| ids.contains(&chunk.source))
            && self.documents.as_ref().is_none_or(|ids| ids.contains(&chunk.document))
    }
}

/// A part of the search that was not available. The rest went on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// No embedding model is installed: only words were searched.
    NoEmbedder,
    /// The embedding model failed: only words were searched.
    EmbedderFailed {
        /// The model's error code.
        code: &'static str,
    },
    /// The index did not answer the search by meaning.
    VectorsUnavailable {
        /// The store's error code.
        code: &'static str,
    },
    /// The index did not answer the search by words.
    TextUnavailable {
        /// The store's error code.
        code: &'static str,
    },
    /// The chat model failed: the answer is a quotation, or as far as the model came.
    GeneratorFailed {
        /// The model's error code.
        code: &'static str,
    },
    /// The index failed or is still empty: the library's text was searched word by word.
    IndexUnavailable,
}

impl Warning {
    /// A stable name for programs and translations.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoEmbedder => "no_embedder",
            Self::EmbedderFailed { .. } => "embedder_failed",
            Self::VectorsUnavailable { .. } => "vector_search_unavailable",
            Self::TextUnavailable { .. } => "text_search_unavailable",
            Self::GeneratorFailed { .. } => "generator_failed",
            Self::IndexUnavailable => "index_unavailable",
        }
    }
}

/// How long the parts of a search took. The two legs run at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Turning the question into a vector.
    pub embed: Duration,
    /// Search by meaning.
    pub vector: Duration,
    /// Search by words.
    pub text: Duration,
    /// Reading chunks from the library.
    pub library: Duration,
    /// All of it.
    pub total: Duration,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Live passages, best first, no text twice.
    pub passages: Vec<Passage>,
    /// Whether they hold an answer.
    pub evidence: Evidence,
    /// How long it took.
    pub timings: Timings,
    /// What was not available.
    pub warnings: Vec<Warning>,
}

/// A search with what answering needs beyond it.
pub(crate) struct Search {
    pub(crate) found: Found,
    pub(crate) idf: Idf,
    pub(crate) scale: Option<Scale>,
    /// The vector of the query that says most.
    pub(crate) vector: Option<Vec<f32>>,
}

/// Finds passages. Needs no chat model; works by words alone without an embedder.
#[derive(Clone)]
pub struct Retrieval {
    library: Arc<Library>,
    store: Arc<dyn VectorStore>,
    embedder: Option<Arc<dyn Embedder>>,
    per_document: Option<usize>,
    scales: Arc<[OnceCell<Scale>; 2]>,
}

impl Retrieval {
    /// Searches with these parts; the generator is not used.
    pub fn new(parts: &AnswerParts) -> Self {
        Self {
            library: Arc::clone(&parts.library),
            store: Arc::clone(&parts.store),
            embedder: parts.embedder.clone(),
            per_document: None,
            scales: Arc::default(),
        }
    }

    /// At most `limit` passages of one document in a result. Off by default: it spreads a result
    /// over documents at the price of hiding further places in the right one.
    #[must_use]
    pub fn with_per_document(mut self, limit: usize) -> Self {
        self.per_document = Some(limit.max(1));
        self
    }

    /// The best passages for `query`, at most `limit` (at least 1). Words in quotation marks are
    /// looked for as a phrase; a query that is nothing but phrases finds only where they stand,
    /// if they stand anywhere.
    ///
    /// # Errors
    /// [`AnswerError::EmptyQuestion`], [`AnswerError::Library`], [`AnswerError::Cancelled`]. A
    /// failing index or embedder is no error but a [`Warning`].
    pub async fn search(
        &self,
        query: &str,
        scope: &Scope,
        limit: usize,
        cancel: &Cancel,
    ) -> Result<Found, AnswerError> {
        Ok(self.find(&followup::alone(query)?, scope, limit, cancel).await?.found)
    }

    pub(crate) async fn find(
        &self,
        plan: &Plan,
        scope: &Scope,
        limit: usize,
        cancel: &Cancel,
    ) -> Result<Search, AnswerError> {
        let started = Instant::now();
        let limit = limit.max(1);
        let mut timings = Timings::default();
        let mut warnings = Vec::new();
        let embedded = self.embed(plan, &mut warnings, cancel).await?;
        let (vectors, scale) = embedded.unzip();
        timings.embed = started.elapsed();
        let mut gathered = Gathered::default();
        let mut unavailable = Vec::new();
        // Only the verdict needs it, and not exactly.
        let rows = self.store.rows().await.unwrap_or_default();
        let all_rows = rows + self.unindexed_chunks().await?;
        let mut allowed = LEAST_HITS.max(4 * limit);
        for _ in 0..ROUNDS {
            let filter = scope.filter();
            let mut legs = legs::run(&*self.store, &filter, plan, vectors.as_ref(), allowed, cancel).await?;
            timings.vector += legs.vector_time;
            timings.text += legs.text_time;
            let looked = Instant::now();
            // Without an index all text is looked through, unless what was read lately is all there is.
            let by_words = !legs.unavailable && (rows > 0 || self.is_all_unindexed().await?);
            if by_words {
                unindexed::add(&self.library, plan, scope, allowed, &mut legs).await?;
            } else if legs.unavailable || legs.is_empty() {
                let ranking = self.like(plan, scope, allowed).await?;
                if legs.unavailable || !ranking.hits.is_empty() {
                    legs.warnings.push(Warning::IndexUnavailable);
                }
                legs.words = vec![ranking];
                legs.exhausted = true;
            }
            gathered = self.gather(&legs, scope, limit, cancel).await?;
            timings.library += looked.elapsed();
            unavailable = legs.warnings;
            if gathered.passages.len() >= limit || legs.exhausted {
                break;
            }
            allowed *= 2;
        }
        warnings.extend(unavailable);
        let evidence = gathered.evidence(plan, scale.as_ref(), all_rows);
        timings.total = started.elapsed();
        let found = Found { passages: gathered.passages, evidence, timings, warnings };
        let vector = vectors.map(|vectors| vectors.resolved.unwrap_or(vectors.asked));
        Ok(Search { found, idf: gathered.idf, scale, vector })
    }

    /// The vectors of a plan. `None`, with a warning, when there are none.
    async fn embed(
        &self,
        plan: &Plan,
        warnings: &mut Vec<Warning>,
        cancel: &Cancel,
    ) -> Result<Option<(Vectors, Scale)>, AnswerError> {
        let Some(embedder) = &self.embedder else {
            warnings.push(Warning::NoEmbedder);
            return Ok(None);
        };
        match self.embed_with(&**embedder, plan, cancel).await {
            Ok(embedded) => Ok(Some(embedded)),
            Err(InferenceError::Cancelled) => Err(AnswerError::Cancelled),
            Err(error) => {
                tracing::warn!(%error, "searching without the embedding model");
                warnings.push(Warning::EmbedderFailed { code: error.code() });
                Ok(None)
            }
        }
    }

    async fn embed_with(
        &self,
        embedder: &dyn Embedder,
        plan: &Plan,
        cancel: &Cancel,
    ) -> Result<(Vectors, Scale), InferenceError> {
        let mut texts = vec![cut(embedder, &plan.asked.text)?];
        if let Some(query) = &plan.resolved {
            texts.push(cut(embedder, &query.text)?);
        }
        let scale = *self.scale(embedder, plan.asked.language, cancel).await?;
        let embedding = embedder.embed(texts, EmbedKind::Query, Priority::Interactive, cancel.clone());
        let mut vectors = embedding.await?.into_iter();
        let asked = vectors.next().ok_or_else(|| InferenceError::Compute {
            step: "embedding the question".to_owned(),
            source: None,
        })?;
        let weight = if scale.reads() { 1.0 } else { UNREAD_WEIGHT };
        Ok((Vectors { asked, resolved: vectors.next(), weight }, scale))
    }

    /// What the embedder's cosines mean in a language; measured once.
    async fn scale(
        &self,
        embedder: &dyn Embedder,
        language: Language,
        cancel: &Cancel,
    ) -> Result<&Scale, InferenceError> {
        let cell = match language {
            Language::Chinese => &self.scales[0],
            Language::English => &self.scales[1],
        };
        cell.get_or_try_init(|| Scale::measure(embedder, language, cancel)).await
    }

    /// The library's own search, word by word, as a ranking: first the chunks with most of the
    /// words. It reads all text, so only a few words are asked for.
    async fn like(&self, plan: &Plan, scope: &Scope, limit: usize) -> Result<Ranking, AnswerError> {
        let library = Arc::clone(&self.library);
        let words = plan.full().content_list(MOST_LIKE_WORDS);
        let scope = scope.clone();
        let hits = blocking("searching the library's text", move || {
            let mut counts: HashMap<ChunkId, f32> = HashMap::new();
            for word in &words {
                for id in library.search_like(word, limit)? {
                    *counts.entry(id).or_default() += 1.0;
                }
            }
            let ids: Vec<ChunkId> = counts.keys().copied().collect();
            let mut chunks = library.live_chunks(&ids)?;
            chunks.retain(|chunk| scope.admits(chunk));
            let hit = |chunk: StoredChunk| Hit {
                chunk: chunk.id,
                document: chunk.document,
                score: counts.get(&chunk.id).copied().unwrap_or_default(),
            };
            let mut hits: Vec<Hit> = chunks.into_iter().map(hit).collect();
            hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.cmp(&b.chunk)));
            Ok(hits)
        });
        Ok(Ranking { leg: Leg::Text, weight: 1.0, hits: hits.await? })
    }

    /// Fuses the lists and keeps what is live: the pool first, then as much as it takes.
    async fn gather(
        &self,
        legs: &Legs,
        scope: &Scope,
        limit: usize,
        cancel: &Cancel,
    ) -> Result<Gathered, AnswerError> {
        let mut list = fuse(&legs.rankings());
        if legs.only_phrases
            && let Some(allowed) = legs::phrase_hits(&legs.phrases)
        {
            list.retain(|fused| allowed.contains(&fused.chunk));
        }
        let mut live: HashMap<ChunkId, StoredChunk> = HashMap::new();
        let mut gathered = Gathered::default();
        let mut admitted: Vec<Fused> = Vec::new();
        for window in list.chunks(POOL) {
            cancel.check()?;
            for chunk in self.load(window).await?.into_iter().filter(|chunk| scope.admits(chunk)) {
                live.insert(chunk.id, chunk);
            }
            admitted.extend(window.iter().filter(|fused| live.contains_key(&fused.chunk)));
            if let Some(limit) = self.per_document {
                cap_per_document(&mut admitted, limit);
            }
            if gathered.idf.is_empty() {
                let sets: Vec<_> = live.values().map(|chunk| term_set(&chunk.text)).collect();
                gathered.idf = Idf::of(&sets);
            }
            gathered.passages = passage::assemble(&admitted, &live, limit);
            if gathered.passages.len() >= limit {
                break;
            }
        }
        gathered.list = admitted;
        Ok(gathered)
    }

    async fn is_all_unindexed(&self) -> Result<bool, AnswerError> {
        let library = Arc::clone(&self.library);
        blocking("looking what is not indexed yet", move || library.is_all_unindexed()).await
    }

    async fn unindexed_chunks(&self) -> Result<usize, AnswerError> {
        let library = Arc::clone(&self.library);
        blocking("counting what is not indexed yet", move || library.unindexed_chunks()).await
    }

    async fn load(&self, window: &[Fused]) -> Result<Vec<StoredChunk>, AnswerError> {
        let library = Arc::clone(&self.library);
        let ids: Vec<ChunkId> = window.iter().map(|fused| fused.chunk).collect();
        blocking("reading chunks", move || library.live_chunks(&ids)).await
    }
}

/// What one round of a search has brought together.
#[derive(Default)]
struct Gathered {
    passages: Vec<Passage>,
    list: Vec<Fused>,
    idf: Idf,
}

impl Gathered {
    /// The better verdict of the two queries, except that a question that points back says
    /// nothing by itself.
    fn evidence(&self, plan: &Plan, scale: Option<&Scale>, rows: usize) -> Evidence {
        if self.passages.is_empty() {
            return Evidence::none();
        }
        let best = self.passages.iter().take(5).filter_map(|passage| passage.cosine).reduce(f32::max);
        let scaled = scale.and_then(|scale| scale.of(best?));
        let judge = |query| {
            let features = evidence::features(query, &self.passages, &self.list, &self.idf, scaled, rows);
            evidence::judge(features, plan.asked.language, plan.asked.generic)
        };
        let full = judge(plan.full());
        if plan.points_back || plan.resolved.is_none() {
            return full;
        }
        let asked = judge(&plan.asked);
        if asked.probability > full.probability { asked } else { full }
    }
}

/// `text` cut to what the embedder reads: at the end of a word, by its own count of tokens.
fn cut(embedder: &dyn Embedder, text: &str) -> Result<String, InferenceError> {
    let profile = embedder.profile();
    let prefix = embedder.count_tokens(&profile.query_prefix)?;
    let room = profile.max_tokens.saturating_sub(CONTROL_TOKENS + prefix).max(1);
    // A token has at least one byte, so a short text needs no counting.
    if text.len() <= room || embedder.count_tokens(text)? <= room {
        return Ok(text.to_owned());
    }
    let ends: Vec<usize> = docent_text::words(text).into_iter().map(|word| word.end).collect();
    let mut kept = 0;
    let (mut low, mut high) = (0, ends.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if embedder.count_tokens(&text[..ends[middle]])? <= room {
            kept = ends[middle];
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    // One word longer than the input is left to the embedder, which cuts by tokens.
    Ok(if kept == 0 { text.to_owned() } else { text[..kept].to_owned() })
}
