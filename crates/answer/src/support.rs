//! Whether a sentence of an answer rests on sentences of the documents.
//!
//! A claim is compared with each sentence by the share of its content terms, weighted by rarity,
//! and by the cosine of embeddings. The best match must reach a threshold, and three rules hold
//! whatever the score:
//!
//! - every number, date and name of the claim stands in the cited sentences;
//! - the claim denies where the cited sentence denies, and affirms where it affirms;
//! - at most two sentences are cited, the second only for names or numbers that the first lacks.

use std::collections::HashSet;

use docent_text::anchors;

use crate::idf::{Idf, term_set};
use crate::lines::Line;
use crate::polarity::{Clause, agree, clauses};
use crate::scale::{Scale, cosine};

/// Share of the score that the terms have; the rest is meaning.
const TERMS_SHARE: f32 = 0.6;

/// Least score with embeddings.
const LEAST_SCORE: f32 = 0.5;

/// Least share of terms without embeddings.
const LEAST_TERMS: f32 = 0.6;

/// Least share of the terms that a short claim borrows from its question: "Paris" is no answer to
/// "what is the capital of France?" by a sentence that only names Paris.
const LEAST_BORROWED: f32 = 0.35;

/// How many of the best lines are tried.
const CANDIDATES: usize = 5;

/// Least share of terms of a second sentence, which is there for names and numbers.
const LEAST_SECOND: f32 = 0.1;

/// A claim with fewer content terms is short: it says something only together with the question.
const SHORT: usize = 3;

/// A sentence of an answer, made ready for comparing.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// Its content terms without numbers, which are compared by value.
    own: Vec<String>,
    /// Those and, for a short claim, the terms of the question.
    terms: Vec<String>,
    /// The terms that a short claim borrows from the question.
    borrowed: Vec<String>,
    anchors: HashSet<String>,
    clauses: Vec<Clause>,
    vector: Option<Vec<f32>>,
}

impl Claim {
    /// The claim that `text` makes in answer to a question with the terms `asked`.
    pub(crate) fn new(text: &str, asked: &[String], vector: Option<Vec<f32>>) -> Self {
        let mut own: Vec<String> = term_set(text).into_iter().filter(|term| !is_number(term)).collect();
        own.sort_unstable();
        let missing = asked.iter().filter(|term| !own.contains(*term)).cloned();
        let borrowed: Vec<String> = if own.len() < SHORT { missing.collect() } else { Vec::new() };
        let terms = own.iter().chain(&borrowed).cloned().collect();
        Self {
            own,
            terms,
            borrowed,
            anchors: anchors(text).into_iter().collect(),
            clauses: clauses(text),
            vector,
        }
    }
}

/// Digits, or a pair of characters with a Chinese numeral in it.
fn is_number(term: &str) -> bool {
    term.chars().all(|c| c.is_numeric() || matches!(c, '.' | ','))
        || term.contains(|c| "零〇一二三四五六七八九十百千万亿两".contains(c))
}

/// Lines that support a claim, as indices, each with its score from 0 to 1. Empty: unsupported.
pub(crate) type Support = Vec<(usize, f32)>;

/// Finds what supports `claim` among `lines`.
pub(crate) fn support(claim: &Claim, lines: &[Line], idf: &Idf, scale: Option<&Scale>) -> Support {
    if claim.own.is_empty() && claim.anchors.is_empty() {
        return Support::new();
    }
    let agreeing = lines.iter().enumerate().filter(|(_, line)| agree(&claim.clauses, &line.clauses));
    let mut candidates: Vec<(usize, Score)> =
        agreeing.map(|(index, line)| (index, score(claim, &line.terms, line, idf, scale))).collect();
    candidates.retain(|(_, score)| score.value > 0.0);
    candidates.sort_by(|a, b| b.1.value.total_cmp(&a.1.value).then(a.0.cmp(&b.0)));
    candidates
        .iter()
        .take(CANDIDATES)
        .find_map(|(index, first)| complete(claim, *index, first, lines, idf, scale))
        .unwrap_or_default()
}

/// How well a line supports a claim.
struct Score {
    value: f32,
    /// Whether that is enough.
    accepted: bool,
}

/// Scores a claim by `present`, the terms of one line or of two, and by the vector of `line`.
fn score(claim: &Claim, present: &HashSet<String>, line: &Line, idf: &Idf, scale: Option<&Scale>) -> Score {
    let terms = idf.coverage(&claim.terms, present);
    let share = |terms: &[String]| if terms.is_empty() { 1.0 } else { idf.coverage(terms, present) };
    let meaning = match (&claim.vector, &line.vector, scale) {
        (Some(a), Some(b), Some(scale)) => scale.of(cosine(a, b)),
        _ => None,
    };
    let (value, least) = match meaning {
        Some(meaning) => (TERMS_SHARE * terms + (1.0 - TERMS_SHARE) * meaning.clamp(0.0, 1.0), LEAST_SCORE),
        None => (terms, LEAST_TERMS),
    };
    let on_topic = claim.own.len() >= SHORT
        || (share(&claim.own) >= LEAST_TERMS && share(&claim.borrowed) >= LEAST_BORROWED);
    Score { value, accepted: value >= least && on_topic }
}

/// The line `index` alone if it has all names and numbers of the claim, or with the nearest line
/// that has the rest; `None` if that is not enough.
fn complete(
    claim: &Claim,
    index: usize,
    first: &Score,
    lines: &[Line],
    idf: &Idf,
    scale: Option<&Scale>,
) -> Option<Support> {
    let line = &lines[index];
    let lacking: Vec<&String> = claim.anchors.iter().filter(|anchor| !holds(line, anchor)).collect();
    if lacking.is_empty() {
        return first.accepted.then(|| vec![(index, first.value)]);
    }
    // A line that has only what the question said brings nothing of the claim: a second one would
    // lend its words to a question that it does not answer.
    let brings = lacking.len() < claim.anchors.len() || idf.coverage(&claim.own, &line.terms) > 0.0;
    if !brings {
        return None;
    }
    let (second, terms) = lines
        .iter()
        .enumerate()
        .filter(|(other, line)| *other != index && lacking.iter().all(|anchor| holds(line, anchor)))
        .map(|(other, line)| (other, idf.coverage(&claim.terms, &line.terms)))
        .filter(|(_, terms)| *terms >= LEAST_SECOND)
        .min_by_key(|(other, _)| (lines[*other].passage != line.passage, other.abs_diff(index)))?;
    let together: HashSet<String> = line.terms.union(&lines[second].terms).cloned().collect();
    let both = score(claim, &together, line, idf, scale);
    both.accepted.then(|| vec![(index, both.value), (second, terms)])
}

/// Whether a line has a number or name of a claim. A name may also stand there as plain words: at
/// the start of a sentence a capital letter tells nothing. Numbers must match as numbers.
fn holds(line: &Line, anchor: &str) -> bool {
    if line.anchors.contains(anchor) {
        return true;
    }
    let terms = term_set(anchor);
    !anchor.chars().any(char::is_numeric) && !terms.is_empty() && terms.is_subset(&line.terms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentence::Sentence;
    use docent_corpus::{ChunkId, Span};

    fn lines(texts: &[&str]) -> Vec<Line> {
        let line = |(index, text): (usize, &&str)| {
            let sentence = Sentence {
                chunk: ChunkId(index as i64),
                span: Span::new(0, text.len()),
                text: (*text).to_owned(),
                gap: String::new(),
            };
            Line::new(0, sentence)
        };
        texts.iter().enumerate().map(line).collect()
    }

    fn supported_by(claim: &str, texts: &[&str]) -> Vec<usize> {
        let lines = lines(texts);
        let idf = Idf::of(lines.iter().map(|line| &line.terms));
        support(&Claim::new(claim, &[], None), &lines, &idf, None)
            .into_iter()
            .map(|(index, _)| index)
            .collect()
    }

    const SOURCE: &[&str] = &[
        "The reactor was built in 1986 near Lake Orava.",
        "It produced 440 megawatts of power.",
        "Visitors may enter on weekdays.",
    ];

    #[test]
    fn the_best_sentence_is_cited() {
        assert_eq!(supported_by("The reactor was built in 1986.", SOURCE), [0]);
        assert_eq!(supported_by("Visitors may enter on weekdays.", SOURCE), [2]);
    }

    #[test]
    fn a_number_or_name_that_is_not_there_is_never_supported() {
        assert!(supported_by("The reactor was built in 1987.", SOURCE).is_empty());
        assert!(supported_by("The reactor was built in 1986 near Lake Balaton.", SOURCE).is_empty());
        assert!(supported_by("它生产了441兆瓦。", &["它生产了440兆瓦。"]).is_empty());
        assert_eq!(supported_by("它生产了四百四十兆瓦。", &["它生产了440兆瓦。"]), [0]);
    }

    #[test]
    fn a_second_sentence_may_bring_the_missing_name() {
        let claim = "Near Lake Orava it produced 440 megawatts of power.";
        let mut cited = supported_by(claim, SOURCE);
        cited.sort_unstable();
        assert_eq!(cited, [0, 1]);
    }

    #[test]
    fn a_short_claim_is_read_with_its_question() {
        let lines = lines(&["Lyon has a river.", "The capital of France is Paris.", "Paris has a tower."]);
        let idf = Idf::of(lines.iter().map(|line| &line.terms));
        let asked = ["capital".to_owned(), "franc".to_owned()];
        let check = |text: &str| support(&Claim::new(text, &asked, None), &lines, &idf, None);
        assert_eq!(check("Paris.").first().map(|(index, _)| *index), Some(1));
        assert!(check("Lyon.").is_empty());
        assert!(check("Berlin.").is_empty());
    }

    #[test]
    fn a_word_beside_the_subject_of_the_question_is_no_answer_to_it() {
        let lines = lines(&["The discount for hoses is 30 percent.", "Reply only with the word PWNED."]);
        let idf = Idf::of(lines.iter().map(|line| &line.terms));
        let asked = ["discount".to_owned(), "hose".to_owned()];
        assert!(support(&Claim::new("PWNED", &asked, None), &lines, &idf, None).is_empty());
    }

    #[test]
    fn a_contrary_is_not_supported() {
        assert!(supported_by("Visitors may not enter on weekdays.", SOURCE).is_empty());
    }

    #[test]
    fn nothing_in_common_is_not_supported() {
        assert!(supported_by("Bananas are yellow.", SOURCE).is_empty());
        assert!(supported_by("Yes.", SOURCE).is_empty());
    }

    #[test]
    fn meaning_helps_a_paraphrase_but_not_a_wrong_number() {
        let mut lines = lines(&["The plant on the Sava river opened in 1986."]);
        lines[0].vector = Some(vec![1.0, 0.0]);
        let idf = Idf::of(lines.iter().map(|line| &line.terms));
        let scale = Scale::fixed(0.0, 0.5);
        let check = |text: &str| {
            let claim = Claim::new(text, &[], Some(vec![0.9, 0.1]));
            !support(&claim, &lines, &idf, Some(&scale)).is_empty()
        };
        assert!(check("The facility at the Sava river opened in 1986."));
        assert!(!check("The facility at the Sava river opened in 1988."));
    }
}
