//! An index that fails while it is asked mends itself: it is opened again with every file of it looked
//! at, and what cannot be read is made anew. What could not be opened for a passing reason, such as a full
//! disk, is tried again when somebody asks.

use crate::open::Api;
use crate::wire::ApiError;
use docent_answer::Warning;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Mending is tried at most this often: what it cannot mend, it cannot mend a minute later either.
const AGAIN: Duration = Duration::from_secs(10 * 60);

/// When mending was tried last. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Mending(Arc<Mutex<Option<Instant>>>);

impl Mending {
    /// Whether it is time to try, which counts as a try.
    fn begins(&self) -> bool {
        // A time is a plain value; a panic elsewhere leaves it readable.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < AGAIN) {
            return false;
        }
        *last = Some(Instant::now());
        true
    }
}

impl Api {
    /// Has the index mended in the background if these warnings say that it failed, and opened if it could
    /// not be opened.
    pub(crate) async fn mend_after(&self, warnings: &[Warning]) {
        if self.engine().await.is_makeshift {
            if self.mending().begins() {
                self.in_background(|api| async move { api.reload_engine().await });
            }
            return;
        }
        let of_the_index = |warning: &Warning| {
            matches!(warning, Warning::VectorsUnavailable { .. } | Warning::TextUnavailable { .. })
        };
        if !warnings.iter().any(of_the_index) || !self.mending().begins() {
            return;
        }
        tracing::warn!("the index failed while it was searched; it is opened again and checked");
        self.in_background(|api| async move { api.mend().await });
    }

    fn in_background<F>(&self, work: impl FnOnce(Api) -> F)
    where
        F: Future<Output = Result<(), ApiError>> + Send + 'static,
    {
        let work = work(self.clone());
        drop(tokio::spawn(async move {
            if let Err(error) = work.await {
                tracing::warn!(%error, "the index could not be mended");
            }
        }));
    }

    async fn mend(&self) -> Result<(), ApiError> {
        // Nothing of it is trusted any more, also not after a crash in between.
        self.library(|library| {
            if let Some(active) = library.active_profile()? {
                library.set_durable_version(active.id, 0)?;
            }
            Ok(())
        })
        .await?;
        self.reload_engine().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mending_is_not_tried_all_the_time() {
        let mending = Mending::default();
        assert!(mending.begins());
        assert!(!mending.clone().begins());
    }
}
