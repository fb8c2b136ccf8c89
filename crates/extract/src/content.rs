//! The bytes of a document: a file, or a file within another one that was unpacked into memory.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::Path;

/// Something that can be read from any place.
pub(crate) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// The bytes of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'c> {
    /// A file on disk.
    File(&'c Path),
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
            Self::File(path) => path,
            Self::Member { name, .. } => Path::new(name),
        };
        path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default()
    }

    /// Its name without folders.
    pub(crate) fn file_name(&self) -> Cow<'c, str> {
        match self {
            Self::File(path) => path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default(),
            Self::Member { name, .. } => Cow::Borrowed(name.rsplit(['/', '\\']).next().unwrap_or(name)),
        }
    }

    /// How many bytes it has.
    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::File(path) => Ok(std::fs::metadata(path)?.len()),
            Self::Member { bytes, .. } => Ok(bytes.len() as u64),
        }
    }

    /// Opens it for reading from its beginning.
    pub(crate) fn open(&self) -> io::Result<Box<dyn ReadSeek + 'c>> {
        Ok(match self {
            Self::File(path) => Box::new(BufReader::new(File::open(path)?)),
            Self::Member { bytes, .. } => Box::new(Cursor::new(*bytes)),
        })
    }

    /// Its first `limit` bytes.
    pub(crate) fn head(&self, limit: u64) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.open()?.take(limit).read_to_end(&mut head)?;
        Ok(head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_folders_and_endings_their_case() {
        let member = Content::Member { name: "a/b/文件.PDF", bytes: b"abc" };
        assert_eq!((member.extension().as_str(), &*member.file_name()), ("pdf", "文件.PDF"));
        assert_eq!(member.head(2).unwrap(), b"ab");
        assert_eq!(Content::Member { name: "a.b/none", bytes: b"" }.extension(), "");
        assert_eq!(Content::File(Path::new("/x/y.tar.GZ")).extension(), "gz");
    }
}
