//! Where a stream's events go.

use std::sync::Arc;

/// Receives the events of one stream, in order. Cheap to clone.
pub struct Sink<E>(Arc<dyn Fn(E) -> bool + Send + Sync>);

impl<E> Clone for Sink<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<E> Sink<E> {
    /// A sink that calls `send`, which says whether anybody still listens.
    pub fn new(send: impl Fn(E) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(send))
    }

    /// Sends an event; `false` when nobody listens any more and the work may stop.
    pub fn send(&self, event: E) -> bool {
        (self.0)(event)
    }
}
