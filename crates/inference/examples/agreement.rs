//! How far the text of a quantised chat model is that of its own weights computed in 32-bit floats,
//! where nothing but the order of sums is rounded.
//!
//! `cargo run -p docent-inference --features candle --example agreement -- MODEL.gguf EVAL_FOLDER [PROMPTS [int8|int16]]`
//!
//! `EVAL_FOLDER` holds the collection `xquad` in BEIR's form; each prompt is a paragraph and a
//! question about it.
#![allow(clippy::print_stdout)]

mod xquad;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use docent_corpus::Cancel;
use docent_inference::{
    ChatMessage, EngineConfig, GenerateEvent, GenerateRequest, Generator, GeneratorFiles, Precision, Role,
    configure_process, open_generator,
};
use xquad::{Collection, Question};

type Failure = Box<dyn std::error::Error>;

const TOKENS: usize = 200;

fn main() -> Result<(), Failure> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (model, eval, count, precision) = match arguments.as_slice() {
        [model, eval] => (model, eval, 50, Precision::Int8),
        [model, eval, count] => (model, eval, count.to_string_lossy().parse()?, Precision::Int8),
        [model, eval, count, name] => {
            let named = [Precision::Int8, Precision::Int16].into_iter().find(|p| name == Path::new(p.name()));
            let precision = named.ok_or("precisions are int8 and int16")?;
            (model, eval, count.to_string_lossy().parse()?, precision)
        }
        _ => return Err("usage: agreement MODEL.gguf EVAL_FOLDER [PROMPTS [int8|int16]]".into()),
    };
    configure_process(0);
    let (ours, exact) = (open(model, precision)?, open(model, Precision::F32)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut equal, mut words, mut all) = (0, 0, 0);
    let collection = Collection::read(eval)?;
    for (at, question) in collection.some(count).enumerate() {
        let prompt = prompt(&collection, question);
        let a = runtime.block_on(say(ours.as_ref(), &prompt))?;
        let b = runtime.block_on(say(exact.as_ref(), &prompt))?;
        equal += usize::from(a == b);
        let of = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (a, b) = (of(&a), of(&b));
        let same = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
        words += same;
        all += a.len().max(b.len());
        println!("{}: {equal} equal; {same} of {} words before the first difference", at + 1, b.len());
    }
    println!(
        "{equal} equal; {:.1} % of all words stand before a difference",
        100.0 * words as f64 / all as f64
    );
    Ok(())
}

fn open(gguf: &Path, precision: Precision) -> Result<Arc<dyn Generator>, Failure> {
    let files = GeneratorFiles { name: "model".into(), gguf: gguf.into(), weights_sha256: String::new() };
    Ok(open_generator(files, &EngineConfig { precision, ..EngineConfig::default() })?)
}

/// A paragraph and a question about it.
fn prompt(collection: &Collection, question: &Question) -> Vec<ChatMessage> {
    let paragraph = &collection.paragraphs[question.paragraph];
    vec![
        ChatMessage::new(Role::System, "Answer the question from the text."),
        ChatMessage::new(Role::User, format!("{paragraph}\n\nQuestion: {}", question.text)),
    ]
}

async fn say(model: &dyn Generator, prompt: &[ChatMessage]) -> Result<String, Failure> {
    let request =
        GenerateRequest { messages: prompt.to_vec(), max_tokens: TOKENS, ..GenerateRequest::default() };
    let mut events = model.generate(request, Cancel::new()).await?;
    let mut said = String::new();
    while let Some(event) = events.recv().await {
        if let GenerateEvent::Text(text) = event? {
            said += &text;
        }
    }
    Ok(said)
}
