//! Every error of the crates below as one of the codes that somebody acts on, by the stable name
//! that each library gives its failures.

use crate::wire::{ApiError, Code};

impl ApiError {
    /// An error with a code and an English message.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), subject: None }
    }

    /// The same, naming what it is about.
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }
}

/// The whole chain of causes in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl From<docent_corpus::Cancelled> for ApiError {
    fn from(_: docent_corpus::Cancelled) -> Self {
        Self::new(Code::Cancelled, "stopped")
    }
}

impl From<tokio::task::JoinError> for ApiError {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::new(Code::Internal, format!("a task ended unexpectedly: {error}"))
    }
}

impl Code {
    /// The code for a file that could not be read, by the reader's own name for it.
    pub(crate) fn of_reading(name: &str) -> Self {
        match name {
            "not_found" => Self::PathNotFound,
            "permission_denied" => Self::PermissionDenied,
            "empty" => Self::EmptyFile,
            "unsupported" => Self::UnsupportedFile,
            "encrypted" => Self::PasswordNeeded,
            "damaged" => Self::DamagedFile,
            "too_large" => Self::FileTooLarge,
            "crashed" => Self::ReaderCrashed,
            "timed_out" => Self::ReaderTimedOut,
            "no_text" => Self::NoText,
            "nothing_recognized" => Self::NothingRecognized,
            "worker_missing" | "pdfium_missing" => Self::InstallationIncomplete,
            "over_size_rule" => Self::OverSizeRule,
            "placeholder" => Self::Placeholder,
            "forgotten" => Self::Forgotten,
            "backup" => Self::Backup,
            "cancelled" => Self::Cancelled,
            _ => Self::ReadFailed,
        }
    }

    fn of_library(name: &str) -> Self {
        match name {
            "in_use" => Self::LibraryInUse,
            "too_new" => Self::LibraryTooNew,
            "damaged" | "migration" => Self::LibraryDamaged,
            "full" => Self::DiskFull,
            "read_only" => Self::ReadOnly,
            "not_found" => Self::NotFound,
            "conflict" => Self::BadRequest,
            _ => Self::Internal,
        }
    }

    fn of_model(name: &str) -> Self {
        match name {
            "model_file_unreadable"
            | "model_file_invalid"
            | "model_file_truncated"
            | "tokenizer_failed"
            | "chat_template_failed" => Self::ModelDamaged,
            "model_architecture_unsupported" | "model_tensor_type_unsupported" | "adapter_invalid" => {
                Self::ModelUnsupported
            }
            "prompt_too_long" => Self::QuestionTooLong,
            "not_enough_memory" => Self::NotEnoughMemory,
            "cancelled" => Self::Cancelled,
            _ => Self::ComputeFailed,
        }
    }

    fn of_store(name: &str) -> Self {
        match name {
            "disk_full" => Self::DiskFull,
            _ => Self::IndexFailed,
        }
    }

    fn of_answer(name: &str) -> Self {
        match name {
            "empty_question" => Self::QuestionEmpty,
            "question_too_long" => Self::QuestionTooLong,
            "interrupted" => Self::Internal,
            // Errors of library and models keep their own names.
            other => match Self::of_library(other) {
                Self::Internal => Self::of_model(other),
                code => code,
            },
        }
    }

    /// The code for a model that could not be fetched.
    pub(crate) fn of_hub(name: &str) -> Self {
        match name {
            "unknown_model" => Self::ModelUnknown,
            "model_not_installed" => Self::ModelNotInstalled,
            "offline" => Self::Offline,
            "no_source_answered" => Self::DownloadFailed,
            "checksum_mismatch" => Self::ChecksumMismatch,
            "disk_full" => Self::DiskFull,
            "cancelled" => Self::Cancelled,
            "not_a_model_file" | "model_unrecognised" => Self::ModelUnsupported,
            "model_incomplete" | "model_record" => Self::ModelDamaged,
            _ => Self::Internal,
        }
    }
}

macro_rules! map_errors {
    ($($error:ty => $code:ident;)*) => {$(
        impl From<$error> for ApiError {
            fn from(error: $error) -> Self {
                Self::new(Code::$code(error.code()), chain(&error))
            }
        }
    )*};
}

map_errors! {
    docent_extract::ExtractError => of_reading;
    docent_library::LibraryError => of_library;
    docent_inference::InferenceError => of_model;
    docent_vector_store::StoreError => of_store;
    docent_model_hub::HubError => of_hub;
    docent_answer::AnswerError => of_answer;
}

impl From<docent_ingest::IngestError> for ApiError {
    fn from(error: docent_ingest::IngestError) -> Self {
        use docent_ingest::IngestError as Failure;
        match error {
            Failure::Library(source) => source.into(),
            Failure::Store(source) => source.into(),
            Failure::Embed(source) => source.into(),
            Failure::Reader(source) => source.into(),
            other => Self::new(Code::Internal, chain(&other)),
        }
    }
}
