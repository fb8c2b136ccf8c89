//! As many workers as allowed, started when needed, replaced when used up or broken.

use super::process::WorkerProcess;
use super::spawner::Spawner;
use crate::{ExtractError, WorkerConfig};
use docent_corpus::Cancel;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A worker is replaced after this many documents: C++ libraries leak.
const DOCUMENTS_PER_WORKER: u32 = 200;
/// A worker that holds more memory than this after a document is replaced, in bytes.
const RESIDENT_BYTES: u64 = 300 << 20;
/// How often a waiting caller looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// The workers.
#[derive(Debug)]
pub(super) struct Pool {
    config: WorkerConfig,
    faults: bool,
    spawner: Spawner,
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<WorkerProcess>,
    /// Workers lent out.
    lent: usize,
}

impl Pool {
    pub(super) fn new(config: WorkerConfig, faults: bool) -> Self {
        Self { config, faults, spawner: Spawner::new(), state: Mutex::default(), freed: Condvar::new() }
    }

    /// Lends a worker to `work`. A worker whose work failed is not used again.
    pub(super) fn with_worker<T, E>(
        &self,
        cancel: &Cancel,
        work: impl FnOnce(&mut WorkerProcess) -> Result<T, E>,
    ) -> Result<Result<T, E>, ExtractError>
    where
        E: KeepsWorker,
    {
        let mut place = self.wait_for_place(cancel)?;
        let mut worker = match place.idle.take() {
            Some(worker) => worker,
            None => self.start()?,
        };
        worker.documents += 1;
        let outcome = work(&mut worker);
        let sound = match &outcome {
            Ok(_) => true,
            Err(error) => error.keeps_worker(),
        };
        let used_up = worker.documents >= DOCUMENTS_PER_WORKER
            || worker.resident_bytes().is_some_and(|bytes| bytes > RESIDENT_BYTES);
        if sound && !used_up {
            self.lock().idle.push(worker);
        }
        Ok(outcome)
    }

    /// Waits until fewer than the allowed number of workers are lent out.
    fn wait_for_place(&self, cancel: &Cancel) -> Result<Place<'_>, ExtractError> {
        let mut state = self.lock();
        while state.lent >= self.config.workers.max(1) {
            cancel.check().map_err(|_| ExtractError::Cancelled)?;
            let waited = self.freed.wait_timeout(state, LOOK);
            state = waited.map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
        }
        cancel.check().map_err(|_| ExtractError::Cancelled)?;
        state.lent += 1;
        let mut idle = state.idle.pop();
        drop(state);
        // A worker may have died in its sleep, which is no document's fault.
        if idle.as_mut().is_some_and(|worker| !worker.is_alive()) {
            idle = None;
        }
        Ok(Place { pool: self, idle })
    }

    fn start(&self) -> Result<WorkerProcess, ExtractError> {
        WorkerProcess::start(&self.config, self.faults, &self.spawner).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
                ExtractError::WorkerMissing { path: self.config.worker.clone() }
            }
            _ => ExtractError::Read { source: error },
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A right to use one worker, given back when dropped.
struct Place<'p> {
    pool: &'p Pool,
    idle: Option<WorkerProcess>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.lock().lent -= 1;
        self.pool.freed.notify_one();
    }
}

/// Whether a worker can be used again after an error.
pub(super) trait KeepsWorker {
    fn keeps_worker(&self) -> bool;
}
