//! Questions that lean on the ones before them.
//!
//! A small model cannot be trusted to rewrite "and when was it built?", so this is done by rule:
//! when a question points back, the content words of the question before it are added to a second
//! query, both are searched, and their results fused. In the style of keywords, which is what
//! helped compact retrievers most in published comparisons (SemEval-2026 MT-RAG).

use docent_corpus::ChunkId;
use docent_text::{anchors, fold, words};

use crate::AnswerError;
use crate::query::{Query, content_words};

/// A question and its answer, earlier in a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// What was asked.
    pub question: String,
    /// What was answered; empty when it was refused.
    pub answer: String,
    /// The chunks that the model was given, in the order of the prompt.
    pub passages: Vec<ChunkId>,
}

/// A question with fewer content words than this leans on the one before.
const SHORT: usize = 3;

/// A pronoun makes a question lean on the one before only up to this many content words: a longer
/// one names its subject itself.
const PRONOUN_LIMIT: usize = 7;

/// How many turns back a chain of leaning questions is followed.
const TURNS: usize = 3;

/// Most names that are taken from an answer.
const NAMES: usize = 4;

const PRONOUNS: &[&str] = &[
    "it", "its", "he", "him", "his", "she", "her", "hers", "they", "them", "their", "theirs", "this", "that",
    "these", "those", "one", "ones", "there", "former", "latter",
];

/// Chinese is not cut into words reliably, so its pronouns are looked for as characters.
const CHINESE_PRONOUNS: &[&str] = &["它", "他", "她", "这", "那", "此", "该", "前者", "后者"];

/// Words that hold one of those characters and are no pronouns.
const NO_PRONOUNS: &[&str] = &["其他", "吉他", "应该", "因此", "此外", "彼此", "从此"];

/// Pronouns for people: the name they stand for is often in the answer, not in the question.
const PEOPLE: &[&str] = &["he", "him", "his", "she", "her", "hers", "they", "them", "their"];

const OPENERS: &[&str] = &[
    "and ",
    "but ",
    "or ",
    "what about ",
    "how about ",
    "also ",
    "why?",
    "why not",
    "how so",
    "那么",
    "那",
    "还有",
    "另外",
    "而",
    "然后",
    "为什么？",
    "为什么?",
];

/// The queries of one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The question as it was asked.
    pub(crate) asked: Query,
    /// The question with what it leans on.
    pub(crate) resolved: Option<Query>,
    /// Whether the question says nothing without what it leans on.
    pub(crate) points_back: bool,
}

impl Plan {
    /// The query that says most: with the context if there is one.
    pub(crate) fn full(&self) -> &Query {
        self.resolved.as_ref().unwrap_or(&self.asked)
    }
}

/// The plan for one question without a conversation.
pub(crate) fn alone(typed: &str) -> Result<Plan, AnswerError> {
    Ok(Plan { asked: Query::parse(typed)?, resolved: None, points_back: false })
}

/// The plan for `typed`, asked after `history` (oldest first).
///
/// # Errors
/// [`AnswerError::EmptyQuestion`].
pub(crate) fn plan(typed: &str, history: &[Turn]) -> Result<Plan, AnswerError> {
    let mut plan = alone(typed)?;
    if history.is_empty() {
        return Ok(plan);
    }
    let points_back = points_back(&plan.asked);
    if !points_back && (plan.asked.content_words() >= SHORT || !plan.asked.phrases.is_empty()) {
        return Ok(plan);
    }
    let mut context = context(history);
    if (mentions(&plan.asked.text, PEOPLE) || has_pronoun(&plan.asked.text, &["他", "她"]))
        && let Some(last) = history.last()
    {
        context.extend(names(&last.answer));
    }
    context.push(plan.asked.text.clone());
    plan.resolved = Some(Query { language: plan.asked.language, ..Query::parse(&context.join(" "))? });
    plan.points_back = points_back;
    Ok(plan)
}

/// Content words of the last question, and of those before it as long as each leans on the one
/// before; oldest first.
fn context(history: &[Turn]) -> Vec<String> {
    let mut found = Vec::new();
    for turn in history.iter().rev().take(TURNS) {
        let Ok(query) = Query::parse(&turn.question) else { break };
        if !query.terms.is_empty() {
            found.insert(0, content_words(&query.text));
        }
        if query.content_words() >= SHORT && !points_back(&query) {
            break;
        }
    }
    found
}

fn points_back(query: &Query) -> bool {
    let folded = fold(&query.text);
    let content = query.content_words();
    content == 0
        || (OPENERS.iter().any(|opener| folded.starts_with(opener)) && content < PRONOUN_LIMIT)
        || ((mentions(&query.text, PRONOUNS) || has_pronoun(&query.text, CHINESE_PRONOUNS))
            && content < PRONOUN_LIMIT)
}

fn has_pronoun(text: &str, list: &[&str]) -> bool {
    let mut text = text.to_owned();
    for word in NO_PRONOUNS {
        text = text.replace(word, " ");
    }
    list.iter().any(|pronoun| text.contains(pronoun))
}

fn mentions(text: &str, list: &[&str]) -> bool {
    words(text).into_iter().any(|range| list.contains(&fold(&text[range]).as_str()))
}

/// Names in an answer, without numbers.
fn names(answer: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for anchor in anchors(answer) {
        let named = anchor.chars().any(char::is_alphabetic) && !anchor.chars().any(|c| c.is_ascii_digit());
        if named && !found.contains(&anchor) && found.len() < NAMES {
            found.push(anchor);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(question: &str, answer: &str) -> Turn {
        Turn { question: question.into(), answer: answer.into(), passages: vec![] }
    }

    fn resolved(question: &str, history: &[Turn]) -> Option<String> {
        plan(question, history).unwrap().resolved.map(|query| query.text)
    }

    #[test]
    fn a_pronoun_brings_the_last_subject() {
        let history = [turn("How tall is the Eiffel Tower in Paris?", "330 metres.")];
        let text = resolved("When was it built?", &history).unwrap();
        assert_eq!(text, "tall Eiffel Tower Paris When was it built?");
        assert!(plan("When was it built?", &history).unwrap().points_back);
    }

    #[test]
    fn a_full_question_stands_alone() {
        let history = [turn("How tall is the Eiffel Tower?", "330 metres.")];
        assert_eq!(resolved("Which gases does the engine exhaust pipe contain?", &history), None);
        assert_eq!(resolved("Find \"exact words\"", &history), None);
        assert_eq!(resolved("When was it built?", &[]), None);
    }

    #[test]
    fn a_short_question_gets_context_but_does_not_point_back() {
        let history = [turn("How tall is the Eiffel Tower?", "330 metres.")];
        let plan = plan("opening hours", &history).unwrap();
        assert!(plan.resolved.is_some());
        assert!(!plan.points_back);
    }

    #[test]
    fn chains_are_followed_to_the_question_that_names_the_subject() {
        let history = [
            turn("Who maintains the apt package manager today?", "The APT team."),
            turn("Since when?", "Since 1998."),
        ];
        let text = resolved("And before that?", &history).unwrap();
        assert!(text.contains("apt package manager"), "{text}");
    }

    #[test]
    fn people_bring_the_name_from_the_answer() {
        let history = [turn("Who designed the tower in Paris?", "It was designed by Stephen Sauvestre.")];
        let text = resolved("Where was he born?", &history).unwrap();
        assert!(text.to_lowercase().contains("sauvestre"), "{text}");
    }

    #[test]
    fn chinese_follow_ups() {
        let history = [turn("埃菲尔铁塔有多高？", "330米。")];
        let text = resolved("它是什么时候建成的？", &history).unwrap();
        assert!(text.contains("埃菲尔"), "{text}");
        assert!(resolved("那造价呢？", &history).is_some());
    }
}
