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
