//! What the tests of the readers share: reading a string to the end.

use super::{code, csv, html, json, markdown, plain};
use crate::collect::Collector;
use crate::encoding::Decoded;
use crate::message::{Closed, Message, Sink, Stop};
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, DocumentText, Format};

struct Checked(Collector);

impl Sink for Checked {
    fn send(&mut self, message: Message) -> Result<(), Closed> {
        self.0.take(message).expect("a reader told something that does not hold");
        Ok(())
    }
}

fn collected(format: Format, read: impl FnOnce(&mut BlockWriter) -> Result<(), Stop>) -> DocumentText {
    let mut sink = Checked(Collector::new(format, 1 << 30));
    let mut writer = BlockWriter::new(&mut sink, 1 << 30);
    assert!(!matches!(read(&mut writer), Err(Stop::Failed(_) | Stop::Closed)));
    assert!(writer.finish().is_ok());
    sink.0.finish(None).expect("no text")
}

pub(super) fn read_plain(text: &str) -> DocumentText {
    let source = Decoded::of_str(text);
    collected(Format::PlainText, |writer| plain::read(&source, writer))
}

pub(super) fn read_markdown(text: &str) -> DocumentText {
    let source = Decoded::of_str(text);
    collected(Format::Markdown, |writer| markdown::read(&source, 512, writer))
}

pub(super) fn read_html(text: &str) -> DocumentText {
    collected(Format::Html, |writer| html::read(text, 512, writer))
}

pub(super) fn read_csv(text: &str) -> DocumentText {
    let source = Decoded::of_str(text);
    collected(Format::Csv, |writer| csv::read(&source, writer))
}

pub(super) fn read_json(text: &str, format: Format) -> DocumentText {
    let source = Decoded::of_str(text);
    collected(format, |writer| json::read(&source, format, writer))
}

pub(super) fn read_code(text: &str, language: &str) -> DocumentText {
    let source = Decoded::of_str(text);
    collected(Format::Code, |writer| code::read(&source, Some(language), writer))
}

pub(super) fn texts(document: &DocumentText) -> Vec<&str> {
    document.blocks.iter().map(|block| block.span.of(&document.text).unwrap()).collect()
}

pub(super) fn kinds(document: &DocumentText) -> Vec<BlockKind> {
    document.blocks.iter().map(|block| block.kind.clone()).collect()
}
