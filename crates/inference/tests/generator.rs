//! SmolLM2-135M-Instruct, and what a generator promises.
#![cfg(feature = "candle")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../src/testing/models.rs"]
#[allow(dead_code)]
mod models;

use std::path::Path;
use std::sync::{Arc, LazyLock};

use docent_corpus::Cancel;
use docent_inference::{
    ChatMessage, EngineConfig, GenerateEvent, GenerateRequest, GenerateStats, Generator, GeneratorFiles,
    InferenceError, Priority, Role, Sampling, StopReason, open_generator,
};

fn open(gguf: &Path) -> Result<Arc<dyn Generator>, InferenceError> {
    let files = GeneratorFiles {
        name: "SmolLM2-135M-Instruct-Q4_1".into(),
        gguf: gguf.to_owned(),
        weights_sha256: "b179c952".into(),
    };
    open_generator(files, &EngineConfig::default())
}

static SMOLLM2: LazyLock<Arc<dyn Generator>> = LazyLock::new(|| open(&models::smollm2()).unwrap());

fn request(question: &str) -> GenerateRequest {
    GenerateRequest {
        messages: vec![
            ChatMessage::new(Role::System, "You answer briefly."),
            ChatMessage::new(Role::User, question),
        ],
        sampling: Sampling::default(),
        max_tokens: 24,
        stop: vec![],
        priority: Priority::Interactive,
        ..GenerateRequest::default()
    }
}

/// The texts as they came, and the last event.
async fn say(
    generator: &dyn Generator,
    request: GenerateRequest,
    cancel: Cancel,
) -> (Vec<String>, GenerateStats) {
    let mut events = generator.generate(request, cancel).await.unwrap();
    let mut said = Vec::new();
    let (mut read, mut stats) = (0, None);
    while let Some(event) = events.recv().await {
        assert!(stats.is_none(), "nothing follows the end");
        match event.unwrap() {
            GenerateEvent::Prefill { done, total } => {
                assert!(read < done && done <= total && said.is_empty());
                read = done;
            }
            GenerateEvent::Text(text) => {
                assert!(!text.is_empty());
                said.push(text);
            }
            GenerateEvent::Done(end) => stats = Some(end),
        }
    }
    (said, stats.expect("the stream ends with Done"))
}

const CAPITAL: &str = "What is the capital of France?";

#[tokio::test]
async fn a_question_is_answered_in_whole_pieces_with_figures() {
    let (said, stats) = say(SMOLLM2.as_ref(), request(CAPITAL), Cancel::new()).await;
    assert!(said.len() > 3, "{said:?}");
    assert!(matches!(stats.stop, StopReason::EndOfText | StopReason::MaxTokens), "{stats:?}");
    assert_eq!(stats.prompt_tokens, SMOLLM2.count_prompt(&request(CAPITAL).messages).unwrap());
    assert!((said.len()..=24).contains(&stats.generated_tokens), "{stats:?}");
}

#[tokio::test]
async fn characters_of_several_tokens_come_whole() {
    let mut repeat = request("Repeat exactly: 你好，世界 😀🚀");
    repeat.messages[0].content = "Repeat what the user says.".into();
    repeat.max_tokens = 40;
    let (said, _) = say(SMOLLM2.as_ref(), repeat, Cancel::new()).await;
    let text = said.concat();
    assert!(!text.is_empty());
    assert!(!text.contains('\u{FFFD}'), "{said:?}");
}

#[tokio::test]
async fn a_stop_text_ends_the_answer_and_is_not_shown() {
    let (whole, _) = say(SMOLLM2.as_ref(), request(CAPITAL), Cancel::new()).await;
    let whole = whole.concat();
    // From inside one word into the next, so that it spreads over tokens.
    let letters: Vec<char> = whole.chars().collect();
    assert!(letters.len() > 20, "{whole}");
    let stop: String = letters[letters.len() / 3..letters.len() / 3 + 10].iter().collect();
    let stop = stop.as_str();
    let mut stopping = request(CAPITAL);
    stopping.stop = vec!["nowhere".into(), stop.into()];
    let (said, stats) = say(SMOLLM2.as_ref(), stopping, Cancel::new()).await;
    assert_eq!(said.concat(), whole.split(stop).next().unwrap());
    assert_eq!(stats.stop, StopReason::StopString);
}

#[tokio::test]
async fn the_limit_ends_the_answer() {
    let mut short = request(CAPITAL);
    short.max_tokens = 3;
    let (said, stats) = say(SMOLLM2.as_ref(), short, Cancel::new()).await;
    assert_eq!((stats.stop, stats.generated_tokens), (StopReason::MaxTokens, 3));
    assert_eq!(SMOLLM2.count_tokens(&said.concat()).unwrap(), 3);
    let mut none = request(CAPITAL);
    none.max_tokens = 0;
    let (said, stats) = say(SMOLLM2.as_ref(), none, Cancel::new()).await;
    assert_eq!((said.len(), stats.stop), (0, StopReason::MaxTokens));
}

#[tokio::test]
async fn the_same_seed_says_the_same_and_reuse_changes_nothing() {
    let sampled = |seed| GenerateRequest {
        sampling: Sampling {
            temperature: 1.0,
            top_k: Some(40),
            top_p: Some(0.95),
            min_p: Some(0.01),
            repetition_penalty: 1.1,
            seed,
        },
        ..request("Tell me a story about a lighthouse.")
    };
    let generator = open(&models::smollm2()).unwrap();
    let first = say(generator.as_ref(), sampled(7), Cancel::new()).await.0.concat();
    let other = say(generator.as_ref(), sampled(8), Cancel::new()).await.0.concat();
    assert_ne!(first, other);
    // Between the two a long prompt that shares its beginning only.
    let long = request(&"The lighthouse keeper counted ships. ".repeat(40));
    say(generator.as_ref(), long.clone(), Cancel::new()).await;
    let again = say(generator.as_ref(), sampled(7), Cancel::new()).await.0.concat();
    assert_eq!(first, again);
    // A prompt that continues a long one gives what it gives on a fresh model.
    let mut next = long;
    next.messages.push(ChatMessage::new(Role::Assistant, "I see."));
    next.messages.push(ChatMessage::new(Role::User, "What did the keeper count?"));
    say(generator.as_ref(), request(&"The lighthouse keeper counted ships. ".repeat(40)), Cancel::new())
        .await;
    let (reused, with) = say(generator.as_ref(), next.clone(), Cancel::new()).await;
    let (fresh, without) = say(open(&models::smollm2()).unwrap().as_ref(), next, Cancel::new()).await;
    assert_eq!(reused, fresh);
    assert_eq!(with.prompt_tokens, without.prompt_tokens);
}

#[tokio::test]
async fn cancelling_ends_the_stream_with_its_reason() {
    let before = Cancel::new();
    before.cancel();
    let (said, stats) = say(SMOLLM2.as_ref(), request(CAPITAL), before).await;
    assert_eq!((said.len(), stats.stop), (0, StopReason::Cancelled));
    let during = Cancel::new();
    let mut long = request("Count from one to one hundred in words.");
    long.max_tokens = 400;
    let mut events = SMOLLM2.generate(long, during.clone()).await.unwrap();
    let mut last = None;
    let mut texts = 0;
    while let Some(event) = events.recv().await {
        if matches!(event, Ok(GenerateEvent::Text(_))) {
            texts += 1;
            if texts == 3 {
                during.cancel();
            }
        }
        last = Some(event.unwrap());
    }
    match last {
        Some(GenerateEvent::Done(stats)) => {
            assert_eq!(stats.stop, StopReason::Cancelled);
            assert!(stats.generated_tokens < 200);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn dropping_the_receiver_frees_the_model_for_the_next() {
    let mut long = request("Count from one to one thousand in words.");
    long.max_tokens = 7000;
    let mut events = SMOLLM2.generate(long, Cancel::new()).await.unwrap();
    while !matches!(events.recv().await, Some(Ok(GenerateEvent::Text(_)))) {}
    drop(events);
    let (said, _) = say(SMOLLM2.as_ref(), request(CAPITAL), Cancel::new()).await;
    assert!(!said.concat().is_empty());
}

#[tokio::test]
async fn a_prompt_beyond_the_context_is_refused_with_its_length() {
    let mut long = request(&"word ".repeat(9000));
    let tokens = SMOLLM2.count_prompt(&long.messages).unwrap();
    match SMOLLM2.generate(long.clone(), Cancel::new()).await {
        Err(InferenceError::PromptTooLong { tokens: found, context }) => {
            assert_eq!((found, context), (tokens, 8192));
        }
        other => panic!("{:?}", other.map(|_| "a stream")),
    }
    long.messages[1].content = "short".into();
    long.max_tokens = 8192;
    let refused = SMOLLM2.generate(long, Cancel::new()).await;
    assert!(matches!(refused, Err(InferenceError::PromptTooLong { .. })));
}

#[tokio::test]
async fn the_model_says_what_it_is() {
    let info = SMOLLM2.model();
    assert_eq!(info.name, "SmolLM2-135M-Instruct-Q4_1");
    assert_eq!((info.architecture.as_str(), info.context_tokens), ("llama", 8192));
    assert_eq!(info.weights_sha256, "b179c952");
}

#[test]
fn bad_files_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let code = |content: &[u8]| {
        let path = folder.path().join("model.gguf");
        std::fs::write(&path, content).unwrap();
        open(&path).err().map(|error| error.code())
    };
    let whole = std::fs::read(models::smollm2()).unwrap();
    assert_eq!(code(&whole[..whole.len() / 2]), Some("model_file_truncated"));
    assert_eq!(code(&whole[..whole.len() - 1000]), Some("model_file_truncated"));
    assert_eq!(code(b"not a model"), Some("model_file_invalid"));
    let mut other = whole;
    let at = other.windows(5).position(|w| w == b"llama").unwrap();
    other[at..at + 5].copy_from_slice(b"mamba");
    assert_eq!(code(&other), Some("model_architecture_unsupported"));
    let missing = open(&folder.path().join("none.gguf")).err().unwrap();
    assert_eq!(missing.code(), "model_file_unreadable");
}
