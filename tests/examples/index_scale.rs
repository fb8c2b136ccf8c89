//! Large libraries, measured by hand: texts and vectors that nobody wrote, put into a real
//! library and a real index through the journal, and searched.
//!
//! `index_scale fill DATA CHUNKS` adds documents of ten chunks to the library in `DATA`, which `docent`
//! has opened before (its profile is used). `index_scale search DATA QUERIES [EXACT]` measures searches, and
//! compares as many of them (50, if it is not said) with exact ones. `index_scale recall MODEL TEXTS QUERIES` does the latter with real
//! vectors of the lines of a file. Each prints one line of JSON.
#![allow(clippy::print_stdout, clippy::cast_precision_loss)]

use anyhow::{Context, Result, bail, ensure};
use docent_answer::{AnswerParts, Retrieval, Scope};
use docent_corpus::{
    BatchId, Cancel, ChunkId, DocumentId, DocumentText, Format, Metadata, Pooling, RevisionId, SourceId, Span,
};
use docent_inference::fake::FakeEmbedder;
use docent_inference::{EmbedKind, EmbedderFiles, EngineConfig, Priority, configure_process, open_embedder};
use docent_library::{Library, NewChunk, NewRevision, SeenFile, SourceKind, StoredProfile};
use docent_vector_store::{
    CacheSizes, Filter, LanceConfig, LanceStore, Maintenance, Row, TextQuery, VectorStore,
};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use words::{Random, word};

/// The words of the other measurements.
#[path = "../../xtask/src/bench/ingest/words.rs"]
mod words;

/// Chunks of a document.
const PER_DOCUMENT: usize = 10;
/// Documents stored and published at once.
const AT_ONCE: usize = 400;
/// Sources that share the documents evenly; one of them is the filter of filtered searches.
const SOURCES: usize = 10;
/// Batches between two looks whether the index wants maintenance; a run looks at its end.
const MAINTAINED_AFTER: usize = 25;
/// The setting that remembers the first chunk and how many there are.
const FILLED: &str = "bench.filled";
/// Queries that are compared with exact search.
const EXACT: usize = 50;
/// Hits of a search.
const WANTED: usize = 10;
/// Hits that each way of finding is asked for before the two are fused.
const MANY: usize = 100;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    docent_vector_store::configure_process(2, &std::env::temp_dir());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let said = runtime.block_on(async {
        match arguments.as_slice() {
            ["fill", data, chunks] => fill(Path::new(data), chunks.parse()?).await,
            ["search", data, queries] => search(Path::new(data), queries.parse()?, EXACT).await,
            ["search", data, queries, exact] => {
                search(Path::new(data), queries.parse()?, exact.parse()?).await
            }
            ["recall", model, texts, queries] => {
                recall(Path::new(model), Path::new(texts), queries.parse()?).await
            }
            _ => bail!(
                "usage: index_scale fill DATA CHUNKS | search DATA QUERIES [EXACT] | recall MODEL TEXTS QUERIES"
            ),
        }
    })?;
    println!("{said}");
    Ok(())
}

/// A library that `docent` has made, and its index.
struct Opened {
    library: Arc<Library>,
    store: LanceStore,
    profile: StoredProfile,
}

async fn open(data: &Path) -> Result<Opened> {
    let (library, _) = Library::open(data)?;
    let profile = library.active_profile()?.context("docent has not used this library yet")?;
    let store = open_store(&data.join("lance"), &profile.table, profile.profile.dimension).await?;
    Ok(Opened { library: Arc::new(library), store, profile })
}

/// With as much memory as docent gives it.
async fn open_store(folder: &Path, table: &str, dimension: usize) -> Result<LanceStore> {
    let config = LanceConfig {
        folder: folder.to_owned(),
        table: table.to_owned(),
        dimension,
        caches: CacheSizes::for_memory(docent_api::total_memory()),
        durable_version: None,
        read_only: false,
    };
    Ok(LanceStore::open(config).await?.0)
}

async fn fill(data: &Path, chunks: usize) -> Result<Value> {
    let opened = open(data).await?;
    let sources = (0..SOURCES)
        .map(|number| {
            let root = format!("/nowhere/source-{number}");
            Ok(opened.library.add_source(Path::new(&root), SourceKind::Folder, 1)?)
        })
        .collect::<Result<Vec<_>>>()?;
    let space = Space::new(opened.profile.profile.dimension);
    let documents = chunks / PER_DOCUMENT;
    let started = Instant::now();
    let mut maintained = 0.0;
    for (batch, first) in (0..documents).step_by(AT_ONCE).enumerate() {
        add(&opened, &sources, &space, first..(first + AT_ONCE).min(documents), documents).await?;
        if batch % MAINTAINED_AFTER == MAINTAINED_AFTER - 1 {
            maintained += maintain(&opened.store, Maintenance::IfDue).await?;
            eprintln!(
                "{} chunks after {:.0} s",
                (first + AT_ONCE) * PER_DOCUMENT,
                started.elapsed().as_secs_f64()
            );
        }
    }
    maintained += maintain(&opened.store, Maintenance::IfDue).await?;
    let seconds = started.elapsed().as_secs_f64();
    let again = maintain(&opened.store, Maintenance::Now).await?;
    let rows = opened.store.rows().await?;
    Arc::into_inner(opened.library).context("the library is still in use")?.close()?;
    Ok(json!({ "rows": rows, "seconds": seconds, "maintenance": maintained, "maintenance_now": again }))
}

async fn maintain(store: &LanceStore, level: Maintenance) -> Result<f64> {
    let started = Instant::now();
    let report = store.maintain(level).await?;
    ensure!(report.is_sound(), "maintenance failed: {:?}", report.failures);
    Ok(started.elapsed().as_secs_f64())
}

/// Adds the documents of these numbers: all steps of the journal but reading and embedding.
async fn add(
    opened: &Opened,
    sources: &[SourceId],
    space: &Space,
    numbers: std::ops::Range<usize>,
    documents: usize,
) -> Result<()> {
    let library = &opened.library;
    let mut read: Vec<(DocumentId, String, DocumentText, Vec<NewChunk>)> = Vec::new();
    for number in numbers.clone() {
        let seen = SeenFile {
            source: sources[number % SOURCES],
            rel_path: format!("{:04}/{number:07}.txt", number / 1000),
            size: 5_000,
            mtime_ns: 1,
            file_id: None,
        };
        let (text, chunks) = document(number);
        read.push((library.see_file(seen, 1)?.document(), number.to_string(), text, chunks));
    }
    let revisions: Vec<NewRevision<'_>> = read
        .iter()
        .map(|(document, hash, text, chunks)| NewRevision {
            document: *document,
            change: None,
            content_hash: hash,
            extractor: "index_scale",
            chunker: "index_scale",
            text,
            chunks,
        })
        .collect();
    let batch = library.open_batch(opened.profile.id, &revisions, 1)?;
    let first = numbers.start * PER_DOCUMENT;
    if let (0, Some(chunk)) = (first, batch.chunks.first()) {
        library.set_setting(FILLED, &(chunk.id.0, documents * PER_DOCUMENT))?;
    }
    let rows = batch.chunks.iter().enumerate().map(|(index, chunk)| Row {
        chunk: chunk.id,
        revision: chunk.revision,
        document: chunk.document,
        source: chunk.source,
        batch: batch.id,
        text: chunk.text.clone(),
        title: chunk.title.clone(),
        vector: space.vector(first + index),
    });
    let version = opened.store.append(rows.collect()).await?;
    library.publish_batch(batch.id, version, 1)?;
    Ok(())
}

fn document(number: usize) -> (DocumentText, Vec<NewChunk>) {
    let mut text = String::new();
    let mut chunks = Vec::new();
    for part in 0..PER_DOCUMENT {
        let body = passage(number * PER_DOCUMENT + part);
        let span = Span::new(text.len(), text.len() + body.len());
        text.push_str(&body);
        text.push_str("\n\n");
        chunks.push(NewChunk {
            spans: vec![span],
            headings: vec![],
            sentences: vec![span],
            page: None,
            page_label: None,
            line: Some(part as u32 * 2 + 1),
            spot: None,
            member: None,
            tokens: 200,
            text: body,
            header: String::new(),
        });
    }
    let text = DocumentText {
        format: Format::PlainText,
        text,
        blocks: vec![],
        metadata: Metadata::default(),
        warnings: vec![],
    };
    (text, chunks)
}

/// Words of a passage.
const WORDS: usize = 110;
/// Different words.
const VOCABULARY: f64 = 50_000.0;

fn passage(number: usize) -> String {
    let mut random = Random(number as u64 + 1);
    (0..WORDS).map(|_| word(random.rank(VOCABULARY))).collect::<Vec<_>>().join(" ") + "."
}

/// About normally distributed, with a variance of 1: the sum of twelve (Irwin and Hall).
fn scattered(random: &mut Random) -> f32 {
    ((0..12).map(|_| random.even()).sum::<f64>() - 6.0) as f32
}

/// Vectors as texts have them: 200 topics in a space of 48 dimensions, laid into a larger one.
struct Space {
    topics: Vec<Vec<f32>>,
    axes: Vec<Vec<f32>>,
}

const LATENT: usize = 48;
const TOPICS: usize = 200;

impl Space {
    fn new(dimension: usize) -> Self {
        let mut random = Random(7);
        let mut vectors = |count: usize, length: usize| -> Vec<Vec<f32>> {
            (0..count).map(|_| (0..length).map(|_| scattered(&mut random)).collect()).collect()
        };
        Self { topics: vectors(TOPICS, LATENT), axes: vectors(dimension, LATENT) }
    }

    /// The vector of a number, of length 1.
    fn vector(&self, number: usize) -> Vec<f32> {
        let mut random = Random((number as u64) << 20 | 5);
        let topic = &self.topics[random.next() as usize % TOPICS];
        let latent: Vec<f32> = topic.iter().map(|x| x + 0.8 * scattered(&mut random)).collect();
        let vector = self.axes.iter().map(|axis| dot(axis, &latent) + 0.7 * scattered(&mut random)).collect();
        normal(vector)
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn normal(mut vector: Vec<f32>) -> Vec<f32> {
    let length = dot(&vector, &vector).sqrt();
    vector.iter_mut().for_each(|x| *x /= length);
    vector
}

/// The best of many by a score; few are kept.
struct Best(Vec<(f32, usize)>);

impl Best {
    fn offer(&mut self, score: f32, number: usize) {
        if self.0.len() < WANTED || self.0.last().is_some_and(|worst| score > worst.0) {
            let place = self.0.partition_point(|other| other.0 >= score);
            self.0.insert(place, (score, number));
            self.0.truncate(WANTED);
        }
    }
}

async fn search(data: &Path, queries: usize, exact: usize) -> Result<Value> {
    let started = Instant::now();
    let opened = open(data).await?;
    let open_seconds = started.elapsed().as_secs_f64();
    let rows = opened.store.rows().await?;
    let space = Space::new(opened.profile.profile.dimension);
    // Queries lie in the same space and are none of the rows.
    let vectors: Vec<Vec<f32>> = (0..queries).map(|query| space.vector(usize::MAX / 2 + query)).collect();
    let summaries = opened.library.sources()?;
    let source = summaries.iter().find(|it| it.source.root.ends_with("source-3")).context("no source-3")?;
    let filter = Filter { sources: Some(vec![source.source.id]), ..Filter::default() };
    let mut times: [Vec<f64>; 8] = Default::default();
    let mut parts: [Vec<f64>; 3] = Default::default();
    let embedder = FakeEmbedder::with_profile(opened.profile.profile.clone());
    let retrieval = Retrieval::new(&AnswerParts {
        library: Arc::clone(&opened.library),
        store: Arc::new(opened.store.clone()),
        embedder: Some(Arc::new(embedder)),
        generator: None,
    });
    let scope = Scope { sources: filter.sources.clone(), documents: None };
    let mut found: Vec<[Vec<ChunkId>; 4]> = Vec::new();
    for (number, vector) in vectors.iter().enumerate() {
        let words = TextQuery::Words(question(number));
        let everything = Filter::default();
        let all = timed(&mut times[0], opened.store.search_vector(vector, &everything, WANTED)).await?;
        let some = timed(&mut times[1], opened.store.search_vector(vector, &filter, WANTED)).await?;
        let more = timed(&mut times[6], opened.store.search_vector(vector, &everything, MANY)).await?;
        let some_more = timed(&mut times[7], opened.store.search_vector(vector, &filter, MANY)).await?;
        timed(&mut times[2], opened.store.search_text(&words, &everything, WANTED)).await?;
        timed(&mut times[3], opened.store.search_text(&words, &filter, WANTED)).await?;
        let (text, cancel) = (question(number), Cancel::new());
        timed(&mut times[4], retrieval.search(&text, &Scope::default(), WANTED, &cancel)).await?;
        let whole = timed(&mut times[5], retrieval.search(&text, &scope, WANTED, &cancel)).await?.timings;
        for (times, time) in parts.iter_mut().zip([whole.vector, whole.text, whole.library]) {
            times.push(time.as_secs_f64() * 1e3);
        }
        found.push(
            [all, some, more, some_more]
                .map(|hits| hits.into_iter().take(WANTED).map(|hit| hit.chunk).collect()),
        );
    }
    let names = [
        "vector",
        "vector_filtered",
        "words",
        "words_filtered",
        "search",
        "search_filtered",
        "vector_100",
        "vector_100_filtered",
    ];
    let spread: serde_json::Map<String, Value> =
        names.iter().zip(&mut times).map(|(name, times)| ((*name).to_owned(), percentiles(times))).collect();
    let of_search: serde_json::Map<String, Value> = ["vectors", "words", "library"]
        .iter()
        .zip(&mut parts)
        .map(|(name, times)| ((*name).to_owned(), percentiles(times)))
        .collect();
    let (first, made): (i64, usize) = opened.library.get_setting(FILLED)?.context("fill it first")?;
    let recalls = exact_recall(&space, &vectors[..queries.min(exact)], &found, ChunkId(first), made);
    Ok(json!({ "rows": rows, "open_seconds": open_seconds, "milliseconds": spread,
               "parts_of_search_filtered": of_search,
               "recall": recalls[0], "recall_filtered": recalls[1],
               "recall_of_100": recalls[2], "recall_of_100_filtered": recalls[3] }))
}

fn question(number: usize) -> String {
    let mut random = Random(number as u64 * 31 + 11);
    (0..6).map(|_| word(random.rank(VOCABULARY))).collect::<Vec<_>>().join(" ")
}

async fn timed<T, E: std::error::Error + Send + Sync + 'static>(
    times: &mut Vec<f64>,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T> {
    let started = Instant::now();
    let done = work.await?;
    times.push(started.elapsed().as_secs_f64() * 1e3);
    Ok(done)
}

fn percentiles(times: &mut [f64]) -> Value {
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1)).copied();
    json!({ "p50": at(50), "p95": at(95), "p99": at(99) })
}

/// Which part of the ten nearest rows was found, over all rows and within a source. Rows were filled
/// in the order of their numbers, so that chunk ids follow them.
fn exact_recall(
    space: &Space,
    vectors: &[Vec<f32>],
    found: &[[Vec<ChunkId>; 4]],
    first: ChunkId,
    rows: usize,
) -> [f64; 4] {
    let none = || vectors.iter().map(|_| Best(Vec::new())).collect::<Vec<_>>();
    let (mut all, mut some) = (none(), none());
    let rows = if vectors.is_empty() { 0 } else { rows };
    for row in 0..rows {
        let candidate = space.vector(row);
        for (query, vector) in vectors.iter().enumerate() {
            let score = dot(vector, &candidate);
            all[query].offer(score, row);
            if row / PER_DOCUMENT % SOURCES == 3 {
                some[query].offer(score, row);
            }
        }
    }
    let part = |best: &[Best], kind: usize| {
        let hits = best.iter().zip(found).map(|(best, found)| {
            let is_found = |row: usize| found[kind].contains(&ChunkId(first.0 + row as i64));
            best.0.iter().filter(|(_, row)| is_found(*row)).count()
        });
        hits.sum::<usize>() as f64 / (vectors.len() * WANTED) as f64
    };
    [part(&all, 0), part(&some, 1), part(&all, 2), part(&some, 3)]
}

/// Recall with real vectors: of the lines of `texts`, the last `queries` of which are the queries.
async fn recall(model: &Path, texts: &Path, queries: usize) -> Result<Value> {
    configure_process(0);
    let lines: Vec<String> = std::fs::read_to_string(texts)?.lines().map(str::to_owned).collect();
    ensure!(lines.len() > queries, "there are fewer lines than queries");
    let name = model.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let files = EmbedderFiles {
        name,
        weights: model.join("model.safetensors"),
        tokenizer: model.join("tokenizer.json"),
        config: model.join("config.json"),
        weights_sha256: String::new(),
        pooling: Pooling::Mean,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        normalise: true,
        max_tokens: 256,
    };
    let embedder = open_embedder(files, &EngineConfig::default())?;
    let started = Instant::now();
    let mut vectors = Vec::with_capacity(lines.len());
    for part in lines.chunks(256) {
        let kind = EmbedKind::Passage;
        vectors.extend(embedder.embed(part.to_vec(), kind, Priority::Bulk, Cancel::new()).await?);
    }
    let embedding = started.elapsed().as_secs_f64();
    let (rows, asked) = vectors.split_at(vectors.len() - queries);
    let folder = tempfile::tempdir()?;
    let dimension = embedder.profile().dimension;
    let store = open_store(folder.path(), "chunks_p1_g1_bench", dimension).await?;
    for (batch, part) in rows.chunks(4_096).enumerate() {
        store
            .append(part.iter().enumerate().map(|(at, vector)| row(batch * 4_096 + at, vector)).collect())
            .await?;
    }
    maintain(&store, Maintenance::Now).await?;
    let mut hits = 0;
    for query in asked {
        let mut best = Best(Vec::new());
        rows.iter().enumerate().for_each(|(number, row)| best.offer(dot(query, row), number));
        let found = store.search_vector(query, &Filter::default(), WANTED).await?;
        // Equal texts have equal vectors: any of them will do.
        let least = best.0.last().map_or(0.0, |worst| worst.0) - 1e-5;
        hits += found.iter().filter(|hit| dot(query, &rows[hit.chunk.0 as usize]) >= least).count();
    }
    Ok(json!({ "rows": rows.len(), "queries": queries, "embedding_seconds": embedding,
               "recall": hits as f64 / (queries * WANTED) as f64 }))
}

fn row(number: usize, vector: &[f32]) -> Row {
    Row {
        chunk: ChunkId(number as i64),
        revision: RevisionId(number as i64),
        document: DocumentId(number as i64),
        source: SourceId(1),
        batch: BatchId(1),
        text: "text".to_owned(),
        title: String::new(),
        vector: vector.to_vec(),
    }
}
