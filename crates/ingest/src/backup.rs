//! Backups of docent, known by the last entry of the ZIP file: its documents are the library's own.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Name of the entry that every backup has, and that is written last.
const MANIFEST: &[u8] = b"docent-backup.json";
/// First bytes of a ZIP file, and of an entry in its directory.
const LOCAL: &[u8] = b"PK\x03\x04";
const ENTRY: &[u8] = b"PK\x01\x02";
/// Bytes of such an entry before its name.
const HEAD: usize = 46;
/// The last entry of the directory lies within so many bytes of the end.
const TAIL: u64 = 4096;

/// Whether the file is a backup of docent. What cannot be read is none: whoever reads it says why.
pub(crate) fn is_backup(path: &Path) -> bool {
    File::open(path).and_then(look).unwrap_or(false)
}

fn look(mut file: File) -> io::Result<bool> {
    let mut first = [0; LOCAL.len()];
    file.read_exact(&mut first)?;
    if first != LOCAL {
        return Ok(false);
    }
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    Ok((0..tail.len()).any(|at| is_manifest(&tail[at..])))
}

/// Whether a directory's entry of the manifest begins here. The length of the name stands at byte 28
/// (APPNOTE.TXT, 4.3.12).
fn is_manifest(bytes: &[u8]) -> bool {
    bytes.starts_with(ENTRY)
        && bytes.get(28..30) == Some(&[MANIFEST.len() as u8, 0][..])
        && bytes.get(HEAD..HEAD + MANIFEST.len()) == Some(MANIFEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ZIP file as far as it matters: one entry's directory.
    fn zip(name: &str) -> Vec<u8> {
        let mut bytes = LOCAL.to_vec();
        bytes.extend([7; 9_000]);
        let mut entry = vec![0; HEAD];
        entry[..4].copy_from_slice(ENTRY);
        entry[28] = name.len() as u8;
        bytes.extend(entry);
        bytes.extend(name.as_bytes());
        bytes.extend(b"PK\x05\x06");
        bytes.extend([0; 18]);
        bytes
    }

    #[test]
    fn backups_are_told_from_other_archives() {
        let folder = tempfile::tempdir().unwrap();
        let is = |bytes: &[u8]| {
            let path = folder.path().join("a.zip");
            std::fs::write(&path, bytes).unwrap();
            is_backup(&path)
        };
        assert!(is(&zip("docent-backup.json")));
        assert!(!is(&zip("my-docent-backup.json")) && !is(&zip("notes/a.md")));
        assert!(!is(b"docent-backup.json") && !is(b"PK") && !is(b""));
        let mut cut = zip("docent-backup.json");
        cut.truncate(9_000);
        assert!(!is(&cut));
        assert!(!is_backup(&folder.path().join("none")));
    }
}
