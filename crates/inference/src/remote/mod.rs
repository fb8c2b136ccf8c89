//! A chat model in a process of its own: the program that computes on an NVIDIA GPU, since whoever is
//! built for CUDA does not start where CUDA is missing, and a driver that crashes takes its process
//! along.
//!
//! [`protocol`] is what the two say to each other, line by line over the standard streams of the
//! program. [`RemoteGenerator`] is this side: a [`crate::Generator`] that starts the program when it is
//! first asked, and answers with another generator, on the processor, when the program does not do its
//! work.

mod answer;
mod process;
pub mod protocol;
mod supervisor;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use docent_corpus::Cancel;
use tokio::sync::mpsc::Receiver;

use crate::gpu::NoGpu;
pub use crate::gpu::Outcome;
use crate::{
    ChatMessage, GenerateEvent, GenerateRequest, Generator, GeneratorFiles, GeneratorInfo, InferenceError,
};
use answer::Answer;
use process::Process;
use protocol::{Reply, Request, Settings, VERSION};
use supervisor::{Order, Supervisor};

/// A program that speaks [`protocol`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EngineProgram {
    /// The executable.
    pub path: PathBuf,
    /// What it is started with.
    pub arguments: Vec<OsString>,
}

impl EngineProgram {
    /// The program at `path`, started without arguments.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), arguments: Vec::new() }
    }
}

/// How long to wait for a program before the processor does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the greeting. The driver needs some seconds at the first start after it was updated.
    pub greeting: Duration,
    /// For any sign of life while there is something to do; one is sent every
    /// [`protocol::HEARTBEAT`].
    pub silence: Duration,
    /// For the next event of any answer: the first one comes after the weights are loaded and the
    /// driver has prepared its programs.
    pub progress: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            greeting: Duration::from_secs(30),
            silence: Duration::from_secs(20),
            progress: Duration::from_secs(180),
        }
    }
}

/// Starts `program`, asks it what it computes on, and ends it. Takes as long as
/// [`Patience::greeting`] at most.
pub fn probe(program: &EngineProgram) -> Outcome {
    let (lines, heard) = channel();
    let failed = |detail: String| NoGpu::Failed { detail };
    let mut process = Process::start(program, 0, move |_, line| drop(lines.send(line))).map_err(failed)?;
    process.send(&Request::Hello { version: VERSION }).map_err(failed)?;
    let patience = Patience::default().greeting;
    let until = Instant::now() + patience;
    loop {
        match heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Ok(Reply::Alive)) => {}
            Ok(Ok(reply)) => return greeting(reply),
            Ok(Err(ended)) => return Err(failed(process.explain(&ended))),
            Err(RecvTimeoutError::Timeout) => return Err(failed(silent(patience))),
            Err(RecvTimeoutError::Disconnected) => return Err(failed("it could not be heard".into())),
        }
    }
}

/// What the first reply of a program says.
fn greeting(reply: Reply) -> Outcome {
    match reply {
        Reply::Hello { version: VERSION, device } => Ok(device),
        Reply::Hello { version, .. } => Err(NoGpu::Failed {
            detail: format!("it speaks version {version} of the protocol instead of {VERSION}"),
        }),
        Reply::NoDevice { reason } => Err(reason),
        _ => Err(NoGpu::Failed { detail: "it did not greet".into() }),
    }
}

fn silent(patience: Duration) -> String {
    format!("it did not answer within {} seconds", patience.as_secs())
}

/// A chat model in another process, and the one on the processor that stands in for it.
pub struct RemoteGenerator {
    local: Arc<dyn Generator>,
    orders: Mutex<Sender<Order>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// What a [`RemoteGenerator`] is made of.
pub struct RemoteParts {
    /// The program.
    pub program: EngineProgram,
    /// The model it is to open.
    pub files: GeneratorFiles,
    /// How it is to run it.
    pub settings: Settings,
    /// When to give it up.
    pub patience: Patience,
    /// The same model on the processor: counts tokens always, answers when the program does not.
    pub local: Arc<dyn Generator>,
}

impl RemoteGenerator {
    /// Nothing is started yet.
    ///
    /// # Errors
    /// [`InferenceError::Compute`] if the system gives no thread.
    pub fn new(parts: RemoteParts) -> Result<Self, InferenceError> {
        let (orders, taken) = channel();
        let local = Arc::clone(&parts.local);
        let supervisor = Supervisor::new(parts, orders.clone(), taken);
        let thread = std::thread::Builder::new()
            .name("remote model".into())
            .spawn(move || supervisor.run())
            .map_err(|source| InferenceError::Compute {
                step: "starting the thread of a remote model".into(),
                source: Some(Box::new(source)),
            })?;
        Ok(Self { local, orders: Mutex::new(orders), thread: Some(thread) })
    }

    fn order(&self, order: Order) -> Result<(), InferenceError> {
        let orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.send(order).map_err(|_| InferenceError::Stopped)
    }
}

impl Drop for RemoteGenerator {
    fn drop(&mut self) {
        let _ = self.order(Order::Close); // If it is gone, there is nothing to close.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait]
impl Generator for RemoteGenerator {
    fn model(&self) -> &GeneratorInfo {
        self.local.model()
    }

    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError> {
        self.local.count_tokens(text)
    }

    fn count_prompt(&self, messages: &[ChatMessage]) -> Result<usize, InferenceError> {
        self.local.count_prompt(messages)
    }

    async fn generate(
        &self,
        request: GenerateRequest,
        cancel: Cancel,
    ) -> Result<Receiver<Result<GenerateEvent, InferenceError>>, InferenceError> {
        let tokens = self.count_prompt(&request.messages)?;
        let context = self.model().context_tokens;
        if tokens == 0 || tokens.saturating_add(request.max_tokens) > context {
            return Err(InferenceError::PromptTooLong { tokens, context });
        }
        if !protocol::can_be_said(&request) {
            return self.local.generate(request, cancel).await;
        }
        let (answer, events) = Answer::new(request, tokens, cancel);
        self.order(Order::Generate(Box::new(answer)))?;
        Ok(events)
    }
}

#[cfg(test)]
mod tests;
