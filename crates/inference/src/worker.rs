//! The thread a model lives on.
//!
//! Tasks wait in two queues and work in short steps. Before each step the thread looks at the
//! interactive queue first, so an interactive task never waits longer than one step of a bulk task.
//! Weights are loaded for the first task and dropped after a while without any; a panic in a step
//! costs that task and the loaded weights, not the thread.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::processor::{self, Presence};
use crate::{InferenceError, Priority};

/// Work for a model of type `M`, done in steps.
pub(crate) trait Task<M>: Send {
    /// Does the next piece, at most some tenths of a second of it. A task reports its results and
    /// its own errors itself.
    fn step(&mut self, model: &mut M) -> Step;

    /// The task ends here, because of something outside it: loading, a panic, shutting down.
    fn fail(&mut self, error: InferenceError);
}

/// Whether a task goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// There is more to do.
    More,
    /// The task is over.
    Done,
}

/// A queued task.
struct Waiting<M> {
    task: Box<dyn Task<M>>,
    /// Held by interactive tasks from submission to end, so that bulk work of other models waits.
    _presence: Option<Presence>,
}

struct Queues<M> {
    interactive: VecDeque<Waiting<M>>,
    bulk: VecDeque<Waiting<M>>,
    closed: bool,
    loaded: bool,
}

struct Shared<M> {
    queues: Mutex<Queues<M>>,
    changed: Condvar,
}

impl<M> Shared<M> {
    fn lock(&self) -> MutexGuard<'_, Queues<M>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle to the thread; dropping it ends the thread after its current step and fails what waits.
pub(crate) struct Worker<M> {
    shared: Arc<Shared<M>>,
    thread: Option<JoinHandle<()>>,
}

impl<M: Send + 'static> Worker<M> {
    /// Starts a thread for the model that `load` makes, which is dropped after `idle` without
    /// tasks.
    pub(crate) fn start(
        name: &str,
        idle: Duration,
        load: impl FnMut() -> Result<M, InferenceError> + Send + 'static,
    ) -> Result<Self, InferenceError> {
        let shared = Arc::new(Shared {
            queues: Mutex::new(Queues {
                interactive: VecDeque::new(),
                bulk: VecDeque::new(),
                closed: false,
                loaded: false,
            }),
            changed: Condvar::new(),
        });
        let seat = Seat { shared: Arc::clone(&shared), idle, load, model: None };
        let thread = std::thread::Builder::new()
            .name(format!("model {name}"))
            .spawn(move || seat.run())
            .map_err(|source| InferenceError::Compute {
                step: "starting the model's thread".into(),
                source: Some(Box::new(source)),
            })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Queues a task.
    pub(crate) fn submit(
        &self,
        priority: Priority,
        task: impl Task<M> + 'static,
    ) -> Result<(), InferenceError> {
        let mut queues = self.shared.lock();
        if queues.closed {
            return Err(InferenceError::Stopped);
        }
        let task: Box<dyn Task<M>> = Box::new(task);
        match priority {
            Priority::Interactive => {
                queues.interactive.push_back(Waiting { task, _presence: Some(Presence::enter()) })
            }
            Priority::Bulk => queues.bulk.push_back(Waiting { task, _presence: None }),
        }
        drop(queues);
        self.shared.changed.notify_one();
        Ok(())
    }

    /// Whether the model's weights are in memory.
    #[cfg(test)]
    pub(crate) fn is_loaded(&self) -> bool {
        self.shared.lock().loaded
    }
}

impl<M> Drop for Worker<M> {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join(); // A panic in it has been reported to its task.
        }
    }
}

/// What the thread itself holds.
struct Seat<M, L> {
    shared: Arc<Shared<M>>,
    idle: Duration,
    load: L,
    model: Option<M>,
}

impl<M, L: FnMut() -> Result<M, InferenceError>> Seat<M, L> {
    fn run(mut self) {
        while let Some((priority, mut waiting)) = self.next() {
            if priority == Priority::Bulk && processor::yield_to_interactive(&self.interrupted()) {
                self.put_back(priority, waiting); // Look again: it may be for this very model.
                continue;
            }
            match self.advance(waiting.task.as_mut()) {
                Step::More => self.put_back(priority, waiting),
                Step::Done => {}
            }
        }
        let mut queues = self.shared.lock();
        queues.closed = true;
        let interactive = std::mem::take(&mut queues.interactive);
        let bulk = std::mem::take(&mut queues.bulk);
        drop(queues);
        for mut waiting in interactive.into_iter().chain(bulk) {
            waiting.task.fail(InferenceError::Stopped);
        }
    }

    /// The task to work on next; none when the handle is gone. Unloads the model when none comes.
    fn next(&mut self) -> Option<(Priority, Waiting<M>)> {
        let idle_since = Instant::now();
        let mut queues = self.shared.lock();
        loop {
            if queues.closed {
                return None;
            }
            if let Some(waiting) = queues.interactive.pop_front() {
                return Some((Priority::Interactive, waiting));
            }
            if let Some(waiting) = queues.bulk.pop_front() {
                return Some((Priority::Bulk, waiting));
            }
            queues = if queues.loaded {
                let left = self.idle.saturating_sub(idle_since.elapsed());
                if left.is_zero() {
                    queues.loaded = false;
                    drop(queues);
                    self.unload();
                    self.shared.lock()
                } else {
                    let waited = self.shared.changed.wait_timeout(queues, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            } else {
                let waited = self.shared.changed.wait(queues);
                waited.unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    /// An unfinished task goes back to the front of its queue.
    fn put_back(&self, priority: Priority, waiting: Waiting<M>) {
        let mut queues = self.shared.lock();
        match priority {
            Priority::Interactive => queues.interactive.push_front(waiting),
            Priority::Bulk => queues.bulk.push_front(waiting),
        }
    }

    /// Whether a waiting bulk step should stop waiting.
    fn interrupted(&self) -> impl Fn() -> bool + use<M, L> {
        let shared = Arc::clone(&self.shared);
        move || {
            let queues = shared.lock();
            queues.closed || !queues.interactive.is_empty()
        }
    }

    /// One step of `task`, with the model loaded; failures outside the task's own end it.
    fn advance(&mut self, task: &mut dyn Task<M>) -> Step {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            if self.model.is_none() {
                self.model = Some((self.load)()?);
                self.shared.lock().loaded = true;
            }
            match &mut self.model {
                Some(model) => Ok(task.step(model)),
                None => Err(InferenceError::Stopped),
            }
        }));
        let error = match outcome {
            Ok(Ok(step)) => return step,
            Ok(Err(error)) => error,
            Err(panic) => {
                // What the panic left of the model is not to be trusted.
                self.shared.lock().loaded = false;
                self.unload();
                InferenceError::Compute {
                    step: format!("a panic: {}", message(panic.as_ref())),
                    source: None,
                }
            }
        };
        tracing::warn!(%error, "a task of a model failed");
        // The task itself may be what panicked.
        let _ = catch_unwind(AssertUnwindSafe(|| task.fail(error)));
        Step::Done
    }

    fn unload(&mut self) {
        if self.model.take().is_some() {
            processor::return_freed_memory();
            tracing::debug!("weights dropped from memory");
        }
    }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    let text = owned.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("without a message")
}

#[cfg(test)]
mod tests;
