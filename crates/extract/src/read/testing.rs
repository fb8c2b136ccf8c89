//! What the tests of the readers share: reading a string to the end.

use super::{Context, code, csv, epub, html, json, markdown, member, org, pdf, plain, rst};
use crate::collect::Collector;
use crate::content::Content;
use crate::encoding::Decoded;
use crate::message::{Closed, Failure, Message, Sink, Stop};
use crate::sniff::Sniffed;
use crate::writer::BlockWriter;
use docent_corpus::{BlockKind, DocumentText, Format, Place, SourceWarning};

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

pub(super) fn read_org(text: &str) -> DocumentText {
    let source = Decoded::of_str(text);
    collected(Format::Org, |writer| org::read(&source, writer))
}

pub(super) fn read_rst(text: &str) -> DocumentText {
    let source = Decoded::of_str(text);
    collected(Format::Rst, |writer| rst::read(&source, writer))
}

/// Reads any file from memory, as the worker does: by what it is and by its name.
pub(super) fn read_named(name: &str, bytes: &[u8]) -> Result<DocumentText, Failure> {
    told(name, bytes)?.finish(None)
}

/// What reading a file warns of, also when it has no text.
pub(super) fn warnings_of(name: &str, bytes: &[u8]) -> Result<Vec<SourceWarning>, Failure> {
    Ok(told(name, bytes)?.warnings().to_vec())
}

fn told(name: &str, bytes: &[u8]) -> Result<Collector, Failure> {
    let content = Content::Member { name, bytes };
    let format = match crate::sniff::sniff_content(&content) {
        Ok(Sniffed::Known(format)) => format,
        other => panic!("{other:?}"),
    };
    let library = pdf::Library::load(None);
    let unpacked = member::Unpacked::default();
    let context =
        Context { pdf: &library, text_bytes: 1 << 30, html_depth: 512, nesting: 0, unpacked: &unpacked };
    let mut sink = Checked(Collector::new(format, 1 << 30));
    match super::read_content(&content, format, &context, &mut sink) {
        Ok(()) => Ok(sink.0),
        Err(Stop::Failed(failure)) => Err(failure),
        Err(stop) => panic!("{stop:?}"),
    }
}

/// Reads an EPUB from memory, or says why it cannot be read.
pub(super) fn read_book(bytes: &[u8]) -> Result<DocumentText, Failure> {
    let library = pdf::Library::load(None);
    let unpacked = member::Unpacked::default();
    let context =
        Context { pdf: &library, text_bytes: 1 << 30, html_depth: 512, nesting: 0, unpacked: &unpacked };
    let mut sink = Checked(Collector::new(Format::Epub, 1 << 30));
    let mut writer = BlockWriter::new(&mut sink, 1 << 30);
    match epub::read(&Content::Member { name: "book.epub", bytes }, &context, &mut writer) {
        Ok(()) => {}
        Err(Stop::Failed(failure)) => return Err(failure),
        Err(stop) => panic!("{stop:?}"),
    }
    assert!(writer.finish().is_ok());
    sink.0.finish(None)
}

/// Checks that every run of every block is the same text in the source, and that a block's runs cover
/// all of it but white space and what `made` allows. The source must be UTF-8 without a mark.
pub(super) fn assert_runs(document: &DocumentText, source: &str) {
    for block in &document.blocks {
        let Place::Lines { first, last, runs } = &block.place else { panic!("{:?}", block.place) };
        assert!(first <= last && *last as usize <= source.lines().count().max(1));
        for run in runs {
            let file = source.get(run.file_start as usize..run.file_end as usize);
            assert_eq!(run.span.of(&document.text), file);
        }
    }
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
