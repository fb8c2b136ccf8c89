//! Chat models: decoders of the Llama family in one GGUF file, on the processor, on a GPU of this
//! process, or in the process beside it.

mod loaded;
mod lookup;
mod mask;
mod passages;
mod prefixes;
mod saved;
mod stream;
mod task;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use docent_corpus::Cancel;
use tokio::sync::mpsc;

use crate::decoder::any::Decoder;
use crate::decoder::{Shape, position_bytes, vocabulary, weight_bytes, working_bytes};
use crate::gguf::Gguf;
use crate::gpu::{
    ComputeDevice, ModelIdentity, NoGpu, is_driver_installed, outcome, own_gpu, refusal, remember_refusal,
};
use crate::processor::ask_for_threads;
use crate::remote::protocol::Settings;
use crate::remote::{EngineProgram, Patience, RemoteGenerator, RemoteParts};
use crate::template::{ChatTemplate, Clock, DEFAULT_NAME};
use crate::tokenizer::ChatTokenizer;
use crate::worker::Worker;
use crate::{
    ChatMessage, DeviceChoice, EngineConfig, GenerateEvent, GenerateRequest, Generator, GeneratorFiles,
    GeneratorInfo, InferenceError, ModelMemory, Precision, Role,
};
use loaded::{Keeping, Loaded};
use prefixes::shared;
use task::{Generation, Prompt};

/// Opens a chat model: checks its file and reads its tokenizer and template now; loads its weights
/// at the first request, on a thread of its own, and drops them when they are not used for a while.
/// Templates that ask for today's date do without; see [`open_generator_with_clock`].
///
/// What it computes on is decided by [`EngineConfig::device`]; whatever goes wrong with the program that
/// computes on a GPU before the first word of an answer, the processor makes the answer. For a GPU of this
/// process that holds only until it has taken the model. See [`crate::device_report`].
///
/// # Errors
/// [`InferenceError::Read`], [`InferenceError::ModelFile`], [`InferenceError::ModelTruncated`],
/// [`InferenceError::UnsupportedArchitecture`], [`InferenceError::UnsupportedTensorType`],
/// [`InferenceError::Tokenizer`] or [`InferenceError::Template`], each naming what is wrong.
pub fn open_generator(
    files: GeneratorFiles,
    config: &EngineConfig,
) -> Result<Arc<dyn Generator>, InferenceError> {
    open_wherever(files, config, None)
}

/// Whether the chat model in a GGUF file is of a kind that can be computed here; reads the header only.
///
/// # Errors
/// [`InferenceError::UnsupportedArchitecture`] if it is not; the others of [`open_generator`] if the
/// header cannot be read.
pub fn check_architecture(gguf: &Path) -> Result<(), InferenceError> {
    Shape::read(&Gguf::open(gguf)?).map(drop)
}

/// As [`open_generator`], with a clock for templates that tell the model today's date.
///
/// # Errors
/// Those of [`open_generator`].
pub fn open_generator_with_clock(
    files: GeneratorFiles,
    config: &EngineConfig,
    clock: Clock,
) -> Result<Arc<dyn Generator>, InferenceError> {
    open_wherever(files, config, Some(clock))
}

/// As [`open_generator`], on this device and no other: for programs that compute for docent.
///
/// # Errors
/// Those of [`open_generator`].
pub fn open_generator_on(
    device: ComputeDevice,
    files: GeneratorFiles,
    config: &EngineConfig,
    clock: Option<Clock>,
) -> Result<Arc<dyn Generator>, InferenceError> {
    open(files, config, clock, Place::Device(device))
}

/// Where a model of this process is computed.
enum Place {
    /// On the processor, by the kernels.
    Kernels,
    /// On this device.
    Device(ComputeDevice),
    /// On this device, and by the kernels if it does not take the model.
    DeviceOrKernels(ComputeDevice, ModelIdentity),
}

fn open_wherever(
    files: GeneratorFiles,
    config: &EngineConfig,
    clock: Option<Clock>,
) -> Result<Arc<dyn Generator>, InferenceError> {
    if config.device == DeviceChoice::Cpu {
        return open(files, config, clock, Place::Kernels);
    }
    let model = ModelIdentity::from(&files);
    match own_gpu() {
        Ok(_) if refusal(None, model.clone()).is_some() => open(files, config, clock, Place::Kernels),
        Ok(device) => open(files, config, clock, Place::DeviceOrKernels(device, model)),
        Err(NoGpu::NotSupported) => match program(config, model) {
            Some(program) => {
                let local = open(files.clone(), config, clock, Place::Kernels)?;
                let settings = Settings {
                    precision: config.precision,
                    context_limit: config.context_limit,
                    prompt_cache_bytes: config.prompt_cache_bytes,
                    passage_cache_bytes: config.passage_cache_bytes,
                    idle_unload: config.idle_unload,
                    tells_date: clock.is_some(),
                };
                let patience = Patience::default();
                let parts = RemoteParts { program, files, settings, patience, local };
                Ok(Arc::new(RemoteGenerator::new(parts)?))
            }
            None => open(files, config, clock, Place::Kernels),
        },
        Err(_) => open(files, config, clock, Place::Kernels),
    }
}

/// The program beside docent, unless it is known that trying it, or it with this model, is pointless. It
/// is started when the model is first asked something.
fn program(config: &EngineConfig, model: ModelIdentity) -> Option<EngineProgram> {
    let path = config.gpu_engine.as_ref().filter(|path| path.is_file() && is_driver_installed())?;
    let program = EngineProgram::new(path);
    let has_failed = matches!(outcome(&program), Some(Err(_)));
    (!has_failed && refusal(Some(&program), model).is_none()).then_some(program)
}

fn open(
    files: GeneratorFiles,
    config: &EngineConfig,
    clock: Option<Clock>,
    place: Place,
) -> Result<Arc<dyn Generator>, InferenceError> {
    ask_for_threads(config.threads);
    let file = Gguf::open(&files.gguf)?;
    let shape = Shape::read(&file)?.limited(config.context_limit);
    file.check_tensors()?;
    let tokenizer = ChatTokenizer::open(&file)?;
    if tokenizer.vocabulary_len() > vocabulary(&file) {
        return Err(file.invalid("its vocabulary is longer than its embedding table"));
    }
    let own_template = file.text("tokenizer.chat_template");
    let template = ChatTemplate::new(own_template, clock)?;
    let info = GeneratorInfo {
        name: files.name.clone(),
        architecture: shape.architecture.clone(),
        context_tokens: shape.context,
        memory: ModelMemory {
            weights: weight_bytes(&file, config.precision),
            each_token: position_bytes(&shape, config.precision),
            work: working_bytes(&shape, vocabulary(&file)),
            reuse: config.prompt_cache_bytes as u64,
        },
        default_template: own_template.is_none().then(|| DEFAULT_NAME.to_owned()),
        weights_sha256: files.weights_sha256.clone(),
    };
    let keeping = Keeping {
        model: files.weights_sha256.clone(),
        rope: format!("{} {}", shape.rope_identity(), config.precision.name()),
        budget: config.prompt_cache_bytes,
        passage_budget: config.passage_cache_bytes,
        folder: config.prompt_cache_folder.clone(),
    };
    let precision = config.precision;
    let worker = Worker::start(&files.name, config.idle_unload, move || {
        let decoder = load(&file, &shape, precision, &place)?;
        Ok(Loaded::new(decoder, keeping.clone()))
    })?;
    Ok(Arc::new(LocalGenerator { info, tokenizer: Arc::new(tokenizer), template, worker }))
}

fn load(file: &Gguf, shape: &Shape, precision: Precision, place: &Place) -> Result<Decoder, InferenceError> {
    let device = match place {
        Place::Kernels => None,
        // Loaded again after it was idle: nobody shall wait for the GPU a second time.
        Place::DeviceOrKernels(_, model) if refusal(None, model.clone()).is_some() => None,
        Place::Device(device) => Some(device),
        Place::DeviceOrKernels(device, model) => {
            match Decoder::load(file, shape, precision, Some(device.device())) {
                Ok(decoder) => return Ok(decoder),
                Err(error) => {
                    tracing::warn!(%error, "the processor takes over from the GPU");
                    remember_refusal(None, model.clone(), error.to_string());
                    None
                }
            }
        }
    };
    Decoder::load(file, shape, precision, device.map(ComputeDevice::device))
}

/// A chat model of this process.
struct LocalGenerator {
    info: GeneratorInfo,
    tokenizer: Arc<ChatTokenizer>,
    template: ChatTemplate,
    worker: Worker<Loaded>,
}

impl LocalGenerator {
    /// How many of the tokens of `prompt` come from its system message, whatever follows it.
    fn system_tokens(&self, messages: &[ChatMessage], prompt: &[u32]) -> Result<usize, InferenceError> {
        let Some(system) = messages.first().filter(|message| message.role == Role::System) else {
            return Ok(0);
        };
        // A question that no prompt begins with: what both have in common was there before it.
        let other = [system.clone(), ChatMessage::new(Role::User, "\u{1}\u{2}")];
        Ok(shared(prompt, &self.template.encode(&other, &self.tokenizer)?))
    }
}

#[async_trait]
impl Generator for LocalGenerator {
    fn model(&self) -> &GeneratorInfo {
        &self.info
    }

    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError> {
        self.tokenizer.encode_plain(text).map(|ids| ids.len())
    }

    fn count_prompt(&self, messages: &[ChatMessage]) -> Result<usize, InferenceError> {
        let ids = self.template.encode(messages, &self.tokenizer)?;
        Ok(ids.len())
    }

    async fn generate(
        &self,
        request: GenerateRequest,
        cancel: Cancel,
    ) -> Result<mpsc::Receiver<Result<GenerateEvent, InferenceError>>, InferenceError> {
        let prompt = self.template.encode(&request.messages, &self.tokenizer)?;
        let context = self.info.context_tokens;
        if prompt.is_empty() || prompt.len().saturating_add(request.max_tokens) > context {
            return Err(InferenceError::PromptTooLong { tokens: prompt.len(), context });
        }
        let priority = request.priority;
        let system = self.system_tokens(&request.messages, &prompt)?;
        let mut passages = Vec::new();
        for passage in &request.passages {
            passages.extend(passages::find(&prompt, &self.tokenizer.encode_plain(passage)?));
        }
        let prompt = Prompt { tokens: prompt, system, passages };
        let (task, events) = Generation::new(prompt, request, Arc::clone(&self.tokenizer), cancel);
        self.worker.submit(priority, task)?;
        Ok(events)
    }
}
