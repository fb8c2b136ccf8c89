//! What is remembered of the notes' files while docent runs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What docent knows of the files of notes from having worked with them. All clones are one.
#[derive(Clone, Default)]
pub(crate) struct NotesMemory {
    /// By file: the version that docent itself wrote last.
    written: Arc<Mutex<HashMap<PathBuf, String>>>,
}

impl NotesMemory {
    /// docent wrote this version.
    pub(crate) fn wrote(&self, file: PathBuf, version: &str) {
        lock(&self.written).insert(file, version.to_owned());
    }

    /// Whether docent itself wrote this version since it runs. What another program wrote is not known,
    /// nor what was written before.
    pub(crate) fn is_own(&self, file: &Path, version: Option<&str>) -> bool {
        lock(&self.written).get(file).is_some_and(|own| Some(own.as_str()) == version)
    }

    /// A file has another name.
    pub(crate) fn renamed(&self, from: &Path, to: PathBuf) {
        let mut written = lock(&self.written);
        if let Some(version) = written.remove(from) {
            written.insert(to, version);
        }
    }
}

/// Nothing is half done where a panic could leave it: each change is one call of the map.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_written_last_here_is_own_and_it_stays_so_under_another_name() {
        let memory = NotesMemory::default();
        let (old, new) = (Path::new("/notes/a.md"), Path::new("/notes/b.md"));
        assert!(!memory.is_own(old, Some("1")) && !memory.is_own(old, None));
        memory.wrote(old.to_path_buf(), "1");
        memory.clone().wrote(old.to_path_buf(), "2");
        assert!(memory.is_own(old, Some("2")));
        assert!(!memory.is_own(old, Some("1")) && !memory.is_own(new, Some("2")));
        memory.renamed(old, new.to_path_buf());
        assert!(memory.is_own(new, Some("2")) && !memory.is_own(old, Some("2")));
    }
}
