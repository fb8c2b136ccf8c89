//! What docent asks, and what is done about it.

use std::collections::HashMap;
use std::io::{BufRead, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use docent_corpus::Cancel;
use docent_inference::remote::protocol::{LONGEST_LINE, Reply, Request, Settings, VERSION};
use docent_inference::{
    ComputeDevice, DeviceChoice, EngineConfig, GenerateEvent, GenerateRequest, Generator, GeneratorFiles,
    InferenceError, NoGpu, open_generator_on,
};
use tokio::runtime::Runtime;

use crate::voice::Voice;

/// Opens what is computed on.
type OpenDevice = fn() -> Result<ComputeDevice, NoGpu>;

/// Answers that are being made, by their numbers.
type Answers = Arc<Mutex<HashMap<u64, Cancel>>>;

fn lock(answers: &Answers) -> MutexGuard<'_, HashMap<u64, Cancel>> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The state of the process.
pub(crate) struct Server {
    open_device: OpenDevice,
    clock: fn() -> i64,
    voice: Voice,
    runtime: Runtime,
    /// Set by the greeting.
    device: Option<ComputeDevice>,
    /// Set once a model is open.
    generator: Option<Arc<dyn Generator>>,
    answers: Answers,
}

impl Server {
    /// Opens nothing yet.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub(crate) fn new(open_device: OpenDevice, clock: fn() -> i64) -> Result<Self, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build();
        Ok(Self {
            open_device,
            clock,
            voice: Voice::new().map_err(|error| error.to_string())?,
            runtime: runtime.map_err(|error| error.to_string())?,
            device: None,
            generator: None,
            answers: Answers::default(),
        })
    }

    /// Does what is asked until `input` ends.
    ///
    /// # Errors
    /// If it cannot be read or says something that is not understood.
    pub(crate) fn serve(&mut self, mut input: impl BufRead) -> Result<(), String> {
        loop {
            let mut line = Vec::new();
            let read = input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line);
            if read.map_err(|error| error.to_string())? == 0 {
                return Ok(());
            }
            // Serde's own words could quote what a person wrote.
            let request =
                serde_json::from_slice(&line).map_err(|_| "a request is not understood".to_owned())?;
            self.answer(request);
        }
    }

    fn answer(&mut self, request: Request) {
        let voice = self.voice.clone();
        let _work = voice.work();
        match request {
            // Whether versions match is for docent to judge.
            Request::Hello { version: _ } => voice.say(&self.greet()),
            Request::Open { files, settings } => voice.say(&match self.open(files, settings) {
                Ok(()) => Reply::Opened,
                Err(error) => Reply::NotOpened { error: error.into() },
            }),
            Request::Generate { id, request } => self.generate(id, request),
            Request::Cancel { id } => {
                if let Some(cancel) = lock(&self.answers).get(&id) {
                    cancel.cancel();
                }
            }
        }
    }

    fn greet(&mut self) -> Reply {
        match (self.open_device)() {
            Ok(device) => {
                let name = device.name().to_owned();
                self.device = Some(device);
                Reply::Hello { version: VERSION, device: name }
            }
            Err(reason) => Reply::NoDevice { reason },
        }
    }

    fn open(&mut self, files: GeneratorFiles, settings: Settings) -> Result<(), InferenceError> {
        let device = self.device.clone().ok_or(InferenceError::Stopped)?;
        let config = EngineConfig {
            device: DeviceChoice::Gpu,
            precision: settings.precision,
            context_limit: settings.context_limit,
            prompt_cache_bytes: settings.prompt_cache_bytes,
            passage_cache_bytes: settings.passage_cache_bytes,
            idle_unload: settings.idle_unload,
            ..EngineConfig::default()
        };
        let clock = settings.tells_date.then_some(self.clock);
        self.generator = Some(open_generator_on(device, files, &config, clock)?);
        Ok(())
    }

    /// Starts an answer; its events are said as they come.
    fn generate(&self, id: u64, request: GenerateRequest) {
        let voice = self.voice.clone();
        let Some(generator) = self.generator.clone() else {
            return voice.say(&Reply::Failed { id, error: InferenceError::Stopped.into() });
        };
        let work = voice.work();
        let cancel = Cancel::new();
        let answers = Arc::clone(&self.answers);
        lock(&answers).insert(id, cancel.clone());
        self.runtime.spawn(async move {
            if let Err(error) = make(generator.as_ref(), id, request, cancel, &voice).await {
                voice.say(&Reply::Failed { id, error: error.into() });
            }
            lock(&answers).remove(&id);
            drop(work);
        });
    }
}

/// Says the events of an answer up to its end.
async fn make(
    generator: &dyn Generator,
    id: u64,
    request: GenerateRequest,
    cancel: Cancel,
    voice: &Voice,
) -> Result<(), InferenceError> {
    let mut events = generator.generate(request, cancel).await?;
    while let Some(event) = events.recv().await {
        let event = event?;
        let done = matches!(event, GenerateEvent::Done(_));
        voice.say(&Reply::Event { id, event });
        if done {
            return Ok(());
        }
    }
    Err(InferenceError::Stopped)
}
