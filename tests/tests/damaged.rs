//! Files of the library are damaged one after the other, as bad disks and cut writes do. Each time
//! docent starts by itself, and everything is found once, by words and by vectors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use docent_tests::indexed::{Opened, open, runtime};
use docent_tests::weather::{COMMON, Dice, Documents};
use std::fs;
use std::path::{Path, PathBuf};

/// Rounds of changes, each its own version of the index.
const ROUNDS: usize = 6;

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Empty,
    Half,
    Zeroed,
    Gone,
}

const DAMAGES: [Damage; 4] = [Damage::Empty, Damage::Half, Damage::Zeroed, Damage::Gone];

impl Damage {
    fn apply(self, path: &Path) {
        let length = fs::metadata(path).unwrap().len();
        let cut = |length: u64| fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
        match self {
            Damage::Empty => cut(0),
            Damage::Half => cut(length / 2),
            Damage::Zeroed => fs::write(path, vec![0; length as usize]).unwrap(),
            Damage::Gone => fs::remove_file(path).unwrap(),
        }
    }
}

/// A library of several versions, closed, and what it holds.
fn indexed(folder: &Path) -> Documents {
    let documents_folder = folder.join("documents");
    fs::create_dir(&documents_folder).unwrap();
    let (mut dice, mut documents) = (Dice::new(7), Documents::default());
    for _ in 0..ROUNDS {
        for _ in 0..4 {
            documents.change(&documents_folder, &mut dice);
        }
        runtime().block_on(async {
            let opened = open(folder).await;
            opened.index(&documents_folder).await;
            // What the next start relies on, as docent records it at its end.
            assert!(opened.ingest.note_agreement().await.unwrap());
            opened.library.close().unwrap();
        });
    }
    documents.acknowledge();
    documents
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Paths of all files below a folder, relative to it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_path_buf());
            }
        }
    }
    found.sort();
    found
}

/// Whether a search fails; then docent opens the index again and trusts nothing of it.
async fn fails(opened: &Opened) -> bool {
    let fails = opened.near(9).await.is_err() || opened.found(&[COMMON]).await.is_err();
    if fails {
        opened.library.set_durable_version(opened.profile, 0).unwrap();
    }
    fails
}

/// Indexes what is lacking, and says what is wrong with the result.
async fn complaint(opened: &Opened, folder: &Path, documents: &Documents) -> Option<String> {
    opened.index(&folder.join("documents")).await;
    let (rows, chunks) =
        (opened.store.rows().await.unwrap(), opened.library.document_counts().unwrap().chunks);
    if rows != chunks {
        return Some(format!("{rows} rows for {chunks} passages"));
    }
    let near = match opened.near(chunks).await {
        Ok(near) => near,
        Err(error) => return Some(format!("a search by vectors fails: {error:?}")),
    };
    if near != chunks {
        return Some(format!("{near} of {chunks} passages are found by their vectors"));
    }
    match opened.found(&[COMMON]).await {
        Ok(found) => documents.judge(&found).err(),
        Err(error) => Some(format!("a search by words fails: {error:?}")),
    }
}

#[test]
fn every_file_of_the_index_may_be_damaged() {
    let pristine = tempfile::tempdir().unwrap();
    let documents = indexed(pristine.path());
    let index = PathBuf::from("library/lance");
    let all = files(&pristine.path().join(&index));
    assert!(all.len() > 10, "{all:?}");
    let runtime = runtime();
    let (mut complaints, mut mended) = (Vec::new(), 0);
    for file in &all {
        for damage in DAMAGES {
            let folder = tempfile::tempdir().unwrap();
            copy(&pristine.path().join("library"), &folder.path().join("library"));
            // The documents stay where the library knows them.
            damage.apply(&folder.path().join(&index).join(file));
            let found = runtime.block_on(async {
                let mut opened = open(folder.path()).await;
                if fails(&opened).await {
                    mended += 1;
                    drop(opened);
                    opened = open(folder.path()).await;
                }
                complaint(&opened, pristine.path(), &documents).await
            });
            complaints.extend(found.map(|found| format!("{damage:?} {}: {found}", file.display())));
        }
    }
    println!(
        "{} files, each damaged in {} ways; {mended} were met while searching",
        all.len(),
        DAMAGES.len()
    );
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_log_of_the_database_cut_anywhere_costs_nothing() {
    let pristine = tempfile::tempdir().unwrap();
    let folder = pristine.path();
    let mut documents = indexed(folder);
    let runtime = runtime();
    // A library that is not closed leaves its log behind, as after a kill.
    documents.change(&folder.join("documents"), &mut Dice::new(9));
    let opened = runtime.block_on(async {
        let opened = open(folder).await;
        opened.index(&folder.join("documents")).await;
        opened
    });
    documents.acknowledge();
    let left = tempfile::tempdir().unwrap();
    copy(&folder.join("library"), &left.path().join("library"));
    opened.library.close().unwrap();
    let log = left.path().join("library/app.db-wal");
    let length = fs::metadata(&log).unwrap().len();
    assert!(length > 0);
    for part in 0..=12 {
        let damaged = tempfile::tempdir().unwrap();
        copy(&left.path().join("library"), &damaged.path().join("library"));
        let log = damaged.path().join("library/app.db-wal");
        fs::File::options().write(true).open(&log).unwrap().set_len(length * part / 12).unwrap();
        let _ = fs::remove_file(damaged.path().join("library/app.db-shm"));
        let found = runtime.block_on(async {
            let opened = open(damaged.path()).await;
            complaint(&opened, folder, &documents).await
        });
        assert_eq!(found, None, "cut at {part} twelfths");
    }
}

#[test]
fn a_clock_that_goes_back_loses_nothing() {
    let world = tempfile::tempdir().unwrap();
    let folder = world.path().join("documents");
    let mut documents = indexed(world.path());
    let runtime = runtime();
    let mut dice = Dice::new(11);
    for years in [3, 1, 5, 2] {
        documents.change(&folder, &mut dice);
        // Files of the future and of the past.
        let time = std::time::SystemTime::UNIX_EPOCH
            + std::time::Duration::from_secs(years * 365 * 24 * 60 * 60 + 1_600_000_000);
        for path in files(&folder) {
            fs::File::options().write(true).open(folder.join(path)).unwrap().set_modified(time).unwrap();
        }
        let found = runtime.block_on(async {
            let opened = docent_tests::indexed::open_at(world.path(), years as i64 * 31_536_000_000).await;
            let found = complaint(&opened, world.path(), &documents).await;
            opened.library.close().unwrap();
            found
        });
        documents.acknowledge();
        assert_eq!(found, None);
    }
}
