//! The same readers without another process: for tests and benchmarks, never for strangers' files.

use crate::collect::Collector;
use crate::content::Content;
use crate::message::{Closed, Drawing, Failure, Message, ReadRequest, Sink, Stop};
use crate::parent::admit;
use crate::read::{draw_page, pdf, read_document, render_page};
use crate::recognize::{DocumentRecognition, Recognizer};
use crate::stack::{STACK_BYTES, catch};
use crate::{Extract, ExtractError, Limits, PageImage, Recognition, VERSION};
use docent_corpus::{Cancel, DocumentText, Format};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// PDFium reports errors through one variable of the process, so that only one document is open at
/// a time.
static PDFIUM_IN_USE: Mutex<()> = Mutex::new(());

/// Reads files in this process. Panics are caught, but an overflow, an abort or a hang of a reader is
/// one of the caller too, and limits on time and memory are not kept.
pub struct InProcess {
    library: pdf::Library,
    limits: Limits,
    recognizer: Recognizer,
}

impl InProcess {
    /// A reader that finds PDFium at `pdfium`. A process keeps the first PDFium it loads.
    pub fn new(pdfium: Option<PathBuf>, limits: Limits) -> Self {
        let recognizer = Recognizer::new(Recognition::default(), 1);
        Self { library: pdf::Library::load(pdfium.as_deref()), limits, recognizer }
    }

    /// The same reader, which also recognises text, one page at a time.
    pub fn with_recognition(self, recognition: Recognition) -> Self {
        Self { recognizer: Recognizer::new(recognition, 1), ..self }
    }

    /// Draws a page for recognition.
    fn draw_page(
        &self,
        path: &Path,
        format: Format,
        member: Option<u32>,
        page: u32,
    ) -> Result<Drawing, ExtractError> {
        let _guard = PDFIUM_IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let drawing = catch(|| draw_page(&Content::File(path), format, &self.library, member, page))
            .map_err(|reason| ExtractError::Crashed { reason })?;
        Ok(drawing?)
    }

    fn request(&self, path: &Path, format: Format) -> ReadRequest {
        ReadRequest {
            path: path.as_os_str().to_owned(),
            format,
            text_bytes: self.limits.text_bytes,
            html_depth: self.limits.html_depth,
            fault: None,
        }
    }
}

impl Extract for InProcess {
    fn extract(
        &self,
        path: &Path,
        cancel: &Cancel,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<DocumentText, ExtractError> {
        cancel.check().map_err(|_| ExtractError::Cancelled)?;
        let (format, size) = admit(path, &self.limits)?;
        let request = self.request(path, format);
        let mut collector = Collector::new(format, self.limits.text_bytes);
        if self.recognizer.is_on() {
            collector.await_recognition(size);
        }
        let (sender, messages) = sync_channel(8);
        let (outcome, listened) = std::thread::scope(|scope| {
            let reading = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || {
                let _guard = may_hold_pdf(format)
                    .then(|| PDFIUM_IN_USE.lock().unwrap_or_else(PoisonError::into_inner));
                catch(|| {
                    read_document(&request, &Content::File(path), &self.library, &mut Channel { sender })
                })
            });
            let listened = listen(messages, &mut collector, cancel, on_page);
            (reading.map(std::thread::ScopedJoinHandle::join), listened)
        });
        listened?;
        let outcome = match outcome {
            // What a file holds may be nothing but scans.
            Ok(Ok(Ok(Err(Stop::Failed(Failure::NoText))))) if collector.has_scans() => Ok(Ok(Ok(Ok(())))),
            outcome => outcome,
        };
        match outcome {
            Ok(Ok(Ok(Ok(()) | Err(Stop::Full)))) => {
                let draw = |member, page| self.draw_page(path, format, member, page);
                let recognition = DocumentRecognition { recognizer: &self.recognizer, cancel, draw: &draw };
                recognition.finish(collector, on_page)
            }
            Ok(Ok(Ok(Err(Stop::Failed(failure))))) if failure.leaves_text() && collector.amount() > 0 => {
                let reason = ExtractError::from(failure.clone()).to_string();
                collector.finish(Some(reason)).map_err(|_| failure.into())
            }
            Ok(Ok(Ok(Err(Stop::Failed(failure))))) => Err(failure.into()),
            Ok(Ok(Ok(Err(Stop::Closed)))) => Err(ExtractError::Cancelled),
            Ok(Ok(Err(reason))) => Err(ExtractError::Crashed { reason }),
            Ok(Err(_)) => Err(ExtractError::Crashed { reason: "the reading thread died".to_owned() }),
            Err(source) => Err(ExtractError::Read { source }),
        }
    }

    fn render_page(
        &self,
        path: &Path,
        page: u32,
        width_px: u32,
        cancel: &Cancel,
    ) -> Result<PageImage, ExtractError> {
        cancel.check().map_err(|_| ExtractError::Cancelled)?;
        let (format, _) = admit(path, &self.limits)?;
        if !format.has_pages() {
            return Err(ExtractError::Unsupported { kind: "a document without pages".to_owned() });
        }
        let _guard = PDFIUM_IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        let image = catch(|| render_page(&Content::File(path), format, &self.library, page, width_px))
            .map_err(|reason| ExtractError::Crashed { reason })?;
        Ok(image?)
    }

    fn version(&self) -> &'static str {
        VERSION
    }
}

/// Whether reading a file of this format may open a PDF.
fn may_hold_pdf(format: Format) -> bool {
    matches!(format, Format::Pdf | Format::Zip | Format::Tar | Format::Packed | Format::Mail | Format::Mbox)
}

/// Takes messages until the reader ends. Returning early closes the channel, which stops the reader.
fn listen(
    messages: Receiver<Message>,
    collector: &mut Collector,
    cancel: &Cancel,
    on_page: &mut dyn FnMut(u32, Option<u32>),
) -> Result<(), ExtractError> {
    loop {
        cancel.check().map_err(|_| ExtractError::Cancelled)?;
        match messages.recv_timeout(Duration::from_millis(50)) {
            Ok(message) => {
                collector.take(message).map_err(|untrue| ExtractError::Crashed { reason: untrue.0 })?
            }
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        if let Some((done, of)) = collector.progress().filter(|(done, _)| *done > 0) {
            on_page(done, of);
        }
    }
}

struct Channel {
    sender: SyncSender<Message>,
}

impl Sink for Channel {
    fn send(&mut self, message: Message) -> Result<(), Closed> {
        self.sender.send(message).map_err(|_| Closed)
    }
}
