//! What lies in a container: ZIP, OLE and TAR files are told apart by what they hold.

use super::Sniffed;
use crate::content::Content;
use docent_corpus::Format;
use std::io::Read;
use std::ops::Range;
use zip::read::Config;
use zip::unstable::read::ZipIterable;

/// How the MIME types of OpenDocument files begin.
pub(super) const OPEN_DOCUMENT: &str = "application/vnd.oasis.opendocument.";
/// Where a TAR archive has its mark (POSIX.1-1988, `ustar`).
const TAR_MARK: usize = 257;
/// Length of the header of a TAR archive's first file.
const TAR_HEADER: usize = 512;
/// Where that header has its checksum, in octal digits.
const TAR_CHECKSUM: Range<usize> = 148..156;
/// Archives that list more files than this are not looked into.
pub(crate) const MAX_LISTED: usize = 200_000;
/// Endings of ZIP files that are programs and packages, not documents.
const PACKAGES: &[(&str, &str)] = &[
    ("jar", "Java archive"),
    ("war", "Java archive"),
    ("apk", "Android app"),
    ("ipa", "iOS app"),
    ("xpi", "browser extension"),
    ("whl", "Python package"),
    ("egg", "Python package"),
    ("nupkg", "NuGet package"),
    ("vsix", "editor extension"),
];

/// What a ZIP file is, by its members.
pub(super) fn zip(content: &Content<'_>, extension: &str) -> Sniffed {
    if let Some((_, kind)) = PACKAGES.iter().find(|(ending, _)| *ending == extension) {
        return Sniffed::Unsupported((*kind).to_owned());
    }
    let archive =
        content.open().ok().filter(|_| lists_few(content)).and_then(|file| zip::ZipArchive::new(file).ok());
    let Some(mut archive) = archive else {
        // Its reader says what is broken.
        return Sniffed::Known(by_extension(extension).unwrap_or(Format::Zip));
    };
    if let Some(kind) = declared(&mut archive) {
        return kind;
    }
    let has = |name: &str| archive.index_for_name(name).is_some();
    if has("[Content_Types].xml") {
        let under = |folder: &str| archive.file_names().flatten().any(|name| name.starts_with(folder));
        return match () {
            () if has("word/document.xml") || under("word/") => Sniffed::Known(Format::Docx),
            () if under("ppt/") => Sniffed::Known(Format::Pptx),
            () if has("xl/workbook.bin") => Sniffed::Known(Format::Xlsb),
            () if under("xl/") => Sniffed::Known(Format::Xlsx),
            () if under("visio/") => Sniffed::Unsupported("Visio drawing".to_owned()),
            () => Sniffed::Unsupported("Office file".to_owned()),
        };
    }
    if has("META-INF/container.xml") { Sniffed::Known(Format::Epub) } else { Sniffed::Known(Format::Zip) }
}

/// Whether an archive lists so few files that their list fits into memory, whatever the file says.
fn lists_few(content: &Content<'_>) -> bool {
    let listed = content.open().ok().and_then(|file| ZipIterable::try_new(file, Config::default()).ok());
    listed.is_some_and(|listed| listed.len() <= MAX_LISTED)
}

/// What the member `mimetype` says, as EPUB and OpenDocument have it.
fn declared<R: std::io::Read + std::io::Seek>(archive: &mut zip::ZipArchive<R>) -> Option<Sniffed> {
    let mut name = String::new();
    archive.by_name("mimetype").ok()?.take(200).read_to_string(&mut name).ok()?;
    Some(match name.trim() {
        "application/epub+zip" => Sniffed::Known(Format::Epub),
        name => return name.strip_prefix(OPEN_DOCUMENT).map(open_document),
    })
}

/// What an OpenDocument file is, by the end of its MIME type.
pub(super) fn open_document(kind: &str) -> Sniffed {
    match kind.trim_end_matches("-template") {
        "text" | "text-master" | "text-web" => Sniffed::Known(Format::Odt),
        "presentation" => Sniffed::Known(Format::Odp),
        "spreadsheet" => Sniffed::Known(Format::Ods),
        "graphics" => Sniffed::Unsupported("OpenDocument drawing".to_owned()),
        other => Sniffed::Unsupported(format!("OpenDocument {other}")),
    }
}

/// What an OLE file is, by its streams. Office files behind a password are OLE files too.
pub(super) fn ole(content: &Content<'_>, extension: &str) -> Sniffed {
    let named = by_extension(extension).filter(|format| *format != Format::Zip);
    let file = content.open().ok().and_then(|file| cfb::CompoundFile::open(file).ok());
    let Some(file) = file else {
        return named.map_or_else(|| Sniffed::Unsupported("OLE file".to_owned()), Sniffed::Known);
    };
    let has = |name: &str| file.exists(name);
    match () {
        () if has("/WordDocument") => Sniffed::Known(Format::Doc),
        () if has("/PowerPoint Document") => Sniffed::Known(Format::Ppt),
        () if has("/Workbook") || has("/Book") => Sniffed::Known(Format::Xls),
        () if has("/EncryptedPackage") => Sniffed::Known(named.unwrap_or(Format::Docx)),
        () if has("/__properties_version1.0") => Sniffed::Unsupported("Outlook message".to_owned()),
        () if extension == "msi" => Sniffed::Unsupported("Windows installer".to_owned()),
        () => Sniffed::Unsupported("OLE file".to_owned()),
    }
}

/// Whether bytes begin like a ZIP file, which may be empty.
pub(super) fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// Whether bytes begin like an OLE file.
pub(super) fn is_ole(head: &[u8]) -> bool {
    head.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
}

/// Whether bytes begin like a TAR archive: with its mark, or, as those from before the mark, with a header
/// whose checksum fits.
pub(super) fn is_tar(head: &[u8]) -> bool {
    head.get(TAR_MARK..TAR_MARK + 5) == Some(b"ustar") || has_tar_checksum(head)
}

/// Whether the first bytes have a sum, counted with spaces in place of the checksum, that is the checksum.
fn has_tar_checksum(head: &[u8]) -> bool {
    let Some(header) = head.get(..TAR_HEADER).filter(|header| header[0] != 0) else { return false };
    let digits = String::from_utf8_lossy(&header[TAR_CHECKSUM]);
    let told = u32::from_str_radix(digits.trim_matches([' ', '\0']), 8);
    let others = header.iter().enumerate().filter(|(at, _)| !TAR_CHECKSUM.contains(at));
    let sum: u32 = others.map(|(_, byte)| u32::from(*byte)).sum();
    told == Ok(sum + u32::from(b' ') * TAR_CHECKSUM.len() as u32)
}

fn by_extension(extension: &str) -> Option<Format> {
    Some(match extension {
        "docx" | "docm" | "dotx" => Format::Docx,
        "pptx" | "pptm" | "ppsx" => Format::Pptx,
        "xlsx" | "xlsm" | "xltx" => Format::Xlsx,
        "xlsb" => Format::Xlsb,
        "doc" | "dot" => Format::Doc,
        "ppt" | "pps" => Format::Ppt,
        "xls" | "xlt" => Format::Xls,
        "odt" | "ott" => Format::Odt,
        "odp" | "otp" => Format::Odp,
        "ods" | "ots" => Format::Ods,
        "epub" => Format::Epub,
        "zip" => Format::Zip,
        _ => return None,
    })
}
