//! The watcher of the running application: begun once, told of every change of the list of sources.

use crate::locked::locked;
use docent_corpus::SourceId;
use docent_ingest::watch::{Changed, Watcher, identity};
use docent_library::Source;
use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Cheap to clone. Does nothing until [`Watch::begin`].
#[derive(Clone, Default)]
pub(crate) struct Watch {
    watcher: Arc<Mutex<Option<Watcher>>>,
    /// The sources that the next update is to watch.
    wanted: Arc<Mutex<Option<Vec<Source>>>>,
    /// Those that the last one did; not under the lock of the watcher, which is held while folders are
    /// walked.
    watched: Arc<Mutex<HashSet<SourceId>>>,
}

impl Watch {
    /// Begins to watch; without a way to do so scans alone follow the sources.
    pub(crate) fn begin(&self, own: &Path, tell: impl Fn(SourceId, Changed) + Send + 'static) {
        match Watcher::new(own, tell) {
            Ok(watcher) => *locked(&self.watcher) = Some(watcher),
            Err(reason) => tracing::warn!(reason, "changes cannot be watched, only looked for"),
        }
    }

    /// Watches nothing any more. What is told of changes holds the library, so this lets go of it.
    /// Blocks while folders are walked.
    pub(crate) fn end(&self) {
        let watcher = locked(&self.watcher).take();
        // Not under the lock: a watcher waits for what it is telling.
        drop(watcher);
    }

    /// Says which sources are to be watched after the next [`Watch::update`].
    pub(crate) fn want(&self, sources: Vec<Source>) {
        *locked(&self.wanted) = Some(sources);
    }

    /// Watches exactly the wanted sources from now on, as far as they are there. Blocks while folders
    /// are walked.
    pub(crate) fn update(&self) {
        let mut watcher = locked(&self.watcher);
        // Taken while nobody else updates, so that a later list is never replaced by an earlier one.
        let Some(mut sources) = locked(&self.wanted).take() else { return };
        let Some(watcher) = watcher.as_mut() else { return };
        sources.retain(|source| identity(source).is_some());
        let refused: HashSet<SourceId> = watcher.watch(&sources).into_iter().map(|(id, _)| id).collect();
        *locked(&self.watched) =
            sources.iter().map(|source| source.id).filter(|id| !refused.contains(id)).collect();
    }

    /// The sources that are watched.
    pub(crate) fn watched(&self) -> HashSet<SourceId> {
        locked(&self.watched).clone()
    }
}
