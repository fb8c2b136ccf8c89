//! Prints how fast the engine is on this machine, through its public interface.
//!
//! `cargo run -p docent-inference --features candle --example bench -- MODELS_FOLDER [THREADS]`
//!
//! Reads `all-MiniLM-L6-v2/` and `SmolLM2-135M-Instruct-Q4_1/` in the folder. Each figure is the
//! best of three runs, the first of which also loads the model.
#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use docent_corpus::{Cancel, Pooling};
use docent_inference::{
    ChatMessage, EmbedKind, Embedder, EmbedderFiles, EngineConfig, GenerateEvent, GenerateRequest,
    GenerateStats, Generator, GeneratorFiles, Priority, Role, Sampling, configure_process, device_report,
    open_embedder, open_generator,
};

type Failure = Box<dyn std::error::Error>;

const RUNS: usize = 3;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: bench MODELS_FOLDER [THREADS]")?);
    if let Some(threads) = arguments.next() {
        configure_process(threads.parse()?);
    }
    println!("{:?}", device_report());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        generator(&folder).await?;
        embedder(&folder).await
    })
}

async fn generator(folder: &Path) -> Result<(), Failure> {
    let model = open_generator(
        GeneratorFiles {
            name: "SmolLM2-135M-Instruct-Q4_1".into(),
            gguf: folder.join("SmolLM2-135M-Instruct-Q4_1/SmolLM2-135M-Instruct.Q4_1.gguf"),
            weights_sha256: String::new(),
        },
        &EngineConfig::default(),
    )?;
    for tokens in [128, 512, 1500] {
        let mut prefill = Duration::MAX;
        let mut decode = Duration::MAX;
        for run in 0..RUNS {
            let stats = answer(&model, tokens, run).await?;
            prefill = prefill.min(stats.prefill * tokens as u32 / stats.prompt_tokens as u32);
            decode = decode.min(stats.decode / stats.generated_tokens as u32);
        }
        println!(
            "prompt of {tokens:4} tokens: prefill {:6.0} tok/s, decode {:5.1} tok/s",
            tokens as f64 / prefill.as_secs_f64(),
            1.0 / decode.as_secs_f64()
        );
    }
    Ok(())
}

/// An answer of 64 tokens to a prompt of about `tokens`, which begins differently in each run so
/// that nothing of the run before is reused.
async fn answer(model: &Arc<dyn Generator>, tokens: usize, run: usize) -> Result<GenerateStats, Failure> {
    let words = "Ships come and go while the keeper of the light writes their names down. ";
    let mut messages = vec![
        ChatMessage::new(Role::System, format!("Run {run} of {tokens}.")),
        ChatMessage::new(Role::User, ""),
    ];
    while model.count_prompt(&messages)? < tokens {
        messages[1].content += words;
    }
    let request = GenerateRequest {
        messages,
        sampling: Sampling { temperature: 1.0, seed: run as u64, ..Sampling::default() },
        max_tokens: 64,
        stop: vec![],
        priority: Priority::Interactive,
    };
    let mut events = model.generate(request, Cancel::new()).await?;
    while let Some(event) = events.recv().await {
        if let GenerateEvent::Done(stats) = event? {
            return Ok(stats);
        }
    }
    Err("the answer broke off".into())
}

async fn embedder(folder: &Path) -> Result<(), Failure> {
    let file = |name: &str| folder.join("all-MiniLM-L6-v2").join(name);
    let model = open_embedder(
        EmbedderFiles {
            name: "all-MiniLM-L6-v2".into(),
            weights: file("model.safetensors"),
            tokenizer: file("tokenizer.json"),
            config: file("config.json"),
            weights_sha256: String::new(),
            pooling: Pooling::Mean,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            normalise: true,
            max_tokens: 256,
        },
        &EngineConfig::default(),
    )?;
    for (count, words) in [(32, 126), (8, 254), (1, 10)] {
        let texts = vec![vec!["ship"; words].join(" "); count];
        let tokens = count * (words + 2);
        let mut best = Duration::MAX;
        for _ in 0..RUNS {
            best = best.min(embed(model.as_ref(), texts.clone()).await?);
        }
        println!(
            "{count:2} texts of {:3} tokens: {:6.0} tok/s, {:.1} ms",
            words + 2,
            tokens as f64 / best.as_secs_f64(),
            best.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

async fn embed(model: &dyn Embedder, texts: Vec<String>) -> Result<Duration, Failure> {
    let started = Instant::now();
    let cancel = Cancel::new();
    model.embed(texts, EmbedKind::Passage, Priority::Bulk, cancel).await?;
    Ok(started.elapsed())
}
