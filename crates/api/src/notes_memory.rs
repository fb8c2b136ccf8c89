//! What is remembered of the notes' files while docent runs.

use crate::locked::locked;
use docent_keeping::notes::{self, Stamp};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What docent knows of the files of notes from having worked with them. All clones are one.
#[derive(Clone, Default)]
pub(crate) struct NotesMemory {
    /// By file: the version that docent itself wrote last.
    written: Arc<Mutex<HashMap<PathBuf, String>>>,
    /// By file that was listed last: its head as it was when it had this stamp.
    heads: Arc<Mutex<HashMap<PathBuf, (Stamp, Head)>>>,
}

/// What a list shows of a note's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) title: String,
    pub(crate) excerpt: String,
}

impl Head {
    /// The head of the note at `path` with this text.
    pub(crate) fn of(path: &str, text: &str) -> Self {
        Self { title: title(path, text), excerpt: notes::excerpt(text) }
    }
}

/// What a note is called: its title, else its file's name.
pub(crate) fn title(path: &str, text: &str) -> String {
    notes::title(text).unwrap_or_else(|| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
    })
}

impl NotesMemory {
    /// docent wrote this version.
    pub(crate) fn wrote(&self, file: PathBuf, version: &str) {
        // Two saves may come within what the system's clock of files can tell apart.
        locked(&self.heads).remove(&file);
        locked(&self.written).insert(file, version.to_owned());
    }

    /// Whether docent itself wrote this version since it runs. What another program wrote is not known,
    /// nor what was written before.
    pub(crate) fn is_own(&self, file: &Path, version: Option<&str>) -> bool {
        locked(&self.written).get(file).is_some_and(|own| Some(own.as_str()) == version)
    }

    /// A file has another name.
    pub(crate) fn renamed(&self, from: &Path, to: PathBuf) {
        let mut written = locked(&self.written);
        if let Some(version) = written.remove(from) {
            written.insert(to, version);
        }
    }

    /// The head of a file, read only if the file was changed since it was read last. None if it cannot
    /// be read.
    pub(crate) fn head(
        &self,
        file: PathBuf,
        stamp: Stamp,
        read: impl FnOnce() -> Option<Head>,
    ) -> Option<Head> {
        let known =
            locked(&self.heads).get(&file).filter(|(at, _)| *at == stamp).map(|(_, head)| head.clone());
        known.or_else(|| {
            let head = read()?;
            locked(&self.heads).insert(file, (stamp, head.clone()));
            Some(head)
        })
    }

    /// Forgets the heads of all files but these, which are the notes there are.
    pub(crate) fn keep_heads(&self, files: &HashSet<PathBuf>) {
        locked(&self.heads).retain(|file, _| files.contains(file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docent_keeping::notes::NotesFolder;

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

    #[test]
    fn a_file_is_read_for_the_list_once_and_again_when_it_was_changed() {
        let at = tempfile::tempdir().unwrap();
        let folder = NotesFolder::create(at.path()).unwrap();
        let file = at.path().join("plan.md");
        let memory = NotesMemory::default();
        let mut reads = 0;
        let mut title_now = || {
            let stamp = folder.list().unwrap()[0].stamp;
            let head = memory.head(file.clone(), stamp, || {
                reads += 1;
                folder.read("plan.md").ok().map(|note| Head::of("plan.md", &note.text))
            });
            (head.map(|head| head.title), reads)
        };
        std::fs::write(&file, [0xff_u8]).unwrap();
        assert_eq!(title_now(), (None, 1));
        assert_eq!(title_now(), (None, 2), "what cannot be read is tried again");
        std::fs::write(&file, "# One").unwrap();
        assert_eq!(title_now(), (Some("One".into()), 3));
        assert_eq!(title_now(), (Some("One".into()), 3));
        std::fs::write(&file, "# Another").unwrap();
        assert_eq!(title_now(), (Some("Another".into()), 4));
        memory.keep_heads(&HashSet::from([file.clone()]));
        assert_eq!(title_now(), (Some("Another".into()), 4));
        memory.wrote(file.clone(), "1");
        assert_eq!(title_now(), (Some("Another".into()), 5));
        memory.keep_heads(&HashSet::new());
        assert_eq!(title_now(), (Some("Another".into()), 6));
    }
}
