//! The program as a process of its own, computing on the processor as a GPU would, and what docent
//! makes of its fate.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use docent_corpus::Cancel;
use docent_inference::fake::FakeGenerator;
use docent_inference::remote::protocol::{Reply, Request, Settings, VERSION};
use docent_inference::remote::{EngineProgram, Patience, RemoteGenerator, RemoteParts, probe};
use docent_inference::{
    AdapterFile, ChatMessage, ComputeDevice, EngineConfig, GenerateEvent, GenerateRequest, GenerateStats,
    Generator, GeneratorFiles, InferenceError, NoGpu, Precision, Role, Sampling, StopReason,
    open_generator_on,
};

/// Long enough for a busy machine.
const LONG: Duration = Duration::from_secs(120);

const PATIENT: Patience = Patience { greeting: LONG, silence: LONG, progress: LONG };

fn engine() -> PathBuf {
    env!("CARGO_BIN_EXE_docent-engine").into()
}

fn on_the_processor() -> EngineProgram {
    EngineProgram { path: engine(), arguments: vec!["--device".into(), "cpu".into()] }
}

/// The same behind a shell that leaves its number in `folder` before it becomes the program.
fn known_by_number(folder: &Path) -> EngineProgram {
    let script = format!(
        "echo $$ > '{}'; exec '{}' --device cpu",
        folder.join("number").display(),
        engine().display()
    );
    EngineProgram { path: "/bin/sh".into(), arguments: vec!["-c".into(), script.into()] }
}

fn signal(folder: &Path, name: &str) {
    let number = std::fs::read_to_string(folder.join("number")).unwrap();
    let sent = Command::new("kill").args([name, number.trim()]).status().unwrap();
    assert!(sent.success());
}

fn files() -> GeneratorFiles {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../inference/tests/reference/decoders");
    GeneratorFiles { name: "tiny".into(), gguf: folder.join("llama.gguf"), weights_sha256: "00ff".into() }
}

fn settings() -> Settings {
    let config = EngineConfig::default();
    Settings {
        precision: Precision::default(),
        context_limit: None,
        prompt_cache_bytes: config.prompt_cache_bytes,
        passage_cache_bytes: config.passage_cache_bytes,
        idle_unload: config.idle_unload,
        tells_date: false,
    }
}

/// A remote model for which a fake stands in: so one hears who speaks.
fn remote(program: EngineProgram, patience: Patience) -> RemoteGenerator {
    let local = Arc::new(FakeGenerator::scripted(["the processor"]).with_context(100_000));
    let parts = RemoteParts { program, files: files(), settings: settings(), patience, local };
    RemoteGenerator::new(parts).unwrap()
}

fn request(max_tokens: usize) -> GenerateRequest {
    GenerateRequest {
        messages: vec![ChatMessage::new(Role::User, "Hi")],
        sampling: Sampling { temperature: 1.0, seed: 7, ..Sampling::default() },
        max_tokens,
        ..GenerateRequest::default()
    }
}

type End = Result<GenerateStats, InferenceError>;

/// What is said, and how it ends; `at_first` is called with the first text.
async fn hear(generator: &dyn Generator, request: GenerateRequest, at_first: impl FnOnce()) -> (String, End) {
    let mut at_first = Some(at_first);
    let mut events = generator.generate(request, Cancel::new()).await.unwrap();
    let mut said = String::new();
    while let Some(event) = events.recv().await {
        match event {
            Ok(GenerateEvent::Prefill { .. }) => {}
            Ok(GenerateEvent::Text(text)) => {
                said += &text;
                if let Some(act) = at_first.take() {
                    act();
                }
            }
            Ok(GenerateEvent::Done(stats)) => return (said, Ok(stats)),
            Err(error) => return (said, Err(error)),
        }
    }
    panic!("the stream ended without an end");
}

#[tokio::test]
async fn an_answer_from_the_process_is_the_one_that_this_process_would_give() {
    let config = EngineConfig::default();
    let here = open_generator_on(ComputeDevice::processor(), files(), &config, None).unwrap();
    let there = remote(on_the_processor(), PATIENT);
    // The second goes on from what the first has left.
    for _ in 0..2 {
        let (expected, stats) = hear(here.as_ref(), request(20), || {}).await;
        let (said, end) = hear(&there, request(20), || {}).await;
        assert!(!said.is_empty());
        assert_eq!(said, expected);
        let (end, stats) = (end.unwrap(), stats.unwrap());
        assert_eq!((end.generated_tokens, end.stop), (stats.generated_tokens, stats.stop));
        assert_eq!((end.prompt_tokens, end.reused_tokens), (stats.prompt_tokens, stats.reused_tokens));
    }
}

#[tokio::test]
async fn a_cancelled_answer_ends_as_such() {
    let remote = remote(on_the_processor(), PATIENT);
    let cancel = Cancel::new();
    let mut events = remote.generate(request(100), cancel.clone()).await.unwrap();
    let mut texts = 0;
    loop {
        match events.recv().await.unwrap().unwrap() {
            GenerateEvent::Text(_) => {
                texts += 1;
                cancel.cancel();
            }
            GenerateEvent::Done(stats) => {
                // It may have been faster than the request to stop.
                assert!(stats.stop == StopReason::Cancelled || stats.generated_tokens > 0);
                break;
            }
            GenerateEvent::Prefill { .. } => {}
        }
    }
    assert!(texts > 0);
    // It goes on to serve.
    let (said, end) = hear(&remote, request(5), || {}).await;
    assert!(end.is_ok() && said != "the processor");
}

#[tokio::test]
async fn an_adapter_that_is_not_there_is_an_error_of_the_request() {
    let remote = remote(on_the_processor(), PATIENT);
    let mut adapted = request(5);
    adapted.adapter = Some(AdapterFile { path: "/nowhere/adapter.gguf".into(), sha256: "aa".into() });
    // The processor has the last word on it; the fake knows no adapters and speaks.
    let (said, _) = hear(&remote, adapted, || {}).await;
    assert_eq!(said, "the processor");
    let (said, end) = hear(&remote, request(5), || {}).await;
    assert!(end.is_ok());
    assert_ne!(said, "the processor");
}

#[tokio::test]
async fn a_process_that_is_killed_costs_one_answer_and_is_started_again() {
    let folder = tempfile::tempdir().unwrap();
    let remote = remote(known_by_number(folder.path()), PATIENT);
    // Stopped first, so that it cannot come to its end before it is killed.
    let kill = || ["-STOP", "-KILL"].iter().for_each(|name| signal(folder.path(), name));
    let (said, end) = hear(&remote, request(100), kill).await;
    assert!(!said.is_empty());
    let error = end.unwrap_err();
    assert_eq!(error.code(), "gpu_lost", "{error}");
    let (said, end) = hear(&remote, request(5), || {}).await;
    assert!(end.is_ok());
    assert_ne!(said, "the processor");
}

#[tokio::test]
async fn a_process_that_hangs_is_left_for_the_processor() {
    let folder = tempfile::tempdir().unwrap();
    let patience = Patience { silence: Duration::from_secs(5), ..PATIENT };
    let remote = remote(known_by_number(folder.path()), patience);
    let (_, end) = hear(&remote, request(100), || signal(folder.path(), "-STOP")).await;
    let error = end.unwrap_err();
    assert_eq!(error.code(), "gpu_lost", "{error}");
    assert_eq!(hear(&remote, request(5), || {}).await.0, "the processor");
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_build_without_cuda_says_that_it_has_no_gpu() {
    assert_eq!(probe(&EngineProgram::new(engine())), Err(NoGpu::NotSupported));
    assert_eq!(probe(&on_the_processor()), Ok("cpu".into()));
}

#[test]
fn arguments_that_are_not_known_are_refused() {
    let refused = Command::new(engine()).arg("--gpu").output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("usage"));
}

/// A started program, spoken to by hand.
struct Spoken {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Spoken {
    fn start() -> Self {
        let mut child = Command::new(engine())
            .args(["--device", "cpu"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    fn ask(&mut self, request: &Request) {
        self.say(&serde_json::to_string(request).unwrap());
    }

    /// The next reply that is more than a sign of life.
    fn reply(&mut self) -> Reply {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "its output ended");
            match serde_json::from_str(&line).unwrap() {
                Reply::Alive => {}
                reply => return reply,
            }
        }
    }

    fn exit_code(mut self) -> Option<i32> {
        let until = Instant::now() + LONG;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.child.kill().unwrap();
        panic!("it did not end");
    }
}

#[test]
fn it_ends_when_docent_is_gone_also_in_the_midst_of_an_answer() {
    let mut idle = Spoken::start();
    idle.ask(&Request::Hello { version: VERSION });
    assert_eq!(idle.reply(), Reply::Hello { version: VERSION, device: "cpu".into() });
    idle.input = None;
    assert_eq!(idle.exit_code(), Some(0));
    let mut speaking = Spoken::start();
    speaking.ask(&Request::Hello { version: VERSION });
    speaking.reply();
    speaking.ask(&Request::Open { files: files(), settings: settings() });
    assert_eq!(speaking.reply(), Reply::Opened);
    speaking.ask(&Request::Generate { id: 1, request: request(100) });
    assert!(matches!(speaking.reply(), Reply::Event { id: 1, .. }));
    speaking.input = None;
    // Its output is not read any more either, and may be what it fails at.
    assert!(speaking.exit_code().is_some());
}

#[test]
fn what_it_cannot_do_it_says() {
    let mut spoken = Spoken::start();
    // Before there is a model.
    spoken.ask(&Request::Generate { id: 3, request: request(5) });
    assert!(matches!(spoken.reply(), Reply::Failed { id: 3, .. }));
    spoken.ask(&Request::Hello { version: VERSION });
    spoken.reply();
    let missing = GeneratorFiles { gguf: "/nowhere/model.gguf".into(), ..files() };
    spoken.ask(&Request::Open { files: missing, settings: settings() });
    let Reply::NotOpened { error } = spoken.reply() else {
        panic!("opened");
    };
    assert_eq!(InferenceError::from(error).code(), "model_file_unreadable");
    spoken.ask(&Request::Open { files: files(), settings: settings() });
    assert_eq!(spoken.reply(), Reply::Opened);
    spoken.ask(&Request::Generate { id: 4, request: request(1 << 20) });
    let Reply::Failed { id: 4, error } = spoken.reply() else {
        panic!("not refused");
    };
    assert_eq!(InferenceError::from(error).code(), "prompt_too_long");
    // What it does not understand ends it: then the two are not of one mind.
    spoken.say("nonsense");
    assert_eq!(spoken.exit_code(), Some(1));
}
