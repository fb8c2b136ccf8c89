//! The readers, one per format. Each takes a file and tells what it reads; none of them knows in
//! which process it runs. A new format is a new module and one line in [`read_document`].

mod front_matter;
mod html;
mod lines;
mod markdown;
pub(crate) mod pdf;
mod plain;
#[cfg(test)]
mod testing;

use crate::encoding::{Decoded, decode, decode_plain, detect};
use crate::message::{Failure, Message, ReadRequest, Sink, Stop};
use crate::writer::BlockWriter;
use docent_corpus::{Format, SourceWarning};
use encoding_rs::Encoding;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Most bytes of a marked-up file that are read: its tree takes many times its size in memory.
const MARKUP_BYTES: u64 = 64 << 20;

/// Reads the document that `request` names and tells everything but the end.
pub(crate) fn read_document(
    request: &ReadRequest,
    pdf: &pdf::Library,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let path = Path::new(&request.path);
    match request.format {
        Format::Pdf => pdf::read(path, request, pdf, sink),
        Format::PlainText => {
            let input = Input::read(path, request.text_bytes)?;
            let cut = input.cut;
            let decoded = input.decode(sink)?;
            written(cut, Some(&decoded), request.text_bytes, sink, |writer| plain::read(&decoded, writer))
        }
        Format::Markdown => {
            let input = Input::read(path, request.text_bytes.min(MARKUP_BYTES))?;
            let cut = input.cut;
            let decoded = input.decode(sink)?;
            written(cut, Some(&decoded), request.text_bytes, sink, |writer| {
                markdown::read(&decoded, request.html_depth, writer)
            })
        }
        Format::Html => {
            let input = Input::read(path, request.text_bytes.min(MARKUP_BYTES))?;
            let declared = html::declared_encoding(&input.bytes);
            let cut = input.cut;
            let (text, encoding, replaced) = input.decode_plain(declared)?;
            written(cut, None, request.text_bytes, sink, |writer| {
                if replaced > 0 {
                    writer.warn(SourceWarning::Encoding { encoding: encoding.to_owned(), replaced })?;
                }
                html::read(&text, request.html_depth, writer)
            })
        }
        other => Err(Failure::Unsupported(other.as_str().to_owned()).into()),
    }
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
    fn read(path: &Path, limit: u64) -> Result<Self, Stop> {
        let file = File::open(path).map_err(Failure::from)?;
        let size = file.metadata().map_err(Failure::from)?.len();
        let mut bytes = Vec::with_capacity(usize::try_from(size.min(limit)).unwrap_or(0) + 1);
        file.take(limit + 1).read_to_end(&mut bytes).map_err(Failure::from)?;
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
