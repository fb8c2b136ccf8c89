//! Files cut short, emptied, overwritten or gone.

use crate::{TABLE, config, open, open_with, rows};
use docent_vector_store::{Filter, LanceStore, Maintenance, TextQuery, VectorStore, contract};
use std::fs;
use std::path::{Path, PathBuf};

/// A way to spoil a file.
type Spoil = fn(&Path);

/// Writes batches of ten rows and returns the version after each.
async fn write(folder: &Path, batches: i64) -> Vec<u64> {
    let (store, _) = open(folder).await;
    let mut versions = Vec::new();
    for batch in 0..batches {
        let rows = rows(batch * 10, batch * 10 + 10, contract::DIMENSION);
        versions.push(store.append(rows).await.unwrap());
    }
    versions
}

fn files(folder: &Path, below: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.join(format!("{TABLE}.lance")).join(below)];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                found.push(path);
            }
        }
    }
    found
}

/// The newest description: names count down.
fn head(folder: &Path) -> PathBuf {
    files(folder, "_versions", ".manifest").into_iter().min().unwrap()
}

/// The data file written last.
fn newest_data(folder: &Path) -> PathBuf {
    let modified = |path: &PathBuf| fs::metadata(path).unwrap().modified().unwrap();
    files(folder, "data", ".lance").into_iter().max_by_key(modified).unwrap()
}

fn cut(path: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

async fn all_found(store: &LanceStore, rows: i64) {
    assert_eq!(store.rows().await.unwrap(), rows as usize);
    let all = Filter::default();
    let shared = TextQuery::Words("shared".to_owned());
    assert_eq!(store.search_text(&shared, &all, 1_000).await.unwrap().len(), rows as usize);
    assert_eq!(store.search_vector(&contract::axis(0), &all, 1_000).await.unwrap().len(), rows as usize);
    let own = TextQuery::Words(format!("unique{}", rows - 1));
    assert_eq!(store.search_text(&own, &all, 10).await.unwrap().len(), 1);
}

async fn still_writable(store: &LanceStore, rows_now: i64) {
    store.append(rows(rows_now, rows_now + 10, contract::DIMENSION)).await.unwrap();
    all_found(store, rows_now + 10).await;
}

/// A newest description of any wrong length or content is set aside and the version before it opens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreadable_head_gives_way_to_the_version_before() {
    let spoil: [(&str, Spoil); 5] = [
        ("empty", |path| cut(path, 0)),
        ("shorter than a footer", |path| cut(path, 9)),
        ("cut in the middle", |path| cut(path, fs::metadata(path).unwrap().len() / 2)),
        ("zeros", |path| fs::write(path, vec![0; fs::metadata(path).unwrap().len() as usize]).unwrap()),
        ("noise that ends like a description", |path| {
            let old = fs::read(path).unwrap();
            let mut noise: Vec<u8> = (0..old.len()).map(|n| (n * 37 + 11) as u8).collect();
            let footer = old.len() - 16;
            noise[footer..].copy_from_slice(&old[footer..]);
            fs::write(path, noise).unwrap();
        }),
    ];
    for (name, spoil) in spoil {
        let base = tempfile::tempdir().unwrap();
        let versions = write(base.path(), 4).await;
        let head = head(base.path());
        spoil(&head);
        let (store, report) = open(base.path()).await;
        assert_eq!(report.quarantined_manifests, 1, "{name}");
        assert!(!report.replaced && !report.rolled_back, "{name}");
        assert_eq!(report.version, versions[2], "{name}");
        assert!(!head.exists() && head.with_extension("manifest.corrupt").exists(), "{name}");
        all_found(&store, 30).await;
        still_writable(&store, 30).await;
        drop(store);
        let (store, report) = open(base.path()).await;
        assert_eq!(report.quarantined_manifests, 0, "{name}: cured for good");
        all_found(&store, 40).await;
    }
}

/// Several spoiled descriptions in a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_unreadable_heads_are_set_aside() {
    let base = tempfile::tempdir().unwrap();
    write(base.path(), 6).await;
    for _ in 0..3 {
        let head = head(base.path());
        fs::rename(&head, head.with_extension("keep")).unwrap();
        fs::write(head.with_extension("manifest.tmp"), b"").unwrap();
    }
    // Put the three back, spoiled.
    for path in files(base.path(), "_versions", ".keep") {
        fs::write(path.with_extension("manifest"), b"LANC").unwrap();
    }
    let (store, report) = open(base.path()).await;
    assert_eq!(report.quarantined_manifests, 3);
    all_found(&store, 30).await;
}

/// Data cut short is met only when it is read; the newest version that can be read is restored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spoiled_data_file_gives_way_to_the_version_before() {
    let spoil: [(&str, Spoil); 4] = [
        ("empty", |path| cut(path, 0)),
        ("cut in the middle", |path| cut(path, fs::metadata(path).unwrap().len() / 2)),
        ("a byte short", |path| cut(path, fs::metadata(path).unwrap().len() - 1)),
        ("gone", |path| fs::remove_file(path).unwrap()),
    ];
    for (name, spoil) in spoil {
        let base = tempfile::tempdir().unwrap();
        let versions = write(base.path(), 4).await;
        spoil(&newest_data(base.path()));
        let (store, report) = open(base.path()).await;
        assert!(report.rolled_back && !report.replaced, "{name}: {report:?}");
        assert_eq!(report.version, versions[2], "{name}: the caller learns what is lost");
        all_found(&store, 30).await;
        still_writable(&store, 30).await;
        drop(store);
        let (store, report) = open(base.path()).await;
        assert!(!report.rolled_back, "{name}: cured for good");
        all_found(&store, 40).await;
    }
}

/// Only what is newer than a version known to be sound is read in full.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_durable_version_is_trusted_and_what_follows_is_not() {
    let base = tempfile::tempdir().unwrap();
    let durable = *write(base.path(), 3).await.last().unwrap();
    let mut config = config(base.path(), contract::DIMENSION);
    config.durable_version = Some(durable);
    let (store, report) = open_with(config.clone()).await.unwrap();
    assert_eq!((report.version, report.rolled_back), (durable, false));
    store.append(rows(30, 40, contract::DIMENSION)).await.unwrap();
    drop(store);
    cut(&newest_data(base.path()), 100);
    let (store, report) = open_with(config).await.unwrap();
    assert_eq!((report.version, report.rolled_back), (durable, true));
    all_found(&store, 30).await;
}

/// When no version can be read the folder is kept under another name and a new table begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_beyond_repair_is_set_aside_whole() {
    let base = tempfile::tempdir().unwrap();
    for n in 1..=2 {
        write(base.path(), 3).await;
        for path in files(base.path(), "_versions", ".manifest") {
            cut(&path, 3);
        }
        let (store, report) = open(base.path()).await;
        assert!(report.replaced && !report.created);
        assert_eq!(store.rows().await.unwrap(), 0);
        assert!(base.path().join(format!("{TABLE}.lance.bad-{n}")).join("data").is_dir());
        still_writable(&store, 0).await;
        drop(store);
        fs::remove_dir_all(base.path().join(format!("{TABLE}.lance"))).unwrap();
    }
}

/// A process killed while it made the table leaves a folder without any version.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_made_table_is_replaced() {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir_all(base.path().join(format!("{TABLE}.lance")).join("data")).unwrap();
    let (store, report) = open(base.path()).await;
    assert!(report.replaced);
    still_writable(&store, 0).await;
}

/// Indexes that cannot be read are emptied; every row is still found, and maintenance fills them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoiled_indexes_cost_nothing_but_time() {
    let spoil: [Spoil; 2] = [|path| fs::remove_file(path).unwrap(), |path| cut(path, 7)];
    for spoil in spoil {
        let base = tempfile::tempdir().unwrap();
        write(base.path(), 3).await;
        {
            let (store, _) = open(base.path()).await;
            assert!(store.maintain(Maintenance::Now).await.unwrap().is_sound());
        }
        for path in files(base.path(), "_indices", "") {
            spoil(&path);
        }
        let (store, report) = open(base.path()).await;
        assert!(!report.replaced && !report.rolled_back, "{report:?}");
        assert!(report.reset_indexes.contains(&"text_idx".to_owned()), "{report:?}");
        all_found(&store, 30).await;
        let report = store.maintain(Maintenance::Now).await.unwrap();
        assert!(report.is_sound(), "{:?}", report.failures);
        assert_eq!(report.unindexed_rows, 0);
        still_writable(&store, 30).await;
    }
}

/// After maintenance has deleted old versions there is still a sound one to go back to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tagged_version_survives_pruning_and_can_be_gone_back_to() {
    let base = tempfile::tempdir().unwrap();
    let good = {
        write(base.path(), 3).await;
        let (store, _) = open(base.path()).await;
        let good = store.maintain(Maintenance::Now).await.unwrap();
        assert!(good.is_sound());
        store.append(rows(30, 40, contract::DIMENSION)).await.unwrap();
        let next = store.maintain(Maintenance::Now).await.unwrap();
        assert!(next.is_sound() && next.version > good.version);
        good.version
    };
    // All that the second maintenance wrote is spoiled, as if it had never reached the disk.
    cut(&newest_data(base.path()), 50);
    let (store, report) = open(base.path()).await;
    assert!(report.rolled_back, "{report:?}");
    assert_eq!(report.version, good);
    all_found(&store, 30).await;
}
