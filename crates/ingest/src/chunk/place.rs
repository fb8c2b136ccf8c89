//! Where a chunk begins in the original: page or line.

use docent_corpus::{Block, Place, Span};

/// Page, page label and line of a stretch of text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) page: Option<u32>,
    pub(super) page_label: Option<String>,
    pub(super) line: Option<u32>,
}

/// Where `span`, a part of `block`, begins.
pub(super) fn start(text: &str, block: &Block, span: Span) -> Start {
    match &block.place {
        Place::Page { page, label, .. } => Start { page: Some(*page), page_label: label.clone(), line: None },
        Place::Lines { first, last, runs } => {
            let extra = last.saturating_sub(*first);
            let by_run = runs.iter().filter(|run| run.span.start <= span.start).count().saturating_sub(1);
            let before = Span::new(block.span.start, span.start).of(text).unwrap_or_default();
            let by_break = before.matches('\n').count();
            // One run per line is exact; else line breaks that the text has kept are.
            let lines = if runs.len() == extra as usize + 1 { by_run } else { by_break };
            let lines = u32::try_from(lines).unwrap_or(u32::MAX).min(extra);
            Start { line: Some(first.saturating_add(lines)), ..Start::default() }
        }
        _ => Start::default(),
    }
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
}
