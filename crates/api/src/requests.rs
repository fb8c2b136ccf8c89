//! Requests that are running and may be cancelled by the id their caller gave them.

use docent_corpus::Cancel;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The running requests. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Requests(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Told whenever one ends.
    ended: Notify,
}

#[derive(Default)]
struct State {
    running: HashMap<String, Cancel>,
    /// How many docent has begun of its own.
    own: u64,
    /// Whether the library is being closed.
    closing: bool,
}

/// A running request; forgotten when dropped.
pub(crate) struct Running {
    requests: Requests,
    id: String,
    /// Trips when the request is cancelled.
    pub(crate) cancel: Cancel,
}

impl Requests {
    /// Registers a request. One that comes when the library is being closed is cancelled from the
    /// beginning.
    pub(crate) fn start(&self, id: &str) -> Running {
        let cancel = Cancel::new();
        let mut state = self.lock();
        if state.closing {
            cancel.cancel();
        }
        state.running.insert(id.to_owned(), cancel.clone());
        Running { requests: self.clone(), id: id.to_owned(), cancel }
    }

    /// Registers what docent does of its own accord, so that closing waits for it as for a request.
    pub(crate) fn start_own(&self) -> Running {
        let number = {
            let mut state = self.lock();
            state.own += 1;
            state.own
        };
        self.start(&format!("docent's own {number}"))
    }

    /// Cancels a request; one that has ended is no error.
    pub(crate) fn cancel(&self, id: &str) {
        if let Some(cancel) = self.lock().running.get(id) {
            cancel.cancel();
        }
    }

    /// Cancels all.
    pub(crate) fn cancel_all(&self) {
        self.lock().running.values().for_each(Cancel::cancel);
    }

    /// Cancels all, and every one that is still to come.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.running.values().for_each(Cancel::cancel);
    }

    /// Waits until none is running, so that each can clear up what it has not finished; but not for
    /// longer than `patience`: whoever does not stop in time is left to itself. Whether all have ended.
    pub(crate) async fn ended(&self, patience: Duration) -> bool {
        let all = async {
            loop {
                let one = self.0.ended.notified();
                if self.lock().running.is_empty() {
                    return;
                }
                one.await;
            }
        };
        tokio::time::timeout(patience, all).await.is_ok()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // A map of flags is sound after a panic elsewhere.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.requests.lock().running.remove(&self.id);
        self.requests.0.ended.notify_waiters();
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
        assert!(requests.lock().running.is_empty());
    }

    #[test]
    fn what_comes_while_the_library_is_closed_is_cancelled_from_the_beginning() {
        let requests = Requests::default();
        let (before, own) = (requests.start("a"), requests.start_own());
        let other = requests.start_own();
        assert!(!before.cancel.is_cancelled() && !own.cancel.is_cancelled());
        drop(other);
        assert_eq!(requests.lock().running.len(), 2, "each of docent's own is one");
        requests.close();
        assert!(before.cancel.is_cancelled() && own.cancel.is_cancelled());
        assert!(requests.start("b").cancel.is_cancelled() && requests.start_own().cancel.is_cancelled());
    }

    #[tokio::test]
    async fn closing_waits_for_what_is_running_and_not_for_ever() {
        let requests = Requests::default();
        assert!(requests.ended(Duration::MAX).await);
        let (first, second) = (requests.start("a"), requests.start("b"));
        let other = requests.clone();
        let waiting = tokio::spawn(async move { other.ended(Duration::from_secs(600)).await });
        drop(first);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "one is left");
        drop(second);
        assert!(waiting.await.unwrap());
        let _stubborn = requests.start("c");
        assert!(!requests.ended(Duration::ZERO).await);
    }
}
