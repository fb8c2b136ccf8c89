//! The pages of one document that have no text: drawn and recognised, several at once.

use super::{Recognized, Recognizer, Trouble};
use crate::ExtractError;
use crate::message::Drawing;
use docent_corpus::Cancel;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

/// After this many failures in a row the rest of a document is left unread: what fails each time is
/// the program and not the page.
const FAILURES: u32 = 3;

/// After this many pages in a row that were too slow the rest is left unread: nothing is going to be
/// faster.
const SLOW_PAGES: u32 = 20;
/// By how much more a page gets that was too slow, when it is tried again.
const MORE_TIME: u32 = 5;

/// What became of a page.
#[derive(Debug)]
pub(crate) enum Outcome {
    Recognized(Recognized),
    /// It was looked through and holds no text.
    Blank,
    /// It stays a page without text, and nobody knows whether it holds any.
    Unread,
    /// It is broken and cannot be drawn.
    Failed(String),
}

/// The work on a document.
pub(crate) struct Pages<'p> {
    pub(crate) recognizer: &'p Recognizer,
    pub(crate) cancel: &'p Cancel,
    /// Draws a page.
    pub(crate) draw: &'p (dyn Fn(u32) -> Result<Drawing, ExtractError> + Sync),
}

impl Pages<'_> {
    /// Recognises `pages` and tells of each as soon as it is done, in any order.
    ///
    /// # Errors
    /// [`ExtractError::Cancelled`] only; what happens to a page is an [`Outcome`].
    pub(crate) fn recognize(
        &self,
        pages: &[u32],
        on_page: &mut dyn FnMut(u32, Outcome),
    ) -> Result<(), ExtractError> {
        let progress = Progress::default();
        let (sender, outcomes) = channel();
        std::thread::scope(|scope| {
            for _ in 0..self.recognizer.processes().min(pages.len()) {
                let (sender, progress) = (sender.clone(), &progress);
                scope.spawn(move || self.work(pages, progress, &sender));
            }
            drop(sender);
            for (page, outcome) in outcomes {
                on_page(page, outcome);
            }
        });
        if !progress.stopped.load(Ordering::Relaxed) {
            self.again(progress.slow(), on_page);
        }
        self.cancel.check().map_err(|_| ExtractError::Cancelled)
    }

    /// Takes one page after the other until there are none.
    fn work(&self, pages: &[u32], progress: &Progress, sender: &Sender<(u32, Outcome)>) {
        while !progress.is_over() && !self.cancel.is_cancelled() {
            let Some(page) = pages.get(progress.next.fetch_add(1, Ordering::Relaxed)) else { return };
            let outcome = match self.page(*page, 1) {
                Ok(outcome) => {
                    progress.success();
                    outcome
                }
                Err(Failed::Cancelled) => return,
                Err(Failed::Slow) => {
                    progress.was_slow(*page);
                    continue;
                }
                Err(Failed::Page) => {
                    progress.failure();
                    Outcome::Unread
                }
            };
            if sender.send((*page, outcome)).is_err() {
                return;
            }
        }
    }

    /// Tries pages that were only slow once more: one at a time, because others may have been what made
    /// them slow.
    fn again(&self, mut slow: Vec<u32>, on_page: &mut dyn FnMut(u32, Outcome)) {
        slow.sort_unstable();
        let mut failures = 0;
        for page in slow {
            if failures >= FAILURES || self.cancel.is_cancelled() {
                return;
            }
            match self.page(page, MORE_TIME) {
                Ok(outcome) => {
                    failures = 0;
                    on_page(page, outcome);
                }
                Err(Failed::Cancelled) => return,
                Err(Failed::Slow | Failed::Page) => {
                    failures += 1;
                    on_page(page, Outcome::Unread);
                }
            }
        }
    }

    fn page(&self, page: u32, times: u32) -> Result<Outcome, Failed> {
        let drawing = match (self.draw)(page) {
            Ok(drawing) => drawing,
            Err(ExtractError::Cancelled) => return Err(Failed::Cancelled),
            // A picture that is broken says nothing of the next one.
            Err(error) if told(&error) => return Ok(Outcome::Failed(error.to_string())),
            // A worker that died or was too slow says nothing of the picture: no damage is claimed.
            Err(error) => {
                tracing::warn!(page, %error, "a page was not drawn for recognition");
                let slow = matches!(error, ExtractError::TimedOut { .. } | ExtractError::Interrupted { .. });
                return Err(if slow { Failed::Slow } else { Failed::Page });
            }
        };
        match self.recognizer.read(page, &drawing, times, self.cancel) {
            Ok(recognized) => Ok(Outcome::Recognized(recognized)),
            Err(Trouble::NoText) => Ok(Outcome::Blank),
            Err(Trouble::Cancelled) => Err(Failed::Cancelled),
            Err(Trouble::Slow(reason)) => {
                tracing::warn!(page, reason, "the text of a page was not recognised in time");
                Err(Failed::Slow)
            }
            Err(Trouble::Program(reason)) => {
                tracing::warn!(page, reason, "the text of a page was not recognised");
                Err(Failed::Page)
            }
        }
    }
}

/// Whether an error is about the page itself.
fn told(error: &ExtractError) -> bool {
    matches!(
        error,
        ExtractError::Damaged { .. } | ExtractError::Unsupported { .. } | ExtractError::TooLarge { .. }
    )
}

/// Why there is no outcome of a page.
enum Failed {
    /// The program or the worker failed.
    Page,
    /// Only time was short.
    Slow,
    Cancelled,
}

/// What the threads share.
#[derive(Debug, Default)]
struct Progress {
    /// Position of the next page that nobody works on.
    next: AtomicUsize,
    /// Failures since the last success.
    failures: AtomicU32,
    stopped: AtomicBool,
    /// Slow pages since the last success.
    slow_on_end: AtomicU32,
    /// Pages that were too slow.
    slow: Mutex<Vec<u32>>,
}

impl Progress {
    fn is_over(&self) -> bool {
        self.stopped.load(Ordering::Relaxed) || self.slow_on_end.load(Ordering::Relaxed) >= SLOW_PAGES
    }

    fn success(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.slow_on_end.store(0, Ordering::Relaxed);
    }

    fn failure(&self) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES {
            self.stopped.store(true, Ordering::Relaxed);
        }
    }

    fn was_slow(&self, page: u32) {
        self.slow_on_end.fetch_add(1, Ordering::Relaxed);
        self.slow.lock().unwrap_or_else(PoisonError::into_inner).push(page);
    }

    fn slow(self) -> Vec<u32> {
        self.slow.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
