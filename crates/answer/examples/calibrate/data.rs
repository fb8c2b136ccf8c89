//! Reading the public collections.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use docent_corpus::DocumentId;
use docent_inference::Embedder;
use serde_json::Value;

use crate::world::{Paper, World, read};

pub struct Doc {
    pub id: String,
    pub title: String,
    pub text: String,
}

pub struct Asked {
    pub text: String,
    /// Ids of the relevant documents.
    pub relevant: Vec<String>,
    /// Texts of the answer, if the set has any.
    pub answers: Vec<String>,
}

pub struct Set {
    pub name: String,
    pub docs: Vec<Doc>,
    pub asked: Vec<Asked>,
}

pub fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

pub fn docs(path: &Path) -> Vec<Doc> {
    let doc = |line: Value| Doc {
        id: string(&line["_id"]),
        title: string(&line["title"]).replace('_', " "),
        text: string(&line["text"]),
    };
    lines(path).into_iter().map(doc).collect()
}

pub fn scifact(eval: &Path) -> Set {
    let folder = eval.join("scifact");
    let qrels = std::fs::read_to_string(folder.join("public.qrels.tsv")).unwrap();
    let mut relevant: HashMap<String, Vec<String>> = HashMap::new();
    for line in qrels.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        relevant.entry(fields[0].to_owned()).or_default().push(fields[1].to_owned());
    }
    let asked = |line: Value| Asked {
        text: string(&line["text"]),
        relevant: relevant.remove(&string(&line["_id"])).unwrap_or_default(),
        answers: vec![],
    };
    let queries = lines(&folder.join("public.queries.jsonl"));
    Set {
        name: "scifact public".into(),
        docs: docs(&folder.join("corpus.jsonl")),
        asked: queries.into_iter().map(asked).filter(|asked| !asked.relevant.is_empty()).collect(),
    }
}

pub fn xquad(eval: &Path, language: &str) -> Set {
    let folder = eval.join("xquad");
    let asked = |line: Value| Asked {
        text: string(&line["text"]),
        relevant: vec![string(&line["doc"])],
        answers: line["answers"].as_array().unwrap().iter().map(|answer| string(&answer["text"])).collect(),
    };
    Set {
        name: format!("xquad {language}"),
        docs: docs(&folder.join(format!("{language}.corpus.jsonl"))),
        asked: lines(&folder.join(format!("{language}.queries.jsonl"))).into_iter().map(asked).collect(),
    }
}

/// The ids of the documents that stay in the index of the refusal test.
pub fn kept(eval: &Path, language: &str) -> HashSet<String> {
    let text =
        std::fs::read_to_string(eval.join("no_answer").join(format!("xquad.{language}.json"))).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    value["keep_docs"].as_array().unwrap().iter().map(string).collect()
}

/// Documents on other subjects that make the index of the refusal test larger.
pub fn crowd(eval: &Path, language: &str) -> Vec<Doc> {
    match language {
        "zh" => {
            let mut all = docs(&eval.join("drcd/dev.corpus.jsonl"));
            all.extend(docs(&eval.join("cmrc2018/trial.corpus.jsonl")));
            all.iter_mut().enumerate().for_each(|(index, doc)| doc.id = format!("crowd-{index}"));
            all
        }
        _ => docs(&eval.join("scifact/corpus.jsonl")),
    }
}

/// The article of an XQuAD paragraph: questions on one article are resampled together.
pub fn article(id: &str) -> usize {
    id.split('-').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Documents in a library and an index, each as one chunk.
pub struct Indexed {
    pub world: World,
    pub ids: HashMap<DocumentId, String>,
}

pub async fn index<'d>(docs: impl Iterator<Item = &'d Doc>, embedder: &Arc<dyn Embedder>) -> Indexed {
    let world = World::new(Arc::clone(embedder));
    let docs: Vec<&Doc> = docs.collect();
    let mut ids = HashMap::new();
    for batch in docs.chunks(256) {
        let document = |doc: &&Doc| {
            let sections: &[(&str, &[&str])] = &[("", &[&doc.text])];
            let (text, chunks) = read(&Paper { path: &doc.id, title: &doc.title, sections });
            (doc.id.clone(), text, chunks)
        };
        let added = world.add_all(world.source, batch.iter().map(document).collect()).await;
        ids.extend(added.into_iter().zip(batch.iter().map(|doc| doc.id.clone())));
    }
    Indexed { world, ids }
}
