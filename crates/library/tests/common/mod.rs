//! A small world around the library: files that change, and an index that can lose rows.

// Each test binary uses another part of this.
#![allow(dead_code)]

use docent_corpus::{
    BatchId, Block, BlockKind, ChunkId, DocumentId, DocumentText, Format, Metadata, Place, Pooling, Profile,
    ProfileId, RevisionId, SourceId, Span,
};
use docent_library::{Library, NewChunk, NewRevision, OpenBatch, SeenFile, SourceKind};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use tempfile::TempDir;

pub fn profile(model: &str) -> Profile {
    Profile {
        model: model.into(),
        weights_sha256: "00".repeat(32),
        dimension: 4,
        pooling: Pooling::Mean,
        normalised: true,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        max_tokens: 256,
        precision: "f32".into(),
    }
}

/// One paragraph, block and chunk per line.
pub fn read(text: &str) -> (DocumentText, Vec<NewChunk>) {
    let mut start = 0;
    let (mut blocks, mut chunks) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let span = Span::new(start, start + line.len());
        start = span.end + 1;
        let place = Place::Lines { first: number, last: number, runs: vec![] };
        blocks.push(Block { kind: BlockKind::Paragraph, span, place });
        chunks.push(NewChunk {
            spans: vec![span],
            headings: vec![],
            sentences: vec![span],
            page: None,
            page_label: None,
            line: Some(number),
            spot: None,
            member: None,
            tokens: 1,
            text: line.into(),
            header: String::new(),
        });
    }
    let metadata = Metadata::default();
    (
        DocumentText { format: Format::PlainText, text: text.into(), blocks, metadata, warnings: vec![] },
        chunks,
    )
}

/// A row of the index, as far as the journal cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexRow {
    pub chunk: ChunkId,
    pub revision: RevisionId,
    pub batch: BatchId,
}

/// Where the program dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrashAfter {
    Stored,
    Appended,
    Published,
    RowsPurged,
    Never,
}

pub struct World {
    pub folder: TempDir,
    pub library: Option<Library>,
    pub profile: ProfileId,
    pub source: SourceId,
    /// Path to content and time of modification.
    pub files: BTreeMap<String, (String, i64)>,
    pub index: Vec<IndexRow>,
    pub version: u64,
    /// The highest id of each kind that was ever given out.
    pub highest: [i64; 4],
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (library, _) = Library::open(folder.path()).unwrap();
        let (profile, _) = library.ensure_profile(&profile("model")).unwrap();
        library.set_active_profile(profile).unwrap();
        let source = library.add_source(Path::new("/files"), SourceKind::Folder, 1).unwrap();
        let (files, index) = (BTreeMap::new(), Vec::new());
        Self { folder, library: Some(library), profile, source, files, index, version: 0, highest: [0; 4] }
    }

    pub fn library(&self) -> &Library {
        self.library.as_ref().unwrap()
    }

    pub fn crash(&mut self) {
        self.library = None;
        self.library = Some(Library::open(self.folder.path()).unwrap().0);
    }

    pub fn scan(&mut self) {
        let seen = |(path, (content, mtime_ns)): (&String, &(String, i64))| SeenFile {
            source: self.source,
            rel_path: path.clone(),
            size: content.len() as u64,
            mtime_ns: *mtime_ns,
            file_id: None,
        };
        let files: Vec<SeenFile> = self.files.iter().map(seen).collect();
        let seen: HashSet<DocumentId> =
            self.library().see_files(&files, 1).unwrap().into_iter().map(|seen| seen.document()).collect();
        for missing in self.library().missing_files(self.source, &seen).unwrap() {
            self.library().delete_document(missing.id, 1).unwrap();
        }
        self.note_id(0, seen.iter().map(|id| id.0).max().unwrap_or(0), true);
    }

    /// A new id lies above all ids of its kind before; an old one is not above.
    fn note_id(&mut self, kind: usize, id: i64, may_be_old: bool) {
        assert!(may_be_old || id > self.highest[kind], "id {id} of kind {kind} was given out twice");
        self.highest[kind] = self.highest[kind].max(id);
    }

    /// Reads up to `limit` waiting documents into one batch and takes it through the journal.
    pub fn ingest(&mut self, limit: usize, crash: CrashAfter) {
        let waiting = self.library().next_waiting(limit, None).unwrap();
        let mut texts = Vec::new();
        for document in waiting {
            assert!(self.library().begin_reading(document.id, 1).unwrap().is_some());
            match self.files.get(&document.rel_path) {
                Some((content, _)) => texts.push((document.id, content.clone(), read(content))),
                None => self.library().mark_missing(document.id, 1).unwrap(),
            }
        }
        let revisions: Vec<NewRevision<'_>> = texts
            .iter()
            .map(|(document, content, (text, chunks))| NewRevision {
                change: None,
                document: *document,
                content_hash: content,
                extractor: "x",
                chunker: "c",
                text,
                chunks,
            })
            .collect();
        let batch = self.library().open_batch(self.profile, &revisions, 1).unwrap();
        self.note_id(3, batch.id.0, false);
        for (revision, _) in &batch.revisions {
            self.note_id(1, revision.0, false);
        }
        for chunk in &batch.chunks {
            self.note_id(2, chunk.id.0, false);
        }
        if crash == CrashAfter::Stored {
            return self.crash();
        }
        self.finish(&batch, crash);
    }

    /// Steps 3 to 5 for a batch.
    fn finish(&mut self, batch: &OpenBatch, crash: CrashAfter) {
        let present = self.index.iter().filter(|row| row.batch == batch.id).count();
        if present != batch.chunks.len() {
            self.index.retain(|row| row.batch != batch.id);
            let rows = batch.chunks.iter();
            self.index.extend(rows.map(|chunk| IndexRow {
                chunk: chunk.id,
                revision: chunk.revision,
                batch: batch.id,
            }));
            self.version += 1;
        }
        if crash == CrashAfter::Appended {
            return self.crash();
        }
        self.library().publish_batch(batch.id, self.version, 1).unwrap();
        if crash == CrashAfter::Published {
            self.crash();
        }
    }

    pub fn purge(&mut self, crash: CrashAfter) {
        let due = self.library().pending_purges(self.profile, 3).unwrap();
        self.index.retain(|row| !due.contains(&row.revision));
        self.version += 1;
        if crash == CrashAfter::RowsPurged {
            return self.crash();
        }
        self.library().finish_purges(self.profile, &due).unwrap();
    }

    /// Takes the index back to an earlier version: the last appends are lost, each as a whole.
    pub fn lose_rows(&mut self, keep: usize) {
        let keep = keep % (self.index.len() + 1);
        let cut = self.index.get(keep).map(|row| row.batch);
        self.index.truncate(keep);
        self.index.retain(|row| Some(row.batch) != cut);
    }

    /// What a start does: finish what is open, take up again what the index lost.
    pub fn recover(&mut self) {
        for (batch, rows, _) in self.library().done_batches_after(self.profile, 0).unwrap() {
            if self.index.iter().filter(|row| row.batch == batch).count() != rows {
                self.library().reopen_batch(batch).unwrap();
            }
        }
        self.library().queue_unindexed(self.profile).unwrap();
        for batch in self.library().open_batches(self.profile).unwrap() {
            self.finish(&batch, CrashAfter::Never);
        }
    }

    /// Works until nothing is left to do.
    pub fn settle(&mut self) {
        self.crash();
        self.recover();
        self.scan();
        while !self.library().next_waiting(1, None).unwrap().is_empty() {
            self.ingest(4, CrashAfter::Never);
        }
        while !self.library().pending_purges(self.profile, 1).unwrap().is_empty() {
            self.purge(CrashAfter::Never);
        }
    }

    /// Path and text of every chunk that the index finds and the library calls live.
    pub fn visible(&self) -> Vec<(String, String)> {
        let ids: Vec<ChunkId> = self.index.iter().map(|row| row.chunk).collect();
        let chunks = self.library().live_chunks(&ids).unwrap();
        let mut visible: Vec<_> = chunks.into_iter().map(|chunk| (chunk.rel_path, chunk.text)).collect();
        visible.sort();
        visible
    }

    /// What ought to be visible once everything is settled.
    pub fn expected(&self) -> Vec<(String, String)> {
        let lines = self
            .files
            .iter()
            .flat_map(|(path, (content, _))| content.lines().map(|line| (path.clone(), line.to_owned())));
        let mut expected: Vec<_> = lines.collect();
        expected.sort();
        expected
    }
}
