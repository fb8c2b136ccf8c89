//! Programs that pack one file, which may be a TAR archive: gzip (RFC 1952) and xz (The .xz File Format
//! 1.2.1). Both keep no name that could be trusted: the file's own name tells what is inside.

use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use std::fmt;
use std::io::{BufRead, Read};

/// Most memory that unpacking may take, in kilobytes: the tightest of the usual settings takes 65 MB.
const MEMORY_KB: u32 = 128 << 10;
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

    /// The content of a packed file. It may be of any length, whatever the file's own.
    pub(crate) fn unpack<'r>(self, packed: impl BufRead + 'r) -> Box<dyn Read + 'r> {
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Self::Xz => Box::new(XzReader::new_mem_limit(packed, true, MEMORY_KB)),
        }
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

    #[test]
    fn only_whole_marks_count() {
        assert_eq!(Packing::of(b"\x1F\x8B\x08"), Some(Packing::Gzip));
        assert_eq!(Packing::of(b"\xFD7zXZ\0\0"), Some(Packing::Xz));
        assert_eq!(Packing::of(b"\xFD7zX"), None);
    }
}
