//! Small changes at once: a note that was saved, a file that was edited, while a long run goes on.

use crate::run::Run;
use crate::{Ingest, IngestError, IngestReport};
use docent_corpus::{Cancel, SourceId};
use docent_inference::Priority;
use docent_library::Document;

/// More documents than this wait for the run.
const FEW: usize = 16;
/// Larger files wait for the run, in bytes.
const SMALL: u64 = 4 << 20;

impl Ingest {
    /// Reads and indexes what waits at these paths of a source (or below them), if it is little: a few
    /// small files. Does not wait for a run that goes on, only for single steps of it. What is more
    /// waits for the next run, and everything does while [`Ingest::recovering_first`] has left something: a
    /// run says how far that is, and can be stopped. Call [`Ingest::scan_within`] first.
    ///
    /// # Errors
    /// As [`Ingest::run`].
    pub async fn index_now(
        &self,
        source: SourceId,
        within: &[String],
        cancel: &Cancel,
    ) -> Result<IngestReport, IngestError> {
        if !self.has_recovered() {
            return Ok(IngestReport::default());
        }
        let _alone = self.brief.lock().await;
        self.check_dimension()?;
        let parts = within.to_vec();
        let wanted: Vec<Document> = self
            .library("looking for documents", move |library| library.waiting_within(source, &parts, FEW + 1))
            .await?;
        if wanted.is_empty() || wanted.len() > FEW || wanted.iter().any(|document| document.size > SMALL) {
            return Ok(IngestReport::default());
        }
        let mut run = Run::new(self, cancel, &|_| {})?;
        run.given(wanted, Priority::Interactive);
        let worked = run.read_and_index().await;
        run.stop_reading().await;
        match worked {
            Err(error) if !error.is_cancelled() => Err(error),
            worked => {
                run.report.cancelled = worked.is_err();
                Ok(run.report)
            }
        }
    }
}
