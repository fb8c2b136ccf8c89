//! What fuzzers call: the tests of this crate (`fuzz`, `read/fuzz`) and the targets in the folder
//! `fuzz` at the top of the repository, for which the feature `fuzzing` opens it. Whatever bytes come
//! in, the worst that may come out is an error; what does not hold is a panic here.
#![allow(clippy::expect_used, reason = "a panic is how a fuzzer is told")]

use std::io::Read;

use docent_corpus::{DocumentText, Format, Place, Span, TextBox};

use crate::collect::Collector;
use crate::content::Content;
use crate::encoding::{decode, decode_plain, detect};
use crate::frame::read_frame;
use crate::message::{Closed, Message, ReadRequest, Request, Sink, Stop};
use crate::read::{pdf, read_document};
use crate::sniff::{Sniffed, sniff_content};
use crate::stack::STACK_BYTES;

/// Most bytes of text a case may tell.
const TEXT_BYTES: u64 = 1 << 20;

struct Checked(Collector);

impl Sink for Checked {
    fn send(&mut self, message: Message) -> Result<(), Closed> {
        self.0.take(message).expect("a reader told something that does not hold");
        Ok(())
    }
}

/// Reads `bytes` as a file of this name and format, as the worker would, on a stack as deep. PDF and
/// its library are left to the worker.
///
/// # Panics
/// If a reader panics or tells something that does not hold.
pub fn read(name: &str, format: Format, bytes: &[u8]) {
    std::thread::scope(|scope| {
        let reading = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || {
            let library = pdf::Library::load(None);
            let request = ReadRequest {
                path: name.into(),
                format,
                text_bytes: TEXT_BYTES,
                html_depth: 512,
                fault: None,
            };
            let mut sink = Checked(Collector::new(format, TEXT_BYTES));
            match read_document(&request, &Content::Member { name, bytes }, &library, &mut sink) {
                Ok(()) | Err(Stop::Full) => {
                    if let Ok(document) = sink.0.finish(None) {
                        check_document(&document);
                    }
                }
                Err(Stop::Failed(_)) => {}
                Err(Stop::Closed) => panic!("nobody stopped listening"),
            }
        });
        assert!(reading.expect("a thread").join().is_ok(), "{name} as {format:?}");
    });
}

/// Reads `bytes` as what they look like under this name; nothing that is not known.
///
/// # Panics
/// As [`read`], and if the bytes cannot be looked at.
pub fn sniff_and_read(name: &str, bytes: &[u8]) {
    // Looking catches panics of libraries, which must not happen on the fuzzer's own thread.
    let sniffed = std::thread::scope(|scope| {
        scope.spawn(|| sniff_content(&Content::Member { name, bytes })).join().expect("a look that ends")
    });
    if let Sniffed::Known(format) = sniffed.expect("bytes in memory can be read") {
        read(name, format, bytes);
    }
}

/// Detects the encoding of `bytes`, as of a whole file or of its beginning, and decodes them.
///
/// # Panics
/// If a character does not know where in the bytes it stood, or the two ways of decoding differ.
pub fn decode_bytes(bytes: &[u8], complete: bool) {
    let Some(detected) = detect(bytes, None, complete) else { return };
    let len = bytes.len() as u64;
    let decoded = decode(bytes.to_vec(), detected);
    assert_eq!(decode_plain(bytes.to_vec(), detected).0, decoded.text);
    let mut after = 0;
    for (start, c) in decoded.text.char_indices() {
        let Some(range) = decoded.file_range(start..start + c.len_utf8()) else { continue };
        assert!(after <= range.start && range.start <= range.end && range.end <= len, "{c:?} at {range:?}");
        after = range.start;
    }
}

/// Takes `bytes` for what a worker wrote to its pipe.
///
/// # Panics
/// If more is read than there is.
pub fn frames(bytes: &[u8]) {
    let mut rest = bytes;
    let mut read = 0;
    while let Ok(Some(frame)) = read_frame(&mut rest.by_ref()) {
        read += 5 + frame.payload.len();
        let _ = serde_json::from_slice::<Message>(&frame.payload);
    }
    assert!(read <= bytes.len());
}

/// Takes each line of `bytes` for a message of a worker, up to the first that is none or does not
/// hold, and makes documents of them.
///
/// # Panics
/// If a document is made that does not hold.
pub fn messages(bytes: &[u8]) {
    for format in [Format::PlainText, Format::Pdf] {
        let mut collector = Collector::new(format, TEXT_BYTES);
        for line in bytes.split(|&byte| byte == b'\n') {
            let _ = serde_json::from_slice::<Request>(line);
            let Ok(message) = serde_json::from_slice(line) else { break };
            if collector.take(message).is_err() {
                break;
            }
        }
        if let Ok(document) = collector.finish(Some("cut".to_owned())) {
            check_document(&document);
        }
    }
}

/// What every document keeps, whatever it was made from.
pub(crate) fn check_document(document: &DocumentText) {
    let ends_a_block = |end| document.blocks.iter().any(|block| block.span.end == end);
    assert!(document.metadata.article_end.is_none_or(ends_a_block));
    let mut after = 0;
    for block in &document.blocks {
        assert!(block.span.start >= after && block.span.start < block.span.end, "{block:?}");
        assert!(block.span.of(&document.text).is_some(), "{block:?}");
        after = block.span.end;
        check_place(&block.place, block.span, &document.text);
    }
}

fn check_place(place: &Place, block: Span, text: &str) {
    match place {
        Place::Lines { first, last, runs } => {
            assert!(*first >= 1 && first <= last);
            for run in runs {
                assert!(
                    block.contains(run.span) && run.span.of(text).is_some() && run.file_start <= run.file_end
                );
            }
        }
        Place::Page { width, height, boxes, .. } => {
            for TextBox { span, rect } in boxes {
                assert!(block.contains(*span) && span.of(text).is_some());
                assert!(rect.x0 >= 0.0 && rect.x1 <= *width && rect.y0 >= 0.0 && rect.y1 <= *height);
            }
        }
        Place::Member { place, .. } => check_place(place, block, text),
        _ => {}
    }
}
