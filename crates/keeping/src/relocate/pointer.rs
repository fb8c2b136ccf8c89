//! The pointer: a small file beside the usual folder that says where the library is, and where it is
//! wanted.

use crate::KeepingError;
use crate::files::write_whole;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Name of the pointer, beside the usual folder.
const POINTER: &str = "library-folder.json";

/// What is written in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Pointer {
    /// The folder in use; absent means the usual one.
    pub(super) folder: Option<PathBuf>,
    /// The folder that is wanted at the next start.
    pub(super) wanted: Option<PathBuf>,
    /// Under which name the folder in use will be kept then, as the person was told.
    pub(super) kept: Option<PathBuf>,
    /// The move before, if it failed.
    pub(super) failed: Option<FailedMove>,
    /// Where moves may have left the library as it was before them, the oldest first.
    pub(super) left: Vec<PathBuf>,
}

/// A move of the library that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedMove {
    /// Where it should have gone.
    pub folder: PathBuf,
    /// Why it did not.
    pub reason: String,
}

impl Pointer {
    /// The pointer beside `usual`; one that is not there says nothing.
    pub(super) fn read(usual: &Path) -> Result<Self, KeepingError> {
        let path = path_of(usual);
        let json = match fs::read(&path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(KeepingError::file("reading", &path, source)),
        };
        serde_json::from_slice(&json).map_err(|error| KeepingError::file("reading", &path, error.into()))
    }

    pub(super) fn write(&self, usual: &Path) -> Result<(), KeepingError> {
        let path = path_of(usual);
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|source| KeepingError::file("making", parent, source))?;
        let json = serde_json::to_vec_pretty(self)
            .map_err(|error| KeepingError::file("writing", &path, io::Error::other(error)))?;
        write_whole(&path, &json)
    }

    /// The folder in use.
    pub(super) fn folder_or(&self, usual: &Path) -> PathBuf {
        self.folder.clone().unwrap_or_else(|| usual.to_path_buf())
    }

    /// Records that the library is in `to` now, and where its former folder is or will be.
    pub(super) fn arrive(&mut self, usual: &Path, to: &Path, left: [PathBuf; 2]) -> Result<(), KeepingError> {
        let mut all = std::mem::take(&mut self.left);
        all.retain(|folder| folder != to && !left.contains(folder));
        all.extend(left);
        *self = Self { folder: (to != usual).then(|| to.to_owned()), left: all, ..Self::default() };
        self.write(usual)
    }

    /// Withdraws the wish and records why.
    pub(super) fn give_up(
        &mut self,
        usual: &Path,
        to: &Path,
        error: &KeepingError,
    ) -> Result<(), KeepingError> {
        let failed = FailedMove { folder: to.to_owned(), reason: error.to_string() };
        let (folder, left) = (self.folder.take(), std::mem::take(&mut self.left));
        *self = Self { folder, left, failed: Some(failed), ..Self::default() };
        self.write(usual)
    }
}

fn path_of(usual: &Path) -> PathBuf {
    usual.with_file_name(POINTER)
}
