//! The English half of XQuAD, as the evaluation kit has it.
// Every example that takes this in uses a part of it.
#![allow(dead_code)]

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

/// Paragraphs and questions about them.
pub(crate) struct Collection {
    pub(crate) paragraphs: Vec<String>,
    pub(crate) questions: Vec<Question>,
}

pub(crate) struct Question {
    pub(crate) text: String,
    /// The paragraph that holds the answer.
    pub(crate) paragraph: usize,
    /// As they stand in the paragraph.
    pub(crate) answers: Vec<String>,
}

impl Collection {
    /// Reads the collection `xquad`, in BEIR's form, of a folder of collections.
    pub(crate) fn read(eval: &Path) -> Result<Self, Box<dyn std::error::Error>> {
        let lines = |name: &str| -> Result<Vec<Value>, Box<dyn std::error::Error>> {
            let text = std::fs::read_to_string(eval.join("xquad").join(name))?;
            Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
        };
        let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        let corpus = lines("en.corpus.jsonl")?;
        let places: HashMap<String, usize> =
            corpus.iter().enumerate().map(|(at, entry)| (text(entry, "_id"), at)).collect();
        let question = |entry: &Value| {
            let answers = entry["answers"].as_array()?.iter().map(|answer| text(answer, "text")).collect();
            Some(Question {
                text: text(entry, "text"),
                paragraph: *places.get(&text(entry, "doc"))?,
                answers,
            })
        };
        let questions = lines("en.queries.jsonl")?.iter().filter_map(question).collect();
        Ok(Self { paragraphs: corpus.iter().map(|entry| text(entry, "text")).collect(), questions })
    }

    /// `count` questions from all over the collection, or all if there are no more.
    pub(crate) fn some(&self, count: usize) -> impl Iterator<Item = &Question> {
        let step = (self.questions.len() / count.max(1)).max(1);
        self.questions.iter().step_by(step).take(count)
    }
}
