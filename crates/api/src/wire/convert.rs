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
            collections: Vec::new(),
            rules: source.rules.into(),
            reachable: source.reachable,
            watched: false,
            scanned_ms: source.last_scan_ms.map(number),
            counts: summary.counts.into(),
            unreadable_count: count(summary.unreadable.count),
            unreadable: summary.unreadable.places.into_iter().map(UnreadablePlace::from).collect(),
        }
    }
}

impl From<library::UnreadablePlace> for UnreadablePlace {
    fn from(place: library::UnreadablePlace) -> Self {
        Self { path: place.path, reason: place.reason }
    }
}

impl From<library::Collection> for Collection {
    fn from(collection: library::Collection) -> Self {
        Self {
            id: collection.id.0,
            name: collection.name,
            sources: collection.members.sources.iter().map(|id| id.0).collect(),
            documents: collection.members.documents.iter().map(|id| id.0).collect(),
        }
    }
}

impl From<library::DocumentCounts> for StateCounts {
    fn from(counts: library::DocumentCounts) -> Self {
        Self {
            total: count(counts.documents),
            indexed: count(counts.indexed),
            words: count(counts.words),
            waiting: count(counts.waiting + counts.reading),
            stale: count(counts.stale),
            needs_ocr: count(counts.needs_ocr),
            needs_password: count(counts.needs_password),
            failed: count(counts.failed),
            skipped: count(counts.skipped),
            missing: count(counts.missing),
        }
    }
}

impl From<library::Standing> for DocumentState {
    fn from(standing: library::Standing) -> Self {
        match standing {
            library::Standing::Waiting => Self::Waiting,
            library::Standing::Reading => Self::Reading,
            library::Standing::Words => Self::Words,
            library::Standing::Indexed => Self::Indexed,
            library::Standing::Stale => Self::Stale,
            library::Standing::NeedsOcr => Self::NeedsOcr,
            library::Standing::NeedsPassword => Self::NeedsPassword,
            library::Standing::Failed => Self::Failed,
            library::Standing::Skipped => Self::Skipped,
            library::Standing::Missing => Self::Missing,
        }
    }
}

impl From<DocumentState> for library::Standing {
    fn from(state: DocumentState) -> Self {
        match state {
            DocumentState::Waiting => Self::Waiting,
            DocumentState::Reading => Self::Reading,
            DocumentState::Words => Self::Words,
            DocumentState::Indexed => Self::Indexed,
            DocumentState::Stale => Self::Stale,
            DocumentState::NeedsOcr => Self::NeedsOcr,
            DocumentState::NeedsPassword => Self::NeedsPassword,
            DocumentState::Failed => Self::Failed,
            DocumentState::Skipped => Self::Skipped,
            DocumentState::Missing => Self::Missing,
        }
    }
}

/// How the documents stand that a list narrowed to a state shows. What is being read is counted among what
/// waits ([`StateCounts::waiting`]), so it is listed there as well.
pub(crate) fn standings(state: DocumentState) -> Vec<library::Standing> {
    match library::Standing::from(state) {
        library::Standing::Waiting => vec![library::Standing::Waiting, library::Standing::Reading],
        standing => vec![standing],
    }
}

impl From<library::SourceRules> for SourceRules {
    fn from(rules: library::SourceRules) -> Self {
        let library::SourceRules { ignore, gitignore, hidden, max_bytes, only, forgotten } = rules;
        Self { ignore, gitignore, hidden, max_bytes, only, forgotten }
    }
}

impl From<SourceRules> for library::SourceRules {
    fn from(rules: SourceRules) -> Self {
        let SourceRules { ignore, gitignore, hidden, max_bytes, only, forgotten } = rules;
        Self { ignore, gitignore, hidden, max_bytes, only, forgotten }
    }
}

impl From<library::Document> for Document {
    fn from(document: library::Document) -> Self {
        let name = document.rel_path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let state = document.standing().into();
        Self {
            id: document.id.0,
            source: document.source.0,
            title: document.title.filter(|title| !title.trim().is_empty()).unwrap_or(name),
            path: document.rel_path,
            format: document.format.map(|format| format.as_str().to_owned()),
            size_bytes: number(i64::try_from(document.size).unwrap_or(i64::MAX)),
            state,
            reason: document.error_code.as_deref().map(Code::of_reading),
            reason_detail: document.error_detail,
            warnings: document.warnings.iter().map(warning).collect(),
            pages: document.metadata.pages,
            passages: document.chunks,
            since_ms: number(document.updated_ms),
            copy_of: document.copy_of.map(|original| original.0),
            author: document.metadata.author,
            date: document.metadata.date,
            language: document.metadata.language,
            tags: document.metadata.tags,
        }
    }
}

/// A time as ISO 8601 in UTC, to the second. Days to dates by Howard Hinnant's `civil_from_days`.
pub fn iso_time(milliseconds: i64) -> String {
    let seconds = milliseconds.div_euclid(1_000);
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468; // days from 0000-03-01
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// A warning in English, as details beside a document.
pub(crate) fn warning(warning: &corpus::SourceWarning) -> String {
    use corpus::SourceWarning as Warning;
    match warning {
        Warning::PageWithoutText { page } => format!("page {}: no readable text", page + 1),
        Warning::PageFailed { page, reason } => format!("page {}: {reason}", page + 1),
        Warning::Truncated { reason } => format!("read in part: {reason}"),
        Warning::Encoding { encoding, replaced } => format!("{encoding}: {replaced} characters replaced"),
        Warning::PageRecognized { page, confidence } => {
            format!("page {}: its text was recognised from a picture ({confidence} % sure)", page + 1)
        }
        Warning::MemberFailed { path, reason } => format!("{path}: {reason}"),
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
    let at = Located::of(&block.place);
    Block {
        kind,
        level,
        text: block.span.of(text).unwrap_or_default().to_owned(),
        start: offset(block.span.start),
        end: offset(block.span.end),
        page: at.page,
        page_label: at.page_label,
        line: at.line,
        spot: at.spot,
        member: at.member,
    }
}

/// Where something stands, as it is told. Kept with answers, so every field may be missing in what an
/// older docent stored.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Located {
    pub(crate) page: Option<u32>,
    pub(crate) page_label: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) spot: Option<Spot>,
    pub(crate) member: Option<String>,
}

impl Located {
    /// Where a block begins.
    pub(crate) fn of(place: &corpus::Place) -> Self {
        use corpus::Place;
        let spot = |spot| Self { spot: Some(spot), ..Self::default() };
        match place {
            Place::Page { page, label, .. } => {
                Self { page: Some(*page), page_label: label.clone(), ..Self::default() }
            }
            Place::Lines { first, .. } => Self { line: Some(*first), ..Self::default() },
            Place::Slide { slide, notes, .. } => spot(Spot::Slide { slide: *slide, notes: *notes }),
            Place::Cells { sheet, range, .. } => {
                spot(Spot::Cells { sheet: sheet.clone(), range: range.to_string() })
            }
            Place::Chapter { chapter, title, .. } => {
                spot(Spot::Chapter { chapter: *chapter, title: title.clone() })
            }
            Place::Paragraph { number, page } => spot(Spot::Paragraph { number: *number, page: *page }),
            Place::Mail { message, part, .. } => spot(Spot::Mail { message: *message, part: part.clone() }),
            Place::Member { path, place } => {
                let inner = Self::of(place);
                let member = match &inner.member {
                    Some(deeper) => format!("{path}/{deeper}"),
                    None => path.clone(),
                };
                Self { member: Some(member), ..inner }
            }
            _ => Self::default(),
        }
    }

    /// Where a passage begins.
    pub(crate) fn of_passage(passage: &corpus::Passage) -> Self {
        Self {
            page: passage.page,
            page_label: passage.page_label.clone(),
            line: passage.line,
            spot: passage.spot.clone().map(Spot::from),
            member: passage.member.clone(),
        }
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
        spot: passage.spot.map(Spot::from),
        member: passage.member,
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
    fn times_are_written_for_everybody() {
        assert_eq!(iso_time(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso_time(-1), "1969-12-31T23:59:59Z");
        assert_eq!(iso_time(951_827_696_000), "2000-02-29T12:34:56Z");
        assert_eq!(iso_time(1_795_305_599_999), "2026-11-21T23:59:59Z");
    }

    #[test]
    fn offsets_are_counted_as_javascript_counts() {
        let text = "a中😀b";
        assert_eq!(utf16(text, Span::new(1, 4)), TextSpan { start: 1, end: 2 });
        assert_eq!(utf16(text, Span::new(4, 9)), TextSpan { start: 2, end: 5 });
    }
}
