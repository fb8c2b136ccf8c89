//! Domain values to wire values. One direction only, but for the few ids and filters a request carries.

use super::*;
use docent_corpus::{self as corpus, Span};
use docent_library as library;

#[allow(clippy::cast_possible_truncation, reason = "canonical text is limited to 256 MB")]
pub(crate) fn offset(byte: usize) -> u32 {
    byte as u32
}

pub(crate) fn count<N: TryInto<u32>>(number: N) -> u32 {
    number.try_into().unwrap_or(u32::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds and bytes stay far below 2^53")]
pub(crate) fn number(value: i64) -> f64 {
    value as f64
}

impl From<Span> for TextSpan {
    fn from(span: Span) -> Self {
        Self { start: offset(span.start), end: offset(span.end) }
    }
}

impl From<TextSpan> for Span {
    fn from(span: TextSpan) -> Self {
        Span::new(span.start as usize, span.end as usize)
    }
}

/// A byte range of `text` in UTF-16 units, as JavaScript counts.
pub(crate) fn utf16(text: &str, span: Span) -> TextSpan {
    let units = |to: usize| text.get(..to).map_or(0, |head| offset(head.encode_utf16().count()));
    TextSpan { start: units(span.start), end: units(span.end) }
}

impl From<library::SourceSummary> for Source {
    fn from(summary: library::SourceSummary) -> Self {
        let source = summary.source;
        let name = source.root.file_name().unwrap_or(source.root.as_os_str());
        Self {
            id: source.id.0,
            name: name.to_string_lossy().into_owned(),
            path: source.root.to_string_lossy().into_owned(),
            is_folder: matches!(source.kind, library::SourceKind::Folder),
            collection: source.collection.map(|collection| collection.0),
            reachable: source.reachable,
            scanned_ms: source.last_scan_ms.map(number),
            counts: StateCounts {
                total: count(summary.documents),
                indexed: count(summary.indexed),
                waiting: count(summary.waiting),
                failed: count(summary.failed),
                skipped: count(summary.skipped),
                missing: count(summary.missing),
            },
        }
    }
}

impl From<library::DocumentCounts> for StateCounts {
    fn from(counts: library::DocumentCounts) -> Self {
        Self {
            total: count(counts.documents),
            indexed: count(counts.indexed),
            waiting: count(counts.waiting + counts.reading),
            failed: count(counts.failed),
            skipped: count(counts.skipped),
            missing: count(counts.missing),
        }
    }
}

impl From<library::DocumentState> for DocumentState {
    fn from(state: library::DocumentState) -> Self {
        match state {
            library::DocumentState::Waiting => Self::Waiting,
            library::DocumentState::Reading => Self::Reading,
            library::DocumentState::Indexed => Self::Indexed,
            library::DocumentState::Failed => Self::Failed,
            library::DocumentState::Skipped => Self::Skipped,
            library::DocumentState::Missing => Self::Missing,
        }
    }
}

impl From<DocumentState> for library::DocumentState {
    fn from(state: DocumentState) -> Self {
        match state {
            DocumentState::Waiting => Self::Waiting,
            DocumentState::Reading => Self::Reading,
            DocumentState::Indexed => Self::Indexed,
            DocumentState::Failed => Self::Failed,
            DocumentState::Skipped => Self::Skipped,
            DocumentState::Missing => Self::Missing,
        }
    }
}

impl From<library::Document> for Document {
    fn from(document: library::Document) -> Self {
        let name = document.rel_path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        Self {
            id: document.id.0,
            source: document.source.0,
            title: document.title.filter(|title| !title.trim().is_empty()).unwrap_or(name),
            path: document.rel_path,
            format: document.format.map(|format| format.as_str().to_owned()),
            size_bytes: number(i64::try_from(document.size).unwrap_or(i64::MAX)),
            state: document.state.into(),
            reason: document.error_code.as_deref().map(Code::of_reading),
            reason_detail: document.error_detail,
            warnings: document.warnings.iter().map(warning).collect(),
            pages: document.metadata.pages,
            passages: document.chunks,
            since_ms: number(document.updated_ms),
        }
    }
}

/// A warning in English, as details beside a document.
fn warning(warning: &corpus::SourceWarning) -> String {
    use corpus::SourceWarning as Warning;
    match warning {
        Warning::PageWithoutText { page } => format!("page {}: no readable text", page + 1),
        Warning::PageFailed { page, reason } => format!("page {}: {reason}", page + 1),
        Warning::Truncated { reason } => format!("read in part: {reason}"),
        Warning::Encoding { encoding, replaced } => format!("{encoding}: {replaced} characters replaced"),
        other => format!("{other:?}"),
    }
}

/// A block with its text cut out of the canonical text.
pub(crate) fn block(block: &corpus::Block, text: &str) -> Block {
    use corpus::BlockKind as Kind;
    let (kind, level) = match &block.kind {
        Kind::Heading { level } => (BlockKind::Heading, *level),
        Kind::ListItem { depth } => (BlockKind::ListItem, *depth),
        Kind::Table { .. } => (BlockKind::Table, 0),
        Kind::Code { .. } => (BlockKind::Code, 0),
        Kind::Quote => (BlockKind::Quote, 0),
        Kind::Furniture => (BlockKind::Furniture, 0),
        _ => (BlockKind::Paragraph, 0),
    };
    let (page, page_label, line) = match &block.place {
        corpus::Place::Page { page, label, .. } => (Some(*page), label.clone(), None),
        corpus::Place::Lines { first, .. } => (None, None, Some(*first)),
        _ => (None, None, None),
    };
    Block {
        kind,
        level,
        text: block.span.of(text).unwrap_or_default().to_owned(),
        start: offset(block.span.start),
        end: offset(block.span.end),
        page,
        page_label,
        line,
    }
}

/// A passage with the parts of its text that match the query.
pub(crate) fn passage(passage: corpus::Passage, matches: Vec<Span>) -> Passage {
    Passage {
        chunk: passage.chunk.0,
        document: passage.document.0,
        revision: passage.revision.0,
        source: passage.source.0,
        title: passage.title,
        path: passage.path,
        headings: passage.headings,
        page: passage.page,
        page_label: passage.page_label,
        line: passage.line,
        matches: matches.into_iter().map(|span| utf16(&passage.text, span)).collect(),
        text: passage.text,
        spans: passage.spans.into_iter().map(TextSpan::from).collect(),
        score: passage.score,
        vector_rank: passage.vector_rank,
        text_rank: passage.text_rank,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_counted_as_javascript_counts() {
        let text = "a中😀b";
        assert_eq!(utf16(text, Span::new(1, 4)), TextSpan { start: 1, end: 2 });
        assert_eq!(utf16(text, Span::new(4, 9)), TextSpan { start: 2, end: 5 });
    }
}
