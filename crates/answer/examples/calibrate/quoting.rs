//! How often the quoted sentence holds the answer.

use std::path::Path;
use std::sync::Arc;

use docent_answer::eval::bootstrap;
use docent_answer::{AnswerParts, Answerer, Question};
use docent_corpus::Cancel;
use docent_inference::Embedder;
use docent_text::fold;

use crate::data::{self, article};

pub async fn run(eval: &Path, embedder: &Arc<dyn Embedder>) {
    for language in ["en", "zh"] {
        let set = data::xquad(eval, language);
        let indexed = data::index(set.docs.iter(), embedder).await;
        let parts = indexed.world.parts(None);
        let words = AnswerParts { embedder: None, ..parts.clone() };
        for (name, parts) in [("with meaning", parts), ("words only", words)] {
            let answerer = Answerer::new(parts);
            let (mut holds, mut first, mut passage, mut refused, mut quotes) = (vec![], vec![], vec![], 0, 0);
            for asked in &set.asked {
                let question = Question { text: asked.text.clone(), ..Question::default() };
                let answer = answerer.ask(question, &mut |_| {}, &Cancel::new()).await.unwrap();
                let has = |text: &str| {
                    let text = fold(text);
                    f64::from(u8::from(asked.answers.iter().any(|answer| text.contains(&fold(answer)))))
                };
                let quoted: Vec<&str> =
                    answer.extract.iter().map(|citation| citation.quote.as_str()).collect();
                holds.push(has(&quoted.join("\n")));
                first.push(quoted.first().map_or(0.0, |quote| has(quote)));
                passage.push(answer.passages.first().map_or(0.0, |passage| has(&passage.text)));
                refused += usize::from(quoted.is_empty());
                quotes += quoted.len();
            }
            let groups: Vec<usize> = set.asked.iter().map(|asked| article(&asked.relevant[0])).collect();
            println!(
                "quoting, xquad {language}, {name}: answer in the quotation {}",
                bootstrap(&holds, &groups, 1)
            );
            println!("  in the first sentence quoted {}", bootstrap(&first, &groups, 1));
            println!(
                "  in the best passage {}; refused {refused}; sentences per quotation {:.2}",
                bootstrap(&passage, &groups, 1),
                quotes as f64 / (set.asked.len() - refused).max(1) as f64
            );
        }
    }
}
