//! What a reader tells while it reads, and what a worker is asked. The same values travel through
//! the pipe of a worker and, in one process, through a channel.

use crate::ExtractError;
use docent_corpus::{Block, Format, Metadata, SourceWarning};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io;
use std::path::Path;

/// What a worker is asked to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Read(ReadRequest),
    Render {
        path: OsString,
        format: Format,
        page: u32,
        width_px: u32,
    },
    /// Asks for a page as pixels, for recognition of its text.
    Draw {
        path: OsString,
        format: Format,
        /// The file within the file whose page it is, by its number in the order of reading.
        member: Option<u32>,
        page: u32,
    },
}

impl Request {
    /// The file it is about.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Read(request) => Path::new(&request.path),
            Self::Render { path, .. } | Self::Draw { path, .. } => Path::new(path),
        }
    }
}

/// Asks for the text of one file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ReadRequest {
    /// Where it is. A worker that was given the open file uses only its name.
    pub(crate) path: OsString,
    pub(crate) format: Format,
    pub(crate) text_bytes: u64,
    pub(crate) html_depth: usize,
    /// Only obeyed by a worker that was started for tests.
    pub(crate) fault: Option<Fault>,
}

/// Ways in which a worker can be told to misbehave, to prove what the parent makes of it. Obeyed only
/// by a worker started with `--fault-injection`, which only tests do.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// After how many pages, or blocks of a format without pages (0: before the first).
    pub after_pages: u32,
}

/// See [`Fault`].
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The process aborts.
    Crash,
    /// The process does nothing for ever.
    Hang,
    /// The process computes for ever.
    Spin,
    /// Memory is taken until there is none.
    OutOfMemory,
    /// The stack runs over.
    Overflow,
    /// Bytes that are no frame are written.
    Garbage,
    /// A well-formed message with spans that cut a character is written.
    Lie,
    /// A panic in Rust code.
    Panic,
    /// Tries what a worker must not be able to do, and tells as the document's text what came of it.
    Probe,
}

/// One thing a reader tells.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Message {
    /// The first word of a worker: its version, and which limits it could put on itself.
    Hello {
        version: String,
        limits: Vec<String>,
    },
    /// Nothing new, but the work goes on: told between the steps on a large file.
    Alive,
    /// A document with pages was opened.
    Opened {
        pages: u32,
        outline: Vec<OutlineEntry>,
    },
    /// The next piece of the canonical text.
    Text(String),
    /// The next blocks; their spans lie within the text told so far.
    Blocks(Vec<Block>),
    /// One page, as lines with boxes.
    Page(PageText),
    Warning(SourceWarning),
    /// Pages of a file within the file have no text.
    Scan(Scan),
    Metadata(Metadata),
    /// A picture follows as a frame of its own.
    Picture {
        width: u32,
        height: u32,
    },
    /// The pixels of a page follow as a frame of their own, one byte of grey each, row by row.
    Drawn {
        width: u32,
        height: u32,
        /// Width and height of the page in points.
        page: [f32; 2],
        dpi: u32,
        label: Option<String>,
    },
    Done,
    Failed(Failure),
}

/// A file within the file, with pages whose text may be recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Scan {
    /// Its number in the order of reading.
    pub(crate) member: u32,
    /// Its name, and before it those of the files in which it lies.
    pub(crate) path: Vec<String>,
    /// Level of its heading.
    pub(crate) level: u8,
    /// The pages, counted from 0.
    pub(crate) pages: Vec<u32>,
}

/// A page drawn for recognition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawing {
    /// In pixels.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Width and height of the page in points.
    pub(crate) page: [f32; 2],
    /// Resolution of the pixels in dots per inch; a guess where the size on paper is not known.
    pub(crate) dpi: u32,
    pub(crate) label: Option<String>,
    /// One byte of grey each, row by row from the top.
    pub(crate) pixels: Vec<u8>,
}

/// An entry of a document's own table of contents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OutlineEntry {
    pub(crate) title: String,
    /// 1 for the outermost entries.
    pub(crate) level: u8,
    /// Page, counted from 0.
    pub(crate) page: Option<u32>,
}

/// One page as read from its characters.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PageText {
    /// Page, counted from 0.
    pub(crate) index: u32,
    pub(crate) label: Option<String>,
    /// Size in points, as displayed.
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// In content order.
    pub(crate) lines: Vec<Line>,
    /// Ruled lines: left, top, right, bottom in points; flat or steep, not slanted.
    pub(crate) rules: Vec<[f32; 4]>,
}

/// How a line is turned on the page as displayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Turn {
    #[default]
    Upright,
    /// Clockwise by a quarter: it is read downwards.
    Right,
    /// Upside down.
    Over,
    /// Anticlockwise by a quarter: it is read upwards.
    Left,
    /// By none of these.
    Slanted,
}

/// What a line of a page stands in, by its number on the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Inset {
    /// The text of the page.
    #[default]
    None,
    /// A field of a form.
    Field(u16),
    /// A note or comment.
    Note(u16),
}

/// One line of a page, in the order of the page's content.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) text: String,
    /// In order; they do not overlap. White space lies between them, or nothing.
    pub(crate) words: Vec<Word>,
    /// Font size of most of its characters, in points.
    pub(crate) size: f32,
    /// Whether most of its characters are bold.
    pub(crate) bold: bool,
    /// Whether most of its characters have one width (typewriter fonts).
    pub(crate) mono: bool,
    /// Whether it ends within a word, at a hyphen that has been left out.
    pub(crate) hyphen: bool,
    pub(crate) turn: Turn,
    pub(crate) inset: Inset,
}

/// A word, or a short stretch of a script without spaces, and where it stands on the page as
/// displayed: left, top, right, bottom in points from the top left corner.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Word {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) rect: [f32; 4],
}

/// Why a reader gave up; the part of [`ExtractError`] that can arise while reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Failure {
    NotFound,
    PermissionDenied,
    Read(String),
    Empty,
    Unsupported(String),
    Encrypted,
    Damaged(String),
    TooLarge(String),
    NoText,
    PdfiumMissing,
    /// A panic was caught; the process that told it is not used again.
    Panicked(String),
}

impl Failure {
    /// Whether it may strike in the middle of a document, so that what was told before it is kept.
    pub(crate) fn leaves_text(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::TooLarge(_) | Self::Read(_) | Self::Panicked(_))
    }
}

impl From<Failure> for ExtractError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotFound => Self::NotFound,
            Failure::PermissionDenied => Self::PermissionDenied,
            Failure::Read(reason) => Self::Read { source: io::Error::other(reason) },
            Failure::Empty => Self::Empty,
            Failure::Unsupported(kind) => Self::Unsupported { kind },
            Failure::Encrypted => Self::Encrypted,
            Failure::Damaged(reason) => Self::Damaged { reason },
            Failure::TooLarge(limit) => Self::TooLarge { limit },
            Failure::NoText => Self::NoText,
            Failure::PdfiumMissing => Self::PdfiumMissing,
            Failure::Panicked(reason) => Self::Crashed { reason },
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match ExtractError::from_io(error) {
            ExtractError::NotFound => Self::NotFound,
            ExtractError::PermissionDenied => Self::PermissionDenied,
            ExtractError::Read { source } => Self::Read(source.to_string()),
            other => Self::Read(other.to_string()),
        }
    }
}

/// Where messages go.
pub(crate) trait Sink {
    /// Takes one message; an error means that nobody listens any more.
    fn send(&mut self, message: Message) -> Result<(), Closed>;
}

/// Keeps what is told, for tests.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct Told(pub(crate) Vec<Message>);

#[cfg(test)]
impl Sink for Told {
    fn send(&mut self, message: Message) -> Result<(), Closed> {
        self.0.push(message);
        Ok(())
    }
}

/// Nobody listens any more: the work is to stop.
#[derive(Debug)]
pub(crate) struct Closed;

/// Why a reader ended before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    Failed(Failure),
    /// The limit on text was reached.
    Full,
    Closed,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Closed> for Stop {
    fn from(_: Closed) -> Self {
        Self::Closed
    }
}
