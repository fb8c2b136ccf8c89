//! What docent and a program that computes for it say to each other: a JSON object a line, requests
//! one way and replies the other.
//!
//! The first request is [`Request::Hello`], the first reply [`Reply::Hello`] or [`Reply::NoDevice`].
//! Then one model is opened, and answers are asked for; those of several requests may come mixed. A
//! program ends when its input does.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::gpu::NoGpu;
use crate::{GenerateEvent, GenerateRequest, GeneratorFiles, InferenceError, Precision};

/// Changed with every change of what is said here: both sides must speak the same.
pub const VERSION: u32 = 1;

/// How often a program that has something to do gives a sign of life.
pub const HEARTBEAT: Duration = Duration::from_secs(2);

/// Longer lines are not ours.
pub const LONGEST_LINE: u64 = 64 << 20;

/// To the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Request {
    /// Who is there?
    Hello {
        /// The asker's [`VERSION`].
        version: u32,
    },
    /// Open this model.
    Open {
        /// Its files.
        files: GeneratorFiles,
        /// How it is run.
        settings: Settings,
    },
    /// Answer.
    Generate {
        /// Tells this answer from others.
        id: u64,
        /// What is asked.
        request: GenerateRequest,
    },
    /// Stop the answer of that number.
    Cancel {
        /// Which.
        id: u64,
    },
}

/// How a program runs its model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// As [`crate::EngineConfig::precision`].
    pub precision: Precision,
    /// As [`crate::EngineConfig::context_limit`].
    pub context_limit: Option<usize>,
    /// As [`crate::EngineConfig::prompt_cache_bytes`].
    pub prompt_cache_bytes: usize,
    /// As [`crate::EngineConfig::passage_cache_bytes`].
    pub passage_cache_bytes: usize,
    /// As [`crate::EngineConfig::idle_unload`]; the program is ended after it.
    pub idle_unload: Duration,
    /// Whether templates that ask for today's date get it.
    pub tells_date: bool,
}

/// From the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reply {
    /// It is ready for a model.
    Hello {
        /// Its [`VERSION`].
        version: u32,
        /// What it computes on.
        device: String,
    },
    /// It has nothing to compute on.
    NoDevice {
        /// Why.
        reason: NoGpu,
    },
    /// The model is open.
    Opened,
    /// The model cannot be opened.
    NotOpened {
        /// Why.
        error: Failure,
    },
    /// What happens while an answer is made.
    Event {
        /// Of which answer.
        id: u64,
        /// What.
        event: GenerateEvent,
    },
    /// An answer ends with an error.
    Failed {
        /// Which answer.
        id: u64,
        /// Why.
        error: Failure,
    },
    /// Still there.
    Alive,
}

/// Whether a request can be put in a line and read from it again: not if it names a path that is no
/// text, or numbers that are none.
pub(super) fn can_be_said(request: &GenerateRequest) -> bool {
    let line = serde_json::to_string(request);
    line.is_ok_and(|line| serde_json::from_str::<GenerateRequest>(&line).is_ok())
}

/// An [`InferenceError`] on its way. Causes beneath it become part of its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the variant of that name")]
pub enum Failure {
    Read { path: PathBuf, reason: String },
    ModelFile { path: PathBuf, reason: String },
    ModelTruncated { path: PathBuf, need: u64, have: u64 },
    UnsupportedArchitecture { name: String },
    UnsupportedTensorType { tensor: String, kind: String },
    Tokenizer { reason: String },
    Template { reason: String },
    Adapter { path: PathBuf, reason: String },
    PromptTooLong { tokens: usize, context: usize },
    Compute { step: String },
    GpuLost { detail: String },
    NotEnoughMemory { need: u64, available: u64 },
    Cancelled,
    Stopped,
}

/// What an error speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The device: the processor is to do this and everything that follows.
    Device,
    /// The model on this device: the processor is to do this and everything that is asked of the model.
    Model,
    /// A file: the processor reads it again, and knows.
    File,
    /// The request: it would fail anywhere.
    Request,
}

impl Failure {
    pub(super) fn about(&self) -> About {
        match self {
            Self::GpuLost { .. } | Self::Stopped => About::Device,
            // The device works: it was tried out before it was told. What is too large for it, or of a
            // kind that it does not compute, fails as a computation.
            Self::Compute { .. } | Self::NotEnoughMemory { .. } => About::Model,
            Self::UnsupportedArchitecture { .. } | Self::UnsupportedTensorType { .. } => About::Model,
            Self::Read { .. } | Self::ModelFile { .. } | Self::ModelTruncated { .. } => About::File,
            Self::Tokenizer { .. } | Self::Template { .. } | Self::Adapter { .. } => About::Request,
            Self::PromptTooLong { .. } | Self::Cancelled => About::Request,
        }
    }
}

/// What an error says, with what lies beneath.
fn words(error: &dyn std::error::Error, own: &str) -> String {
    let mut text = own.to_owned();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

impl From<InferenceError> for Failure {
    fn from(error: InferenceError) -> Self {
        use InferenceError as E;
        match &error {
            E::Tokenizer { reason, .. } => return Self::Tokenizer { reason: words(&error, reason) },
            E::Template { reason, .. } => return Self::Template { reason: words(&error, reason) },
            E::Compute { step, .. } => return Self::Compute { step: words(&error, step) },
            _ => {}
        }
        match error {
            E::Read { path, source } => Self::Read { path, reason: source.to_string() },
            E::ModelFile { path, reason } => Self::ModelFile { path, reason },
            E::ModelTruncated { path, need, have } => Self::ModelTruncated { path, need, have },
            E::UnsupportedArchitecture { name } => Self::UnsupportedArchitecture { name },
            E::UnsupportedTensorType { tensor, kind } => Self::UnsupportedTensorType { tensor, kind },
            E::Tokenizer { reason, .. } => Self::Tokenizer { reason },
            E::Template { reason, .. } => Self::Template { reason },
            E::Adapter { path, reason } => Self::Adapter { path, reason },
            E::PromptTooLong { tokens, context } => Self::PromptTooLong { tokens, context },
            E::Compute { step, .. } => Self::Compute { step },
            E::GpuLost { detail } => Self::GpuLost { detail },
            E::NotEnoughMemory { need, available } => Self::NotEnoughMemory { need, available },
            E::Cancelled => Self::Cancelled,
            E::Stopped => Self::Stopped,
        }
    }
}

impl From<Failure> for InferenceError {
    fn from(failure: Failure) -> Self {
        use Failure as F;
        match failure {
            F::Read { path, reason } => Self::Read { path, source: std::io::Error::other(reason) },
            F::ModelFile { path, reason } => Self::ModelFile { path, reason },
            F::ModelTruncated { path, need, have } => Self::ModelTruncated { path, need, have },
            F::UnsupportedArchitecture { name } => Self::UnsupportedArchitecture { name },
            F::UnsupportedTensorType { tensor, kind } => Self::UnsupportedTensorType { tensor, kind },
            F::Tokenizer { reason } => Self::Tokenizer { reason, source: None },
            F::Template { reason } => Self::Template { reason, source: None },
            F::Adapter { path, reason } => Self::Adapter { path, reason },
            F::PromptTooLong { tokens, context } => Self::PromptTooLong { tokens, context },
            F::Compute { step } => Self::Compute { step, source: None },
            F::GpuLost { detail } => Self::GpuLost { detail },
            F::NotEnoughMemory { need, available } => Self::NotEnoughMemory { need, available },
            F::Cancelled => Self::Cancelled,
            F::Stopped => Self::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AdapterFile, ChatMessage, Role, Sampling};

    #[test]
    fn a_request_arrives_as_it_was_sent() {
        let request = GenerateRequest {
            messages: vec![ChatMessage::new(Role::User, "多少?\n\"<|im_end|>\"")],
            sampling: Sampling { temperature: 0.1, top_p: Some(0.95), seed: u64::MAX, ..Sampling::default() },
            max_tokens: 7,
            stop: vec!["\u{2028}".into()],
            adapter: Some(AdapterFile { path: "/a b".into(), sha256: "00ff".into() }),
            citations: Some(3),
            ..GenerateRequest::default()
        };
        assert!(can_be_said(&request));
        let sent = Request::Generate { id: 1, request };
        let line = serde_json::to_string(&sent).unwrap();
        assert!(!line.contains('\n'));
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), sent);
    }

    #[test]
    fn numbers_that_are_none_cannot_be_said() {
        let sampling = Sampling { temperature: f32::NAN, ..Sampling::default() };
        assert!(!can_be_said(&GenerateRequest { sampling, ..GenerateRequest::default() }));
    }

    #[test]
    fn errors_keep_their_code_and_their_words() {
        let cause = std::io::Error::other("smoke");
        let errors = [
            InferenceError::Compute { step: "decoder".into(), source: Some(Box::new(cause)) },
            InferenceError::PromptTooLong { tokens: 9, context: 8 },
            InferenceError::Adapter { path: "/a".into(), reason: "another base".into() },
            InferenceError::NotEnoughMemory { need: 2, available: 1 },
            InferenceError::Cancelled,
        ];
        for error in errors {
            let (code, text) = (error.code(), error.to_string());
            let line = serde_json::to_string(&Failure::from(error)).unwrap();
            let arrived: InferenceError = serde_json::from_str::<Failure>(&line).unwrap().into();
            assert_eq!(arrived.code(), code);
            assert!(arrived.to_string().starts_with(&text), "{arrived}");
        }
        let cause = std::io::Error::other("smoke");
        let error = InferenceError::Compute { step: "decoder".into(), source: Some(Box::new(cause)) };
        assert_eq!(Failure::from(error), Failure::Compute { step: "decoder: smoke".into() });
    }
}
