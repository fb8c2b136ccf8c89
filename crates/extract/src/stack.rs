//! Running a reader on a thread with a deep stack, with panics turned into values.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Stack of the thread that parses, in bytes.
pub(crate) const STACK_BYTES: usize = 64 << 20;

/// Runs `work` and turns a panic into its message. What `work` touched must not be used afterwards
/// if it could be half changed; callers drop it.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| panic_message(payload.as_ref()))
}

/// The message of a panic.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> String {
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "panic without a message".to_owned())
}
