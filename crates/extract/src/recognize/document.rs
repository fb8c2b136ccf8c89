//! The part of reading a document that recognises: which pages, and what becomes of them.

use super::Recognizer;
use super::pages::{Outcome, Pages};
use crate::ExtractError;
use crate::collect::Collector;
use crate::message::{Drawing, Failure};
use docent_corpus::{Cancel, DocumentText};

/// Recognition of the pages of one document.
pub(crate) struct DocumentRecognition<'d> {
    pub(crate) recognizer: &'d Recognizer,
    pub(crate) cancel: &'d Cancel,
    /// Draws a page, of the document or of the file within it with this number.
    pub(crate) draw: &'d (dyn Fn(Option<u32>, u32) -> Result<Drawing, ExtractError> + Sync),
}

impl DocumentRecognition<'_> {
    /// Reads the pages of `collector` that have no text, and ends the document. `on_page` hears of each
    /// page that is done.
    ///
    /// # Errors
    /// [`ExtractError::Cancelled`]; what goes wrong with a page is a warning of the document. As
    /// [`Collector::finish`] for the document, but [`ExtractError::NothingRecognized`] for one without
    /// text whose pages were all looked through: nothing that could be installed would change that.
    pub(crate) fn finish(
        &self,
        mut collector: Collector,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<DocumentText, ExtractError> {
        let is_complete = self.run(&mut collector, on_page)?;
        collector.finish(None).map_err(|failure| match failure {
            Failure::NoText if is_complete => ExtractError::NothingRecognized,
            other => other.into(),
        })
    }

    /// Gives whether there were pages without text and the program has looked at every one of them.
    fn run(
        &self,
        collector: &mut Collector,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<bool, ExtractError> {
        let own = collector.pages_without_text().into_iter();
        let mut waiting: Vec<Waiting> = own.map(|page| Waiting { scan: None, page }).collect();
        waiting.extend(collector.pages_of_scans().map(|(scan, page)| Waiting { scan: Some(scan), page }));
        if waiting.is_empty() {
            return Ok(false);
        }
        let (all, mut looked_at) = (waiting.len(), 0);
        let most = usize::try_from(self.recognizer.max_pages(self.cancel)).unwrap_or(usize::MAX);
        waiting.truncate(most);
        // Pages are told apart by their position among those that wait.
        let numbers: Vec<u32> = (0..u32::try_from(waiting.len()).unwrap_or(u32::MAX)).collect();
        let scans: Vec<u32> = collector.scanned_members();
        let draw = |at: u32| {
            let Some(Waiting { scan, page }) = waiting.get(at as usize).copied() else {
                return Err(ExtractError::NoText);
            };
            (self.draw)(scan.and_then(|scan| scans.get(scan).copied()), page)
        };
        let pages = Pages { recognizer: self.recognizer, cancel: self.cancel, draw: &draw };
        pages.recognize(&numbers, &mut |at, outcome| {
            let Some(page) = waiting.get(at as usize) else { return };
            looked_at += usize::from(matches!(outcome, Outcome::Recognized(_) | Outcome::Blank));
            take(collector, *page, outcome);
            if page.scan.is_none() {
                collector.page_is_done();
            }
            if let Some((done, of)) = collector.progress() {
                on_page(done, of);
            }
        })?;
        Ok(looked_at == all)
    }
}

/// A page that waits for recognition: of the document, or of a scan within it.
#[derive(Clone, Copy)]
struct Waiting {
    scan: Option<usize>,
    page: u32,
}

fn take(collector: &mut Collector, Waiting { scan, page }: Waiting, outcome: Outcome) {
    match outcome {
        Outcome::Blank | Outcome::Unread => {}
        Outcome::Failed(reason) if scan.is_none() => collector.page_failed(page, reason),
        Outcome::Failed(_) => {} // its file was told of already
        Outcome::Recognized(mut recognized) => {
            recognized.page.index = page;
            let taken = match scan {
                Some(scan) => collector.recognized_in_scan(scan, recognized.page),
                None => collector.recognized(recognized.page, recognized.confidence),
            };
            if let Err(untrue) = taken {
                tracing::warn!(page, reason = untrue.0, "a recognised page was refused");
            }
        }
    }
}
