//! The sentences of a passage, each with its place in the document.

use docent_corpus::{ChunkId, Passage, Span};
use docent_text::sentences;

/// One sentence of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// The chunk that holds it.
    pub(crate) chunk: ChunkId,
    /// Where it stands, in the revision's canonical text.
    pub(crate) span: Span,
    /// The sentence.
    pub(crate) text: String,
    /// What stands between it and the sentence before it.
    pub(crate) gap: String,
}

/// The sentences of a passage, in order. Where the chunk names none that lie within its pieces,
/// they are found anew, so that every passage with text has at least one.
pub(crate) fn of_passage(passage: &Passage) -> Vec<Sentence> {
    let pieces = pieces(passage);
    let mut found = Vec::new();
    for (piece, text) in &pieces {
        let within: Vec<Span> =
            passage.sentences.iter().filter(|span| piece.contains(**span)).copied().collect();
        let spans = if within.is_empty() { split(*piece, text) } else { within };
        push_all(passage.chunk, *piece, text, &spans, &mut found);
    }
    found
}

/// The pieces of a passage with their text: `passage.text` is the pieces joined by a newline. A
/// passage whose spans do not fit its text is damaged and has no pieces.
fn pieces(passage: &Passage) -> Vec<(Span, &str)> {
    let mut at = 0;
    let mut found = Vec::new();
    for span in &passage.spans {
        let Some(text) = passage.text.get(at..at + span.len()) else { return Vec::new() };
        found.push((*span, text));
        at += span.len() + 1;
    }
    found
}

fn split(piece: Span, text: &str) -> Vec<Span> {
    let spans = sentences(text);
    spans.into_iter().map(|range| Span::new(piece.start + range.start, piece.start + range.end)).collect()
}

fn push_all(chunk: ChunkId, piece: Span, text: &str, spans: &[Span], found: &mut Vec<Sentence>) {
    let local = |span: Span| Span::new(span.start - piece.start, span.end - piece.start);
    let mut end = None;
    for span in spans {
        let Some(sentence) = local(*span).of(text).filter(|sentence| !sentence.trim().is_empty()) else {
            continue;
        };
        let gap = end.and_then(|end| text.get(end..span.start - piece.start));
        found.push(Sentence {
            chunk,
            span: *span,
            text: sentence.to_owned(),
            gap: gap.unwrap_or("\n").to_owned(),
        });
        end = Some(span.end - piece.start);
    }
}

/// Sentences as running text, as they stood in the document.
pub(crate) fn join(sentences: &[Sentence]) -> String {
    let mut text = String::new();
    for (index, sentence) in sentences.iter().enumerate() {
        if index > 0 {
            text.push_str(&sentence.gap);
        }
        text.push_str(&sentence.text);
    }
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use docent_corpus::{DocumentId, RevisionId, SourceId};
    use proptest::prelude::*;

    /// A passage made of `spans` of `canonical`.
    pub(crate) fn passage(canonical: &str, spans: &[Span], sentences: &[Span]) -> Passage {
        let texts: Vec<&str> = spans.iter().map(|span| span.of(canonical).unwrap()).collect();
        Passage {
            chunk: ChunkId(1),
            revision: RevisionId(1),
            document: DocumentId(1),
            source: SourceId(1),
            title: "Title".into(),
            path: "a.md".into(),
            headings: vec![],
            page: None,
            page_label: None,
            line: None,
            spot: None,
            member: None,
            spans: spans.to_vec(),
            sentences: sentences.to_vec(),
            text: texts.join("\n"),
            score: 0.0,
            vector_rank: None,
            text_rank: None,
            cosine: None,
        }
    }

    #[test]
    fn sentences_are_cut_from_their_pieces() {
        let canonical = "One here. Two there.\n\n三。四。";
        let spans = [Span::new(0, 20), Span::new(22, canonical.len())];
        let named = [Span::new(0, 9), Span::new(10, 20)];
        let found = of_passage(&passage(canonical, &spans, &named));
        let texts: Vec<&str> = found.iter().map(|sentence| sentence.text.as_str()).collect();
        assert_eq!(texts, ["One here.", "Two there.", "三。", "四。"]);
        assert_eq!(join(&found), "One here. Two there.\n三。四。");
    }

    #[test]
    fn spans_that_do_not_fit_the_text_give_nothing() {
        let mut broken = passage("Some text.", &[Span::new(0, 10)], &[]);
        broken.text.truncate(4);
        assert!(of_passage(&broken).is_empty());
    }

    proptest! {
        #[test]
        fn every_sentence_is_what_stands_at_its_span(
            text in "([A-Za-z ]{1,9}[.!?。] ?|[中文字]{1,5}[。！]|\\n){1,20}", cut in 0usize..80,
        ) {
            let cut = (0..=cut.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            let spans: Vec<Span> = [Span::new(0, cut), Span::new(cut, text.len())]
                .into_iter().filter(|span| !span.is_empty()).collect();
            let all: Vec<Span> =
                docent_text::sentences(&text).into_iter().map(|r| Span::new(r.start, r.end)).collect();
            for sentence in of_passage(&passage(&text, &spans, &all)) {
                prop_assert_eq!(sentence.span.of(&text), Some(sentence.text.as_str()));
            }
        }
    }
}
