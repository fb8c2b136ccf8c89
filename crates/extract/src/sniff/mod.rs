//! What a file is: by its content first, by its name second.

mod container;
mod kind;
mod text;

use crate::ExtractError;
use crate::content::Content;
use crate::encoding::{decode_plain, detect};
use crate::packing::{Packing, inner_name};
use crate::stack::catch;
use docent_corpus::Format;
use kind::kind_of_binary;
use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

pub(crate) use container::MAX_LISTED;
pub(crate) use text::language;

/// How many bytes of a file are looked at.
const SAMPLE_BYTES: u64 = 64 << 10;
/// How far into a file the mark of a PDF may stand, as readers of PDF allow.
const PDF_MARK_WITHIN: usize = 1024;
/// How many bytes of a text are looked at: the root of an OpenDocument file names some forty namespaces
/// before it tells its type.
const TEXT_BYTES: usize = 8 << 10;

/// What a file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// A format that is read.
    Known(Format),
    /// A type that is not read, in words, such as "PNG image" or "binary data".
    Unsupported(String),
    /// A file of no bytes.
    Empty,
}

/// Endings of documents, apart from source code.
const DOCUMENTS: &[&str] = &[
    "pdf", "html", "htm", "xhtml", "md", "markdown", "mdown", "mkd", "mkdn", "txt", "text", "log", "rst",
    "adoc", "asciidoc", "org", "tex", "csv", "tsv", "tab", "json", "geojson", "ipynb", "jsonl", "ndjson",
    "rtf", "docx", "docm", "dotx", "doc", "dot", "odt", "ott", "pptx", "pptm", "ppsx", "ppt", "pps", "odp",
    "otp", "fodt", "fodp", "fods", "xlsx", "xlsm", "xltx", "xls", "xlt", "xlsb", "ods", "ots", "epub", "eml",
    "emlx", "mht", "mhtml", "mbox", "mbx", "zip", "tar", "tgz", "txz", "gz", "xz", "png", "jpg", "jpeg",
    "tif", "tiff", "webp", "bmp", "gif",
];

/// File name extensions, in lower case and without the dot, that stand for documents this crate
/// reads. Other files that hold text are read as plain text when given explicitly.
pub fn supported_extensions() -> &'static [&'static str] {
    static ALL: LazyLock<Vec<&'static str>> =
        LazyLock::new(|| DOCUMENTS.iter().copied().chain(text::code_endings()).collect());
    &ALL
}

/// Says what the file at `path` is. Reads at most its first 64 KB.
///
/// # Errors
/// When the file cannot be opened or read.
pub fn sniff(path: &Path) -> Result<Sniffed, ExtractError> {
    let metadata = std::fs::metadata(path).map_err(ExtractError::from_io)?;
    if metadata.is_dir() {
        return Ok(Sniffed::Unsupported("folder".to_owned()));
    }
    if !metadata.is_file() {
        return Ok(Sniffed::Unsupported("special file".to_owned())); // opening a pipe would block
    }
    sniff_content(&Content::File(path))
}

/// As [`sniff`], also for a file within a file.
pub(crate) fn sniff_content(content: &Content<'_>) -> Result<Sniffed, ExtractError> {
    let sample = content.head(SAMPLE_BYTES).map_err(ExtractError::from_io)?;
    let extension = content.extension();
    if container::is_zip(&sample) {
        return Ok(guarded(|| container::zip(content, &extension)));
    }
    if container::is_ole(&sample) {
        return Ok(guarded(|| container::ole(content, &extension)));
    }
    if let Some(packing) = Packing::of(&sample) {
        return Ok(packed(content, packing, &sample));
    }
    let complete = content.len().map_err(ExtractError::from_io)? <= SAMPLE_BYTES;
    Ok(sniff_bytes(&sample, &extension, complete))
}

/// A container so broken that looking into it panics is of no known type.
fn guarded(look: impl FnOnce() -> Sniffed) -> Sniffed {
    catch(look).unwrap_or_else(|_| Sniffed::Unsupported("damaged container".to_owned()))
}

/// What a file is that is packed: what it holds tells, as far as its beginning shows.
fn packed(content: &Content<'_>, packing: Packing, sample: &[u8]) -> Sniffed {
    let mut start = Vec::new();
    // The sample may end within the packed stream; what came before counts.
    let _ = catch(|| packing.unpack(sample).take(SAMPLE_BYTES).read_to_end(&mut start));
    if start.is_empty() || container::is_zip(&start) || container::is_ole(&start) {
        return Sniffed::Known(Format::Packed); // its reader says what is in it, or what is broken
    }
    let name = content.file_name();
    let inner = Content::Member { name: inner_name(&name), bytes: &start };
    match sniff_bytes(&start, &inner.extension(), false) {
        Sniffed::Known(Format::Tar) => Sniffed::Known(Format::Tar),
        Sniffed::Unsupported(kind) => Sniffed::Unsupported(format!("{kind}, packed by {packing}")),
        _ => Sniffed::Known(Format::Packed),
    }
}

/// Says what a file is that begins with `sample` and whose name ends in `extension`.
fn sniff_bytes(sample: &[u8], extension: &str, complete: bool) -> Sniffed {
    if sample.is_empty() {
        return Sniffed::Empty;
    }
    if is_pdf(sample, extension == "pdf") {
        return Sniffed::Known(Format::Pdf);
    }
    if container::is_tar(sample) {
        return Sniffed::Known(Format::Tar);
    }
    if is_picture(sample) {
        return Sniffed::Known(Format::Image);
    }
    if let Some(detected) = detect(sample, None, complete) {
        let head = sample[..sample.len().min(TEXT_BYTES)].to_vec();
        let (head, _) = decode_plain(head, detected);
        return text::format(&head, extension);
    }
    match kind_of_binary(sample, extension) {
        Some(kind) => Sniffed::Unsupported(kind),
        None if extension == "pdf" => Sniffed::Known(Format::Pdf), // the PDF reader says what is broken
        None if matches!(extension, "eml" | "emlx") => Sniffed::Known(Format::Mail), // 8-bit bodies
        None if matches!(extension, "mbox" | "mbx") => Sniffed::Known(Format::Mbox),
        None => Sniffed::Unsupported("binary data".to_owned()),
    }
}

/// Whether bytes begin like a picture of a kind that is drawn and recognised.
fn is_picture(sample: &[u8]) -> bool {
    let riff = sample.starts_with(b"RIFF") && sample.get(8..12) == Some(b"WEBP");
    let marks: &[&[u8]] = &[b"\x89PNG\r\n\x1A\n", b"\xFF\xD8\xFF", b"II*\0", b"MM\0*", b"GIF87a", b"GIF89a"];
    riff || marks.iter().any(|mark| sample.starts_with(mark)) || is_bitmap(sample)
}

/// `BM` alone begins many words: the length of the file's header must be one that is known.
fn is_bitmap(sample: &[u8]) -> bool {
    let header = sample.get(14..18).map(|size| u32::from_le_bytes([size[0], size[1], size[2], size[3]]));
    sample.starts_with(b"BM") && matches!(header, Some(12 | 40 | 52 | 56 | 108 | 124))
}

fn is_pdf(sample: &[u8], named_so: bool) -> bool {
    let start = sample.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    let sample = &sample[start..];
    let sample = sample.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(sample);
    let head = &sample[..sample.len().min(PDF_MARK_WITHIN)];
    head.starts_with(b"%PDF-") || (named_so && head.windows(5).any(|window| window == b"%PDF-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(sample: &[u8], extension: &str) -> Sniffed {
        sniff_bytes(sample, extension, true)
    }

    #[test]
    fn content_decides_before_the_name() {
        assert_eq!(known(b"%PDF-1.7\n\xE2\xE3", "txt"), Sniffed::Known(Format::Pdf));
        assert_eq!(known(b"<!DOCTYPE html><p>x", "txt"), Sniffed::Known(Format::Html));
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
        assert_eq!(known(png, "txt"), Sniffed::Known(Format::Image));
        assert_eq!(known(b"{\\rtf1\\ansi hello}", "doc"), Sniffed::Known(Format::Rtf));
        let mp3 = b"ID3\x03\0\0\0\0\0\x0F\x00\xFF\xFB\x90\x64\x00\x01";
        assert_eq!(known(mp3, "txt"), Sniffed::Unsupported("MP3 audio".to_owned()));
        assert_eq!(known(b"", "md"), Sniffed::Empty);
    }

    #[test]
    fn the_name_decides_between_kinds_of_text() {
        assert_eq!(known(b"# Title", "md"), Sniffed::Known(Format::Markdown));
        assert_eq!(known(b"# Title", "txt"), Sniffed::Known(Format::PlainText));
        assert_eq!(known(b"just words", "html"), Sniffed::Known(Format::Html));
        assert_eq!(known(b"* Heading", "org"), Sniffed::Known(Format::Org));
        assert_eq!(known(b"a,b", "csv"), Sniffed::Known(Format::Csv));
        assert_eq!(known(b"fn main() {}", "rs"), Sniffed::Known(Format::Code));
    }

    #[test]
    fn text_that_begins_like_a_magic_number_stays_text() {
        assert_eq!(known(b"BMW builds cars.", "txt"), Sniffed::Known(Format::PlainText));
        assert_eq!(known(b"MZ is a mark of programs.", "txt"), Sniffed::Known(Format::PlainText));
        let about = b"A file that begins with %PDF-1.4 is a PDF.";
        assert_eq!(known(about, "txt"), Sniffed::Known(Format::PlainText));
    }

    #[test]
    fn mail_is_known_by_its_header() {
        let mail = b"Received: from a by b\r\n\tid 7\r\nFrom: a@b.c\r\nSubject: x\r\n\r\nHello";
        assert_eq!(known(mail, ""), Sniffed::Known(Format::Mail));
        let mailbox = b"From a@b.c Sat Nov 21 10:00:00 2026\nFrom: a@b.c\nSubject: x\n\nHello\n";
        assert_eq!(known(mailbox, ""), Sniffed::Known(Format::Mbox));
        let apple = b"1234      \nFrom: a@b.c\nSubject: x\nDate: y\n\nHello\n<?xml version=\"1.0\"?>";
        assert_eq!(known(apple, ""), Sniffed::Known(Format::Mail));
        let long = format!("From: a@b.c\nSubject: x\nDate: y\n{}X-Cut", "X-Field: value\n".repeat(400));
        assert_eq!(known(&long.as_bytes()[..4096], ""), Sniffed::Known(Format::Mail));
        assert_eq!(known(b"MIME-Version: 1.0\r\n\r\n", "mht"), Sniffed::Known(Format::Mail));
        for extension in ["eml", "mbox"] {
            assert_eq!(known(b"Only words.", extension), Sniffed::Known(Format::PlainText));
        }
        assert_eq!(known(b"From now on 10:30 it is\nall text.", "txt"), Sniffed::Known(Format::PlainText));
        let letter = b"Date: today\nSubject: x\nDear Ann,\nfrom: me";
        assert_eq!(known(letter, "txt"), Sniffed::Known(Format::PlainText));
    }

    #[test]
    fn xml_roots_are_told_apart() {
        let svg = b"<?xml version=\"1.0\"?>\n<!-- logo -->\n<svg xmlns=\"x\"/>";
        assert_eq!(known(svg, "svg"), Sniffed::Unsupported("SVG image".to_owned()));
        let xhtml = b"<?xml version=\"1.0\"?><html xmlns=\"x\"><body/></html>";
        assert_eq!(known(xhtml, "xml"), Sniffed::Known(Format::Html));
        assert_eq!(known(b"<note>hi</note>", "xml"), Sniffed::Known(Format::Code));
        assert_eq!(known(b"<note>hi</note>", "txt"), Sniffed::Known(Format::PlainText));
    }

    #[test]
    fn what_other_programs_write_under_the_name_of_an_office_file_is_known() {
        for start in ["<table border=1>", "<meta charset=utf-8>", "<style>td{}</style>", "<DIV>", "<center>"]
        {
            let page = format!("\u{FEFF}\r\n{start}<tr><td>a</td></tr>");
            assert_eq!(known(page.as_bytes(), "xls"), Sniffed::Known(Format::Html), "{start}");
        }
        assert_eq!(known(b"<table>", "txt"), Sniffed::Known(Format::PlainText));
        let sheet = b"<?xml version='1.0'?><?mso-application progid=\"Excel.Sheet\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">";
        let word = b"<?mso-application progid=\"Word.Document\"?><w:wordDocument xmlns:w=\"http://schemas.microsoft.com/office/word/2003/wordml\">";
        let flat = b"<?mso-application progid=\"Word.Document\"?><pkg:package xmlns:pkg=\"http://schemas.microsoft.com/office/2006/xmlPackage\">";
        for extension in ["xml", "xls", "doc"] {
            assert_eq!(known(sheet, extension), Sniffed::Known(Format::Xls));
            assert_eq!(known(word, extension), Sniffed::Known(Format::Docx));
            assert_eq!(known(flat, extension), Sniffed::Known(Format::Docx));
        }
        assert_eq!(known(b"<package name='npm'/>", "xml"), Sniffed::Known(Format::Code));
        let wide: Vec<u8> =
            "\u{FEFF}Name\tStadt\r\nAnn\tBern\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(known(&wide, "xls"), Sniffed::Known(Format::Csv));
        assert_eq!(known(b"Only words.", "xls"), Sniffed::Known(Format::PlainText));
        let saved =
            b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"x\"\r\n\r\nThis document";
        assert_eq!(known(saved, "doc"), Sniffed::Known(Format::Mail));
    }

    #[test]
    fn open_documents_in_one_file_are_known_by_their_type() {
        let spaces = "xmlns:x=\"urn:oasis:names:tc:opendocument:xmlns:x:1.0\" ".repeat(90);
        let flat = |kind: &str| {
            let mime = format!("office:mimetype=\"application/vnd.oasis.opendocument.{kind}\"");
            let xml = format!("<?xml version=\"1.0\"?>\n<office:document {spaces}{mime}><office:meta/>");
            known(xml.as_bytes(), "xml")
        };
        assert_eq!(flat("text"), Sniffed::Known(Format::Odt));
        assert_eq!(flat("spreadsheet"), Sniffed::Known(Format::Ods));
        assert_eq!(flat("presentation-template"), Sniffed::Known(Format::Odp));
        assert_eq!(flat("graphics"), Sniffed::Unsupported("OpenDocument drawing".to_owned()));
        assert_eq!(known(b"<office:document>", "xml"), Sniffed::Known(Format::Code));
    }

    #[test]
    fn binary_named_as_text_is_refused() {
        let noise: Vec<u8> = (0u32..2000).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        assert_eq!(known(&noise, "txt"), Sniffed::Unsupported("binary data".to_owned()));
    }
}
