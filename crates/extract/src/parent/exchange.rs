//! One request to one worker: every frame is checked, time is kept, cancelling is heard.

use super::memory::OVER_MEMORY;
use super::pool::KeepsWorker;
use super::process::{Death, WorkerProcess};
use crate::collect::{Collector, Untrue, check_drawing};
use crate::frame::{Frame, FrameKind};
use crate::message::{Drawing, Failure, Message, Request};
use crate::patience::Patience;
use crate::{ExtractError, PageImage, VERSION};
use docent_corpus::Cancel;
use std::fmt;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

/// How often a caller looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(50);
/// The shortest time between two looks.
const MIN_LOOK: Duration = Duration::from_millis(10);

/// Why an exchange failed.
#[derive(Debug)]
pub(super) enum Broken {
    /// The worker itself told why; it can be used again, unless it panicked.
    Told(Failure),
    /// The process died.
    Died(String),
    /// The system killed the process, for want of memory, or somebody did.
    Killed(String),
    /// The worker said something that cannot be.
    Lied(String),
    /// The worker was silent for too long.
    Silent(Duration),
    /// The document took too long in all.
    Slow(Duration),
    Cancelled,
}

impl Broken {
    /// Whether another attempt makes no sense.
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Told(_) | Self::Slow(_) | Self::Cancelled)
    }
}

impl KeepsWorker for Broken {
    fn keeps_worker(&self) -> bool {
        matches!(self, Self::Told(failure) if !matches!(failure, Failure::Panicked(_)))
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(failure) => write!(f, "{}", ExtractError::from(failure.clone())),
            Self::Died(reason) | Self::Killed(reason) => write!(f, "{reason}"),
            Self::Lied(what) => write!(f, "the reading process said something wrong: {what}"),
            Self::Silent(after) => write!(f, "nothing came for {} s", after.as_secs()),
            Self::Slow(after) => write!(f, "it took longer than {} s", after.as_secs()),
            Self::Cancelled => write!(f, "stopped"),
        }
    }
}

impl From<Broken> for ExtractError {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Told(failure) => failure.into(),
            Broken::Died(reason) => Self::Crashed { reason },
            Broken::Killed(reason) => Self::Interrupted { reason },
            Broken::Lied(_) => Self::Crashed { reason: broken.to_string() },
            Broken::Silent(after) | Broken::Slow(after) => Self::TimedOut { after },
            Broken::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Death> for Broken {
    fn from(death: Death) -> Self {
        match death {
            Death::ByItself(reason) => Self::Died(reason),
            Death::Killed(reason) => Self::Killed(reason),
        }
    }
}

impl From<Untrue> for Broken {
    fn from(untrue: Untrue) -> Self {
        Self::Lied(untrue.0)
    }
}

/// The conditions of a request.
pub(super) struct Exchange<'c> {
    pub(super) cancel: &'c Cancel,
    /// Longest silence.
    pub(super) inactivity: Duration,
    /// The whole time allowed.
    pub(super) total: Duration,
}

impl Exchange<'_> {
    /// Reads a document into `collector`.
    pub(super) fn read(
        &self,
        worker: &mut WorkerProcess,
        request: &Request,
        collector: &mut Collector,
        on_page: &mut dyn FnMut(u32, Option<u32>),
    ) -> Result<(), Broken> {
        let total = Patience::start(self.total, worker.id());
        self.ask(worker, request, &total)?;
        loop {
            match self.message(worker, &total)? {
                Message::Done => return Ok(()),
                Message::Failed(failure) => return Err(Broken::Told(failure)),
                message => collector.take(message)?,
            }
            if let Some((done, of)) = collector.progress().filter(|(done, _)| *done > 0) {
                on_page(done, of);
            }
        }
    }

    /// Has a page drawn.
    pub(super) fn render(&self, worker: &mut WorkerProcess, request: &Request) -> Result<PageImage, Broken> {
        let total = Patience::start(self.total, worker.id());
        self.ask(worker, request, &total)?;
        let (width, height) = match self.message(worker, &total)? {
            Message::Picture { width, height } => (width, height),
            Message::Failed(failure) => return Err(Broken::Told(failure)),
            _ => return Err(Broken::Lied("a message instead of a picture".to_owned())),
        };
        let picture = self.frame(worker, &total)?;
        if picture.kind != FrameKind::Picture || !is_png(&picture.payload, width, height) {
            return Err(Broken::Lied("a picture that is none".to_owned()));
        }
        match self.message(worker, &total)? {
            Message::Done => Ok(PageImage { png: picture.payload, width, height }),
            _ => Err(Broken::Lied("no end after a picture".to_owned())),
        }
    }

    /// Has a page drawn for recognition.
    pub(super) fn draw(&self, worker: &mut WorkerProcess, request: &Request) -> Result<Drawing, Broken> {
        let total = Patience::start(self.total, worker.id());
        self.ask(worker, request, &total)?;
        let (width, height, page, dpi, label) = match self.message(worker, &total)? {
            Message::Drawn { width, height, page, dpi, label } => (width, height, page, dpi, label),
            Message::Failed(failure) => return Err(Broken::Told(failure)),
            _ => return Err(Broken::Lied("a message instead of a drawing".to_owned())),
        };
        let pixels = self.frame(worker, &total)?;
        if pixels.kind != FrameKind::Picture {
            return Err(Broken::Lied("a drawing that is none".to_owned()));
        }
        let drawing = Drawing { width, height, page, dpi, label, pixels: pixels.payload };
        check_drawing(&drawing)?;
        match self.message(worker, &total)? {
            Message::Done => Ok(drawing),
            _ => Err(Broken::Lied("no end after a drawing".to_owned())),
        }
    }

    fn ask(&self, worker: &mut WorkerProcess, request: &Request, total: &Patience) -> Result<(), Broken> {
        if !worker.greeted {
            match self.message(worker, total)? {
                Message::Hello { version, limits } if version == VERSION => {
                    tracing::debug!(?limits, "a worker started");
                    worker.greeted = true;
                }
                Message::Hello { version, .. } => {
                    return Err(Broken::Died(format!(
                        "the reading program is of another version ({version})"
                    )));
                }
                _ => return Err(Broken::Lied("no greeting".to_owned())),
            }
        }
        // The worker may not open files: it is given the document.
        let document = std::fs::File::open(request.path()).map_err(|error| Broken::Told(error.into()))?;
        worker.ask(request, &document).map_err(|_| worker.obituary().into())
    }

    fn message(&self, worker: &mut WorkerProcess, total: &Patience) -> Result<Message, Broken> {
        let frame = self.frame(worker, total)?;
        if frame.kind != FrameKind::Json {
            return Err(Broken::Lied("a picture out of place".to_owned()));
        }
        serde_json::from_slice(&frame.payload).map_err(|error| Broken::Lied(error.to_string()))
    }

    /// The next frame, while time lasts and the work is wanted.
    fn frame(&self, worker: &mut WorkerProcess, total: &Patience) -> Result<Frame, Broken> {
        let silence = Patience::start(self.inactivity, worker.id());
        loop {
            if self.cancel.is_cancelled() {
                return Err(Broken::Cancelled);
            }
            if total.is_over() {
                return Err(Broken::Slow(total.limit()));
            }
            if silence.is_over() {
                return Err(Broken::Silent(silence.limit()));
            }
            if worker.is_over_memory() {
                return Err(Broken::Died(OVER_MEMORY.to_owned()));
            }
            let wait = LOOK.min(total.rest().min(silence.rest()).max(MIN_LOOK));
            match worker.frames.recv_timeout(wait) {
                Ok(Ok(frame)) => return Ok(frame),
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                    return Err(Broken::Lied(error.to_string()));
                }
                Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => {
                    return Err(worker.obituary().into());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// Whether bytes begin like a PNG of this size.
fn is_png(bytes: &[u8], width: u32, height: u32) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
        && bytes.get(16..20) == Some(width.to_be_bytes().as_slice())
        && bytes.get(20..24) == Some(height.to_be_bytes().as_slice())
}
