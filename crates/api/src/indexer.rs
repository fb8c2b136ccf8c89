//! The one task that scans sources and works off what waits. Everybody else leaves it notes.

mod look;

use crate::engine::Engine;
use crate::host::Host;
use crate::pace::Pace;
use crate::watch::Watch;
use crate::wire::{ApiError, Code, Event, IndexingPhase, IndexingStatus, Tag};
use docent_corpus::{Cancel, SourceId};
use docent_ingest::watch::Changed;
use docent_ingest::{Ingest, IngestError, IngestProgress, Phase, ScanReport};
use docent_library::{Library, LibraryError};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, OwnedRwLockWriteGuard, RwLock};
use tokio::task::JoinHandle;

/// All sources are looked at again this often: events may be missed, a scan is the truth.
const RESCAN: Duration = Duration::from_secs(15 * 60);
/// Progress is told at most this often.
const TELL_EVERY: Duration = Duration::from_millis(100);
/// Whoever waits for a run to end looks this often.
const LOOK: Duration = Duration::from_millis(50);
/// Lists are called stale at most this often while a run goes on.
const REFRESH_EVERY: Duration = Duration::from_secs(1);

/// Name of the setting that holds how many passages a second were indexed lately.
pub(crate) const SPEED: &str = "index.passages_per_second";
/// Fewer passages than this say nothing about speed.
const TELLING_RUN: u64 = 200;

/// Scans and indexes, in the background or until nothing waits. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Indexer(Arc<Inner>);

struct Inner {
    host: Arc<dyn Host>,
    library: Arc<Library>,
    engine: Arc<RwLock<Arc<Engine>>>,
    notes: Mutex<Notes>,
    wake: Notify,
    /// Held by whoever works, so that a task and a caller never work at once.
    working: tokio::sync::Mutex<()>,
    /// Shared by all that use the engine to change the index, closed while the engine is changed.
    gate: Arc<RwLock<()>>,
    task: Mutex<Option<JoinHandle<()>>>,
    /// Watches the sources once the background task runs.
    watch: Watch,
}

/// What the others left, and what is being done.
struct Notes {
    scan_all: bool,
    scan: HashSet<SourceId>,
    /// Whether something waits without a scan being asked for.
    run: bool,
    paused: bool,
    ends: bool,
    /// Whether what the present run leaves undone is to be left.
    dropped: bool,
    cancel: Cancel,
    status: IndexingStatus,
    told: Option<Instant>,
    refreshed: Option<Instant>,
}

impl Indexer {
    pub(crate) fn new(host: Arc<dyn Host>, library: Arc<Library>, engine: Arc<RwLock<Arc<Engine>>>) -> Self {
        let notes = Notes {
            scan_all: false,
            scan: HashSet::new(),
            run: false,
            paused: false,
            ends: false,
            dropped: false,
            cancel: Cancel::new(),
            status: idle(),
            told: None,
            refreshed: None,
        };
        Self(Arc::new(Inner {
            host,
            library,
            engine,
            notes: Mutex::new(notes),
            wake: Notify::new(),
            working: tokio::sync::Mutex::new(()),
            gate: Arc::default(),
            task: Mutex::new(None),
            watch: Watch::default(),
        }))
    }

    /// Begins to work in the background, and to watch.
    pub(crate) fn start(&self) {
        let own = self.clone();
        let hint = self.clone();
        let runtime = tokio::runtime::Handle::current();
        self.0.watch.begin(self.0.library.data_folder(), move |source, changed| {
            let hint = hint.clone();
            match changed {
                Changed::Anywhere => hint.scan(Some(source)),
                Changed::Within(paths) => {
                    drop(runtime.spawn(async move { hint.look_at(source, paths).await }))
                }
            }
        });
        self.scan(None);
        let task = tokio::spawn(async move {
            tokio::select! {
                () = own.work_for_ever() => {}
                () = own.follow_roots() => {}
            }
        });
        let before = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).replace(task);
        if let Some(before) = before {
            before.abort();
        }
    }

    /// Asks for a look at a source, or at all.
    pub(crate) fn scan(&self, source: Option<SourceId>) {
        let mut notes = self.notes();
        match source {
            Some(source) => drop(notes.scan.insert(source)),
            None => notes.scan_all = true,
        }
        drop(notes);
        self.0.wake.notify_one();
    }

    /// Asks for a run without a scan.
    pub(crate) fn work(&self) {
        self.notes().run = true;
        self.0.wake.notify_one();
    }

    /// The sources whose changes are noticed at once.
    pub(crate) fn watched(&self) -> HashSet<SourceId> {
        self.0.watch.watched()
    }

    /// Stops the run that goes on and waits until nobody uses the engine any more. As long as the guard
    /// lives, nobody begins to.
    pub(crate) async fn quiet(&self) -> OwnedRwLockWriteGuard<()> {
        let closing = Arc::clone(&self.0.gate).write_owned();
        tokio::pin!(closing);
        loop {
            // Again and again, for the run that was about to begin.
            self.interrupt();
            match tokio::time::timeout(LOOK, &mut closing).await {
                Ok(guard) => return guard,
                Err(_) => continue,
            }
        }
    }

    /// Stops the run that goes on; what it had not finished waits for the next.
    pub(crate) fn interrupt(&self) {
        self.notes().cancel.cancel();
    }

    /// Pauses or resumes.
    pub(crate) fn pause(&self, paused: bool) -> IndexingStatus {
        {
            let mut notes = self.notes();
            notes.paused = paused;
            notes.status.paused = paused;
            if paused {
                notes.cancel.cancel();
            } else {
                notes.scan_all = true;
            }
        }
        self.0.wake.notify_one();
        self.tell(true);
        self.status()
    }

    /// Stops the run that goes on. What it had not finished waits for the next look at the sources.
    pub(crate) fn stop(&self) -> IndexingStatus {
        {
            let mut notes = self.notes();
            (notes.scan_all, notes.run) = (false, false);
            notes.scan.clear();
            notes.dropped = true;
            notes.cancel.cancel();
        }
        self.status()
    }

    /// What is being done.
    pub(crate) fn status(&self) -> IndexingStatus {
        self.notes().status.clone()
    }

    /// Works until nothing waits.
    pub(crate) async fn run_until_idle(&self) -> Result<(), ApiError> {
        loop {
            let rests = {
                let notes = self.notes();
                notes.paused || notes.ends
            };
            if rests || !self.has_work() {
                return Ok(());
            }
            self.work_once().await?;
        }
    }

    /// Ends the background task after its present step.
    pub(crate) async fn shut_down(&self) {
        {
            let mut notes = self.notes();
            notes.ends = true;
            notes.cancel.cancel();
        }
        self.0.wake.notify_one();
        let watch = self.0.watch.clone();
        // Not waited for: folders may be being walked.
        drop(tokio::task::spawn_blocking(move || watch.end()));
        let task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            // A panic in it has been logged by the runtime; closing goes on.
            let _ = task.await;
        }
        // Somebody may be working in the foreground.
        let _ = self.0.working.lock().await;
    }

    async fn work_for_ever(&self) {
        let mut rescan = tokio::time::Instant::now() + RESCAN;
        loop {
            // However often it is woken for a single file: only a scan of everything sees what no event told.
            if tokio::time::timeout_at(rescan, self.0.wake.notified()).await.is_err() {
                rescan = tokio::time::Instant::now() + RESCAN;
                self.scan(None);
            }
            loop {
                let (ends, rests) = {
                    let notes = self.notes();
                    (notes.ends, notes.paused)
                };
                if ends {
                    return;
                }
                if rests || !self.has_work() {
                    break;
                }
                // The reason is in the status; the next note or rescan tries again.
                if self.work_once().await.is_err() {
                    break;
                }
            }
        }
    }

    fn has_work(&self) -> bool {
        let notes = self.notes();
        notes.scan_all || notes.run || !notes.scan.is_empty()
    }

    /// Scans what was asked for and works off what waits.
    async fn work_once(&self) -> Result<(), ApiError> {
        let _working = self.0.working.lock().await;
        let _open = self.0.gate.read().await;
        let cancel = Cancel::new();
        let (scan_all, scan) = {
            let mut notes = self.notes();
            notes.cancel = cancel.clone();
            notes.dropped = false;
            let paused = notes.paused;
            if notes.ends {
                return Ok(());
            }
            notes.status = IndexingStatus {
                phase: IndexingPhase::Scanning,
                started_ms: Some(crate::wire::convert::number(self.0.host.now_ms())),
                paused,
                ..idle()
            };
            notes.run = false;
            (std::mem::take(&mut notes.scan_all), std::mem::take(&mut notes.scan))
        };
        self.tell(true);
        let outcome = self.scan_and_run(scan_all, scan, &cancel).await;
        {
            let mut notes = self.notes();
            let waits = matches!(&outcome, Err(error) if error.code == Code::ModelNotInstalled);
            notes.status.phase = if waits { IndexingPhase::WaitingForModel } else { IndexingPhase::Idle };
            notes.status.file = None;
            (notes.status.page, notes.status.pages, notes.status.rate) = (None, None, None);
            notes.status.seconds_left = None;
            notes.status.error = match &outcome {
                Err(error) if !waits && error.code != Code::Cancelled => Some(error.clone()),
                _ => None,
            };
        }
        self.tell(true);
        self.0.host.emit(Event::Changed { tags: vec![Tag::Sources, Tag::Documents, Tag::App] });
        outcome
    }

    async fn scan_and_run(
        &self,
        all: bool,
        some: HashSet<SourceId>,
        cancel: &Cancel,
    ) -> Result<(), ApiError> {
        let engine = Arc::clone(&*self.0.engine.read().await);
        let ingest = engine.ingest.clone();
        let library = Arc::clone(&self.0.library);
        let known = tokio::task::spawn_blocking(move || library.all_sources()).await??;
        let asked = known.iter().map(|source| source.id).filter(|id| all || some.contains(id));
        let mut asked: VecDeque<SourceId> = asked.collect();
        self.0.watch.want(known);
        let watch = self.0.watch.clone();
        // Setting watches walks every folder; nothing waits for it.
        drop(tokio::task::spawn_blocking(move || watch.update()));
        while let Some(source) = asked.front() {
            let scanned = match &ingest {
                Some(ingest) => ingest.scan(*source, cancel).await,
                None => self.list_files(*source, cancel).await,
            };
            match scanned {
                Ok(report) if report.cancelled => {
                    self.put_back(asked);
                    return Ok(());
                }
                Ok(_) => {}
                // Removed meanwhile.
                Err(IngestError::Library(LibraryError::NotFound { .. })) => {}
                Err(error) => return Err(error.into()),
            }
            asked.pop_front();
            self.refresh();
        }
        match ingest {
            Some(ingest) => self.run(&ingest, cancel).await,
            None => Err(engine.faults.first().cloned().unwrap_or_else(|| {
                ApiError::new(
                    Code::ModelNotInstalled,
                    "the embedding model is not installed; docent models fetch --defaults",
                )
            })),
        }
    }

    /// Scans a source while there is no model to index it with: its files are listed and wait.
    async fn list_files(&self, source: SourceId, cancel: &Cancel) -> Result<ScanReport, IngestError> {
        let (library, cancel) = (Arc::clone(&self.0.library), cancel.clone());
        let now = self.0.host.now_ms();
        let task = "listing files";
        let listed =
            tokio::task::spawn_blocking(move || docent_ingest::list_files(&library, source, now, &cancel));
        Ok(listed.await.map_err(|_| IngestError::Panicked { task })??)
    }

    /// What an interrupted run had not looked at is looked at next, unless it was stopped for good.
    fn put_back(&self, sources: VecDeque<SourceId>) {
        let mut notes = self.notes();
        if !notes.dropped {
            notes.scan.extend(sources);
        }
    }

    async fn run(&self, ingest: &Ingest, cancel: &Cancel) -> Result<(), ApiError> {
        let own = self.clone();
        let library = Arc::clone(&self.0.library);
        let known = tokio::task::spawn_blocking(move || library.get_setting::<f64>(SPEED)).await??;
        let pace = Arc::new(Mutex::new((Pace::new(known), IngestProgress::default())));
        let noted = Arc::clone(&pace);
        let progress = move |progress: IngestProgress| {
            let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
            noted.0.note(&progress);
            noted.1.clone_from(&progress);
            own.note_progress(&progress, &noted.0);
        };
        let report = ingest.run(cancel, &progress).await?;
        if report.cancelled {
            let mut notes = self.notes();
            notes.run |= !notes.dropped;
        }
        if report.chunks as u64 >= TELLING_RUN {
            let speed = {
                let noted = pace.lock().unwrap_or_else(PoisonError::into_inner);
                noted.0.passages_per_second(&noted.1)
            };
            let library = Arc::clone(&self.0.library);
            tokio::task::spawn_blocking(move || {
                speed.map_or(Ok(()), |speed| library.set_setting(SPEED, &speed))
            })
            .await??;
        }
        Ok(())
    }

    fn note_progress(&self, progress: &IngestProgress, pace: &Pace) {
        {
            let mut notes = self.notes();
            let status = &mut notes.status;
            status.phase = match progress.phase {
                Phase::Scanning => IndexingPhase::Scanning,
                Phase::Comparing => IndexingPhase::Comparing,
                Phase::Reading => IndexingPhase::Reading,
                Phase::Embedding => IndexingPhase::Embedding,
                Phase::Writing => IndexingPhase::Writing,
                Phase::Idle => status.phase,
            };
            status.file.clone_from(&progress.file);
            status.page = progress.page.map(|(done, _)| done);
            status.pages = progress.page.and_then(|(_, of)| of);
            status.rate = pace.files_per_second(progress);
            status.done = crate::wire::convert::count(progress.done);
            status.total = crate::wire::convert::count(progress.total);
            status.failed = crate::wire::convert::count(progress.failed);
            status.read = crate::wire::convert::count(progress.read);
            status.chunks = crate::wire::convert::count(progress.chunks_done);
            status.chunks_total = crate::wire::convert::count(progress.chunks_total);
            status.seconds_left = pace.seconds_left(progress);
        }
        self.tell(false);
        self.refresh();
    }

    /// Tells the host how it stands, at most every [`TELL_EVERY`] unless `now`.
    fn tell(&self, now: bool) {
        let status = {
            let mut notes = self.notes();
            if !now && notes.told.is_some_and(|told| told.elapsed() < TELL_EVERY) {
                return;
            }
            notes.told = Some(Instant::now());
            notes.status.clone()
        };
        self.0.host.emit(Event::Indexing { status });
    }

    fn refresh(&self) {
        {
            let mut notes = self.notes();
            if notes.refreshed.is_some_and(|refreshed| refreshed.elapsed() < REFRESH_EVERY) {
                return;
            }
            notes.refreshed = Some(Instant::now());
        }
        self.0.host.emit(Event::Changed { tags: vec![Tag::Sources, Tag::Documents] });
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        // Notes are plain values; a panic elsewhere leaves them readable.
        self.0.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn idle() -> IndexingStatus {
    IndexingStatus {
        phase: IndexingPhase::Idle,
        file: None,
        page: None,
        pages: None,
        rate: None,
        done: 0,
        total: 0,
        read: 0,
        failed: 0,
        chunks: 0,
        chunks_total: 0,
        started_ms: None,
        seconds_left: None,
        paused: false,
        error: None,
    }
}
