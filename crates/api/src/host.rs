//! What docent may ask of whoever runs it. Grows only when a handler needs something new.

use crate::wire::Event;
use std::path::Path;

/// The surroundings of an [`crate::Api`]: a window, a terminal, a test.
pub trait Host: Send + Sync + 'static {
    /// Tells everybody who looks that something changed. Must not block.
    fn emit(&self, event: Event);

    /// Opens a file with the system's program for it, or shows it in its folder.
    ///
    /// # Errors
    /// When no such program can be started.
    fn open_path(&self, path: &Path, reveal: bool) -> std::io::Result<()>;

    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A host that nobody looks at: a terminal that ends after one command.
#[derive(Clone, Copy, Debug, Default)]
pub struct SilentHost;

impl Host for SilentHost {
    fn emit(&self, _: Event) {}

    fn open_path(&self, _: &Path, _: bool) -> std::io::Result<()> {
        Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "there is no window to open files from"))
    }
}
