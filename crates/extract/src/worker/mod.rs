//! The worker's side: puts limits on itself, then answers requests until its parent is gone.
//!
//! Everything that touches a stranger's file runs on one thread with a deep stack. A panic is caught
//! and told; after one the process ends, because what it left behind cannot be trusted. Stronger
//! faults (overflow, abort, faults in C++) end the process by themselves, and the parent sees it.

mod confine;
mod fault;
mod probe;

use crate::VERSION;
use crate::content::Content;
use crate::frame::{FrameKind, MAX_PAYLOAD, write_frame};
use crate::message::{Closed, Drawing, Failure, FaultKind, Message, ReadRequest, Request, Sink, Stop};
use crate::read::{draw_page, pdf, read_document, render_page};
use crate::request_channel::next_request;
use crate::stack::{STACK_BYTES, catch};
use docent_corpus::Format;
use fault::{FaultySink, misbehave};
use std::ffi::OsString;
use std::fs::File;
use std::io::{Stdout, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Names of the worker's arguments, shared with the parent.
pub(crate) mod argument {
    /// Address space in bytes.
    pub(crate) const MEMORY: &str = "--memory-bytes";
    /// Path of the PDFium library.
    pub(crate) const PDFIUM: &str = "--pdfium";
    /// Obey requests to misbehave. Tests only.
    pub(crate) const FAULTS: &str = "--fault-injection";
}

/// Runs a worker: reads requests from standard input and writes messages to standard output until
/// its input ends. Not meant to be started by hand.
pub fn worker_main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(options) = Options::parse(arguments) else {
        eprintln!("docent-extract-worker is started by docent itself");
        return ExitCode::from(2);
    };
    std::panic::set_hook(Box::new(|_| {})); // panics are told in a message
    let mut limits = confine::limit_resources(options.memory_bytes);
    let Ok(input) = standard_input() else { return ExitCode::FAILURE };
    // What needs files comes before the sandbox, documents come after it.
    let library = pdf::Library::load(options.pdfium.as_deref());
    limits.extend(confine::shut_in());
    let work = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || Worker { library, faults: options.faults, limits, out: stdout() }.serve(input));
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

#[derive(Debug, Default, PartialEq)]
struct Options {
    memory_bytes: u64,
    pdfium: Option<PathBuf>,
    faults: bool,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let mut options = Self::default();
        while let Some(name) = arguments.next() {
            match name.to_str()? {
                argument::MEMORY => options.memory_bytes = arguments.next()?.to_str()?.parse().ok()?,
                argument::PDFIUM => options.pdfium = Some(PathBuf::from(arguments.next()?)),
                argument::FAULTS => options.faults = true,
                _ => return None,
            }
        }
        (options.memory_bytes > 0).then_some(options)
    }
}

/// Standard input without a buffer, in which files would be lost that come with the bytes.
#[cfg(unix)]
type Input = File;
#[cfg(not(unix))]
type Input = std::io::Stdin;

#[cfg(unix)]
fn standard_input() -> std::io::Result<Input> {
    use std::os::fd::AsFd;
    Ok(File::from(std::io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn standard_input() -> std::io::Result<Input> {
    Ok(std::io::stdin())
}

struct Worker {
    library: pdf::Library,
    faults: bool,
    /// Names of the limits that are active.
    limits: Vec<String>,
    out: Stdout,
}

impl Worker {
    fn serve(mut self, mut input: Input) {
        let hello = Message::Hello { version: VERSION.to_owned(), limits: self.limits.clone() };
        if self.send(hello).is_err() {
            return;
        }
        while let Some((request, document)) = next_request(&mut input) {
            let answered = match catch(|| self.answer(request, document.map(Arc::new))) {
                Ok(answered) => answered,
                Err(reason) => {
                    let _ = self.send(Message::Failed(Failure::Panicked(reason)));
                    return;
                }
            };
            if answered.is_err() {
                return;
            }
        }
    }

    fn answer(&mut self, request: Request, document: Option<Arc<File>>) -> Result<(), Closed> {
        let path = request.path().to_owned();
        let content = match &document {
            Some(file) => Content::Opened { path: &path, file },
            None => Content::File(&path),
        };
        let outcome = match request {
            Request::Read(request) => self.read(request, &content),
            Request::Render { format, page, width_px, .. } => self.render(&content, format, page, width_px),
            Request::Draw { format, member, page, .. } => self.draw(&content, format, member, page),
        };
        match outcome {
            Ok(()) | Err(Stop::Full) => self.send(Message::Done),
            Err(Stop::Failed(failure)) => self.send(Message::Failed(failure)),
            Err(Stop::Closed) => Err(Closed),
        }
    }

    fn read(&mut self, mut request: ReadRequest, content: &Content<'_>) -> Result<(), Stop> {
        let mut pipe = Pipe { out: &mut self.out };
        let Some(fault) = request.fault.take().filter(|_| self.faults) else {
            return read_document(&request, content, &self.library, &mut pipe);
        };
        if fault.kind == FaultKind::Probe {
            return probe::probe(Path::new(&request.path), &self.limits, &mut pipe);
        }
        if fault.after_pages == 0 {
            misbehave(fault.kind, &mut pipe)?;
        }
        let mut sink = FaultySink { sink: &mut pipe, fault, told: 0 };
        read_document(&request, content, &self.library, &mut sink)
    }

    fn render(
        &mut self,
        content: &Content<'_>,
        format: Format,
        page: u32,
        width_px: u32,
    ) -> Result<(), Stop> {
        let image = render_page(content, format, &self.library, page, width_px)?;
        self.send(Message::Picture { width: image.width, height: image.height })?;
        write_frame(&mut self.out, FrameKind::Picture, &image.png).map_err(|_| Stop::Closed)
    }

    fn draw(
        &mut self,
        content: &Content<'_>,
        format: Format,
        member: Option<u32>,
        page: u32,
    ) -> Result<(), Stop> {
        let Drawing { width, height, page, dpi, label, pixels } =
            draw_page(content, format, &self.library, member, page)?;
        self.send(Message::Drawn { width, height, page, dpi, label })?;
        write_frame(&mut self.out, FrameKind::Picture, &pixels).map_err(|_| Stop::Closed)
    }

    fn send(&mut self, message: Message) -> Result<(), Closed> {
        Pipe { out: &mut self.out }.send(message)
    }
}

/// Messages as frames on standard output.
struct Pipe<'o> {
    out: &'o mut Stdout,
}

impl Sink for Pipe<'_> {
    fn send(&mut self, message: Message) -> Result<(), Closed> {
        let payload = serde_json::to_vec(&message).map_err(|_| Closed)?;
        if payload.len() > MAX_PAYLOAD {
            let limit = format!("one piece of it takes more than {} MB", MAX_PAYLOAD >> 20);
            self.send(Message::Failed(Failure::TooLarge(limit)))?;
            return Err(Closed);
        }
        write_frame(self.out, FrameKind::Json, &payload).map_err(|_| Closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Option<Options> {
        Options::parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn a_worker_needs_a_limit_and_understands_only_its_own_arguments() {
        assert_eq!(parse(&[]), None);
        assert_eq!(parse(&["--memory-bytes", "many"]), None);
        assert_eq!(parse(&["--memory-bytes", "5", "--verbose"]), None);
        let options = parse(&["--memory-bytes", "5", "--pdfium", "/x"]).unwrap();
        assert_eq!((options.memory_bytes, options.faults), (5, false));
    }
}
