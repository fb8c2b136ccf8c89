//! Requests that are running and may be cancelled by the id their caller gave them.

use docent_corpus::Cancel;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The running requests.
#[derive(Clone, Default)]
pub(crate) struct Requests(Arc<Mutex<HashMap<String, Cancel>>>);

/// A running request; forgotten when dropped.
pub(crate) struct Running {
    requests: Requests,
    id: String,
    /// Trips when the request is cancelled.
    pub(crate) cancel: Cancel,
}

impl Requests {
    /// Registers a request.
    pub(crate) fn start(&self, id: &str) -> Running {
        let cancel = Cancel::new();
        self.lock().insert(id.to_owned(), cancel.clone());
        Running { requests: self.clone(), id: id.to_owned(), cancel }
    }

    /// Cancels a request; one that has ended is no error.
    pub(crate) fn cancel(&self, id: &str) {
        if let Some(cancel) = self.lock().get(id) {
            cancel.cancel();
        }
    }

    /// Cancels all.
    pub(crate) fn cancel_all(&self) {
        self.lock().values().for_each(Cancel::cancel);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Cancel>> {
        // A map of flags is sound after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.requests.lock().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_cancelled_by_its_id_while_it_runs() {
        let requests = Requests::default();
        let running = requests.start("a");
        requests.cancel("b");
        assert!(!running.cancel.is_cancelled());
        requests.cancel("a");
        assert!(running.cancel.is_cancelled());
        drop(running);
        requests.cancel("a");
        assert!(requests.lock().is_empty());
    }
}
