//! Preparing what the model reads, and what its answer is compared with.

use std::collections::HashMap;
use std::sync::Arc;

use docent_corpus::{ChunkId, Passage, Span};
use docent_inference::Generator;
use docent_library::Library;

use crate::AnswerError;
use crate::budget::Budget;
use crate::cancel::blocking;
use crate::context::{self, Excerpt, Neighbours};
use crate::followup::Turn;
use crate::lines::Line;
use crate::passage::bare;

/// Earlier turns that a model is shown.
const TURNS: usize = 2;

/// Longest earlier answer that is shown, in characters; a longer one is cut after a sentence.
const EARLIER_ANSWER: usize = 400;

/// What an answer may be made of.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    /// By rank.
    pub(crate) passages: &'a [Passage],
    /// Their sentences.
    pub(crate) lines: &'a [Line],
    /// How well each of them answers.
    pub(crate) scores: &'a [f32],
    /// The passages that are quoted, by rank.
    pub(crate) quoted: &'a [usize],
}

/// The excerpts for a prompt, in its order.
///
/// # Errors
/// [`AnswerError::Library`]; [`AnswerError::Inference`] if tokens cannot be counted.
pub(crate) async fn excerpts(
    library: &Arc<Library>,
    found: Found<'_>,
    shown: &[ChunkId],
    budget: &Budget,
    generator: &dyn Generator,
) -> Result<Vec<Excerpt>, AnswerError> {
    let Found { passages, lines, scores, quoted } = found;
    let priority = priority(passages, quoted);
    let first = priority.iter().take(budget.passages).map(|index| &passages[*index]);
    let neighbours = neighbours(library, first).await?;
    let count = |text: &str| generator.count_tokens(text);
    let chosen = context::choose(passages, &priority, lines, scores, &neighbours, budget, &count);
    let chosen = chosen.map_err(|source| AnswerError::inference("counting tokens", source))?;
    Ok(context::order(chosen, passages, shown))
}

/// The passages in the order in which they are taken into the prompt: those that are quoted, then
/// by rank.
fn priority(passages: &[Passage], quoted: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..passages.len()).collect();
    order.sort_by_key(|index| (!quoted.contains(index), *index));
    order
}

/// The neighbours of passages within their section.
async fn neighbours(
    library: &Arc<Library>,
    passages: impl Iterator<Item = &Passage>,
) -> Result<HashMap<ChunkId, Neighbours>, AnswerError> {
    let wanted: Vec<(ChunkId, Vec<String>, Option<Span>)> =
        passages.map(|p| (p.chunk, p.headings.clone(), p.spans.first().copied())).collect();
    let library = Arc::clone(library);
    blocking("reading neighbours", move || {
        let mut found = HashMap::new();
        for (chunk, headings, start) in wanted {
            let mut neighbours = Neighbours::default();
            for other in library.neighbours(chunk, 1, 1)? {
                if other.headings != headings {
                    continue;
                }
                let side = if other.spans.first().copied() < start {
                    &mut neighbours.before
                } else {
                    &mut neighbours.after
                };
                *side = Some(bare(other));
            }
            found.insert(chunk, neighbours);
        }
        Ok(found)
    })
    .await
}

/// The chunks of the passages that excerpts were taken from, in order.
pub(crate) fn chunks(excerpts: &[Excerpt], passages: &[Passage]) -> Vec<ChunkId> {
    excerpts.iter().map(|excerpt| passages[excerpt.passage].chunk).collect()
}

/// The lines that the model has read: those of `lines`, which keep their vectors, and new ones
/// from neighbouring chunks. Each belongs to the passage that it is a sentence of, if that is
/// among `passages`, otherwise to the one that it extends.
pub(crate) fn lines(excerpts: &[Excerpt], mut lines: Vec<Line>, passages: &[Passage]) -> Vec<Line> {
    let mut read = Vec::new();
    for excerpt in excerpts {
        for sentence in &excerpt.sentences {
            let owner = passages.iter().position(|passage| passage.chunk == sentence.chunk);
            let owner = owner.unwrap_or(excerpt.passage);
            let known =
                lines.iter().position(|line| line.passage == owner && line.sentence.span == sentence.span);
            read.push(match known {
                Some(index) => lines.swap_remove(index),
                None => Line::new(owner, sentence.clone()),
            });
        }
    }
    read
}

/// Takes the least away from `excerpts`: the worst passage, or of the last one a sentence at its
/// end. `false` when nothing is left to take.
pub(crate) fn shrink(excerpts: &mut Vec<Excerpt>) -> bool {
    if excerpts.len() > 1 {
        let worst = excerpts.iter().enumerate().max_by_key(|(_, excerpt)| excerpt.priority);
        if let Some(index) = worst.map(|(index, _)| index) {
            excerpts.remove(index);
        }
        return true;
    }
    match excerpts.first_mut() {
        Some(last) if last.sentences.len() > 1 => last.sentences.pop().is_some(),
        Some(_) => {
            excerpts.clear();
            true
        }
        None => false,
    }
}

/// The last turns that had an answer, with long answers cut after a sentence.
pub(crate) fn recent(history: &[Turn]) -> Vec<Turn> {
    let answered: Vec<&Turn> = history.iter().filter(|turn| !turn.answer.is_empty()).collect();
    let cut = |turn: &&Turn| Turn { answer: first_sentences(&turn.answer), ..(*turn).clone() };
    answered.iter().skip(answered.len().saturating_sub(TURNS)).map(cut).collect()
}

fn first_sentences(text: &str) -> String {
    let limit = text.char_indices().nth(EARLIER_ANSWER).map_or(text.len(), |(at, _)| at);
    let ends = docent_text::sentences(text).into_iter().map(|range| range.end);
    text[..ends.take_while(|end| *end <= limit).last().unwrap_or(limit)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentence::{of_passage, tests::passage};

    fn excerpt(index: usize, text: &str) -> Excerpt {
        let made = passage(text, &[Span::new(0, text.len())], &[]);
        Excerpt { passage: index, priority: index, sentences: of_passage(&made) }
    }

    #[test]
    fn shrinking_takes_the_worst_passage_first_and_then_sentences() {
        let mut excerpts = vec![excerpt(2, "C."), excerpt(0, "One. Two."), excerpt(1, "B.")];
        let mut seen = Vec::new();
        while shrink(&mut excerpts) {
            seen.push(excerpts.iter().map(Excerpt::text).collect::<Vec<_>>().join("|"));
        }
        assert_eq!(seen, ["One. Two.|B.", "One. Two.", "One.", ""]);
    }

    #[test]
    fn earlier_answers_are_cut_after_a_sentence() {
        let long = "这是一句。".repeat(200);
        let turn = |answer: &str| Turn { answer: answer.into(), ..Turn::default() };
        let kept = recent(&[turn("first."), turn(""), turn("second."), turn(&long)]);
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[0].answer, "second.");
        assert_eq!(kept[1].answer, "这是一句。".repeat(80));
    }

    #[test]
    fn lines_keep_their_vectors_and_new_sentences_join() {
        let made = passage("One. Two.", &[Span::new(0, 9)], &[]);
        let mut known = crate::lines::of_passages(std::slice::from_ref(&made), 1);
        known[0].vector = Some(vec![1.0]);
        let mut excerpt = excerpt(0, "One. Two.");
        let mut extra = excerpt.sentences[1].clone();
        extra.span = Span::new(10, 15);
        excerpt.sentences.push(extra);
        let read = lines(&[excerpt], known, &[made]);
        assert_eq!(read.len(), 3);
        assert_eq!(read[0].vector, Some(vec![1.0]));
    }
}
