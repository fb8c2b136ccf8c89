//! Models that are not used give their memory back. Alone in its process, because it looks at the
//! process's memory.
#![cfg(all(feature = "candle", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../src/testing/models.rs"]
#[allow(dead_code)]
mod models;

use std::time::Duration;

use docent_corpus::{Cancel, Pooling};
use docent_inference::{
    ChatMessage, EmbedKind, EmbedderFiles, EngineConfig, GenerateEvent, GenerateRequest, GeneratorFiles,
    Priority, Role, Sampling, open_embedder, open_generator,
};

/// Megabytes of this process that are in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix("kB").unwrap().trim().parse::<u64>().unwrap() / 1024
}

/// Waits until memory is below `limit` megabytes; the allocator keeps some of 90 or 140 for itself. The
/// time is generous, it only ends a test that has failed.
async fn falls_below(limit: u64) {
    println!("{} MB, to fall below {limit}", resident());
    for _ in 0..1200 {
        if resident() <= limit {
            println!("{} MB", resident());
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{} MB are still in memory, {limit} should be", resident());
}

#[tokio::test]
async fn unused_models_give_their_memory_back_and_come_again() {
    let config = EngineConfig { threads: 0, idle_unload: Duration::from_secs(2), ..EngineConfig::default() };
    let [weights, tokenizer, settings] = models::minilm();
    let embedder = open_embedder(
        EmbedderFiles {
            name: "all-MiniLM-L6-v2".into(),
            weights,
            tokenizer,
            config: settings,
            weights_sha256: String::new(),
            pooling: Pooling::Mean,
            query_prefix: String::new(),
            passage_prefix: String::new(),
            normalise: true,
            max_tokens: 256,
        },
        &config,
    )
    .unwrap();
    let generator = open_generator(
        GeneratorFiles { name: "SmolLM2".into(), gguf: models::smollm2(), weights_sha256: String::new() },
        &config,
    )
    .unwrap();
    embedder.count_tokens("counting needs no weights").unwrap();
    generator.count_tokens("nor does it here").unwrap();
    let opened = resident();
    let mut first = None;
    for _ in 0..2 {
        let texts = vec!["a text".to_owned()];
        let vectors =
            embedder.embed(texts, EmbedKind::Query, Priority::Interactive, Cancel::new()).await.unwrap();
        let loaded = resident();
        assert!(loaded > opened + 50, "{opened} -> {loaded}");
        assert_eq!(first.get_or_insert_with(|| vectors.clone()), &vectors);
        falls_below(loaded - 40).await;
        let request = GenerateRequest {
            messages: vec![ChatMessage::new(Role::User, "Hello")],
            sampling: Sampling::default(),
            max_tokens: 2,
            stop: vec![],
            priority: Priority::Interactive,
            ..GenerateRequest::default()
        };
        let mut loaded = 0;
        let mut events = generator.generate(request, Cancel::new()).await.unwrap();
        while let Some(event) = events.recv().await {
            if let GenerateEvent::Done(stats) = event.unwrap() {
                assert_eq!(stats.generated_tokens, 2);
                loaded = resident();
            }
        }
        assert!(loaded > opened + 80, "{opened} -> {loaded}");
        falls_below(loaded - 60).await;
    }
}
