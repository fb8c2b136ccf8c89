//! Checksums: what a file must have, and what it has.

use std::io::{Read, Write};

use docent_corpus::Cancel;
use sha2::{Digest, Sha256};

/// What a file must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// sha256 of the content, in hex.
    Sha256(String),
    /// Git's id of the content, in hex: SHA-1 over a header with the size, then the content. It is
    /// all that the hub tells of files too small for its large-file store.
    GitBlob(String),
}

impl Expected {
    /// Reads an entity tag as the hub gives it: 64 hex digits for a large file (its sha256), 40 for
    /// a small one (git's id). Anything else says nothing about the content.
    pub(crate) fn from_etag(etag: &str) -> Option<Self> {
        let tag = etag.trim().trim_start_matches("W/").trim_matches('"').to_ascii_lowercase();
        if !tag.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        match tag.len() {
            64 => Some(Self::Sha256(tag)),
            40 => Some(Self::GitBlob(tag)),
            _ => None,
        }
    }

    /// Names the content: two downloads of the same identity can continue each other.
    pub(crate) fn identity(&self) -> String {
        match self {
            Self::Sha256(hex) => format!("sha256:{hex}"),
            Self::GitBlob(hex) => format!("git:{hex}"),
        }
    }

    /// Whether git's id is needed to compare.
    pub(crate) fn needs_git(&self) -> bool {
        matches!(self, Self::GitBlob(_))
    }

    /// Whether the content is the one expected.
    pub(crate) fn matches(&self, measured: &Measured) -> bool {
        match self {
            Self::Sha256(hex) => *hex == measured.sha256,
            Self::GitBlob(hex) => measured.git_blob.as_ref() == Some(hex),
        }
    }
}

/// What a file has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Measured {
    /// Size in bytes.
    pub(crate) size: u64,
    /// sha256, in hex.
    pub(crate) sha256: String,
    /// Git's id, in hex, if it was asked for. Right only if the announced size was.
    pub(crate) git_blob: Option<String>,
}

/// Why a copy ended early.
#[derive(Debug)]
pub(crate) enum CopyError {
    Cancelled,
    TooLong,
    Read(std::io::Error),
    Write(std::io::Error),
}

/// Reads `from` to its end, writes it to `to` and measures it. `size` is the announced size, which
/// is also the most that is taken. Git's id is computed only if `git` asks for it. `on_bytes` hears
/// the bytes done.
pub(crate) fn copy_measured(
    from: &mut dyn Read,
    to: &mut dyn Write,
    size: u64,
    git: bool,
    cancel: &Cancel,
    on_bytes: &dyn Fn(u64),
) -> Result<Measured, CopyError> {
    let mut sha256 = Sha256::new();
    let mut git = git.then(|| sha1_smol::Sha1::from(format!("blob {size}\0")));
    let mut buffer = vec![0; 256 * 1024];
    let mut done = 0;
    loop {
        cancel.check().map_err(|_| CopyError::Cancelled)?;
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        done += read as u64;
        if done > size {
            return Err(CopyError::TooLong);
        }
        sha256.update(&buffer[..read]);
        if let Some(git) = &mut git {
            git.update(&buffer[..read]);
        }
        to.write_all(&buffer[..read]).map_err(CopyError::Write)?;
        on_bytes(done);
    }
    to.flush().map_err(CopyError::Write)?;
    Ok(Measured {
        size: done,
        sha256: hex(&sha256.finalize()),
        git_blob: git.map(|git| git.digest().to_string()),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(content: &[u8]) -> Measured {
        let mut from = content;
        copy_measured(&mut from, &mut std::io::sink(), content.len() as u64, true, &Cancel::new(), &|_| ())
            .unwrap()
    }

    /// The ids of `git hash-object` and `sha256sum` for the same bytes.
    #[test]
    fn both_checksums_are_those_of_the_usual_programs() {
        let hello = measure(b"hello\n");
        assert_eq!(hello.git_blob.as_deref(), Some("ce013625030ba8dba906f756967f9e9ca394464a"));
        assert_eq!(hello.sha256, "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
        assert_eq!(measure(b"").git_blob.as_deref(), Some("e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"));
    }

    #[test]
    fn entity_tags_are_read_as_the_hub_means_them() {
        let large = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        let small = "ce013625030ba8dba906f756967f9e9ca394464a";
        assert_eq!(Expected::from_etag(&format!("\"{large}\"")), Some(Expected::Sha256(large.to_owned())));
        assert_eq!(Expected::from_etag(&format!("W/\"{small}\"")), Some(Expected::GitBlob(small.to_owned())));
        assert_eq!(Expected::from_etag("\"5891b5b5-abc\""), None);
        assert_eq!(Expected::from_etag("\"d41d8cd98f00b204e9800998ecf8427e-12\""), None);
        assert!(Expected::from_etag(small).unwrap().matches(&measure(b"hello\n")));
        assert!(!Expected::from_etag(large).unwrap().matches(&measure(b"hello")));
    }

    #[test]
    fn a_copy_stops_at_the_announced_size_and_when_told() {
        let result =
            copy_measured(&mut &b"12345"[..], &mut std::io::sink(), 4, false, &Cancel::new(), &|_| ());
        assert!(matches!(result, Err(CopyError::TooLong)));
        let cancel = Cancel::new();
        cancel.cancel();
        let result = copy_measured(&mut &b"12345"[..], &mut std::io::sink(), 5, false, &cancel, &|_| ());
        assert!(matches!(result, Err(CopyError::Cancelled)));
    }
}
