//! What can go wrong with a model, one variant per failed step.

use std::path::PathBuf;

/// A failed step. Every message says what to do next where there is something to do.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// The name is in no catalogue file and no model of the user has it.
    #[error("there is no model named “{name}”")]
    UnknownModel {
        /// The name asked for.
        name: String,
    },
    /// The model is known, but not (completely) on this machine.
    #[error("the model “{name}” is not installed: fetch it, or import it from a file")]
    NotInstalled {
        /// The name asked for.
        name: String,
    },
    /// The network is switched off, so nothing was asked of it.
    #[error("the network is switched off: import the model from a file instead")]
    Offline,
    /// Every source of a file was tried, in order, and none gave the right bytes.
    #[error("no source gave the model: {}", list(.tried))]
    NoSourceAnswered {
        /// Source and reason, in the order tried.
        tried: Vec<(String, String)>,
    },
    /// A file is not the one it should be.
    #[error("“{file}” is damaged or another file: sha256 {found}, expected {expected}")]
    ChecksumMismatch {
        /// The file of the model.
        file: String,
        /// sha256 it must have, in hex.
        expected: String,
        /// sha256 it has, in hex.
        found: String,
    },
    /// There is no room. What was downloaded before stays and is continued.
    #[error("the disk is full: {needed} more bytes are needed, {free} are free")]
    DiskFull {
        /// Bytes still to be written, as far as known.
        needed: u64,
        /// Bytes free where models are kept.
        free: u64,
    },
    /// The user stopped it. What was downloaded before stays and is continued.
    #[error("stopped")]
    Cancelled,
    /// Another run of docent is working on the same model.
    #[error("another run of docent is working on the model “{name}”")]
    Busy {
        /// The model.
        name: String,
    },
    /// A file was imported, but the model has more files.
    #[error("“{name}” still lacks {}: import these too, or fetch the model", .missing.join(", "))]
    Incomplete {
        /// The model.
        name: String,
        /// Files not there yet.
        missing: Vec<String>,
    },
    /// A file given for import is no model that docent could use.
    #[error("{} is not a model file: {reason}", .path.display())]
    NotAModelFile {
        /// The file given.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file given for import matches nothing in the catalogue.
    #[error("{} is in no model of the catalogue", .path.display())]
    Unrecognised {
        /// The file given.
        path: PathBuf,
    },
    /// A folder or file of the models could not be read or written.
    #[error("could not {step} {}", .path.display())]
    Io {
        /// What was being done.
        step: &'static str,
        /// Where.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A catalogue file is not what a catalogue file must be.
    #[error("the catalogue file {file} is wrong: {reason}")]
    Catalogue {
        /// The file.
        file: String,
        /// What is wrong.
        reason: String,
    },
    /// A catalogue file is not valid TOML, or lacks a field.
    #[error("the catalogue file {file} could not be read")]
    CatalogueSyntax {
        /// The file.
        file: String,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The record beside an installed model could not be put together.
    #[error("the record {} could not be written", .path.display())]
    Record {
        /// The record.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// The network client could not be made, for instance without any certificate.
    #[error("the network client could not be started: {reason}")]
    Client {
        /// Why not.
        reason: String,
    },
    /// Work on another thread ended without a result.
    #[error("the work was broken off")]
    Broken(#[source] tokio::task::JoinError),
}

impl HubError {
    /// A stable name for programs, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownModel { .. } => "unknown_model",
            Self::NotInstalled { .. } => "model_not_installed",
            Self::Offline => "offline",
            Self::NoSourceAnswered { .. } => "no_source_answered",
            Self::ChecksumMismatch { .. } => "checksum_mismatch",
            Self::DiskFull { .. } => "disk_full",
            Self::Cancelled => "cancelled",
            Self::Busy { .. } => "model_busy",
            Self::Incomplete { .. } => "model_incomplete",
            Self::NotAModelFile { .. } => "not_a_model_file",
            Self::Unrecognised { .. } => "model_unrecognised",
            Self::Io { .. } => "model_io",
            Self::Catalogue { .. } | Self::CatalogueSyntax { .. } => "catalogue",
            Self::Record { .. } => "model_record",
            Self::Client { .. } => "network_client",
            Self::Broken(_) => "internal",
        }
    }
}

impl From<docent_corpus::Cancelled> for HubError {
    fn from(_: docent_corpus::Cancelled) -> Self {
        Self::Cancelled
    }
}

fn list(tried: &[(String, String)]) -> String {
    let each: Vec<String> = tried.iter().map(|(source, reason)| format!("{source}: {reason}")).collect();
    each.join("; ")
}

/// An error with all its causes in one line, for reasons shown to the user.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
