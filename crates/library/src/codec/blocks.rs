//! Blocks with their places.

use super::CodecError;
use super::bytes::{Reader, Writer, text};
use super::spans::{read_span, write_span};
use docent_corpus::{Block, BlockKind, Place, Rect, Run, Span, TextBox};

const VERSION: u8 = 1;
/// A kind or place that this version has no own form for is stored as JSON behind this tag.
const AS_JSON: u8 = 255;

/// What the differences of the next block count from.
#[derive(Default)]
struct Before {
    text: u64,
    line: u64,
    page: u64,
    size: [i64; 2],
    path: String,
}

/// The bytes for `blocks`. Fails only if a kind or place of a newer vocabulary cannot become JSON.
pub(crate) fn encode_blocks(blocks: &[Block]) -> serde_json::Result<Vec<u8>> {
    let mut writer = Writer::default();
    writer.byte(VERSION);
    writer.unsigned(blocks.len() as u64);
    let mut before = Before::default();
    for block in blocks {
        write_kind(&mut writer, &block.kind)?;
        let start = block.span.start as u64;
        before.text = write_span(&mut writer, block.span, before.text);
        write_place(&mut writer, &block.place, start, &mut before)?;
    }
    Ok(writer.0)
}

/// The blocks that [`encode_blocks`] was given, lengths on pages rounded to tenths of a point.
pub(crate) fn decode_blocks(bytes: &[u8]) -> Result<Vec<Block>, CodecError> {
    let mut reader = Reader(bytes);
    if reader.byte()? != VERSION {
        return Err(CodecError::Unknown("version"));
    }
    let mut before = Before::default();
    (0..reader.count()?)
        .map(|_| {
            let kind = read_kind(&mut reader)?;
            let span = read_span(&mut reader, before.text)?;
            before.text = span.end as u64;
            let place = read_place(&mut reader, span.start as u64, &mut before)?;
            Ok(Block { kind, span, place })
        })
        .collect()
}

fn write_kind(writer: &mut Writer, kind: &BlockKind) -> serde_json::Result<()> {
    match kind {
        BlockKind::Heading { level } => {
            writer.byte(0);
            writer.byte(*level);
        }
        BlockKind::Paragraph => writer.byte(1),
        BlockKind::ListItem { depth } => {
            writer.byte(2);
            writer.byte(*depth);
        }
        BlockKind::Table { header_rows } => {
            writer.byte(3);
            writer.unsigned(u64::from(*header_rows));
        }
        BlockKind::Code { language } => {
            writer.byte(4);
            writer.optional(language.as_deref());
        }
        BlockKind::Quote => writer.byte(5),
        BlockKind::Furniture => writer.byte(6),
        newer => {
            writer.byte(AS_JSON);
            writer.bytes(&serde_json::to_vec(newer)?);
        }
    }
    Ok(())
}

fn read_kind(reader: &mut Reader<'_>) -> Result<BlockKind, CodecError> {
    Ok(match reader.byte()? {
        0 => BlockKind::Heading { level: reader.byte()? },
        1 => BlockKind::Paragraph,
        2 => BlockKind::ListItem { depth: reader.byte()? },
        3 => BlockKind::Table { header_rows: reader.small("table")? },
        4 => BlockKind::Code { language: reader.optional()? },
        5 => BlockKind::Quote,
        6 => BlockKind::Furniture,
        AS_JSON => serde_json::from_slice(reader.bytes()?).map_err(|_| CodecError::Unknown("kind"))?,
        _ => return Err(CodecError::Unknown("kind")),
    })
}

fn write_place(
    writer: &mut Writer,
    place: &Place,
    start: u64,
    before: &mut Before,
) -> serde_json::Result<()> {
    match place {
        Place::Lines { first, last, runs } => {
            writer.byte(0);
            writer.step(u64::from(*first), before.line);
            writer.step(u64::from(*last), u64::from(*first));
            before.line = u64::from(*last);
            write_runs(writer, runs, start);
        }
        Place::Page { page, label, width, height, boxes } => {
            writer.byte(1);
            writer.step(u64::from(*page), before.page);
            before.page = u64::from(*page);
            writer.optional(label.as_deref());
            let size = [tenths(*width), tenths(*height)];
            for (now, last) in size.iter().zip(before.size) {
                writer.signed(now - last);
            }
            before.size = size;
            write_boxes(writer, boxes, start);
        }
        Place::Element { anchor, path } => {
            writer.byte(2);
            writer.optional(anchor.as_deref());
            let same = common_start(path, &before.path);
            writer.unsigned(same as u64);
            writer.bytes(&path.as_bytes()[same..]);
            before.path.clone_from(path);
        }
        newer => {
            writer.byte(AS_JSON);
            writer.bytes(&serde_json::to_vec(newer)?);
        }
    }
    Ok(())
}

fn read_place(reader: &mut Reader<'_>, start: u64, before: &mut Before) -> Result<Place, CodecError> {
    let line = |value: u64| u32::try_from(value).map_err(|_| CodecError::Unknown("line"));
    Ok(match reader.byte()? {
        0 => {
            let first = reader.step(before.line)?;
            before.line = reader.step(first)?;
            Place::Lines { first: line(first)?, last: line(before.line)?, runs: read_runs(reader, start)? }
        }
        1 => {
            before.page = reader.step(before.page)?;
            let page = u32::try_from(before.page).map_err(|_| CodecError::Unknown("page"))?;
            let label = reader.optional()?;
            for last in &mut before.size {
                *last = last.wrapping_add(reader.signed()?);
            }
            let [width, height] = before.size.map(points);
            Place::Page { page, label, width, height, boxes: read_boxes(reader, start)? }
        }
        2 => {
            let anchor = reader.optional()?;
            let same = reader.unsigned()?;
            let kept = usize::try_from(same).ok().and_then(|same| before.path.get(..same));
            let mut path = kept.ok_or(CodecError::Unknown("path"))?.to_owned();
            path.push_str(&text(reader.bytes()?)?);
            before.path.clone_from(&path);
            Place::Element { anchor, path }
        }
        AS_JSON => serde_json::from_slice(reader.bytes()?).map_err(|_| CodecError::Unknown("place"))?,
        _ => return Err(CodecError::Unknown("place")),
    })
}

fn write_runs(writer: &mut Writer, runs: &[Run], start: u64) {
    writer.unsigned(runs.len() as u64);
    let (mut text, mut file) = (start, 0);
    for run in runs {
        text = write_span(writer, run.span, text);
        writer.step(run.file_start, file);
        // Verbatim UTF-8 has the same length in both; other encodings differ by little.
        writer.step(run.file_end.wrapping_sub(run.file_start), run.span.len() as u64);
        file = run.file_end;
    }
}

fn read_runs(reader: &mut Reader<'_>, start: u64) -> Result<Vec<Run>, CodecError> {
    let (mut text, mut file) = (start, 0);
    (0..reader.count()?)
        .map(|_| {
            let span = read_span(reader, text)?;
            let file_start = reader.step(file)?;
            let file_end = file_start.wrapping_add(reader.step(span.len() as u64)?);
            (text, file) = (span.end as u64, file_end);
            Ok(Run { span, file_start, file_end })
        })
        .collect()
}

/// A box counts its left edge from the right edge before it, its top from the top before it, and its
/// height from the height before it.
fn write_boxes(writer: &mut Writer, boxes: &[TextBox], start: u64) {
    writer.unsigned(boxes.len() as u64);
    let (mut text, mut last) = (start, [0; 4]);
    for TextBox { span, rect } in boxes {
        text = write_span(writer, *span, text);
        let [x0, y0, x1, y1] = [rect.x0, rect.y0, rect.x1, rect.y1].map(tenths);
        writer.signed(x0 - last[2]);
        writer.signed(y0 - last[1]);
        writer.signed(x1 - x0);
        writer.signed((y1 - y0) - (last[3] - last[1]));
        last = [x0, y0, x1, y1];
    }
}

fn read_boxes(reader: &mut Reader<'_>, start: u64) -> Result<Vec<TextBox>, CodecError> {
    let (mut text, mut last) = (start, [0_i64; 4]);
    (0..reader.count()?)
        .map(|_| {
            let span: Span = read_span(reader, text)?;
            text = span.end as u64;
            let x0 = last[2].wrapping_add(reader.signed()?);
            let y0 = last[1].wrapping_add(reader.signed()?);
            let x1 = x0.wrapping_add(reader.signed()?);
            let height = last[3].wrapping_sub(last[1]).wrapping_add(reader.signed()?);
            last = [x0, y0, x1, y0.wrapping_add(height)];
            let [x0, y0, x1, y1] = last.map(points);
            Ok(TextBox { span, rect: Rect { x0, y0, x1, y1 } })
        })
        .collect()
}

/// Points to tenths of a point; not a number becomes 0, infinities the largest value.
fn tenths(points: f32) -> i64 {
    i64::from((f64::from(points) * 10.0).round() as i32)
}

fn points(tenths: i64) -> f32 {
    (tenths as f64 / 10.0) as f32
}

/// How many bytes `path` has in common with the start of `other`, on a character border of both.
fn common_start(path: &str, other: &str) -> usize {
    let same = path.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    (0..=same).rev().find(|at| path.is_char_boundary(*at) && other.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    fn span() -> impl Strategy<Value = Span> {
        prop_oneof![
            (0..5000_usize, 0..300_usize).prop_map(|(start, len)| Span::new(start, start + len)),
            (any::<usize>(), any::<usize>()).prop_map(|(start, end)| Span::new(start, end))
        ]
    }

    fn kind() -> impl Strategy<Value = BlockKind> {
        prop_oneof![
            any::<u8>().prop_map(|level| BlockKind::Heading { level }),
            Just(BlockKind::Paragraph),
            any::<u8>().prop_map(|depth| BlockKind::ListItem { depth }),
            any::<u32>().prop_map(|header_rows| BlockKind::Table { header_rows }),
            option::of(".{0,8}").prop_map(|language| BlockKind::Code { language }),
            Just(BlockKind::Quote),
            Just(BlockKind::Furniture),
        ]
    }

    fn run() -> impl Strategy<Value = Run> {
        (span(), any::<u64>(), any::<u64>()).prop_map(|(span, file_start, file_end)| Run {
            span,
            file_start,
            file_end,
        })
    }

    fn text_box() -> impl Strategy<Value = TextBox> {
        let edge = || -20_000.0..20_000.0_f32;
        (span(), edge(), edge(), edge(), edge())
            .prop_map(|(span, x0, y0, x1, y1)| TextBox { span, rect: Rect { x0, y0, x1, y1 } })
    }

    fn place() -> impl Strategy<Value = Place> {
        prop_oneof![
            (any::<u32>(), any::<u32>(), vec(run(), 0..6)).prop_map(|(first, last, runs)| Place::Lines {
                first,
                last,
                runs
            }),
            (any::<u32>(), option::of(".{0,5}"), 0.0..9999.0_f32, 0.0..9999.0_f32, vec(text_box(), 0..12))
                .prop_map(|(page, label, width, height, boxes)| Place::Page {
                    page,
                    label,
                    width,
                    height,
                    boxes
                }),
            (option::of(".{0,9}"), "[é中a/]{0,12}")
                .prop_map(|(anchor, path)| Place::Element { anchor, path }),
        ]
    }

    fn blocks() -> impl Strategy<Value = Vec<Block>> {
        vec((kind(), span(), place()).prop_map(|(kind, span, place)| Block { kind, span, place }), 0..12)
    }

    /// Replaces every length on a page by 0 and returns the lengths.
    fn take_lengths(blocks: &mut [Block]) -> Vec<f32> {
        let mut lengths = Vec::new();
        for block in blocks {
            if let Place::Page { width, height, boxes, .. } = &mut block.place {
                lengths.extend([std::mem::take(width), std::mem::take(height)]);
                for TextBox { rect, .. } in boxes {
                    let Rect { x0, y0, x1, y1 } =
                        std::mem::replace(rect, Rect { x0: 0.0, y0: 0.0, x1: 0.0, y1: 0.0 });
                    lengths.extend([x0, y0, x1, y1]);
                }
            }
        }
        lengths
    }

    proptest! {
        #[test]
        fn blocks_come_back(mut blocks in blocks()) {
            let mut back = decode_blocks(&encode_blocks(&blocks).unwrap()).unwrap();
            let again = decode_blocks(&encode_blocks(&back).unwrap()).unwrap();
            prop_assert_eq!(&back, &again, "rounding happens once");
            let (before, after) = (take_lengths(&mut blocks), take_lengths(&mut back));
            prop_assert_eq!(&blocks, &back);
            for (before, after) in before.iter().zip(&after) {
                // 0.05 and half a unit in the last place of an f32 at 20,000.
                prop_assert!((before - after).abs() <= 0.051, "{} became {}", before, after);
            }
            prop_assert_eq!(before.len(), after.len());
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = decode_blocks(&bytes);
            let _ = decode_blocks(&[&[VERSION][..], &bytes].concat());
        }

        #[test]
        fn a_damaged_byte_never_panics(blocks in blocks(), at: prop::sample::Index, value: u8) {
            let mut bytes = encode_blocks(&blocks).unwrap();
            let at = at.index(bytes.len());
            bytes[at] = value;
            let _ = decode_blocks(&bytes);
            let _ = decode_blocks(&bytes[..at]);
        }
    }

    #[test]
    fn lengths_that_are_no_numbers_are_kept_finite() {
        let rect = Rect { x0: f32::NAN, y0: f32::NEG_INFINITY, x1: f32::INFINITY, y1: 1.0 };
        let place = Place::Page {
            page: 0,
            label: None,
            width: f32::NAN,
            height: 792.0,
            boxes: vec![TextBox { span: Span::new(0, 1), rect }],
        };
        let bytes =
            encode_blocks(&[Block { kind: BlockKind::Paragraph, span: Span::new(0, 1), place }]).unwrap();
        let mut back = decode_blocks(&bytes).unwrap();
        assert!(take_lengths(&mut back).iter().all(|length| length.is_finite()));
    }

    #[test]
    fn a_page_of_words_takes_few_bytes_per_word() {
        let word = |n: usize| {
            let (row, column) = (n / 12, n % 12);
            let (x0, y0) = (72.0 + column as f32 * 39.7, 72.0 + row as f32 * 14.2);
            TextBox { span: Span::new(n * 7, n * 7 + 6), rect: Rect { x0, y0, x1: x0 + 36.1, y1: y0 + 11.3 } }
        };
        let place = Place::Page {
            page: 3,
            label: None,
            width: 612.0,
            height: 792.0,
            boxes: (0..500).map(word).collect(),
        };
        let blocks = [Block { kind: BlockKind::Paragraph, span: Span::new(0, 3500), place }];
        let bytes = encode_blocks(&blocks).unwrap().len();
        let json = serde_json::to_vec(&blocks).unwrap().len();
        assert!(bytes < 500 * 9, "{bytes} bytes");
        assert!(bytes * 10 < json, "{bytes} bytes against {json}");
    }
}
