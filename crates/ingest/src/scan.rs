//! Scanning: telling the library what is there, what changed, what moved and what is gone.

use crate::away::Drives;
use crate::moves::pair;
use crate::walk::{Found, Ground, Walked, lies_at_or_below, walk};
use crate::{Ingest, IngestError, ScanReport};
use docent_corpus::{Cancel, DocumentId, SourceId};
use docent_library::{
    Document, DocumentFilter, DocumentState, Library, LibraryError, MovedFile, Seen, SeenFile, Source,
    SourceKind,
};
use std::collections::{BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Files told to the library in one transaction.
const PAGE: usize = 500;
/// A walk is narrowed to at most this many paths.
const MANY_PATHS: usize = 500;
/// A missing file is remembered this long, so that it is known again when it comes back.
const REMEMBER_MISSING_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

impl Ingest {
    /// Looks at every file of a source and queues what is new or changed for the next
    /// [`Ingest::run`]. Reads no file, unless to know a moved one again.
    ///
    /// A file counts as gone only when the source could be reached and the folder it stood in could
    /// be read: an unplugged drive must not empty the index.
    ///
    /// # Errors
    /// [`IngestError::Library`] only; what is wrong with files and folders is in the report.
    pub async fn scan(&self, source: SourceId, cancel: &Cancel) -> Result<ScanReport, IngestError> {
        let _alone = self.scanning.lock().await;
        let (now, cancel) = (Arc::clone(&self.parts.clock), cancel.clone());
        self.library("scanning", move |library| Scan::new(library, source, now(), &cancel)?.run()).await
    }

    /// As [`Ingest::scan`], but looks only at these paths below the source's root and at what lies
    /// below them: after somebody told that something happened there.
    ///
    /// # Errors
    /// As [`Ingest::scan`].
    pub async fn scan_within(
        &self,
        source: SourceId,
        within: Vec<String>,
        cancel: &Cancel,
    ) -> Result<ScanReport, IngestError> {
        let _alone = self.scanning.lock().await;
        let (now, cancel) = (Arc::clone(&self.parts.clock), cancel.clone());
        self.library("scanning", move |library| {
            Scan { within: Some(within), ..Scan::new(library, source, now(), &cancel)? }.run()
        })
        .await
    }

    /// Scans every source, one after the other, and gives a report for each. Stops early when
    /// `cancel` is tripped; the last report then says so.
    ///
    /// # Errors
    /// As [`Ingest::scan`]. A source that is removed meanwhile is left out.
    pub async fn rescan_all(&self, cancel: &Cancel) -> Result<Vec<(SourceId, ScanReport)>, IngestError> {
        let sources = self.library("listing sources", Library::sources).await?;
        let mut reports = Vec::new();
        for id in sources.into_iter().map(|summary| summary.source.id) {
            match self.scan(id, cancel).await {
                Ok(report) => reports.push((id, report)),
                Err(IngestError::Library(LibraryError::NotFound { .. })) => {}
                Err(error) => return Err(error),
            }
            if cancel.is_cancelled() {
                break;
            }
        }
        Ok(reports)
    }
}

/// As [`Ingest::scan`], for whoever cannot index yet: files are listed and wait. Blocking. Not to be
/// called beside an [`Ingest`] over the same library.
///
/// # Errors
/// As [`Ingest::scan`].
pub fn list_files(
    library: &Library,
    source: SourceId,
    now_ms: i64,
    cancel: &Cancel,
) -> Result<ScanReport, LibraryError> {
    Scan::new(library, source, now_ms, cancel)?.run()
}

/// One scan of one source.
struct Scan<'s> {
    library: &'s Library,
    source: Source,
    now: i64,
    cancel: &'s Cancel,
    /// The part of the source that is looked at; `None` means all of it.
    within: Option<Vec<String>>,
    report: ScanReport,
    /// Documents whose file is there.
    seen: HashSet<DocumentId>,
    /// Those of them that this scan made.
    arrived: Vec<DocumentId>,
}

impl<'s> Scan<'s> {
    fn new(
        library: &'s Library,
        source: SourceId,
        now: i64,
        cancel: &'s Cancel,
    ) -> Result<Self, LibraryError> {
        let source = library.source(source)?;
        Ok(Self {
            library,
            source,
            now,
            cancel,
            within: None,
            report: ScanReport::default(),
            seen: HashSet::new(),
            arrived: Vec::new(),
        })
    }

    fn run(self) -> Result<ScanReport, LibraryError> {
        let walked = self.walk(self.within.as_deref());
        self.reconcile(walked)
    }

    fn walk(&self, within: Option<&[String]>) -> Walked {
        let ground = Ground {
            root: &self.source.root,
            kind: self.source.kind,
            rules: &self.source.rules,
            own: self.library.data_folder(),
            within,
        };
        walk(&ground, self.cancel)
    }

    /// Tells the library what a walk found.
    fn reconcile(mut self, mut walked: Walked) -> Result<ScanReport, LibraryError> {
        let unplugged = walked.reachable && self.drives().is_unplugged(&walked)?;
        if unplugged {
            walked.files.clear();
            walked.unreadable.push((".".to_owned(), "its drive is away".to_owned()));
        }
        self.report.reachable = walked.reachable && !unplugged;
        let away =
            if self.report.reachable { self.drives().hide_away(&mut walked)? } else { BTreeSet::new() };
        self.report.unreadable.clone_from(&walked.unreadable);
        self.report.passed_over.clone_from(&walked.passed_over);
        self.see(&walked.files)?;
        self.drop_forgotten()?;
        if self.within.is_none() && self.report.reachable {
            // A permission that was given, or a drive that is back, changes no file.
            for code in ["permission_denied", "not_found", "read_failed", "interrupted"] {
                self.library.retry_failed_for(self.source.id, code, self.now)?;
            }
        }
        self.report.cancelled = self.cancel.is_cancelled();
        if self.report.reachable && walked.complete && !self.report.cancelled {
            self.follow_lost(&walked)?;
            if self.within.is_none() {
                self.library.forget_missing(self.now - REMEMBER_MISSING_MS, self.now)?;
                self.drives().remember(&walked, &away)?;
            }
        }
        if self.within.is_none() && !self.report.cancelled {
            self.library.set_source_scanned(self.source.id, self.now, self.report.reachable)?;
            let told = self.report.unreadable.iter().chain(&self.report.passed_over);
            self.library.set_unreadable(self.source.id, told)?;
        }
        Ok(self.report)
    }

    fn see(&mut self, files: &[Found]) -> Result<(), LibraryError> {
        for page in files.chunks(PAGE) {
            if self.cancel.is_cancelled() {
                return Ok(());
            }
            let page: Vec<SeenFile> = page.iter().map(|found| self.seen_file(found)).collect();
            for seen in self.library.see_files(&page, self.now)? {
                self.report.seen += 1;
                match seen {
                    Seen::New(id) => {
                        self.arrived.push(id);
                        self.report.new += 1;
                    }
                    Seen::Changed(_) => self.report.changed += 1,
                    Seen::Unchanged(_) => {}
                }
                self.seen.insert(seen.document());
            }
        }
        Ok(())
    }

    /// Deletes what was forgotten after this scan had read the rules.
    fn drop_forgotten(&mut self) -> Result<(), LibraryError> {
        let rules = match self.library.source(self.source.id) {
            Ok(source) => source.rules,
            // Removed meanwhile, with all its documents.
            Err(LibraryError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        let known: HashSet<&String> = self.source.rules.forgotten.iter().collect();
        for path in rules.forgotten.iter().filter(|path| !known.contains(path)) {
            if let Some(document) = self.library.document_by_path(self.source.id, path)? {
                self.seen.remove(&document.id);
                self.library.delete_documents(&[document.id], self.now)?;
            }
        }
        Ok(())
    }

    fn seen_file(&self, found: &Found) -> SeenFile {
        SeenFile {
            source: self.source.id,
            rel_path: found.rel_path.clone(),
            size: found.state.size,
            mtime_ns: found.state.mtime_ns,
            file_id: found.state.file_id.clone(),
        }
    }

    /// Follows moved files and marks the rest of what was not seen as missing.
    fn follow_lost(&mut self, walked: &Walked) -> Result<(), LibraryError> {
        let mut lost = match &self.within {
            Some(within) => self.library.missing_within(self.source.id, within, &self.seen)?,
            None => self.library.missing_files(self.source.id, &self.seen)?,
        };
        lost.retain(|document| !is_hidden_from_view(&document.rel_path, &walked.unreadable));
        let moved = self.follow_moves(&lost)?;
        lost.retain(|document| !moved.contains(&document.id));
        // What is still there and was not seen is left out by the rules: it is not gone, it is not wanted.
        let is_there =
            |document: &Document| path_of(&self.source, &document.rel_path).symlink_metadata().is_ok();
        let (there, gone): (Vec<Document>, Vec<Document>) = lost.into_iter().partition(is_there);
        self.leave_out(&there)?;
        let gone = self.look_again(gone, walked)?;
        let gone: Vec<DocumentId> = gone.iter().map(|document| document.id).collect();
        self.library.mark_all_missing(&gone, self.now)?;
        self.report.deleted += gone.len();
        Ok(())
    }

    /// What is renamed while the folders are walked may be met in neither place. So before files of a
    /// source count as gone it is walked once more. Gives those that are gone all the same.
    fn look_again(&mut self, mut gone: Vec<Document>, first: &Walked) -> Result<Vec<Document>, LibraryError> {
        if gone.is_empty() || self.within.is_some() {
            return Ok(gone);
        }
        let again = self.walk(None);
        if !again.reachable || !again.complete {
            // The next scan decides.
            return Ok(Vec::new());
        }
        let met: HashSet<&String> = first.files.iter().map(|found| &found.rel_path).collect();
        let is_new = |found: &Found| {
            !met.contains(&found.rel_path) && !is_hidden_from_view(&found.rel_path, &first.unreadable)
        };
        let files: Vec<Found> = again.files.into_iter().filter(is_new).collect();
        self.see(&files)?;
        gone.retain(|document| {
            !self.seen.contains(&document.id) && !is_hidden_from_view(&document.rel_path, &again.unreadable)
        });
        let moved = self.follow_moves(&gone)?;
        gone.retain(|document| !moved.contains(&document.id));
        Ok(gone)
    }

    /// Deletes the documents of files that are there and that the rules leave out. A file may also have
    /// come back since its folder was listed, as programs save: that is asked by walking once more.
    fn leave_out(&mut self, there: &[Document]) -> Result<(), LibraryError> {
        if there.is_empty() {
            return Ok(());
        }
        let paths: Vec<String> = there.iter().map(|document| document.rel_path.clone()).collect();
        // With many paths to compare, looking at everything is cheaper.
        let again = self.walk((paths.len() <= MANY_PATHS).then_some(&paths));
        let paths: HashSet<&String> = paths.iter().collect();
        let found: Vec<Found> =
            again.files.into_iter().filter(|found| paths.contains(&found.rel_path)).collect();
        self.see(&found)?;
        if !again.complete {
            return Ok(());
        }
        let unwanted: Vec<DocumentId> =
            there.iter().map(|document| document.id).filter(|id| !self.seen.contains(id)).collect();
        for page in unwanted.chunks(PAGE) {
            // The next scan goes on.
            if self.cancel.is_cancelled() {
                return Ok(());
            }
            self.library.delete_documents(page, self.now)?;
            self.report.left_out += page.len();
        }
        Ok(())
    }

    /// Gives lost documents the path at which their content arrived. Files lost in earlier scans
    /// count too, and so do arrivals that an interrupted scan has made.
    fn follow_moves(&mut self, lost: &[Document]) -> Result<HashSet<DocumentId>, LibraryError> {
        let arrivals = self.arrivals()?;
        if arrivals.is_empty() {
            return Ok(HashSet::new());
        }
        let missing = self.all_in(DocumentState::Missing)?;
        if lost.is_empty() && missing.is_empty() {
            return Ok(HashSet::new());
        }
        let vanished: Vec<Document> = lost.iter().cloned().chain(missing).collect();
        let path = |document: &Document| path_of(&self.source, &document.rel_path);
        let moves = pair(&vanished, &arrivals, &path, self.cancel);
        let mut moved = HashSet::new();
        for page in moves.chunks(PAGE) {
            let files: Vec<MovedFile> = page
                .iter()
                .map(|found| MovedFile {
                    document: found.document,
                    now: seen_again(&arrivals[found.arrival]),
                })
                .collect();
            let done = self.library.move_documents(&files)?;
            // What was read and indexed in this very moment stays a document of its own.
            for (found, _) in page.iter().zip(done).filter(|(_, moved)| *moved) {
                moved.insert(found.document);
                self.seen.remove(&found.made);
                self.seen.insert(found.document);
                self.report.moved += 1;
                self.report.new = self.report.new.saturating_sub(1);
            }
        }
        Ok(moved)
    }

    /// Documents that were made for files nobody knew and were never read: by this scan, or by one that
    /// was interrupted.
    fn arrivals(&self) -> Result<Vec<Document>, LibraryError> {
        let mut arrivals = match self.within {
            None => self.all_in(DocumentState::Waiting)?,
            Some(_) => {
                let found = self.arrived.iter().map(|id| self.library.document(*id));
                found.filter(|found| !is_gone(found)).collect::<Result<_, _>>()?
            }
        };
        arrivals.retain(|document| {
            document.live_revision.is_none()
                && document.extractor.is_none()
                && self.seen.contains(&document.id)
        });
        Ok(arrivals)
    }

    fn all_in(&self, state: DocumentState) -> Result<Vec<Document>, LibraryError> {
        let filter = DocumentFilter {
            source: Some(self.source.id),
            state: Some(state),
            limit: usize::MAX,
            ..Default::default()
        };
        Ok(self.library.documents(filter)?.0)
    }

    fn drives(&self) -> Drives<'_> {
        Drives { library: self.library, source: &self.source }
    }
}

/// The file of a document as it was seen last.
fn seen_again(document: &Document) -> SeenFile {
    SeenFile {
        source: document.source,
        rel_path: document.rel_path.clone(),
        size: document.size,
        mtime_ns: document.mtime_ns,
        file_id: document.file_id.clone(),
    }
}

fn is_gone(found: &Result<Document, LibraryError>) -> bool {
    matches!(found, Err(LibraryError::NotFound { .. }))
}

/// Where a document of a source lies.
pub(crate) fn path_of(source: &Source, rel_path: &str) -> PathBuf {
    match source.kind {
        SourceKind::File => source.root.clone(),
        SourceKind::Folder => source.root.join(rel_path),
    }
}

/// Whether a path lies at or below a place that could not be looked at.
fn is_hidden_from_view(rel_path: &str, unreadable: &[(String, String)]) -> bool {
    unreadable.iter().any(|(place, _)| lies_at_or_below(rel_path, place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::FileState;

    fn found(path: &str) -> Found {
        Found { rel_path: path.into(), state: FileState { size: 1, mtime_ns: 1, file_id: None } }
    }

    #[test]
    fn a_file_renamed_while_the_folders_are_walked_is_not_gone() {
        let (data, root) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (library, _) = Library::open(data.path()).unwrap();
        let source = library.add_source(root.path(), SourceKind::Folder, 1).unwrap();
        let cancel = Cancel::new();
        let scan = || Scan::new(&library, source, 2, &cancel).unwrap();
        for name in ["a.txt", "b.txt"] {
            std::fs::write(root.path().join(name), name).unwrap();
        }
        assert_eq!(scan().run().unwrap().new, 2);
        let id = library.document_by_path(source, "b.txt").unwrap().unwrap().id;
        std::fs::create_dir(root.path().join("dir")).unwrap();
        std::fs::rename(root.path().join("b.txt"), root.path().join("dir/c.txt")).unwrap();
        // The walk was in `dir` before and here afterwards.
        let mut walked = scan().walk(None);
        walked.files.retain(|found| found.rel_path == "a.txt");
        let report = scan().reconcile(walked).unwrap();
        assert_eq!((report.moved, report.deleted, report.new), (1, 0, 0));
        assert_eq!(library.document_by_path(source, "dir/c.txt").unwrap().unwrap().id, id);
    }

    #[test]
    fn files_below_a_folder_that_cannot_be_read_do_not_count_as_gone() {
        let data = tempfile::tempdir().unwrap();
        let root = tempfile::tempdir().unwrap();
        let (library, _) = Library::open(data.path()).unwrap();
        let source = library.add_source(root.path(), SourceKind::Folder, 1).unwrap();
        let cancel = Cancel::new();
        let reconcile = |files: &[&str], unreadable: &[&str], complete: bool| {
            let walked = Walked {
                files: files.iter().map(|path| found(path)).collect(),
                unreadable: unreadable.iter().map(|path| ((*path).into(), "no permission".into())).collect(),
                reachable: true,
                complete,
                ..Walked::default()
            };
            Scan::new(&library, source, 2, &cancel).unwrap().reconcile(walked).unwrap()
        };
        assert_eq!(reconcile(&["a.txt", "dir/b.txt", "dir2/c.txt"], &[], true).new, 3);
        assert_eq!(reconcile(&["a.txt", "dir2/c.txt"], &["dir"], true).deleted, 0);
        assert_eq!(reconcile(&["a.txt"], &[], false).deleted, 0);
        let report = reconcile(&["a.txt"], &["dir"], true);
        assert_eq!((report.deleted, report.unreadable.len()), (1, 1));
        assert!(
            library.document_by_path(source, "dir2/c.txt").unwrap().unwrap().state == DocumentState::Missing
        );
        assert_eq!(reconcile(&["a.txt"], &["."], true).deleted, 0);
        assert_eq!(reconcile(&["a.txt"], &[], true).deleted, 1);
    }
}
