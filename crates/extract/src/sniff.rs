//! What a file is: by its content first, by its name second.

use crate::ExtractError;
use crate::encoding::{decode_plain, detect};
use crate::kind::kind_of_binary;
use docent_corpus::Format;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// How many bytes of a file are looked at.
const SAMPLE_BYTES: u64 = 64 << 10;
/// How far into a file the mark of a PDF may stand, as readers of PDF allow.
const PDF_MARK_WITHIN: usize = 1024;

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

/// File name extensions, in lower case and without the dot, that stand for documents this crate
/// reads. Other files that hold text are read as plain text when given explicitly.
pub fn supported_extensions() -> &'static [&'static str] {
    &[
        "pdf", "html", "htm", "xhtml", "md", "markdown", "mdown", "mkd", "mkdn", "txt", "text", "log", "rst",
        "adoc", "asciidoc", "org", "tex",
    ]
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
    let mut sample = Vec::new();
    let file = File::open(path).map_err(ExtractError::from_io)?;
    file.take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(ExtractError::from_io)?;
    let complete = metadata.len() <= SAMPLE_BYTES;
    Ok(sniff_bytes(&sample, extension(path).as_deref(), complete))
}

fn extension(path: &Path) -> Option<String> {
    Some(path.extension()?.to_str()?.to_ascii_lowercase())
}

/// Says what a file is that begins with `sample` and whose name ends in `extension`.
fn sniff_bytes(sample: &[u8], extension: Option<&str>, complete: bool) -> Sniffed {
    if sample.is_empty() {
        return Sniffed::Empty;
    }
    let extension = extension.unwrap_or_default();
    if is_pdf(sample, extension == "pdf") {
        return Sniffed::Known(Format::Pdf);
    }
    if let Some(detected) = detect(sample, None, complete) {
        let head = sample[..sample.len().min(4096)].to_vec();
        let (head, _) = decode_plain(head, detected);
        return text_format(&head, extension);
    }
    match kind_of_binary(sample, extension) {
        Some(kind) => Sniffed::Unsupported(kind),
        None if extension == "pdf" => Sniffed::Known(Format::Pdf), // the PDF reader says what is broken
        None => Sniffed::Unsupported("binary data".to_owned()),
    }
}

fn is_pdf(sample: &[u8], named_so: bool) -> bool {
    let start = sample.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(0);
    let sample = &sample[start..];
    let sample = sample.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(sample);
    let head = &sample[..sample.len().min(PDF_MARK_WITHIN)];
    head.starts_with(b"%PDF-") || (named_so && head.windows(5).any(|window| window == b"%PDF-"))
}

fn text_format(head: &str, extension: &str) -> Sniffed {
    let head = head.trim_start_matches('\u{FEFF}').trim_start();
    for (mark, kind) in [
        ("{\\rtf", "RTF document"),
        ("%!PS", "PostScript document"),
        ("-----BEGIN PGP MESSAGE", "encrypted message"),
        ("-----BEGIN CERTIFICATE", "certificate"),
        ("-----BEGIN PRIVATE KEY", "private key"),
        ("-----BEGIN OPENSSH PRIVATE KEY", "private key"),
    ] {
        if head.starts_with(mark) {
            return Sniffed::Unsupported(kind.to_owned());
        }
    }
    if matches!(extension, "md" | "markdown" | "mdown" | "mkd" | "mkdn") {
        return Sniffed::Known(Format::Markdown);
    }
    match root_element(head).as_deref() {
        Some("svg") => Sniffed::Unsupported("SVG image".to_owned()),
        Some("html" | "!doctype html") => Sniffed::Known(Format::Html),
        _ if matches!(extension, "html" | "htm" | "xhtml") => Sniffed::Known(Format::Html),
        _ => Sniffed::Known(Format::PlainText),
    }
}

/// The first tag of marked-up text, in lower case, behind an XML declaration and comments; for a
/// document type also its name.
fn root_element(mut head: &str) -> Option<String> {
    loop {
        head = head.trim_start();
        let end = if head.starts_with("<?") {
            head.find("?>")? + 2
        } else if head.starts_with("<!--") {
            head.find("-->")? + 3
        } else {
            break;
        };
        head = &head[end..];
    }
    let mut words = head.strip_prefix('<')?.split(|c: char| c.is_whitespace() || c == '>' || c == '[');
    let first = words.next()?.to_ascii_lowercase();
    if first != "!doctype" {
        return Some(first);
    }
    let name = words.find(|word| !word.is_empty())?.to_ascii_lowercase();
    Some(if name == "html" { "!doctype html".to_owned() } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(sample: &[u8], extension: &str) -> Sniffed {
        sniff_bytes(sample, Some(extension), true)
    }

    #[test]
    fn content_decides_before_the_name() {
        assert_eq!(known(b"%PDF-1.7\n\xE2\xE3", "txt"), Sniffed::Known(Format::Pdf));
        assert_eq!(known(b"<!DOCTYPE html><p>x", "txt"), Sniffed::Known(Format::Html));
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";
        assert_eq!(known(png, "txt"), Sniffed::Unsupported("PNG image".to_owned()));
        assert_eq!(known(b"", "md"), Sniffed::Empty);
    }

    #[test]
    fn the_name_decides_between_kinds_of_text() {
        assert_eq!(known(b"# Title", "md"), Sniffed::Known(Format::Markdown));
        assert_eq!(known(b"# Title", "txt"), Sniffed::Known(Format::PlainText));
        assert_eq!(known(b"just words", "html"), Sniffed::Known(Format::Html));
    }

    #[test]
    fn text_that_begins_like_a_magic_number_stays_text() {
        assert_eq!(known(b"BMW builds cars.", "txt"), Sniffed::Known(Format::PlainText));
        assert_eq!(known(b"MZ is a mark of programs.", "txt"), Sniffed::Known(Format::PlainText));
        let about = b"A file that begins with %PDF-1.4 is a PDF.";
        assert_eq!(known(about, "txt"), Sniffed::Known(Format::PlainText));
    }

    #[test]
    fn xml_roots_are_told_apart() {
        let svg = b"<?xml version=\"1.0\"?>\n<!-- logo -->\n<svg xmlns=\"x\"/>";
        assert_eq!(known(svg, "svg"), Sniffed::Unsupported("SVG image".to_owned()));
        let xhtml = b"<?xml version=\"1.0\"?><html xmlns=\"x\"><body/></html>";
        assert_eq!(known(xhtml, "xml"), Sniffed::Known(Format::Html));
        assert_eq!(known(b"<note>hi</note>", "xml"), Sniffed::Known(Format::PlainText));
    }

    #[test]
    fn binary_named_as_text_is_refused() {
        let noise: Vec<u8> = (0u32..2000).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
        assert_eq!(known(&noise, "txt"), Sniffed::Unsupported("binary data".to_owned()));
    }
}
