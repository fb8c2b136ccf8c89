//! A bound on how many programs run at once, over all documents.

use docent_corpus::Cancel;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often a waiting thread looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// Rights to run a program.
#[derive(Debug)]
pub(super) struct Slots {
    count: usize,
    used: Mutex<usize>,
    freed: Condvar,
}

impl Slots {
    pub(super) fn new(count: usize) -> Self {
        Self { count: count.max(1), used: Mutex::new(0), freed: Condvar::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Waits for a free slot; `None` when cancelled.
    pub(super) fn wait(&self, cancel: &Cancel) -> Option<Slot<'_>> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while *used >= self.count {
            if cancel.is_cancelled() {
                return None;
            }
            let waited = self.freed.wait_timeout(used, LOOK);
            used = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(used, _)| used);
        }
        *used += 1;
        Some(Slot { slots: self })
    }
}

/// A right to run one program, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot<'s> {
    slots: &'s Slots,
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.slots.used.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.slots.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_free_again_when_dropped_and_waiting_can_be_cancelled() {
        let (slots, cancel) = (Slots::new(1), Cancel::new());
        let first = slots.wait(&cancel);
        cancel.cancel();
        assert!(first.is_some() && slots.wait(&cancel).is_none());
        drop(first);
        assert!(slots.wait(&cancel).is_some());
    }
}
