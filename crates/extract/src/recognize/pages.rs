//! The pages of one document that have no text: drawn and recognised, several at once.

use super::{Recognized, Recognizer, Trouble};
use crate::ExtractError;
use crate::message::Drawing;
use docent_corpus::Cancel;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};

/// After this many failures in a row the rest of a document is left unread: what fails each time is
/// the program and not the page.
const FAILURES: u32 = 3;

/// What became of a page.
#[derive(Debug)]
pub(crate) enum Outcome {
    Recognized(Recognized),
    /// It stays a page without text.
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
        self.cancel.check().map_err(|_| ExtractError::Cancelled)
    }

    /// Takes one page after the other until there are none.
    fn work(&self, pages: &[u32], progress: &Progress, sender: &Sender<(u32, Outcome)>) {
        while !progress.stopped.load(Ordering::Relaxed) && !self.cancel.is_cancelled() {
            let Some(page) = pages.get(progress.next.fetch_add(1, Ordering::Relaxed)) else { return };
            let outcome = self.page(*page);
            let failed = outcome.is_err();
            match outcome {
                Err(Failed::Cancelled) => return,
                Err(Failed::Page(outcome)) | Ok(outcome) => {
                    if sender.send((*page, outcome)).is_err() {
                        return;
                    }
                }
            }
            let failures = if failed { progress.failures.fetch_add(1, Ordering::Relaxed) + 1 } else { 0 };
            if !failed {
                progress.failures.store(0, Ordering::Relaxed);
            }
            if failures >= FAILURES {
                progress.stopped.store(true, Ordering::Relaxed);
            }
        }
    }

    fn page(&self, page: u32) -> Result<Outcome, Failed> {
        let drawing = match (self.draw)(page) {
            Ok(drawing) => drawing,
            Err(ExtractError::Cancelled) => return Err(Failed::Cancelled),
            // A picture that is broken says nothing of the next one.
            Err(error) if told(&error) => return Ok(Outcome::Failed(error.to_string())),
            // A worker that died or was too slow says nothing of the picture: no damage is claimed.
            Err(error) => {
                tracing::warn!(page, %error, "a page was not drawn for recognition");
                return Err(Failed::Page(Outcome::Unread));
            }
        };
        match self.recognizer.read(page, &drawing, self.cancel) {
            Ok(recognized) => Ok(Outcome::Recognized(recognized)),
            Err(Trouble::NoText) => Ok(Outcome::Unread),
            Err(Trouble::Cancelled) => Err(Failed::Cancelled),
            Err(Trouble::Program(reason)) => {
                tracing::warn!(page, reason, "the text of a page was not recognised");
                Err(Failed::Page(Outcome::Unread))
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

/// A page that something went wrong with.
enum Failed {
    Page(Outcome),
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
}
