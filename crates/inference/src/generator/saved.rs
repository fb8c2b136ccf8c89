//! The state after a system prompt, on disk: the first answer after a start begins with it.
//!
//! One file for each model and adapter, replaced when the prompt changes. It is a cache: whatever is
//! wrong with it, it is as if it were not there.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::decoder::Segment;
use crate::decoder::any::KvCache;

const MAGIC: &[u8; 8] = b"docentkv";

/// Longer headers are not ours.
const LONGEST_HEADER: usize = 1 << 20;

/// What keys and values depend on. A file of another identity is not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Changed when the layout of the file or the meaning of a key changes.
    pub(super) version: u32,
    /// sha256 of the model's weights.
    pub(super) model: String,
    /// sha256 of the adapter, or nothing.
    pub(super) adapter: String,
    /// Settings of the positions.
    pub(super) rope: String,
    /// Bytes of a position in a layer: tells how numbers are stored.
    pub(super) position_bytes: usize,
    pub(super) layers: usize,
}

#[derive(Serialize, Deserialize)]
struct Header {
    identity: Identity,
    tokens: Vec<u32>,
    /// CRC-32 of the tokens and of the bytes that follow.
    checksum: u32,
}

impl Identity {
    pub(super) fn of(model: &str, adapter: &str, rope: String, cache: &KvCache) -> Self {
        let (position_bytes, layers) = (cache.position_bytes(), cache.layers());
        Self { version: 1, model: model.into(), adapter: adapter.into(), rope, position_bytes, layers }
    }

    fn file(&self, folder: &Path) -> PathBuf {
        let short =
            |hash: &str| hash.chars().take(16).filter(char::is_ascii_alphanumeric).collect::<String>();
        folder.join(format!("{}-{}.kv", short(&self.model), short(&self.adapter)))
    }
}

fn checksum<'a>(tokens: &[u32], state: impl Iterator<Item = &'a [u8]>) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    tokens.iter().for_each(|token| hasher.update(&token.to_le_bytes()));
    state.for_each(|bytes| hasher.update(bytes));
    hasher.finalize()
}

/// Writes the state after `tokens`, in place of any other of this model and adapter.
pub(super) fn save(
    folder: &Path,
    identity: &Identity,
    tokens: &[u32],
    state: &Segment,
) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    let checksum = checksum(tokens, state.layers().iter().map(Vec::as_slice));
    let header = Header { identity: identity.clone(), tokens: tokens.to_vec(), checksum };
    let header = serde_json::to_vec(&header)?;
    let path = identity.file(folder);
    // Written aside, so that a fall in between leaves the old one or none.
    let aside = path.with_extension("new");
    let mut file = fs::File::create(&aside)?;
    file.write_all(MAGIC)?;
    file.write_all(&(header.len() as u32).to_le_bytes())?;
    file.write_all(&header)?;
    for layer in state.layers() {
        file.write_all(layer)?;
    }
    drop(file);
    fs::rename(aside, path)
}

/// The saved state of this identity and the tokens it comes after, if there is one that is whole.
pub(super) fn load(folder: &Path, identity: &Identity) -> Option<(Vec<u32>, Segment)> {
    let content = fs::read(identity.file(folder)).ok()?;
    let rest = content.strip_prefix(MAGIC)?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len) as usize;
    let (header, state) = rest.split_at_checked(len).filter(|_| len <= LONGEST_HEADER)?;
    let header: Header = serde_json::from_slice(header).ok()?;
    let layer = header.tokens.len().checked_mul(identity.position_bytes)?;
    let whole = state.len() == layer.checked_mul(identity.layers)? && layer > 0;
    if header.identity != *identity || !whole {
        return None;
    }
    if checksum(&header.tokens, [state].into_iter()) != header.checksum {
        return None;
    }
    let layers = state.chunks_exact(layer).map(<[u8]>::to_vec).collect();
    let segment = Segment::from_layers(header.tokens.len(), layers)?;
    Some((header.tokens, segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            version: 1,
            model: "aa11".repeat(16),
            adapter: String::new(),
            rope: "plain".into(),
            position_bytes: 6,
            layers: 2,
        }
    }

    #[test]
    fn what_was_saved_is_loaded_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let folder = &folder.path().join("new");
        let own = identity();
        assert!(load(folder, &own).is_none());
        let state = Segment::from_layers(2, vec![(0..12).collect(), (12..24).collect()]).unwrap();
        save(folder, &own, &[7, 8], &state).unwrap();
        assert_eq!(load(folder, &own), Some((vec![7, 8], state.clone())));
        for other in [
            Identity { model: "aa11".repeat(15) + "bb22", ..own.clone() },
            Identity { adapter: "cc33".into(), ..own.clone() },
            Identity { rope: "yarn".into(), ..own.clone() },
            Identity { position_bytes: 12, ..own.clone() },
            Identity { layers: 3, ..own.clone() },
            Identity { version: 2, ..own.clone() },
        ] {
            assert!(load(folder, &other).is_none(), "{other:?}");
        }
        // A new prompt takes the place of the old one.
        save(folder, &own, &[9, 9], &state).unwrap();
        assert_eq!(load(folder, &own).unwrap().0, [9, 9]);
        assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let own = identity();
        let state = Segment::from_layers(2, vec![vec![1; 12], vec![2; 12]]).unwrap();
        save(folder.path(), &own, &[7, 8], &state).unwrap();
        let path = own.file(folder.path());
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            assert!(load(folder.path(), &own).is_none(), "{end} bytes");
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 0x10;
            fs::write(&path, &damaged).unwrap();
            assert!(load(folder.path(), &own).is_none(), "byte {at}");
        }
    }
}
