//! Backups written and restored: what both need, a library with an index and notes.

mod names;
mod restoring;
mod writing;

use super::*;
use crate::KeepingError;
use docent_corpus::{Cancel, Pooling, Profile, SourceId};
use docent_library::{Library, SourceKind};
use std::fs;
use std::path::{Path, PathBuf};

struct World {
    home: tempfile::TempDir,
    library: Library,
    notes: PathBuf,
    source: SourceId,
    /// Where the index has its rows, below a data folder.
    rows: String,
}

/// A library with a setting, an index file and a note.
fn world() -> World {
    let home = tempfile::tempdir().unwrap();
    let (library, _) = Library::open(&home.path().join("data")).unwrap();
    let notes = home.path().join("笔记");
    fs::create_dir(&notes).unwrap();
    fs::write(notes.join("计划.md"), "# Plan").unwrap();
    let source = library.add_source(&notes, SourceKind::Folder, 1).unwrap();
    library.set_setting("who", &"first").unwrap();
    let profile = profile("active");
    let (id, table) = library.ensure_profile(&profile).unwrap();
    library.set_active_profile(id).unwrap();
    let rows = format!("lance/{table}.lance/rows");
    let file = home.path().join("data").join(&rows);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, vec![7; 3_000_000]).unwrap();
    World { home, library, notes, source, rows }
}

fn profile(model: &str) -> Profile {
    Profile {
        model: model.into(),
        weights_sha256: "00".repeat(32),
        dimension: 4,
        pooling: Pooling::Mean,
        normalised: true,
        query_prefix: String::new(),
        passage_prefix: String::new(),
        max_tokens: 256,
        precision: "f32".into(),
    }
}

impl World {
    fn back_up(&self, vectors: bool) -> (PathBuf, Manifest) {
        let path = self.home.path().join("backup.zip");
        let contents = Contents {
            library: &self.library,
            vectors,
            notes: Some((self.source, &self.notes)),
            docent: "1.2.3",
            now_ms: 5,
        };
        let mut told = Vec::new();
        let manifest =
            write(&contents, &path, &Cancel::new(), &mut |done, of| told.push((done, of))).unwrap();
        assert!(told.iter().all(|(done, of)| done <= of) && told.last().is_some_and(|(done, of)| done == of));
        (path, manifest)
    }
}

/// Applies with a folder for notes that cannot be made.
fn applied(data: &Path) -> Result<Option<Pending>, KeepingError> {
    apply_pending(data, Path::new("/dev/null/notes"))
}

fn setting(data: &Path) -> Option<String> {
    let (library, _) = Library::open(data).unwrap();
    library.get_setting("who").unwrap()
}
