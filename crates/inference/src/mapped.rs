//! Files of models: read whole, or mapped into memory.

use std::fs::{self, File};
use std::path::Path;

use memmap2::Mmap;

use crate::InferenceError;

/// Maps a file; its pages are the system's and can be dropped and read again at any time.
pub(crate) fn map(path: &Path) -> Result<Mmap, InferenceError> {
    let unreadable = |source| InferenceError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    #[allow(
        unsafe_code,
        reason = "the file is an installed model, verified by its hash and never written again; a \
                  map is how its weights are read without a second copy in memory"
    )]
    // SAFETY: as the reason says; what lies in the map is bytes, every range of them checked.
    let map = unsafe { Mmap::map(&file) };
    map.map_err(unreadable)
}

/// All of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, InferenceError> {
    fs::read(path).map_err(|source| InferenceError::Read { path: path.to_owned(), source })
}
