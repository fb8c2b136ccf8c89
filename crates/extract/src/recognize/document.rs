//! The part of reading a document that recognises: which pages, and what becomes of them.

use super::Recognizer;
use super::pages::{Outcome, Pages};
use crate::ExtractError;
use crate::collect::Collector;
use crate::message::Drawing;
use docent_corpus::Cancel;

/// Recognition of the pages of one document.
pub(crate) struct DocumentRecognition<'d> {
    pub(crate) recognizer: &'d Recognizer,
    pub(crate) cancel: &'d Cancel,
    /// Draws a page.
    pub(crate) draw: &'d (dyn Fn(u32) -> Result<Drawing, ExtractError> + Sync),
}

impl DocumentRecognition<'_> {
    /// Reads the pages of `collector` that have no text. `on_page` hears of each one that is done.
    ///
    /// # Errors
    /// [`ExtractError::Cancelled`]; what goes wrong with a page is a warning of the document.
    pub(crate) fn run(
        &self,
        collector: &mut Collector,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<(), ExtractError> {
        let mut waiting = collector.pages_without_text();
        if waiting.is_empty() {
            return Ok(());
        }
        let most = usize::try_from(self.recognizer.max_pages(self.cancel)).unwrap_or(usize::MAX);
        waiting.truncate(most);
        let pages = Pages { recognizer: self.recognizer, cancel: self.cancel, draw: self.draw };
        pages.recognize(&waiting, &mut |page, outcome| {
            take(collector, page, outcome);
            collector.page_is_done();
            if let Some((done, of)) = collector.progress() {
                on_page(done, of);
            }
        })
    }
}

fn take(collector: &mut Collector, page: u32, outcome: Outcome) {
    match outcome {
        Outcome::Unread => {}
        Outcome::Failed(reason) => collector.page_failed(page, reason),
        Outcome::Recognized(recognized) => {
            if let Err(untrue) = collector.recognized(recognized.page, recognized.confidence) {
                tracing::warn!(page, reason = untrue.0, "a recognised page was refused");
            }
        }
    }
}
