//! The readers, one per format. Each takes the content of a file and tells what it reads; none of them
//! knows in which process it runs. A new format is a new module and one line in [`read_content`].

mod archive;
mod code;
mod csv;
mod drawing;
mod epub;
mod flow;
mod formula;
mod front_matter;
#[cfg(test)]
mod fuzz;
mod html;
mod json;
mod lines;
mod mail;
mod markdown;
mod member;
mod office;
mod open_document;
mod org;
pub(crate) mod pdf;
pub(crate) mod picture;
mod plain;
mod rows;
mod rst;
mod rtf;
mod sheets;
#[cfg(test)]
mod testing;

pub(crate) use member::below;
pub(crate) use sheets::likely_header_rows;

use crate::PageImage;
use crate::content::Content;
use crate::encoding::{Decoded, decode, decode_plain, detect};
use crate::message::{Drawing, Failure, Message, ReadRequest, Sink, Stop};
use crate::writer::BlockWriter;
use docent_corpus::{Format, SourceWarning};
use encoding_rs::Encoding;
use std::path::Path;

/// Most bytes of a marked-up file that are read: its tree takes many times its size in memory.
const MARKUP_BYTES: u64 = 64 << 20;
/// Deepest nesting of files within files that is read.
const MAX_NESTING: u32 = 3;

/// What readers work with, and what they may spend.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) pdf: &'c pdf::Library,
    /// Most text of the document, in bytes.
    pub(crate) text_bytes: u64,
    /// Deepest nesting of HTML elements that is kept.
    pub(crate) html_depth: usize,
    /// In how many files this one lies.
    pub(crate) nesting: u32,
    /// What the whole document, with all files within it, has unpacked so far.
    pub(crate) unpacked: &'c member::Unpacked,
}

impl Context<'_> {
    /// For a file within the one that is read, which may tell so much text; `None` where it lies too deep.
    fn within(&self, text_bytes: u64) -> Option<Self> {
        (self.nesting < MAX_NESTING).then_some(Self { text_bytes, nesting: self.nesting + 1, ..*self })
    }
}

/// Reads the document that `request` names, whose bytes are `content`, and tells everything but the
/// end.
pub(crate) fn read_document(
    request: &ReadRequest,
    content: &Content<'_>,
    pdf: &pdf::Library,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let unpacked = member::Unpacked::default();
    let context = Context {
        pdf,
        text_bytes: request.text_bytes,
        html_depth: request.html_depth,
        nesting: 0,
        unpacked: &unpacked,
    };
    read_content(content, request.format, &context, sink)
}

/// Reads a file, or a file within a file, and tells everything but the end.
pub(crate) fn read_content(
    content: &Content<'_>,
    format: Format,
    context: &Context<'_>,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    match format {
        Format::Pdf => pdf::read(content, context, sink),
        Format::Image => picture::read(content, sink),
        Format::PlainText => read_lines(content, context, sink, plain::read),
        Format::Markdown => read_lines(content, context, sink, |text, writer| {
            markdown::read(text, context.html_depth, writer)
        }),
        Format::Org => read_lines(content, context, sink, org::read),
        Format::Rst => read_lines(content, context, sink, rst::read),
        Format::Csv => read_lines(content, context, sink, csv::read),
        Format::Json | Format::JsonLines => {
            read_lines(content, context, sink, |text, writer| json::read(text, format, writer))
        }
        Format::Code => {
            let language = crate::sniff::language(&content.extension());
            read_lines(content, context, sink, |text, writer| code::read(text, language, writer))
        }
        Format::Html => {
            let input = Input::read(content, context.text_bytes.min(MARKUP_BYTES))?;
            let declared = html::declared_encoding(&input.bytes);
            let cut = input.cut;
            let (text, encoding, replaced) = input.decode_plain(declared)?;
            written(cut, None, context.text_bytes, sink, |writer| {
                if replaced > 0 {
                    writer.warn(SourceWarning::Encoding { encoding: encoding.to_owned(), replaced })?;
                }
                html::read(&text, context.html_depth, writer)
            })
        }
        Format::Docx | Format::Doc | Format::Pptx | Format::Ppt => {
            read_blocks(context, sink, |writer| office::read(content, format, context, writer))
        }
        Format::Odt | Format::Odp => {
            read_blocks(context, sink, |writer| open_document::read(content, format, context, writer))
        }
        Format::Rtf => read_blocks(context, sink, |writer| rtf::read(content, context, writer)),
        Format::Xlsx | Format::Xls | Format::Xlsb | Format::Ods => {
            read_blocks(context, sink, |writer| sheets::read(content, format, context, writer))
        }
        Format::Epub => read_blocks(context, sink, |writer| epub::read(content, context, writer)),
        Format::Mail | Format::Mbox => {
            read_blocks(context, sink, |writer| mail::read(content, format, context, writer))
        }
        Format::Zip | Format::Tar | Format::Packed => {
            read_blocks(context, sink, |writer| archive::read(content, format, context, writer))
        }
        other => Err(Failure::Unsupported(other.as_str().to_owned()).into()),
    }
}

/// Draws a page for the viewer, `width_px` wide.
pub(crate) fn render_page(
    content: &Content<'_>,
    format: Format,
    pdf: &pdf::Library,
    page: u32,
    width_px: u32,
) -> Result<PageImage, Failure> {
    match format {
        Format::Pdf => pdf::render(content, pdf, page, width_px),
        Format::Image => picture::render(content, page, width_px),
        _ => Err(Failure::Unsupported("a document without pages".to_owned())),
    }
}

/// Draws a page for recognition, of the file or of the file within it that has the number `member`.
pub(crate) fn draw_page(
    content: &Content<'_>,
    format: Format,
    pdf: &pdf::Library,
    member: Option<u32>,
    page: u32,
) -> Result<Drawing, Failure> {
    if let Some(member) = member {
        return member::draw(content, format, pdf, member, page);
    }
    match format {
        Format::Pdf => pdf::draw(content, pdf, page),
        Format::Image => picture::draw(content, page),
        _ => Err(Failure::Unsupported("a document without pages".to_owned())),
    }
}

/// Runs a reader that keeps the places of its text in the file.
fn read_lines(
    content: &Content<'_>,
    context: &Context<'_>,
    sink: &mut dyn Sink,
    read: impl FnOnce(&Decoded, &mut BlockWriter) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let input = Input::read(content, context.text_bytes.min(MARKUP_BYTES.max(context.text_bytes)))?;
    let cut = input.cut;
    let decoded = input.decode(sink)?;
    written(cut, Some(&decoded), context.text_bytes, sink, |writer| read(&decoded, writer))
}

/// Runs a reader that opens the content by itself.
fn read_blocks(
    context: &Context<'_>,
    sink: &mut dyn Sink,
    read: impl FnOnce(&mut BlockWriter) -> Result<(), Stop>,
) -> Result<(), Stop> {
    sink.send(Message::Alive)?;
    written(None, None, context.text_bytes, sink, read)
}

/// Runs one of the readers that write blocks, with the warnings they have in common.
fn written(
    cut: Option<u64>,
    decoded: Option<&Decoded>,
    text_bytes: u64,
    sink: &mut dyn Sink,
    read: impl FnOnce(&mut BlockWriter) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut writer = BlockWriter::new(sink, text_bytes);
    let full = match read(&mut writer) {
        Ok(()) => false,
        Err(Stop::Full) => true,
        Err(Stop::Failed(failure)) if failure.leaves_text() && !writer.is_empty() => {
            writer.finish()?; // what is gathered would be lost
            return Err(failure.into());
        }
        Err(stop) => return Err(stop),
    };
    if writer.is_empty() {
        return Err(Failure::NoText.into());
    }
    if let Some(decoded) = decoded.filter(|decoded| decoded.replaced > 0) {
        let encoding = decoded.encoding.to_owned();
        writer.warn(SourceWarning::Encoding { encoding, replaced: decoded.replaced })?;
    }
    if let Some(limit) = cut {
        let reason = format!("only the first {} MB of the file were read", limit >> 20);
        writer.warn(SourceWarning::Truncated { reason })?;
    } else if full {
        let reason = format!("only the first {} MB of text were kept", text_bytes >> 20);
        writer.warn(SourceWarning::Truncated { reason })?;
    }
    writer.finish()
}

/// The bytes of a file.
struct Input {
    bytes: Vec<u8>,
    /// How many bytes were read when the file is longer than that.
    cut: Option<u64>,
}

impl Input {
    fn read(content: &Content<'_>, limit: u64) -> Result<Self, Stop> {
        let mut bytes = content.head(limit + 1).map_err(Failure::from)?;
        let cut = (bytes.len() as u64 > limit).then_some(limit);
        if cut.is_some() {
            bytes.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            // End at a line, so that no character is torn.
            if let Some(line) = bytes.iter().rev().take(64 << 10).position(|byte| *byte == b'\n') {
                bytes.truncate(bytes.len() - line);
            }
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(Failure::Empty.into());
        }
        Ok(Self { bytes, cut })
    }

    fn decode(self, sink: &mut dyn Sink) -> Result<Decoded, Stop> {
        sink.send(Message::Alive)?;
        let detected = detect(&self.bytes, None, self.cut.is_none()).ok_or_else(binary)?;
        sink.send(Message::Alive)?;
        let decoded = decode(self.bytes, detected);
        sink.send(Message::Alive)?;
        if is_noise(&decoded.text, decoded.replaced) { Err(binary().into()) } else { Ok(decoded) }
    }

    fn decode_plain(self, declared: Option<&'static Encoding>) -> Result<(String, &'static str, u32), Stop> {
        let detected = detect(&self.bytes, declared, self.cut.is_none()).ok_or_else(binary)?;
        let (text, replaced) = decode_plain(self.bytes, detected);
        if is_noise(&text, replaced) {
            return Err(binary().into());
        }
        Ok((text, detected.encoding.name(), replaced))
    }
}

fn binary() -> Failure {
    Failure::Unsupported("binary data".to_owned())
}

/// More than one character in a hundred could not be decoded (a few are forgiven to short texts).
fn is_noise(text: &str, replaced: u32) -> bool {
    replaced > 4 && u64::from(replaced) * 100 > text.chars().count() as u64
}

/// The name of a container without its ending, as its title.
fn content_name(content: &Content<'_>) -> Option<String> {
    let name = content.file_name();
    let stem = Path::new(&*name).file_stem().map(|stem| stem.to_string_lossy().into_owned())?;
    let stem = stem.strip_suffix(".tar").map(str::to_owned).unwrap_or(stem);
    (!stem.is_empty()).then_some(stem)
}
