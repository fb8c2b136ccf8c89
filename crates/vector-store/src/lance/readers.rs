//! Knows when no search is left that began before a given moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

/// How often to look whether the earlier searches have ended.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Searches hold a [`Reading`] while they run. A search keeps reading the version it began with, so
/// files of old versions may be deleted only when no search from before the newest version is left.
#[derive(Debug, Default)]
pub(super) struct Readers(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    current: Arc<()>,
    earlier: Vec<Weak<()>>,
}

/// A search that is running; ends when dropped.
#[derive(Debug)]
pub(super) struct Reading {
    _generation: Arc<()>,
}

impl Readers {
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be called before the search looks at the table.
    pub(super) fn enter(&self) -> Reading {
        Reading { _generation: self.lock().current.clone() }
    }

    /// Waits until all searches that have begun by now have ended; `false` if some still run after
    /// `patience`. Searches that begin later are not waited for.
    pub(super) async fn drained(&self, patience: Duration) -> bool {
        {
            let mut generations = self.lock();
            let closed = std::mem::take(&mut generations.current);
            generations.earlier.push(Arc::downgrade(&closed));
        }
        let mut waited = Duration::ZERO;
        loop {
            if self.nobody_earlier() {
                return true;
            }
            if waited >= patience {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
        }
    }

    fn nobody_earlier(&self) -> bool {
        let mut generations = self.lock();
        generations.earlier.retain(|generation| generation.strong_count() > 0);
        generations.earlier.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_for_earlier_searches_only() {
        let readers = Arc::new(Readers::default());
        assert!(readers.drained(Duration::ZERO).await);

        let earlier = readers.enter();
        assert!(!readers.drained(Duration::from_millis(20)).await);
        assert!(!readers.drained(Duration::ZERO).await, "it still runs, whatever was asked before");
        let waiting = tokio::spawn({
            let readers = readers.clone();
            async move { readers.drained(Duration::from_secs(60)).await }
        });
        tokio::time::sleep(Duration::from_millis(30)).await;
        let _later = readers.enter();
        drop(earlier);
        assert!(waiting.await.unwrap());
    }
}
