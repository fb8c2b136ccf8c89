//! Scans and pictures within a document, in archives and mail: their pages are recognised when all
//! else has been read, and stand at its end.

use crate::assemble::assemble;
use crate::collect::{ELEMENT_BYTES, MAX_NESTING, Untrue, ensure};
use crate::message::{PageText, Scan};
use crate::script::is_dropped;
use crate::writer::moved;
use docent_corpus::{Block, BlockKind, Format, Place, SourceWarning, Span};

/// Most pages that are recognised of files within one file: it is gone through again for each.
const MAX_PAGES: usize = 200;
/// The largest file that is gone through again, in bytes.
const FILE_BYTES: u64 = 256 << 20;
/// The same for a mailbox, of which every message is taken apart again.
const MAILBOX_BYTES: u64 = 32 << 20;

/// The scans of one document.
#[derive(Debug, Default)]
pub(crate) struct Scans {
    /// How many pages are still taken.
    room: usize,
    scans: Vec<(Scan, Vec<PageText>)>,
}

/// What was recognised of one scan.
#[derive(Debug)]
pub(crate) struct Recognized {
    scan: Scan,
    complete: bool,
    pub(crate) text: String,
    blocks: Vec<Block>,
}

impl Scans {
    /// Takes scans from now on, if the document is one that can be gone through again soon.
    pub(crate) fn await_recognition(&mut self, format: Format, size: u64) {
        let most = if format == Format::Mbox { MAILBOX_BYTES } else { FILE_BYTES };
        self.room = if size <= most { MAX_PAGES } else { 0 };
    }

    /// Takes what a worker tells.
    pub(crate) fn take(&mut self, mut scan: Scan) -> Result<(), Untrue> {
        let ordered = scan.pages.windows(2).all(|pair| pair[0] < pair[1]);
        let named = scan.path.iter().all(|name| name.len() <= ELEMENT_BYTES);
        let depth = (1..=MAX_NESTING).contains(&scan.path.len()) && (1..=6).contains(&scan.level);
        ensure(ordered && named && depth, "a scan within the file")?;
        scan.pages.truncate(self.room);
        self.room -= scan.pages.len();
        if !scan.pages.is_empty() {
            self.scans.push((scan, Vec::new()));
        }
        Ok(())
    }

    /// The pages to recognise, each with the position of its scan.
    pub(crate) fn pages(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        let scans = self.scans.iter().enumerate();
        scans.flat_map(|(at, (scan, _))| scan.pages.iter().map(move |page| (at, *page)))
    }

    /// The number of each scan in the order of reading.
    pub(crate) fn members(&self) -> Vec<u32> {
        self.scans.iter().map(|(scan, _)| scan.member).collect()
    }

    /// Takes a recognised page.
    pub(crate) fn recognized(&mut self, at: usize, page: PageText) -> Result<(), Untrue> {
        let (scan, pages) = self.scans.get_mut(at).ok_or_else(|| Untrue("a scan".to_owned()))?;
        ensure(scan.pages.contains(&page.index), "page number")?;
        ensure(pages.iter().all(|known| known.index != page.index), "page number")?;
        pages.push(page);
        Ok(())
    }

    /// The scans in which something was recognised, as documents.
    pub(crate) fn into_documents(self) -> impl Iterator<Item = Recognized> {
        self.scans.into_iter().filter(|(_, pages)| !pages.is_empty()).map(|(scan, mut pages)| {
            pages.sort_by_key(|page| page.index);
            let complete = pages.len() == scan.pages.len();
            let (text, blocks) = assemble(&pages, &[]);
            Recognized { scan, complete, text, blocks }
        })
    }
}

impl Recognized {
    /// Takes back what was said of files that have text now: of those around the scan, and of the scan
    /// itself if no page of it is missing.
    fn take_back(&self, warnings: &mut Vec<SourceWarning>) {
        let own = self.scan.path.len();
        let last = if self.complete { own } else { own - 1 };
        let files: Vec<String> = (1..=last).map(|count| self.scan.path[..count].join("/")).collect();
        warnings.retain(|warning| {
            !matches!(warning, SourceWarning::MemberFailed { path, reason }
                if reason.contains("no readable text") && files.contains(path))
        });
    }

    /// Appends the heading and the blocks to a document.
    pub(crate) fn append(
        self,
        text: &mut String,
        blocks: &mut Vec<Block>,
        warnings: &mut Vec<SourceWarning>,
    ) {
        self.take_back(warnings);
        let Some(first) = self.blocks.first().map(|block| block.place.clone()) else { return };
        let name = self.scan.path.last().map(String::as_str).unwrap_or_default();
        let name: String = name.chars().filter(|c| !is_dropped(*c)).collect();
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        if !name.is_empty() {
            let start = begin(text);
            text.push_str(&name);
            let place = within(&self.scan.path, crate::writer::bare(first));
            let kind = BlockKind::Heading { level: self.scan.level };
            blocks.push(Block { kind, span: Span::new(start, text.len()), place });
        }
        let start = begin(text);
        text.push_str(&self.text);
        blocks.extend(self.blocks.into_iter().map(|block| Block {
            span: Span::new(block.span.start + start, block.span.end + start),
            place: within(&self.scan.path, moved(block.place, start)),
            kind: crate::read::below(block.kind, self.scan.level),
        }));
    }
}

/// Begins a block; where it starts.
fn begin(text: &mut String) -> usize {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.len()
}

/// A place in files that lie within each other.
fn within(path: &[String], place: Place) -> Place {
    path.iter().rev().fold(place, |place, name| Place::Member { path: name.clone(), place: Box::new(place) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Line, Word};

    fn page(index: u32) -> PageText {
        let word = Word { start: 0, end: 5, rect: [10.0, 300.0, 60.0, 312.0] };
        let line = Line {
            text: "Words".to_owned(),
            words: vec![word],
            size: 10.0,
            bold: false,
            mono: false,
            hyphen: false,
            ..Line::default()
        };
        PageText { index, label: None, width: 600.0, height: 800.0, lines: vec![line], rules: Vec::new() }
    }

    fn scan(pages: &[u32]) -> Scan {
        Scan {
            member: 3,
            path: vec!["a.zip".to_owned(), "b.pdf".to_owned()],
            level: 2,
            pages: pages.to_vec(),
        }
    }

    #[test]
    fn what_was_recognised_stands_at_the_end_with_its_place() {
        let mut scans = Scans::default();
        scans.await_recognition(Format::Mail, 1000);
        scans.take(scan(&[0, 4])).unwrap();
        assert_eq!(scans.pages().collect::<Vec<_>>(), [(0, 0), (0, 4)]);
        assert!(scans.recognized(0, page(2)).is_err() && scans.recognized(1, page(0)).is_err());
        scans.recognized(0, page(4)).unwrap();
        scans.recognized(0, page(0)).unwrap();
        let (mut text, mut blocks) = ("Mail".to_owned(), Vec::new());
        let failed = |path: &str, reason: &str| SourceWarning::MemberFailed {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        let kept = failed("a.zip/c.pdf", "the file has no readable text");
        let mut warnings = vec![
            failed("a.zip/b.pdf", "2 pages have no readable text, the first of them page 1"),
            kept.clone(),
            failed("a.zip", "the file has no readable text"),
        ];
        scans.into_documents().for_each(|found| found.append(&mut text, &mut blocks, &mut warnings));
        assert_eq!(text, "Mail\n\nb.pdf\n\nWords\n\nWords");
        assert_eq!(blocks[2].span.of(&text), Some("Words"));
        let Place::Member { path, place } = &blocks[2].place else { panic!() };
        let Place::Member { place, .. } = &**place else { panic!() };
        let Place::Page { page: 4, boxes, .. } = &**place else { panic!("{place:?}") };
        assert_eq!((path.as_str(), boxes[0].span.of(&text)), ("a.zip", Some("Words")));
        assert_eq!(warnings, [kept]);
    }

    #[test]
    fn scans_that_cannot_be_are_refused_and_large_files_are_not_gone_through_again() {
        let mut scans = Scans::default();
        assert!(scans.take(scan(&[4, 0])).is_err());
        assert!(scans.take(Scan { path: Vec::new(), ..scan(&[0]) }).is_err());
        assert!(scans.take(Scan { level: 0, ..scan(&[0]) }).is_err());
        scans.take(scan(&[0])).unwrap();
        scans.await_recognition(Format::Zip, 1 << 30);
        scans.take(scan(&[0])).unwrap();
        assert_eq!(scans.pages().count(), 0);
    }
}
