//! Takes what a reader tells, checks all of it, and makes the document. A worker has touched a
//! stranger's file, so nothing it says is believed: lengths, spans, character borders, order, pages
//! and numbers are checked before they are used.

mod check;

pub(crate) use check::{ELEMENT_BYTES, MAX_NESTING, Untrue, check_drawing, ensure};

use crate::assemble;
use crate::message::{Failure, Message, OutlineEntry, PageText};
use crate::recognize::beside;
use crate::scans::Scans;
use check::{check_block, check_page};
use docent_corpus::{Block, BlockKind, DocumentText, Format, Metadata, SourceWarning};
use std::collections::HashSet;

/// Most warnings kept of one document.
const MAX_WARNINGS: usize = 10_000;
/// Longest title, author or date kept, in characters.
const METADATA_CHARS: usize = 500;
/// Most tags and links kept of one document.
const MAX_NAMES: usize = 10_000;

/// The document so far.
#[derive(Debug)]
pub(crate) struct Collector {
    format: Format,
    limit: usize,
    text: String,
    blocks: Vec<Block>,
    pages: Vec<PageText>,
    page_bytes: usize,
    page_count: Option<u32>,
    next_page: u32,
    outline: Vec<OutlineEntry>,
    metadata: Metadata,
    /// Whether the reader told any metadata: it came to its end, or has pages.
    has_metadata: bool,
    warnings: Vec<SourceWarning>,
    full: bool,
    awaits_recognition: bool,
    /// Pages without text that wait for recognition.
    waiting: u32,
    scans: Scans,
}

impl Collector {
    /// An empty document that takes at most `limit` bytes of text.
    pub(crate) fn new(format: Format, limit: u64) -> Self {
        Self {
            format,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            text: String::new(),
            blocks: Vec::new(),
            pages: Vec::new(),
            page_bytes: 0,
            page_count: None,
            next_page: 0,
            outline: Vec::new(),
            metadata: Metadata::default(),
            has_metadata: false,
            warnings: Vec::new(),
            full: false,
            awaits_recognition: false,
            waiting: 0,
            scans: Scans::default(),
        }
    }

    /// How many pages were dealt with, and how many there are.
    /// Pages that wait for recognition do not count.
    pub(crate) fn progress(&self) -> Option<(u32, Option<u32>)> {
        self.page_count.map(|_| (self.next_page.saturating_sub(self.waiting), self.page_count))
    }

    /// From now on pages without text wait for recognition, in a file of `size` bytes.
    pub(crate) fn await_recognition(&mut self, size: u64) {
        self.awaits_recognition = true;
        self.scans.await_recognition(self.format, size);
    }

    /// Whether there are files within the document whose pages wait for recognition.
    pub(crate) fn has_scans(&self) -> bool {
        self.scans.pages().next().is_some()
    }

    /// The pages of files within the document that wait for recognition, each with the position of its
    /// file.
    pub(crate) fn pages_of_scans(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.scans.pages()
    }

    /// The numbers of these files.
    pub(crate) fn scanned_members(&self) -> Vec<u32> {
        self.scans.members()
    }

    /// Takes a recognised page of the file at this position.
    pub(crate) fn recognized_in_scan(&mut self, scan: usize, page: PageText) -> Result<(), Untrue> {
        check_page(&page)?;
        self.scans.recognized(scan, page)
    }

    /// One of the waiting pages is dealt with.
    pub(crate) fn page_is_done(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// How much was read, for choosing the better of two attempts.
    pub(crate) fn amount(&self) -> usize {
        self.text.len() + self.page_bytes
    }

    /// What was read only in part so far.
    pub(crate) fn warnings(&self) -> &[SourceWarning] {
        &self.warnings
    }

    /// Takes one thing told.
    pub(crate) fn take(&mut self, message: Message) -> Result<(), Untrue> {
        match message {
            Message::Alive => Ok(()),
            Message::Opened { pages, outline } => self.opened(pages, outline),
            Message::Text(piece) => {
                ensure(self.text.len() + piece.len() <= self.limit, "more text than allowed")?;
                self.text.push_str(&piece);
                Ok(())
            }
            Message::Blocks(blocks) => blocks.into_iter().try_for_each(|block| self.block(block)),
            Message::Page(page) => self.page(page),
            Message::Warning(warning) => self.warning(warning),
            Message::Scan(scan) => self.scans.take(scan),
            Message::Metadata(metadata) => {
                self.has_metadata = true;
                self.metadata = Metadata {
                    title: short(metadata.title),
                    author: short(metadata.author),
                    date: short(metadata.date),
                    modified: short(metadata.modified),
                    language: short(metadata.language),
                    tags: names(metadata.tags),
                    links: names(metadata.links),
                    pages: self.page_count.or(metadata.pages),
                    article_end: metadata.article_end.filter(|end| self.ends_a_block(*end)),
                };
                Ok(())
            }
            Message::Hello { .. }
            | Message::Picture { .. }
            | Message::Drawn { .. }
            | Message::Done
            | Message::Failed(_) => Err(Untrue("a message out of place".to_owned())),
        }
    }

    fn opened(&mut self, pages: u32, outline: Vec<OutlineEntry>) -> Result<(), Untrue> {
        ensure(self.page_count.is_none(), "opened twice")?;
        ensure(outline.iter().all(|entry| (1..=6).contains(&entry.level)), "outline level")?;
        self.page_count = Some(pages);
        self.outline = outline;
        Ok(())
    }

    fn ends_a_block(&self, end: usize) -> bool {
        self.blocks.binary_search_by_key(&end, |block| block.span.end).is_ok()
    }

    fn block(&mut self, block: Block) -> Result<(), Untrue> {
        let after = self.blocks.last().map_or(0, |last| last.span.end);
        check_block(&block, &self.text, after)?;
        self.blocks.push(block);
        Ok(())
    }

    fn page(&mut self, page: PageText) -> Result<(), Untrue> {
        self.reach_page(page.index)?;
        check_page(&page)?;
        let bytes: usize = page.lines.iter().map(|line| line.text.len()).sum();
        if self.full || self.page_bytes + bytes > self.limit {
            self.fill();
            return Ok(());
        }
        self.page_bytes += bytes;
        self.pages.push(page);
        Ok(())
    }

    /// Notes that `page` is dealt with: pages come in order, each at most once.
    fn reach_page(&mut self, page: u32) -> Result<(), Untrue> {
        ensure(page >= self.next_page && self.page_count.is_some_and(|count| page < count), "page number")?;
        self.next_page = page + 1;
        Ok(())
    }

    fn warning(&mut self, warning: SourceWarning) -> Result<(), Untrue> {
        if let SourceWarning::PageWithoutText { page } | SourceWarning::PageFailed { page, .. } = &warning
            && self.page_count.is_some()
        {
            // The page may have been told already, with no more than the marks on a scan.
            let is_marked = matches!(warning, SourceWarning::PageWithoutText { .. })
                && self.next_page == page.saturating_add(1)
                && self.pages.last().is_some_and(|last| last.index == *page)
                && self.without_text(*page).is_none();
            if !is_marked {
                self.reach_page(*page)?;
            }
            if self.awaits_recognition && matches!(warning, SourceWarning::PageWithoutText { .. }) {
                self.waiting += 1;
            }
        }
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(warning);
        }
        Ok(())
    }

    /// The finished document; `cut` says why it ends early, if it does.
    ///
    /// # Errors
    /// [`Failure::NoText`] when nothing readable was found, [`Failure::Damaged`] when every page failed.
    pub(crate) fn finish(mut self, cut: Option<String>) -> Result<DocumentText, Failure> {
        if let Some(reason) = cut {
            self.warnings.push(SourceWarning::Truncated { reason });
        }
        if self.page_count.is_some() {
            self.assemble();
        }
        self.write_scans();
        let readable = self.blocks.iter().any(|block| block.kind != BlockKind::Furniture);
        if !readable {
            return Err(self.nothing());
        }
        // Readers that write blocks say themselves what a heading names, if they come to their end.
        if self.metadata.title.is_none() && (self.page_count.is_some() || !self.has_metadata) {
            self.metadata.title = self.first_heading();
        }
        Ok(DocumentText {
            format: self.format,
            text: self.text,
            blocks: self.blocks,
            metadata: self.metadata,
            warnings: self.warnings,
        })
    }

    /// The pages that have no usable text, in order; their text may be recognised.
    pub(crate) fn pages_without_text(&self) -> Vec<u32> {
        let without = self.warnings.iter().filter_map(|warning| match warning {
            SourceWarning::PageWithoutText { page } if self.page_count.is_some() => Some(*page),
            _ => None,
        });
        without.collect()
    }

    /// Puts a page whose text was recognised in its place, and says so instead of that it has none.
    pub(crate) fn recognized(&mut self, page: PageText, confidence: u8) -> Result<(), Untrue> {
        check_page(&page)?;
        let index = page.index;
        let at = self.pages.partition_point(|known| known.index < index);
        let warning = self.without_text(index).ok_or_else(|| Untrue("page number".to_owned()))?;
        *warning = SourceWarning::PageRecognized { page: index, confidence: confidence.min(100) };
        let is_marked = self.pages.get(at).is_some_and(|known| known.index == index);
        let page = if is_marked { beside(&self.pages[at], page) } else { page };
        let bytes: usize = page.lines.iter().map(|line| line.text.len()).sum();
        if self.full || self.page_bytes + bytes > self.limit {
            self.fill();
            return Ok(());
        }
        self.page_bytes += bytes;
        if is_marked {
            self.pages[at].lines.extend(page.lines);
        } else {
            self.pages.insert(at, page);
        }
        Ok(())
    }

    /// Notes that a page without text could not even be drawn.
    pub(crate) fn page_failed(&mut self, page: u32, reason: String) {
        if let Some(warning) = self.without_text(page) {
            *warning = SourceWarning::PageFailed { page, reason };
        }
    }

    fn without_text(&mut self, page: u32) -> Option<&mut SourceWarning> {
        self.warnings.iter_mut().find(
            |warning| matches!(warning, SourceWarning::PageWithoutText { page: known } if *known == page),
        )
    }

    /// Notes that no more text is taken.
    fn fill(&mut self) {
        if !self.full {
            let reason = format!("only the first {} MB of text were kept", self.limit >> 20);
            self.warnings.push(SourceWarning::Truncated { reason });
        }
        self.full = true;
    }

    fn assemble(&mut self) {
        self.metadata.pages = self.page_count;
        let (text, blocks) = assemble::assemble(&self.pages, &self.outline);
        self.text = text;
        self.blocks = blocks;
    }

    /// Appends what was recognised in files within the document.
    fn write_scans(&mut self) {
        for scan in std::mem::take(&mut self.scans).into_documents() {
            if self.text.len() + scan.text.len() + 2 > self.limit {
                return self.fill();
            }
            scan.append(&mut self.text, &mut self.blocks, &mut self.warnings);
        }
    }

    fn nothing(&self) -> Failure {
        let failed = self.warnings.iter().find_map(|warning| match warning {
            SourceWarning::PageFailed { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        match failed {
            Some(reason) if self.pages.iter().all(|page| page.lines.is_empty()) => Failure::Damaged(reason),
            _ => Failure::NoText,
        }
    }

    fn first_heading(&self) -> Option<String> {
        let heading = self.blocks.iter().find(|block| matches!(block.kind, BlockKind::Heading { .. }))?;
        short(heading.span.of(&self.text).map(str::to_owned))
    }
}

/// One line of at most [`METADATA_CHARS`] characters, or nothing.
fn short(text: Option<String>) -> Option<String> {
    let text = text?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String =
        words.join(" ").chars().filter(|c| !crate::script::is_dropped(*c)).take(METADATA_CHARS).collect();
    (!line.is_empty()).then_some(line)
}

/// Names as they are stored: short, each once, not too many.
fn names(names: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let short = names.into_iter().filter_map(|name| short(Some(name)));
    short.filter(|name| seen.insert(name.clone())).take(MAX_NAMES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Line, Word};
    use docent_corpus::{Place, Span};

    fn block(start: usize, end: usize) -> Block {
        Block {
            kind: BlockKind::Paragraph,
            span: Span { start, end },
            place: Place::Lines { first: 1, last: 1, runs: Vec::new() },
        }
    }

    fn told(messages: Vec<Message>) -> Result<(), Untrue> {
        let mut collector = Collector::new(Format::PlainText, 100);
        messages.into_iter().try_for_each(|message| collector.take(message))
    }

    #[test]
    fn spans_that_lie_are_found() {
        let text = || Message::Text("中文 text".to_owned());
        assert_eq!(told(vec![text(), Message::Blocks(vec![block(0, 6), block(7, 11)])]), Ok(()));
        for (blocks, what) in [
            (vec![block(0, 4)], "span of a block"),
            (vec![block(0, 99)], "span of a block"),
            (vec![block(3, 6), block(0, 3)], "order of blocks"),
            (vec![block(0, 6), block(3, 11)], "order of blocks"),
            (vec![block(3, 3)], "order of blocks"),
        ] {
            assert_eq!(told(vec![text(), Message::Blocks(blocks)]), Err(Untrue(what.to_owned())));
        }
    }

    #[test]
    fn more_text_than_allowed_is_refused() {
        assert!(told(vec![Message::Text("x".repeat(101))]).is_err());
    }

    fn page(index: u32, word: Word) -> Message {
        let line = Line {
            text: "中文".to_owned(),
            words: vec![word],
            size: 10.0,
            bold: false,
            mono: false,
            hyphen: false,
            ..Line::default()
        };
        Message::Page(PageText {
            index,
            label: None,
            width: 100.0,
            height: 100.0,
            lines: vec![line],
            rules: Vec::new(),
        })
    }

    #[test]
    fn marks_on_a_scan_stay_beside_what_is_recognised() {
        let mut collector = Collector::new(Format::Pdf, 1000);
        let mark = Word { start: 0, end: 6, rect: [10.0, 2.0, 30.0, 8.0] };
        let without = || Message::Warning(SourceWarning::PageWithoutText { page: 0 });
        collector.take(Message::Opened { pages: 2, outline: Vec::new() }).unwrap();
        collector.take(page(0, mark)).unwrap();
        collector.take(without()).unwrap();
        assert!(collector.take(without()).is_err());
        assert_eq!(collector.pages_without_text(), [0]);
        let Message::Page(mut read) = page(0, mark) else { panic!() };
        let below = Word { rect: [10.0, 40.0, 60.0, 50.0], ..mark };
        read.lines.push(Line { words: vec![below], ..read.lines[0].clone() });
        collector.recognized(read, 90).unwrap();
        assert_eq!(collector.pages[0].lines.len(), 2);
        assert_eq!(collector.amount(), 12);
        assert!(collector.take(page(0, mark)).is_err());
    }

    #[test]
    fn pages_come_in_order_and_words_stand_on_them() {
        let open = || Message::Opened { pages: 2, outline: Vec::new() };
        let good = Word { start: 0, end: 3, rect: [0.0, 0.0, 10.0, 10.0] };
        assert_eq!(told(vec![open(), page(0, good), page(1, good)]), Ok(()));
        assert!(told(vec![page(0, good)]).is_err());
        assert!(told(vec![open(), page(1, good), page(0, good)]).is_err());
        assert!(told(vec![open(), page(2, good)]).is_err());
        for bad in [
            Word { end: 2, ..good },
            Word { end: 7, ..good },
            Word { rect: [0.0, 0.0, f32::NAN, 1.0], ..good },
            Word { rect: [0.0, 0.0, 101.0, 1.0], ..good },
            Word { rect: [5.0, 0.0, 1.0, 1.0], ..good },
        ] {
            assert!(told(vec![open(), page(0, bad)]).is_err(), "{bad:?}");
        }
    }
}
