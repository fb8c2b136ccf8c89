//! `installed.json`: which files of a model are in place, what they were verified against, and
//! where they came from. Written after each file, so it never names one that is not whole.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::HubError;
use crate::spec::{FileSpec, ModelSpec};

/// The record's file name.
pub(crate) const RECORD: &str = "installed.json";

/// The record of one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Version of this format.
    pub(crate) format: u32,
    /// Files in place, by name.
    pub(crate) files: BTreeMap<String, RecordedFile>,
    /// The whole description of a model that is in no catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spec: Option<ModelSpec>,
}

/// One verified file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedFile {
    pub(crate) sha256: String,
    pub(crate) size: u64,
    /// What it was compared with.
    pub(crate) verified: Verified,
    /// Where it came from, in words.
    pub(crate) source: String,
    /// The commit the hub resolved the revision to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
}

/// What a file's content was compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verified {
    /// The sha256 in the catalogue.
    Catalogue,
    /// The sha256 the hub names for the file at the recorded commit.
    HubSha256,
    /// Git's id the hub names for the file at the recorded commit.
    HubGit,
    /// Nothing: the user chose the file. Its sha256 is that at the time of import.
    User,
}

impl Record {
    /// Reads a record; `None` if there is none, or none that can be understood: its files then count
    /// as not verified.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, HubError> {
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(HubError::Io { step: "read", path: path.to_owned(), source }),
        };
        match serde_json::from_slice(&text) {
            Ok(record) => Ok(Some(record)),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the record of a model is damaged");
                Ok(None)
            }
        }
    }

    /// Writes the record, whole or not at all.
    pub(crate) fn write(&self, path: &Path) -> Result<(), HubError> {
        let failed = |source| HubError::Record { path: path.to_owned(), source };
        let text = serde_json::to_vec_pretty(self).map_err(failed)?;
        disk::write_whole(path, &text)
    }

    /// The recorded file if it is in place, whole, and still the one the catalogue wants.
    pub(crate) fn holds(&self, folder: &Path, file: &FileSpec) -> Option<&RecordedFile> {
        let recorded = self.files.get(&file.name)?;
        let wanted = file.sha256.as_ref().is_none_or(|sha256| *sha256 == recorded.sha256);
        let there =
            std::fs::metadata(folder.join(&file.name)).is_ok_and(|metadata| metadata.len() == recorded.size);
        (wanted && there).then_some(recorded)
    }
}
