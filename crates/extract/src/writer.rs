//! Puts blocks one after the other into the canonical text and passes both on in pieces, so that a
//! large document never stands twice in memory.

use crate::message::{Message, Scan, Sink, Stop};
use crate::script::floor_char;
use docent_corpus::{Block, BlockKind, Metadata, Place, Run, SourceWarning, Span, TextBox};
use std::time::{Duration, Instant};

/// How much text is gathered before it is passed on, in bytes. What is gathered is lost when the
/// process dies, so this and the next two are small. Measured on 200,000 short blocks,
/// the worker computes as long (about 1 s) as with pieces of 1 MB and 4096 blocks.
const PIECE_BYTES: usize = 64 << 10;
/// How many blocks are gathered before they are passed on.
const PIECE_BLOCKS: usize = 32;
/// How long blocks are gathered before they are passed on: what was slow to read is not lost.
const PIECE_TIME: Duration = Duration::from_millis(100);
/// Longest piece of text in one message, in bytes.
const MESSAGE_BYTES: usize = 1 << 20;
/// A first heading longer than this many characters is no title.
const TITLE_CHARS: usize = 200;

/// Writes the blocks of one document.
pub(crate) struct BlockWriter<'s> {
    sink: &'s mut dyn Sink,
    /// What the document says of itself; readers fill it in, `finish` passes it on.
    pub(crate) metadata: Metadata,
    limit: usize,
    written: usize,
    text: String,
    blocks: Vec<Block>,
    after: Option<BlockKind>,
    first_heading: Option<String>,
    /// Whether the first heading may be what the document is called.
    heading_is_title: bool,
    /// Whether files within the file have pages without text.
    has_scans: bool,
    /// When something was passed on at last.
    passed_on: Instant,
}

impl<'s> BlockWriter<'s> {
    /// A writer that stops after `limit` bytes of text.
    pub(crate) fn new(sink: &'s mut dyn Sink, limit: u64) -> Self {
        Self {
            sink,
            metadata: Metadata::default(),
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            written: 0,
            text: String::new(),
            blocks: Vec::new(),
            after: None,
            first_heading: None,
            heading_is_title: true,
            has_scans: false,
            passed_on: Instant::now(),
        }
    }

    /// Says that headings name parts of the document and never all of it.
    pub(crate) fn headings_name_parts(&mut self) {
        self.heading_is_title = false;
    }

    /// Whether nothing was written so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.after.is_none()
    }

    /// Whether files within the file have pages without text, which may be recognised later.
    pub(crate) fn has_scans(&self) -> bool {
        self.has_scans
    }

    /// How many bytes of text were written.
    pub(crate) fn written(&self) -> usize {
        self.written
    }

    /// How many bytes of text may still be written.
    pub(crate) fn room(&self) -> u64 {
        self.limit.saturating_sub(self.written) as u64
    }

    /// Tells that the work goes on.
    pub(crate) fn alive(&mut self) -> Result<(), Stop> {
        Ok(self.sink.send(Message::Alive)?)
    }

    /// Appends one block. `place` counts its runs from the block's first byte. An empty block is
    /// left out.
    ///
    /// # Errors
    /// [`Stop::Full`] when the text does not fit any more; what fits has been written.
    pub(crate) fn push(&mut self, kind: BlockKind, text: &str, place: Place) -> Result<(), Stop> {
        if text.is_empty() {
            return Ok(());
        }
        let separator = match (&self.after, &kind) {
            (None, _) => "",
            (Some(BlockKind::ListItem { .. }), BlockKind::ListItem { .. }) => "\n",
            _ => "\n\n",
        };
        let room = self.limit.saturating_sub(self.written + separator.len());
        let fits = floor_char(text, room);
        if fits == 0 {
            return Err(Stop::Full);
        }
        self.text.push_str(separator);
        self.written += separator.len();
        let start = self.written;
        self.text.push_str(&text[..fits]);
        self.written += fits;
        if self.first_heading.is_none()
            && matches!(kind, BlockKind::Heading { .. })
            && text.chars().count() <= TITLE_CHARS
        {
            self.first_heading = Some(text.to_owned());
        }
        let place = shifted(place, start, fits);
        self.blocks.push(Block { kind: kind.clone(), span: Span::new(start, self.written), place });
        self.after = Some(kind);
        let enough = self.text.len() >= PIECE_BYTES || self.blocks.len() >= PIECE_BLOCKS;
        if enough || self.passed_on.elapsed() >= PIECE_TIME {
            self.flush()?;
        }
        if fits < text.len() { Err(Stop::Full) } else { Ok(()) }
    }

    /// Passes on that pages of a file within the file have no text.
    pub(crate) fn scan(&mut self, scan: Scan) -> Result<(), Stop> {
        self.has_scans = true;
        Ok(self.sink.send(Message::Scan(scan))?)
    }

    /// Passes a warning on.
    pub(crate) fn warn(&mut self, warning: SourceWarning) -> Result<(), Stop> {
        Ok(self.sink.send(Message::Warning(warning))?)
    }

    /// Passes on what is left, and the metadata. The first heading stands in for a missing title, where
    /// headings are not only names of parts.
    pub(crate) fn finish(mut self) -> Result<(), Stop> {
        self.flush()?;
        if self.metadata.title.is_none() && self.heading_is_title {
            self.metadata.title = self.first_heading.take();
        }
        Ok(self.sink.send(Message::Metadata(self.metadata))?)
    }

    fn flush(&mut self) -> Result<(), Stop> {
        self.passed_on = Instant::now();
        let mut rest = std::mem::take(&mut self.text);
        while rest.len() > 2 * MESSAGE_BYTES {
            let tail = rest.split_off(floor_char(&rest, MESSAGE_BYTES));
            self.sink.send(Message::Text(rest))?;
            rest = tail;
        }
        if !rest.is_empty() {
            self.sink.send(Message::Text(rest))?;
        }
        if !self.blocks.is_empty() {
            self.sink.send(Message::Blocks(std::mem::take(&mut self.blocks)))?;
        }
        Ok(())
    }
}

/// Moves what a place says of the block's text to where the block stands, and leaves out what lies
/// behind `len`.
fn shifted(place: Place, by: usize, len: usize) -> Place {
    map_spans(place, &|span| (span.end <= len).then(|| Span::new(span.start + by, span.end + by)))
}

/// The same place in a text that begins `by` bytes further on.
pub(crate) fn moved(place: Place, by: usize) -> Place {
    map_spans(place, &|span| Some(Span::new(span.start + by, span.end + by)))
}

/// The same place for a block that is taken out of its document: spans count from `start`, where the
/// block begins there.
pub(crate) fn relative(place: Place, start: usize) -> Place {
    map_spans(place, &|span| (span.start >= start).then(|| Span::new(span.start - start, span.end - start)))
}

/// The same place without anything that it says of single words.
pub(crate) fn bare(place: Place) -> Place {
    map_spans(place, &|_| None)
}

/// Replaces the spans of a place, or leaves out what stands there.
fn map_spans(place: Place, map: &dyn Fn(Span) -> Option<Span>) -> Place {
    match place {
        Place::Lines { first, last, runs } => {
            let runs = runs.into_iter().filter_map(|run| Some(Run { span: map(run.span)?, ..run })).collect();
            Place::Lines { first, last, runs }
        }
        Place::Page { page, label, width, height, boxes } => {
            let boxes = boxes
                .into_iter()
                .filter_map(|word| Some(TextBox { span: map(word.span)?, ..word }))
                .collect();
            Place::Page { page, label, width, height, boxes }
        }
        Place::Member { path, place } => Place::Member { path, place: Box::new(map_spans(*place, map)) },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Told;

    fn lines() -> Place {
        Place::Lines { first: 1, last: 1, runs: Vec::new() }
    }

    #[test]
    fn items_follow_each_other_closely_and_paragraphs_do_not() {
        let mut told = Told::default();
        let mut writer = BlockWriter::new(&mut told, 1000);
        let item = BlockKind::ListItem { depth: 0 };
        writer.push(BlockKind::Heading { level: 1 }, "标题", lines()).unwrap();
        writer.push(item.clone(), "one", lines()).unwrap();
        writer.push(item, "two", lines()).unwrap();
        writer.push(BlockKind::Paragraph, "end", lines()).unwrap();
        writer.finish().unwrap();
        let Message::Text(text) = &told.0[0] else { panic!("{:?}", told.0[0]) };
        assert_eq!(text, "标题\n\none\ntwo\n\nend");
        let Message::Blocks(blocks) = &told.0[1] else { panic!("{:?}", told.0[1]) };
        let cut: Vec<_> = blocks.iter().filter_map(|block| block.span.of(text)).collect();
        assert_eq!(cut, ["标题", "one", "two", "end"]);
        let Message::Metadata(metadata) = &told.0[2] else { panic!("{:?}", told.0[2]) };
        assert_eq!(metadata.title.as_deref(), Some("标题"));
    }

    #[test]
    fn little_is_held_back() {
        let mut told = Told::default();
        let mut writer = BlockWriter::new(&mut told, 1 << 20);
        for _ in 0..1000 {
            writer.push(BlockKind::Paragraph, "字", lines()).unwrap();
        }
        std::thread::sleep(PIECE_TIME);
        writer.push(BlockKind::Paragraph, "slow", lines()).unwrap();
        // Neither ended nor finished: the process might have died here.
        drop(writer);
        let text: String = told
            .0
            .iter()
            .filter_map(|message| match message {
                Message::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let blocks: usize = told
            .0
            .iter()
            .map(|message| match message {
                Message::Blocks(blocks) => blocks.len(),
                _ => 0,
            })
            .sum();
        assert!(text.ends_with("字\n\nslow"));
        assert_eq!(blocks, 1001);
    }

    #[test]
    fn the_limit_cuts_on_a_character_border() {
        let mut told = Told::default();
        let mut writer = BlockWriter::new(&mut told, 7);
        assert!(matches!(writer.push(BlockKind::Paragraph, "中文文字", lines()), Err(Stop::Full)));
        writer.finish().unwrap();
        let Message::Text(text) = &told.0[0] else { panic!("{:?}", told.0[0]) };
        assert_eq!(text, "中文");
    }
}
