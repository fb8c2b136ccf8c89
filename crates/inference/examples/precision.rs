//! What activations and weights in fewer bits cost an embedding model: cosines to the 32-bit vectors, and nDCG@10 of each.
//!
//! `cargo run -p docent-inference --features candle --example precision -- MODEL_FOLDER EVAL_FOLDER`
//!
//! `MODEL_FOLDER` holds `model.safetensors`, `tokenizer.json` and `config.json`; `EVAL_FOLDER` the
//! collections `scifact` and `xquad` in BEIR's form.
#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use docent_corpus::{Cancel, Pooling};
use docent_inference::{
    EmbedKind, EmbedderFiles, EngineConfig, Precision, Priority, configure_process, open_embedder,
};
use serde::Deserialize;

type Failure = Box<dyn std::error::Error>;

/// Passages of each language whose vectors are compared.
const COMPARED: usize = 1000;
/// The first is what the others are compared with.
const PRECISIONS: [Precision; 3] = [Precision::F32, Precision::Int16, Precision::Int8];

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "_id")]
    id: serde_json::Value,
    #[serde(default)]
    title: String,
    text: String,
}

impl Entry {
    fn key(&self) -> String {
        self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned)
    }

    fn whole(&self) -> String {
        if self.title.is_empty() { self.text.clone() } else { format!("{}. {}", self.title, self.text) }
    }
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [model, eval] = arguments.as_slice() else {
        return Err("usage: precision MODEL_FOLDER EVAL_FOLDER".into());
    };
    configure_process(0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(model, eval))
}

async fn run(model: &Path, eval: &Path) -> Result<(), Failure> {
    let corpus = read(&eval.join("scifact/corpus.jsonl"))?;
    let queries = read(&eval.join("scifact/public.queries.jsonl"))?;
    let relevant = relevance(&eval.join("scifact/public.qrels.tsv"))?;
    let passages: Vec<String> = corpus.iter().map(Entry::whole).collect();
    let questions: Vec<String> = queries.iter().map(|query| query.text.clone()).collect();
    let chinese = sentences(&read(&eval.join("xquad/zh.corpus.jsonl"))?);

    let mut found = Vec::new();
    for precision in PRECISIONS {
        let began = std::time::Instant::now();
        let documents = embed(model, precision, &passages, EmbedKind::Passage).await?;
        let seconds = began.elapsed().as_secs_f64();
        let asked = embed(model, precision, &questions, EmbedKind::Query).await?;
        let zh = embed(model, precision, &chinese, EmbedKind::Passage).await?;
        let score = ndcg(&corpus, &documents, &queries, &asked, &relevant);
        println!(
            "{}: SciFact nDCG@10 {score:.4}, {seconds:.0} s for {} abstracts",
            precision.name(),
            corpus.len()
        );
        found.push((documents, zh));
    }
    let (exact, rounded) = found.split_first().ok_or("nothing was computed")?;
    for (precision, vectors) in PRECISIONS.iter().skip(1).zip(rounded) {
        compare(&format!("{}, English", precision.name()), &exact.0, &vectors.0);
        compare(&format!("{}, Chinese", precision.name()), &exact.1, &vectors.1);
    }
    Ok(())
}

fn compare(name: &str, exact: &[Vec<f32>], rounded: &[Vec<f32>]) {
    let mut cosines: Vec<f32> = exact.iter().zip(rounded).take(COMPARED).map(|(a, b)| dot(a, b)).collect();
    cosines.sort_by(f32::total_cmp);
    let below = cosines.iter().filter(|&&cosine| cosine < 0.999).count();
    println!(
        "{name}: {} passages, cosine least {:.5}, 1st percentile {:.5}, median {:.5}; {below} below 0.999",
        cosines.len(),
        cosines[0],
        cosines[cosines.len() / 100],
        cosines[cosines.len() / 2],
    );
}

/// Paragraphs cut at their sentences, so that there are enough of them.
fn sentences(entries: &[Entry]) -> Vec<String> {
    let cut = |entry: &Entry| entry.text.split_inclusive('。').map(str::to_owned).collect::<Vec<_>>();
    entries.iter().flat_map(cut).filter(|text| text.chars().count() > 15).collect()
}

async fn embed(
    folder: &Path,
    precision: Precision,
    texts: &[String],
    kind: EmbedKind,
) -> Result<Vec<Vec<f32>>, Failure> {
    let files = EmbedderFiles {
        name: "model".into(),
        weights: folder.join("model.safetensors"),
        tokenizer: folder.join("tokenizer.json"),
        config: folder.join("config.json"),
        weights_sha256: String::new(),
        pooling: Pooling::Mean,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        normalise: true,
        max_tokens: 256,
    };
    let embedder = open_embedder(files, &EngineConfig { precision, ..EngineConfig::default() })?;
    Ok(embedder.embed(texts.to_vec(), kind, Priority::Bulk, Cancel::new()).await?)
}

fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let lines = std::fs::read_to_string(path)?;
    lines.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// Query to relevant documents.
fn relevance(path: &Path) -> Result<HashMap<String, Vec<String>>, Failure> {
    let mut relevant: HashMap<String, Vec<String>> = HashMap::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        if let [query, document, score] = fields[..]
            && score.trim().parse::<f32>().is_ok_and(|score| score > 0.0)
        {
            relevant.entry(query.to_owned()).or_default().push(document.to_owned());
        }
    }
    Ok(relevant)
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Mean nDCG@10 (Järvelin and Kekäläinen 2002), relevance being yes or no.
fn ndcg(
    corpus: &[Entry],
    documents: &[Vec<f32>],
    queries: &[Entry],
    asked: &[Vec<f32>],
    relevant: &HashMap<String, Vec<String>>,
) -> f64 {
    let keys: Vec<String> = corpus.iter().map(Entry::key).collect();
    let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let mut total = 0.0;
    let mut count = 0;
    for (query, vector) in queries.iter().zip(asked) {
        let Some(wanted) = relevant.get(&query.key()) else { continue };
        let mut scores: Vec<(f32, usize)> =
            documents.iter().enumerate().map(|(index, document)| (dot(vector, document), index)).collect();
        scores.sort_by(|a, b| b.0.total_cmp(&a.0));
        let hits = scores.iter().take(10).enumerate().filter(|(_, (_, at))| wanted.contains(&keys[*at]));
        let found: f64 = hits.map(|(rank, _)| gain(rank)).sum();
        let ideal: f64 = (0..wanted.len().min(10)).map(gain).sum();
        total += found / ideal;
        count += 1;
    }
    total / f64::from(count)
}
