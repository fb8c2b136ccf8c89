//! Refusal: can the features tell questions with an answer in the index from those without?
//!
//! The questions are asked twice: with only the paragraphs of the set in the index, and with
//! thousands of documents on other subjects beside them, because features may drift with size.
//!
//! Two kinds of questions without an answer. *Other*: the whole article is left out of the index,
//! as the kit prescribes. *Near*: only the paragraph with the answer is left out, its neighbours
//! on the same subject stay; the hard case, and a realistic one.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use docent_answer::{AnswerParts, Features, Retrieval, Scope, Verdict};
use docent_corpus::{Cancel, DocumentId};
use docent_inference::Embedder;

use crate::data::{self, Indexed, Set, article};
use crate::logistic::Model;

/// Share of unanswerable questions that may be answered.
const WRONG: f64 = 0.05;

/// Share of answerable questions that may be refused.
const REFUSED: f64 = 0.02;

struct Case {
    crowded: bool,
    features: Features,
    verdict: Verdict,
    answerable: bool,
    near: bool,
    article: usize,
}

pub async fn run(eval: &Path, embedder: &Arc<dyn Embedder>) {
    for language in ["en", "zh"] {
        let set = data::xquad(eval, language);
        let kept = data::kept(eval, language);
        let own: Vec<&data::Doc> = set.docs.iter().filter(|doc| kept.contains(&doc.id)).collect();
        let crowd = data::crowd(eval, language);
        let small = data::index(own.iter().copied(), embedder).await;
        let large = data::index(own.iter().copied().chain(&crowd), embedder).await;
        for name in ["with meaning", "words only"] {
            println!("refusal, xquad {language}, {name}");
            let mut all = Vec::new();
            for (indexed, crowded) in [(&small, false), (&large, true)] {
                let mut parts = indexed.world.parts(None);
                if name == "words only" {
                    parts = AnswerParts { embedder: None, ..parts };
                }
                all.extend(cases(&set, &kept, indexed, &Retrieval::new(&parts), crowded).await);
            }
            shipped(&all);
            fit(&all);
        }
    }
}

async fn cases(
    set: &Set,
    kept: &HashSet<String>,
    indexed: &Indexed,
    retrieval: &Retrieval,
    crowded: bool,
) -> Vec<Case> {
    let mut cases = Vec::new();
    for asked in &set.asked {
        let gold = &asked.relevant[0];
        let everywhere = retrieval.search(&asked.text, &Scope::default(), 8, &Cancel::new()).await.unwrap();
        let answerable = kept.contains(gold);
        let case = |evidence: docent_answer::Evidence, answerable: bool, near: bool| Case {
            crowded,
            features: evidence.features,
            verdict: evidence.verdict,
            answerable,
            near,
            article: article(gold),
        };
        cases.push(case(everywhere.evidence, answerable, false));
        if answerable {
            let others: Vec<DocumentId> =
                indexed.ids.iter().filter(|(_, id)| *id != gold).map(|(document, _)| *document).collect();
            let scope = Scope { sources: None, documents: Some(others) };
            let without = retrieval.search(&asked.text, &scope, 8, &Cancel::new()).await.unwrap();
            cases.push(case(without.evidence, false, true));
        }
    }
    cases
}

/// Rates with the weights that are compiled in.
fn shipped(cases: &[Case]) {
    for (name, keep) in kinds() {
        let chosen: Vec<&Case> = cases.iter().filter(|case| keep(case)).collect();
        let share = |verdict: Verdict| {
            chosen.iter().filter(|case| case.verdict == verdict).count() as f64 / chosen.len().max(1) as f64
        };
        println!(
            "  shipped, {name:19} n={:4}: found {:.3}  weak {:.3}  not in documents {:.3}",
            chosen.len(),
            share(Verdict::Found),
            share(Verdict::Weak),
            share(Verdict::NotInDocuments)
        );
    }
}

type Keep = fn(&Case) -> bool;

fn kinds() -> [(&'static str, Keep); 6] {
    [
        ("answerable", |case| case.answerable && !case.crowded),
        ("other", |case| !case.answerable && !case.near && !case.crowded),
        ("near", |case| !case.answerable && case.near && !case.crowded),
        ("answerable, crowded", |case| case.answerable && case.crowded),
        ("other, crowded", |case| !case.answerable && !case.near && case.crowded),
        ("near, crowded", |case| !case.answerable && case.near && case.crowded),
    ]
}

fn x(case: &Case) -> Vec<f64> {
    let f = &case.features;
    let all = [f.meaning.unwrap_or(0.0), f.coverage, f.joint, f.sentence, f.anchors, f.bm25, f.overlap];
    all.map(f64::from).to_vec()
}

/// Fits on half of the articles and measures on the other, both ways; then on all, for shipping.
fn fit(cases: &[Case]) {
    let mut held_out: Vec<(f64, &Case)> = Vec::new();
    for half in [0, 1] {
        let (test, train): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|case| case.article % 2 == half);
        let model = trained(&train);
        held_out.extend(test.into_iter().map(|case| (model.probability(&x(case)), case)));
    }
    let found = threshold(&held_out, |case| !case.answerable && !case.near, 1.0 - WRONG);
    let weak = threshold(&held_out, |case| case.answerable, REFUSED);
    println!(
        "  held out: found from {found:.3}, weak from {weak:.3}; AUC other {:.3} near {:.3}",
        auc(&held_out, false),
        auc(&held_out, true)
    );
    for (name, keep) in kinds() {
        let p: Vec<f64> = held_out.iter().filter(|(_, case)| keep(case)).map(|(p, _)| *p).collect();
        let share = |least: f64| p.iter().filter(|p| **p >= least).count() as f64 / p.len() as f64;
        println!(
            "  held out, {name:19} n={:4}: found {:.3}  weak {:.3}  not in documents {:.3}",
            p.len(),
            share(found),
            share(weak.min(found)) - share(found),
            1.0 - share(weak.min(found))
        );
    }
    let model = trained(&cases.iter().collect::<Vec<_>>());
    println!("  weights of all: bias {:.2}, factors {:.2?}", model.bias, model.factors);
    for (index, name) in
        ["meaning", "coverage", "joint", "sentence", "anchors", "bm25", "overlap"].iter().enumerate()
    {
        let single: Vec<(f64, &Case)> = cases.iter().map(|case| (x(case)[index], case)).collect();
        println!("    {name:9} alone: AUC other {:.3} near {:.3}", auc(&single, false), auc(&single, true));
    }
}

fn trained(cases: &[&Case]) -> Model {
    let x: Vec<Vec<f64>> = cases.iter().map(|case| x(case)).collect();
    let y: Vec<bool> = cases.iter().map(|case| case.answerable).collect();
    Model::fit(&x, &y, 1e-3)
}

/// The value below which this share of the chosen cases lies.
fn threshold(scored: &[(f64, &Case)], keep: Keep, share: f64) -> f64 {
    let mut p: Vec<f64> = scored.iter().filter(|(_, case)| keep(case)).map(|(p, _)| *p).collect();
    p.sort_by(f64::total_cmp);
    p[((share * p.len() as f64) as usize).min(p.len() - 1)]
}

/// Probability that an answerable case scores above an unanswerable one.
fn auc(scored: &[(f64, &Case)], near: bool) -> f64 {
    let pick = |answerable: bool| -> Vec<f64> {
        let wanted = |case: &&Case| case.answerable == answerable && (answerable || case.near == near);
        scored.iter().filter(|(_, case)| wanted(case)).map(|(p, _)| *p).collect()
    };
    let (with, without) = (pick(true), pick(false));
    let better = |a: f64| -> f64 {
        without
            .iter()
            .map(|b| {
                if a > *b {
                    1.0
                } else if a == *b {
                    0.5
                } else {
                    0.0
                }
            })
            .sum()
    };
    with.iter().map(|a| better(*a)).sum::<f64>() / (with.len() * without.len()) as f64
}
