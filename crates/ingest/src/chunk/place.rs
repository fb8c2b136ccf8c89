//! Where a chunk begins in the original: page, line, slide, cells, chapter, message.

use docent_corpus::{Block, CellRange, Place, Span, Spot};

/// Page, page label, line or spot of a stretch of text, and the inner file it stands in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) page: Option<u32>,
    pub(super) page_label: Option<String>,
    pub(super) line: Option<u32>,
    pub(super) spot: Option<Spot>,
    pub(super) member: Option<String>,
}

/// Where `span`, a part of `block`, begins.
pub(super) fn start(text: &str, block: &Block, span: Span) -> Start {
    of_place(&block.place, text, block, span)
}

fn of_place(place: &Place, text: &str, block: &Block, span: Span) -> Start {
    let spot = |spot| Start { spot: Some(spot), ..Start::default() };
    match place {
        Place::Page { page, label, .. } => {
            Start { page: Some(*page), page_label: label.clone(), ..Start::default() }
        }
        Place::Lines { first, last, runs } => {
            let extra = last.saturating_sub(*first);
            let by_run = runs.iter().filter(|run| run.span.start <= span.start).count().saturating_sub(1);
            // One run per line is exact; else line breaks that the text has kept are.
            let lines = if runs.len() == extra as usize + 1 {
                u32::try_from(by_run).unwrap_or(u32::MAX)
            } else {
                breaks_before(text, block, span)
            };
            Start { line: Some(first.saturating_add(lines.min(extra))), ..Start::default() }
        }
        Place::Slide { slide, notes, .. } => spot(Spot::Slide { slide: *slide, notes: *notes }),
        Place::Chapter { chapter, title, .. } => {
            spot(Spot::Chapter { chapter: *chapter, title: title.clone() })
        }
        Place::Paragraph { number, page } => spot(Spot::Paragraph { number: *number, page: *page }),
        Place::Mail { message, part, .. } => spot(Spot::Mail { message: *message, part: part.clone() }),
        Place::Cells { sheet, range, rows } => spot(Spot::Cells {
            sheet: sheet.clone(),
            range: cells(text, block, span, range, rows).to_string(),
        }),
        Place::Member { path, place } => {
            let inner = of_place(place, text, block, span);
            let member = match inner.member {
                Some(deeper) => format!("{path}/{deeper}"),
                None => path.clone(),
            };
            Start { member: Some(member), ..inner }
        }
        _ => Start::default(),
    }
}

/// The cells of the rows that `span` covers.
fn cells(text: &str, block: &Block, span: Span, range: &CellRange, rows: &[u32]) -> CellRange {
    let row = |line: u32| {
        let counted = range.first_row.saturating_add(line).min(range.last_row);
        rows.get(line as usize).copied().unwrap_or(counted)
    };
    let first = breaks_before(text, block, span);
    let within = span.of(text).map_or(0, |piece| piece.trim_end().matches('\n').count());
    let last = first.saturating_add(u32::try_from(within).unwrap_or(u32::MAX));
    CellRange { first_row: row(first), last_row: row(last), ..*range }
}

/// How many line breaks of the block's text stand before `span`.
fn breaks_before(text: &str, block: &Block, span: Span) -> u32 {
    let before = Span::new(block.span.start, span.start).of(text).unwrap_or_default();
    u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_corpus::{BlockKind, Run};

    fn block(runs: Vec<Run>, last: u32) -> Block {
        let place = Place::Lines { first: 10, last, runs };
        Block { kind: BlockKind::Paragraph, span: Span::new(0, 11), place }
    }

    #[test]
    fn lines_are_counted_by_runs_or_by_breaks() {
        let run = |start, end| Run { span: Span::new(start, end), file_start: 0, file_end: 1 };
        let wrapped = block(vec![run(0, 3), run(4, 7), run(8, 11)], 12);
        let line = |block: &Block, at| start("one\ntwo\nsix", block, Span::new(at, 11)).line;
        assert_eq!(line(&wrapped, 0), Some(10));
        assert_eq!(line(&wrapped, 5), Some(11));
        assert_eq!(line(&wrapped, 8), Some(12));
        let kept = block(vec![run(0, 11)], 12);
        assert_eq!(line(&kept, 4), Some(11));
        assert_eq!(line(&kept, 8), Some(12));
        assert_eq!(line(&block(Vec::new(), 10), 8), Some(10));
    }

    #[test]
    fn rows_of_a_sheet_are_named_also_where_some_are_left_out() {
        let range = CellRange { first_row: 4, first_column: 1, last_row: 9, last_column: 3 };
        let text = "one\ntwo\nsix";
        let at = |rows: Vec<u32>, span| {
            let place = Place::Cells { sheet: "表".into(), range, rows };
            let block = Block { kind: BlockKind::Table { header_rows: 1 }, span: Span::new(0, 11), place };
            match start(text, &block, span).spot {
                Some(Spot::Cells { sheet, range }) => format!("{sheet} {range}"),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(at(vec![], Span::new(0, 11)), "表 B5:D7");
        assert_eq!(at(vec![], Span::new(4, 7)), "表 B6:D6");
        assert_eq!(at(vec![4, 7, 9], Span::new(4, 11)), "表 B8:D10");
    }

    #[test]
    fn files_in_files_keep_the_inner_place() {
        let page = Place::Page { page: 2, label: None, width: 1.0, height: 1.0, boxes: vec![] };
        let inner = Place::Member { path: "b.pdf".into(), place: Box::new(page) };
        let place = Place::Member { path: "a.zip".into(), place: Box::new(inner) };
        let block = Block { kind: BlockKind::Paragraph, span: Span::new(0, 3), place };
        let start = start("one", &block, block.span);
        assert_eq!((start.page, start.member.as_deref()), (Some(2), Some("a.zip/b.pdf")));
    }
}
