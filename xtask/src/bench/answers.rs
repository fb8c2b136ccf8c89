//! What answering from evidence costs beyond reading and making tokens: a second question about the
//! same evidence, and answers that repeat it.

use super::engine::Engine;
use super::report::{Metric, Series, Unit};
use super::{CANDLE, SAME_FILE, Session, passages, reference};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// The time to the first word, divided by what llama.cpp needs to read it all.
const FOLLOW_UP_GOALS: &[(&str, f64)] = &[(SAME_FILE, 0.1)];

/// Passages of a prompt that is to be quoted from.
const SHOWN: usize = 3;

/// Tokens of an answer.
const SAID: usize = 96;

const QUOTE: &str = "You repeat the passage that you are asked for, word for word.";
const TELL: &str = "You tell stories in plain words.";
const TOLD: [&str; 6] = [
    "Tell of a keeper who lets the light go out for one night.",
    "Tell of two sisters who build a boat from what the sea brings.",
    "Tell of a baker whose bread nobody in the town will eat.",
    "Tell of a child that finds a map in the wall of a school.",
    "Tell of a train that stops where no station is.",
    "Tell of an old gardener and the tree that he did not plant.",
];

impl Session {
    /// The time to the first word of an answer about evidence that a question before was about,
    /// beside the time in which the others read as many tokens.
    pub(super) fn follow_up(&mut self, engines: &mut [Engine]) -> Result<()> {
        let tokens = if self.options.quick { 512 } else { 1500 };
        let count = engines.iter().filter(|engine| engine.name() != CANDLE).count();
        let metric = Metric {
            name: format!("second question about {tokens} tokens (llama.cpp: reading them)"),
            unit: Unit::Milliseconds,
            goals: FOLLOW_UP_GOALS,
        };
        let request = |seed: usize| json!({ "op": "follow_up", "tokens": tokens, "seed": seed });
        let engines = &mut engines[..count];
        let replies = self.measure(engines, metric, self.options.repetitions, &request)?;
        let reply = replies.first().context("nobody replied")?;
        println!("  docent knew {} of its {} tokens", reply["reused"], reply["tokens"]);
        Ok(())
    }

    /// Tokens a second with drafts and without, of answers that repeat evidence and of free prose.
    /// That the text is the same either way is part of the promise, and an error otherwise.
    pub(super) fn drafts(&mut self, docent: &mut Engine) -> Result<()> {
        let count = if self.options.quick { 3 } else { TOLD.len() };
        let quoted = passages::read(&passages::write(64.max(SHOWN * count), &reference::folder()?)?)?;
        let quotes = quoted.chunks_exact(SHOWN).take(count).enumerate().map(|(at, passages)| {
            let number = at % SHOWN + 1;
            json!({
                "op": "say", "tokens": SAID, "task": QUOTE,
                "text": format!("{}\n\nRepeat passage {number}.", passages.join("\n\n")),
            })
        });
        let tell = |text: &&str| json!({ "op": "say", "tokens": SAID, "task": TELL, "text": text });
        let stories = TOLD.iter().take(count).map(tell);
        self.with_and_without(docent, "answers that quote", &quotes.collect::<Vec<_>>())?;
        self.with_and_without(docent, "free prose", &stories.collect::<Vec<_>>())
    }

    fn with_and_without(&mut self, docent: &mut Engine, what: &str, requests: &[Value]) -> Result<()> {
        eprintln!("… prompt lookup, {what}");
        let mut series = [Series::default(), Series::default()];
        let (mut drafted, mut tokens) = (0.0, 0.0);
        for _ in 0..self.options.repetitions {
            let mut sums = [Sum::default(), Sum::default()];
            for request in requests {
                let [with, without] = [true, false].map(|drafts| {
                    let mut request = request.clone();
                    request["drafts"] = Value::from(drafts);
                    docent.ask(&request)
                });
                let (with, without) = (with?, without?);
                ensure!(
                    with["text"] == without["text"],
                    "drafts change the answer to {request}:\n{}\nand without:\n{}",
                    with["text"],
                    without["text"]
                );
                for (sum, reply) in sums.iter_mut().zip([&with, &without]) {
                    sum.add(reply)?;
                }
                drafted += with["drafted"].as_f64().context("the reply does not tell of drafts")?;
            }
            tokens += sums[0].tokens;
            for (series, sum) in series.iter_mut().zip(&sums) {
                series.quiet.push(sum.tokens / sum.seconds);
            }
        }
        let metric =
            Metric { name: format!("prompt lookup: {what}"), unit: Unit::TokensPerSecond, goals: &[] };
        self.report.add(&metric, &["with drafts", "without"], &series);
        println!(
            "  {:.0} % of the tokens came from drafts; the texts are the same",
            100.0 * drafted / tokens
        );
        Ok(())
    }
}

/// Tokens of several replies, and the time they took.
#[derive(Default)]
struct Sum {
    tokens: f64,
    seconds: f64,
}

impl Sum {
    fn add(&mut self, reply: &Value) -> Result<()> {
        self.tokens += reply["tokens"].as_f64().context("the reply has no tokens")?;
        self.seconds += reply["seconds"].as_f64().context("the reply has no seconds")?;
        Ok(())
    }
}
