//! The worker's side: puts limits on itself, then answers requests until its parent is gone.
//!
//! Everything that touches a stranger's file runs on one thread with a deep stack. A panic is caught
//! and told; after one the process ends, because what it left behind cannot be trusted. Stronger
//! faults (overflow, abort, faults in C++) end the process by themselves, and the parent sees it.

mod confine;
mod fault;

use crate::VERSION;
use crate::frame::{FrameKind, MAX_PAYLOAD, read_frame, write_frame};
use crate::message::{Closed, Drawing, Failure, Message, ReadRequest, Request, Sink, Stop};
use crate::read::{draw_page, pdf, read_document, render_page};
use crate::stack::{STACK_BYTES, catch};
use docent_corpus::Format;
use std::ffi::OsString;
use std::io::{Stdout, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub(crate) use fault::misbehave;

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
    let limits = confine::confine(options.memory_bytes);
    // The library is loaded before the first byte of a document: a sandbox added behind this line
    // need not allow it.
    let library = pdf::Library::load(options.pdfium.as_deref());
    let work = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || Worker { library, faults: options.faults, out: stdout() }.serve(limits));
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

struct Worker {
    library: pdf::Library,
    faults: bool,
    out: Stdout,
}

impl Worker {
    fn serve(mut self, limits: Vec<String>) {
        let mut input = stdin().lock();
        let hello = Message::Hello { version: VERSION.to_owned(), limits };
        if self.send(hello).is_err() {
            return;
        }
        while let Ok(Some(frame)) = read_frame(&mut input) {
            let Ok(request) = serde_json::from_slice(&frame.payload) else { return };
            let answered = match catch(|| self.answer(request)) {
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

    fn answer(&mut self, request: Request) -> Result<(), Closed> {
        let outcome = match request {
            Request::Read(request) => self.read(request),
            Request::Render { path, format, page, width_px } => {
                self.render(Path::new(&path), format, page, width_px)
            }
            Request::Draw { path, format, page } => self.draw(Path::new(&path), format, page),
        };
        match outcome {
            Ok(()) | Err(Stop::Full) => self.send(Message::Done),
            Err(Stop::Failed(failure)) => self.send(Message::Failed(failure)),
            Err(Stop::Closed) => Err(Closed),
        }
    }

    fn read(&mut self, mut request: ReadRequest) -> Result<(), Stop> {
        let mut sink = Pipe { out: &mut self.out };
        if !self.faults {
            request.fault = None;
        }
        if let Some(fault) = request.fault.filter(|fault| fault.after_pages == 0) {
            misbehave(fault.kind, &mut sink)?;
        }
        read_document(&request, &self.library, &mut sink)
    }

    fn render(&mut self, path: &Path, format: Format, page: u32, width_px: u32) -> Result<(), Stop> {
        let image = render_page(path, format, &self.library, page, width_px)?;
        self.send(Message::Picture { width: image.width, height: image.height })?;
        write_frame(&mut self.out, FrameKind::Picture, &image.png).map_err(|_| Stop::Closed)
    }

    fn draw(&mut self, path: &Path, format: Format, page: u32) -> Result<(), Stop> {
        let Drawing { width, height, page, dpi, label, pixels } =
            draw_page(path, format, &self.library, page)?;
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
