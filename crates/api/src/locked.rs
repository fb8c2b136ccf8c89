//! Locks of values that are replaced or asked as a whole.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The value under a lock. Only for values that no panic can leave half changed: each change is one
/// assignment or one call.
pub(crate) fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
