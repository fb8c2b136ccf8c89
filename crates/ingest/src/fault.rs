//! The steps between which a crash must lose nothing, and a hook for tests to crash there.

use std::fmt;
use std::sync::Arc;

/// What has just been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// A file was read and cut into chunks; nothing is stored yet.
    Read,
    /// A batch was stored in the library: revisions staged, text and chunks on disk.
    Stored,
    /// Vectors were computed.
    Embedded,
    /// Rows were appended to the index and are on disk.
    Appended,
    /// The batch was published: its revisions are what readers see.
    Published,
    /// Rows of revisions that were replaced or deleted were removed from the index.
    RowsRemoved,
    /// The library was told so.
    Purged,
}

impl Step {
    /// All steps, in the order in which a run takes them.
    pub const ALL: [Step; 7] = [
        Step::Read,
        Step::Stored,
        Step::Embedded,
        Step::Appended,
        Step::Published,
        Step::RowsRemoved,
        Step::Purged,
    ];
}

/// Called after each [`Step`]; does nothing unless a test sets it.
#[derive(Clone, Default)]
pub(crate) struct Hook(Option<Arc<dyn Fn(Step) + Send + Sync>>);

impl Hook {
    pub(crate) fn new(hook: Arc<dyn Fn(Step) + Send + Sync>) -> Self {
        Self(Some(hook))
    }

    pub(crate) fn after(&self, step: Step) {
        if let Some(hook) = &self.0 {
            hook(step);
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Hook(set)" } else { "Hook(none)" })
    }
}
