//! Where the data is.

use crate::{TABLE, config, open, open_with, rows};
use docent_vector_store::{Filter, TextQuery, VectorStore, contract};
use std::fs;

/// Names a person may give a folder work, and nothing appears beside them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_folder_name_works() {
    for name in ["with space", "知识 库", "a#b", "50%", "100%20", "q?x[1]", "it's", "ä é"] {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join(name).join("lance");
        {
            let (store, report) = open(&folder).await;
            assert!(report.created, "{name}");
            store.append(rows(0, 20, contract::DIMENSION)).await.unwrap();
        }
        let (store, report) = open(&folder).await;
        assert!(!report.created && !report.replaced, "{name}: {report:?}");
        assert_eq!(store.rows().await.unwrap(), 20, "{name}");
        let words = TextQuery::Words("unique7".to_owned());
        assert_eq!(store.search_text(&words, &Filter::default(), 5).await.unwrap().len(), 1, "{name}");

        let beside: Vec<_> = fs::read_dir(base.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(beside, [name], "a second folder appeared");
        let inside: Vec<_> = fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(inside, [format!("{TABLE}.lance").as_str()], "{name}");
        assert!(store.folder().join("_versions").is_dir());
    }
}

/// What cannot be opened says why, and nothing is touched.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_configurations_are_errors() {
    let base = tempfile::tempdir().unwrap();
    {
        let (store, _) = open(base.path()).await;
        store.append(rows(0, 4, contract::DIMENSION)).await.unwrap();
    }
    let code = async |config| open_with(config).await.expect_err("must fail").code();
    assert_eq!(code(config(base.path(), 384)).await, "vector_dimension");
    for name in ["", "../up", "a/b", "a b", "表"] {
        let mut config = config(base.path(), contract::DIMENSION);
        config.table = name.to_owned();
        assert_eq!(code(config).await, "store_table_name", "{name:?}");
    }
    fs::write(base.path().join("file"), b"not a folder").unwrap();
    assert_eq!(code(config(&base.path().join("file"), contract::DIMENSION)).await, "store_folder");
    let (store, report) = open(base.path()).await;
    assert_eq!(store.rows().await.unwrap(), 4);
    assert_eq!(report.quarantined_manifests, 0);
}

/// Tables of one folder do not see each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_stand_alone() {
    let base = tempfile::tempdir().unwrap();
    let (first, _) = open(base.path()).await;
    let mut other = config(base.path(), 16);
    other.table = "chunks_p2_g1".to_owned();
    let (second, report) = open_with(other).await.unwrap();
    assert!(report.created);
    first.append(rows(0, 3, contract::DIMENSION)).await.unwrap();
    second.append(rows(0, 5, 16)).await.unwrap();
    assert_eq!((first.rows().await.unwrap(), second.rows().await.unwrap()), (3, 5));
}

/// Every change gives the table another version, and opening it does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_tells_whether_anything_was_changed() {
    let base = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for round in 0..3 {
        let (store, _) = open(base.path()).await;
        let found = store.version().await.unwrap().unwrap();
        if let Some(last) = seen.last() {
            assert_eq!(found, *last, "as it was left");
        }
        store.append(rows(round * 4, round * 4 + 4, contract::DIMENSION)).await.unwrap();
        let appended = store.version().await.unwrap().unwrap();
        store
            .delete_revisions(&[rows(round * 4, round * 4 + 1, contract::DIMENSION)[0].revision])
            .await
            .unwrap();
        let deleted = store.version().await.unwrap().unwrap();
        assert!(found < appended && appended < deleted);
        seen.push(deleted);
    }
}

/// Where nothing can be written a table is searched as it is, and no file is made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_read_without_a_trace() {
    let base = tempfile::tempdir().unwrap();
    let for_reading = |folder: &std::path::Path| {
        let mut config = config(folder, contract::DIMENSION);
        config.read_only = true;
        config
    };
    let none = base.path().join("none");
    assert!(open_with(for_reading(&none)).await.is_err() && !none.exists(), "no table is made");
    {
        let (store, _) = open(base.path()).await;
        store.append(rows(0, 20, contract::DIMENSION)).await.unwrap();
    }
    let files = || {
        let mut found = Vec::new();
        let mut folders = vec![base.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    };
    let before = files();
    let (store, report) = open_with(for_reading(base.path())).await.unwrap();
    assert!(!report.created && !report.replaced && report.version > 0, "{report:?}");
    let words = TextQuery::Words("unique7".to_owned());
    assert_eq!(store.search_text(&words, &Filter::default(), 5).await.unwrap().len(), 1);
    let near = store.search_vector(&contract::axis(0), &Filter::default(), 100).await.unwrap();
    assert_eq!(near.len(), 20);
    assert_eq!(files(), before);
}
