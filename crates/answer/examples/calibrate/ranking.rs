//! nDCG@10 of words alone, meaning alone and both.

use std::path::Path;
use std::sync::Arc;

use docent_answer::eval::{bootstrap, ndcg, recall};
use docent_answer::{AnswerParts, Retrieval, Scope};
use docent_corpus::Cancel;
use docent_inference::{EmbedKind, Embedder, Priority};
use docent_vector_store::Filter;

use crate::data::{self, Indexed, Set};

const K: usize = 10;

pub async fn run(eval: &Path, embedder: &Arc<dyn Embedder>) {
    for set in [data::scifact(eval), data::xquad(eval, "en"), data::xquad(eval, "zh")] {
        let indexed = data::index(set.docs.iter(), embedder).await;
        let parts = indexed.world.parts(None);
        let words = Retrieval::new(&AnswerParts { embedder: None, ..parts.clone() });
        let both = Retrieval::new(&parts);
        let by_words = rankings(&set, &indexed, &words).await;
        let by_meaning = nearest(&set, &indexed, embedder).await;
        let fused = rankings(&set, &indexed, &both).await;
        println!("{} ({} documents)", set.name, set.docs.len());
        for (name, lists) in [("words", by_words), ("meaning", by_meaning), ("fused", fused)] {
            report(&set, name, &lists);
        }
    }
}

async fn rankings(set: &Set, indexed: &Indexed, retrieval: &Retrieval) -> Vec<Vec<String>> {
    let mut lists = Vec::new();
    for asked in &set.asked {
        let found = retrieval.search(&asked.text, &Scope::default(), K, &Cancel::new()).await.unwrap();
        lists.push(found.passages.iter().map(|passage| indexed.ids[&passage.document].clone()).collect());
    }
    lists
}

async fn nearest(set: &Set, indexed: &Indexed, embedder: &Arc<dyn Embedder>) -> Vec<Vec<String>> {
    let texts: Vec<String> = set.asked.iter().map(|asked| asked.text.clone()).collect();
    let vectors =
        embedder.embed(texts, EmbedKind::Query, Priority::Interactive, Cancel::new()).await.unwrap();
    let mut lists = Vec::new();
    for vector in vectors {
        let hits = indexed.world.store.search_vector(&vector, &Filter::default(), K).await.unwrap();
        lists.push(hits.iter().map(|hit| indexed.ids[&hit.document].clone()).collect());
    }
    lists
}

fn report(set: &Set, name: &str, lists: &[Vec<String>]) {
    let groups: Vec<usize> = (0..set.asked.len()).collect();
    let measured = |measure: &dyn Fn(&[bool], usize) -> f64| {
        let values: Vec<f64> = set
            .asked
            .iter()
            .zip(lists)
            .map(|(asked, list)| {
                let hits: Vec<bool> = list.iter().map(|id| asked.relevant.contains(id)).collect();
                measure(&hits, asked.relevant.len())
            })
            .collect();
        bootstrap(&values, &groups, 1)
    };
    let gains = |hits: &[bool]| hits.iter().map(|hit| f64::from(u8::from(*hit))).collect::<Vec<_>>();
    let ndcg = measured(&|hits, relevant| ndcg(&gains(hits), &vec![1.0; relevant], K));
    let recall = measured(&|hits, relevant| recall(hits, relevant, K));
    println!("  {name:8} nDCG@10 {ndcg}   recall@10 {:.3}", recall.mean);
}
