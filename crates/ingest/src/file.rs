//! A file as the system describes it, and the hash of its content.

use docent_corpus::Cancel;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// Bytes read between two looks at the cancel signal.
const BUFFER: usize = 1 << 20;

/// What tells two states of a file apart without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    /// Bytes.
    pub(crate) size: u64,
    /// Time of last modification, nanoseconds since 1970.
    pub(crate) mtime_ns: i64,
    /// The file system's number of the file, and after a colon when anything about the file changed
    /// last, which no program can set back. Without the device, whose number changes when a drive is
    /// plugged in again; together with size and time it is enough within one source.
    pub(crate) file_id: Option<String>,
}

impl FileState {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        Self { size: metadata.len(), mtime_ns: mtime_ns(metadata), file_id: file_id(metadata) }
    }

    /// The state of the file at `path`, links followed.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|metadata| Self::of(&metadata))
    }
}

fn mtime_ns(metadata: &Metadata) -> i64 {
    let nanoseconds = |duration: std::time::Duration| i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    match metadata.modified().map(|time| time.duration_since(UNIX_EPOCH)) {
        Ok(Ok(after)) => nanoseconds(after),
        Ok(Err(before)) => -nanoseconds(before.duration()),
        // A file system without times: size and identity must do.
        Err(_) => 0,
    }
}

/// Whether only a placeholder of the file is here, whose content a cloud program would fetch.
pub(crate) fn is_placeholder(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| placeholder_flags(&metadata))
}

/// `FILE_ATTRIBUTE_OFFLINE`, `…_RECALL_ON_OPEN` and `…_RECALL_ON_DATA_ACCESS` (Windows SDK, winnt.h).
#[cfg(windows)]
fn placeholder_flags(metadata: &Metadata) -> bool {
    use std::os::windows::fs::MetadataExt;
    metadata.file_attributes() & (0x1000 | 0x4_0000 | 0x40_0000) != 0
}

/// `SF_DATALESS` (macOS, sys/stat.h).
#[cfg(target_os = "macos")]
fn placeholder_flags(metadata: &Metadata) -> bool {
    use std::os::macos::fs::MetadataExt;
    metadata.st_flags() & 0x4000_0000 != 0
}

/// Cloud programs for other systems keep whole files, or file systems of their own that say nothing.
#[cfg(not(any(windows, target_os = "macos")))]
fn placeholder_flags(_metadata: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn file_id(metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    Some(format!("{:x}:{:x}.{:x}", metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(not(unix))]
fn file_id(_metadata: &Metadata) -> Option<String> {
    None
}

/// The part of a file's identity that a rename keeps.
pub(crate) fn file_number(file_id: &str) -> &str {
    file_id.split_once(':').map_or(file_id, |(number, _)| number)
}

/// Number of the device that holds `path`, where the system has such numbers.
#[cfg(unix)]
pub(crate) fn device(path: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| metadata.dev())
}

#[cfg(not(unix))]
pub(crate) fn device(_path: &Path) -> Option<u64> {
    None
}

/// The kind and the identity of the file system that holds `path`, where it has one (statfs(2)): unlike
/// the number of the device it stays through a restart with most. Those of networks and programs have none;
/// one that lies over another may have the other's, and is of another kind.
#[cfg(target_os = "linux")]
pub(crate) fn file_system(path: &Path) -> Option<String> {
    let id = rustix::fs::statvfs(path).ok()?.f_fsid;
    let kind = rustix::fs::statfs(path).ok()?.f_type;
    (id != 0).then(|| format!("{kind:x}-{id:x}"))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn file_system(_path: &Path) -> Option<String> {
    None
}

/// BLAKE3 of the file's bytes, in hex; `None` if `cancel` was tripped.
pub(crate) fn content_hash(path: &Path, cancel: &Cancel) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        if cancel.is_cancelled() {
            return Ok(None);
        }
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Some(hasher.finalize().to_hex().to_string())),
            Ok(read) => {
                hasher.update(&buffer[..read]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_and_hash_follow_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("文 件.txt");
        std::fs::write(&path, "abc").unwrap();
        let hash = content_hash(&path, &Cancel::new()).unwrap().unwrap();
        assert_eq!(hash, "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
        let before = FileState::read(&path).unwrap();
        assert_eq!(before, FileState::read(&path).unwrap());
        assert_eq!(before.size, 3);
        assert!(before.mtime_ns > 1_600_000_000_000_000_000);
        std::fs::write(&path, "abcd").unwrap();
        assert_ne!(before, FileState::read(&path).unwrap());
        let cancel = Cancel::new();
        cancel.cancel();
        assert_eq!(content_hash(&path, &cancel).unwrap(), None);
        assert!(content_hash(&folder.path().join("none"), &cancel).is_err());
    }
}
