//! Scans and pictures within files: telling the parent of their pages, and drawing one of them. The
//! whole file is gone through again for each page, without reading what is not asked for: members are
//! found again by their number in the order of reading.

use super::unpacked::Wanted;
use super::{Member, Unpacked};
use crate::collect::Collector;
use crate::content::Content;
use crate::message::{Closed, Drawing, Failure, Message, Scan, Sink, Stop};
use crate::read::{Context, draw_page, pdf, read_content};
use crate::sniff::{Sniffed, sniff_content};
use crate::writer::BlockWriter;
use docent_corpus::Format;

/// Tells of the pages of a member that have no text.
pub(super) fn tell(
    member: &Member<'_>,
    number: u32,
    collector: &Collector,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let pages = collector.pages_without_text();
    if pages.is_empty() {
        return Ok(());
    }
    writer.scan(Scan { member: number, path: vec![member.path.to_owned()], level: member.level, pages })
}

/// While a page is looked for: whether a member need not be gone through. The one that is wanted ends
/// everything.
pub(super) fn is_passed(
    member: &Member<'_>,
    number: u32,
    wanted: Wanted,
    context: &Context<'_>,
) -> Result<bool, Stop> {
    let content = Content::Member { name: member.path, bytes: member.bytes };
    let format =
        match member.format.map_or_else(|| sniff_content(&content), |known| Ok(Sniffed::Known(known))) {
            Ok(Sniffed::Known(format)) => format,
            _ => return Ok(true),
        };
    if number != wanted.member {
        return Ok(!holds_files(format));
    }
    context.unpacked.keep(draw_page(&content, format, context.pdf, None, wanted.page));
    Err(Stop::Closed)
}

fn holds_files(format: Format) -> bool {
    matches!(format, Format::Zip | Format::Tar | Format::Packed | Format::Mail | Format::Mbox)
}

/// Draws a page of a member of `content` for recognition.
pub(crate) fn draw(
    content: &Content<'_>,
    format: Format,
    pdf: &pdf::Library,
    member: u32,
    page: u32,
) -> Result<Drawing, Failure> {
    let unpacked = Unpacked::wanting(Wanted { member, page });
    let context =
        Context { pdf, text_bytes: u64::MAX >> 1, html_depth: DEPTH, nesting: 0, unpacked: &unpacked };
    let ended = read_content(content, format, &context, &mut Deaf);
    match (unpacked.into_drawn(), ended) {
        (Some(drawn), _) => drawn,
        (None, Err(Stop::Failed(failure))) => Err(failure),
        _ => Err(Failure::Damaged("a file within it is gone".to_owned())),
    }
}

/// Deepest nesting of HTML elements of what nobody reads.
const DEPTH: usize = 64;

/// Hears nothing.
struct Deaf;

impl Sink for Deaf {
    fn send(&mut self, _message: Message) -> Result<(), Closed> {
        Ok(())
    }
}
