//! What a person gets when the program does its work, and when it does not. The programs here are
//! shell scripts; a real one is tested beside its source.
#![cfg(unix)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use docent_corpus::Cancel;

use super::*;
use crate::fake::FakeGenerator;
use crate::gpu::{ModelIdentity, outcome, refusal};
use crate::{GenerateStats, Precision, Role, StopReason};

const HELLO: &str = r#"{"kind":"hello","version":1,"device":"A GPU"}"#;
const OPENED: &str = r#"{"kind":"opened"}"#;

fn text(id: u64, text: &str) -> String {
    format!(r#"{{"kind":"event","id":{id},"event":{{"text":"{text}"}}}}"#)
}

fn done(id: u64) -> String {
    let event = GenerateEvent::Done(GenerateStats {
        prompt_tokens: 1,
        reused_tokens: 0,
        generated_tokens: 1,
        drafted_tokens: 0,
        stop: StopReason::EndOfText,
        prefill: Duration::ZERO,
        decode: Duration::ZERO,
    });
    serde_json::to_string(&Reply::Event { id, event }).unwrap()
}

/// A program of these lines of shell, in which `say` says its argument and `hear` waits for a request.
fn program(folder: &Path, script: &str) -> EngineProgram {
    let path = folder.join("engine.sh");
    let head = "say() { printf '%s\\n' \"$1\"; }; hear() { read -r line || exit 0; }\n";
    std::fs::write(&path, format!("{head}{script}")).unwrap();
    EngineProgram { path: "/bin/sh".into(), arguments: vec![path.into()] }
}

fn remote(program: &EngineProgram, patience: Patience) -> RemoteGenerator {
    remote_beside(program, patience, Arc::new(FakeGenerator::scripted(["the processor"])))
}

fn remote_beside(program: &EngineProgram, patience: Patience, local: Arc<FakeGenerator>) -> RemoteGenerator {
    remote_with(files(), program, patience, local)
}

fn remote_of(files: GeneratorFiles, program: &EngineProgram) -> RemoteGenerator {
    let local = Arc::new(FakeGenerator::scripted(["the processor"]));
    remote_with(files, program, Patience::default(), local)
}

fn remote_with(
    files: GeneratorFiles,
    program: &EngineProgram,
    patience: Patience,
    local: Arc<FakeGenerator>,
) -> RemoteGenerator {
    let settings = Settings {
        precision: Precision::Int8,
        context_limit: None,
        prompt_cache_bytes: 0,
        passage_cache_bytes: 0,
        idle_unload: Duration::from_secs(600),
        tells_date: false,
    };
    RemoteGenerator::new(RemoteParts { program: program.clone(), files, settings, patience, local }).unwrap()
}

fn files() -> GeneratorFiles {
    GeneratorFiles { name: "m".into(), gguf: "/m".into(), weights_sha256: "00".into() }
}

/// Why the program does not take the model of [`files`].
fn refused(program: &EngineProgram) -> String {
    refusal(Some(program), ModelIdentity::from(&files())).expect("the model was not refused")
}

/// Nothing is known against the GPU, nor against other models on it.
fn expect_the_gpu_for_others(program: &EngineProgram) {
    assert_eq!(outcome(program), Some(Ok("A GPU".into())));
    let other = GeneratorFiles { weights_sha256: "01".into(), ..files() };
    assert_eq!(refusal(Some(program), ModelIdentity::from(&other)), None);
}

/// What is said, and how it ends.
async fn ask(remote: &RemoteGenerator) -> (String, Result<StopReason, InferenceError>) {
    let request = GenerateRequest {
        messages: vec![ChatMessage::new(Role::User, "Who answers?")],
        max_tokens: 64,
        ..GenerateRequest::default()
    };
    let mut events = remote.generate(request, Cancel::new()).await.unwrap();
    let mut said = String::new();
    while let Some(event) = events.recv().await {
        match event {
            Ok(GenerateEvent::Text(text)) => said += &text,
            Ok(GenerateEvent::Done(stats)) => return (said, Ok(stats.stop)),
            Ok(GenerateEvent::Prefill { .. }) => {}
            Err(error) => return (said, Err(error)),
        }
    }
    panic!("the stream ended without an end");
}

fn failure(program: &EngineProgram) -> String {
    match outcome(program) {
        Some(Err(reason)) => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_program_that_works_is_asked_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "hear; say '{HELLO}'; hear; say '{OPENED}'\nfor id in 1 2; do hear; {} say '{}' | sed \"s/\\\"id\\\":1/\\\"id\\\":$id/\"; done; hear",
        r#"say '{"kind":"alive"}'; say "{\"kind\":\"event\",\"id\":$id,\"event\":{\"text\":\"gpu $id\"}}";"#,
        done(1),
    );
    let program = program(folder.path(), &script);
    let remote = remote(&program, Patience::default());
    for expected in ["gpu 1", "gpu 2"] {
        let (said, end) = ask(&remote).await;
        assert_eq!((said.as_str(), end.unwrap()), (expected, StopReason::EndOfText));
    }
    assert_eq!(outcome(&program), Some(Ok("A GPU".into())));
}

#[tokio::test]
async fn a_program_that_cannot_be_started_leaves_it_to_the_processor() {
    let program = EngineProgram::new("/nowhere/docent-engine-that-is-not-there");
    let remote = remote(&program, Patience::default());
    for _ in 0..2 {
        let (said, end) = ask(&remote).await;
        assert_eq!(said, "the processor");
        assert!(end.is_ok());
    }
    assert!(failure(&program).contains("cannot be started"), "{}", failure(&program));
}

#[tokio::test]
async fn a_program_of_another_version_or_without_a_gpu_leaves_it_to_the_processor() {
    for (greeting, expected) in [
        (r#"{"kind":"hello","version":7,"device":"A GPU"}"#, "version 7"),
        (r#"{"kind":"no_device","reason":{"kind":"not_supported"}}"#, "without support"),
        (r#"{"kind":"no_device","reason":{"kind":"failed","detail":"smoke"}}"#, "smoke"),
        ("good morning", "not understood"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let program = program(folder.path(), &format!("hear; say '{greeting}'; hear"));
        let (said, end) = ask(&remote(&program, Patience::default())).await;
        assert_eq!(said, "the processor", "{greeting}");
        assert!(end.is_ok());
        assert!(failure(&program).contains(expected), "{}", failure(&program));
        let asked = probe(&program);
        assert!(asked.unwrap_err().to_string().contains(expected));
    }
}

#[tokio::test]
async fn a_program_that_dies_once_before_it_speaks_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("died");
    let script = format!(
        "hear; say '{HELLO}'; hear; say '{OPENED}'; hear\n\
         if [ ! -e {mark} ]; then touch {mark}; exit 3; fi\nsay '{}'; say '{}'; hear",
        text(2, "gpu"),
        done(2),
        mark = mark.display(),
    );
    let program = program(folder.path(), &script);
    let (said, end) = ask(&remote(&program, Patience::default())).await;
    assert_eq!((said.as_str(), end.unwrap()), ("gpu", StopReason::EndOfText));
    assert_eq!(outcome(&program), Some(Ok("A GPU".into())));
}

#[tokio::test]
async fn a_program_that_dies_twice_leaves_it_to_the_processor_and_its_last_words_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let words = "echo 'no such library' >&2; echo 'note: run it with a backtrace' >&2";
    let script = format!("hear; say '{HELLO}'; hear; {words}; exit 9");
    let program = program(folder.path(), &script);
    let remote = remote(&program, Patience::default());
    assert_eq!(ask(&remote).await.0, "the processor");
    assert_eq!(ask(&remote).await.0, "the processor");
    let failure = failure(&program);
    assert!(failure.contains('9') && failure.contains("no such library"), "{failure}");
}

#[tokio::test]
async fn what_has_been_said_is_not_said_again() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        format!("hear; say '{HELLO}'; hear; say '{OPENED}'; hear; say '{}'; exit 1", text(1, "The answer"));
    let program = program(folder.path(), &script);
    let (said, end) = ask(&remote(&program, Patience::default())).await;
    assert_eq!(said, "The answer");
    let error = end.unwrap_err();
    assert_eq!(error.code(), "gpu_lost");
    assert!(error.to_string().contains("in the middle of the answer"), "{error}");
}

#[tokio::test]
async fn silence_at_any_time_leaves_it_to_the_processor() {
    let short = Duration::from_millis(300);
    let long = Duration::from_secs(60);
    let hello = format!("hear; say '{HELLO}'; hear");
    let opened = format!("{hello}; say '{OPENED}'; hear");
    let alive = "while sleep 0.05; do say '{\"kind\":\"alive\"}'; done";
    for (script, patience) in [
        // Not a word.
        ("exec sleep 60".to_owned(), Patience { greeting: short, silence: long, progress: long }),
        (format!("{hello}; exec sleep 60"), Patience { greeting: long, silence: short, progress: long }),
        (format!("{opened}; exec sleep 60"), Patience { greeting: long, silence: short, progress: long }),
        // Alive, but nothing comes of it.
        (format!("{opened}; {alive}"), Patience { greeting: long, silence: long, progress: short }),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let program = program(folder.path(), &script);
        let (said, end) = ask(&remote(&program, patience)).await;
        assert_eq!(said, "the processor", "{script}");
        assert!(end.is_ok());
        assert!(failure(&program).contains("did not answer within"), "{}", failure(&program));
    }
}

#[tokio::test]
async fn an_error_of_the_model_leaves_it_to_the_processor_and_one_of_the_request_does_not() {
    let answer = |error: &str| {
        format!(
            "hear; say '{HELLO}'; hear; say '{OPENED}'; hear; \
             say '{{\"kind\":\"failed\",\"id\":1,\"error\":{error}}}'; hear"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let memory = program(folder.path(), &answer(r#"{"code":"compute","step":"out of memory"}"#));
    assert_eq!(ask(&remote(&memory, Patience::default())).await.0, "the processor");
    assert!(refused(&memory).contains("out of memory"));
    expect_the_gpu_for_others(&memory);
    let folder = tempfile::tempdir().unwrap();
    let adapter =
        program(folder.path(), &answer(r#"{"code":"adapter","path":"/a","reason":"another base"}"#));
    let (said, end) = ask(&remote(&adapter, Patience::default())).await;
    assert_eq!((said.as_str(), end.unwrap_err().code()), ("", "adapter_invalid"));
    assert_eq!(outcome(&adapter), Some(Ok("A GPU".into())));
    assert_eq!(refusal(Some(&adapter), ModelIdentity::from(&files())), None);
    let folder = tempfile::tempdir().unwrap();
    let stopped = program(folder.path(), &answer(r#"{"code":"stopped"}"#));
    assert_eq!(ask(&remote(&stopped, Patience::default())).await.0, "the processor");
    assert!(failure(&stopped).contains("no longer running"), "{}", failure(&stopped));
}

#[tokio::test]
async fn a_model_that_the_gpu_cannot_take_does_not_cost_the_others_the_gpu() {
    for (error, expected) in [
        (r#"{"code":"unsupported_architecture","name":"mamba"}"#, "mamba"),
        (r#"{"code":"unsupported_tensor_type","tensor":"t","kind":"iq1"}"#, "iq1"),
        (r#"{"code":"not_enough_memory","need":9,"available":8}"#, "not enough memory"),
        (r#"{"code":"compute","step":"allocating"}"#, "allocating"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        // Each start leaves a mark; the first model is refused, the second computed.
        let script = format!(
            "hear; say '{HELLO}'; hear\n\
             case \"$line\" in *'\"weights_sha256\":\"00\"'*)\n\
               echo start >> {starts}; say '{{\"kind\":\"not_opened\",\"error\":{error}}}'; hear; exit 0;;\n\
             esac\nsay '{OPENED}'; hear; say '{}'; say '{}'; hear",
            text(1, "gpu"),
            done(1),
            starts = folder.path().join("starts").display(),
        );
        let program = program(folder.path(), &script);
        let refusing = remote(&program, Patience::default());
        for _ in 0..2 {
            let (said, end) = ask(&refusing).await;
            assert_eq!(said, "the processor", "{error}");
            assert!(end.is_ok());
        }
        let starts = std::fs::read_to_string(folder.path().join("starts")).unwrap();
        assert_eq!(starts.lines().count(), 1, "it is not tried again");
        assert!(refused(&program).contains(expected), "{}", refused(&program));
        expect_the_gpu_for_others(&program);
        let other = GeneratorFiles { weights_sha256: "01".into(), ..files() };
        let (said, end) = ask(&remote_of(other, &program)).await;
        assert_eq!((said.as_str(), end.unwrap()), ("gpu", StopReason::EndOfText));
    }
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_refused_before_anything_is_started() {
    let program = EngineProgram::new("/nowhere/not-started");
    let remote = remote(&program, Patience::default());
    let request = GenerateRequest { max_tokens: 1 << 20, ..GenerateRequest::default() };
    let refused = remote.generate(request, Cancel::new()).await;
    assert_eq!(refused.err().map(|error| error.code()), Some("prompt_too_long"));
    assert_eq!(outcome(&program), None);
}

#[tokio::test]
async fn cancelling_reaches_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let end = done(1).replace("end_of_text", "cancelled");
    let script = format!(
        "hear; say '{HELLO}'; hear; say '{OPENED}'; hear; say '{}'; hear\n\
         case \"$line\" in *cancel*) say '{end}';; esac; hear",
        text(1, "Well")
    );
    let program = program(folder.path(), &script);
    let remote = remote(&program, Patience::default());
    let cancel = Cancel::new();
    let request = GenerateRequest { max_tokens: 64, ..GenerateRequest::default() };
    let mut events = remote.generate(request, cancel.clone()).await.unwrap();
    assert_eq!(events.recv().await.unwrap().unwrap(), GenerateEvent::Text("Well".into()));
    cancel.cancel();
    let Some(Ok(GenerateEvent::Done(stats))) = events.recv().await else {
        panic!("not ended");
    };
    assert_eq!(stats.stop, StopReason::Cancelled);
}

#[tokio::test]
async fn what_is_not_wanted_any_more_is_not_handed_over() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!(
        "hear; say '{HELLO}'; hear; say '{OPENED}'; hear; say '{}'; hear; say '{}'; hear",
        r#"{"kind":"event","id":1,"event":{"prefill":{"done":1,"total":2}}}"#,
        r#"{"kind":"failed","id":1,"error":{"code":"compute","step":"out of memory"}}"#,
    );
    let program = program(folder.path(), &script);
    let local = Arc::new(FakeGenerator::scripted(["the processor"]));
    let remote = remote_beside(&program, Patience::default(), Arc::clone(&local));
    let cancel = Cancel::new();
    let request = GenerateRequest { max_tokens: 64, ..GenerateRequest::default() };
    let mut events = remote.generate(request, cancel.clone()).await.unwrap();
    assert!(matches!(events.recv().await, Some(Ok(GenerateEvent::Prefill { .. }))));
    cancel.cancel();
    let Some(Ok(GenerateEvent::Done(stats))) = events.recv().await else {
        panic!("not ended");
    };
    assert_eq!(stats.stop, StopReason::Cancelled);
    assert!(local.requests().is_empty());
    assert!(refused(&program).contains("out of memory"), "{}", refused(&program));
}
