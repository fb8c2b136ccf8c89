//! What the catalogue says of a model: its files, where they come from, and how to use it.

use docent_corpus::Pooling;
use serde::{Deserialize, Serialize};

/// One model of the catalogue, or one the user imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Unique name; also the name of its folder.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub role: ModelRole,
    /// Licence of the weights, as an SPDX name where one exists.
    pub licence: String,
    /// What to check about the licence before relying on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_note: Option<String>,
    /// Languages it is good at, as BCP 47 tags; `mul` for many. Empty if not known.
    #[serde(default)]
    pub languages: Vec<String>,
    /// Size of all files together in bytes; exact when every file has a size, else approximate.
    pub size_bytes: u64,
    /// Memory that a machine should have for it, in bytes: our estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_memory_bytes: Option<u64>,
    /// Nobody has run it with docent yet.
    #[serde(default)]
    pub untried: bool,
    /// The one to use for its role unless the user chooses another.
    #[serde(default)]
    pub default: bool,
    /// Architecture as the model's own configuration names it, such as `bert` or `qwen3`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// What else to know, in one sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Settings of an embedder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedder: Option<EmbedderSpec>,
    /// Settings of a chat model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<GeneratorSpec>,
    /// Settings of a reranker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reranker: Option<RerankerSpec>,
    /// Every file it needs.
    pub files: Vec<FileSpec>,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelRole {
    /// Makes vectors of questions and passages.
    Embedder,
    /// Writes answers.
    Generator,
    /// Scores a passage against a question.
    Reranker,
}

/// How an embedder is used; every field changes its vectors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedderSpec {
    /// How token vectors become one.
    pub pooling: Pooling,
    /// Text put before a question.
    #[serde(default)]
    pub query_prefix: String,
    /// Text put before a passage.
    #[serde(default)]
    pub passage_prefix: String,
    /// Whether vectors are scaled to length 1.
    pub normalise: bool,
    /// Length of a vector.
    pub dimension: usize,
    /// Longest input in tokens, special tokens included.
    pub max_tokens: usize,
}

/// How a chat model is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorSpec {
    /// Longest prompt and answer together, in tokens.
    pub context_tokens: usize,
}

/// How a reranker is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RerankerSpec {
    /// Longest question and passage together, in tokens.
    pub max_tokens: usize,
}

/// One file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSpec {
    /// Name in the model's folder.
    pub name: String,
    /// sha256 in lower-case hex. Decides whatever a source says. Without it the hub's own word is
    /// taken, at the commit it resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Exact size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Where it can be had, in the order to try. Empty only for a model the user imported.
    #[serde(default)]
    pub sources: Vec<FileSource>,
}

/// One place a file can be had from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FileSource {
    /// A model repository of the hub.
    Hub {
        /// `owner/name`.
        repository: String,
        /// A commit, tag or branch.
        revision: String,
        /// The file in the repository.
        path: String,
    },
    /// A Python wheel that contains the file.
    Wheel {
        /// Package name.
        package: String,
        /// Exact version.
        version: String,
        /// The file in the wheel: its full path, or the end of it if only one file ends so.
        member: String,
    },
}
