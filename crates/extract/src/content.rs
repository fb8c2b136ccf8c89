//! The bytes of a document: a file, a file that somebody else opened, or a file within another one
//! that was unpacked into memory.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

/// Something that can be read from any place.
pub(crate) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// The bytes of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'c> {
    /// A file on disk.
    File(&'c Path),
    /// A file that was opened by a process with more rights than this one. Its path tells its name
    /// only: a confined worker cannot open it.
    Opened { path: &'c Path, file: &'c Arc<File> },
    /// A file within another one, with the name it has there.
    Member {
        /// Its path in the container, for its extension.
        name: &'c str,
        bytes: &'c [u8],
    },
}

impl<'c> Content<'c> {
    /// The end of its name behind the last dot, in lower case; empty if there is none.
    pub(crate) fn extension(&self) -> String {
        let path = match self {
            Self::File(path) | Self::Opened { path, .. } => path,
            Self::Member { name, .. } => Path::new(name),
        };
        path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
    }

    /// Its name without folders.
    pub(crate) fn file_name(&self) -> Cow<'c, str> {
        match self {
            Self::File(path) | Self::Opened { path, .. } => {
                path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default()
            }
            Self::Member { name, .. } => Cow::Borrowed(name.rsplit(['/', '\\']).next().unwrap_or(name)),
        }
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::File(path) => Ok(std::fs::metadata(path)?.len()),
            Self::Opened { file, .. } => Ok(file.metadata()?.len()),
            Self::Member { bytes, .. } => Ok(bytes.len() as u64),
        }
    }

    /// Opens it for reading from its beginning.
    pub(crate) fn open(&self) -> io::Result<Box<dyn ReadSeek + 'c>> {
        match self {
            Self::Member { bytes, .. } => Ok(Box::new(Cursor::new(*bytes))),
            Self::File(_) | Self::Opened { .. } => Ok(self.open_owned()?),
        }
    }

    /// As [`open`](Self::open), for libraries that want to own what they read from: bytes in memory are
    /// copied.
    pub(crate) fn open_owned(&self) -> io::Result<Box<dyn ReadSeek>> {
        Ok(match self {
            Self::File(path) => Box::new(BufReader::new(File::open(path)?)),
            Self::Opened { file, .. } => {
                Box::new(BufReader::new(Positioned { file: Arc::clone(file), at: 0 }))
            }
            Self::Member { bytes, .. } => Box::new(Cursor::new(bytes.to_vec())),
        })
    }

    /// Its first `limit` bytes.
    pub(crate) fn head(&self, limit: u64) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.open()?.take(limit).read_to_end(&mut head)?;
        Ok(head)
    }
}

/// Reads a shared file from a place of its own: readers of one file do not move each other's.
struct Positioned {
    file: Arc<File>,
    /// Where the next byte is read, in bytes from the beginning.
    at: u64,
}

impl Read for Positioned {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let count = std::os::unix::fs::FileExt::read_at(&*self.file, into, self.at)?;
        #[cfg(windows)]
        let count = std::os::windows::fs::FileExt::seek_read(&*self.file, into, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Positioned {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opened_file_is_read_by_several_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("数.bin");
        std::fs::write(&path, b"0123456789").unwrap();
        let file = Arc::new(File::open(&path).unwrap());
        // Its name is gone: what was opened stays.
        std::fs::remove_file(&path).unwrap();
        let content = Content::Opened { path: &path, file: &file };
        let (mut one, mut other) = (content.open().unwrap(), content.open_owned().unwrap());
        let mut piece = [0; 3];
        one.seek(SeekFrom::End(-3)).unwrap();
        one.read_exact(&mut piece).unwrap();
        assert_eq!(&piece, b"789");
        other.read_exact(&mut piece).unwrap();
        assert_eq!(&piece, b"012");
        assert_eq!(other.seek(SeekFrom::Current(-1)).unwrap(), 2);
        assert!(other.seek(SeekFrom::Current(-3)).is_err());
        assert_eq!(other.seek(SeekFrom::Start(99)).unwrap(), 99);
        assert_eq!(other.read(&mut piece).unwrap(), 0);
        assert_eq!((content.len().unwrap(), content.extension().as_str()), (10, "bin"));
        assert_eq!(content.head(4).unwrap(), b"0123");
    }

    #[test]
    fn names_lose_their_folders_and_endings_their_case() {
        let member = Content::Member { name: "a/b/文件.PDF", bytes: b"abc" };
        assert_eq!((member.extension().as_str(), &*member.file_name()), ("pdf", "文件.PDF"));
        assert_eq!(member.head(2).unwrap(), b"ab");
        assert_eq!(Content::Member { name: "a.b/none", bytes: b"" }.extension(), "");
        assert_eq!(Content::File(Path::new("/x/y.tar.GZ")).extension(), "gz");
    }
}
