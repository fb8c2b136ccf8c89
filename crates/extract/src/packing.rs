//! Programs that pack one file, which may be a TAR archive: gzip (RFC 1952) and xz (The .xz File Format
//! 1.2.1). Both keep no name that could be trusted: the file's own name tells what is inside.

mod gzip;

use lzma_rust2::XzReader;
use std::fmt;
use std::io::{self, BufRead, Read};

/// Most memory that unpacking may take, in kilobytes. The usual tool takes 65 MB at its tightest setting,
/// others ask for a dictionary of 256 MB; it is taken as far as the content fills it.
const MEMORY_KB: u32 = 257 << 10;
/// How many bytes at the beginning of a file tell how it is packed.
pub(crate) const MARK_BYTES: usize = 6;

/// How a file is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Gzip,
    Xz,
}

impl Packing {
    /// How the file is packed that begins so.
    pub(crate) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }

    /// The content of a packed file. It may be of any length, whatever the file's own. Whether it is the one
    /// that was packed, only its end tells, where checksums stand: a stream that is not read until it gives
    /// no more bytes has not been verified.
    pub(crate) fn unpack<'r>(self, packed: impl BufRead + 'r) -> Box<dyn Read + 'r> {
        match self {
            Self::Gzip => Box::new(UntilDamaged::new(gzip::Members::new(packed))),
            Self::Xz => Box::new(UntilDamaged::new(XzReader::new_mem_limit(packed, true, MEMORY_KB))),
        }
    }
}

/// A stream that fails for good, and always for the same reason, once it has failed. A decoder would go on
/// behind damage, as if the content had ended there, or with a dictionary that is no longer that of the
/// writer: what it gives then is text that nobody wrote.
struct UntilDamaged<R> {
    inner: R,
    damage: Option<(io::ErrorKind, String)>,
}

impl<R> UntilDamaged<R> {
    fn new(inner: R) -> Self {
        Self { inner, damage: None }
    }
}

impl<R: Read> Read for UntilDamaged<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some((kind, reason)) = &self.damage {
            return Err(io::Error::new(*kind, reason.clone()));
        }
        let read = self.inner.read(buffer);
        self.damage = read
            .as_ref()
            .err()
            .filter(|error| error.kind() != io::ErrorKind::Interrupted)
            .map(|error| (error.kind(), error.to_string()));
        read
    }
}

impl fmt::Display for Packing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
        })
    }
}

/// The name of what is packed into a file of this name.
pub(crate) fn inner_name(name: &str) -> &str {
    let endings = ["gz", "xz", "tgz", "txz"];
    match name.rsplit_once('.') {
        Some((stem, ending))
            if !stem.is_empty() && endings.iter().any(|known| ending.eq_ignore_ascii_case(known)) =>
        {
            stem
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_only_the_ending_of_the_packing() {
        assert_eq!(inner_name("notes.txt.GZ"), "notes.txt");
        assert_eq!(inner_name("文件.xz"), "文件");
        assert_eq!(inner_name("changelog.Debian"), "changelog.Debian");
        assert_eq!(inner_name(".gz"), ".gz");
    }

    /// Gives a byte, fails, and gives bytes again.
    struct Damaged(u8);

    impl Read for Damaged {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0 += 1;
            if self.0 == 2 {
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            }
            buffer.fill(self.0);
            Ok(buffer.len())
        }
    }

    #[test]
    fn nothing_is_read_behind_damage() {
        let mut stream = UntilDamaged::new(Damaged(0));
        let mut byte = [0];
        let read: [Option<usize>; 4] = std::array::from_fn(|_| stream.read(&mut byte).ok());
        assert_eq!((read, byte), ([Some(1), None, None, None], [1]));
    }

    #[test]
    fn only_whole_marks_count() {
        assert_eq!(Packing::of(b"\x1F\x8B\x08"), Some(Packing::Gzip));
        assert_eq!(Packing::of(b"\xFD7zXZ\0\0"), Some(Packing::Xz));
        assert_eq!(Packing::of(b"\xFD7zX"), None);
    }
}
