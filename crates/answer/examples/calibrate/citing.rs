//! Whether sentences get the citations they deserve.
//!
//! Claims of SciFact stand in for sentences of a model: hand-written paraphrases of sentences of
//! abstracts. *Supported* claims should be cited, to one of the annotated sentences. *Altered* ones
//! (every number changed) and *foreign* ones (a claim about another abstract, said in answer to this
//! question) should not. *Contradicted* ones are the hard case that words and vectors barely see.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use docent_answer::{Answerer, Question};
use docent_corpus::Cancel;
use docent_inference::fake::FakeGenerator;
use docent_inference::{Embedder, Generator};

use crate::data::{self, Doc, Indexed, string};

struct Claim {
    text: String,
    doc: String,
    supports: bool,
    rationale: Vec<String>,
}

#[derive(Default)]
struct Tally {
    n: usize,
    cited: usize,
    citations: usize,
    right_document: usize,
    right_sentence: usize,
}

pub async fn run(eval: &Path, embedder: &Arc<dyn Embedder>) {
    let (docs, claims) = read(eval);
    let indexed = data::index(docs.values(), embedder).await;
    let mut tallies: Vec<(&str, Tally)> = Vec::new();
    let kinds = ["supported", "contradicted", "altered", "foreign"];
    for kind in kinds {
        let mut tally = Tally::default();
        for (index, claim) in claims.iter().enumerate() {
            let other = &claims[(index + claims.len() / 2) % claims.len()];
            let said = match kind {
                "supported" if claim.supports => claim.text.clone(),
                "contradicted" if !claim.supports => claim.text.clone(),
                "altered" if claim.supports && claim.text.contains(|c: char| c.is_ascii_digit()) => {
                    altered(&claim.text)
                }
                "foreign" if other.doc != claim.doc => other.text.clone(),
                _ => continue,
            };
            check(&indexed, claim, said, &mut tally).await;
        }
        tallies.push((kind, tally));
    }
    for (kind, t) in tallies {
        println!(
            "citing, {kind:12} n={:3}: cited {:.3}; of {} citations right document {:.3}, annotated sentence {:.3}",
            t.n,
            t.cited as f64 / t.n.max(1) as f64,
            t.citations,
            t.right_document as f64 / t.citations.max(1) as f64,
            t.right_sentence as f64 / t.citations.max(1) as f64
        );
    }
}

fn read(eval: &Path) -> (HashMap<String, Doc>, Vec<Claim>) {
    let mut docs = HashMap::new();
    let mut claims = Vec::new();
    for line in data::lines(&eval.join("sft/scifact_public_rationales.jsonl")) {
        let id = string(&line["doc_id"]);
        let sentences: Vec<String> = line["sentences"].as_array().unwrap().iter().map(string).collect();
        let rationale = line["rationale"].as_array().unwrap().iter();
        claims.push(Claim {
            text: string(&line["claim"]),
            doc: id.clone(),
            supports: line["label"] == "SUPPORT",
            rationale: rationale.map(|index| sentences[index.as_u64().unwrap() as usize].clone()).collect(),
        });
        let doc = Doc { id: id.clone(), title: string(&line["title"]), text: sentences.join(" ") };
        docs.insert(id, doc);
    }
    (docs, claims)
}

/// Every digit but 9 raised by one, 9 made 1.
fn altered(text: &str) -> String {
    let next = |c: char| match c {
        '0'..='8' => (c as u8 + 1) as char,
        '9' => '1',
        other => other,
    };
    text.chars().map(next).collect()
}

async fn check(indexed: &Indexed, claim: &Claim, said: String, tally: &mut Tally) {
    let generator: Arc<dyn Generator> = Arc::new(FakeGenerator::scripted([said]).with_context(8_192));
    let answerer = Answerer::new(indexed.world.parts(Some(generator)));
    let question = Question { text: claim.text.clone(), ..Question::default() };
    let answer = answerer.ask(question, &mut |_| {}, &Cancel::new()).await.unwrap();
    if answer.draft.is_none() && answer.origin == docent_answer::Origin::Refusal {
        return; // Not asked: the evidence was too weak.
    }
    tally.n += 1;
    let stating = answer.sentences.iter().filter(|sentence| sentence.needs_support);
    tally.cited +=
        usize::from(stating.clone().count() > 0 && stating.clone().all(|s| !s.citations.is_empty()));
    for citation in &answer.citations {
        tally.citations += 1;
        tally.right_document += usize::from(indexed.ids[&citation.document] == claim.doc);
        let quote = citation.quote.as_str();
        let right = claim
            .rationale
            .iter()
            .any(|sentence| sentence.contains(quote) || quote.contains(sentence.as_str()));
        tally.right_sentence += usize::from(right);
    }
}
