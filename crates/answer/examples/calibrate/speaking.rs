//! What becomes of the words of a real chat model.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use docent_answer::{Answerer, Origin, Question};
use docent_corpus::Cancel;
use docent_inference::{Embedder, EngineConfig, GeneratorFiles, open_generator};
use docent_text::fold;

use crate::data;

/// Every so many questions are asked.
const EVERY: usize = 12;

pub async fn run(eval: &Path, embedder: &Arc<dyn Embedder>, gguf: &str) {
    let path = PathBuf::from(gguf);
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let files = GeneratorFiles { name, gguf: path, weights_sha256: "0".repeat(64) };
    let config =
        EngineConfig { threads: 0, idle_unload: Duration::from_secs(600), ..EngineConfig::default() };
    let generator = open_generator(files, &config).unwrap();
    for language in ["en", "zh"] {
        let set = data::xquad(eval, language);
        let indexed = data::index(set.docs.iter(), embedder).await;
        let answerer = Answerer::new(indexed.world.parts(Some(Arc::clone(&generator))));
        let (mut n, mut phrased, mut right, mut drafts, mut quoted) = (0, 0, 0, 0, 0);
        let mut time = Duration::ZERO;
        for asked in set.asked.iter().step_by(EVERY) {
            let question = Question { text: asked.text.clone(), ..Question::default() };
            let started = Instant::now();
            let answer = answerer.ask(question, &mut |_| {}, &Cancel::new()).await.unwrap();
            time += started.elapsed();
            let has = |text: &str| asked.answers.iter().any(|answer| fold(text).contains(&fold(answer)));
            n += 1;
            phrased += usize::from(answer.origin == Origin::Model);
            right += usize::from(has(&answer.text));
            let said = answer.draft.as_deref().unwrap_or(&answer.text);
            drafts += usize::from(has(said) && answer.stats.is_some());
            quoted += usize::from(answer.extract.iter().any(|citation| has(&citation.quote)));
            if n <= 12 {
                println!(
                    "  Q {}\n    {:?} {}\n    draft {:?}",
                    asked.text, answer.origin, answer.text, answer.draft
                );
            }
        }
        println!(
            "speaking, xquad {language}, n={n}: answer in the final text {right}, in the model's own words {drafts}, \
             in the quotation {quoted}; the model's words stood {phrased}; {:.1} s per answer",
            time.as_secs_f64() / n as f64
        );
    }
}
