//! What a run tells while it goes on, and at its end.

/// What is being done at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Looking for files.
    Scanning,
    /// Comparing the index with the library, before anything is done with it; only after a session that
    /// did not end well.
    Comparing,
    /// Reading files.
    Reading,
    /// Computing vectors.
    Embedding,
    /// Writing to the library and the index.
    Writing,
    /// Nothing.
    #[default]
    Idle,
}

/// How far a run is. Told often; whoever shows it slows it down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestProgress {
    /// What is being done.
    pub phase: Phase,
    /// The file that was begun or finished last, relative to its source.
    pub file: Option<String>,
    /// Pages read of that file, and of how many if that is known, for formats that have pages.
    pub page: Option<(u32, Option<u32>)>,
    /// Documents that are finished: indexed, unchanged, failed or skipped. While the index is compared
    /// with the library, batches that were compared.
    pub done: u64,
    /// Documents known to be done in this run, the finished ones included. May grow. While the index is
    /// compared, batches; 0 if that cannot be said.
    pub total: u64,
    /// Documents that were read in this run or an earlier one and are found by words, or are finished
    /// otherwise.
    pub read: u64,
    /// Documents that could not be read.
    pub failed: u64,
    /// Chunks that have their vectors.
    pub chunks_done: u64,
    /// Those of them whose vectors were computed in this run.
    pub chunks_computed: u64,
    /// Chunks that are stored or were read so far.
    pub chunks_total: u64,
    /// Bytes of the files that were read.
    pub bytes_done: u64,
    /// When the run began, milliseconds since 1970.
    pub started_ms: i64,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IngestReport {
    /// Documents that were read and can be found now.
    pub indexed: usize,
    /// Documents whose content was as before, so that only their state changed.
    pub unchanged: usize,
    /// Documents with the bytes of another one, through which they are found.
    pub copies: usize,
    /// Documents that could not be read.
    pub failed: usize,
    /// Documents of a kind that is not read.
    pub skipped: usize,
    /// Documents left waiting because their file kept changing while it was read.
    pub unsettled: usize,
    /// Batches that an earlier run had begun and this one finished.
    pub resumed: usize,
    /// Chunks whose rows were written.
    pub chunks: usize,
    /// Replaced or deleted revisions that were removed from the index.
    pub purged: usize,
    /// Why the upkeep of the index failed, if it did. What was indexed can be found all the same.
    pub maintenance_error: Option<String>,
    /// Whether it was stopped before all was done.
    pub cancelled: bool,
}

/// What [`Ingest::recover`](crate::Ingest::recover) found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Batches whose rows were all in the index already and that were published.
    pub published: usize,
    /// Batches whose rows the index had lost.
    pub reopened: usize,
    /// Batches that the next run has to embed again or for the first time.
    pub open: usize,
    /// Revisions whose rows were removed from the index because nothing needs them.
    pub purged: usize,
    /// Documents queued because another extractor or chunker had read them.
    pub outdated: usize,
}

/// How the index was found when it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreState {
    /// It holds nothing of what was written before: it was beyond repair, or it is a new one.
    pub replaced: bool,
    /// Its version: what was written up to it is there.
    pub version: u64,
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScanReport {
    /// Files that are there.
    pub seen: usize,
    /// Files that were not known.
    pub new: usize,
    /// Files that were known in another state.
    pub changed: usize,
    /// Files that were found again under another path; they are not read again.
    pub moved: usize,
    /// Files that are gone.
    pub deleted: usize,
    /// Files that are there and that the rules of the source leave out since lately.
    pub left_out: usize,
    /// Files and folders that could not be looked at, relative to the source, each with the reason.
    /// What is known of them stays as it is.
    pub unreadable: Vec<(String, String)>,
    /// Places that are never looked at although no rule leaves them out, such as links to folders,
    /// each with the reason.
    pub passed_over: Vec<(String, String)>,
    /// Whether the source itself could be reached. If not, nothing counts as gone.
    pub reachable: bool,
    /// Whether it was stopped before all was seen. Then nothing counts as moved or gone.
    pub cancelled: bool,
}
