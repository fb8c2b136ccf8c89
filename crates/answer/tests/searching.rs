//! Searching a small library in two languages, without a chat model.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "world/papers.rs"]
mod papers;
mod world;

use std::sync::Arc;

use async_trait::async_trait;
use docent_answer::{AnswerParts, Retrieval, Scope, Verdict};
use docent_corpus::{BatchId, Cancel, ChunkId, Hit, RevisionId};
use docent_inference::fake::FakeEmbedder;
use docent_vector_store::{
    Filter, Maintenance, MaintenanceReport, MemoryStore, Row, StoreError, TextQuery, VectorStore,
};
use world::{Paper, World};

async fn library() -> World {
    let world = World::new(Arc::new(FakeEmbedder::new(256)));
    for paper in [&papers::PUMP, &papers::MINUTES, &papers::TEA, &papers::HOSTILE] {
        world.add(paper).await;
    }
    world
}

async fn texts(retrieval: &Retrieval, query: &str) -> Vec<String> {
    let found = retrieval.search(query, &Scope::default(), 5, &Cancel::new()).await.unwrap();
    found.passages.into_iter().map(|passage| passage.text).collect()
}

#[tokio::test]
async fn the_right_passage_is_first_in_both_languages() {
    let world = library().await;
    let retrieval = world.retrieval();
    let cases = [
        ("How often must the impeller be replaced?", "every 18 months"),
        ("Which grease for the bearings?", "lithium grease"),
        ("Who was elected treasurer?", "elected treasurer"),
        ("绿茶用多少度的水？", "八十度"),
        ("普洱茶饼放在哪里？", "通风干燥"),
    ];
    for (query, want) in cases {
        let found = texts(&retrieval, query).await;
        assert!(found[0].contains(want), "{query}: {}", found[0]);
    }
}

#[tokio::test]
async fn a_passage_says_where_it_stands_and_what_found_it() {
    let world = library().await;
    let found = world
        .retrieval()
        .search("impeller screws torque", &Scope::default(), 3, &Cancel::new())
        .await
        .unwrap();
    let best = &found.passages[0];
    assert_eq!(best.title, "Brookline water pump manual");
    assert_eq!(best.path, "manuals/pump.md");
    assert_eq!(best.headings, ["Maintenance"]);
    assert_eq!((best.vector_rank, best.text_rank), (Some(1), Some(1)));
    assert!(best.cosine.is_some_and(|cosine| cosine > 0.2));
    let text = world.library.revision_text(best.revision).unwrap().text;
    let pieces: Vec<&str> = best.spans.iter().map(|span| span.of(&text).unwrap()).collect();
    assert_eq!(pieces.join("\n"), best.text);
    assert!(found.warnings.is_empty());
    assert!(found.timings.total >= found.timings.vector.max(found.timings.text));
}

#[tokio::test]
async fn a_quoted_phrase_finds_only_where_it_stands() {
    let world = library().await;
    let retrieval = world.retrieval();
    let found = texts(&retrieval, "\"lithium grease\"").await;
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("lithium grease"));
    // Both passages mention Harriet Nwosu and a vote or election; the phrase decides.
    let found = texts(&retrieval, "Harriet Nwosu \"shared shredder\"").await;
    assert!(found[0].contains("shared shredder"));
    assert!(found.len() > 1, "outside of quotation marks other words still count");
    let found = texts(&retrieval, "“水温太高”").await;
    assert!(found[0].contains("水温太高"));
    // A phrase that stands nowhere is looked for as words.
    assert!(texts(&retrieval, "\"grease lithium\"").await[0].contains("lithium grease"));
}

#[tokio::test]
async fn deleted_and_replaced_documents_are_never_shown() {
    let world = library().await;
    let pump = world.library.document_by_path(world.source, papers::PUMP.path).unwrap().unwrap().id;
    world.delete(pump);
    let retrieval = world.retrieval();
    assert!(texts(&retrieval, "impeller").await.iter().all(|text| !text.contains("impeller")));
    let newer = Paper { sections: &[("Budget", &["The budget is 2,000 euros now."])], ..papers::MINUTES };
    world.add(&newer).await;
    // The rows of both are still in the index: only the library says that they do not count.
    let found = texts(&retrieval, "budget euros seeds").await;
    assert!(found[0].contains("2,000"));
    assert!(found.iter().all(|text| !text.contains("1,250")), "{found:?}");
}

#[tokio::test]
async fn many_dead_rows_do_not_hide_the_living() {
    let world = World::new(Arc::new(FakeEmbedder::new(64)));
    let line: Vec<String> = (0..150).map(|n| format!("Valve note number {n} about the valve.")).collect();
    let lines: Vec<&str> = line.iter().map(String::as_str).collect();
    let sections = [("", lines.as_slice())];
    let old = Paper { path: "old.md", title: "Old", sections: &sections };
    let id = world.add(&old).await;
    world
        .add(&Paper {
            path: "new.md",
            title: "New",
            sections: &[(
                "",
                &["One remark on a valve, among many words of quite another kind, at the very end."],
            )],
        })
        .await;
    world.delete(id);
    let found = texts(&world.retrieval(), "valve note number about the valve").await;
    assert_eq!(found.len(), 1, "the first hundred hits of both legs are dead");
}

#[tokio::test]
async fn the_same_text_is_shown_once_but_other_numbers_are_other_facts() {
    let world = World::new(Arc::new(FakeEmbedder::new(64)));
    for (path, text) in [
        ("a.md", "Rent for 2023 was 900 euros."),
        ("copy.md", "Rent for 2023  was 900 Euros."),
        ("b.md", "Rent for 2024 was 950 euros."),
    ] {
        world.add(&Paper { path, title: "Rent", sections: &[("", &[text])] }).await;
    }
    let found = texts(&world.retrieval(), "rent in euros").await;
    assert_eq!(found.len(), 2, "{found:?}");
}

#[tokio::test]
async fn scope_limits_sources_and_documents() {
    let world = library().await;
    let other = world.another_source("other");
    let id = world
        .add_to(other, &Paper { path: "x.md", title: "X", sections: &[("", &["The impeller of the fan."])] })
        .await;
    let retrieval = world.retrieval();
    let search = async |scope: Scope| {
        let found = retrieval.search("impeller", &scope, 10, &Cancel::new()).await.unwrap();
        found.passages.into_iter().map(|passage| passage.document).collect::<Vec<_>>()
    };
    assert_eq!(search(Scope { sources: Some(vec![other]), documents: None }).await, [id]);
    assert_eq!(search(Scope { sources: None, documents: Some(vec![id]) }).await, [id]);
    assert!(search(Scope { sources: Some(vec![]), documents: None }).await.is_empty());
    assert!(search(Scope::default()).await.len() > 1);
}

#[tokio::test]
async fn one_document_can_be_kept_from_filling_a_result() {
    let world = library().await;
    let retrieval = world.retrieval().with_per_document(1);
    let found = retrieval
        .search("pump bearing impeller warranty", &Scope::default(), 10, &Cancel::new())
        .await
        .unwrap();
    let mut documents: Vec<_> = found.passages.iter().map(|passage| passage.document).collect();
    let all = documents.len();
    documents.dedup();
    assert_eq!(documents.len(), all);
}

#[tokio::test]
async fn a_question_about_something_else_is_not_in_the_documents() {
    let world = library().await;
    let retrieval = world.retrieval();
    let verdict = async |query: &str| {
        retrieval.search(query, &Scope::default(), 5, &Cancel::new()).await.unwrap().evidence
    };
    for query in [
        "What is the capital of Mongolia?",
        "Who invented the transistor radio?",
        "量子计算机的工作原理是什么？",
    ] {
        let evidence = verdict(query).await;
        assert_eq!(evidence.verdict, Verdict::NotInDocuments, "{query} {evidence:?}");
    }
    for query in
        ["How often must the impeller be replaced?", "Who was elected treasurer?", "绿茶用多少度的水冲泡？"]
    {
        let evidence = verdict(query).await;
        assert_eq!(evidence.verdict, Verdict::Found, "{query} {evidence:?}");
    }
    assert_ne!(verdict("Summarize my notes").await.verdict, Verdict::NotInDocuments);
}

#[tokio::test]
async fn empty_and_endless_queries() {
    let world = library().await;
    let retrieval = world.retrieval();
    let empty = retrieval.search(" \n?", &Scope::default(), 5, &Cancel::new()).await;
    assert_eq!(empty.unwrap_err().code(), "empty_question");
    let endless = format!("{} impeller", "茶饼与水泵 very long 字".repeat(3_000));
    assert!(!texts(&retrieval, &endless).await.is_empty());
    let cancel = Cancel::new();
    cancel.cancel();
    let stopped = retrieval.search("impeller", &Scope::default(), 5, &cancel).await;
    assert_eq!(stopped.unwrap_err().code(), "cancelled");
    let empty = World::new(Arc::new(FakeEmbedder::new(8)));
    let found = empty.retrieval().search("anything", &Scope::default(), 5, &Cancel::new()).await.unwrap();
    assert!(found.passages.is_empty());
    assert_eq!(found.evidence.verdict, Verdict::NotInDocuments);
}

#[tokio::test]
async fn without_an_embedder_words_are_enough() {
    let world = library().await;
    let parts = AnswerParts { embedder: None, ..world.parts(None) };
    let found = Retrieval::new(&parts)
        .search("lithium grease bearing", &Scope::default(), 3, &Cancel::new())
        .await
        .unwrap();
    assert!(found.passages[0].text.contains("lithium"));
    assert_eq!(found.passages[0].vector_rank, None);
    let codes: Vec<&str> = found.warnings.iter().map(|warning| warning.code()).collect();
    assert_eq!(codes, ["no_embedder"]);
}

/// A store whose searches fail.
struct Broken {
    inner: MemoryStore,
    vectors: bool,
    text: bool,
}

fn broken(wanted: bool) -> Result<(), StoreError> {
    // The real error of a real misuse: a vector of the wrong length.
    if wanted { Err(StoreError::Dimension { expected: 1, found: 2 }) } else { Ok(()) }
}

#[async_trait]
impl VectorStore for Broken {
    fn dimension(&self) -> usize {
        self.inner.dimension()
    }
    async fn append(&self, rows: Vec<Row>) -> Result<u64, StoreError> {
        self.inner.append(rows).await
    }
    async fn count_batch(&self, batch: BatchId) -> Result<usize, StoreError> {
        self.inner.count_batch(batch).await
    }
    async fn delete_batch(&self, batch: BatchId) -> Result<(), StoreError> {
        self.inner.delete_batch(batch).await
    }
    async fn delete_revisions(&self, revisions: &[RevisionId]) -> Result<(), StoreError> {
        self.inner.delete_revisions(revisions).await
    }
    async fn search_vector(
        &self,
        vector: &[f32],
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        broken(self.vectors)?;
        self.inner.search_vector(vector, filter, limit).await
    }
    async fn search_text(
        &self,
        query: &TextQuery,
        filter: &Filter,
        limit: usize,
    ) -> Result<Vec<Hit>, StoreError> {
        broken(self.text)?;
        self.inner.search_text(query, filter, limit).await
    }
    async fn rows(&self) -> Result<usize, StoreError> {
        self.inner.rows().await
    }
    async fn revision_counts(&self) -> Result<Vec<(RevisionId, usize)>, StoreError> {
        self.inner.revision_counts().await
    }
    async fn vectors(&self, revisions: &[RevisionId]) -> Result<Vec<(ChunkId, Vec<f32>)>, StoreError> {
        self.inner.vectors(revisions).await
    }
    async fn maintain(&self, level: Maintenance) -> Result<MaintenanceReport, StoreError> {
        self.inner.maintain(level).await
    }
}

#[tokio::test]
async fn what_was_read_is_found_by_words_before_its_vectors_are_there() {
    let world = World::new(Arc::new(FakeEmbedder::new(256)));
    let pump = world.store(&papers::PUMP);
    let find = async |query: &str| {
        world.retrieval().search(query, &Scope::default(), 3, &Cancel::new()).await.unwrap()
    };
    // Nothing is in the index at all.
    let found = find("lithium grease for the bearing").await;
    assert_eq!(found.passages[0].document, pump);
    assert!(found.passages[0].text.contains("lithium") && found.warnings.is_empty(), "{:?}", found.warnings);
    // Beside the index, and no word of it in the way.
    let tea = world.add(&papers::TEA).await;
    assert_eq!(find("lithium grease for the bearing").await.passages[0].document, pump);
    assert_eq!(find("\"lithium grease\"").await.passages[0].document, pump);
    assert_eq!(find("绿茶的水温").await.passages[0].document, tea);
    let scope = Scope { documents: Some(vec![tea]), ..Scope::default() };
    let found = world.retrieval().search("lithium grease", &scope, 3, &Cancel::new()).await.unwrap();
    assert!(found.passages.iter().all(|passage| passage.document == tea));
}

#[tokio::test]
async fn without_an_index_what_was_read_lately_does_not_hide_the_rest() {
    let mut world = World::new(Arc::new(FakeEmbedder::new(256)));
    world.add(&papers::TEA).await;
    world.store(&papers::PUMP);
    world.store = Arc::new(MemoryStore::new(256));
    for (query, want) in [("lithium grease for the bearing", "lithium"), ("绿茶", "绿茶")] {
        let found = world.retrieval().search(query, &Scope::default(), 3, &Cancel::new()).await.unwrap();
        assert!(found.passages[0].text.contains(want), "{query}");
        assert_eq!(found.warnings.iter().map(|it| it.code()).collect::<Vec<_>>(), ["index_unavailable"]);
    }
}

#[tokio::test]
async fn a_broken_index_leaves_a_warning_and_results() {
    for (vectors, text, warned) in [
        (true, false, vec!["vector_search_unavailable"]),
        (false, true, vec!["text_search_unavailable"]),
        (true, true, vec!["vector_search_unavailable", "text_search_unavailable", "index_unavailable"]),
    ] {
        let mut world = World::new(Arc::new(FakeEmbedder::new(256)));
        world.store = Arc::new(Broken { inner: MemoryStore::new(256), vectors, text });
        world.add(&papers::PUMP).await;
        world.add(&papers::TEA).await;
        let retrieval = world.retrieval();
        for (query, want) in [("lithium grease for the bearing", "lithium"), ("绿茶的水温", "绿茶")] {
            let found = retrieval.search(query, &Scope::default(), 3, &Cancel::new()).await.unwrap();
            assert!(found.passages[0].text.contains(want), "{vectors} {text} {query}");
            let codes: Vec<&str> = found.warnings.iter().map(|warning| warning.code()).collect();
            assert_eq!(codes, warned);
        }
    }
}

#[tokio::test]
async fn while_the_index_is_still_empty_the_library_is_searched() {
    let mut world = library().await;
    world.store = Arc::new(MemoryStore::new(256));
    let retrieval = world.retrieval();
    let found = retrieval.search("lithium grease", &Scope::default(), 3, &Cancel::new()).await.unwrap();
    assert!(found.passages[0].text.contains("lithium"));
    assert_eq!(found.warnings[0].code(), "index_unavailable");
    let nothing = retrieval.search("Mongolia", &Scope::default(), 3, &Cancel::new()).await.unwrap();
    assert!(nothing.passages.is_empty() && nothing.warnings.is_empty());
}
