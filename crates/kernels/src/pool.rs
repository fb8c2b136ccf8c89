//! One pool of threads for everything that is computed, whose workers sleep when there is nothing
//! to do.
//!
//! A region is over when all its items are done, not when every worker has looked in: a worker that
//! the system does not run costs nothing. Workers wait for the next region a few microseconds
//! awake, because the next layer comes at once, and then asleep, because a person's other programs
//! need the processor. The caller works too, and sleeps as well if it has to wait. Beside a busy
//! program fewer threads are let in, by [`adaptive`].
//!
//! The word of a region is its number, whether it is open, and how many workers are in it. A
//! worker enters by a compare-and-swap on the open word and only then reads the job; the caller
//! closes the word before it waits for the last worker to leave. The job therefore outlives every
//! worker's use of it.

mod adaptive;

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, TryLockError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use adaptive::{Adaptive, Region};

/// How long a worker stays awake for the next region.
const AWAKE: Duration = Duration::from_micros(40);
/// How long a caller that is done stays awake for the others.
const PATIENCE: Duration = Duration::from_micros(15);

const OPEN: u64 = 1 << 31;
const NUMBER: u64 = 1 << 32;
const INSIDE: u64 = OPEN - 1;

/// A closure of the caller's frame, its lifetime forgotten; see the module for why that is sound.
type Job = *const (dyn Fn(usize) + Sync);

struct Worker {
    thread: OnceLock<Thread>,
    asleep: AtomicBool,
}

struct Shared {
    word: AtomicU64,
    job: UnsafeCell<Option<Job>>,
    items: AtomicUsize,
    next: AtomicUsize,
    /// How many workers may be inside.
    seats: AtomicUsize,
    panicked: AtomicBool,
    caller: Mutex<Option<Thread>>,
    workers: Vec<Worker>,
    closing: AtomicBool,
}

// SAFETY: `job` is written only while the word is closed and no worker is inside, and read only by
// workers inside; what it points to is `Sync`.
unsafe impl Sync for Shared {}
// SAFETY: as above; the pointer is not used by the thread that drops the pool.
unsafe impl Send for Shared {}

/// A pool of threads.
pub struct Pool {
    shared: Arc<Shared>,
    region: Mutex<Adaptive>,
    began: Instant,
}

impl Pool {
    /// A pool of `threads`, the calling one among them; at least one.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let workers = (1..threads.max(1))
            .map(|_| Worker { thread: OnceLock::new(), asleep: AtomicBool::new(false) })
            .collect::<Vec<_>>();
        let shared = Arc::new(Shared {
            word: AtomicU64::new(0),
            job: UnsafeCell::new(None),
            items: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            seats: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            caller: Mutex::new(None),
            workers,
            closing: AtomicBool::new(false),
        });
        for index in 0..shared.workers.len() {
            let own = Arc::clone(&shared);
            // A thread that cannot be started is one fewer.
            let _ =
                thread::Builder::new().name(format!("compute {}", index + 1)).spawn(move || own.serve(index));
        }
        let region = Mutex::new(Adaptive::new(shared.workers.len() + 1));
        Self { shared, region, began: Instant::now() }
    }

    /// How many threads compute at a time, or fewer beside busy programs.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.shared.workers.len() + 1
    }

    /// Calls `item` with every number below `items`, on all threads that are of use, and returns when
    /// all have returned. From inside an item, or while another thread is in a region, the calling thread
    /// does everything itself.
    ///
    /// # Panics
    /// If an item panics.
    pub fn run(&self, items: usize, item: &(dyn Fn(usize) + Sync)) {
        let region = match self.region.try_lock() {
            Ok(region) => Some(region),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        match region {
            Some(mut adaptive) if items > 1 && !self.shared.workers.is_empty() => {
                let called = Instant::now();
                let region = match adaptive.threads() {
                    ..=1 => {
                        (0..items).for_each(item);
                        Region { items, own: items, work: called.elapsed(), ..Region::default() }
                    }
                    threads => self.shared.region(called, items, threads - 1, item),
                };
                adaptive.note(&region, called - self.began + region.whole());
            }
            _ => (0..items).for_each(item),
        }
    }

    /// Calls `work` with each run of `step` elements of `slice`; the last may be shorter.
    ///
    /// # Panics
    /// If `step` is 0, or `work` panics.
    pub fn run_chunks<T: Send>(&self, slice: &mut [T], step: usize, work: &(dyn Fn(&mut [T]) + Sync)) {
        let len = slice.len();
        let parts = Parts::new(slice);
        self.run(len.div_ceil(step), &|item| {
            // SAFETY: runs do not overlap.
            work(unsafe { parts.part(item * step, step.min(len - item * step)) });
        });
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        for worker in &self.shared.workers {
            if let Some(thread) = worker.thread.get() {
                thread.unpark();
            }
        }
    }
}

impl Shared {
    /// A region of the caller and up to `seats` workers, called for at `called`.
    fn region(&self, called: Instant, items: usize, seats: usize, item: &(dyn Fn(usize) + Sync)) -> Region {
        // SAFETY: only the lifetime changes; `leave` below does not return, nor unwind, before no
        // worker can use the pointer any more.
        let job: Job = unsafe { std::mem::transmute::<*const (dyn Fn(usize) + Sync + '_), Job>(item) };
        self.items.store(items, Ordering::Relaxed);
        self.next.store(0, Ordering::Relaxed);
        self.seats.store(seats, Ordering::Relaxed);
        self.panicked.store(false, Ordering::Relaxed);
        *self.caller.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
        // SAFETY: the word is closed, nobody is inside, and the caller holds the only region.
        unsafe { *self.job.get() = Some(job) };
        let number = (self.word.load(Ordering::Relaxed) & !(OPEN | INSIDE)).wrapping_add(NUMBER);
        self.word.store(number | OPEN, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        self.wake(seats);
        let started = Instant::now();
        let leaving = Leaving(self);
        let own = self.work(item);
        let finished = Instant::now();
        drop(leaving);
        assert!(!self.panicked.load(Ordering::SeqCst), "a computation on another thread panicked");
        let (setup, work, wait) = (started - called, finished - started, finished.elapsed());
        Region { items, own, setup, work, wait }
    }

    /// Wakes as many workers as there are seats, less those that are awake and come by themselves.
    fn wake(&self, seats: usize) {
        let is_awake = |worker: &&Worker| !worker.asleep.load(Ordering::SeqCst);
        let mut empty = seats.saturating_sub(self.workers.iter().filter(is_awake).count());
        for worker in &self.workers {
            if empty == 0 {
                return;
            }
            if worker.asleep.swap(false, Ordering::SeqCst)
                && let Some(thread) = worker.thread.get()
            {
                thread.unpark();
                empty -= 1;
            }
        }
    }

    /// Does items until none is left; how many.
    fn work(&self, item: &(dyn Fn(usize) + Sync)) -> usize {
        let items = self.items.load(Ordering::Relaxed);
        let mut done = 0;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= items {
                return done;
            }
            item(index);
            done += 1;
        }
    }

    /// Closes the region and waits until no worker is inside.
    fn leave(&self) {
        // What has not been taken is not taken any more, if the caller's own item panicked.
        self.next.store(usize::MAX / 2, Ordering::Relaxed);
        self.word.fetch_and(!OPEN, Ordering::SeqCst);
        if self.word.load(Ordering::Acquire) & INSIDE == 0 {
            return;
        }
        let began = Instant::now();
        while self.word.load(Ordering::Acquire) & INSIDE != 0 {
            if began.elapsed() < PATIENCE {
                std::hint::spin_loop();
            } else {
                thread::park_timeout(Duration::from_millis(1));
            }
        }
    }

    fn serve(&self, index: usize) {
        let me = &self.workers[index];
        let _ = me.thread.set(thread::current());
        let mut seen = 0;
        let mut idle_since = Instant::now();
        while !self.closing.load(Ordering::SeqCst) {
            let word = self.word.load(Ordering::SeqCst);
            if self.has_seat(word, seen) {
                if self.word.compare_exchange(word, word + 1, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                    seen = word >> 32;
                    self.take_part();
                    idle_since = Instant::now();
                }
                continue;
            }
            if idle_since.elapsed() < AWAKE {
                std::hint::spin_loop();
                continue;
            }
            me.asleep.store(true, Ordering::SeqCst);
            fence(Ordering::SeqCst);
            let is_called = self.has_seat(self.word.load(Ordering::SeqCst), seen);
            if !is_called && !self.closing.load(Ordering::SeqCst) {
                thread::park();
            }
            me.asleep.store(false, Ordering::SeqCst);
            idle_since = Instant::now();
        }
    }

    /// Whether a worker that was in the region `seen` last may enter the one of `word`. The seats
    /// may be those of a later region, but then `word` is no longer current and lets nobody in.
    fn has_seat(&self, word: u64, seen: u64) -> bool {
        let inside = (word & INSIDE) as usize;
        word & OPEN != 0 && word >> 32 != seen && inside < self.seats.load(Ordering::Relaxed)
    }

    /// Works in the region that this worker is inside of, and leaves it.
    fn take_part(&self) {
        // SAFETY: the worker is inside, so the job has been set and its frame still stands.
        if let Some(job) = unsafe { *self.job.get() } {
            // SAFETY: as above.
            let item = unsafe { &*job };
            let work = std::panic::AssertUnwindSafe(|| self.work(item));
            if std::panic::catch_unwind(work).is_err() {
                self.panicked.store(true, Ordering::SeqCst);
                self.next.store(usize::MAX / 2, Ordering::Relaxed);
            }
        }
        let caller = self.caller.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let word = self.word.fetch_sub(1, Ordering::SeqCst) - 1;
        // Nobody waits while the region is open, and the last one out calls.
        if word & (OPEN | INSIDE) == 0
            && let Some(caller) = caller
        {
            caller.unpark();
        }
    }
}

/// Leaves the region on every way out, a panic among them.
struct Leaving<'a>(&'a Shared);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// A slice that several items of a region write, each its own part.
pub(crate) struct Parts<'a, T> {
    start: *mut T,
    len: usize,
    _borrow: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: the parts that are handed out do not overlap, by the contract of `part`.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), _borrow: std::marker::PhantomData }
    }

    /// The elements from `start` on, `len` of them.
    ///
    /// # Safety
    /// No two calls whose results are in use at the same time may overlap.
    #[allow(clippy::mut_from_ref)]
    #[inline(always)]
    pub(crate) unsafe fn part(&self, start: usize, len: usize) -> &mut [T] {
        assert!(start <= self.len && len <= self.len - start);
        // SAFETY: inside the slice, as just checked; unshared, by the contract.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(start), len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_done_once() {
        for threads in [1, 2, 5] {
            let pool = Pool::new(threads);
            for items in [0, 1, 2, 3, 64, 1000] {
                for _ in 0..50 {
                    let counts: Vec<AtomicUsize> = (0..items).map(|_| AtomicUsize::new(0)).collect();
                    pool.run(items, &|item| {
                        counts[item].fetch_add(1, Ordering::Relaxed);
                    });
                    assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
                }
            }
        }
    }

    #[test]
    fn no_more_workers_come_in_than_there_are_seats() {
        let pool = Pool::new(5);
        for seats in [1, 2, 4, 3, 1] {
            for items in [2, 7, 200] {
                let counts: Vec<AtomicUsize> = (0..items).map(|_| AtomicUsize::new(0)).collect();
                let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
                let region = pool.shared.region(Instant::now(), items, seats, &|item| {
                    most.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    counts[item].fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_micros(50));
                    inside.fetch_sub(1, Ordering::SeqCst);
                });
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
                assert!(most.load(Ordering::SeqCst) <= seats + 1);
                assert!(region.own <= items);
            }
        }
    }

    #[test]
    fn regions_after_a_sleep_and_from_many_threads_work() {
        let pool = Arc::new(Pool::new(3));
        let threads: Vec<_> = (0..4)
            .map(|seed| {
                let pool = Arc::clone(&pool);
                thread::spawn(move || {
                    for round in 0..300 {
                        let sum = AtomicUsize::new(0);
                        pool.run(17, &|item| {
                            sum.fetch_add(item, Ordering::Relaxed);
                        });
                        assert_eq!(sum.load(Ordering::Relaxed), 17 * 16 / 2);
                        if round % 50 == seed {
                            thread::sleep(Duration::from_millis(2));
                        }
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }

    #[test]
    fn chunks_are_of_the_length_asked_for() {
        let pool = Pool::new(2);
        let mut slice = vec![0; 100];
        pool.run_chunks(&mut slice, 7, &|chunk| chunk.fill(chunk.len()));
        assert!(slice[..98].iter().all(|&len| len == 7) && slice[98..] == [2, 2]);
    }

    #[test]
    fn a_region_within_a_region_is_done_by_its_thread() {
        let pool = Pool::new(2);
        let sum = AtomicUsize::new(0);
        pool.run(8, &|_| {
            pool.run(8, &|item| {
                sum.fetch_add(item, Ordering::Relaxed);
            });
        });
        assert_eq!(sum.load(Ordering::Relaxed), 8 * 28);
    }

    #[test]
    fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
        let pool = Pool::new(2);
        for bad in [0, 999] {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                pool.run(1000, &|item| assert!(item != bad));
            }));
            assert!(outcome.is_err());
        }
        let sum = AtomicUsize::new(0);
        pool.run(100, &|item| {
            sum.fetch_add(item, Ordering::Relaxed);
        });
        assert_eq!(sum.load(Ordering::Relaxed), 4950);
    }
}
