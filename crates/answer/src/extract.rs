//! The sentences that answer a question best, word for word.
//!
//! A chat model of 0.1 to 0.6 billion parameters often misses an answer that stands in its
//! prompt. The sentence that holds it can be picked without any chat model, so it is picked first
//! and shown as a quotation.

use std::collections::HashSet;

use docent_text::{Language, anchors, fold};

use crate::idf::Idf;
use crate::lines::Line;
use crate::query::Query;
use crate::scale::{Scale, cosine};

/// What kind of fact a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A number or a date.
    Number,
    /// A name.
    Name,
    /// Anything.
    Any,
}

const ASKS_NUMBER: &[&str] = &[
    "when",
    "how many",
    "how much",
    "how old",
    "how long",
    "how tall",
    "how far",
    "how high",
    "how big",
    "how large",
    "how often",
    "what year",
    "which year",
    "what date",
    "what percent",
    "what time",
    "多少",
    "几",
    "什么时候",
    "何时",
    "哪年",
    "哪一年",
    "多大",
    "多长",
    "多高",
    "多久",
    "多远",
    "日期",
    "年份",
];

const ASKS_NAME: &[&str] = &["who", "whom", "whose", "where", "which city", "which country"];

impl Expected {
    pub(crate) fn by(question: &str) -> Self {
        let folded = fold(question);
        let asks = |list: &[&str]| {
            list.iter().any(|phrase| {
                if phrase.is_ascii() {
                    format!(" {folded} ").replace(['?', ',', '.', '\''], " ").contains(&format!(" {phrase} "))
                } else {
                    folded.contains(phrase)
                }
            })
        };
        // Chinese names have no capitals to know them by, so only English questions ask for names.
        match () {
            () if asks(ASKS_NUMBER) => Self::Number,
            () if asks(ASKS_NAME) => Self::Name,
            () => Self::Any,
        }
    }
}

/// What is known of one line as an answer to a question.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Aspects {
    /// Share of the question's terms in the sentence, by rarity.
    pub(crate) terms: f32,
    /// That share with the sentence before and after it.
    pub(crate) around: f32,
    /// Cosine to the question on the common scale, from 0 to 1.
    pub(crate) meaning: f32,
    /// 1 if it has a fact of the expected kind that the question does not name itself; 0.5 if no
    /// kind is expected.
    pub(crate) fact: f32,
    /// 1 for the best passage, less for those after it.
    pub(crate) passage: f32,
}

/// How much each aspect counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shares {
    pub(crate) terms: f32,
    pub(crate) around: f32,
    pub(crate) meaning: f32,
    pub(crate) fact: f32,
    pub(crate) passage: f32,
}

const WITH_MEANING: Shares = Shares { terms: 0.35, around: 0.1, meaning: 0.3, fact: 0.15, passage: 0.1 };
const WORDS_ONLY: Shares = Shares { terms: 0.55, around: 0.15, meaning: 0.0, fact: 0.15, passage: 0.15 };

/// A second sentence is quoted too when its score comes this near to the best.
const SECOND: f32 = 0.92;

/// Scores from here on are worth quoting at all.
const LEAST: f32 = 0.12;

/// A question with what scoring needs.
pub(crate) struct Asked<'q> {
    pub(crate) query: &'q Query,
    pub(crate) vector: Option<&'q [f32]>,
    pub(crate) scale: Option<&'q Scale>,
}

/// The aspects of every line.
pub(crate) fn aspects(asked: &Asked<'_>, lines: &[Line], idf: &Idf) -> Vec<Aspects> {
    let expected = Expected::by(&asked.query.text);
    let named: HashSet<String> = anchors(&asked.query.text).into_iter().collect();
    let terms = &asked.query.terms;
    (0..lines.len())
        .map(|index| {
            let line = &lines[index];
            let mut around = line.terms.clone();
            for neighbour in [index.wrapping_sub(1), index + 1] {
                if let Some(other) = lines.get(neighbour).filter(|other| other.passage == line.passage) {
                    around.extend(other.terms.iter().cloned());
                }
            }
            Aspects {
                terms: idf.coverage(terms, &line.terms),
                around: idf.coverage(terms, &around),
                meaning: meaning(asked, line),
                fact: fact(expected, line, &named),
                passage: 1.0 / (1.0 + line.passage as f32 / 2.0),
            }
        })
        .collect()
}

fn meaning(asked: &Asked<'_>, line: &Line) -> f32 {
    match (asked.vector, &line.vector, asked.scale) {
        (Some(question), Some(sentence), Some(scale)) => {
            scale.of(cosine(question, sentence)).unwrap_or(0.0).clamp(0.0, 1.0)
        }
        _ => 0.0,
    }
}

fn fact(expected: Expected, line: &Line, named: &HashSet<String>) -> f32 {
    let is_number = |anchor: &String| anchor.chars().any(char::is_numeric);
    let wanted = |anchor: &&String| match expected {
        Expected::Number => is_number(anchor),
        Expected::Name => !is_number(anchor),
        Expected::Any => false,
    };
    match expected {
        Expected::Any => 0.5,
        _ if line.anchors.difference(named).any(|anchor| wanted(&anchor)) => 1.0,
        _ => 0.0,
    }
}

/// One score per line, 0 to 1.
pub(crate) fn scores(asked: &Asked<'_>, lines: &[Line], idf: &Idf) -> Vec<f32> {
    let reads = asked.vector.is_some() && asked.scale.is_some_and(Scale::reads);
    let shares = if reads { WITH_MEANING } else { WORDS_ONLY };
    aspects(asked, lines, idf).iter().map(|aspects| weigh(aspects, &shares)).collect()
}

pub(crate) fn weigh(a: &Aspects, s: &Shares) -> f32 {
    s.terms * a.terms + s.around * a.around + s.meaning * a.meaning + s.fact * a.fact + s.passage * a.passage
}

/// The lines to quote, as indices, in the order of the documents: the best one, and another that
/// is nearly as good. Lines without a word, such as a table's rule, are not quoted.
pub(crate) fn choose(lines: &[Line], scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lines.len()).filter(|index| !lines[*index].terms.is_empty()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
    let Some(&best) = order.first().filter(|best| scores[**best] >= LEAST) else { return Vec::new() };
    let mut chosen = vec![best];
    let second = order.iter().skip(1).find(|index| lines[**index].terms != lines[best].terms);
    chosen.extend(second.filter(|index| scores[**index] >= SECOND * scores[best]));
    chosen.sort_by_key(|index| (lines[*index].passage, *index));
    chosen
}

/// What stands between two sentences that are put one after the other.
pub(crate) fn joint(language: Language) -> &'static str {
    match language {
        Language::Chinese => "",
        Language::English => " ",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sentence::Sentence;
    use docent_corpus::{ChunkId, Span};

    fn pick(question: &str, texts: &[&str]) -> Vec<usize> {
        let lines: Vec<Line> = texts
            .iter()
            .map(|text| {
                let span = Span::new(0, text.len());
                let gap = String::new();
                Line::new(0, Sentence { chunk: ChunkId(1), span, text: (*text).to_owned(), gap })
            })
            .collect();
        let idf = Idf::of(lines.iter().map(|line| &line.terms));
        let query = Query::parse(question).unwrap();
        let asked = Asked { query: &query, vector: None, scale: None };
        choose(&lines, &scores(&asked, &lines, &idf))
    }

    #[test]
    fn the_kind_of_fact_is_known_by_the_question() {
        let cases = [
            ("When was it built?", Expected::Number),
            ("How many people live there?", Expected::Number),
            ("这座塔有多高？", Expected::Number),
            ("Who wrote it?", Expected::Name),
            ("What is the plan?", Expected::Any),
            ("Tell me about the whole story", Expected::Any),
        ];
        for (question, want) in cases {
            assert_eq!(Expected::by(question), want, "{question}");
        }
    }

    #[test]
    fn the_sentence_with_the_asked_fact_is_picked() {
        let texts = [
            "The tower stands in the old town and was built of granite.",
            "The tower was built in 1624 by the city.",
            "Its clock is famous.",
        ];
        assert_eq!(pick("When was the tower built?", &texts), [1]);
        assert_eq!(pick("塔是什么时候建的？", &["塔在老城，用花岗岩建的。", "塔是1624年建的。"]), [1]);
    }

    #[test]
    fn nothing_in_common_is_not_quoted_and_equals_are_not_repeated() {
        assert!(pick("Bananas?", &["---", "***"]).is_empty());
        let same = ["Close the valve first.", "Close the valve first."];
        assert_eq!(pick("close valve", &same), [0]);
    }

    #[test]
    fn two_sentences_that_are_equally_good_are_both_quoted() {
        let texts = ["The red valve leaks oil.", "Nothing else here.", "The red valve leaks water."];
        assert_eq!(pick("red valve leaks", &texts), [0, 2]);
    }
}
