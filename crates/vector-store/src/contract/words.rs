//! Search by words.

use super::{axis, chunks, fill, row, sorted};
use crate::{Filter, Maintenance, TextQuery, VectorStore};
use docent_corpus::{DocumentId, SourceId};

async fn texts(store: &dyn VectorStore, texts: &[&str]) {
    fill(store, texts.iter().enumerate().map(|(at, text)| row(at as i64, text, axis(at))).collect()).await;
}

async fn find(store: &dyn VectorStore, query: TextQuery) -> Vec<docent_corpus::Hit> {
    store.search_text(&query, &Filter::default(), 100).await.expect("search by words")
}

fn any(words: &str) -> TextQuery {
    TextQuery::Words(words.to_owned())
}

fn phrase(words: &str) -> TextQuery {
    TextQuery::Phrase(words.to_owned())
}

/// One word is enough; more of the words, and rarer ones, rank higher; case does not matter.
pub async fn any_word_finds_and_more_words_rank_higher(store: &dyn VectorStore) {
    texts(
        store,
        &[
            "The garden shed needs a new roof",
            "The garden gate is green",
            "Roof repair: the garden shed first",
            "The kitchen sink",
            "The attic and the cellar and the hall",
        ],
    )
    .await;
    for round in 0..2 {
        assert_eq!(chunks(&find(store, any("KITCHEN")).await), [3], "round {round}");
        let found = find(store, any("garden repair")).await;
        assert_eq!(chunks(&found)[0], 2, "both words rank first, round {round}");
        assert_eq!(sorted(&found), [0, 1, 2], "round {round}");
        assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score), "best first");
        assert!(found.iter().all(|hit| hit.score > 0.0));
        // No stop words and no stemming: "the" is a word, "gardens" another one than "garden".
        assert_eq!(sorted(&find(store, any("the")).await), [0, 1, 2, 3, 4]);
        assert!(find(store, any("gardens")).await.is_empty());
        assert!(find(store, any("zebra")).await.is_empty());
        assert!(find(store, any("")).await.is_empty());
        assert!(find(store, any(" ,.!? ")).await.is_empty());
        store.maintain(Maintenance::Now).await.expect("maintain");
    }
}

/// Chinese is searched by its words, alone and mixed with Latin, without any spaces.
pub async fn chinese_words_are_found(store: &dyn VectorStore) {
    texts(
        store,
        &[
            "数据库支持中文全文检索和向量查询",
            "LanceDB支持中文，也支持hybrid search",
            "机器学习模型需要很多数据",
            "今天天气很好，我们去公园散步，然后在湖边的小餐馆吃午饭，下午回家读一本关于历史的书",
            "Full-text search in English only",
        ],
    )
    .await;
    for round in 0..2 {
        assert_eq!(sorted(&find(store, any("中文")).await), [0, 1], "round {round}");
        assert_eq!(sorted(&find(store, any("检索")).await), [0], "round {round}");
        assert_eq!(sorted(&find(store, any("公园")).await), [3], "far into a run, round {round}");
        assert_eq!(sorted(&find(store, any("历史")).await), [3], "round {round}");
        assert_eq!(sorted(&find(store, any("lancedb")).await), [1], "round {round}");
        assert_eq!(sorted(&find(store, any("search 学习")).await), [1, 2, 4], "round {round}");
        assert_eq!(sorted(&find(store, phrase("全文检索")).await), [0], "round {round}");
        assert_eq!(sorted(&find(store, phrase("支持中文")).await), [0, 1], "round {round}");
        assert!(find(store, phrase("中文支持")).await.is_empty(), "round {round}");
        assert!(find(store, any("火车")).await.is_empty(), "round {round}");
        store.maintain(Maintenance::Now).await.expect("maintain");
    }
}

/// A phrase finds only neighbours in order.
pub async fn a_phrase_needs_its_order(store: &dyn VectorStore) {
    texts(
        store,
        &[
            "the quick brown fox jumps",
            "the brown quick fox jumps",
            "quick, brown: fox!",
            "quick and brown and fox",
            "a fox",
        ],
    )
    .await;
    for round in 0..2 {
        assert_eq!(sorted(&find(store, phrase("quick brown fox")).await), [0, 2], "round {round}");
        assert_eq!(sorted(&find(store, phrase("Quick Fox")).await), [1], "round {round}");
        assert_eq!(sorted(&find(store, phrase("fox")).await), [0, 1, 2, 3, 4], "round {round}");
        assert!(find(store, phrase("fox quick")).await.is_empty(), "round {round}");
        assert!(find(store, phrase("quick zebra")).await.is_empty(), "round {round}");
        assert!(find(store, phrase("!?")).await.is_empty(), "round {round}");
        store.maintain(Maintenance::Now).await.expect("maintain");
    }
}

/// Operators, wildcards, quotes and SQL in a question are text.
pub async fn query_syntax_has_no_meaning(store: &dyn VectorStore) {
    texts(store, &["apple pie", "apple tart", "banana bread", "drop table chunks"]).await;
    for words in [
        "+apple -pie",
        "apple AND NOT (pie",
        "text:apple",
        "\"apple",
        "apple'; DROP TABLE chunks; --",
        "{\"match\": {\"terms\": \"apple\"}}",
        "apple~2 ^3",
        "\\apple\\",
        "apple\u{0}\n\t",
    ] {
        let found = sorted(&find(store, any(words)).await);
        assert!(found.starts_with(&[0, 1]), "{words:?} found {found:?}");
    }
    assert!(find(store, any("app*")).await.is_empty(), "no wildcard");
    let long = "apple ".repeat(2_000);
    assert_eq!(sorted(&find(store, any(&long)).await), [0, 1], "a very long query");
    assert_eq!(store.rows().await.expect("rows"), 4);
}

/// Filters hold for words as for vectors, also when most rows match.
pub async fn filters_hold_for_words(store: &dyn VectorStore) {
    fill(store, (0..60).map(|at| row(at, "always here", axis(at as usize))).collect()).await;
    for round in 0..2 {
        let search = async |filter: Filter| {
            sorted(&store.search_text(&any("always"), &filter, 100).await.expect("search"))
        };
        let documents = |ids: std::ops::Range<i64>| ids.map(DocumentId).collect::<Vec<_>>();
        let found = search(Filter { sources: Some(vec![SourceId(1)]), ..Filter::default() }).await;
        assert_eq!(found, (20..40).collect::<Vec<_>>(), "round {round}");
        let found = search(Filter { documents: Some(documents(29..6000)), ..Filter::default() }).await;
        assert_eq!(found, [58, 59], "round {round}");
        let found = search(Filter { exclude_documents: documents(2..6000), ..Filter::default() }).await;
        assert_eq!(found, [0, 1, 2, 3], "round {round}");
        assert!(search(Filter { documents: Some(vec![]), ..Filter::default() }).await.is_empty());
        store.maintain(Maintenance::Now).await.expect("maintain");
    }
}
