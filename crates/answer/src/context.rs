//! What the model is given to read.
//!
//! Passages are taken in their rank until the budget is used up. One that does not fit is cut to
//! the sentences around its best one; where room is left, neighbouring chunks of the same section
//! extend it sentence by sentence. Text is cut between sentences only.

use std::collections::{HashMap, HashSet};

use docent_corpus::{ChunkId, Passage};
use docent_inference::InferenceError;

use crate::budget::Budget;
use crate::lines::Line;
use crate::sentence::{Sentence, join, of_passage};

/// A passage, or the part of it, that stands in the prompt.
#[derive(Clone, Debug)]
pub(crate) struct Excerpt {
    /// Index into the passages of the search; its number in prompt and citations is one more.
    pub(crate) passage: usize,
    /// 0 for the excerpt that matters most.
    pub(crate) priority: usize,
    /// Sentences in the order of the document.
    pub(crate) sentences: Vec<Sentence>,
}

impl Excerpt {
    pub(crate) fn text(&self) -> String {
        join(&self.sentences)
    }
}

/// The chunk before and the chunk after a passage, as far as they belong to its section.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    pub(crate) before: Option<Passage>,
    pub(crate) after: Option<Passage>,
}

/// Counts tokens of plain text.
pub(crate) type Count<'c> = dyn Fn(&str) -> Result<usize, InferenceError> + Send + Sync + 'c;

/// Fewer tokens than this are not worth another passage.
const LEAST_EXCERPT: usize = 24;

/// Chooses excerpts from the passages in the order of `priority`. `lines` are sentences of the
/// passages with their `scores`.
///
/// # Errors
/// Whatever counting tokens met.
pub(crate) fn choose(
    passages: &[Passage],
    priority: &[usize],
    lines: &[Line],
    scores: &[f32],
    neighbours: &HashMap<ChunkId, Neighbours>,
    budget: &Budget,
    count: &Count<'_>,
) -> Result<Vec<Excerpt>, InferenceError> {
    let mut left = budget.evidence;
    let mut excerpts: Vec<Excerpt> = Vec::new();
    for &index in priority {
        if excerpts.len() == budget.passages || (left < LEAST_EXCERPT && !excerpts.is_empty()) {
            break;
        }
        let sentences = of_passage(&passages[index]);
        let best = best_of(index, lines, scores);
        let sentences = window(sentences, best, left, count)?;
        if sentences.is_empty() {
            continue;
        }
        left = left.saturating_sub(count(&join(&sentences))?);
        excerpts.push(Excerpt { passage: index, priority: excerpts.len(), sentences });
    }
    // What stands in the prompt once is not repeated beside its neighbour.
    let mut taken: HashSet<ChunkId> =
        excerpts.iter().map(|excerpt| passages[excerpt.passage].chunk).collect();
    for excerpt in &mut excerpts {
        if let Some(around) = neighbours.get(&passages[excerpt.passage].chunk) {
            let mut around = around.clone();
            let mut fresh = |chunk: &Passage| taken.insert(chunk.chunk);
            around.before = around.before.filter(&mut fresh);
            around.after = around.after.filter(&mut fresh);
            left = extend(excerpt, &passages[excerpt.passage], &around, left, count)?;
        }
    }
    Ok(excerpts)
}

/// Position of the best sentence of a passage within it.
fn best_of(passage: usize, lines: &[Line], scores: &[f32]) -> usize {
    let own = lines.iter().zip(scores).filter(|(line, _)| line.passage == passage).map(|(_, score)| *score);
    let best = own.enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    best.map_or(0, |(position, _)| position)
}

/// All sentences if they fit `room` tokens; else as many around `best` as fit, first those after
/// it. At least the best one is kept if it fits at all.
fn window(
    sentences: Vec<Sentence>,
    best: usize,
    room: usize,
    count: &Count<'_>,
) -> Result<Vec<Sentence>, InferenceError> {
    if sentences.is_empty() || count(&join(&sentences))? <= room {
        return Ok(sentences);
    }
    let best = best.min(sentences.len() - 1);
    let (mut start, mut end) = (best, best);
    let fits = |start: usize, end: usize| count(&join(&sentences[start..end])).map(|tokens| tokens <= room);
    if !fits(best, best + 1)? {
        return Ok(Vec::new());
    }
    end += 1;
    loop {
        let before = (start, end);
        if end < sentences.len() && fits(start, end + 1)? {
            end += 1;
        }
        if start > 0 && fits(start - 1, end)? {
            start -= 1;
        }
        if before == (start, end) {
            return Ok(sentences[start..end].to_vec());
        }
    }
}

/// Adds sentences of the chunk after and then of the chunk before, as far as they touch the
/// excerpt and fit `room`. Returns the room that is left.
fn extend(
    excerpt: &mut Excerpt,
    passage: &Passage,
    around: &Neighbours,
    mut room: usize,
    count: &Count<'_>,
) -> Result<usize, InferenceError> {
    let own = of_passage(passage);
    let whole = own.len() == excerpt.sentences.len();
    if !whole {
        return Ok(room);
    }
    for next in around.after.iter().flat_map(of_passage) {
        let Some(last) = excerpt.sentences.last() else { break };
        if next.span.start < last.span.end {
            continue; // Chunks may overlap: this sentence is there already.
        }
        let tokens = count(&next.text)? + 1;
        if tokens > room {
            break;
        }
        room -= tokens;
        excerpt.sentences.push(next);
    }
    let before: Vec<Sentence> = around.before.iter().flat_map(of_passage).collect();
    for previous in before.into_iter().rev() {
        let Some(first) = excerpt.sentences.first() else { break };
        if previous.span.end > first.span.start {
            continue;
        }
        let tokens = count(&previous.text)? + 1;
        if tokens > room {
            break;
        }
        room -= tokens;
        excerpt.sentences.insert(0, previous);
    }
    Ok(room)
}

/// The order in the prompt. The best passage comes last, next to the question. Those that the
/// turn before showed come first, in the order of that turn, so that the start of the prompt stays
/// the same and need not be read again; the others follow, worse before better.
pub(crate) fn order(mut excerpts: Vec<Excerpt>, passages: &[Passage], shown: &[ChunkId]) -> Vec<Excerpt> {
    excerpts.sort_by_key(|excerpt| {
        let chunk = passages[excerpt.passage].chunk;
        let place = shown.iter().position(|id| *id == chunk);
        (excerpt.priority == 0, place.is_none(), place, std::cmp::Reverse(excerpt.priority))
    });
    excerpts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines;
    use crate::sentence::tests::passage;
    use docent_corpus::Span;

    const BUDGET: Budget = Budget { passages: 2, evidence: 40, answer: 10, prompt: 100, history: false };

    fn count(text: &str) -> Result<usize, InferenceError> {
        Ok(text.split_whitespace().count())
    }

    fn numbered(chunk: i64, text: &str) -> Passage {
        let mut made = passage(text, &[Span::new(0, text.len())], &[]);
        made.chunk = ChunkId(chunk);
        made
    }

    fn chosen(passages: &[Passage], scores: impl Fn(&str) -> f32, budget: &Budget) -> Vec<String> {
        let lines = lines::of_passages(passages, 9);
        let scores: Vec<f32> = lines.iter().map(|line| scores(&line.sentence.text)).collect();
        let order: Vec<usize> = (0..passages.len()).collect();
        let excerpts = choose(passages, &order, &lines, &scores, &HashMap::new(), budget, &count).unwrap();
        excerpts.iter().map(Excerpt::text).collect()
    }

    #[test]
    fn a_passage_that_does_not_fit_is_cut_around_its_best_sentence() {
        let long = numbered(1, "Aa bb cc dd ee. Ff gg hh ii jj. Kk ll mm nn oo. Pp qq rr ss tt.");
        let budget = Budget { evidence: 10, ..BUDGET };
        let score = |text: &str| if text.starts_with("Kk") { 1.0 } else { 0.0 };
        assert_eq!(chosen(&[long], score, &budget), ["Kk ll mm nn oo. Pp qq rr ss tt."]);
    }

    #[test]
    fn passages_are_taken_until_the_budget_is_used_up() {
        let all = [numbered(1, "One two three."), numbered(2, "Four five."), numbered(3, "Six.")];
        assert_eq!(chosen(&all, |_| 0.0, &BUDGET), ["One two three.", "Four five."]);
        let tight = Budget { evidence: 26, ..BUDGET };
        assert_eq!(chosen(&all, |_| 0.0, &tight), ["One two three."]);
    }

    #[test]
    fn neighbours_extend_a_passage_and_overlap_is_not_repeated() {
        let text = "Zero. One two. Three four. Five six.";
        let cut = |a: usize, b: usize| passage(text, &[Span::new(a, b)], &[]);
        let own = cut(6, 26);
        let beside = |chunk: i64, cut: Passage| Some(Passage { chunk: ChunkId(chunk), ..cut });
        let around = Neighbours { before: beside(2, cut(0, 14)), after: beside(3, cut(15, text.len())) };
        let neighbours = HashMap::from([(own.chunk, around)]);
        let lines = lines::of_passages(std::slice::from_ref(&own), 1);
        let scores = vec![0.0; lines.len()];
        let excerpts =
            choose(std::slice::from_ref(&own), &[0], &lines, &scores, &neighbours, &BUDGET, &count).unwrap();
        let texts: Vec<&str> = excerpts[0].sentences.iter().map(|s| s.text.as_str()).collect();
        assert_eq!(texts, ["Zero.", "One two.", "Three four.", "Five six."]);
    }

    #[test]
    fn the_best_passage_is_last_and_known_ones_keep_their_order() {
        let passages: Vec<Passage> = (10..15).map(|chunk| numbered(chunk, "A.")).collect();
        let excerpts: Vec<Excerpt> = (0..5)
            .map(|passage| Excerpt { passage, priority: passage, sentences: of_passage(&passages[passage]) })
            .collect();
        let places = |shown: &[i64]| {
            let shown: Vec<ChunkId> = shown.iter().copied().map(ChunkId).collect();
            order(excerpts.clone(), &passages, &shown).iter().map(|e| e.passage).collect::<Vec<_>>()
        };
        assert_eq!(places(&[]), [4, 3, 2, 1, 0]);
        assert_eq!(places(&[11, 99, 14]), [1, 4, 3, 2, 0]);
        assert_eq!(places(&[10, 12]), [2, 4, 3, 1, 0]);
    }
}
