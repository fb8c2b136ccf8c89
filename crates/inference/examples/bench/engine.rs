//! What can be asked of an engine, whosever it is.

use std::path::Path;
use std::time::{Duration, Instant};

use docent_inference::{EmbedKind, Precision};
use serde_json::{Value, json};

use crate::Failure;
use crate::docent::{DocentChat, DocentVectors, config};
use crate::stock::{CandleChat, CandleVectors};

/// How long some tokens took.
pub(crate) struct Timed {
    pub(crate) took: Duration,
    pub(crate) tokens: usize,
}

impl Timed {
    pub(crate) fn reply(&self) -> Value {
        json!({ "seconds": self.took.as_secs_f64(), "tokens": self.tokens })
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.tokens as f64 / self.took.as_secs_f64()
    }
}

/// An answer.
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) timed: Timed,
    /// Tokens that came from drafts.
    pub(crate) drafted: usize,
}

/// The reading of a prompt much of which was known.
pub(crate) struct FollowUp {
    pub(crate) took: Duration,
    pub(crate) tokens: usize,
    /// How many of these were known.
    pub(crate) reused: usize,
}

/// A chat model that can be timed.
pub(crate) trait Chat {
    /// Reads a prompt of `tokens` or hardly fewer, which begins as none with another seed does.
    fn prefill(&mut self, tokens: usize, seed: u64) -> Result<Timed, Failure>;

    /// Makes up to `tokens` one after the other behind a prompt of `depth`. What is counted is how
    /// often the whole model was gone through.
    fn decode(&mut self, depth: usize, tokens: usize) -> Result<Timed, Failure>;

    /// Says up to `tokens` about `text`, with or without drafts from it.
    fn say(&mut self, _task: &str, _text: &str, _tokens: usize, _drafts: bool) -> Result<Said, Failure> {
        Err("this model has no drafts".into())
    }

    /// Reads a question behind evidence of about `tokens`, then another one behind the same evidence,
    /// which is what is timed.
    fn follow_up(&mut self, _tokens: usize, _seed: u64) -> Result<FollowUp, Failure> {
        Err("this model keeps nothing of what it has read".into())
    }
}

/// An embedding model that can be timed.
pub(crate) trait Embeds {
    fn embed(&mut self, texts: Vec<String>, kind: EmbedKind) -> Result<Vec<Vec<f32>>, Failure>;

    /// Tokens that are computed for a text.
    fn count(&self, text: &str) -> Result<usize, Failure>;
}

pub(crate) enum Engine {
    Generator(Box<dyn Chat>),
    Embedder(Box<dyn Embeds>),
}

impl Engine {
    pub(crate) fn open(model: &str, whose: &str, folder: &Path, threads: usize) -> Result<Self, Failure> {
        Ok(match (model, whose) {
            ("generator", "docent") => {
                Self::Generator(Box::new(DocentChat::open(folder, &config(threads, Precision::default()))?))
            }
            ("embedder", "docent") => {
                Self::Embedder(Box::new(DocentVectors::open(folder, &config(threads, Precision::default()))?))
            }
            ("generator", "candle") => Self::Generator(Box::new(CandleChat::open(folder)?)),
            ("embedder", "candle") => Self::Embedder(Box::new(CandleVectors::open(folder)?)),
            _ => return Err(format!("there is no {model} of {whose}").into()),
        })
    }

    /// The least that can be asked, so that everything is loaded afterwards.
    pub(crate) fn wake(&mut self) -> Result<(), Failure> {
        match self {
            Self::Generator(model) => model.prefill(16, 0).map(drop),
            Self::Embedder(model) => model.embed(vec!["A first text.".into()], EmbedKind::Query).map(drop),
        }
    }

    pub(crate) fn answer(&mut self, op: &str, request: &Value) -> Result<Value, Failure> {
        let number = |name: &str| {
            let number = request[name].as_u64().ok_or_else(|| format!("{op} needs the number {name}"));
            number.map(|number| number as usize)
        };
        let text = |name: &str| request[name].as_str().ok_or_else(|| format!("{op} needs the text {name}"));
        let texts =
            || -> Result<Vec<String>, Failure> { Ok(serde_json::from_value(request["texts"].clone())?) };
        match (self, op) {
            (Self::Generator(model), "prefill") => {
                Ok(model.prefill(number("tokens")?, number("seed")? as u64)?.reply())
            }
            (Self::Generator(model), "decode") => {
                Ok(model.decode(number("depth")?, number("tokens")?)?.reply())
            }
            (Self::Generator(model), "say") => {
                let drafts = request["drafts"].as_bool().ok_or("say needs to know of drafts")?;
                let said = model.say(text("task")?, text("text")?, number("tokens")?, drafts)?;
                let (seconds, tokens) = (said.timed.took.as_secs_f64(), said.timed.tokens);
                Ok(
                    json!({ "seconds": seconds, "tokens": tokens, "text": said.text, "drafted": said.drafted }),
                )
            }
            (Self::Generator(model), "follow_up") => {
                let read = model.follow_up(number("tokens")?, number("seed")? as u64)?;
                let seconds = read.took.as_secs_f64();
                Ok(json!({ "seconds": seconds, "tokens": read.tokens, "reused": read.reused }))
            }
            (Self::Embedder(model), "embed") => {
                let file = std::fs::read_to_string(request["file"].as_str().ok_or("embed needs a file")?)?;
                let texts = file.lines().map(serde_json::from_str).collect::<Result<Vec<String>, _>>()?;
                Ok(embed_timed(model.as_mut(), texts)?.reply())
            }
            (Self::Embedder(model), "query") => {
                let mut times = Vec::new();
                for text in texts()? {
                    let started = Instant::now();
                    model.embed(vec![text], EmbedKind::Query)?;
                    times.push(started.elapsed());
                }
                times.sort();
                let middle = times.get(times.len() / 2).ok_or("query needs texts")?;
                Ok(json!({ "seconds": middle.as_secs_f64() }))
            }
            (Self::Embedder(model), "vectors") => {
                Ok(json!({ "vectors": model.embed(texts()?, EmbedKind::Passage)? }))
            }
            _ => Err(format!("there is no {op} here").into()),
        }
    }
}

pub(crate) fn embed_timed(model: &mut dyn Embeds, texts: Vec<String>) -> Result<Timed, Failure> {
    let counts = texts.iter().map(|text| model.count(text)).collect::<Result<Vec<_>, _>>()?;
    let started = Instant::now();
    model.embed(texts, EmbedKind::Passage)?;
    Ok(Timed { took: started.elapsed(), tokens: counts.iter().sum() })
}
