//! A document that is a ZIP archive of parts (Office Open XML, OpenDocument): its parts by name,
//! each unpacked into memory within limits. A document in one XML file is shown as such a package.

use super::flat;
use crate::content::{Content, ReadSeek};
use crate::message::Failure;
use std::collections::HashMap;
use std::io::Read;
use zip::ZipArchive;
use zip::result::ZipError;

/// Most members of an archive.
const MAX_MEMBERS: usize = 10_000;
/// Largest part that is unpacked, in bytes.
pub(super) const PART_BYTES: u64 = 100 << 20;
/// Most bytes that are unpacked of one document.
const TOTAL_BYTES: u64 = 500 << 20;
/// How many times its packed size a part may take, once it takes more than [`RATIO_FROM`].
const MAX_RATIO: u64 = 200;
/// Parts up to this size may be packed as tightly as they like, in bytes.
const RATIO_FROM: u64 = 1 << 20;

/// The parts of a document.
pub(in crate::read) struct Package<'c> {
    source: Source<'c>,
    /// Where each part is; names in lower case with `/`, as some writers mix both.
    places: HashMap<String, usize>,
    /// How many bytes may still be unpacked.
    left: u64,
}

/// Where the parts come from.
enum Source<'c> {
    Archive(ZipArchive<Box<dyn ReadSeek + 'c>>),
    /// The text of each part of a document in one XML file.
    Flat(Vec<String>),
}

impl<'c> Package<'c> {
    /// Opens the archive and reads its directory.
    ///
    /// # Errors
    /// [`Failure::Damaged`] when it is no ZIP archive, [`Failure::TooLarge`] when it has too many members.
    pub(in crate::read) fn open(content: &Content<'c>) -> Result<Self, Failure> {
        if is_markup(&content.head(4)?) {
            return Self::open_flat(content);
        }
        let archive = ZipArchive::new(content.open()?).map_err(failure)?;
        if archive.len() > MAX_MEMBERS {
            return Err(Failure::TooLarge(format!("it has more than {MAX_MEMBERS} parts")));
        }
        let mut places = HashMap::new();
        for at in 0..archive.len() {
            if let Some(Ok(name)) = archive.name_for_index(at) {
                places.entry(key(&name)).or_insert(at);
            }
        }
        Ok(Self { source: Source::Archive(archive), places, left: TOTAL_BYTES })
    }

    /// Takes a document in one XML file apart.
    fn open_flat(content: &Content<'c>) -> Result<Self, Failure> {
        let (mut places, mut texts) = (HashMap::new(), Vec::new());
        for (name, text) in flat::open(content)? {
            places.entry(key(&name)).or_insert(texts.len());
            texts.push(text);
        }
        Ok(Self { source: Source::Flat(texts), places, left: TOTAL_BYTES })
    }

    /// Whether there is a part of this name.
    pub(in crate::read) fn has(&self, name: &str) -> bool {
        self.places.contains_key(&key(name))
    }

    /// The bytes of a part, or `None` where there is no such part.
    ///
    /// # Errors
    /// [`Failure::Encrypted`] behind a password, [`Failure::TooLarge`] for a part that unpacks into
    /// too much, [`Failure::Damaged`] when it cannot be unpacked.
    pub(in crate::read) fn part(&mut self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let Some(at) = self.places.get(&key(name)) else { return Ok(None) };
        let archive = match &mut self.source {
            Source::Archive(archive) => archive,
            Source::Flat(texts) => return Ok(texts.get(*at).map(|text| text.clone().into_bytes())),
        };
        let part = archive.by_index(*at).map_err(failure)?;
        let allowed = allowed(part.compressed_size()).min(self.left);
        let mut bytes = Vec::new();
        part.take(allowed + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::Damaged(format!("{name}: {error}")))?;
        let unpacked = bytes.len() as u64;
        if unpacked > allowed {
            return Err(Failure::TooLarge(format!("{name} unpacks into more than {} MB", allowed >> 20)));
        }
        self.left -= unpacked;
        Ok(Some(bytes))
    }

    /// As [`Self::part`], as text in whatever encoding the XML is.
    pub(in crate::read) fn text(&mut self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.part(name)?.map(decode_xml))
    }
}

/// Into how many bytes a part of this packed size may unpack.
fn allowed(packed: u64) -> u64 {
    packed.saturating_mul(MAX_RATIO).clamp(RATIO_FROM, PART_BYTES)
}

fn key(name: &str) -> String {
    name.trim_start_matches('/').replace('\\', "/").to_lowercase()
}

fn failure(error: ZipError) -> Failure {
    match error {
        ZipError::InvalidPassword => Failure::Encrypted,
        ZipError::UnsupportedArchive(reason) if reason == ZipError::PASSWORD_REQUIRED => Failure::Encrypted,
        other => Failure::Damaged(other.to_string()),
    }
}

/// Whether a file begins with a tag, behind a byte order mark, in UTF-8 or UTF-16.
pub(in crate::read) fn is_markup(head: &[u8]) -> bool {
    let marks: [&[u8]; 3] = [b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF"];
    let head = marks.iter().find_map(|mark| head.strip_prefix(*mark)).unwrap_or(head);
    matches!(head, [b'<', ..] | [0, b'<', ..])
}

/// XML is UTF-8 unless a byte order mark or its declaration says otherwise.
pub(in crate::read) fn decode_xml(bytes: Vec<u8>) -> String {
    let wide = match bytes.get(..2) {
        Some([b'<', 0]) => Some(encoding_rs::UTF_16LE),
        Some([0, b'<']) => Some(encoding_rs::UTF_16BE),
        _ => None,
    };
    let marked = encoding_rs::Encoding::for_bom(&bytes).map(|(encoding, _)| encoding);
    if let Some(encoding) = marked.or(wide) {
        return encoding.decode(&bytes).0.into_owned();
    }
    String::from_utf8(bytes).unwrap_or_else(|error| {
        let bytes = error.into_bytes();
        declared(&bytes).unwrap_or(encoding_rs::UTF_8).decode(&bytes).0.into_owned()
    })
}

/// The encoding that an XML declaration names.
fn declared(bytes: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
    let (declaration, _) = head.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding=")?;
    let label = value.trim_start_matches(['"', '\'']).split(['"', '\'']).next()?;
    encoding_rs::Encoding::for_label(label.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Cursor, Write};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn part(bytes: &[u8], name: &str) -> Result<Option<Vec<u8>>, Failure> {
        Package::open(&Content::Member { name: "x", bytes })?.part(name)
    }

    #[test]
    fn parts_are_found_whatever_the_case_of_their_names() {
        let archive = zipped("Word/Document.xml", b"<a/>");
        assert_eq!(part(&archive, "/word/document.xml"), Ok(Some(b"<a/>".to_vec())));
        assert_eq!(part(&archive, "word/other.xml"), Ok(None));
    }

    #[test]
    fn a_part_packed_too_tightly_is_refused_and_a_small_one_is_not() {
        let bomb = zipped("a.xml", &vec![b' '; 8 << 20]);
        assert!(matches!(part(&bomb, "a.xml"), Err(Failure::TooLarge(_))));
        let small = zipped("a.xml", &vec![b' '; 1 << 20]);
        assert_eq!(part(&small, "a.xml").unwrap().unwrap().len(), 1 << 20);
    }

    #[test]
    fn what_is_no_archive_is_damaged() {
        assert!(matches!(part(b"PK\x03\x04 nothing", "a"), Err(Failure::Damaged(_))));
    }

    #[test]
    fn xml_is_decoded_as_it_says() {
        let wide: Vec<u8> = "<a>中</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode_xml(wide), "<a>中</a>");
        let latin = b"<?xml version='1.0' encoding='iso-8859-1'?><a>\xe9</a>".to_vec();
        assert!(decode_xml(latin).ends_with("<a>é</a>"));
        assert_eq!(decode_xml("\u{feff}<a/>".as_bytes().to_vec()), "<a/>");
    }
}
