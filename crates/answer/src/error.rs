//! What can go wrong with a search or an answer.

use docent_inference::InferenceError;
use docent_library::LibraryError;

/// Why there is no answer. Finding nothing is not an error but a
/// [`Verdict`](crate::Verdict).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// There is nothing to look for: the question holds no letter and no digit.
    #[error("the question is empty")]
    EmptyQuestion,
    /// The question alone does not fit what the chat model can read.
    #[error("the question has {tokens} tokens, the chat model can take {max}")]
    QuestionTooLong {
        /// Tokens of the question.
        tokens: usize,
        /// Tokens that a question may have with this model.
        max: usize,
    },
    /// The library could not be read.
    #[error("reading the library failed: {step}")]
    Library {
        /// What was read.
        step: &'static str,
        /// What the library said.
        #[source]
        source: LibraryError,
    },
    /// A model failed.
    #[error("the model failed: {step}")]
    Inference {
        /// What it was doing.
        step: &'static str,
        /// What the model said.
        #[source]
        source: InferenceError,
    },
    /// Work on another thread ended without a result.
    #[error("{step} was interrupted")]
    Interrupted {
        /// What was being done.
        step: &'static str,
    },
    /// The work was stopped on request before there was anything to show.
    #[error("cancelled")]
    Cancelled,
}

impl AnswerError {
    /// A stable name for programs and translations. Errors of the library and of models keep
    /// their own.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyQuestion => "empty_question",
            Self::QuestionTooLong { .. } => "question_too_long",
            Self::Library { source, .. } => source.code(),
            Self::Inference { source, .. } => source.code(),
            Self::Interrupted { .. } => "interrupted",
            Self::Cancelled => "cancelled",
        }
    }

    /// An error of a model, with being cancelled kept apart.
    pub(crate) fn inference(step: &'static str, source: InferenceError) -> Self {
        match source {
            InferenceError::Cancelled => Self::Cancelled,
            source => Self::Inference { step, source },
        }
    }
}

impl From<docent_corpus::Cancelled> for AnswerError {
    fn from(_: docent_corpus::Cancelled) -> Self {
        Self::Cancelled
    }
}
