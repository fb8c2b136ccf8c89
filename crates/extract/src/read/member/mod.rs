//! Files within a file: members of archives, attachments of mail. Each is read by the same readers as
//! a file on disk, and its blocks follow those of the file around it, with places that lead into it.

mod scan;
mod unpacked;
mod write;

pub(crate) use scan::draw;
pub(crate) use unpacked::{MAX_BYTES, MAX_FILES, Unpacked};
pub(crate) use write::below;

use super::{Context, MAX_NESTING, read_content};
use crate::ExtractError;
use crate::collect::{Collector, Untrue};
use crate::content::Content;
use crate::message::{Closed, Failure, Message, Sink, Stop};
use crate::sniff::{Sniffed, sniff_content};
use crate::stack::catch;
use crate::writer::BlockWriter;
use docent_corpus::{DocumentText, Format, SourceWarning};

/// A file within a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'m> {
    /// Its path in the archive, or the name of the attachment.
    pub(super) path: &'m str,
    /// Its content, unpacked.
    pub(super) bytes: &'m [u8],
    /// What it is, where that is known already; else its content tells.
    pub(super) format: Option<Format>,
    /// Level of the heading that stands in front of it; its own headings come below.
    pub(super) level: u8,
}

/// What became of a member.
#[derive(Debug)]
enum Outcome {
    Read(Box<DocumentText>),
    /// It holds nothing, which is no failure.
    Empty,
    /// Why it was not read.
    Failed(String),
}

/// Reads a file within a file into the document around it. A file that cannot be read costs only
/// itself: it becomes a warning.
///
/// # Errors
/// Only what ends the reading of the whole document.
pub(super) fn read(member: &Member<'_>, context: &Context<'_>, writer: &mut BlockWriter) -> Result<(), Stop> {
    writer.alive()?;
    let number = context.unpacked.next_member();
    if let Some(wanted) = context.unpacked.wanted()
        && scan::is_passed(member, number, wanted, context)?
    {
        return Ok(());
    }
    match outcome(member, number, context, writer)? {
        Outcome::Read(document) => write::document(member, *document, writer),
        Outcome::Empty => Ok(()),
        Outcome::Failed(reason) => failed(member.path, reason, writer),
    }
}

/// Tells that a member was not read.
pub(super) fn failed(path: &str, reason: impl Into<String>, writer: &mut BlockWriter) -> Result<(), Stop> {
    writer.warn(SourceWarning::MemberFailed { path: path.to_owned(), reason: reason.into() })
}

fn outcome(
    member: &Member<'_>,
    number: u32,
    context: &Context<'_>,
    writer: &mut BlockWriter,
) -> Result<Outcome, Stop> {
    let Some(inner) = context.within(writer.room()) else {
        return Ok(Outcome::Failed(format!("it lies in more than {MAX_NESTING} files")));
    };
    if writer.room() == 0 {
        return Err(Stop::Full);
    }
    let content = Content::Member { name: member.path, bytes: member.bytes };
    let format =
        match member.format.map_or_else(|| sniff_content(&content), |known| Ok(Sniffed::Known(known))) {
            Ok(Sniffed::Known(format)) => format,
            Ok(Sniffed::Unsupported(kind)) => return Ok(refused(Failure::Unsupported(kind))),
            Ok(Sniffed::Empty) => return Ok(Outcome::Empty),
            Err(error) => return Ok(Outcome::Failed(error.to_string())),
        };
    let collector = Collector::new(format, inner.text_bytes);
    let mut sink = Nested { collector, path: member.path, writer, untrue: None };
    let told = catch(|| read_content(&content, format, &inner, &mut sink));
    let Nested { collector, untrue, .. } = sink;
    scan::tell(member, number, &collector, writer)?;
    let mut warnings = collector.warnings().to_vec();
    // A picture is one page: that the file has no text says enough.
    warnings.retain(|warning| {
        format != Format::Image || !matches!(warning, SourceWarning::PageWithoutText { .. })
    });
    let outcome = match (told, untrue) {
        (Err(panic), None) if collector.amount() > 0 => partial(Failure::Panicked(panic), collector),
        (Err(panic), _) => Outcome::Failed(format!("reading it failed: {panic}")),
        (_, Some(untrue)) => Outcome::Failed(format!("reading it failed: {}", untrue.0)),
        (Ok(Ok(()) | Err(Stop::Full)), None) => match collector.finish(None) {
            Ok(document) => Outcome::Read(Box::new(document)),
            Err(failure) => refused(failure),
        },
        (Ok(Err(Stop::Failed(failure))), None) => partial(failure, collector),
        (Ok(Err(Stop::Closed)), None) => return Err(Stop::Closed),
    };
    if matches!(outcome, Outcome::Failed(_)) {
        write::pass_on(member.path, warnings, writer)?; // they say what is wrong with its own members
    }
    Ok(outcome)
}

/// What was read before a failure, or the failure.
fn partial(failure: Failure, collector: Collector) -> Outcome {
    if !failure.leaves_text() || collector.amount() == 0 {
        return refused(failure);
    }
    let reason = ExtractError::from(failure.clone()).to_string();
    collector.finish(Some(reason)).map_or_else(|_| refused(failure), |read| Outcome::Read(Box::new(read)))
}

fn refused(failure: Failure) -> Outcome {
    match failure {
        Failure::Empty => Outcome::Empty,
        other => Outcome::Failed(ExtractError::from(other).to_string()),
    }
}

/// Collects what the reader of a member tells, as the parent does for a whole document, and tells
/// the document around it that the work goes on.
struct Nested<'n, 's> {
    collector: Collector,
    path: &'n str,
    writer: &'n mut BlockWriter<'s>,
    untrue: Option<Untrue>,
}

impl Sink for Nested<'_, '_> {
    fn send(&mut self, message: Message) -> Result<(), Closed> {
        self.writer.alive().map_err(|_| Closed)?;
        if let Message::Scan(mut scan) = message {
            scan.path.insert(0, self.path.to_owned());
            return self.writer.scan(scan).map_err(|_| Closed);
        }
        self.collector.take(message).map_err(|untrue| {
            self.untrue = Some(untrue);
            Closed
        })
    }
}
