//! What maintenance did and what it could not do.

/// When to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maintenance {
    /// Only if enough has changed since the last time; cheap to ask often.
    IfDue,
    /// In any case.
    Now,
    /// Leave no byte of deleted rows in any file. Takes as long as making the table's indexes.
    Erase,
}

/// One piece of maintenance. Each stands alone: one that fails does not keep the others from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MaintenanceStep {
    /// Joining many small files into few.
    Compact,
    /// Making missing indexes over ids, or adding new rows to them.
    ScalarIndexes,
    /// Making the vector index, or adding new rows to it.
    VectorIndex,
    /// Making the full-text index, or adding new rows to it.
    TextIndex,
    /// Looking whether every row is in its indexes and can be found.
    Check,
    /// Marking the present version as good, so that it can be gone back to.
    Tag,
    /// Deleting versions and files that nothing needs any more.
    Prune,
}

/// A piece of maintenance that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepFailure {
    /// Which one.
    pub step: MaintenanceStep,
    /// Why, in words for a log or a details view.
    pub reason: String,
}

/// What maintenance did, and the table's shape afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaintenanceReport {
    /// What was done, in order. Empty when nothing was due.
    pub done: Vec<MaintenanceStep>,
    /// What failed, in order.
    pub failures: Vec<StepFailure>,
    /// How many runs in a row had a failure, this one included. From three on a person should be told.
    pub consecutive_failures: u32,
    /// Rows in the table.
    pub rows: usize,
    /// Data files the rows are spread over.
    pub fragments: usize,
    /// Rows that an existing index does not hold yet; the largest over all indexes.
    pub unindexed_rows: usize,
    /// Bytes on disk of everything the table keeps, old versions included.
    pub bytes: u64,
    /// The table's version.
    pub version: u64,
}

impl MaintenanceReport {
    /// Whether the present version passed all checks and everything before it has reached the disk.
    pub fn is_sound(&self) -> bool {
        self.failures.is_empty()
    }

    /// After [`Maintenance::Erase`]: whether nothing of deleted rows is left.
    pub fn has_erased(&self) -> bool {
        self.is_sound() && self.done.contains(&MaintenanceStep::Prune)
    }
}
