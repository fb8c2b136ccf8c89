//! Where in a passage the words of a query stand: a passage may reach over several pages, sheets or
//! files of an archive, and is told to stand where its words are.

use crate::wire::Passage;
use crate::wire::convert::{self, Located};
use docent_answer as answer;
use docent_corpus::{self as corpus, RevisionId, Span};
use docent_library::{Library, RevisionText};
use std::collections::{BTreeMap, HashMap, HashSet};

/// Passages with the query's words marked, each standing where those words are.
pub(super) fn placed(library: &Library, passages: Vec<corpus::Passage>, query: &str) -> Vec<Passage> {
    let places = places(library, &passages, query);
    let marked = passages.into_iter().map(|passage| {
        let matches = matches(&passage, query);
        convert::passage(passage, matches)
    });
    marked.zip(places).map(|(passage, place)| standing(passage, place)).collect()
}

/// Where in each passage the words of the query are; nothing for those that stand where they begin.
pub(super) fn places(library: &Library, passages: &[corpus::Passage], query: &str) -> Vec<Option<Located>> {
    let mut texts = HashMap::new();
    let place_of = |passage: &corpus::Passage| {
        let span = telling_span(&passage.spans, &passage.text, &matches(passage, query))?;
        place(library, &mut texts, passage.revision, span)
    };
    passages.iter().map(place_of).collect()
}

/// A passage as standing at this place, if there is one.
pub(super) fn standing(passage: Passage, place: Option<Located>) -> Passage {
    match place {
        Some(Located { page, page_label, line, spot, member }) => {
            Passage { page, page_label, line, spot, member, ..passage }
        }
        None => passage,
    }
}

fn matches(passage: &corpus::Passage, query: &str) -> Vec<Span> {
    let found = answer::highlights(query, &passage.text);
    found.into_iter().map(|range| Span::new(range.start, range.end)).collect()
}

/// The piece of a passage that holds most of the words, the first of those that hold as many; `None`
/// if that is where the passage begins. Each piece stands in one block.
fn telling_span(spans: &[Span], text: &str, matches: &[Span]) -> Option<Span> {
    let mut words: BTreeMap<usize, HashSet<String>> = BTreeMap::new();
    for found in matches {
        let word = found.of(text).unwrap_or_default().to_lowercase();
        words.entry(piece_at(spans, found.start)?).or_default().insert(word);
    }
    // Of equals the last one counts, so that is the first here.
    let (piece, _) = words.into_iter().rev().max_by_key(|(_, words)| words.len())?;
    if piece == 0 { None } else { spans.get(piece).copied() }
}

/// The piece that holds an offset into the text of a passage: its pieces, joined by a newline.
fn piece_at(spans: &[Span], at: usize) -> Option<usize> {
    let mut end = 0;
    spans.iter().position(|span| {
        end += span.end - span.start + 1;
        at < end
    })
}

/// Where the block stands that a span begins in. A text that is gone meanwhile leaves a passage where
/// it begins.
fn place(
    library: &Library,
    texts: &mut HashMap<RevisionId, Option<RevisionText>>,
    revision: RevisionId,
    span: Span,
) -> Option<Located> {
    let text = texts.entry(revision).or_insert_with(|| library.revision_text(revision).ok()).as_ref()?;
    let at = text.blocks.partition_point(|block| block.span.end <= span.start);
    text.blocks.get(at).map(|block| Located::of(&block.place))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "The first page is about lamps.\nA boiler and a lamp.\nThe boiler was repaired in 1994.";

    /// The pieces of [`TEXT`] as they stand in a document, with other text between them.
    fn pieces() -> Vec<Span> {
        vec![Span::new(10, 40), Span::new(100, 120), Span::new(200, 232)]
    }

    fn telling(words: &[&str]) -> Option<Span> {
        let mut matches = Vec::new();
        for word in words {
            matches.extend(TEXT.match_indices(word).map(|(at, _)| Span::new(at, at + word.len())));
        }
        telling_span(&pieces(), TEXT, &matches)
    }

    #[test]
    fn a_passage_stands_where_most_of_the_words_are() {
        assert_eq!(telling(&["repaired"]), Some(pieces()[2]));
        assert_eq!(telling(&["boiler", "repaired"]), Some(pieces()[2]));
        assert_eq!(telling(&["boiler"]), Some(pieces()[1]), "the first of equals");
        assert_eq!(telling(&["lamp"]), None, "it begins there");
        assert_eq!(telling(&[]), None);
    }

    #[test]
    fn offsets_fall_into_their_pieces() {
        let lines: Vec<usize> = TEXT.lines().map(str::len).collect();
        assert_eq!(lines, [30, 20, 32]);
        for (at, piece) in [(0, 0), (29, 0), (31, 1), (51, 1), (52, 2), (83, 2)] {
            assert_eq!(piece_at(&pieces(), at), Some(piece), "{at}");
        }
        assert_eq!(piece_at(&pieces(), 90), None);
    }
}
