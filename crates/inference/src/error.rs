//! What can go wrong with a model.

use std::io;
use std::path::PathBuf;

/// The cause beneath an error, from whichever library met it.
pub(crate) type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a model could not be opened or could not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferenceError {
    /// The file system refused a model file.
    #[error("cannot read the model file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A model file is not what it should be.
    #[error("{} is not a usable model file: {reason}", path.display())]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A model file ends before its content does, as after a broken download.
    #[error("{} is incomplete: {have} bytes of at least {need}", path.display())]
    ModelTruncated {
        /// The file.
        path: PathBuf,
        /// Bytes its header asks for.
        need: u64,
        /// Bytes it has.
        have: u64,
    },
    /// The model is of a kind that the engine does not compute.
    #[error("models of the architecture \"{name}\" are not supported")]
    UnsupportedArchitecture {
        /// The architecture by the file's own word.
        name: String,
    },
    /// A tensor is stored in a format that the engine does not compute.
    #[error("the tensor {tensor} is stored as {kind}, which is not supported")]
    UnsupportedTensorType {
        /// The tensor.
        tensor: String,
        /// Its format.
        kind: String,
    },
    /// The tokenizer could not be built or refused a text.
    #[error("tokenizer: {reason}")]
    Tokenizer {
        /// What failed.
        reason: String,
        /// The cause, if a library named one.
        #[source]
        source: Option<Source>,
    },
    /// The model's chat template could not be read or refused the messages.
    #[error("chat template: {reason}")]
    Template {
        /// What failed.
        reason: String,
        /// The cause, if a library named one.
        #[source]
        source: Option<Source>,
    },
    /// An adapter is made for another model or is not what it should be.
    #[error("the adapter {} cannot be used: {reason}", path.display())]
    Adapter {
        /// The adapter's file or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Prompt and answer cannot fit the model's context.
    #[error("the prompt has {tokens} tokens, which leaves no room in a context of {context}")]
    PromptTooLong {
        /// Tokens of the rendered prompt.
        tokens: usize,
        /// Tokens that the model can hold.
        context: usize,
    },
    /// A computation failed or gave no numbers.
    #[error("computing failed: {step}")]
    Compute {
        /// What was computed.
        step: String,
        /// The cause, if a library named one.
        #[source]
        source: Option<Source>,
    },
    /// The GPU, or the program that computes on it, ended in the middle of an answer.
    #[error("the GPU stopped working in the middle of the answer: {detail}")]
    GpuLost {
        /// What was met.
        detail: String,
    },
    /// The machine has too little free memory for the weights.
    #[error("not enough memory: the model needs {need} bytes, {available} are free")]
    NotEnoughMemory {
        /// Bytes the loaded model takes.
        need: u64,
        /// Bytes that are free.
        available: u64,
    },
    /// The work was stopped on request.
    #[error("cancelled")]
    Cancelled,
    /// The model's thread is gone and takes no more requests.
    #[error("the model is no longer running")]
    Stopped,
}

impl InferenceError {
    /// A stable name for programs and translations.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "model_file_unreadable",
            Self::ModelFile { .. } => "model_file_invalid",
            Self::ModelTruncated { .. } => "model_file_truncated",
            Self::UnsupportedArchitecture { .. } => "model_architecture_unsupported",
            Self::UnsupportedTensorType { .. } => "model_tensor_type_unsupported",
            Self::Tokenizer { .. } => "tokenizer_failed",
            Self::Template { .. } => "chat_template_failed",
            Self::Adapter { .. } => "adapter_invalid",
            Self::PromptTooLong { .. } => "prompt_too_long",
            Self::Compute { .. } => "compute_failed",
            Self::GpuLost { .. } => "gpu_lost",
            Self::NotEnoughMemory { .. } => "not_enough_memory",
            Self::Cancelled => "cancelled",
            Self::Stopped => "model_stopped",
        }
    }
}

/// The error itself, without the functions it went through, which candle tells where the environment
/// asks for them: people read it.
#[cfg(feature = "candle")]
pub(crate) fn without_backtrace(error: candle_core::Error) -> candle_core::Error {
    match error {
        candle_core::Error::WithBacktrace { inner, .. } => without_backtrace(*inner),
        other => other,
    }
}

impl From<docent_corpus::Cancelled> for InferenceError {
    fn from(_: docent_corpus::Cancelled) -> Self {
        Self::Cancelled
    }
}

#[cfg(all(test, feature = "candle"))]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_candle_is_said_without_the_functions_it_went_through() {
        let inner = Box::new(candle_core::Error::Msg("out of memory".into()));
        let backtrace = Box::new(std::backtrace::Backtrace::force_capture());
        let error = candle_core::Error::WithBacktrace { inner, backtrace };
        assert!(error.to_string().lines().count() > 1);
        assert_eq!(without_backtrace(error).to_string(), "out of memory");
    }
}
