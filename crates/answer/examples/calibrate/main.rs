//! Measures search, refusal, quoting and citing on public collections with the real embedding
//! model, and computes the weights of the evidence.
//!
//! ```text
//! cargo run --release -p docent-answer --features candle --example calibrate -- \
//!     EVAL_FOLDER MODEL_FOLDER CACHE_FILE [ranking|evidence|quoting|citing|speaking=GGUF]...
//! ```
//!
//! EVAL_FOLDER holds `scifact`, `xquad`, `no_answer` and `sft` in the usual BEIR layout;
//! MODEL_FOLDER an all-MiniLM-L6-v2 (`model.safetensors`, `tokenizer.json`, `config.json`). Vectors are
//! kept in CACHE_FILE, so that a second run is quick. The index is exact (`MemoryStore`), so the
//! figures are those of the components, not of an approximate index.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs, unreachable_pub)]

mod cache;
mod citing;
mod data;
mod evidence;
mod logistic;
mod quoting;
mod ranking;
mod speaking;
#[path = "../../tests/world/mod.rs"]
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use docent_corpus::Pooling;
use docent_inference::{Embedder, EmbedderFiles, EngineConfig, open_embedder};

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let mut path = |what: &str| PathBuf::from(args.next().unwrap_or_else(|| panic!("{what} is missing")));
    let (eval, model, cache) = (path("EVAL_FOLDER"), path("MODEL_FOLDER"), path("CACHE_FILE"));
    let parts: Vec<String> = args.collect();
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| part == name);
    let files = EmbedderFiles {
        name: "all-MiniLM-L6-v2".into(),
        weights: model.join("model.safetensors"),
        tokenizer: model.join("tokenizer.json"),
        config: model.join("config.json"),
        weights_sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db".into(),
        pooling: Pooling::Mean,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        normalise: true,
        max_tokens: 256,
    };
    let config =
        EngineConfig { threads: 0, idle_unload: Duration::from_secs(600), ..EngineConfig::default() };
    let embedder = Arc::new(cache::Cached::open(open_embedder(files, &config).unwrap(), cache));
    let shared: Arc<dyn Embedder> = embedder.clone();
    if wanted("ranking") {
        ranking::run(&eval, &shared).await;
        embedder.save();
    }
    if wanted("evidence") {
        evidence::run(&eval, &shared).await;
        embedder.save();
    }
    if wanted("quoting") {
        quoting::run(&eval, &shared).await;
        embedder.save();
    }
    if let Some(gguf) = parts.iter().find_map(|part| part.strip_prefix("speaking=")) {
        speaking::run(&eval, &shared, gguf).await;
        embedder.save();
    }
    if wanted("citing") {
        citing::run(&eval, &shared).await;
        embedder.save();
    }
}
