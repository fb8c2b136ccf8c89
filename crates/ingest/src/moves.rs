//! Files that moved: a path that vanished and a new one with the same content are one document, and
//! its revisions, vectors and citations stay.

use crate::file::{content_hash, file_number, is_placeholder};
use docent_corpus::{Cancel, DocumentId};
use docent_library::Document;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// A document that is gone from one path and stands at another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// The document that stays.
    pub(crate) document: DocumentId,
    /// The one that the scan made for the new path and that gives way.
    pub(crate) made: DocumentId,
    /// Which of the arrivals it is, by index.
    pub(crate) arrival: usize,
}

/// Pairs documents whose path is gone with arrivals: first by the file system's identity with size
/// and time, which a rename keeps; then, among those of equal size, by the hash of the content, which
/// also finds what was copied and deleted. A changed extension is no move: it changes how the file is
/// read. `path` gives an arrival's place on disk.
pub(crate) fn pair(
    vanished: &[Document],
    arrivals: &[Document],
    path: &dyn Fn(&Document) -> std::path::PathBuf,
    cancel: &Cancel,
) -> Vec<Move> {
    let mut pairing =
        Pairing { vanished, arrivals, gone: HashSet::new(), placed: HashSet::new(), moves: Vec::new() };
    pairing.by_identity();
    pairing.by_content(path, cancel);
    pairing.moves
}

struct Pairing<'p> {
    vanished: &'p [Document],
    arrivals: &'p [Document],
    gone: HashSet<usize>,
    placed: HashSet<usize>,
    moves: Vec<Move>,
}

impl Pairing<'_> {
    fn by_identity(&mut self) {
        let mut known: HashMap<(&str, u64, i64), usize> = HashMap::new();
        for (index, document) in self.vanished.iter().enumerate() {
            if let Some(file_id) = &document.file_id {
                known.insert((file_number(file_id), document.size, document.mtime_ns), index);
            }
        }
        for (index, arrival) in self.arrivals.iter().enumerate() {
            let Some(file_id) = &arrival.file_id else { continue };
            if let Some(from) = known.get(&(file_number(file_id), arrival.size, arrival.mtime_ns)) {
                self.pair(*from, index);
            }
        }
    }

    fn by_content(&mut self, path: &dyn Fn(&Document) -> std::path::PathBuf, cancel: &Cancel) {
        let mut sizes: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, document) in self.vanished.iter().enumerate() {
            if document.content_hash.is_some() && !self.gone.contains(&index) {
                sizes.entry(document.size).or_default().push(index);
            }
        }
        for (index, arrival) in self.arrivals.iter().enumerate() {
            let Some(candidates) = sizes.get(&arrival.size).filter(|_| !self.placed.contains(&index)) else {
                continue;
            };
            let file = path(arrival);
            // Reading it would download it.
            if is_placeholder(&file) {
                continue;
            }
            let Ok(Some(hash)) = content_hash(&file, cancel) else { continue };
            let mut same: Vec<usize> = candidates
                .iter()
                .copied()
                .filter(|from| {
                    !self.gone.contains(from) && self.vanished[*from].content_hash.as_ref() == Some(&hash)
                })
                .collect();
            // Of several copies the one with the same name moved.
            same.sort_by_key(|from| name(&self.vanished[*from].rel_path) != name(&arrival.rel_path));
            for from in same {
                if self.pair(from, index) {
                    break;
                }
            }
        }
    }

    fn pair(&mut self, from: usize, to: usize) -> bool {
        let (document, made) = (&self.vanished[from], &self.arrivals[to]);
        let fits = extension(&document.rel_path) == extension(&made.rel_path)
            && !self.gone.contains(&from)
            && !self.placed.contains(&to);
        if fits {
            self.gone.insert(from);
            self.placed.insert(to);
            self.moves.push(Move { document: document.id, made: made.id, arrival: to });
        }
        fits
    }
}

fn name(rel_path: &str) -> &str {
    rel_path.rsplit('/').next().unwrap_or(rel_path)
}

fn extension(rel_path: &str) -> Option<String> {
    Some(Path::new(rel_path).extension()?.to_str()?.to_lowercase())
}
