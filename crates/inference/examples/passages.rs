//! What putting passages in from what earlier prompts left of them saves and costs, against reading
//! every prompt anew: time to the first token, and how many answers stay what they were.
//!
//! `cargo run -p docent-inference --features candle --example passages -- MODEL.gguf EVAL_FOLDER [QUESTIONS]`
//!
//! `EVAL_FOLDER` holds the collection `xquad` in BEIR's form. A prompt has the paragraph that holds
//! the answer and four others in an order drawn by a seed, so that a paragraph stands in another
//! place in each prompt.
#![allow(clippy::print_stdout)]

mod xquad;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use docent_corpus::Cancel;
use docent_inference::{
    ChatMessage, EngineConfig, GenerateEvent, GenerateRequest, GenerateStats, Generator, GeneratorFiles,
    Role, configure_process, open_generator,
};
use xquad::{Collection, Question};

type Failure = Box<dyn std::error::Error>;

const PASSAGES: usize = 5;
const TOKENS: usize = 40;

#[derive(Default)]
struct Sum {
    first_token: Duration,
    right: usize,
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (model, eval, count) = match arguments.as_slice() {
        [model, eval] => (model, eval, 300),
        [model, eval, count] => (model, eval, count.to_string_lossy().parse()?),
        _ => return Err("usage: passages MODEL.gguf EVAL_FOLDER [QUESTIONS]".into()),
    };
    configure_process(0);
    let collection = Collection::read(eval)?;
    let paragraphs = &collection.paragraphs;
    let config =
        EngineConfig { prompt_cache_bytes: 0, passage_cache_bytes: 2 << 30, ..EngineConfig::default() };
    let generator = open(model, &config)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut plain, mut reused) = (Sum::default(), Sum::default());
    let (mut same, mut same_begin, mut asked, mut tokens, mut put_in) = (0, 0, 0, 0, 0);
    for (number, question) in collection.some(count).enumerate() {
        let chosen = choose(question.paragraph, paragraphs.len(), number);
        let texts: Vec<String> = chosen.iter().map(|&at| paragraphs[at].clone()).collect();
        // Once without figures, so that every passage has been seen before, as in a conversation.
        let mut warm = request(&texts, "What is this about?", true);
        warm.max_tokens = 1;
        runtime.block_on(say(generator.as_ref(), warm))?;
        let mut texts = texts;
        texts.rotate_left(1);
        // First what is put together, which leaves nothing behind that reading could go on from.
        let (b, stats) = runtime.block_on(say(generator.as_ref(), request(&texts, &question.text, true)))?;
        reused.add(&b, &stats, question);
        (tokens, put_in) = (tokens + stats.prompt_tokens, put_in + stats.reused_tokens);
        let (a, stats) = runtime.block_on(say(generator.as_ref(), request(&texts, &question.text, false)))?;
        plain.add(&a, &stats, question);
        asked += 1;
        same += usize::from(a == b);
        let begin = |text: &str| text.split_whitespace().take(5).map(str::to_owned).collect::<Vec<_>>();
        same_begin += usize::from(begin(&a) == begin(&b));
        if asked % 20 == 0 || asked == count {
            let milliseconds = |sum: &Sum| sum.first_token.as_secs_f64() * 1000.0 / f64::from(asked as u32);
            println!(
                "{asked}: first token {:.0} ms read, {:.0} ms put in ({:.0} % of {} tokens); same answer {same}, \
                 same five words {same_begin}; holds the answer {} read, {} put in",
                milliseconds(&plain),
                milliseconds(&reused),
                100.0 * put_in as f64 / tokens as f64,
                tokens / asked,
                plain.right,
                reused.right,
            );
        }
    }
    Ok(())
}

impl Sum {
    fn add(&mut self, said: &str, stats: &GenerateStats, question: &Question) {
        self.first_token += stats.prefill;
        let said = said.to_lowercase();
        self.right +=
            usize::from(question.answers.iter().any(|answer| said.contains(&answer.to_lowercase())));
    }
}

/// The paragraph and others, in an order that the number of the question decides.
fn choose(paragraph: usize, count: usize, number: usize) -> Vec<usize> {
    let mut state = (number as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut chosen = vec![paragraph];
    while chosen.len() < PASSAGES {
        let other = next(count);
        if !chosen.contains(&other) {
            chosen.push(other);
        }
    }
    chosen.rotate_left(next(PASSAGES));
    chosen
}

fn request(passages: &[String], question: &str, reuse: bool) -> GenerateRequest {
    let content = format!("{}\n\nQuestion: {question}", passages.join("\n\n"));
    GenerateRequest {
        messages: vec![
            ChatMessage::new(Role::System, "Answer the question from the text, in one sentence."),
            ChatMessage::new(Role::User, content),
        ],
        max_tokens: TOKENS,
        passages: if reuse { passages.to_vec() } else { Vec::new() },
        ..GenerateRequest::default()
    }
}

fn open(gguf: &Path, config: &EngineConfig) -> Result<Arc<dyn Generator>, Failure> {
    let files = GeneratorFiles { name: "model".into(), gguf: gguf.into(), weights_sha256: String::new() };
    Ok(open_generator(files, config)?)
}

async fn say(model: &dyn Generator, request: GenerateRequest) -> Result<(String, GenerateStats), Failure> {
    let mut events = model.generate(request, Cancel::new()).await?;
    let mut said = String::new();
    while let Some(event) = events.recv().await {
        match event? {
            GenerateEvent::Text(text) => said += &text,
            GenerateEvent::Done(stats) => return Ok((said, stats)),
            GenerateEvent::Prefill { .. } => {}
        }
    }
    Err("the stream ended without its last event".into())
}
