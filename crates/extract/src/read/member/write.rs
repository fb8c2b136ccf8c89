//! Puts a document that was read from a member into the document around it.

use super::{Member, failed};
use crate::message::Stop;
use crate::script::is_dropped;
use crate::writer::{BlockWriter, bare, relative};
use docent_corpus::{Block, BlockKind, DocumentText, Place, SourceWarning};

/// Deepest level of headings.
const DEEPEST: u8 = 6;

/// Writes the member's heading, its blocks and its warnings.
pub(super) fn document(
    member: &Member<'_>,
    document: DocumentText,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let DocumentText { text, blocks, warnings, .. } = document;
    pass_on(member.path, warnings, writer)?;
    let is_named = names_itself(member, &text, blocks.first());
    if !is_named {
        heading(member, blocks.first(), writer)?;
    }
    for (at, block) in blocks.into_iter().enumerate() {
        let Block { kind, span, place } = block;
        // A heading that says the member's name stands where that would: what was before it is over.
        let kind = if is_named && at == 0 { BlockKind::Heading { level: 0 } } else { kind };
        let place =
            Place::Member { path: member.path.to_owned(), place: Box::new(relative(place, span.start)) };
        writer.push(below(kind, member.level), span.of(&text).unwrap_or_default(), place)?;
    }
    Ok(())
}

/// Whether the member begins with a heading that is just its name.
fn names_itself(member: &Member<'_>, text: &str, first: Option<&Block>) -> bool {
    first.is_some_and(|first| {
        matches!(first.kind, BlockKind::Heading { .. }) && first.span.of(text) == Some(name(member).as_str())
    })
}

fn name(member: &Member<'_>) -> String {
    let name: String = member.path.chars().filter(|c| !is_dropped(*c)).collect();
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Writes the member's name above its first block.
fn heading(member: &Member<'_>, first: Option<&Block>, writer: &mut BlockWriter) -> Result<(), Stop> {
    let Some(first) = first else { return Ok(()) };
    let place = Place::Member { path: member.path.to_owned(), place: Box::new(bare(first.place.clone())) };
    writer.push(BlockKind::Heading { level: member.level }, &name(member), place)
}

/// Moves headings below one of this level.
pub(crate) fn below(kind: BlockKind, level: u8) -> BlockKind {
    match kind {
        BlockKind::Heading { level: own } => {
            BlockKind::Heading { level: own.saturating_add(level).clamp(1, DEEPEST) }
        }
        other => other,
    }
}

/// Passes the warnings of a member on, with its path: pages mean nothing without their file.
pub(super) fn pass_on(
    path: &str,
    warnings: Vec<SourceWarning>,
    writer: &mut BlockWriter,
) -> Result<(), Stop> {
    let mut without_text: Vec<u32> = Vec::new();
    for warning in warnings {
        match warning {
            SourceWarning::PageWithoutText { page } => without_text.push(page),
            SourceWarning::PageFailed { page, reason } => {
                failed(path, format!("page {}: {reason}", u64::from(page) + 1), writer)?;
            }
            SourceWarning::MemberFailed { path: inner, reason } => {
                failed(&format!("{path}/{inner}"), reason, writer)?;
            }
            SourceWarning::Truncated { reason } => {
                writer.warn(SourceWarning::Truncated { reason: format!("{path}: {reason}") })?;
            }
            other => writer.warn(other)?,
        }
    }
    match without_text.as_slice() {
        [] => Ok(()),
        [page] => failed(path, format!("page {} has no readable text", u64::from(*page) + 1), writer),
        [first, ..] => {
            let (count, first) = (without_text.len(), u64::from(*first) + 1);
            failed(
                path,
                format!("{count} pages have no readable text, the first of them page {first}"),
                writer,
            )
        }
    }
}
