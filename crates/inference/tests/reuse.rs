//! What a chat model remembers of earlier prompts, what it expects, and what it is kept to: none of
//! it may change an answer but where it is asked to.
#![cfg(feature = "candle")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../src/testing/models.rs"]
#[allow(dead_code)]
mod models;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use docent_corpus::Cancel;
use docent_inference::{
    AdapterFile, ChatMessage, EngineConfig, GenerateEvent, GenerateRequest, GenerateStats, Generator,
    GeneratorFiles, Role, Sampling, open_generator,
};

const EVIDENCE: &str = "The lighthouse of Genoa, called the Lanterna, stands 76 metres tall. It was built in \
    1128 and rebuilt in 1543. The keeper of the lighthouse counted every ship that entered the harbour. \
    In the year 1449 the keeper of the Lanterna was Antonio Colombo, an uncle of the navigator.";

fn open(config: &EngineConfig) -> Arc<dyn Generator> {
    let files = GeneratorFiles {
        name: "SmolLM2-135M-Instruct-Q4_1".into(),
        gguf: models::smollm2(),
        weights_sha256: "b179c952".into(),
    };
    open_generator(files, config).unwrap()
}

static SMOLLM2: LazyLock<Arc<dyn Generator>> = LazyLock::new(|| open(&EngineConfig::default()));

fn asked(system: &str, question: &str) -> GenerateRequest {
    GenerateRequest {
        messages: vec![ChatMessage::new(Role::System, system), ChatMessage::new(Role::User, question)],
        max_tokens: 48,
        ..GenerateRequest::default()
    }
}

async fn say(generator: &dyn Generator, request: GenerateRequest) -> (String, GenerateStats) {
    let mut events = generator.generate(request, Cancel::new()).await.unwrap();
    let mut said = String::new();
    while let Some(event) = events.recv().await {
        match event.unwrap() {
            GenerateEvent::Text(text) => said += &text,
            GenerateEvent::Done(stats) => return (said, stats),
            GenerateEvent::Prefill { .. } => {}
        }
    }
    panic!("the stream ended without its last event")
}

#[tokio::test]
async fn a_conversation_is_read_once() {
    let generator = open(&EngineConfig::default());
    let mut request = asked("You answer from the text.", &format!("{EVIDENCE}\nWhen was it built?"));
    let (said, first) = say(generator.as_ref(), request.clone()).await;
    assert_eq!(first.reused_tokens, 0);
    request.messages.push(ChatMessage::new(Role::Assistant, &said));
    request.messages.push(ChatMessage::new(Role::User, "And who was its keeper?"));
    let (said, second) = say(generator.as_ref(), request.clone()).await;
    // The prompt, and of the answer all but what the template cuts off its ends.
    assert!(second.reused_tokens >= first.prompt_tokens, "{second:?}");
    let (fresh, _) = say(open(&EngineConfig::default()).as_ref(), request).await;
    assert_eq!(said, fresh);
}

#[tokio::test]
async fn prompts_of_long_ago_are_known_within_the_budget() {
    let roomy = open(&EngineConfig::default());
    let tight = open(&EngineConfig { prompt_cache_bytes: 0, ..EngineConfig::default() });
    let first = asked("You answer from the text.", &format!("{EVIDENCE}\nWhen was it built?"));
    let other = asked("You write poems.", &"The sea is wide. ".repeat(30));
    let mut similar = first.clone();
    similar.messages[1].content = format!("{EVIDENCE}\nHow tall is it?");
    for (generator, reuses) in [(&roomy, true), (&tight, false)] {
        let (_, stats) = say(generator.as_ref(), first.clone()).await;
        say(generator.as_ref(), other.clone()).await;
        let (_, again) = say(generator.as_ref(), similar.clone()).await;
        // All but the question is known, or nothing but the template's first words.
        let known = again.reused_tokens > stats.prompt_tokens - 20;
        assert_eq!(known, reuses, "{again:?}");
    }
}

#[tokio::test]
async fn the_state_after_the_system_prompt_outlives_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        EngineConfig { prompt_cache_folder: Some(folder.path().to_owned()), ..EngineConfig::default() };
    let system = "You are a careful librarian. You answer in one short sentence, from the text alone, \
                  and you say so when the text does not tell.";
    let request = asked(system, "When was the Lanterna built?");
    let (before, first) = say(open(&config).as_ref(), request.clone()).await;
    assert_eq!(first.reused_tokens, 0);
    let (after, second) = say(open(&config).as_ref(), request.clone()).await;
    let system_tokens = SMOLLM2.count_tokens(system).unwrap();
    assert!(second.reused_tokens >= system_tokens, "{second:?}");
    assert_eq!(before, after);
    // A file that is cut is as none, and is written anew.
    let file = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let (damaged, third) = say(open(&config).as_ref(), request).await;
    assert_eq!((third.reused_tokens, damaged), (0, before));
    assert_eq!(std::fs::read(&file).unwrap(), whole);
}

/// Greedy and drawn, with and without a penalty: the same text, and for an answer that repeats the
/// prompt many of its tokens were expected.
#[tokio::test]
async fn drafts_change_nothing_but_the_time() {
    let mut expected = 0;
    for (question, sampling) in [
        ("Repeat the text word for word.", Sampling::default()),
        (
            "Write the same line again and again: The bell rings once, the bell rings twice.",
            Sampling::default(),
        ),
        ("Tell me a story about the keeper.", Sampling { temperature: 0.9, seed: 3, ..Sampling::default() }),
        (
            "List the years.",
            Sampling {
                temperature: 0.7,
                top_p: Some(0.9),
                seed: 5,
                repetition_penalty: 1.2,
                ..Sampling::default()
            },
        ),
    ] {
        let mut request = asked("You are helpful.", &format!("{question}\n\n{EVIDENCE}"));
        request.sampling = sampling;
        request.max_tokens = 120;
        let (with, drafted) = say(SMOLLM2.as_ref(), request.clone()).await;
        request.drafts = false;
        let (without, plain) = say(SMOLLM2.as_ref(), request).await;
        assert_eq!(with, without);
        assert_eq!(drafted.generated_tokens, plain.generated_tokens);
        assert_eq!((drafted.stop, plain.drafted_tokens), (plain.stop, 0));
        println!("{question} {} of {} expected", drafted.drafted_tokens, drafted.generated_tokens);
        expected += drafted.drafted_tokens;
    }
    assert!(expected > 5, "{expected}");
}

#[tokio::test]
async fn brackets_hold_numbers_of_sources_only() {
    let system = "After every sentence write the number of its source in square brackets, like [7].";
    let mut cited = 0;
    for seed in 0..4 {
        let mut request =
            asked(system, &format!("[1] {EVIDENCE}\n[2] The sea is wide.\n\nTell me about it."));
        request.sampling = Sampling { temperature: 1.3, seed, ..Sampling::default() };
        request.citations = Some(2);
        let (said, _) = say(SMOLLM2.as_ref(), request).await;
        for part in said.split('[').skip(1) {
            let number = part.split_once(']').map_or(part, |(number, _)| number);
            // Only at the very end may a bracket be unfinished, where the limit cut it.
            assert!(number == "1" || number == "2" || number.is_empty(), "{said}");
            cited += 1;
        }
    }
    // With no source there is none to name.
    let mut request = asked(system, "Name a source in square brackets.");
    request.citations = Some(0);
    let (said, _) = say(SMOLLM2.as_ref(), request).await;
    assert!(!said.contains('['), "{said}");
    println!("{cited} citations");
}

#[tokio::test]
async fn an_adapter_of_another_model_is_refused_and_the_model_goes_on() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/decoders/llama.gguf");
    let mut request = asked("You answer briefly.", "What is the capital of France?");
    let (plain, _) = say(SMOLLM2.as_ref(), request.clone()).await;
    request.adapter = Some(AdapterFile { path: folder, sha256: "1234".into() });
    let mut events = SMOLLM2.generate(request.clone(), Cancel::new()).await.unwrap();
    let error = loop {
        match events.recv().await {
            Some(Err(error)) => break error,
            Some(Ok(_)) => {}
            None => panic!("the stream ended without an error"),
        }
    };
    assert_eq!(error.code(), "adapter_invalid");
    request.adapter = None;
    assert_eq!(say(SMOLLM2.as_ref(), request).await.0, plain);
}

#[tokio::test]
async fn the_context_can_be_cut_by_a_setting() {
    let generator = open(&EngineConfig { context_limit: Some(100), ..EngineConfig::default() });
    assert_eq!(generator.model().context_tokens, 100);
    let refused = generator.generate(asked("You are helpful.", EVIDENCE), Cancel::new()).await;
    assert_eq!(refused.err().unwrap().code(), "prompt_too_long");
    let memory = generator.model().memory;
    assert!(memory.weights > 80 << 20 && memory.weights < 130 << 20, "{memory:?}");
    // 30 layers, 3 heads of keys and of values, 64 long, in 16 bits.
    assert_eq!(memory.each_token, 30 * 2 * 3 * 64 * 2);
}

/// A passage in another place of another prompt is put in; the model still answers, and what it read
/// exactly is not mixed with it.
#[tokio::test]
async fn named_passages_are_put_in_where_they_stand() {
    let generator = open(&EngineConfig::default());
    let about = |before: &str, question: &str| {
        let mut request = asked("You answer from the text.", &format!("{before}{EVIDENCE}\n{question}"));
        request.passages = vec![EVIDENCE.to_owned(), "too short".into(), "not there at all ".repeat(30)];
        request
    };
    let (_, first) = say(generator.as_ref(), about("", "When was it built?")).await;
    let inside = SMOLLM2.count_tokens(EVIDENCE).unwrap() - 4 - 16;
    assert_eq!(first.reused_tokens, inside);
    let elsewhere = about("The sea is wide and the winds are many. ", "How tall is the lighthouse?");
    let (said, second) = say(generator.as_ref(), elsewhere.clone()).await;
    assert!(second.reused_tokens >= inside && !said.is_empty(), "{second:?}");
    // The same prompt without: as on a model that has never seen the passage.
    let plain = GenerateRequest { passages: Vec::new(), ..elsewhere };
    let (after, _) = say(generator.as_ref(), plain.clone()).await;
    let (fresh, _) = say(open(&EngineConfig::default()).as_ref(), plain).await;
    assert_eq!(after, fresh);
}
