//! The parent's side: a pool of worker processes, and what to make of their deaths.

mod exchange;
mod memory;
mod pool;
mod process;
mod spawner;

use crate::collect::Collector;
use crate::message::{Drawing, Failure, Fault, ReadRequest, Request};
use crate::recognize::{DocumentRecognition, Recognizer};
use crate::sniff::{Sniffed, sniff};
use crate::{Extract, ExtractError, Limits, PageImage, VERSION, WorkerConfig};
use docent_corpus::{Cancel, DocumentText, Format};
use exchange::{Broken, Exchange};
use pool::Pool;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long drawing one page may take.
const RENDER_TIME: Duration = Duration::from_secs(30);
/// The same when nobody waits before a screen: a large photo on a busy machine takes its time.
const DRAW_TIME: Duration = Duration::from_secs(120);
/// How long to wait after the system killed a worker, before the document is read again.
const KILL_PAUSE: Duration = Duration::from_secs(2);
/// How often a pause looks whether the work is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// Reads files in worker processes. Cheap to share; as many documents are read at once as there are
/// workers, further callers wait.
pub struct Extractor {
    pool: Pool,
    limits: Limits,
    has_pdfium: bool,
    fault: Option<Fault>,
    recognizer: Recognizer,
}

impl Extractor {
    /// An extractor that starts its workers when they are first needed.
    pub fn new(config: WorkerConfig) -> Self {
        let limits = config.limits.clone();
        let has_pdfium = config.pdfium.as_ref().is_some_and(|path| path.is_file());
        let recognizer = Recognizer::new(config.recognition.clone(), config.workers);
        Self { pool: Pool::new(config, false), limits, has_pdfium, fault: None, recognizer }
    }

    /// An extractor whose every request asks the worker to misbehave. `obeyed` starts workers that
    /// do so. For tests of isolation only.
    #[doc(hidden)]
    pub fn with_fault(config: WorkerConfig, fault: Fault, obeyed: bool) -> Self {
        let mut extractor = Self::new(config.clone());
        extractor.pool = Pool::new(config, obeyed);
        extractor.fault = Some(fault);
        extractor
    }

    /// Reads one file; see [`Extract::extract`]. A document that crashes or hangs its worker gets a
    /// second chance in a fresh one; after that, what was read before the fault is returned with a
    /// warning, or the error if there is nothing.
    ///
    /// # Errors
    /// See [`ExtractError`].
    pub fn extract(
        &self,
        path: &Path,
        cancel: &Cancel,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<DocumentText, ExtractError> {
        let (format, size) = admit(path, &self.limits)?;
        self.check_pdfium(format)?;
        let request = Request::Read(ReadRequest {
            path: absolute(path)?,
            format,
            text_bytes: self.limits.text_bytes,
            html_depth: self.limits.html_depth,
            fault: self.fault,
        });
        let total = self.limits.total(size);
        let mut on_page = Progress { reported: 0, on_page };
        let mut partial: Option<(Collector, Broken)> = None;
        for _attempt in 0..2 {
            let mut collector = Collector::new(format, self.limits.text_bytes);
            if self.recognizer.is_on() {
                collector.await_recognition(size);
            }
            let exchange = Exchange { cancel, inactivity: self.limits.inactivity, total };
            let outcome = self.pool.with_worker(cancel, |worker| {
                exchange.read(worker, &request, &mut collector, &mut |done, of| on_page.tell(done, of))
            })?;
            let outcome = match outcome {
                // What a file holds may be nothing but scans.
                Err(Broken::Told(Failure::NoText)) if collector.has_scans() => Ok(()),
                outcome => outcome,
            };
            let broken = match outcome {
                Ok(()) => {
                    let draw = |member, page| self.draw_page(path, format, member, page, cancel);
                    let recognition =
                        DocumentRecognition { recognizer: &self.recognizer, cancel, draw: &draw };
                    return recognition.finish(collector, &mut |done, of| on_page.tell(done, of));
                }
                Err(broken) => broken,
            };
            // What a reader told of before it gave up is worth as much as what it told before a crash.
            if let Broken::Told(failure) = &broken
                && !(failure.leaves_text() && collector.amount() > 0)
            {
                return Err(broken.into());
            }
            if broken.is_final() {
                partial = better(partial, (collector, broken));
                break;
            }
            tracing::warn!(path = %path.display(), reason = %broken, "a worker failed on a document");
            if matches!(broken, Broken::Killed(_)) {
                pause(cancel)?; // memory may be free again in a moment
            }
            partial = better(partial, (collector, broken));
        }
        finish_partial(partial)
    }

    /// Draws a page; see [`Extract::render_page`].
    ///
    /// # Errors
    /// See [`ExtractError`].
    pub fn render_page(
        &self,
        path: &Path,
        page: u32,
        width_px: u32,
        cancel: &Cancel,
    ) -> Result<PageImage, ExtractError> {
        let (format, _) = admit(path, &self.limits)?;
        if !format.has_pages() {
            return Err(ExtractError::Unsupported { kind: "a document without pages".to_owned() });
        }
        self.check_pdfium(format)?;
        let request = Request::Render { path: absolute(path)?, format, page, width_px };
        let exchange = Exchange { cancel, inactivity: RENDER_TIME, total: RENDER_TIME };
        let outcome = self.pool.with_worker(cancel, |worker| exchange.render(worker, &request))?;
        outcome.map_err(ExtractError::from)
    }

    /// Draws a page for recognition.
    fn draw_page(
        &self,
        path: &Path,
        format: Format,
        member: Option<u32>,
        page: u32,
        cancel: &Cancel,
    ) -> Result<Drawing, ExtractError> {
        let request = Request::Draw { path: absolute(path)?, format, member, page };
        let exchange = Exchange { cancel, inactivity: DRAW_TIME, total: DRAW_TIME };
        let outcome = self.pool.with_worker(cancel, |worker| exchange.draw(worker, &request))?;
        outcome.map_err(ExtractError::from)
    }

    /// Version of the readers, part of a reading's identity.
    pub fn version(&self) -> &'static str {
        VERSION
    }

    fn check_pdfium(&self, format: Format) -> Result<(), ExtractError> {
        if format == Format::Pdf && !self.has_pdfium { Err(ExtractError::PdfiumMissing) } else { Ok(()) }
    }
}

impl Extract for Extractor {
    fn extract(
        &self,
        path: &Path,
        cancel: &Cancel,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<DocumentText, ExtractError> {
        Extractor::extract(self, path, cancel, on_page)
    }

    fn render_page(
        &self,
        path: &Path,
        page: u32,
        width_px: u32,
        cancel: &Cancel,
    ) -> Result<PageImage, ExtractError> {
        Extractor::render_page(self, path, page, width_px, cancel)
    }

    fn version(&self) -> &'static str {
        VERSION
    }
}

/// Progress as the caller hears it: it never falls, also when a document is read twice.
struct Progress<'p> {
    reported: u32,
    on_page: &'p mut dyn FnMut(u32, Option<u32>),
}

impl Progress<'_> {
    fn tell(&mut self, done: u32, of: Option<u32>) {
        if done > self.reported {
            self.reported = done;
            (self.on_page)(done, of);
        }
    }
}

/// The format and size of a file that may be read.
pub(crate) fn admit(path: &Path, limits: &Limits) -> Result<(Format, u64), ExtractError> {
    let format = match sniff(path)? {
        Sniffed::Known(format) => format,
        Sniffed::Unsupported(kind) => return Err(ExtractError::Unsupported { kind }),
        Sniffed::Empty => return Err(ExtractError::Empty),
    };
    let size = std::fs::metadata(path).map_err(ExtractError::from_io)?.len();
    if size > limits.file_bytes {
        let limit = format!("it has {} MB, at most {} MB are read", size >> 20, limits.file_bytes >> 20);
        return Err(ExtractError::TooLarge { limit });
    }
    Ok((format, size))
}

/// The path as a worker finds it, whatever folder it was started in.
fn absolute(path: &Path) -> Result<OsString, ExtractError> {
    Ok(std::path::absolute(path).map_err(ExtractError::from_io)?.into_os_string())
}

fn pause(cancel: &Cancel) -> Result<(), ExtractError> {
    let end = Instant::now() + KILL_PAUSE;
    while Instant::now() < end {
        cancel.check().map_err(|_| ExtractError::Cancelled)?;
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// The attempt that read more; its own reason goes with it.
fn better(a: Option<(Collector, Broken)>, b: (Collector, Broken)) -> Option<(Collector, Broken)> {
    match a {
        Some(a) if a.0.amount() > b.0.amount() => Some(a),
        _ => Some(b),
    }
}

/// What was read before the fault, or the fault.
fn finish_partial(partial: Option<(Collector, Broken)>) -> Result<DocumentText, ExtractError> {
    let Some((collector, broken)) = partial else {
        return Err(ExtractError::Crashed { reason: "no attempt was made".to_owned() });
    };
    if matches!(broken, Broken::Cancelled) || collector.amount() == 0 {
        return Err(broken.into());
    }
    let reason = broken.to_string();
    collector.finish(Some(reason)).map_err(|_| broken.into())
}
