//! What unpacking may cost: archives within archives multiply, so that all of a document's count
//! together. All files within a document are numbered here too, in the order in which they are read,
//! so that a page of one of them can be asked for.

use crate::message::{Drawing, Failure};
use std::cell::{Cell, RefCell};

/// Most files that are unpacked for one document.
pub(crate) const MAX_FILES: u32 = 10_000;
/// Most bytes that are unpacked for one document.
pub(crate) const MAX_BYTES: u64 = 500 << 20;

/// What one document, with all archives within it, has unpacked so far.
#[derive(Debug, Default)]
pub(crate) struct Unpacked {
    files: Cell<u32>,
    bytes: Cell<u64>,
    /// How many files within the document were come to.
    members: Cell<u32>,
    /// The page that is to be drawn instead of reading anything.
    wanted: Option<Wanted>,
    drawn: RefCell<Option<Result<Drawing, Failure>>>,
}

/// A page of a file within the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) member: u32,
    pub(crate) page: u32,
}

impl Unpacked {
    /// For drawing a page of a member.
    pub(crate) fn wanting(wanted: Wanted) -> Self {
        Self { wanted: Some(wanted), ..Self::default() }
    }

    /// The page that is to be drawn, if one is.
    pub(crate) fn wanted(&self) -> Option<Wanted> {
        self.wanted
    }

    /// Numbers one more member.
    pub(crate) fn next_member(&self) -> u32 {
        let number = self.members.get();
        self.members.set(number.saturating_add(1));
        number
    }

    /// Keeps the page that was drawn, or why it was not.
    pub(crate) fn keep(&self, drawn: Result<Drawing, Failure>) {
        self.drawn.replace(Some(drawn));
    }

    /// The page that was drawn.
    pub(crate) fn into_drawn(self) -> Option<Result<Drawing, Failure>> {
        self.drawn.into_inner()
    }

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
