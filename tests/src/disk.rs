//! A disk as it may be found after a power cut, from a record of what was written and flushed.
//!
//! POSIX promises only what was flushed: the content of a file after `fsync` of the file, its name
//! after `fsync` of the folder. File systems do more in most cases, which is why there are three ways
//! in which a disk can be found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One thing that was done, with paths relative to the recorded folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A file was created.
    Create(PathBuf),
    /// Bytes were written at an offset.
    Write(PathBuf, u64, Vec<u8>),
    /// A file was cut or grown to a length.
    Length(PathBuf, u64),
    /// A file or folder was flushed.
    Flush(PathBuf),
    /// A name was given to another place, replacing what was there.
    Rename(PathBuf, PathBuf),
    /// A second name was made.
    Link(PathBuf, PathBuf),
    /// A name was removed.
    Unlink(PathBuf),
    /// A folder was made.
    MakeFolder(PathBuf),
    /// A folder was removed.
    RemoveFolder(PathBuf),
}

/// What of that which was not flushed is there after the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// All of it: only the process died.
    Everything,
    /// Nothing of it: neither content nor names.
    OnlyFlushed,
    /// Names, but no content: files are as short as they were, often empty. What ext4 with delayed
    /// allocation and XFS are known for.
    NamesWithoutContent,
}

impl After {
    /// Every way.
    pub const ALL: [After; 3] = [After::Everything, After::OnlyFlushed, After::NamesWithoutContent];
}

#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    flushed: Vec<u8>,
}

/// Names in folders, and contents by number.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    flushed_names: BTreeMap<PathBuf, usize>,
    folders: BTreeMap<PathBuf, ()>,
}

impl Disk {
    /// Does what was done.
    pub fn apply(&mut self, record: &Record) {
        match record {
            Record::Create(path) => {
                self.contents.push(Content::default());
                self.names.insert(path.clone(), self.contents.len() - 1);
            }
            Record::Write(path, at, bytes) => {
                if let Some(content) = self.content(path) {
                    let end = *at as usize + bytes.len();
                    if content.now.len() < end {
                        content.now.resize(end, 0);
                    }
                    content.now[*at as usize..end].copy_from_slice(bytes);
                }
            }
            Record::Length(path, length) => {
                if let Some(content) = self.content(path) {
                    content.now.resize(*length as usize, 0);
                }
            }
            Record::Flush(path) if self.names.contains_key(path) => {
                if let Some(content) = self.content(path) {
                    content.flushed = content.now.clone();
                }
            }
            // A flushed folder: its names last, in it and not below.
            Record::Flush(folder) => {
                let within = |path: &PathBuf| path.parent() == Some(folder.as_path());
                self.flushed_names.retain(|path, _| !within(path));
                let names = self.names.iter().filter(|(path, _)| within(path));
                self.flushed_names.extend(names.map(|(path, content)| (path.clone(), *content)));
            }
            Record::Rename(from, to) => {
                if let Some(content) = self.names.remove(from) {
                    self.names.insert(to.clone(), content);
                } else {
                    let moved: Vec<(PathBuf, usize)> = self
                        .names
                        .iter()
                        .filter(|(path, _)| path.starts_with(from))
                        .map(|(p, c)| (p.clone(), *c))
                        .collect();
                    for (path, content) in moved {
                        self.names.remove(&path);
                        if let Ok(below) = path.strip_prefix(from) {
                            self.names.insert(to.join(below), content);
                        }
                    }
                    self.folders.insert(to.clone(), ());
                }
            }
            Record::Link(from, to) => {
                if let Some(content) = self.names.get(from).copied() {
                    self.names.insert(to.clone(), content);
                }
            }
            Record::Unlink(path) => drop(self.names.remove(path)),
            Record::MakeFolder(path) => drop(self.folders.insert(path.clone(), ())),
            Record::RemoveFolder(path) => drop(self.folders.remove(path)),
        }
    }

    fn content(&mut self, path: &Path) -> Option<&mut Content> {
        let number = *self.names.get(path)?;
        self.contents.get_mut(number)
    }

    /// Writes the disk as it may be found into `folder`, which must not exist.
    pub fn write(&self, after: After, folder: &Path) {
        std::fs::create_dir_all(folder).expect("a folder");
        let names = match after {
            After::OnlyFlushed => &self.flushed_names,
            _ => &self.names,
        };
        // A folder without a name that lasts is of no harm; one that is missing would be of no use.
        for made in self.folders.keys() {
            std::fs::create_dir_all(folder.join(made)).expect("a folder");
        }
        for (path, number) in names {
            let content = &self.contents[*number];
            let bytes = match after {
                After::Everything => &content.now,
                _ => &content.flushed,
            };
            let to = folder.join(path);
            std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            std::fs::write(to, bytes).expect("a file");
        }
    }
}

/// Reads what the recorder wrote.
pub fn read_log(log: &Path, root: &Path) -> Vec<Record> {
    let bytes = std::fs::read(log).expect("the recorder wrote a log");
    let mut rest = bytes.as_slice();
    let mut records = Vec::new();
    while let Some((kind, after)) = rest.split_first() {
        rest = after;
        let path = relative(field(&mut rest), root);
        records.push(match kind {
            b'C' => Record::Create(path),
            b'W' => {
                let at = number(&mut rest);
                Record::Write(path, at, field(&mut rest).to_vec())
            }
            b'T' => Record::Length(path, number(&mut rest)),
            b'S' => Record::Flush(path),
            b'R' => Record::Rename(path, relative(field(&mut rest), root)),
            b'L' => Record::Link(path, relative(field(&mut rest), root)),
            b'U' => Record::Unlink(path),
            b'M' => Record::MakeFolder(path),
            b'D' => Record::RemoveFolder(path),
            other => panic!("a record of kind {other}"),
        });
    }
    records
}

fn field<'b>(rest: &mut &'b [u8]) -> &'b [u8] {
    let (length, after) = rest.split_at(8);
    let (bytes, after) = after.split_at(u64::from_ne_bytes(length.try_into().expect("eight bytes")) as usize);
    *rest = after;
    bytes
}

fn number(rest: &mut &[u8]) -> u64 {
    u64::from_ne_bytes(field(rest).try_into().expect("eight bytes"))
}

fn relative(path: &[u8], root: &Path) -> PathBuf {
    let path = PathBuf::from(String::from_utf8_lossy(path).into_owned());
    path.strip_prefix(root).map(Path::to_path_buf).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_flushed_is_sure() {
        let mut disk = Disk::default();
        let file = PathBuf::from("a/b");
        for record in [
            Record::MakeFolder("a".into()),
            Record::Create(file.clone()),
            Record::Write(file.clone(), 0, b"old".to_vec()),
            Record::Flush(file.clone()),
            Record::Write(file.clone(), 0, b"new".to_vec()),
        ] {
            disk.apply(&record);
        }
        let found = |disk: &Disk, after| {
            let folder = tempfile::tempdir().unwrap();
            disk.write(after, &folder.path().join("d"));
            std::fs::read_to_string(folder.path().join("d/a/b")).ok()
        };
        assert_eq!(found(&disk, After::Everything).as_deref(), Some("new"));
        assert_eq!(found(&disk, After::OnlyFlushed), None, "its folder was not flushed");
        assert_eq!(found(&disk, After::NamesWithoutContent).as_deref(), Some("old"));
        disk.apply(&Record::Flush("a".into()));
        assert_eq!(found(&disk, After::OnlyFlushed).as_deref(), Some("old"));
    }
}
