//! Arbitrary and damaged input for what stands between a stranger's bytes and a document, apart from
//! the readers (`read/fuzz.rs`): frames, messages, the collector, the assembling of pages, encodings
//! and the sniffing of types. `DOCENT_FUZZ_CASES` asks for more cases than those of a normal run, and
//! `DOCENT_FUZZ_SEED` for other ones.

use crate::assemble::assemble;
use crate::collect::Collector;
use crate::content::Content;
use crate::frame::{FrameKind, read_frame, write_frame};
use crate::fuzzing::{check_document, decode_bytes};
use crate::message::{Line, Message, OutlineEntry, PageText, Request, Word};
use crate::sniff::{sniff_content, supported_extensions};
use docent_corpus::{
    Block, BlockKind, CellRange, DocumentText, Format, Place, Rect, Run, SourceWarning, Span, TextBox,
};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

/// Cases of one property.
pub(crate) fn cases() -> u32 {
    std::env::var("DOCENT_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

pub(crate) fn settings() -> ProptestConfig {
    // The same cases each time, and other ones for another seed; files of regressions would only pile
    // up beside that.
    let seed = std::env::var("DOCENT_FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    ProptestConfig {
        cases: cases(),
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// A change of bytes.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Set(Index, u8),
    Cut(Index),
    Insert(Index, Vec<u8>),
    Zero(Index, usize),
    Double(Index, usize),
}

pub(crate) fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        4 => (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => any::<Index>().prop_map(Change::Cut),
        1 => (any::<Index>(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => (any::<Index>(), 1usize..200).prop_map(|(at, len)| Change::Zero(at, len)),
        1 => (any::<Index>(), 1usize..200).prop_map(|(at, len)| Change::Double(at, len)),
    ];
    prop::collection::vec(change, 1..6)
}

pub(crate) fn changed(whole: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for change in changes {
        let len = bytes.len();
        if len == 0 {
            break;
        }
        match change {
            Change::Set(at, byte) => bytes[at.index(len)] = *byte,
            Change::Cut(at) => bytes.truncate(at.index(len)),
            Change::Insert(at, new) => {
                bytes.splice(at.index(len)..at.index(len), new.iter().copied());
            }
            Change::Zero(at, count) => {
                bytes[at.index(len)..].iter_mut().take(*count).for_each(|byte| *byte = 0);
            }
            Change::Double(at, count) => {
                let start = at.index(len);
                let copy = bytes[start..len.min(start + count)].to_vec();
                bytes.splice(start..start, copy);
            }
        }
    }
    bytes
}

/// Text in which every kind of character occurs that matters to offsets.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 .,:|<>/&#*=\\-\\n\\t\u{0}\u{7F}éß中文字日本أهلا👩\u{200D}👩\u{FE0F}\u{FEFF}\u{E000}]{0,80}"
}

fn span() -> impl Strategy<Value = Span> {
    (0usize..60, 0usize..60).prop_map(|(start, end)| Span { start, end })
}

fn rect() -> impl Strategy<Value = [f32; 4]> {
    let number = prop_oneof![
        8 => 0.0f32..700.0,
        1 => Just(f32::NAN),
        1 => Just(f32::INFINITY),
        1 => any::<f32>(),
    ];
    prop::array::uniform4(number)
}

fn place() -> impl Strategy<Value = Place> {
    let run = (span(), any::<u64>(), any::<u64>());
    let lines = (0u32..5, 0u32..5, prop::collection::vec(run, 0..3)).prop_map(|(first, last, runs)| {
        let runs =
            runs.into_iter().map(|(span, file_start, file_end)| Run { span, file_start, file_end }).collect();
        Place::Lines { first, last, runs }
    });
    let boxes = prop::collection::vec((span(), rect()), 0..3);
    let page = (any::<u32>(), rect(), boxes).prop_map(|(page, [width, height, ..], boxes)| {
        let boxes =
            boxes.into_iter().map(|(span, [x0, y0, x1, y1])| TextBox { span, rect: Rect { x0, y0, x1, y1 } });
        Place::Page { page, label: None, width, height, boxes: boxes.collect() }
    });
    let cells = (prop::array::uniform4(0u32..9), prop::collection::vec(0u32..9, 0..4)).prop_map(
        |([first_row, first_column, last_row, last_column], rows)| {
            let range = CellRange { first_row, first_column, last_row, last_column };
            Place::Cells { sheet: "表".to_owned(), range, rows }
        },
    );
    let leaf = prop_oneof![
        lines,
        page,
        cells,
        any_text().prop_map(|path| Place::Element { anchor: None, path }),
        any::<u32>().prop_map(|number| Place::Paragraph { number, page: None }),
    ];
    leaf.prop_recursive(10, 10, 1, |inner| {
        inner.prop_map(|place| Place::Member { path: "a/b.txt".to_owned(), place: Box::new(place) })
    })
}

fn page_text(strict: bool) -> impl Strategy<Value = PageText> {
    let line = (
        any_text(),
        prop::collection::vec((0u32..30, 0u32..30, rect()), 0..6),
        0.0f32..40.0,
        any::<[bool; 3]>(),
    );
    (0u32..6, prop::collection::vec(line, 0..12)).prop_map(move |(index, lines)| {
        let lines = lines
            .into_iter()
            .map(|(text, words, size, [bold, mono, hyphen])| {
                let words = if strict {
                    words_of(&text, words.first().map_or([0.0; 4], |(.., rect)| *rect))
                } else {
                    words.into_iter().map(|(start, end, rect)| Word { start, end, rect }).collect()
                };
                Line { text, words, size, bold, mono, hyphen, ..Line::default() }
            })
            .collect();
        PageText { index, label: None, width: 612.0, height: 792.0, lines, rules: Vec::new() }
    })
}

/// Boxes that hold, one per word, somewhere on the page.
fn words_of(text: &str, at: [f32; 4]) -> Vec<Word> {
    let [x, y, ..] = at.map(|number| if number.is_finite() { number.clamp(0.0, 500.0) } else { 0.0 });
    let mut words = Vec::new();
    let mut start = None;
    let mut left = x;
    for (offset, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (start, c.is_whitespace()) {
            (None, false) => start = Some(offset),
            (Some(from), true) => {
                let right = (left + 5.0 * (offset - from) as f32).min(612.0);
                words.push(Word { start: from as u32, end: offset as u32, rect: [left, y, right, y + 10.0] });
                left = right;
                start = None;
            }
            _ => {}
        }
    }
    words
}

fn message() -> impl Strategy<Value = Message> {
    let block = (span(), place(), 0u8..9).prop_map(|(span, place, level)| {
        let kind = match level {
            0 => BlockKind::Paragraph,
            1 => BlockKind::Furniture,
            level => BlockKind::Heading { level },
        };
        Block { kind, span, place }
    });
    prop_oneof![
        3 => any_text().prop_map(Message::Text),
        3 => prop::collection::vec(block, 0..4).prop_map(Message::Blocks),
        2 => page_text(false).prop_map(Message::Page),
        2 => page_text(true).prop_map(Message::Page),
        1 => (0u32..9, 0u8..9, any_text()).prop_map(|(pages, level, title)| Message::Opened {
            pages,
            outline: vec![OutlineEntry { title, level, page: Some(pages) }],
        }),
        1 => (0u32..9).prop_map(|page| Message::Warning(SourceWarning::PageWithoutText { page })),
        1 => Just(()).prop_map(|()| Message::Alive),
        1 => Just(()).prop_map(|()| Message::Done),
    ]
}

/// Told to a collector as a worker would, up to the first thing that does not hold.
fn collect(messages: Vec<Message>) {
    for format in [Format::PlainText, Format::Pdf] {
        let mut collector = Collector::new(format, 500);
        for message in &messages {
            let copy = serde_json::to_vec(message).unwrap();
            // What is no number is no JSON: such a message does not even arrive.
            let Ok(copy) = serde_json::from_slice(&copy) else { break };
            if collector.take(copy).is_err() {
                break;
            }
        }
        if let Ok(document) = collector.finish(Some("cut".to_owned())) {
            check_document(&document);
        }
    }
}

proptest! {
    #![proptest_config(settings())]

    #[test]
    fn any_bytes_are_frames_or_errors(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut from = bytes.as_slice();
        let mut read = 0;
        while let Ok(Some(frame)) = read_frame(&mut from) {
            read += 5 + frame.payload.len();
        }
        prop_assert!(read <= bytes.len());
    }

    #[test]
    fn a_pipe_cut_anywhere_gives_only_whole_frames(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..6),
        cut in any::<Index>(),
    ) {
        let mut pipe = Vec::new();
        for payload in &payloads {
            write_frame(&mut pipe, FrameKind::Json, payload).unwrap();
        }
        let cut = cut.index(pipe.len() + 1);
        let mut from = &pipe[..cut];
        for payload in &payloads {
            match read_frame(&mut from) {
                Ok(Some(frame)) => prop_assert_eq!(&frame.payload, payload),
                Ok(None) => break,
                Err(_) => {
                    prop_assert!(cut < pipe.len());
                    break;
                }
            }
        }
    }

    #[test]
    fn damaged_messages_are_refused_or_checked(message in message(), changes in changes()) {
        let bytes = changed(&serde_json::to_vec(&message).unwrap(), &changes);
        if let Ok(message) = serde_json::from_slice::<Message>(&bytes) {
            collect(vec![Message::Text("words 中文字".to_owned()), message]);
        }
        let _ = serde_json::from_slice::<Request>(&bytes);
    }

    #[test]
    fn whatever_is_told_a_document_holds(messages in prop::collection::vec(message(), 0..10)) {
        collect(messages);
    }

    #[test]
    fn pages_are_assembled_without_losing_a_letter(
        mut pages in prop::collection::vec(page_text(true), 0..5),
        title in any_text(),
    ) {
        for (index, page) in (0..).zip(&mut pages) {
            page.index = index;
        }
        let outline = [OutlineEntry { title, level: 1, page: Some(0) }];
        let (text, blocks) = assemble(&pages, &outline);
        // Letters: the marks of list items become kinds of blocks.
        let count = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
        let told: usize = pages.iter().flat_map(|page| &page.lines).map(|line| count(&line.text)).sum();
        prop_assert!(count(&text) >= told, "{} of {told}: {text:?}", count(&text));
        let document = DocumentText {
            format: Format::Pdf,
            text,
            blocks,
            metadata: docent_corpus::Metadata::default(),
            warnings: Vec::new(),
        };
        check_document(&document);
    }

    #[test]
    fn decoded_characters_know_where_they_stood(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            any_text().prop_map(String::into_bytes),
            any_text().prop_map(|text| encoding_rs::GB18030.encode(&text).0.into_owned()),
            any_text().prop_map(|text| encoding_rs::SHIFT_JIS.encode(&text).0.into_owned()),
            any_text().prop_map(|text| {
                [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
            }),
        ],
        changes in changes(),
        damaged in any::<bool>(),
        complete in any::<bool>(),
    ) {
        let bytes = if damaged { changed(&bytes, &changes) } else { bytes };
        decode_bytes(&bytes, complete);
    }

    #[test]
    fn every_file_is_of_some_type(
        head in prop::sample::select(vec![
            b"".as_slice(), b"PK\x03\x04", b"PK\x05\x06", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", b"%PDF-1.4\n",
            b"\x1F\x8B\x08", b"BM", b"RIFF....WEBP", b"\x89PNG\r\n\x1A\n", b"{\\rtf1", b"From a@b\n", b"\xFF\xFE", b"<html>",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..600),
        extension in prop::sample::select(supported_extensions().to_vec()),
    ) {
        let bytes = [head, &rest].concat();
        let name = format!("文件.{extension}");
        let content = Content::Member { name: &name, bytes: &bytes };
        prop_assert!(sniff_content(&content).is_ok());
    }
}
