//! What unpacking may cost: archives within archives multiply, so that all of a document's count
//! together.

use std::cell::Cell;

/// Most files that are unpacked for one document.
pub(crate) const MAX_FILES: u32 = 10_000;
/// Most bytes that are unpacked for one document.
pub(crate) const MAX_BYTES: u64 = 500 << 20;

/// What one document, with all archives within it, has unpacked so far.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    files: Cell<u32>,
    bytes: Cell<u64>,
}

impl Unpacked {
    /// Counts one more file; false when there were too many already.
    pub(crate) fn count_file(&self) -> bool {
        let fits = self.files.get() < MAX_FILES;
        self.files.set(self.files.get().saturating_add(1));
        fits
    }

    /// Counts unpacked bytes.
    pub(crate) fn count_bytes(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_add(bytes as u64));
    }

    /// How many bytes may still be unpacked.
    pub(crate) fn bytes_left(&self) -> u64 {
        MAX_BYTES.saturating_sub(self.bytes.get())
    }
}
