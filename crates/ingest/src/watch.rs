//! Watching sources: events of the file system as hints where to look. They get lost (a full queue, a
//! network drive, a system without watches left), so a scan of everything stays the truth.

use docent_corpus::SourceId;
use docent_library::{Source, SourceKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, NoCache, new_debouncer_opt};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// Events of one path within this time are one: programs save in several steps.
const SETTLE: Duration = Duration::from_millis(700);
/// With more paths than this at once, looking at the whole source is cheaper.
const MANY_PATHS: usize = 500;

/// What happened in a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// Something at or below these paths, relative to the source's root with `/` between parts.
    Within(Vec<String>),
    /// Anything, anywhere.
    Anywhere,
}

/// Watches sources until it is dropped.
pub struct Watcher {
    debouncer: Debouncer<RecommendedWatcher, NoCache>,
    watched: Arc<Mutex<Watched>>,
    /// What is watched by the system, and as what.
    paths: BTreeMap<PathBuf, (RecursiveMode, Option<Identity>)>,
}

/// What tells a folder from another one at the same path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    device: u64,
    number: u64,
    /// When it was made, where the system knows: the number of a deleted folder is soon used again.
    made: Option<SystemTime>,
}

impl Identity {
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        let (device, number) = numbers(&metadata);
        Some(Self { device, number, made: metadata.created().ok() })
    }
}

/// The numbers of device and folder.
#[cfg(unix)]
fn numbers(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

/// This system has none that last.
#[cfg(not(unix))]
fn numbers(_metadata: &Metadata) -> (u64, u64) {
    (0, 0)
}

/// The folder that is watched for a source, as it is now; `None` if it is not there.
pub fn identity(source: &Source) -> Option<Identity> {
    Identity::of(Place::of(source).watched().0)
}

#[derive(Default)]
struct Watched {
    sources: HashMap<SourceId, Place>,
    /// docent's own data, whose changes say nothing.
    own: PathBuf,
}

/// Where a source lies, and what has to be watched for it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    root: PathBuf,
    kind: SourceKind,
}

impl Place {
    fn of(source: &Source) -> Self {
        Self { root: source.root.clone(), kind: source.kind }
    }

    /// A single file is watched with its folder: programs save by replacing the file.
    fn watched(&self) -> (&Path, RecursiveMode) {
        match self.kind {
            SourceKind::Folder => (&self.root, RecursiveMode::Recursive),
            SourceKind::File => (self.root.parent().unwrap_or(&self.root), RecursiveMode::NonRecursive),
        }
    }
}

impl Watcher {
    /// A watcher of nothing yet. `tell` is called on a thread of its own, about a second after
    /// something happened. What happens below `own` is not told.
    ///
    /// # Errors
    /// In words, when the system has no way of watching.
    pub fn new(own: &Path, tell: impl Fn(SourceId, Changed) + Send + 'static) -> Result<Self, String> {
        let own = own.canonicalize().unwrap_or_else(|_| own.to_path_buf());
        let watched = Arc::new(Mutex::new(Watched { own, ..Watched::default() }));
        let known = Arc::clone(&watched);
        let handle = move |result: DebounceEventResult| {
            let changed = known.lock().unwrap_or_else(PoisonError::into_inner).changed(result);
            changed.into_iter().for_each(|(source, changed)| tell(source, changed));
        };
        let config = notify::Config::default().with_follow_symlinks(false);
        let debouncer =
            new_debouncer_opt(SETTLE, None, handle, NoCache, config).map_err(|error| error.to_string())?;
        Ok(Self { debouncer, watched, paths: BTreeMap::new() })
    }

    /// Watches exactly these sources from now on, and anew those whose folder was replaced. Gives those
    /// that cannot be watched, with the reason in words; they are followed by scans only.
    pub fn watch(&mut self, sources: &[Source]) -> Vec<(SourceId, String)> {
        let wanted: HashMap<SourceId, Place> =
            sources.iter().map(|source| (source.id, Place::of(source))).collect();
        let needed = needed(wanted.values());
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).sources.clone_from(&wanted);
        // First all that go: what lies below one of them loses its watches with it.
        let debouncer = &mut self.debouncer;
        self.paths.retain(|path, (mode, watched)| {
            let stays = needed.get(path) == Some(&*mode) && Identity::of(path) == *watched;
            if !stays {
                // It may be gone, with its watches.
                let _ = debouncer.unwatch(path);
            }
            stays
        });
        let mut refused = Vec::new();
        for (path, mode) in needed {
            if self.paths.contains_key(&path) {
                continue;
            }
            // Before, so that a folder that is replaced meanwhile is watched anew the next time.
            let watched = Identity::of(&path);
            match self.debouncer.watch(&path, mode) {
                Ok(()) => drop(self.paths.insert(path, (mode, watched))),
                Err(error) => {
                    tracing::info!(%error, path = %path.display(), "a place cannot be watched");
                    // Asked again with the next list.
                    let below = wanted.iter().filter(|(_, place)| place.watched().0.starts_with(&path));
                    refused.extend(below.map(|(id, _)| (*id, error.to_string())));
                }
            }
        }
        refused
    }
}

/// The places to be watched for these sources. One that lies below another needs no watch of its own,
/// and must not have one: it would go with the other's.
fn needed<'p>(wanted: impl Iterator<Item = &'p Place> + Clone) -> BTreeMap<PathBuf, RecursiveMode> {
    let mut needed = BTreeMap::new();
    for place in wanted.clone() {
        let (path, mode) = place.watched();
        let holds = |other: &Place| {
            let (above, how) = other.watched();
            how == RecursiveMode::Recursive
                && path.starts_with(above)
                && (above != path || mode == RecursiveMode::NonRecursive)
        };
        if !wanted.clone().any(holds) {
            needed.insert(path.to_path_buf(), mode);
        }
    }
    needed
}

impl Watched {
    /// In which sources something happened, and where.
    fn changed(&self, result: DebounceEventResult) -> Vec<(SourceId, Changed)> {
        let Ok(events) = result else {
            // Some events are lost, nobody knows of which source.
            return self.sources.keys().map(|id| (*id, Changed::Anywhere)).collect();
        };
        if events.iter().any(|event| event.need_rescan()) {
            return self.sources.keys().map(|id| (*id, Changed::Anywhere)).collect();
        }
        let paths: BTreeSet<&PathBuf> = events
            .iter()
            .filter(|event| !matches!(event.kind, EventKind::Access(_)))
            .flat_map(|event| &event.paths)
            .filter(|path| !path.starts_with(&self.own))
            .collect();
        let mut changed = Vec::new();
        for (id, place) in &self.sources {
            let within: Vec<String> = paths.iter().filter_map(|path| place.relative(path)).collect();
            if within.len() > MANY_PATHS {
                changed.push((*id, Changed::Anywhere));
            } else if !within.is_empty() {
                changed.push((*id, Changed::Within(within)));
            }
        }
        changed
    }
}

impl Place {
    /// The path of something below the source's root, `None` if it lies elsewhere. A path that is not
    /// Unicode stands for the folder that holds it.
    fn relative(&self, path: &Path) -> Option<String> {
        if self.kind == SourceKind::File {
            return (path == self.root).then(|| path.file_name()?.to_str().map(str::to_owned)).flatten();
        }
        let below = path.strip_prefix(&self.root).ok()?;
        let parts: Vec<&str> = below.components().map_while(|part| part.as_os_str().to_str()).collect();
        Some(if parts.is_empty() { ".".to_owned() } else { parts.join("/") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Instant;

    fn source(id: i64, root: &Path, kind: SourceKind) -> Source {
        Source {
            id: SourceId(id),
            root: root.canonicalize().unwrap(),
            kind,
            rules: Default::default(),
            added_ms: 0,
            last_scan_ms: None,
            reachable: true,
        }
    }

    /// Waits until a change of `path` in `source` was told.
    fn hears(told: &Receiver<(SourceId, Changed)>, source: i64, path: &str) -> bool {
        let end = Instant::now() + Duration::from_secs(20);
        while let Ok((id, changed)) = told.recv_timeout(end.saturating_duration_since(Instant::now())) {
            let fits = match changed {
                Changed::Within(paths) => paths.iter().any(|changed| changed == path),
                Changed::Anywhere => true,
            };
            if id == SourceId(source) && fits {
                return true;
            }
        }
        false
    }

    #[test]
    fn what_happens_to_files_is_heard() {
        let (folder, other, own) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let single = other.path().join("单.txt");
        std::fs::write(&single, "one").unwrap();
        let (sender, told) = channel();
        let mut watcher = Watcher::new(own.path(), move |id, changed| {
            let _ = sender.send((id, changed));
        })
        .unwrap();
        let sources = [source(1, folder.path(), SourceKind::Folder), source(2, &single, SourceKind::File)];
        assert!(watcher.watch(&sources).is_empty());
        std::fs::create_dir(folder.path().join("新")).unwrap();
        assert!(hears(&told, 1, "新"));
        std::fs::write(folder.path().join("新/a.txt"), "x").unwrap();
        assert!(hears(&told, 1, "新/a.txt"));
        std::fs::rename(folder.path().join("新/a.txt"), folder.path().join("b.txt")).unwrap();
        assert!(hears(&told, 1, "b.txt"));
        // As editors save: another file takes the place.
        std::fs::write(other.path().join("tmp"), "two").unwrap();
        std::fs::rename(other.path().join("tmp"), &single).unwrap();
        assert!(hears(&told, 2, "单.txt"));
        assert!(watcher.watch(&sources[1..]).is_empty());
        std::fs::remove_file(folder.path().join("b.txt")).unwrap();
        std::fs::remove_file(&single).unwrap();
        assert!(hears(&told, 2, "单.txt"));
    }

    #[test]
    fn sources_within_sources_are_heard_whichever_goes() {
        let (folder, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        let single = folder.path().join("single.txt");
        std::fs::write(&single, "one").unwrap();
        let (sender, told) = channel();
        let mut watcher = Watcher::new(own.path(), move |id, changed| {
            let _ = sender.send((id, changed));
        })
        .unwrap();
        let outer = source(1, folder.path(), SourceKind::Folder);
        let inner_source = source(2, &inner, SourceKind::Folder);
        let single_source = source(3, &single, SourceKind::File);
        assert!(watcher.watch(&[outer.clone(), inner_source.clone(), single_source]).is_empty());
        std::fs::write(inner.join("a.txt"), "x").unwrap();
        assert!(hears(&told, 2, "a.txt"));
        // The single file goes, then the folder around the inner one.
        assert!(watcher.watch(&[outer, inner_source.clone()]).is_empty());
        std::fs::write(folder.path().join("b.txt"), "x").unwrap();
        assert!(hears(&told, 1, "b.txt"));
        assert!(watcher.watch(&[inner_source]).is_empty());
        std::fs::write(inner.join("c.txt"), "x").unwrap();
        assert!(hears(&told, 2, "c.txt"));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_takes_the_place_of_another_is_heard() {
        let (home, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folder = home.path().join("given");
        std::fs::create_dir(&folder).unwrap();
        let (sender, told) = channel();
        let mut watcher = Watcher::new(own.path(), move |id, changed| {
            let _ = sender.send((id, changed));
        })
        .unwrap();
        let sources = [source(1, &folder, SourceKind::Folder)];
        assert!(watcher.watch(&sources).is_empty());
        let before = identity(&sources[0]);
        std::fs::rename(&folder, home.path().join("away")).unwrap();
        assert_eq!(identity(&sources[0]), None);
        std::fs::create_dir(&folder).unwrap();
        assert_ne!(identity(&sources[0]), before);
        assert!(watcher.watch(&sources).is_empty());
        std::fs::write(folder.join("a.txt"), "x").unwrap();
        assert!(hears(&told, 1, "a.txt"));
    }

    #[test]
    fn a_folder_that_is_not_there_is_refused_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let mut gone = source(1, folder.path(), SourceKind::Folder);
        gone.root = folder.path().join("gone");
        let mut watcher = Watcher::new(folder.path(), |_, _| {}).unwrap();
        let refused = watcher.watch(&[gone]);
        assert_eq!((refused.len(), refused[0].0), (1, SourceId(1)));
        assert!(!refused[0].1.is_empty());
    }

    #[test]
    fn events_that_got_lost_mean_anything_may_have_happened() {
        let place = Place { root: "/r".into(), kind: SourceKind::Folder };
        let watched = Watched { sources: HashMap::from([(SourceId(3), place)]), own: "/r/own".into() };
        assert_eq!(watched.changed(Err(vec![])), [(SourceId(3), Changed::Anywhere)]);
        let event = |path: &str| notify_debouncer_full::DebouncedEvent {
            event: notify::Event::new(EventKind::Any).add_path(path.into()),
            time: Instant::now(),
        };
        assert!(watched.changed(Ok(vec![event("/r/own/app.db"), event("/elsewhere")])).is_empty());
        let within = Changed::Within(vec!["a/b".into()]);
        assert_eq!(watched.changed(Ok(vec![event("/r/a/b")])), [(SourceId(3), within)]);
        let many = (0..=MANY_PATHS).map(|n| event(&format!("/r/{n}"))).collect();
        assert_eq!(watched.changed(Ok(many)), [(SourceId(3), Changed::Anywhere)]);
    }
}
