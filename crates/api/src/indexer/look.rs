//! Looking at a source beside a run that goes on: after something happened in it, or to its root.

use super::Indexer;
use crate::wire::{ApiError, Event, Tag};
use docent_corpus::{Cancel, SourceId};
use docent_ingest::watch::{Identity, identity};
use docent_ingest::{IngestError, ScanReport, mount_points};
use docent_library::{LibraryError, Source};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The roots of all sources are looked at again this often: nobody tells when a drive comes or goes.
const LOOK_AT_ROOTS: Duration = Duration::from_secs(3);

impl Indexer {
    /// Something happened at these paths of a source: they are looked at, and if it is little, indexed
    /// at once, also beside a run that goes on.
    pub(crate) fn changed_within(&self, source: SourceId, paths: Vec<String>) {
        let own = self.clone();
        drop(tokio::spawn(async move { own.look_at(source, paths).await }));
    }

    pub(super) async fn look_at(&self, source: SourceId, paths: Vec<String>) {
        if self.notes().ends {
            return;
        }
        let open = self.0.gate.read().await;
        let engine = Arc::clone(&*self.0.engine.read().await);
        let Some(ingest) = engine.ingest.clone() else {
            // Without a model nothing can be indexed; what changed is at least listed by the next scan.
            return self.scan(Some(source));
        };
        let cancel = Cancel::new();
        let report = match ingest.scan_within(source, paths.clone(), &cancel).await {
            Ok(report) => report,
            Err(error) => {
                tracing::info!(%error, "a hint could not be followed");
                return self.scan(Some(source));
            }
        };
        if !report.reachable {
            return self.scan(Some(source));
        }
        if self.was_away(source).await {
            // It is back, and what else happened meanwhile was not told.
            drop(open);
            return self.look_over(source).await;
        }
        self.0.host.emit(Event::Changed { tags: vec![Tag::Sources, Tag::Documents, Tag::Notes] });
        if found_nothing(&report) {
            return;
        }
        if !self.notes().paused {
            if let Err(error) = ingest.index_now(source, &paths, &cancel).await {
                tracing::info!(%error, "a small change waits for the next run");
            }
            self.0
                .host
                .emit(Event::Changed { tags: vec![Tag::Sources, Tag::Documents, Tag::Notes, Tag::App] });
        }
        // What was too much, and rows that are to go.
        self.work();
    }

    /// Whether a source could not be reached when it was last scanned.
    async fn was_away(&self, source: SourceId) -> bool {
        let library = Arc::clone(&self.0.library);
        let found = tokio::task::spawn_blocking(move || library.source(source)).await;
        matches!(found, Ok(Ok(source)) if !source.reachable)
    }

    /// Watches the root of a source as it is now and scans all of it.
    async fn look_over(&self, source: SourceId) {
        if self.notes().ends {
            return;
        }
        // Before the scan, so that nothing happens unnoticed in between.
        if let Err(error) = self.watch_again().await {
            tracing::info!(%error, "sources could not be watched");
        }
        let _open = self.0.gate.read().await;
        let engine = Arc::clone(&*self.0.engine.read().await);
        let Some(ingest) = engine.ingest.clone() else { return self.scan(Some(source)) };
        // Whoever stops the run that goes on wants this scan to stop as well; then it is done later.
        let cancel = self.notes().cancel.clone();
        match ingest.scan(source, &cancel).await {
            Ok(report) if !report.cancelled => {}
            Err(IngestError::Library(LibraryError::NotFound { .. })) => return,
            outcome => {
                if let Err(error) = outcome {
                    tracing::info!(%error, "a source could not be looked over");
                }
                return self.scan(Some(source));
            }
        }
        self.0.host.emit(Event::Changed { tags: vec![Tag::Sources, Tag::Documents, Tag::Notes, Tag::App] });
        self.work();
    }

    /// Watches the sources as they are now, and waits until that is done.
    async fn watch_again(&self) -> Result<(), ApiError> {
        let library = Arc::clone(&self.0.library);
        let sources = tokio::task::spawn_blocking(move || library.all_sources()).await??;
        self.0.watch.want(sources);
        let watch = self.0.watch.clone();
        Ok(tokio::task::spawn_blocking(move || watch.update()).await?)
    }

    /// Looks over every source whose root comes, goes or is replaced, and every one within which a drive
    /// does. Never ends.
    pub(super) async fn follow_roots(&self) {
        let mut known = Ground::default();
        loop {
            match self.ground().await {
                Ok(now) => {
                    for (source, root) in &now.roots {
                        let before = known.roots.get(source);
                        let has_changed = before.is_some_and(|before| root.asks_for_a_look(before));
                        if has_changed || (before.is_some() && now.drive_changed_below(&known, root)) {
                            self.look_over(*source).await;
                        }
                    }
                    known = now;
                }
                Err(error) => tracing::debug!(%error, "the roots of the sources could not be looked at"),
            }
            tokio::time::sleep(LOOK_AT_ROOTS).await;
        }
    }

    async fn ground(&self) -> Result<Ground, ApiError> {
        let library = Arc::clone(&self.0.library);
        let look = move || -> Result<Ground, ApiError> {
            let sources = library.all_sources()?;
            let roots = sources.iter().map(|source| (source.id, Root::of(source))).collect();
            Ok(Ground { roots, drives: mount_points() })
        };
        tokio::task::spawn_blocking(look).await?
    }
}

/// What lies where: the roots of the sources, and the places of drives.
#[derive(Default)]
struct Ground {
    roots: HashMap<SourceId, Root>,
    drives: BTreeSet<PathBuf>,
}

impl Ground {
    /// Whether a drive came or went within this source since `before`.
    fn drive_changed_below(&self, before: &Self, root: &Root) -> bool {
        self.drives.symmetric_difference(&before.drives).any(|place| place.starts_with(&root.path))
    }
}

/// The root of a source, and whether the last scan could reach it.
struct Root {
    /// Links followed, as drives are told.
    path: PathBuf,
    identity: Option<Identity>,
    was_there: bool,
}

impl Root {
    fn of(source: &Source) -> Self {
        let path = source.root.canonicalize().unwrap_or_else(|_| source.root.clone());
        Self { path, identity: identity(source), was_there: source.reachable }
    }

    /// Whether it came, went or was replaced since `before`; or a scan found it gone and it came back
    /// before anybody looked.
    fn asks_for_a_look(&self, before: &Self) -> bool {
        self.identity != before.identity || (before.was_there && !self.was_there)
    }
}

fn found_nothing(report: &ScanReport) -> bool {
    report.new + report.changed + report.moved + report.deleted + report.left_out == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ground(drives: &[&str]) -> Ground {
        Ground { roots: HashMap::new(), drives: drives.iter().map(PathBuf::from).collect() }
    }

    #[test]
    fn a_drive_concerns_the_sources_it_lies_in() {
        let root = |path: &str| Root { path: path.into(), identity: None, was_there: true };
        let (without, with) = (ground(&["/"]), ground(&["/", "/home/me/docs/stick"]));
        for (path, concerned) in [("/home/me/docs", true), ("/home/me", true), ("/home/me/doc", false)] {
            assert_eq!(with.drive_changed_below(&without, &root(path)), concerned, "it comes: {path}");
            assert_eq!(without.drive_changed_below(&with, &root(path)), concerned, "it goes: {path}");
        }
        assert!(!with.drive_changed_below(&with, &root("/home/me")));
    }
}
