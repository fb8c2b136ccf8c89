//! The interface of a chat model.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use docent_corpus::Cancel;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Receiver;

use crate::{InferenceError, Priority};

/// Who says a [`ChatMessage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The program: how to answer.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

impl Role {
    /// The name that chat templates know.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn of a chat. The content is data: nothing in it can act as a control token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who says it.
    pub role: Role,
    /// What is said.
    pub content: String,
}

impl ChatMessage {
    /// A message of `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

/// How the next token is chosen from the model's distribution. The same seed, request and model
/// give the same text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Divides the logits; 0 takes the likeliest token always.
    pub temperature: f32,
    /// Keep the `k` likeliest tokens only.
    pub top_k: Option<usize>,
    /// Keep the smallest set of likeliest tokens whose probabilities reach this sum, 0 to 1.
    pub top_p: Option<f32>,
    /// Keep tokens at least this fraction as likely as the likeliest, 0 to 1.
    pub min_p: Option<f32>,
    /// Divides positive and multiplies negative logits of tokens already in the context; 1 is off.
    pub repetition_penalty: f32,
    /// Start of the random sequence.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { temperature: 0.0, top_k: None, top_p: None, min_p: None, repetition_penalty: 1.0, seed: 0 }
    }
}

/// What to say next in a chat. The default asks for nothing: fill in what is needed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// The chat so far, oldest first; the model speaks next.
    pub messages: Vec<ChatMessage>,
    /// How tokens are chosen.
    pub sampling: Sampling,
    /// Most tokens to make.
    pub max_tokens: usize,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
    /// Who waits.
    pub priority: Priority,
    /// An adapter to answer with; the model as it is if missing.
    pub adapter: Option<AdapterFile>,
    /// If set, square brackets in the answer hold nothing but numbers from 1 to this.
    pub citations: Option<usize>,
    /// Whether several tokens may be read at once that the prompt lets one expect. The answer is the
    /// same.
    pub drafts: bool,
    /// Texts within the messages that may be put together from what earlier prompts left of them,
    /// wherever they stood there. Faster, and not exactly the same answer: see ARCHITECTURE.md,
    /// "Computing".
    pub passages: Vec<String>,
}

impl Default for GenerateRequest {
    fn default() -> Self {
        Self {
            messages: Vec::new(),
            sampling: Sampling::default(),
            max_tokens: 0,
            stop: Vec::new(),
            priority: Priority::Interactive,
            adapter: None,
            citations: None,
            drafts: true,
            passages: Vec::new(),
        }
    }
}

/// A LoRA adapter: a GGUF file, or a folder as PEFT writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdapterFile {
    /// The file or folder.
    pub path: PathBuf,
    /// sha256 of its weights, in hex: what tells adapters apart.
    pub sha256: String,
}

/// What happens while an answer is made, in this order: `Prefill` until all is read, `Text` as it
/// comes, `Done` last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GenerateEvent {
    /// The prompt is being read.
    Prefill {
        /// Tokens read so far.
        done: usize,
        /// Tokens of the prompt.
        total: usize,
    },
    /// The next piece of the answer: whole characters, never empty.
    Text(String),
    /// The answer is complete; nothing follows.
    Done(GenerateStats),
}

/// Figures of one answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerateStats {
    /// Tokens of the rendered prompt.
    pub prompt_tokens: usize,
    /// Those of them that had been read for an earlier answer.
    pub reused_tokens: usize,
    /// Tokens made, the ending one not counted.
    pub generated_tokens: usize,
    /// Those of them that were rightly expected, and so cost almost nothing.
    pub drafted_tokens: usize,
    /// Why it ended.
    pub stop: StopReason,
    /// Time spent reading the prompt.
    pub prefill: Duration,
    /// Time spent making tokens.
    pub decode: Duration,
}

/// Why an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model ended its turn.
    EndOfText,
    /// One of [`GenerateRequest::stop`] came up.
    StopString,
    /// [`GenerateRequest::max_tokens`] were made.
    MaxTokens,
    /// The request was cancelled; what was made until then has been sent.
    Cancelled,
}

/// What is known about a chat model from its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratorInfo {
    /// The model's name in the catalogue.
    pub name: String,
    /// Architecture by the file's own word, such as `llama`.
    pub architecture: String,
    /// Longest prompt and answer together, in tokens.
    pub context_tokens: usize,
    /// sha256 of the weights, in hex, as verified at installation.
    pub weights_sha256: String,
    /// What it takes of the machine's memory.
    pub memory: ModelMemory,
    /// The template that chats are written with because the file brings none.
    pub default_template: Option<String>,
}

/// Bytes of memory that a chat model takes, as computed from its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMemory {
    /// For the weights, while they are loaded.
    pub weights: u64,
    /// For each token of the conversation.
    pub each_token: u64,
    /// At most for what is being computed.
    pub work: u64,
    /// At most for what is kept of earlier prompts.
    pub reuse: u64,
}

/// Answers chats, token by token.
#[async_trait]
pub trait Generator: Send + Sync {
    /// What the model is.
    fn model(&self) -> &GeneratorInfo;

    /// Tokens of plain text, no control tokens. Does not load the weights.
    ///
    /// # Errors
    /// [`InferenceError::Tokenizer`] if the tokenizer refuses the text.
    fn count_tokens(&self, text: &str) -> Result<usize, InferenceError>;

    /// Tokens of a chat as the model would read it, including the opening of its own turn. Does
    /// not load the weights.
    ///
    /// # Errors
    /// [`InferenceError::Template`] if the model's template refuses the messages.
    fn count_prompt(&self, messages: &[ChatMessage]) -> Result<usize, InferenceError>;

    /// Starts an answer and returns the stream of what happens. An error in the stream is its last
    /// item. Dropping the receiver stops the work, and so does `cancel`, which ends the stream
    /// with [`StopReason::Cancelled`].
    ///
    /// # Errors
    /// [`InferenceError::PromptTooLong`] if prompt and answer cannot fit the context,
    /// [`InferenceError::Template`] if the model's template refuses the messages.
    async fn generate(
        &self,
        request: GenerateRequest,
        cancel: Cancel,
    ) -> Result<Receiver<Result<GenerateEvent, InferenceError>>, InferenceError>;
}

/// The file of a chat model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratorFiles {
    /// The model's name in the catalogue.
    pub name: String,
    /// Weights, tokenizer and template in one GGUF file.
    pub gguf: PathBuf,
    /// sha256 of the file, in hex, as verified at installation.
    pub weights_sha256: String,
}
